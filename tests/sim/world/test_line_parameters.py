"""Lines that cannot be, and the lengths of those that can."""

import pytest

from golden.errors import V90Error
from sim.world.line_parameters import LineParameters
from sim.world.loop import CableSection


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        ({"band_edge": 3499}, "band_edge is 3500 to 3850"),
        ({"band_edge": "wide"}, "band_edge is 3500 to 3850"),
        ({"band_edge": float("nan")}, "band_edge is 3500 to 3850"),
        ({"high_pass": 20}, "high_pass is a list"),
        ({"high_pass": [1.9]}, "a corner of high_pass is 2 to 400"),
        ({"transformer": 0}, "transformer is 2 to 400"),
        ({"exchange": "900"}, "no termination '900': there are 600, 900"),
        ({"client": 600}, "no termination 600"),
        ({"loop": [{"gauge": 26}]}, "have a gauge and feet"),
        ({"loop": [{"gauge": 26, "feet": 1, "taps": 1}]}, "have a gauge and feet"),
        ({"loop": [3]}, "have a gauge and feet"),
        ({"loop": [{"gauge": 25, "feet": 1}]}, "no cable of 25 AWG"),
        ({"source": ""}, "a line's source is text"),
        ({"codec": 3}, "a line has no 'codec': it has description, "),
    ],
)
def test_bad_lines(table, sentence):
    with pytest.raises(V90Error, match=sentence):
        LineParameters.from_dict(table)


def test_lengths_add_up():
    parameters = LineParameters(
        loop=[CableSection(26, 3000), CableSection(24, 500, tap=True), {"gauge": 24, "feet": 200}]
    )
    assert (parameters.feet, parameters.taps) == (3200, 500)
    assert parameters == LineParameters.from_dict(
        {
            "loop": [
                {"gauge": 26, "feet": 3000},
                {"gauge": 24, "feet": 500, "tap": True},
                {"gauge": 24, "feet": 200},
            ]
        }
    )
