import numpy as np
import pytest
from matplotlib.figure import Figure

from nems_dsl import Model
from nems_dsl.data import hold_out, read_recording
from nems_dsl.datasets import simulate
from nems_dsl.studies.channels import fit_channels, plan_channels
from nems_dsl.visualization import plot_channels, plot_model, save_figure


@pytest.fixture(scope="module")
def split():
    data = simulate(n_times=900, n_channels=5, n_outputs=3, n_taps=4, seed=1)
    return hold_out(read_recording(data.stim, data.resp))


def fits(string, split, **arguments):
    jobs = plan_channels(string, split.recording)
    return [
        row for rows in fit_channels(jobs, split, max_iterations=5, **arguments) for row in rows
    ]


def titles(figure):
    return [ax.get_title() for ax in figure.axes if ax.get_title()]


def test_one_model(split):
    shown = split.shown()
    x, y = shown.signals["stim"], [trial[:, :1] for trial in shown.target]
    model = Model("wc.5x1-fir.1x4-dexp.1").fit(list(x), y, verbose=0, max_iterations=3)
    figure = model.plot(list(x), y, fs=100, seconds=1)
    assert sorted(titles(figure)) == ["nonlinearity", "prediction and response", "receptive field"]
    r = model.score(list(x), y)
    told = f"wc.5x1-fir.1x4-dexp.1, r = {r:.3f}"
    assert figure.get_suptitle() == f"{told} on the data of the fit"
    assert model.plot(list(x), y, held_out=True).get_suptitle() == f"{told} on held-out data"
    other = [trial + 1 for trial in y]
    assert model.plot(list(x), other).get_suptitle() == told


def test_a_model_that_was_not_fitted_has_no_score(split):
    shown = split.shown()
    x, y = list(shown.signals["stim"]), [trial[:, :1] for trial in shown.target]
    figure = Model("wc.5x1-fir.1x4-dexp.1").plot(x, y)
    assert figure.get_suptitle() == "wc.5x1-fir.1x4-dexp.1, not fitted"
    words = [text.get_text() for ax in figure.axes for text in _legend_of(ax)]
    assert "prediction, not fitted" in words and not any("r =" in word for word in words)


def test_a_model_without_data():
    figure = plot_model(Model("wc.5x1-fir.1x4-dexp.1", name="a name"))
    assert titles(figure) == ["receptive field", "nonlinearity"]
    assert figure.get_suptitle() == "a name, not fitted"


def test_a_figure_of_the_callers():
    figure = Figure()
    assert plot_model(Model("wc.5x1"), figure=figure, title="mine") is figure
    assert figure.get_suptitle() == "mine"


def test_long_titles_are_wrapped():
    string = "-".join(["wc.5x5"] * 60)
    assert "\n" in plot_model(Model(string)).get_suptitle()


def test_rows_of_channels(split):
    rows = fits("wc.5x1-fir.1x4-dexp.1", split)
    figure = plot_channels(rows, split.shown(), fs=100)
    panels = [ax for ax in figure.axes if ax.images or ax.lines]
    assert len(panels) == 9
    for row, fit in enumerate(rows):
        label = panels[3 * row + 2].get_legend().get_texts()[1].get_text()
        assert label == f"prediction, r = {fit.r_test:.2f}"
    assert figure.get_suptitle() == "wc.5x1-fir.1x4-dexp.1"


def test_rows_of_one_models_outputs(split):
    rows = fits("wc.5x3-dexp.3", split)
    figure = plot_channels(rows, split.shown())
    panels = [ax for ax in figure.axes if ax.images or ax.lines]
    for row, fit in enumerate(rows):
        label = panels[3 * row + 2].get_legend().get_texts()[1].get_text()
        assert label == f"prediction, r = {fit.r_test:.2f}"
        np.testing.assert_array_equal(
            panels[3 * row + 2].lines[0].get_ydata(), split.shown().target[0][:, fit.channel]
        )


def test_too_many_channels_are_said_to_be(split):
    rows = fits("wc.5x1", split)
    figure = plot_channels(rows * 5, split.shown())
    assert figure.get_suptitle().endswith("(the first 12 of 15 channels)")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("ending", "beginning"),
    [
        (".png", b"\x89PNG"), ("", b"\x89PNG"), (".PDF", b"%PDF"),
        (".svg", b"<?xml"), (".jpg", b"\xff\xd8"),
    ],
)  # fmt: skip
def test_the_same_figure_gives_the_same_bytes(split, tmp_path, ending, beginning):
    rows = fits("wc.5x1-dexp.1", split)
    files = [
        save_figure(plot_channels(rows[:1], split.shown()), tmp_path / f"{i}{ending}")
        for i in range(2)
    ]
    assert files[0].read_bytes() == files[1].read_bytes()
    assert files[0].read_bytes().startswith(beginning)


def test_an_ending_that_is_no_picture(tmp_path):
    with pytest.raises(ValueError, match=r"figure\.docx does not end in \.png, \.pdf or \.svg"):
        save_figure(Figure(), tmp_path / "figure.docx")
    assert not list(tmp_path.iterdir())


def test_bins_that_are_not_scored_are_not_in_a_title():
    rng = np.random.default_rng(0)
    x = rng.random((200, 3)) + 20
    y = x[:, :1] + 0.3 * rng.random((200, 1))
    model = Model("fir.3x6-lvl.1").fit(x, y, edges="omit", verbose=0)
    r = model.score(x, y)
    assert r > model.score(x, y, edges="zeros") + 0.03
    figure = model.plot(x, y)
    assert figure.get_suptitle().endswith(f"r = {r:.3f} on the data of the fit")
    labels = [text.get_text() for ax in figure.axes for text in _legend_of(ax)]
    assert f"prediction, r = {r:.2f}" in labels


def _legend_of(ax):
    return [] if ax.get_legend() is None else ax.get_legend().get_texts()
