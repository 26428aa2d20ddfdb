"""``nems-dsl plot``: what is drawn is told by what `save_figure` is given."""

import numpy as np
import pytest

from nems_dsl import Model, fit
from nems_dsl.sweeps import Store
from tests.sweeps.made_rows import made_sweep


@pytest.fixture
def figures(monkeypatch):
    """Figures that were written."""
    from nems_dsl import visualization

    seen, save = [], visualization.save_figure
    monkeypatch.setattr(
        visualization, "save_figure", lambda f, *a, **k: (seen.append(f), save(f, *a, **k))[1]
    )
    return seen


@pytest.fixture
def saved(tmp_path, recording):
    models = fit("wc.6x1-fir.1x4-lvl.1", recording.stim, recording.resp, verbose=0)
    models[1].save(tmp_path / "model.json")
    models.save(tmp_path / "models")
    np.savez(tmp_path / "data.npz", stim=recording.stim, resp=recording.resp, fs=100.0)
    return models


def panels(figure):
    return [ax.get_title() for ax in figure.axes if ax.get_title()]


def test_a_model_and_its_data(nems, saved, figures, tmp_path, recording):
    done = nems("plot", "model.json", "-o", "a.png", "-d", "data.npz", "-c", 1)
    assert done.code == 0 and done.err == "saved a.png\n" and done.out == ""
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
    r = saved[1].score(recording.stim, recording.resp[:, 1])
    title = f"wc.6x1-fir.1x4-lvl.1, r = {r:.3f} on the data of the fit"
    assert figures[0].get_suptitle() == title
    assert figures[0].axes[0].get_xlabel() == "lag (ms)"
    again = nems("plot", "model.json", "-o", "a.png")
    assert again.code == 1 and "a.png exists; --force overwrites" in again.err
    assert nems("plot", "model.json", "-o", "a.png", "--force").code == 0


def test_frequencies_and_style(nems, saved, figures):
    arguments = ["--kind", "tuning", "--fs", 100, "--low", 200, "--high", 6400]
    done = nems("plot", "model.json", "-o", "a.pdf", *arguments, "--style", "paper")
    assert done.code == 0, done.err
    assert 2.54 * figures[0].get_figwidth() == pytest.approx(8.5)
    assert figures[0].axes[0].get_ylabel() == "frequency (kHz)"
    assert nems("plot", "model.json", "-o", "b.pdf", "--low", 200).code == 2
    assert nems("plot", "model.json", "-o", "b.pdf", "--low", 20, "--high", 2).code == 2


@pytest.mark.parametrize(
    ("kind", "more", "title"),
    [
        ("filters", (), "1"),
        ("history", (), "converged, nmse"),
        ("residuals", ("-d", "data.npz", "-c", 1), "residuals"),
    ],
)
def test_kinds_of_figures(nems, saved, figures, kind, more, title):
    done = nems("plot", "model.json", "-o", "a.svg", "--kind", kind, *more)
    assert done.code == 0, done.err
    assert panels(figures[0])[0].startswith(title)


def test_a_folder_of_models(nems, saved, figures):
    assert nems("plot", "models", "-o", "a.png", "-d", "data.npz").code == 0
    assert figures[0].get_suptitle() == "wc.6x1-fir.1x4-lvl.1 on the data of the fit"
    assert nems("plot", "models", "-o", "b.png", "--kind", "filters").code == 2


def test_a_store(nems, figures, tmp_path):
    with Store.open(tmp_path / "r.db") as store:
        store.add(made_sweep())
    assert nems("plot", "r.db", "-o", "a.png").code == 0
    assert panels(figures[0])[0] == "score against size"
    assert nems("plot", "r.db", "-o", "b.png", "--kind", "filters").code == 2


def test_what_cannot_be_drawn(nems, tmp_path):
    Model("wc.6x1-lvl.1").save(tmp_path / "new.json")
    done = nems("plot", "new.json", "-o", "a.png", "--kind", "history")
    assert done.code == 1 and "new.json: the model was not fitted" in done.err
    assert nems("plot", "new.json", "-o", "a.png", "--kind", "residuals").code == 2
    gone = nems("plot", "gone.json", "-o", "a.png")
    assert gone.code == 1 and gone.err == "error: gone.json: No such file or directory\n"
