"""Model strings in colours: a lexer for Pygments, made of the words of the grammar."""

from __future__ import annotations

import re
from functools import cache
from typing import ClassVar

from pygments.lexer import RegexLexer, bygroups
from pygments.token import Keyword, Name, Number, Operator, Punctuation, Text

from ..syntax.grammar import grammar_text

_TERMINAL = re.compile(r"^([A-Z]+)(?:\.[0-9]+)?: /(.*)/$", re.MULTILINE)


@cache
def terminals() -> dict[str, str]:
    """Give the words of model strings as patterns, as the grammar has them.

    Examples
    --------
    >>> terminals()["WORD"]
    '[A-Za-z][A-Za-z0-9]*'
    """
    return dict(_TERMINAL.findall(grammar_text("terminals.lark")))


class ModelStringLexer(RegexLexer):
    """Colours heads, shapes, options and signals of model and experiment strings.

    Examples
    --------
    >>> [str(kind) for kind, text in ModelStringLexer().get_tokens("wc.18x4") if text.strip()]
    ['Token.Keyword', 'Token.Punctuation', 'Token.Literal.Number']
    """

    name = "Model strings of nems_dsl"
    aliases: ClassVar = ["nems-dsl", "nems_dsl"]
    url = "https://pypi.org/project/nems-dsl"

    _word, _shape, _flag = (terminals()[name] for name in ("WORD", "SHAPE", "FLAG"))
    tokens: ClassVar = {
        "root": [
            (terminals()["UNDERSCORE"], Operator),
            (terminals()["HYPHEN"], Punctuation),
            (rf"({_word})(=)", bygroups(Name.Variable, Operator)),
            (r"@", Operator, "inputs"),
            (r"\.", Punctuation, "option"),
            (_word, Keyword),
            (r"\s+", Text),
        ],
        "option": [
            (_shape, Number, "#pop"),
            (_flag, Name.Attribute, "#pop"),
            (r"", Text, "#pop"),
        ],
        "inputs": [
            (rf"({_word})(,)", bygroups(Name.Variable, Punctuation)),
            (_word, Name.Variable, "#pop"),
            (r"", Text, "#pop"),
        ],
    }
