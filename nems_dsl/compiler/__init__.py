"""From a tree to a plan of layers: binding, shape inference, building, explaining."""

from typing import TYPE_CHECKING

from .._lazy import lazy
from .bind import bind as bind
from .bind import read_sizes as read_sizes
from .bind import with_sizes as with_sizes
from .bound import BoundKeyword as BoundKeyword
from .bound import BoundModel as BoundModel
from .catalogue import keyword_info as keyword_info
from .data import fit_to_data as fit_to_data
from .known_trees import known_trees as known_trees
from .meaning.identity import function_form as function_form
from .meaning.identity import function_id as function_id
from .strings import DialectWarning as DialectWarning
from .strings import check_dialect as check_dialect
from .strings import parse as parse

if TYPE_CHECKING:
    from .build import build_layers as build_layers

# what a string means needs no layers
__getattr__, __dir__ = lazy(__name__, {"build_layers": "build"})
