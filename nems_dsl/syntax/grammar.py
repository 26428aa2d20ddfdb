"""Loading the grammars: from the installed package, or from the checkout beside it."""

from __future__ import annotations

from functools import cache
from importlib import resources
from pathlib import Path

from lark import Lark


def grammar_text(name: str) -> str:
    """Give the text of ``grammar/<name>``, wherever the package was installed."""
    try:
        return (resources.files("nems_dsl.grammar") / name).read_text(encoding="utf-8")
    except ModuleNotFoundError:
        # a checkout that is not installed has no nems_dsl.grammar, only grammar/ beside nems_dsl/
        folder = Path(__file__).resolve().parents[2] / "grammar"
        return (folder / name).read_text(encoding="utf-8")


@cache
def model_parser(strict: bool = False) -> Lark:
    """Build the parser of model strings, once in a process.

    Parameters
    ----------
    strict : bool
        Refuse colliding terminals; slow, and needs the package interegular. For tests.
    """
    return _build("model.lark", strict)


@cache
def space_parser(strict: bool = False) -> Lark:
    """Build the parser of model spaces; `strict` as for `model_parser`."""
    return _build("space.lark", strict)


@cache
def equation_parser(strict: bool = False) -> Lark:
    """Build the parser of keywords' equations; `strict` as for `model_parser`."""
    return _build("equation.lark", strict)


def _build(name: str, strict: bool) -> Lark:
    return Lark(
        grammar_text(name),
        parser="lalr",
        lexer="contextual",
        # every token of ours reaches the tree and has its own
        propagate_positions=False,
        maybe_placeholders=True,
        import_paths=[lambda _, path: (path, grammar_text(path))],
        strict=strict,
    )
