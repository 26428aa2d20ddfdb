"""check, explain, keywords and the options of the whole program."""

import json
import subprocess
import sys

import pytest

import nems_dsl
from nems_dsl import canonical, explain, keyword_info, parse

GOOD = "wc.18x4-fir.x15-dexp"
CANONICAL = "wc.18x4-fir.4x15-dexp.1"


def test_check_prints_canonical_form_and_id(nems):
    done = nems("check", GOOD)
    assert (done.code, done.err) == (0, "")
    assert done.out.split() == [CANONICAL, parse(GOOD).model_id]


def test_check_aligns_several_and_reads_stdin(nems):
    done = nems("check", "wc.4x1", "-", stdin=f"{GOOD}\n\n  wc.18x2 \n")
    assert done.code == 0
    lines = done.out.splitlines()
    assert [line.split()[0] for line in lines] == ["wc.4x1", CANONICAL, "wc.18x2"]
    assert len({line.rindex(" ") for line in lines}) == 1


def test_check_prints_every_fault_and_no_result(nems):
    done = nems("check", GOOD, "wc.18x4.q-fri.4x15", "dexp..1")
    assert (done.code, done.out) == (1, "")
    with pytest.raises(nems_dsl.ModelStringError) as fault:
        parse("wc.18x4.q-fri.4x15")
    assert done.err.startswith(str(fault.value))
    assert len(fault.value.diagnostics) == 2
    assert done.err.count("\nerror[") == 2
    assert done.err.endswith("error: 2 of 3 strings are at fault\n")


def test_check_of_nothing_on_stdin_is_good(nems):
    done = nems("check", "-")
    assert (done.code, done.out, done.err) == (0, "", "")


def test_check_without_a_string_is_wrong_usage(nems):
    assert nems("check").code == 2


def test_explain(nems):
    done = nems("explain", GOOD)
    assert (done.code, done.out, done.err) == (0, explain(GOOD) + "\n", "")


def test_explain_a_faulty_string(nems):
    done = nems("explain", "fri.4x15")
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("error[E")
    assert "^^^" in done.err


def test_keywords_lists_all_untruncated(nems):
    done = nems("keywords")
    header, *rows = done.out.splitlines()
    assert header.split() == ["keyword", "shape", "options", "what", "it", "does"]
    known = keyword_info()
    assert [row.split()[0] for row in rows] == list(known)
    for row, signature in zip(rows, known.values(), strict=True):
        assert row.endswith(signature.summary)
        assert signature.describe_shape() in row


@pytest.mark.parametrize("head", sorted(keyword_info()))
def test_keywords_describes_one(nems, head):
    signature = keyword_info(head)
    done = nems("keywords", head)
    assert (done.code, done.err) == (0, "")
    for text in (signature.equation, signature.summary, signature.example, signature.source):
        assert text in done.out
    for option in signature.options:
        assert option.help in done.out
    assert canonical(signature.example)


def test_an_unknown_keyword_gets_a_suggestion(nems):
    done = nems("keywords", "firr")
    assert (done.code, done.out) == (1, "")
    assert done.err == "error: no keyword `firr`; did you mean `fir`?\n"


def test_heads_are_completed():
    from nems_dsl.cli.strings.keywords import _complete

    assert [name for name, _ in _complete("s")] == [h for h in keyword_info() if h[0] == "s"]


def test_version(nems):
    done = nems("--version")
    assert (done.code, done.out) == (0, f"nems-dsl {nems_dsl.__version__}\n")


@pytest.mark.parametrize("arguments", [["fitt"], ["fit"], ["fit", "wc.1x1"], ["--nope"]])
def test_wrong_usage(nems, arguments):
    done = nems(*arguments)
    assert (done.code, done.out) == (2, "")


@pytest.mark.parametrize("command", ["fit", "check", "explain", "keywords", "demo"])
def test_help(nems, command):
    done = nems(command, "--help")
    assert done.code == 0
    assert "Usage" in done.out


def test_check_loads_nothing_heavy():
    program = (
        "import sys, json; from nems_dsl.cli.app import run; "
        f"code = run(['check', {GOOD!r}, 'fri.3']); "
        "print(json.dumps([code, sorted({name.partition('.')[0] for name in sys.modules})]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )
    code, modules = json.loads(done.stdout.splitlines()[-1])
    assert code == 1
    assert not {"matplotlib", "scipy", "numba"} & set(modules)


def test_as_a_process(process):
    done = process("check", GOOD)
    assert (done.returncode, done.stderr) == (0, "")
    done = process("check", "fri.3")
    assert (done.returncode, done.stdout) == (1, "")
    assert "Traceback" not in done.stderr


def test_a_reader_who_leaves_early_is_no_error():
    program = f"{sys.executable} -m nems_dsl.cli keywords"
    done = subprocess.run(
        ["bash", "-c", f"{program} | true; echo ${{PIPESTATUS[0]}}"],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.stderr == ""
    assert done.stdout.strip() in ("0", "141")


def test_diff_says_what_tells_strings_apart(nems):
    done = nems("diff", "wc.18x4", "wc.18x2")
    assert done.code == 0 and "out 4 -> 2" in done.out
    assert nems("diff", "wc.18x4", "wc.18x").code == 1


def test_a_shell_completes_strings(process):
    """As zsh asks for it, with the words of the line in its environment."""
    import os

    environment = {
        "_NEMS_DSL_COMPLETE": "complete_bash",
        "COMP_WORDS": "nems-dsl explain wc.18x4-dex",
        "COMP_CWORD": "2",
    }
    before = {name: os.environ.get(name) for name in environment}
    os.environ.update(environment)
    try:
        done = process()
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})
    assert "wc.18x4-dexp" in done.stdout, done.stderr
