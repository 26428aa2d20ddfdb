"""The README and the page on the command line: their code runs, their output is what is printed."""

import importlib.util
import re
from pathlib import Path

import pytest

from nems_dsl import Model, keyword_info, open_results
from nems_dsl.datasets import load_speech

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
CLI = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")


def blocks(page, language):
    return re.findall(rf"^```{language}\n(.*?)^```", page, re.DOTALL | re.MULTILINE)


def load_script(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
def test_the_readme_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    names, printed = {"__name__": "__main__"}, []
    for code in blocks(README, "python"):
        exec(compile(code, "README.md", "exec"), names)
        printed.append(capsys.readouterr().out)
    files = {"channel2.png", "channel2.json", "results.db", "results.log"}
    assert files == {path.name for path in tmp_path.iterdir()}
    assert len(open_results("results.db").select(status="ok")) == 28
    assert "r_test over 7 neurons" in printed[2]
    assert "channels 0 to 6: 7 of 7 converged" in printed[1]
    assert "over 6 folds by trials" in printed[1]
    printed = float(printed[0].split()[-1])
    assert printed == pytest.approx(0.86, abs=0.02)
    speech = load_speech()
    score = Model.load("channel2.json").score(speech.stim[5:], [speech.resp[5][:, 2]])
    assert score == pytest.approx(printed)
    assert names["fitted"].score(names["data"].stim, names["data"].resp) > 0.5


def test_the_first_screen():
    lines = README.splitlines()
    shell = "\n".join(blocks(README, "sh"))
    assert re.search(r"^pip install \. && nems-dsl demo\b", shell, re.MULTILINE)
    assert re.search(r'^pip install "\.\[test\]" && pytest\b', shell, re.MULTILINE)
    assert lines.index("```python") < 40
    assert "docs/images/demo.png" in README


def test_the_picture_is_there_and_small():
    assert 20_000 < (ROOT / "docs" / "images" / "demo.png").stat().st_size < 200_000


def test_the_files_that_the_readme_names_are_there():
    for name in ("docs/cli.md", "CONTRIBUTING.md", "LICENSE", "nems_dsl/datasets/README.md"):
        assert name in README
        assert (ROOT / name).is_file()


def test_the_keywords_that_the_readme_names():
    table = README.partition("| what | keywords |")[2].partition("\n\n")[0]
    heads = re.findall(r"`(\w+)`", table)
    assert len(heads) > 15
    assert set(heads) <= set(keyword_info())


@pytest.mark.parametrize(("name", "page"), [("README.md", README), ("docs/cli.md", CLI)])
def test_commands_print_what_the_pages_show(name, page):
    script = load_script(Path(__file__).with_name("refresh_console.py"))
    assert blocks(page, "console")
    assert script.refresh(page) == page, f"run: python tests/end_to_end/refresh_console.py {name}"


@pytest.mark.slow
def test_the_page_on_the_command_line_runs(tmp_path, monkeypatch, capsys):
    from nems_dsl.cli.app import run

    monkeypatch.chdir(tmp_path)
    write, load = blocks(CLI, "python")
    exec(compile(write, "cli.md", "exec"), {})
    shown = [block for block in blocks(CLI, "console") if block.startswith("$ nems-dsl fit ")]
    assert len(shown) == 2
    for block in shown:
        command = block.splitlines()[0].removeprefix("$ nems-dsl ")
        assert run([*command.split(), "--max-iter", "3"]) == 0
        captured = capsys.readouterr()
        saved = [line for line in captured.err.splitlines() if line.startswith("saved ")]
        assert saved == [line for line in block.splitlines() if line.startswith("saved ")]
        header = captured.out.splitlines()[0]
        assert header in block.splitlines()
        for column in header.split():
            assert f"`{column}`" in CLI
    exec(compile(load, "cli.md", "exec"), {})


@pytest.mark.parametrize("command", ["fit", "sweep", "results", "plot"])
def test_every_option_is_on_the_page(command):
    import typer

    from nems_dsl.cli.app import app

    found = typer.main.get_command(app).commands[command]
    section = CLI.partition(f"\n## {command}\n")[2].partition("\n## ")[0]
    options = {name for option in found.params for name in option.opts if name.startswith("--")}
    for option in options - {"--data", "--help"}:
        assert f"`{option}`" in section
