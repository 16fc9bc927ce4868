"""Mapping parameters against Tables 2, 15 and 17/V.90."""

import json
import math
from fractions import Fraction

import numpy as np
import pytest

from golden.errors import V90Error
from golden.pcm import g711
from golden.pcm.parameters import (
    DRN,
    POWER_LIMITS,
    TYPES,
    MappingParameters,
    rate,
    rate_table,
    sections,
)
from sim.calls.parameter_sets import EXTREMES, random_parameters
from tests.golden.pcm.support import GOOD, changed

#: Table 2/V.90: K, the least and greatest S, and the data signalling rates of both in kbit/s.
TABLE_2 = """
15  6 6  28      28
16  5 6  28      29 1/3
17  4 6  28      30 2/3
18  3 6  28      32
19  3 6  29 1/3  33 1/3
20  3 6  30 2/3  34 2/3
21  3 6  32      36
22  3 6  33 1/3  37 1/3
23  3 6  34 2/3  38 2/3
24  3 6  36      40
25  3 6  37 1/3  41 1/3
26  3 6  38 2/3  42 2/3
27  3 6  40      44
28  3 6  41 1/3  45 1/3
29  3 6  42 2/3  46 2/3
30  3 6  44      48
31  3 6  45 1/3  49 1/3
32  3 6  46 2/3  50 2/3
33  3 6  48      52
34  3 6  49 1/3  53 1/3
35  3 6  50 2/3  54 2/3
36  3 6  52      56
37  3 5  53 1/3  56
38  3 4  54 2/3  56
39  3 3  56      56
"""

#: Table 17/V.90, the same for Phase 4.
TABLE_17 = """
 6  3 6  12      16
 7  3 6  13 1/3  17 1/3
 8  3 6  14 2/3  18 2/3
 9  3 6  16      20
10  3 6  17 1/3  21 1/3
11  3 6  18 2/3  22 2/3
12  3 6  20      24
13  3 6  21 1/3  25 1/3
14  3 6  22 2/3  26 2/3
15  3 6  24      28
16  3 6  25 1/3  29 1/3
17  3 6  26 2/3  30 2/3
18  3 6  28      32
19  3 6  29 1/3  33 1/3
20  3 6  30 2/3  34 2/3
21  3 6  32      36
22  3 6  33 1/3  37 1/3
23  3 6  34 2/3  38 2/3
24  3 6  36      40
"""

#: Table 15/V.90: maximum transmit power in dBm0, limit of the average power calculation.
TABLE_15 = """
-0.5  15124^2   -1    14276^2   -1.5  13480^2   -2    12724^2
-2.5  12012^2   -3    11340^2   -3.5  10708^2   -4    10108^2
-4.5  9544^2   -5    9008^2   -5.5  8504^2   -6    8028^2
-6.5  7580^2   -7    7156^2   -7.5  6756^2   -8    6380^2
-8.5  6020^2   -9    5684^2   -9.5  5368^2   -10   5068^2
-10.5 4784^2   -11   4516^2   -11.5 4264^2   -12   4024^2
-12.5 3800^2   -13   3588^2   -13.5 3388^2   -14   3196^2
-14.5 3020^2   -15   2852^2   -15.5 2692^2   -16   2540^2
"""


def table_rates(text):
    """``{(K, S): rate in bit/s}`` of a table that gives the first and last of a run of S."""
    rates = {}
    for line in text.strip().splitlines():
        columns = line.replace(" 1/3", "+1/3").replace(" 2/3", "+2/3").split()
        k, first, last = map(int, columns[:3])
        ends = [1000 * sum(map(Fraction, column.split("+"))) for column in columns[3:]]
        for s in range(first, last + 1):
            # Each sign bit more is 8000/6 bit/s more (5.1).
            rates[k, s] = ends[0] + (s - first) * Fraction(8000, 6)
        assert rates[k, last] == ends[1]
    return rates


TABLES = {"CP": (table_rates(TABLE_2), 20), "CPt": (table_rates(TABLE_17), 8)}

# --- Tables 2 and 17 ---------------------------------------------------------------------------


@pytest.mark.parametrize("kind", TYPES)
def test_every_row_of_tables_2_and_17(kind):
    rates, offset = TABLES[kind]
    rows = rate_table(kind)
    assert len(rows) == len(set(rows)) == len(rates) == {"CP": 88, "CPt": 76}[kind]
    for k, s, d, drn in rows:
        assert d == k + s
        assert rate(d) == rates[k, s]
        # Table 14's formula gives the same rate from drn.
        assert (drn + offset) * Fraction(8000, 6) == rates[k, s]


@pytest.mark.parametrize("sr", range(4))
@pytest.mark.parametrize("kind", TYPES)
def test_drn_and_sr_are_accepted_just_where_the_tables_have_them(kind, sr):
    rates, offset = TABLES[kind]
    accepted = 0
    for drn in DRN:
        values = changed(
            type=kind,
            drn=drn,
            sr=sr,
            interval_constellation=[0] * 6,
            constellations=[list(range(128))],
        )
        s = 6 - sr
        k = drn + offset - s
        if (k, s) in rates:
            parameters = MappingParameters.from_dict(values)
            assert (parameters.k, parameters.s, parameters.data_bits) == (k, s, k + s)
            assert parameters.rate == rates[k, s]
            accepted += 1
        else:
            with pytest.raises(V90Error, match=f"K = {k}"):
                MappingParameters.from_dict(values)
    assert accepted == sum(key[1] == s for key in rates)


def test_every_k_and_s_of_the_tables_has_its_drn():
    assert list(DRN) == list(range(1, 23))
    for kind, (rates, offset) in TABLES.items():
        assert {k + s - offset for k, s in rates} == set(DRN), kind


def test_two_to_the_k_is_at_most_the_product():
    # Table 2 has K = 27 with S = 6; 2^27 = 16 * 16 * 32 * 8 * 64 * 32.
    sizes = [16, 16, 32, 8, 64, 32]
    exact = changed(
        sr=0,
        drn=13,
        interval_constellation=list(range(6)),
        constellations=[list(range(size)) for size in sizes],
    )
    parameters = MappingParameters.from_dict(exact)
    assert parameters.k == 27 and parameters.modulus_product == 1 << 27
    assert parameters.moduli == tuple(sizes)
    for interval in range(6):
        lacking = json.loads(json.dumps(exact))
        lacking["constellations"][interval].pop()
        with pytest.raises(V90Error, match="2\\^27 is above the product"):
            MappingParameters.from_dict(lacking)


def test_intervals_follow_the_index():
    parameters = MappingParameters.from_dict(GOOD)
    first, second = map(tuple, GOOD["constellations"])
    assert parameters.intervals == (first, first, first, second, first, first)
    assert parameters.moduli == (36,) * 6


# --- Transmit power (8.5.2) --------------------------------------------------------------------


def power_by_brute_force(parameters):
    """Mean square of the linear values over all 2^K frames and six intervals (5.4.3, 5.4.4)."""
    total = 0
    for number in range(1 << parameters.k):
        for constellation in parameters.intervals:
            number, label = divmod(number, len(constellation))
            ucode = sorted(constellation, reverse=True)[label]
            total += int(g711.linear(ucode, parameters.law)) ** 2
    return Fraction(total, 6 << parameters.k)


@pytest.mark.parametrize("law", g711.LAWS)
@pytest.mark.parametrize("k", [6, 6, 6, 6, 7, 8, 9, 10])
def test_average_power_is_the_mean_over_all_frames(rng, k, law):
    parameters = random_parameters(rng, type="CPt", k=k, law=law)
    assert parameters.average_power == power_by_brute_force(parameters)


@pytest.mark.parametrize("name", [name for name, value in EXTREMES.items() if value.k < 10])
def test_average_power_of_small_extremes(name):
    assert EXTREMES[name].average_power == power_by_brute_force(EXTREMES[name])


def test_average_power_of_equally_frequent_levels():
    # 2^K is the product of the moduli, so every level of an interval is sent as often.
    parameters = EXTREMES["greatest-k-exact"]
    mean = sum(
        Fraction(sum(int(g711.linear(u, parameters.law)) ** 2 for u in ucodes), len(ucodes))
        for ucodes in parameters.intervals
    )
    assert parameters.average_power == mean / 6


def test_table_15():
    entries = TABLE_15.replace("^2", "").split()
    limits = {float(a): int(b) for a, b in zip(entries[::2], entries[1::2], strict=True)}
    assert limits == POWER_LIMITS
    assert list(limits) == [-0.5 * step for step in range(1, 33)]
    for limit, root in limits.items():
        # Steps of 0.5 dB; the roots are multiples of 4, and 4 is 0.0137 dB of the smallest and
        # 0.0023 dB of the first, from which we count.
        assert root % 4 == 0
        assert abs(20 * math.log10(root / limits[-0.5]) - (limit + 0.5)) < 0.016


def test_exceeds_compares_exactly_with_the_square():
    class Fixed(MappingParameters):
        average_power = Fraction(7580**2)

    parameters = Fixed(**vars(MappingParameters.from_dict(GOOD)))
    assert not parameters.exceeds(-6.5)
    assert parameters.exceeds(-7) and not parameters.exceeds(-6)
    Fixed.average_power += Fraction(1, 10**30)
    assert parameters.exceeds(-6.5)


@pytest.mark.parametrize("limit", [0, -0.25, -16.5, 0.5, math.nan, -math.inf])
def test_a_power_that_table_15_lacks(limit):
    with pytest.raises(V90Error, match="Table 15") as caught:
        MappingParameters.from_dict(GOOD).exceeds(limit)
    assert len(str(caught.value)) > 10


# --- The parameter sets that other tests draw --------------------------------------------------


def test_random_parameters_reach_everything():
    drawn = [random_parameters(np.random.default_rng(seed)) for seed in range(400)]
    for name, values in (
        ("type", set(TYPES)),
        ("sr", set(range(4))),
        ("ld", set(range(4))),
        ("law", set(g711.LAWS)),
        ("k", set(range(6, 40))),
    ):
        assert {getattr(one, name) for one in drawn} == values
    moduli = [modulus for one in drawn for modulus in one.moduli]
    assert moduli.count(1) > 100 and moduli.count(128) > 50 and len(set(moduli)) > 60
    assert sum(len(set(one.intervals)) == 6 for one in drawn) > 100
    assert sum(one.modulus_product == 1 << one.k for one in drawn) > 20
    coefficients = {getattr(one, name) for one in drawn for name in ("a1", "a2", "b1", "b2")}
    assert {-128, 127, 0, 64} <= coefficients and len(coefficients) > 150


def test_random_parameters_can_be_pinned(rng):
    for kind, sr, k in (("CPt", 3, 6), ("CPt", 0, 24), ("CP", 1, 16), ("CP", 3, 39)):
        one = random_parameters(rng, type=kind, sr=sr, k=k, ld=2, law="mu", poles="stable")
        assert (one.type, one.sr, one.k, one.ld, one.law) == (kind, sr, k, 2, "mu")
        assert max(abs(one.a1), abs(one.a2)) <= 64


@pytest.mark.parametrize("a1, a2", [(64, -60), (-60, 64), (60, -64), (64, 64), (0, 0)])
def test_the_pole_of_larger_magnitude_comes_first(a1, a2):
    first, second, *zeros = sections(a1, a2, 3, -4)
    assert abs(first) >= abs(second) and {first, second} == {a1, a2} and zeros == [3, -4]
