"""Data that ship with the package, a simulator, and recordings in files: examples run offline.

Examples
--------
>>> from nems_dsl.datasets import load_speech, simulate
>>> load_speech().stim[0].shape
(6000, 18)
>>> simulate(n_times=500, seed=1).resp.shape
(500, 1)
"""

from nems_dsl.data.files import DataFile as DataFile
from nems_dsl.data.files import read_data_files as read_data_files
from nems_dsl.datasets.simulation import Simulation as Simulation
from nems_dsl.datasets.simulation import simulate as simulate
from nems_dsl.datasets.speech import Speech as Speech
from nems_dsl.datasets.speech import load_speech as load_speech

__all__ = ["DataFile", "Simulation", "Speech", "load_speech", "read_data_files", "simulate"]
