"""What keeps a layer's output at 0 or above, as rates are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class NonNegative:
    """What must be at 0 or above for the output of a layer to be.

    Attributes
    ----------
    parameters : tuple of str
        Parameters of the layer.
    inputs : {"none", "first", "all"}
        Which of the inputs.
    reaches_zero : bool
        Whether the output is just 0 for a range of inputs.
    """

    parameters: tuple[str, ...] = ()
    inputs: Literal["none", "first", "all"] = "none"
    reaches_zero: bool = False

    def __str__(self) -> str:
        needed = list(self.parameters)
        if self.inputs != "none":
            needed.append("the first input" if self.inputs == "first" else "all inputs")
        return "with " + ", ".join(needed) if needed else "always"
