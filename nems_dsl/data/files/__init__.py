"""Recordings in files: NumPy's, MATLAB's, HDF5, NWB, and tables."""

from .recordings import DataFile as DataFile
from .recordings import read_data_files as read_data_files
