"""Model spaces: one pattern, and the finite, ordered set of models that it stands for."""

from .preview import Preview as Preview
from .preview import Sample as Sample
from .preview import preview as preview
from .space import Space as Space
from .space import SpaceWarning as SpaceWarning
from .space import expand as expand
from .tally import Merge as Merge
from .tally import SpaceFault as SpaceFault
from .variant import Variant as Variant
