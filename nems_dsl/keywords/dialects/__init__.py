"""How other programs write model strings: tables of rewrites onto native keywords.

Nothing here reads text: `compiler/dialects/` applies these tables to trees.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from .nems import NEMS
from .nems0 import NEMS0
from .table import Dialect as Dialect
from .table import FlagThere as FlagThere
from .table import HeadThere as HeadThere
from .table import Number as Number
from .table import Part as Part
from .table import Whole as Whole
from .unoffered import UNOFFERED as UNOFFERED
from .unoffered import WHOLE_MODELS as WHOLE_MODELS

DIALECTS: Mapping[str, Dialect] = MappingProxyType({d.name: d for d in (NEMS, NEMS0)})
