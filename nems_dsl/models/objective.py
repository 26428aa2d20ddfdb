"""The objective of a model and data, for those who minimise by themselves."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from ..argument_names import takes_names_of_others
from ..data.recording import read_recording
from ..fitting.objective import Objective as GraphObjective
from ..graph.wiring import connect

if TYPE_CHECKING:
    from .model import Model


class Objective(GraphObjective):
    """What a fit minimises, as a function of the free parameters.

    Parameters
    ----------
    model : Model
        Is not changed. Symbols in its string are bound to the data.
    x : (T, channels), (trials, T, channels), list of (T_i, channels), or dict of these
        The input; finite.
    y : like `x`
        The target. NaN is left out.
    loss : {"nmse", "mse", "poisson"}
    regularizers : bool
        Add the penalties that the string asks for (``l2``, ``l1``, ``sl``, ``sc``).
    dtype : {"float64", "float32"}
        Precision of signals. Theta and gradients are float64 either way.
    priors : float
        Add so many times minus the log density of the parameters' priors, per sample of the
        target. With 1, the loss ``poisson`` has its minimum where the posterior is highest.
        Bounds are then no wider than the priors' supports.
    channel_weights : (channels,) array, optional
        How much each channel of the target counts in the loss, 0 or above.
    mask : like `y`, or without its channels, optional
        True where the target is used. Booleans, or 0 and 1.
    state : like `x`, optional
        The signal ``state``, where `x` does not have it.

    Attributes
    ----------
    model : Model
        The copy, bound to the data, that theta is written into.
    theta0 : (n,) float64 ndarray
        The free parameters as the model has them: layers in order, each layer's parameters in
        their order, the last axis fastest. With ``poisson``, offsets and gains that must not be
        negative are moved up to their bounds.
    bounds : (low, high), both (n,) float64 ndarrays
        Those of the model, narrowed by what `priors` and the loss ``poisson`` need.

    Raises
    ------
    ValueError
        The data are not finite, do not match, or hold nothing to be learnt, or the loss or a
        prior means nothing for them. Says where.
    ModelStringError
        The data do not fit the string.

    Examples
    --------
    >>> import numpy as np
    >>> from nems_dsl import Model, Objective
    >>> x = np.random.default_rng(0).random((200, 18))
    >>> objective = Objective(Model("wc.18x1-fir.1x5-lvl.1"), x, x[:, 3])
    >>> value, gradient = objective.value_and_grad(objective.theta0)
    >>> gradient.shape
    (24,)
    """

    @takes_names_of_others
    def __init__(
        self,
        model: Model,
        x: Any,
        y: Any = None,
        loss: str = "nmse",
        regularizers: bool = True,
        dtype: str = "float64",
        *,
        priors: float = 0.0,
        channel_weights: Any = None,
        mask: Any = None,
        state: Any = None,
    ):
        recording = read_recording(x, y, state=state, mask=mask, single=dtype == "float32")
        bound, recording = model.bind_recording(recording, (recording.n_channels,))
        self.model = copy.deepcopy(bound)
        super().__init__(
            connect(list(self.model.layers)),
            recording,
            loss=loss,
            regularizers=regularizers,
            dtype=dtype,
            priors=priors,
            channel_weights=channel_weights,
        )
