import io
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from nems_dsl.cli.app import run as run_app
from nems_dsl.datasets import simulate

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def nems(capsys, tmp_path, monkeypatch):
    """Run the command line in this process, in an empty folder: code, out, err."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments, stdin=""):
        monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        code = run_app([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        assert "Traceback" not in captured.out + captured.err
        return SimpleNamespace(code=code, out=captured.out, err=captured.err)

    return call


@pytest.fixture
def process():
    """Run the command line in a process of its own."""

    def call(*arguments, cwd=None, **options):
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        environment["PYTHONPATH"] = os.pathsep.join(
            filter(None, [str(ROOT), os.environ.get("PYTHONPATH")])
        )
        return subprocess.run(
            [sys.executable, "-m", "nems_dsl.cli", *map(str, arguments)],
            cwd=cwd, env=environment, capture_output=True, text=True, timeout=120, **options,
        )  # fmt: skip

    return call


@pytest.fixture
def recording():
    return simulate(n_times=400, n_channels=6, n_outputs=2, n_taps=4, snr=4.0, seed=3)


@pytest.fixture
def trials(tmp_path, recording):
    """Five trials of unequal length, two channels, in an npz file."""
    cuts = [70, 150, 240, 310]
    stored = {"fs": 100.0}
    for name in ("stim", "resp"):
        for number, part in enumerate(np.split(getattr(recording, name), cuts)):
            stored[f"{name}_{number}"] = part
    path = tmp_path / "trials.npz"
    np.savez(path, **stored)
    return path
