"""Every code of a fault, with its meaning: stable, for scripts, and never given to another."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

CODES: Mapping[str, str] = MappingProxyType(
    {
        # ---- the text ----
        "E001": "there is no model: not a string, or no keyword in it",
        "E002": "a character, or white space, that has no meaning where it stands",
        "E003": "a keyword is missing beside a hyphen",
        "E004": "two sections, where a model has one and an experiment three",
        "E005": "an experiment string, where a model is wanted",
        "E006": "more than three sections",
        "E007": "an option is missing after a period",
        "E008": "an option that begins like a shape and is none",
        "E009": "a keyword that begins with a digit",
        "E010": "a signal's name, or its mark `=` or `@`, is missing or misplaced",
        "E011": "too long a string, too many keywords, or too large a size",
        "E012": "braces or brackets of a model space, where one model is wanted",
        # ---- one keyword ----
        "E101": "no such keyword",
        "E102": "the keyword has no such option",
        "E103": "the keyword needs a shape",
        "E104": "the shape has too few or too many sizes",
        "E105": "a second shape",
        "E106": "an option is given twice",
        "E107": "options that contradict each other, or one that means nothing without another",
        "E108": "an option's number is missing, unwanted, unreadable or out of its range",
        "E109": "a capital that stands for no size",
        "E110": "a size of 0",
        "E112": "a keyword of other programs that is not offered",
        "E113": "an option of other programs that is not offered",
        # ---- the chain ----
        "E201": "the number of channels does not fit what comes in",
        "E202": "the number of axes does not fit what comes in",
        "E203": "the chain does not end with the channels of the response",
        "E205": "a size that was left out cannot be inferred",
        "E206": "more than a billion parameters",
        # ---- dialects ----
        "E301": "a shape in the order of another dialect",
        "E302": "a model that the other dialect cannot say",
        "E303": "a keyword that stands for a whole model, among others",
        "E304": "the oldest spelling of another program, with options glued to keywords",
        # ---- signals ----
        "E401": "a signal is read before it exists",
        "E402": "two outputs of one name",
        "E403": "an output with the name of a signal of the data",
        "E404": "too many or too few signals are read",
        # ---- model spaces ----
        "E501": "braces or brackets that do not balance",
        "E502": "an empty alternative, or nothing in braces or brackets",
        "E503": "a range that is none",
        "E504": "a variable is used where it has no value",
        "E505": "two variables, or two labels, of one name",
        "E506": "a variable with a name that is taken",
        "E507": "a space that is too large: too many variants, or nested too deep",
        "E508": "a condition on variants that cannot be read, or has no answer",
        "E509": "a condition names a variable that the space does not have",
        # ---- preparation and fit ----
        "E601": "no such word of preparation, or of the fit",
        "E602": "a word in a section that it does not belong to",
        "E603": "two words that say the same, such as two ways to split the data",
        "E604": "a name or an input of a word that is no keyword of a model",
    }
)
