"""Hypotheses about models, assessed: what a part of a string is worth."""
