"""Division of each channel by its standard deviation over time, trial by trial."""

from math import sqrt

from .compiled import SUMS, njit

# A standard deviation that is smaller, to the mean, is one of rounding errors.
CONSTANT = 1e-6


@njit(**SUMS)
def divide_by_sd(y, sd, starts):
    """Divide each channel of each trial by its standard deviation.

    A channel whose standard deviation is not above a millionth of its mean is taken for constant
    and stays as it is.

    Parameters
    ----------
    y : (channels, time), overwritten
    sd : (channels, time), overwritten at the first bin of each trial: what y was divided by,
        or 0 if it was not
    starts : (trials + 1,)
    """
    for c in range(y.shape[0]):
        for i in range(starts.size - 1):
            trial = y[c, starts[i] : starts[i + 1]]
            # from the first value, so that a constant gives exactly 0
            first = float(trial[0])
            total = 0.0
            for t in range(trial.size):
                total += trial[t] - first
            mean = total / trial.size
            total = 0.0
            for t in range(trial.size):
                off = trial[t] - first - mean
                total += off * off
            divisor = sqrt(total / trial.size)
            if divisor <= CONSTANT * abs(first + mean):
                divisor = 0.0
            sd[c, starts[i]] = divisor
            if divisor > 0:
                for t in range(trial.size):
                    trial[t] /= divisor


@njit(**SUMS)
def divide_by_sd_vjp(y, sd, dy, starts):
    """Carry a gradient back through `divide_by_sd`, in place.

    ``dy <- (dy - (y - mean(y)) * mean(dy * y)) / sd``; of a constant trial, it stays as it is.

    Parameters
    ----------
    y, sd : (channels, time), as `divide_by_sd` left them
    dy : (channels, time), overwritten
    starts : (trials + 1,)
    """
    for c in range(y.shape[0]):
        for i in range(starts.size - 1):
            trial, d = y[c, starts[i] : starts[i + 1]], dy[c, starts[i] : starts[i + 1]]
            divisor = sd[c, starts[i]]
            if divisor == 0:
                continue
            first = float(trial[0])
            total = product = 0.0
            for t in range(trial.size):
                total += trial[t] - first
                product += d[t] * float(trial[t])
            mean, slope = total / trial.size, product / trial.size
            for t in range(trial.size):
                d[t] = (d[t] - (trial[t] - first - mean) * slope) / divisor
