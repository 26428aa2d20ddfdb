"""Equations of keywords, as they are declared in plain text, set in LaTeX."""

from __future__ import annotations

import re
from functools import cache

from lark import Token, Transformer
from lark.exceptions import UnexpectedInput

from ...syntax.grammar import equation_parser

_GREEK = frozenset("alpha beta gamma delta kappa lambda mu nu rho sigma tau theta phi".split())
_BRACED = {"sqrt": r"\sqrt{%s}", "floor": r"\lfloor %s \rfloor", "abs": r"\left|%s\right|"}
_NAMED = {"round": r"\operatorname{round}", "sign": r"\operatorname{sign}"}
_OVER = {"sum": r"\sum_{%s}", "mean": r"\operatorname{mean}_{%s}"}


@cache
def to_latex(equation: str) -> str:
    r"""Write an equation in LaTeX, for math mode.

    Parameters
    ----------
    equation : str
        As a keyword declares it: one or several, with commas in between, and remarks in words.

    Returns
    -------
    str

    Examples
    --------
    >>> print(to_latex("y[t, o] = sum_c x[t - k, c] w[c, o]"))
    y_{t, o} = \sum_{c} x_{t - k, c}\, w_{c, o}
    >>> print(to_latex("y = base / (1 + exp(-kappa x)), base above 0"))
    y = \frac{\mathrm{base}}{1 + \exp\left(-\kappa\, x\right)}, \text{ base above 0}
    """
    written = []
    for part in _parts(equation):
        try:
            written.append(_Writer().transform(equation_parser().parse(part)))
        except UnexpectedInput:
            # words that explain the formulas before them
            written.append(rf"\text{{ {part.replace('_', ' ')}}}")
    return ", ".join(written)


def _parts(equation: str) -> list[str]:
    """Cut an equation at the commas that stand in no bracket."""
    parts, depth, start = [], 0, 0
    for place, character in enumerate(equation):
        depth += (character in "([") - (character in ")]")
        if character == "," and not depth:
            parts.append(equation[start:place].strip())
            start = place + 1
    return [*parts, equation[start:].strip()]


class _Writer(Transformer[Token, str]):
    """Gives LaTeX for each node of an equation's tree."""

    def start(self, parts: list[str]) -> str:
        return f"{parts[0]} = {parts[1]}"

    def side(self, parts: list[str | None]) -> str:
        return self.name(parts)

    def name(self, parts: list[str | None]) -> str:
        word, prime, index = parts
        stem, _, below = str(word).partition("_")
        numbered = re.fullmatch(r"([A-Za-z])([0-9]+)", stem)
        if numbered is not None:
            stem, below = numbered.groups()
        told = [each for each in (_word(below) if below else None, index) if each]
        lower = f"_{{{', '.join(told)}}}" if told else ""
        return f"{_word(stem)}{prime or ''}{lower}"

    def index(self, parts: list[str]) -> str:
        return ", ".join(parts)

    def number(self, parts: list[str]) -> str:
        return str(parts[0])

    def add(self, parts: list[str]) -> str:
        return f"{parts[0]} + {parts[1]}"

    def subtract(self, parts: list[str]) -> str:
        return f"{parts[0]} - {parts[1]}"

    def product(self, parts: list[str]) -> str:
        return rf"{parts[0]}\, {parts[1]}"

    def quotient(self, parts: list[str]) -> str:
        return rf"\frac{{{_bare(parts[0])}}}{{{_bare(parts[1])}}}"

    def raised(self, parts: list[str]) -> str:
        return f"{{{parts[0]}}}^{{{_bare(parts[1])}}}"

    def negative(self, parts: list[str]) -> str:
        return f"-{parts[0]}"

    def group(self, parts: list[str]) -> str:
        return rf"\left({parts[0]}\right)"

    def row(self, parts: list[str]) -> str:
        return rf"\left({', '.join(parts)}\right)"

    def call(self, parts: list[str]) -> str:
        name, *given = map(str, parts)
        if name in _BRACED:
            return _BRACED[name] % ", ".join(given)
        return rf"{_NAMED.get(name, chr(92) + name)}\left({', '.join(given)}\right)"

    def summed(self, parts: list[str]) -> str:
        kind, _, over = str(parts[0]).partition("_")
        return f"{_OVER[kind] % over} {parts[1]}"

    def more(self, parts: list[str]) -> str:
        return r"\dots"


def _word(text: str) -> str:
    """Write a name: letters in italics, Greek ones as such, and words upright."""
    if text in _GREEK:
        return rf"\{text}"
    return text if re.fullmatch("[A-Za-z]|[0-9]+", text) else rf"\mathrm{{{text}}}"


def _bare(text: str) -> str:
    """Take away brackets around the whole, which a fraction and an exponent do without."""
    if not (text.startswith(r"\left(") and text.endswith(r"\right)")):
        return text
    depth = 0
    for found in re.finditer(r"\\left[(|]|\\right[)|]", text):
        depth += 1 if found[0].startswith(r"\left") else -1
        if depth == 0 and found.end() < len(text):
            return text
    return text[len(r"\left(") : -len(r"\right)")]
