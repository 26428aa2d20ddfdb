"""What may come next in a string: heads, options, and words of the outer sections."""

from types import SimpleNamespace

import pytest

import nems_dsl
from nems_dsl import ModelStringError, canonical, complete
from nems_dsl.compiler.catalogue import catalogue


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("wc.18x4-fi", ["wc.18x4-fir"]),
        ("a=wc.18x1-b=fi", ["a=wc.18x1-b=fir"]),
        ("stp.2.", ["stp.2.x", "stp.2.t", "stp.2.f", "stp.2.e", "stp.2.u", "stp.2.tau"]),
        ("stp.2.x.t", ["stp.2.x.t", "stp.2.x.tau"]),
        ("zs-k", ["zs-kf"]),
        ("zs_wc.18x1_see", ["zs_wc.18x1_seed"]),
        ("zs_dex", ["zs_dexp"]),
        ("nothing", []),
        ("nothing.", []),
    ],
)
def test_what_may_come_next(text, wanted):
    assert complete(text) == wanted


def test_every_head_is_offered_and_no_other():
    found = complete("")
    assert set(catalogue()) <= set(found)
    with pytest.raises(ModelStringError, match="E101"):
        canonical("wc.18x1-nothing.1")


def test_what_is_offered_can_be_read():
    offered = complete("relu.4.")
    assert len(offered) == 4
    for text in offered:
        canonical(text)


def test_ipython_is_told_and_can_be_told_to_stop():
    shell = SimpleNamespace(Completer=SimpleNamespace(custom_matchers=[]))
    for _ in range(2):
        nems_dsl.load_ipython_extension(shell)
    (match,) = shell.Completer.custom_matchers
    assert match("wc.18x4-dex") == ["wc.18x4-dexp"]
    assert match("numbers") == [] and match("-x") == []
    nems_dsl.unload_ipython_extension(shell)
    assert shell.Completer.custom_matchers == []


def test_it_works_in_ipython():
    pytest.importorskip("IPython")
    from IPython.core.completer import provisionalcompleter
    from IPython.core.interactiveshell import InteractiveShell

    shell = InteractiveShell()
    shell.run_line_magic("load_ext", "nems_dsl")
    code = 'Model("wc.18x4-fir.4x15-dex'
    with provisionalcompleter():
        found = [each.text for each in shell.Completer.completions(code, len(code))]
    assert any(each.endswith("dexp") for each in found)
