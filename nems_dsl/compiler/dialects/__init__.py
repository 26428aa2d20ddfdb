"""Strings of other programs: read into native trees, and written from them."""
