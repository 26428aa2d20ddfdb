"""``nems-dsl warm`` compiles what fits call, and says so."""

from __future__ import annotations

from nems_dsl.cli.app import run


def test_a_model(capsys):
    assert run(["warm", "wc.3x1-fir.1x4-lvl.1"]) == 0
    out = capsys.readouterr().out
    assert "wc.3x1-fir.1x4-lvl.1" in out and "compile no more" in out


def test_what_cannot_be_compiled(capsys):
    assert run(["warm", "wc.3x1-fri.1x4"]) == 1
    assert "fir" in capsys.readouterr().err
    assert run(["warm", "wc.Nx1-lvl.1"]) == 1
    assert "N=" in capsys.readouterr().err
