"""Models: composition, evaluation, and keeping them in files."""

from .model import Model as Model
