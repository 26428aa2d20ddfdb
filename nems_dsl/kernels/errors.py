"""Errors between a prediction and a target, their gradient, and their curvature."""

import math

from .compiled import EXACT, SUMS, njit


@njit(**SUMS)
def squared_error(prediction, target, d_prediction):
    """Sum of squared differences, and the differences: ``sum (prediction - target)**2``.

    The gradient of the sum is twice `d_prediction`; the caller applies the factor with that of its
    loss. A NaN in the target leaves its bin out: difference 0. Bins that only warm up a filter are
    left out in this way, too.

    Parameters
    ----------
    prediction : (channels, time)
    target : (channels, time)
    d_prediction : (channels, time), overwritten

    Returns
    -------
    float64
    """
    total = 0.0
    for c in range(prediction.shape[0]):
        p, y, d = prediction[c], target[c], d_prediction[c]
        for t in range(p.size):
            difference = p[t] - y[t] if y[t] == y[t] else p.dtype.type(0)
            d[t] = difference
            total += float(difference) * float(difference)
    return total


@njit(**SUMS)
def weighted_squared_error(prediction, target, weights, d_prediction):
    """Weighted sum of squared differences: ``sum_c w[c] sum_t (prediction - target)**2``.

    As `squared_error`, which is the same with all weights 1; `d_prediction` is weighted, too.

    Parameters
    ----------
    prediction : (channels, time)
    target : (channels, time)
    weights : (channels,)
    d_prediction : (channels, time), overwritten

    Returns
    -------
    float64
    """
    total = 0.0
    for c in range(prediction.shape[0]):
        p, y, d = prediction[c], target[c], d_prediction[c]
        weight = p.dtype.type(weights[c])
        of_channel = 0.0
        for t in range(p.size):
            difference = p[t] - y[t] if y[t] == y[t] else p.dtype.type(0)
            d[t] = weight * difference
            of_channel += float(difference) * float(difference)
        total += float(weights[c]) * of_channel
    return total


@njit(**EXACT)
def squared_curvature(target, weights, out):
    """Curvature of the two squared errors, in the convention of their gradients: the weight.

    Parameters
    ----------
    target : (channels, time)
    weights : (channels,)
    out : (channels, time), overwritten
        0 where the target is NaN.
    """
    for c in range(target.shape[0]):
        y, o = target[c], out[c]
        weight = o.dtype.type(weights[c])
        for t in range(y.size):
            o[t] = weight if y[t] == y[t] else o.dtype.type(0)


@njit(**EXACT)
def poisson_error(prediction, target, weights, d_prediction):
    """Minus the log likelihood of counts, but for their factorials: ``sum w (p - y log p)``.

    The sum is infinite where a rate is negative, or 0 with a count above 0; the gradient is 0
    there. A rate of 0 with a count of 0 is certain: it adds 0, and its gradient is the weight.

    Parameters
    ----------
    prediction : (channels, time)
        Expected counts.
    target : (channels, time)
        0 or above; NaN leaves a bin out.
    weights : (channels,)
    d_prediction : (channels, time), overwritten
        ``w (1 - y / p)``.

    Returns
    -------
    float64
    """
    total = 0.0
    for c in range(prediction.shape[0]):
        p, y, d = prediction[c], target[c], d_prediction[c]
        weight = float(weights[c])
        if weight == 0.0:
            d[:] = 0
            continue
        of_channel = 0.0
        for t in range(p.size):
            count, rate = float(y[t]), float(p[t])
            slope = 0.0
            if count != count:
                pass
            elif count == 0.0 and rate >= 0.0:
                of_channel += rate
                slope = weight
            elif rate > 0.0:
                of_channel += rate - count * math.log(rate)
                slope = weight * (1.0 - count / rate)
            elif rate != rate:
                of_channel += rate
            else:
                of_channel += math.inf
            d[t] = slope
        total += weight * of_channel
    return total


@njit(**EXACT)
def poisson_curvature(prediction, target, weights, out):
    """Fisher information of a count about its rate, weighted: ``w / p``.

    Parameters
    ----------
    prediction : (channels, time)
    target : (channels, time)
    weights : (channels,)
    out : (channels, time), overwritten
        0 where the target is NaN, and where the rate is not above 0: what holds it there, such as
        a rectifier, has no slope.
    """
    for c in range(prediction.shape[0]):
        p, y, o = prediction[c], target[c], out[c]
        weight = float(weights[c])
        for t in range(p.size):
            o[t] = weight / float(p[t]) if y[t] == y[t] and p[t] > 0 else 0.0


@njit(**EXACT)
def count_targets(target):
    """Count the bins with a target that is not NaN.

    Parameters
    ----------
    target : (channels, time)

    Returns
    -------
    int
    """
    count = 0
    for c in range(target.shape[0]):
        row = target[c]
        for t in range(row.size):
            count += row[t] == row[t]
    return count
