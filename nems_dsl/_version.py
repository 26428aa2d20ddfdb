"""The version of the package, for those inside it that write it down."""

__version__ = "0.1.0"
