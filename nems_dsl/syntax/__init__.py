"""Text into tree, and tree into text. Knows no layer and no array."""

from .codes import CODES as CODES
from .errors import Diagnostic as Diagnostic
from .errors import ModelStringError as ModelStringError
from .errors import clip as clip
from .layout import lay_out as lay_out
from .numbers import read_number as read_number
from .numbers import spell_number as spell_number
from .reader import LONGEST_STRING as LONGEST_STRING
from .reader import read as read
from .reader import read_around as read_around
from .space_reader import read_space as read_space
from .space_tree import unparse_space as unparse_space
from .tree import Dim as Dim
from .tree import Flag as Flag
from .tree import Keyword as Keyword
from .tree import Reference as Reference
from .tree import Section as Section
from .tree import Shape as Shape
from .tree import Span as Span
from .tree import Text as Text
from .unparse import unparse as unparse
from .unparse import write_dim as write_dim
from .unparse import write_keyword as write_keyword
