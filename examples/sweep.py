"""Fit a space of models to seven channels of speech, see which does best, and draw it."""

from nems_dsl import expand, sweep
from nems_dsl.datasets import load_speech
from nems_dsl.visualization import plot_results, save_figure

PATTERN = "wc.18x{rank=1..2}-fir.{rank}x{taps=10,15}-{nl=lvl,dexp}.1"


# worker processes load this script too, and must not sweep themselves
if __name__ == "__main__":
    speech = load_speech()
    # run it twice: what is in the store is not fitted again
    results = sweep(
        expand(PATTERN, where="rank < 2 or taps > 10"),
        {"speech": (speech.stim[:2], speech.resp[:2])},
        store="speech.db",
    )
    best, *_, last = results.best(n=6).canonical
    print(results.best(n=6)[["canonical", "n_parameters", "r_test", "se"]].to_string(index=False))
    print(results.compare(last, best))
    save_figure(plot_results(results), "speech.png")
    print("saved speech.db, speech.log and speech.png")
