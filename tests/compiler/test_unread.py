"""An output that nothing reads is allowed, and pointed out where a string is explained."""

from nems_dsl import canonical, explain


def test_an_unread_output_is_kept_and_pointed_out():
    string = "drive=wc.18x1-fir.1x15-gain=wc.2x1@state-lvl.1@drive"
    assert canonical(string) == string
    text = explain(string)
    assert text.count("nothing reads this output") == 2
    assert "nothing reads" not in explain(
        "drive=wc.18x4-fir.4x15-lvl.1@drive".replace("@drive", "")
    )
