"""Sweeps on other machines, and in parts."""
