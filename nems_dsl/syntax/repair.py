"""What the writer of a faulty keyword may have meant: texts to try, the likeliest first."""

from __future__ import annotations

import re

from .pieces import WHITE_SPACE

_LOOKS_LIKE_X = str.maketrans(dict.fromkeys("X×*✕", "x"))
_DASHES = "‐‑‒–—−"
_INSTEAD_OF_HYPHEN = f"{_DASHES}|>+/,;"
_GOES_ON = re.compile(r"x[0-9A-Z]|e[0-9]|e\Z")


def misplaced_space(text: str, at: int) -> tuple[int, tuple[str, ...]]:
    """Give where white space that begins at `at` ends, and the text without it."""
    left, right = text[:at], text[at:].lstrip(WHITE_SPACE)
    stop = len(text) - len(right)
    all_out = "".join(text.split())
    if right[:1].isdigit() and left[-1:].isalpha():
        glue = ".", "", "-"
    elif right[:1].isalpha() and not _GOES_ON.match(right):
        glue = "-", "", "."
    else:
        glue = "", "-", "."
    by_hyphen = re.sub(rf"\s*[{re.escape(_INSTEAD_OF_HYPHEN)}]\s*", "-", text)
    return stop, (*(left + joint + right for joint in glue), all_out, by_hyphen)


def bad_character(text: str, at: int) -> tuple[str, tuple[str, ...]]:
    """Say that a character has no meaning, and give texts with what it may stand for."""
    odd = text[at : at + 1]
    if not odd:
        return "the keyword is not complete", ()
    left, right = text[:at], text[at + 1 :]
    candidates: list[str] = []
    if odd in "X×*✕,":
        candidates += _by_x(text)
    if odd in "(:":
        opened = text.replace("(", ".").replace(")", "").replace(":", ".")
        candidates += [opened, *_by_x(opened)]
    if odd in _INSTEAD_OF_HYPHEN:
        candidates.append(f"{left}-{right}")
        candidates.append(re.sub(f"[{re.escape(_INSTEAD_OF_HYPHEN)}]", "-", text))
    # to drop a letter, or what may stand for one, would make another word
    if not odd.isalnum() and odd not in ".:,+":
        candidates += [left + right, text.replace(odd, "")]
    return f"{_shown(odd)} has no meaning here", tuple(candidates)


def repaired_shape(text: str, start: int, stop: int) -> tuple[str, ...]:
    """Give the text with its option from `start` to `stop` as a shape."""
    word = text[start:stop]
    plain = re.sub(r"(?<![0-9])0+(?=[0-9])", "", word.translate(_LOOKS_LIKE_X))
    by_hyphen = re.sub(r"[,;+]", "-", word)
    made = (plain, *_by_x(plain), re.sub("x+", "x", plain), by_hyphen)
    return tuple(text[:start] + shape + text[stop:] for shape in made if shape != word)


def joined(before: str, text: str) -> tuple[str, ...]:
    """Give two keywords as one, where the second can be no keyword for it begins with a digit."""
    if not before:
        return ()
    last = before.rsplit(".", 1)[-1] if "." in before else ""
    if re.fullmatch(r"[A-Za-z][A-Za-z0-9]*", last):
        return (f"{before}-{text}" if last.endswith("e") else f"{before}e-{text}",)
    # with a shape in it already, the keyword cannot take another
    return () if last else (f"{before}.{text}",)


def _by_x(text: str) -> list[str]:
    return [re.sub(r"(?<=[0-9A-Z])[X×*✕,](?=[0-9A-Z])", "x", text)]


def _shown(character: str) -> str:
    number = f"U+{ord(character):04X}"
    if not character.isprintable() or character == "`" or character.isspace():
        return number
    return f"`{character}`" if character.isascii() else f"`{character}` ({number})"
