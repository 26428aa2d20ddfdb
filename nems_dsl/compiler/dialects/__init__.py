"""Strings of other programs: read into native trees, and written from them."""

from .convert import convert as convert
