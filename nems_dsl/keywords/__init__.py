"""Signatures of keywords and their registry. Knows no text and no arrays."""

from .registry import HasSignature as HasSignature
from .registry import Registry as Registry
from .registry import registry as registry
from .signature import FROM_DATA as FROM_DATA
from .signature import PENALTIES as PENALTIES
from .signature import POINTWISE_FLOWS as POINTWISE_FLOWS
from .signature import POINTWISE_FORMS as POINTWISE_FORMS
from .signature import Flow as Flow
from .signature import Number as Number
from .signature import Option as Option
from .signature import ShapeForm as ShapeForm
from .signature import Signature as Signature
from .signature import default_in_words as default_in_words
from .signature import smooth_over_channels as smooth_over_channels
from .signature import smooth_over_lags as smooth_over_lags
