import io
import sys

from nems_dsl.cli.progress import bar


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_bar_on_a_terminal(monkeypatch):
    stderr = Terminal()
    monkeypatch.setattr(sys, "stderr", stderr)
    monkeypatch.setenv("TERM", "xterm")
    job = type("Job", (), {"stem": "wc.4x1.ch0"})()
    with bar(2) as progress:
        progress.report(job, 12, 0.5)
        progress.step()
    assert "wc.4x1.ch0  iteration 12, nmse 0.5000" in stderr.getvalue()
    assert "1/2" in stderr.getvalue()


def test_silence_elsewhere(monkeypatch):
    for stderr, quiet in ((io.StringIO(), False), (Terminal(), True)):
        monkeypatch.setattr(sys, "stderr", stderr)
        with bar(2, quiet=quiet) as progress:
            assert progress.report is None
            progress.step()
        assert stderr.getvalue() == ""
