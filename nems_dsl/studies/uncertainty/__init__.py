"""Standard errors of fitted models, by methods that need the data once more."""

from .standard_errors import standard_errors as standard_errors
