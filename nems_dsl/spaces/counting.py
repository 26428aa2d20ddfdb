"""How many parameters a model has, without building all of its layers each time."""

from __future__ import annotations

from ..compiler import BoundModel
from ..compiler.build import build_layers


class ParameterCounts:
    """Counts the free parameters of models; each keyword, as it is written, is built once."""

    def __init__(self) -> None:
        self._known: dict[str, int] = {}

    def of(self, tree: BoundModel) -> int:
        """Give what `Model.parameter_count` gives.

        Raises
        ------
        ValueError
            A size is open.
        """
        if tree.symbols:
            symbols = sorted(tree.symbols)
            raise ValueError(
                f"how many parameters {tree.string} has depends on {', '.join(symbols)}; "
                f"say how many: expand(..., {symbols[0]}=...)"
            )
        total = 0
        for keyword in tree:
            count = self._known.get(keyword.text)
            if count is None:
                (layer,) = build_layers(BoundModel((keyword,)))
                count = sum(p.size for p in layer.parameters.values() if not p.is_permanent)
                self._known[keyword.text] = count
            total += count
        return total
