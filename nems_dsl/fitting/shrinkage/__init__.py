"""Shrinkage of receptive fields: what is penalised, and how much the data say it should be."""
