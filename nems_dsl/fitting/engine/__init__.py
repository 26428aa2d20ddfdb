"""Passes over data: cut into packs, planned once, run forward and backward."""
