"""Scores of what is held out in folds, and how far they can be trusted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ..metrics import Metric, get_metric
from .part import score_channels
from .pooled import MEASURES, Known, Measure
from .resampling import N_BLOCKS, jackknife_standard_error, mean_and_standard_error

METHODS = ("pooled", "kfold")

#: So many folds tell how much they share.
FEWEST_FOLDS = 4

#: A model that follows every bin of its data does not tell what other data change.
LEAST_MOVED = 0.25

#: For these a lower value is better.
ERRORS = frozenset({"mse", "nmse"})


@dataclass(frozen=True)
class HeldOut:
    """What is held out in a fold, and what models say of it.

    Attributes
    ----------
    target : (T, channels) ndarray
    predictions : sequence of (T, channels) ndarray
        By the model of each fold; NaN where it could not be fitted. To score without an error, that
        of the fold's own model is enough.
    scales : sequence of (channels,) ndarray
        Of each model, the standard deviation of what it predicts of the data of its fit.
    mean : (channels,) ndarray
        Of the response, in the data of the fit of the fold's own model.
    own : int
        Which of the models has not seen the fold.
    """

    target: np.ndarray
    predictions: Sequence[np.ndarray]
    scales: Sequence[np.ndarray]
    mean: np.ndarray
    own: int = 0

    def terms(self, measure: Measure, model: int, channel: int) -> np.ndarray:
        """Give what a measure sums, (n, terms), of what a model predicts."""
        p, y = self.predictions[model][:, channel], self.target[:, channel]
        used = ~(np.isnan(p) | np.isnan(y))
        known = Known(float(self.mean[channel]), float(self.scales[model][channel]))
        if not used.any():
            return measure.terms(np.zeros(1), np.zeros(1), known)[:0]
        return measure.terms(p[used].astype(np.float64), y[used].astype(np.float64), known)


def score_folds(metric: str, method: str, folds: Sequence[HeldOut]) -> np.ndarray:
    """Score what is held out in all folds, channel by channel.

    Parameters
    ----------
    metric : str
        One of `METRICS`.
    method : {"pooled", "kfold"}
    folds : sequence of HeldOut

    Returns
    -------
    (channels,) float64 ndarray
        NaN where it is not defined.

    Notes
    -----
    A fold whose target is constant, or NaN throughout, holds nothing to predict, and one without a
    prediction (NaN throughout) could not be fitted. If the metric is not defined there, the fold is
    left out of the mean of "kfold". A score that is not defined for another reason, as the
    correlation of a constant prediction, is not passed over: it makes the mean NaN. The pooled
    correlation takes it for 0, unless all predictions are constant.
    """
    if method == "kfold":
        scores = score_each(metric, folds)
        return mean_and_standard_error(scores, _are_usable(scores, folds))[0]
    measure, found = MEASURES[metric], []
    for channel in range(folds[0].target.shape[1]):
        sums = [each.terms(measure, each.own, channel).sum(axis=0) for each in folds]
        found.append(measure.value(np.sum(sums, axis=0)))
    return np.array(found)


def score_each(metric: str, folds: Sequence[HeldOut]) -> np.ndarray:
    """Score each fold by itself: (folds, channels) float64."""
    measure = get_metric(metric)
    return np.stack([score_channels(measure, f.predictions[f.own], f.target) for f in folds])


def find_errors(metric: str, method: str, folds: Sequence[HeldOut]) -> np.ndarray:
    """Give the standard error of `score_folds`, channel by channel: (channels,) float64.

    The root of what `find_variances` gives, wider by how much Student's t of 95 % is above that of
    a normal distribution, so that two standard errors mean what they seem to mean.
    """
    from scipy.stats import norm, t

    variance, freedom = find_variances(metric, method, folds)
    return np.sqrt(variance) * t.ppf(0.975, freedom) / norm.ppf(0.975)


def find_variances(
    metric: str, method: str, folds: Sequence[HeldOut]
) -> tuple[np.ndarray, np.ndarray]:
    r"""Give the variance of `score_folds`, and its degrees of freedom, channel by channel.

    It has two parts. The first is that of predictions that were fixed beforehand: by the jackknife
    over folds, cut further where there are fewer than ten; or the error of the mean of the folds'
    scores. The second is what folds share: data of fold j are in the fit of the model that is
    tested on fold k. Let :math:`\theta_{km}` be the score if fold k were predicted by the model of
    fold m, and

    .. math:: g_{kj} = \frac{K - 1}{(K - 2) q_k} \Big( \frac{1}{K - 1} \sum_{m \ne k} \theta_{km}
              - \theta_{kj} \Big)

    what is lost of fold k's score without the data of fold j. The models of other folds have seen
    fold k, and follow it: errors there are smaller by :math:`q_k`, a root mean square over another,
    and with them what other data can change. Given all other data, the covariance
    of what folds j and k add to the score is the mean of :math:`g_{kj} g_{jk}`, so that

    .. math:: \mathrm{se}^2 = \mathrm{se}_1^2 + \frac{K}{K - 1} \max\Big(0, \sum_{k \ne j}
              g_{kj} g_{jk} \Big) .

    For two or three folds there is no telling, and :math:`\mathrm{se}^2 = 2\, \mathrm{se}_1^2`,
    what it is for a model with many parameters that has learnt nothing.

    Parameters
    ----------
    metric : str
    method : {"pooled", "kfold"}
    folds : sequence of HeldOut
        Each with the predictions of all folds' models.

    Returns
    -------
    variance, freedom : (channels,) float64 ndarrays
        NaN where it is not defined.

    Notes
    -----
    That errors which take folds for independent are too small is due to Bengio and Grandvalet
    (2004), Journal of Machine Learning Research 5: 1089-1105. If nothing is learnt, the score is a
    quadratic form in what folds say of the parameters, :math:`\sum_{j \ne k} s_j \cdot s_k`, a
    degenerate U-statistic, whose variance is nearly twice that of independent terms (Hoeffding
    1948, Annals of Mathematical Statistics 19: 293-325); where much is learnt, models are alike and
    the second part vanishes. That q is the same for errors and for changes is so in least squares,
    where both are those of unseen data times one less the leverage. The factor (K - 1) / (K - 2)
    makes of models that lack one fold what those that lack two would say, to first order. The
    freedom is that of a sum of two variances (Satterthwaite 1946, Biometrics Bulletin 2: 110-114),
    of which one is from the blocks and one from pairs of folds.
    """
    channels = range(folds[0].target.shape[1])
    # a log likelihood may be minus infinity
    with np.errstate(invalid="ignore", divide="ignore"):
        if method == "pooled":
            found = [_of_pooled(MEASURES[metric], folds, c) for c in channels]
        else:
            scores = score_each(metric, folds)
            found = [_of_mean(get_metric(metric), folds, scores, c) for c in channels]
    variance, freedom = np.array(found).T
    return variance, freedom


def _of_pooled(measure: Measure, folds: Sequence[HeldOut], channel: int) -> tuple[float, float]:
    n = len(folds)
    terms = [each.terms(measure, each.own, channel) for each in folds]
    used = [k for k in range(n) if len(terms[k])]
    if len(used) < 2:
        return np.nan, np.nan
    sums = {k: terms[k].sum(axis=0) for k in used}
    total = np.sum(list(sums.values()), axis=0)
    n_pieces = -(-N_BLOCKS // len(used))
    blocks = [part for k in used for part in np.array_split(terms[k], n_pieces) if len(part)]
    left_out = np.array([[measure.value(total - part.sum(axis=0))] for part in blocks])
    sizes = np.array([[len(part)] for part in blocks])
    whole = np.array([measure.value(total)])
    first = float(jackknife_standard_error(whole, left_out, sizes)[0])

    def swap(k: int, m: int) -> float:
        other = folds[k].terms(measure, m, channel).sum(axis=0)
        return measure.value(total - sums[k] + other)

    return _with_shared(first**2, _find_lost(folds, used, channel, swap), len(blocks))


def _of_mean(
    measure: Metric, folds: Sequence[HeldOut], scores: np.ndarray, channel: int
) -> tuple[float, float]:
    usable = _are_usable(scores, folds)[:, channel]
    first = mean_and_standard_error(scores[:, [channel]], usable[:, None])[1][0]
    used = np.flatnonzero(usable).tolist()

    def swap(k: int, m: int) -> float:
        p, y = folds[k].predictions[m][:, [channel]], folds[k].target[:, [channel]]
        return float(score_channels(measure, p, y)[0] / len(used))

    return _with_shared(float(first) ** 2, _find_lost(folds, used, channel, swap), len(used))


def _find_lost(
    folds: Sequence[HeldOut],
    used: Sequence[int],
    channel: int,
    swap: Callable[[int, int], float],
) -> np.ndarray:
    """Give what the score of each fold (row) loses without the data of each other (column)."""
    n = len(used)
    lost = np.zeros((n, n))
    if n < FEWEST_FOLDS:
        return lost
    for row, k in enumerate(used):
        others = [
            (column, m)
            for column, m in enumerate(used)
            if m != k and not np.isnan(folds[k].scales[m][channel])
        ]
        scores = np.array([swap(k, m) for _, m in others])
        known = np.isfinite(scores)
        if known.sum() < 2:
            continue
        places = np.array([column for column, _ in others])[known]
        moved = _how_far_moved(folds[k], [m for _, m in others], channel)
        lost[row, places] = (scores[known].mean() - scores[known]) / moved
    return (n - 1) / (n - 2) * lost


def _how_far_moved(fold: HeldOut, others: Sequence[int], channel: int) -> float:
    """Tell how much of what other data change in a prediction is left where a fold is fitted."""
    y = fold.target[:, channel]

    def error(model: int) -> float:
        rest = y - fold.predictions[model][:, channel]
        rest = rest[~np.isnan(rest)]
        return float(np.sum((rest - rest.mean()) ** 2)) if rest.size else 0.0

    unseen, seen = error(fold.own), float(np.mean([error(m) for m in others]))
    return float(np.clip(np.sqrt(seen / unseen), LEAST_MOVED, 1)) if unseen > 0 else 1.0


def _with_shared(variance: float, lost: np.ndarray, n_parts: int) -> tuple[float, float]:
    """Add what folds share to the variance of a score from some parts, and tell the freedom."""
    n = len(lost)
    if np.isnan(variance):
        return np.nan, np.nan
    if n < FEWEST_FOLDS:
        return 2 * variance, n_parts - 1
    shared = n / (n - 1) * max(0.0, float(np.sum(lost * lost.T)))
    total = variance + shared
    if not total > 0:
        return total, n_parts - 1
    squares = variance**2 / (n_parts - 1) + shared**2 / (n * (n - 1) / 2)
    return total, total**2 / squares


def _are_usable(scores: np.ndarray, folds: Sequence[HeldOut]) -> np.ndarray:
    """Tell for each fold and channel whether it counts in a mean."""
    nothing = [_is_silent(f.target) | np.isnan(f.predictions[f.own]).all(axis=0) for f in folds]
    return ~(np.isnan(scores) & np.stack(nothing))


def _is_silent(target: np.ndarray) -> np.ndarray:
    """Tell for each channel whether its samples are all alike, or all NaN."""
    low = np.min(target, axis=0, initial=np.inf, where=~np.isnan(target))
    high = np.max(target, axis=0, initial=-np.inf, where=~np.isnan(target))
    return low >= high
