"""Words of preparation, and what they do to signals before a model sees them."""

from . import compression as _compression
from . import scaling as _scaling
from . import times as _times
from .preparation import Preparation as Preparation
from .preparation import Step as Step
from .word import PrepWord as PrepWord
from .word import prep_words as prep_words

_MODULES = (_scaling, _compression, _times)
