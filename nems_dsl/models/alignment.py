"""Which layer of one model goes with which of another."""

from __future__ import annotations

from collections.abc import Sequence

from ..layers.base import KeywordLayer, Layer

# layers in common, then names in common, then sizes in common
_Score = tuple[int, int, int]


def align(layers: Sequence[Layer], others: Sequence[Layer]) -> list[tuple[int, int]]:
    """Match layers of two models in order: the longest common subsequence of their keywords.

    Two layers can be matched if they have the same keyword, or the same class where there is
    none, and not two different names of their own. Of several longest, that with the most names,
    and then sizes, in common.

    Returns
    -------
    list of (int, int)
        Places in `layers` and in `others`, both rising.

    Examples
    --------
    >>> from nems_dsl import Model
    >>> one, other = Model("wc.18x4-relu.4-wc.4x1"), Model("wc.4x1-lvl.1")
    >>> align(list(one.layers), list(other.layers))
    [(2, 0)]
    """
    n, m = len(layers), len(others)
    best: list[list[_Score]] = [[(0, 0, 0)] * (m + 1) for _ in range(n + 1)]
    for i in reversed(range(n)):
        for j in reversed(range(m)):
            options = [best[i + 1][j], best[i][j + 1]]
            gain = _gain(layers[i], others[j])
            if gain is not None:
                options.append(_sum(gain, best[i + 1][j + 1]))
            best[i][j] = max(options)
    pairs: list[tuple[int, int]] = []
    i = j = 0
    while i < n and j < m:
        gain = _gain(layers[i], others[j])
        if gain is not None and best[i][j] == _sum(gain, best[i + 1][j + 1]):
            pairs.append((i, j))
            i, j = i + 1, j + 1
        elif best[i][j] == best[i + 1][j]:
            i += 1
        else:
            j += 1
    return pairs


def _gain(layer: Layer, other: Layer) -> _Score | None:
    """Tell what a pair is worth; None if the two do not go together."""
    if _kind(layer) != _kind(other):
        return None
    if layer.name is not None and other.name is not None and layer.name != other.name:
        return None
    same_name = int(layer.name is not None and layer.name == other.name)
    return 1, same_name, _sizes_in_common(layer, other)


def _kind(layer: Layer) -> object:
    return type(layer) if layer.signature is None else layer.signature.head


def _sizes_in_common(layer: Layer, other: Layer) -> int:
    if not (isinstance(layer, KeywordLayer) and isinstance(other, KeywordLayer)):
        return int(layer.shape == other.shape)
    return len(layer.dims.items() & other.dims.items())


def _sum(one: _Score, other: _Score) -> _Score:
    return one[0] + other[0], one[1] + other[1], one[2] + other[2]
