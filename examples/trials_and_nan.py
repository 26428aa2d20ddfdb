"""Trials of unequal length, several cells at once, and responses with gaps."""

import numpy as np

from nems_dsl import Model
from nems_dsl.datasets import simulate

data = simulate(n_times=6000, n_outputs=3, snr=4.0, seed=1)
cuts = [1500, 2300, 4000, 5200]
stim, resp = np.split(data.stim, cuts), np.split(data.resp, cuts)
print("trials:", [len(trial) for trial in stim])

# NaN marks what was not recorded: the second cell for half a trial, all cells for 100 bins
resp[0][:750, 1] = np.nan
resp[2][400:500] = np.nan

# N and R are read from the data: 18 stimulus channels, 3 cells
model = Model("wc.Nx4-fir.4x15xR-dexp.R").fit(stim[:-1], resp[:-1], verbose=0)
print(model.string)
print(model.results)

# one correlation for each cell, on the trial that was kept for the test
print("r on the held-out trial:", np.round(model.score(stim[-1:], resp[-1:]), 3))
