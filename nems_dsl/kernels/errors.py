"""Errors between a prediction and a target, and their gradient."""

from numba import njit


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"reassoc", "contract", "nsz"})
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


@njit(cache=True, nogil=True, error_model="numpy")
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
