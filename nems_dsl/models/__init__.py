"""Models: composition, evaluation, and keeping them in files."""

from .model import Model as Model
from .model_set import ModelSet as ModelSet
