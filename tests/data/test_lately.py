"""The last few large things that were made of a recording are kept, each under its key."""

import threading

import numpy as np

from nems_dsl.data.recording import _MOST_LATELY, Kept, _Latest


def test_the_last_few_are_kept_and_older_ones_are_made_anew() -> None:
    """What was used of late is not made again; what fell out is."""
    latest = _Latest()
    made: list[int] = []

    def make(key: int) -> int:
        made.append(key)
        return key

    for key in range(_MOST_LATELY + 1):
        assert latest.once(key, lambda key=key: make(key)) == key
    latest.once(_MOST_LATELY, lambda: make(-1))
    latest.once(1, lambda: make(-1))
    assert made == list(range(_MOST_LATELY + 1))
    latest.once(0, lambda: make(0))
    assert made[-1] == 0
    # using 1 brought it to the front: 2 fell out in its place
    latest.once(1, lambda: make(-1))
    latest.once(2, lambda: make(2))
    assert made[-1] == 2


def test_many_threads_get_what_belongs_to_their_key() -> None:
    """Keys that push each other out never give one the other's."""
    latest = _Latest()
    wrong: list[int] = []

    def work(seed: int) -> None:
        for key in np.random.default_rng(seed).integers(0, 12, 300).tolist():
            if latest.once(key, lambda key=key: key * 7) != key * 7:
                wrong.append(key)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_what_was_forgotten_is_made_again() -> None:
    """Forgetting what nobody made is no error."""
    kept = Kept()
    kept.forget("never")
    assert kept.once("a", lambda: 1) == 1
    kept.forget("a")
    assert kept.once("a", lambda: 2) == 2
