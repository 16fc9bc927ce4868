"""Framing against Tables 7, 8 and 10/V.34 as printed, and modulation parameters."""

import csv
import json
from fractions import Fraction
from pathlib import Path

import hypothesis
import hypothesis.strategies as st
import numpy as np
import pytest

from golden.errors import V90Error
from golden.v34.parameters import (
    INVERSIONS,
    MOST_SHELL_BITS,
    SYMBOL_RATES,
    Framing,
    ModulationParameters,
    framings,
    rates,
    symbol_rate,
)
from tests.golden.v34.support import TAPS, random_parameters

#: Rows of Tables 8 and 10/V.34.
TABLES = Path(__file__).with_name("tables.csv")

#: Table 7/V.34: J and P.
TABLE_7 = {2400: (7, 12), 2743: (8, 12), 2800: (7, 14), 3000: (7, 15), 3200: (7, 16), 3429: (8, 15)}

#: 8.2's own example.
EXAMPLE = "000010000100001"


def test_tables_8_and_10():
    """Every row, and no row more."""
    with TABLES.open() as file:
        printed = list(csv.DictReader(file))
    rows = {}
    for row in printed:
        swp = int(row.pop("swp"), 16)
        rows[int(row["symbol_rate"]), int(row["rate"])] = (
            swp,
            [int(row[c]) for c in list(row)[2:]],
        )
    assert len(rows) == 130
    assert {(row.symbol_rate, row.rate) for row in framings()} == set(rows)
    for row in framings():
        swp, numbers = rows[row.symbol_rate, row.rate]
        rings = [row.rings(expanded) for expanded in (False, True)]
        points = [row.points(expanded) for expanded in (False, True)]
        assert row.swp == swp
        assert [row.b, row.k, *rings, *points] == numbers


def test_table_7():
    """J, P and the time of a superframe."""
    for name, (j, p) in TABLE_7.items():
        row = Framing(name, 4800)
        assert (row.data_frames, row.mapping_frames) == (j, p)
        assert Fraction(8 * j * p) / symbol_rate(name) == Fraction(280, 1000)


@pytest.mark.parametrize("row", framings(), ids=lambda row: f"{row.symbol_rate}-{row.rate}")
def test_switching(row):
    """Bits of high and low mapping frames add up to the rate, and the last one is high."""
    assert sum(row.high) == row.r
    assert row.r * row.b + (row.mapping_frames - row.r) * (row.b - 1) == row.bits
    assert Fraction(row.bits * row.data_frames * 1000, 280) == row.rate
    assert row.high[-1]
    assert 12 + 8 * row.q + row.k == row.b or (row.b <= 12 and row.q == row.k == 0)
    assert 0 <= row.k < 32
    # A smaller q would leave the shell mapper more than 31 bits.
    assert row.q == 0 or row.k + 8 >= 32


def test_switching_by_example():
    """8.2: 19 200 bit/s at 3000."""
    assert "".join(str(int(high)) for high in Framing(3000, 19200).high) == EXAMPLE


def test_table_12():
    """Patterns as the page shows them; the text has a ghost of two digits at 7."""
    assert INVERSIONS == {8: "0111011111111010", 7: "01110111111110"}
    assert {len(pattern) for pattern in INVERSIONS.values()} == {14, 16}


def test_symbol_rates():
    """Table 1: the names are the rates rounded."""
    for name in SYMBOL_RATES:
        assert round(symbol_rate(name)) == name
    assert symbol_rate(3429) == Fraction(24000, 7)


def test_rates():
    """Least and largest rate of the primary channel."""
    least_and_most = {name: (rates(name)[0], rates(name)[-1]) for name in SYMBOL_RATES}
    assert least_and_most == {
        2400: (2400, 21600),
        2743: (4800, 26400),
        2800: (4800, 26400),
        3000: (4800, 28800),
        3200: (4800, 31200),
        3429: (4800, 33600),
    }


def test_most_shell_bits():
    """Of every row of Table 10."""
    for rings, most in enumerate(MOST_SHELL_BITS):
        bits = [row.k for row in framings() for more in (0, 1) if row.rings(more) == rings]
        assert most == max(bits, default=0)


def test_scale_of_c():
    """(9-29): w is 1 for b = 55, 2 for b = 56."""
    for name, rate, b, w in ((2800, 19200, 55, 1), (3429, 24000, 56, 2), (3429, 33600, 79, 2)):
        parameters = ModulationParameters(name, rate)
        assert (parameters.framing.b, parameters.w) == (b, w)


def test_json(rng):
    """Any parameters come back as they were."""
    for _ in range(50):
        parameters = random_parameters(rng)
        assert ModulationParameters.from_json(parameters.to_json()) == parameters
    values = ModulationParameters(3200, 31200, precoder=TAPS).to_dict()
    assert values["precoder"][0] == [9000 / 16384, -4000 / 16384]
    assert ModulationParameters.from_dict(values | {"more": 1}).precoder == TAPS


BAD = [
    ({"rate": 33600}, "symbol rate 3200 carries 4800 to 31200 bit/s, not 33600"),
    ({"rate": 2400}, "symbol rate 3200 carries 4800 to 31200 bit/s, not 2400"),
    ({"rate": 31400}, "a data rate is a multiple of 2400 bit/s, not 31400"),
    ({"rate": 31201}, "a data rate is a multiple of 2400 bit/s, not 31201"),
    ({"rate": -2400}, "a data rate is a multiple of 2400 bit/s, not -2400"),
    ({"rate": 10**400 * 2400}, "symbol rate 3200 carries 4800 to 31200 bit/s, not a huge number"),
    ({"rate": True}, "a data rate is a multiple of 2400 bit/s, not True"),
    (
        {"symbol_rate": 3201},
        "a symbol rate is 2400, 2743, 2800, 3000, 3200 or 3429, not 3201",
    ),
    ({"symbol_rate": "3200"}, "a symbol rate is 2400, 2743, 2800, 3000, 3200 or 3429, not '3200'"),
    ({"trellis": 8}, "a trellis has 16, 32 or 64 states, not 8"),
    ({"trellis": None}, "a trellis has 16, 32 or 64 states, not None"),
    ({"nonlinear": 1}, "nonlinear is true or false, not 1"),
    ({"expanded": "yes"}, "expanded is true or false, not 'yes'"),
    (
        {"precoder": [[2, 0], [0, 0], [0, 0]]},
        "a precoder's tap does not fit the 16 bits of Q2.14, from -2 to 2",
    ),
    (
        {"precoder": [[0.1, 0], [0, 0], [0, 0]]},
        "a precoder's tap is a multiple of 1/16384 from -2 to 2, not 0.1",
    ),
    (
        {"precoder": [[float("nan"), 0], [0, 0], [0, 0]]},
        "a precoder's tap is a multiple of 1/16384 from -2 to 2, not nan",
    ),
    (
        {"precoder": [["1", 0], [0, 0], [0, 0]]},
        "a precoder's tap is a pair of numbers, not '1'",
    ),
    ({"precoder": [[0, 0], [0, 0]]}, "precoder is not a list of three pairs of numbers"),
    ({"precoder": "none"}, "precoder is not a list of three pairs of numbers"),
    (
        {"precoder": [[1.5, 1.5], [1.5, 1.5], [1.5, 1.5]]},
        "the precoder's taps are too large: a channel output can reach 359, and 255 is the most",
    ),
]


@pytest.mark.parametrize("changed, sentence", BAD)
def test_bad_values(changed, sentence):
    """One sentence for each."""
    good = ModulationParameters(3200, 31200).to_dict()
    with pytest.raises(V90Error) as error:
        ModulationParameters.from_dict(good | changed)
    assert str(error.value) == sentence


def test_bad_json():
    """Text that is no object, or lacks a key."""
    for text, sentence in (
        ("{", "not JSON"),
        ("[]", "modulation parameters are a JSON object"),
        ("{}", "modulation parameters lack the key 'symbol_rate'"),
    ):
        with pytest.raises(V90Error, match=sentence):
            ModulationParameters.from_json(text)


#: Anything that JSON can hold.
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=8,
)


@hypothesis.given(st.sampled_from(sorted(ModulationParameters(3200, 4800).to_dict())), JSON)
def test_any_json(key, value):
    """Nothing but one sentence, whatever stands in a field."""
    values = ModulationParameters(3200, 4800).to_dict() | {key: value}
    try:
        ModulationParameters.from_json(json.dumps(values))
    except V90Error as error:
        assert "\n" not in str(error)


def test_largest_output(rng):
    """The bound holds for every point on a circle of the largest x, and is not far off."""
    angles = np.exp(2j * np.pi * np.arange(64) / 64)
    for _ in range(20):
        p = random_parameters(rng, rate=31200, symbol_rate=3200)
        taps = np.array(p.precoder) @ [1, 1j] / 16384
        x = [49 * angles[np.argmax((angles * tap).real)] for tap in taps]
        reach = 45 + abs(np.sum(np.array(x) * taps).real) + 2
        assert not p.precoded or reach - 2 < p.largest_output < reach * 1.02 + 2
