import sys

from nems_dsl.cli.tables import show_table


def test_numbers_are_aligned_and_nothing_is_cut(capsys):
    long = "word " * 60
    show_table(
        ["n", "text"], [["7", "a"], ["1234", long.strip()], ["1", "[x bank]"]], numbers=["n"]
    )
    header, *rows = capsys.readouterr().out.splitlines()
    assert header == "   n  text"
    assert rows == ["   7  a", f"1234  {long.strip()}", "   1  [x bank]"]


def test_on_a_terminal_it_keeps_to_the_width(capsys, monkeypatch):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("COLUMNS", "40")
    show_table(["text"], [["word " * 30]])
    assert max(map(len, capsys.readouterr().out.splitlines())) <= 40 + len("\x1b[1m\x1b[0m")
