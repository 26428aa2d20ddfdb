"""Models as text: a summary, a diagram, and a report of a fit."""
