"""``nems-dsl demo``: the whole path on real speech, in seconds."""

from __future__ import annotations

import shlex
import time
from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from .fit import report_to
from .outcome import make_folder, show_scores
from .streams import say

STRING = "wc.18x4-fir.4x15-dexp.1"
HELD_OUT = 0.2


def demo(
    out: Annotated[
        Path, typer.Option(metavar="DIR", help="Folder for models and figure.")
    ] = Path(),
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Print nothing but the table.")
    ] = False,
) -> None:
    """Fit a model to speech that ships with the package, score it, and draw it.

    Writes demo.png and demo.ch0.json, demo.ch1.json, ...
    """
    began = time.perf_counter()
    from nems_dsl.data import read_recording
    from nems_dsl.datasets import load_speech
    from nems_dsl.progress import Bar
    from nems_dsl.studies.channels import fit_channels, plan_channels, split_recording

    make_folder(out)
    speech = load_speech()
    recording = read_recording(speech.stim, speech.resp)
    jobs = plan_channels(STRING, recording, name="demo")
    split = split_recording(jobs, recording, HELD_OUT)
    if not quiet:
        minutes = sum(map(len, speech.stim)) / speech.fs / 60
        say(f"{STRING}, fitted to each of {recording.n_channels} simulated intracranial channels")
        say(
            f"{minutes:.1f} minutes of natural speech; held out for the test: {split.description}\n"
        )
    fits = []
    with (
        Bar(len(jobs), is_shown=False if quiet else None, stays=False) as bar,
        closing(fit_channels(jobs, split, callback=report_to(bar))) as scored,
    ):
        for job, rows in zip(jobs, scored, strict=True):
            rows[0].model.save(out / f"{job.stem}.json")
            fits += rows
            bar.step()
    show_scores(fits)

    from nems_dsl.visualization import plot_channels, save_figure

    figure = plot_channels(fits, split.shown(), fs=speech.fs, held_out=True)
    path = save_figure(figure, out / "demo.png")
    if not quiet:
        say(f"\nfigure  {path}")
        say(f"models  {out / jobs[0].stem}.json to {out / jobs[-1].stem}.json")
        say(f"time    {time.perf_counter() - began:.1f} s\n")
        say("Next, say what the string means, or fit your own recording:")
        say(f"  nems-dsl explain {shlex.quote(STRING)}")
        say(f"  nems-dsl fit {shlex.quote(STRING)} --data recording.npz")
