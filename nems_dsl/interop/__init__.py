"""Models and data of other programs."""
