"""Strings of released versions parse for ever, to the same canonical form and identity.

`strings_of_0.1.tsv` holds strings, canonical forms and ids. A line is never changed and never
taken away; a version adds its own file.
"""

from pathlib import Path

import pytest

from nems_dsl import BoundExperiment
from nems_dsl.compiler.catalogue import catalogue
from nems_dsl.experiments.strings import read_either

LISTS = sorted(Path(__file__).parent.glob("strings_of_*.tsv"))
LINES = [
    line.split("\t") for file in LISTS for line in file.read_text(encoding="utf-8").splitlines()
]


@pytest.mark.parametrize(("string", "canonical", "identity"), LINES)
def test_a_string_means_what_it_meant(string, canonical, identity):
    found = read_either(string)
    assert found.string == canonical
    is_experiment = isinstance(found, BoundExperiment)
    assert (found.experiment_id if is_experiment else found.model_id) == identity
    assert read_either(canonical).string == canonical


def test_every_keyword_and_option_is_in_the_list():
    text = "\n".join(string for string, *_ in LINES)
    for head, entry in catalogue().items():
        assert any(f"{head}{after}" in text for after in ".\n@-"), head
        for option in entry.signature.options:
            assert f".{option.name}" in text, (head, option.name)
