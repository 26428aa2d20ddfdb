"""nems-dsl plan, sweep, results --plan and verify, one after the other."""

import sqlite3

import numpy as np

from nems_dsl.datasets import simulate


def test_plan_sweep_results_verify(nems, tmp_path):
    data = simulate(n_times=600, n_channels=4, n_taps=3, snr=4.0, seed=5)
    np.savez(tmp_path / "cell.npz", stim=data.stim, resp=data.resp)
    arguments = ["wc.4x1-fir.1x{2,3}-lvl.1", "--data", "cell.npz", "--test", "0.3"]
    done = nems("plan", *arguments, "--assess", "wc.4x1-fir.1x3[-lvl.1]")
    assert done.code == 0 and "2 in all" in done.out and "saved plan.json" in done.err
    assert "written once" in nems("plan", *arguments).err
    assert nems("sweep", *arguments, "-q", "-j", "1").code == 0
    done = nems("results", "results.db", "--plan", "plan.json")
    assert ": 2 done, 0 failed, 0 missing, 0 added" in done.out
    done = nems("verify", "results.db", "--sample", "1")
    assert done.code == 0 and "1 of 2 rows looked at: 1 same" in done.out
    connection = sqlite3.connect("results.db")
    with connection:
        connection.execute("update nems_dsl_jobs set r_test = 0.9")
    connection.close()
    done = nems("verify", "results.db", "--all", "--data", "cell.npz")
    assert done.code == 1 and done.out.count("differs: wc.4x1") == 2
    assert "r_test is 0.9 in the store" in done.out
