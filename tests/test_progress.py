"""One bar for all that takes long, seen on a terminal alone."""

import io
import sys
import time
from pathlib import Path
from types import SimpleNamespace

from nems_dsl.cli.fit import report_to
from nems_dsl.progress import Bar

PACKAGE = Path(__file__).parents[1] / "nems_dsl"


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_bar_on_a_terminal(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with Bar(3, stays=True) as bar:
        bar.step()
        bar.leave_out(1)
        bar.step()
        bar.leave_out(5)
    assert "1/2" in terminal.getvalue()
    assert "2/2" in terminal.getvalue().split("\r")[-1]


def test_a_fit_tells_where_it_is(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with Bar(2, stays=False) as bar:
        time.sleep(0.15)  # no bar is drawn anew within a tenth of a second
        report_to(bar, "nmse")(SimpleNamespace(stem="wc.4x1.ch0"), 12, 0.5)
    assert "wc.4x1.ch0  iteration 12, nmse 0.5000" in terminal.getvalue()
    assert terminal.getvalue().split("\r")[-2].strip() == ""


def test_silence_elsewhere(monkeypatch):
    for stderr, is_shown in ((io.StringIO(), None), (Terminal(), False)):
        monkeypatch.setattr(sys, "stderr", stderr)
        with Bar(2, is_shown=is_shown) as bar:
            assert report_to(bar) is None
            bar.tell("nothing")
            bar.step()
            bar.leave_out(1)
        assert stderr.getvalue() == ""


def test_no_other_module_draws_a_bar():
    drawing = [
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("*.py")
        if any(word in path.read_text("utf-8") for word in ("import tqdm", "rich.progress"))
    ]
    assert drawing == ["progress.py"]
