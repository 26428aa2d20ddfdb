"""From the parser's complaint to messages that a user can act on.

Every keyword is diagnosed on its own, so that the faults of several are found together. What a
hint proposes after "write" is a sentence of the language: each proposal is read before it is made.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from lark import UnexpectedInput, UnexpectedToken

from .errors import Diagnostic, ModelStringError, clip
from .pieces import WHITE_SPACE, Piece, cut, missing
from .repair import bad_character, joined, misplaced_space, repaired_shape
from .tree import Section, Span

Read = Callable[[str], UnexpectedInput | None]

A_MODEL = "wc.18x4-fir.4x15-dexp.1"
_SHAPE_HINT = "a shape is numbers or symbols joined by x: 18x4, Nx1x70, x15"
_INPUTS_HINT = "signals that a keyword reads follow one `@`, separated by commas: mult@drive,gain"
_NAME_HINT = "a name comes first, followed by `=` and one keyword: drive=fir.4x15"
_SEPARATORS = ".@=,"
_MOST_FAULTS = 100
_LONGEST_PROPOSAL = 200


def diagnose(source: str, complaint: Read) -> list[Diagnostic]:
    """Say what is wrong with a string that is no sentence.

    Parameters
    ----------
    source : str
    complaint : callable
        Gives what the parser has against a text, or None if it is a sentence.

    Returns
    -------
    list of Diagnostic
        At least one.
    """
    if not source.strip(WHITE_SPACE):
        hint = f"write a model such as {A_MODEL}"
        return [Diagnostic("E001", "the string holds no keyword", Span(0, len(source)), hint)]
    brace = re.search(r"[{}\[\]]", source)
    if brace:
        message = f"`{brace.group()}` belongs to a model space; this is read as one model"
        hint = "sweep and expand read a space; here, spell out one of its models"
        return [Diagnostic("E012", message, Span(*brace.span()), hint)]
    pieces = cut(source)
    gaps = missing(pieces)
    faults: list[Diagnostic] = []
    at_fault: set[int] = set()
    for place, piece in enumerate(pieces):
        if len(faults) == _MOST_FAULTS:
            break
        fault = None
        if place in gaps:
            fault = _missing_keyword(source, pieces, place, complaint)
        elif piece.text:
            fault = _of_piece(pieces, place, place - 1 in at_fault, complaint)
        if fault is not None or (not piece.text and place - 1 in at_fault):
            at_fault.add(place)
        if fault is not None and fault.hint:
            faults.append(fault)
    if not faults:
        # nothing but a message may ever come of a string, should grammar and pieces disagree
        hint = f"compare it with a model such as {A_MODEL}"
        return [Diagnostic("E002", "this cannot be read", Span(0, len(source)), hint)]
    return faults


def mend(source: str, complaint: Read) -> tuple[str, frozenset[int]]:
    """Put a word in the place of each keyword that cannot be read.

    Returns
    -------
    str
        As long as `source`, so that spans stay right. It may still be no sentence.
    frozenset of int
        Where those words begin.
    """
    pieces = cut(source)
    mended, holes = list(source), []
    for place, piece in enumerate(pieces):
        after = pieces[place + 1] if place + 1 < len(pieces) else None
        # what follows may have been meant as a part of this keyword
        is_cut = after is not None and (not after.text or after.text[0].isdigit())
        if piece.text and (is_cut or complaint(piece.text) is not None):
            mended[piece.start : piece.span.stop] = "a" * len(piece.text)
            holes.append(piece.start)
        elif not piece.text and piece.lead == "-":
            mended[source.rindex("-", 0, piece.start)] = " "
        elif not piece.text and after is not None and after.lead == "-":
            mended[source.index("-", piece.start)] = " "
    return "".join(mended), frozenset(holes)


def too_large(
    text: object, longest: int, n_keywords: int = 0, most_keywords: int = 0
) -> ModelStringError:
    """Refuse what is no text, too long a text, or too many keywords."""
    if not isinstance(text, str):
        message = f"a model is given as a string, not as {type(text).__name__}"
        hint = f'put it in quotes: Model("{A_MODEL}")'
        if hasattr(text, "fit"):
            hint = "it is a model already: model.fit(x, y) fits it, and model.copy() copies it"
        return ModelStringError("", [Diagnostic("E001", message, Span(0, 0), hint)])
    if n_keywords:
        message = f"{n_keywords:,} keywords; a string holds at most {most_keywords:,}"
        hint = "build a model as long as this in Python: Model(layers=[...])"
    else:
        message = f"{len(text):,} characters; a string holds at most {longest:,}"
        hint = "check that this is a model string and not the text of a file"
    return ModelStringError(text, [Diagnostic("E011", message, Span(0, 1), hint)])


def wrong_sections(source: str, sections: Sequence[Section]) -> ModelStringError:
    """Say how to write either meaning of a string that has neither one section nor three."""
    if not any(section.keywords for section in sections):
        message, hint = "the string holds no keyword", f"write a model such as {A_MODEL}"
        return ModelStringError(source, [Diagnostic("E001", message, Span(0, len(source)), hint)])
    underscores = [match.start() for match in re.finditer("_", source)]
    if len(sections) > 3:
        message = f"{len(sections)} sections; an experiment has three: preprocessing, model, fit"
        place = Span(underscores[2], underscores[2] + 1)
        hint = "keywords of one section are joined by hyphens: zs-kf10_wc.18x4-fir.4x15_start.n5"
        return ModelStringError(source, [Diagnostic("E006", message, place, hint)])
    message = "two sections; a model stands alone, or as the middle one of three"
    first, second = (part.strip(WHITE_SPACE) for part in source.split("_"))
    if not (first and second):
        hint = f"for the model alone, write {first or second}"
    elif max(len(first), len(second)) > _LONGEST_PROPOSAL:
        hint = "add a third section: preprocessing_model_ or _model_fit; or join two by a hyphen"
    else:
        hint = (
            f"if `{first}` is preprocessing, write {first}_{second}_ (the empty third section is "
            f"the default fit); if `{second}` is the fit, write _{first}_{second}"
        )
    place = Span(underscores[0], underscores[0] + 1)
    return ModelStringError(source, [Diagnostic("E004", message, place, hint)])


def _proposal(complaint: Read, candidates: Sequence[str]) -> str | None:
    """Give the first of some texts that is a sentence, and short enough to be read."""
    return next(
        (c for c in candidates if 0 < len(c) <= _LONGEST_PROPOSAL and complaint(c) is None), None
    )


def _missing_keyword(
    source: str, pieces: Sequence[Piece], place: int, complaint: Read
) -> Diagnostic:
    left = pieces[place - 1].text if pieces[place].lead == "-" else ""
    rest = pieces[place + 1 :]
    right = next((p for p in rest if p.text or p.lead == "_"), None)
    after = right.text if right is not None and right.lead == "-" else ""
    candidates = [f"{left}-{after}", f"{left}{after}"] if left and after else [left or after]
    fixed = _proposal(complaint, candidates)
    start = pieces[place].start
    at = len(source) - len(source[start:].lstrip(WHITE_SPACE))
    where = "before this hyphen"
    if source[at : at + 1] != "-":
        where, at = "after this hyphen", source.rindex("-", 0, start)
    hint = f"write {fixed}" if fixed else "keywords are joined by one hyphen: wc.18x4-fir.4x15"
    return Diagnostic("E003", f"a keyword is missing {where}", Span(at, at + 1), hint)


def _of_piece(
    pieces: Sequence[Piece], place: int, follows_fault: bool, complaint: Read
) -> Diagnostic | None:
    """Diagnose one keyword; a fault without a hint only follows from the one before it."""
    piece = pieces[place]
    text = piece.text
    refusal = complaint(text)
    if refusal is None:
        return None

    def write(otherwise: str, *candidates: str) -> str:
        fixed = _proposal(complaint, candidates)
        return f"write {fixed}" if fixed else otherwise

    def fault(code: str, message: str, start: int, stop: int, hint: str) -> Diagnostic:
        return Diagnostic(code, message, Span(piece.start + start, piece.start + stop), hint)

    odd = re.search(r"[^A-Za-z0-9.=@,:+-]", text)
    if odd is not None:
        at = odd.start()
        if odd.group() in WHITE_SPACE:
            stop, candidates = misplaced_space(text, at)
            message = "white space can stand around `-` and `_` and nowhere else"
            hint = write("remove it, or join two keywords by a hyphen", *candidates)
            return fault("E002", message, at, stop, hint)
        message, candidates = bad_character(text, at)
        hint = write("a string is of plain letters, digits and - _ . = @ , alone", *candidates)
        return fault("E002", message, at, at + 1, hint)
    at = _place(text, refusal)
    before, found = text[at - 1 : at], text[at : at + 1]
    if found in ("", *_SEPARATORS):
        if before == ".":
            hint = write("options are separated by one period: wc.18x4.g", *_closed(text, at))
            return fault("E007", "an option is missing after `.`", at - 1, at, hint)
        if before in ("@", ","):
            message = f"a signal's name is missing after `{before}`"
            return fault("E010", message, at - 1, at, _INPUTS_HINT)
        if before == "=":
            return fault("E010", "a keyword is missing after `=`", at - 1, at, _NAME_HINT)
    if found == "@":
        message = "`@` must follow a keyword, and stands in it once"
        return fault("E010", message, at, at + 1, _INPUTS_HINT)
    if found == "=":
        message = "`=` must follow a name that begins a keyword"
        return fault("E010", message, at, at + 1, _NAME_HINT)
    start = max(text.rfind(mark, 0, at) for mark in _SEPARATORS) + 1
    stop = start + len(re.split(r"[.@=]", text[start:], maxsplit=1)[0])
    word = text[start:stop]
    if word[:1].isdigit() and text[:start].endswith("."):
        hint = write(_SHAPE_HINT, *repaired_shape(text, start, stop))
        return fault("E008", f"`{clip(word)}` is not a shape", start, stop, hint)
    if word[:1].isdigit():
        if follows_fault:
            return fault("E009", "", start, stop, "")
        message = f"a keyword cannot begin with a digit: `{clip(word)}`"
        before_it = pieces[place - 1].text if place and start == 0 else ""
        hint = write("a keyword begins with its head: fir.4x15", *joined(before_it, text))
        return fault("E009", message, start, stop, hint)
    message, candidates = bad_character(text, at)
    hint = write("a keyword is a head, options after periods, then `@` and signals", *candidates)
    return fault("E002", message, at, min(at + 1, len(text)), hint)


def _closed(text: str, at: int) -> tuple[str, ...]:
    """Give the text without the period before `at`, and without all that are too many."""
    return text[: at - 1] + text[at:], re.sub(r"\.+(?=[.@]|\Z)", "", text)


def _place(text: str, refusal: UnexpectedInput) -> int:
    """Give the index in `text` at which the parser stopped."""
    if isinstance(refusal, UnexpectedToken) and refusal.token.type == "$END":
        return len(text)  # lark points at the start of the last token instead
    place = refusal.pos_in_stream
    return len(text) if place is None else place
