"""Both laws against Table 1/V.90 (table1.csv) and against libsndfile."""

import csv
import io
from pathlib import Path

import numpy as np
import pytest
import soundfile

from golden.errors import V90Error
from golden.pcm import g711

#: Columns of Table 1/V.90: octet of the positive codeword in hexadecimal, linear value.
COLUMNS = {"mu": ("mu_octet", "mu_linear"), "A": ("a_octet", "a_linear")}

#: Table 3/G.711, as printed: A-law decoder output value numbers of mu-law numbers 0 to 87.
TABLE_3 = [
    1,
    1,
    2,
    2,
    3,
    3,
    4,
    4,
    5,
    5,
    6,
    6,
    7,
    7,
    8,
    8,
    9,
    10,
    11,
    12,
    13,
    14,
    15,
    16,
    17,
    18,
    19,
    20,
    21,
    22,
    23,
    24,
    25,
    27,
    29,
    31,
    33,
    34,
    35,
    36,
    37,
    38,
    39,
    40,
    41,
    42,
    43,
    44,
    46,
    48,
    49,
    50,
    51,
    52,
    53,
    54,
    55,
    56,
    57,
    58,
    59,
    60,
    61,
    62,
    64,
    65,
    66,
    67,
    68,
    69,
    70,
    71,
    72,
    73,
    74,
    75,
    76,
    77,
    78,
    79,
    81,
    82,
    83,
    84,
    85,
    86,
    87,
    88,
]

#: Table 4/G.711, as printed: mu-law numbers of A-law numbers 1 to 98.
TABLE_4 = [
    1,
    3,
    5,
    7,
    9,
    11,
    13,
    15,
    16,
    17,
    18,
    19,
    20,
    21,
    22,
    23,
    24,
    25,
    26,
    27,
    28,
    29,
    30,
    31,
    32,
    32,
    33,
    33,
    34,
    34,
    35,
    35,
    36,
    37,
    38,
    39,
    40,
    41,
    42,
    43,
    44,
    45,
    46,
    47,
    48,
    48,
    49,
    49,
    50,
    51,
    52,
    53,
    54,
    55,
    56,
    57,
    58,
    59,
    60,
    61,
    62,
    63,
    64,
    64,
    65,
    66,
    67,
    68,
    69,
    70,
    71,
    72,
    73,
    74,
    75,
    76,
    77,
    78,
    79,
    79,
    80,
    81,
    82,
    83,
    84,
    85,
    86,
    87,
    88,
    89,
    90,
    91,
    92,
    93,
    94,
    95,
    96,
    97,
]

OCTETS = np.arange(256, dtype=np.uint8)


def table(law):
    """``(octets, linear values)`` of Table 1 by Ucode."""
    with (Path(__file__).parent / "table1.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["ucode"]) for row in rows] == list(range(128))
    octet, linear = COLUMNS[law]
    return (
        np.array([int(row[octet], 16) for row in rows]),
        np.array([int(row[linear]) for row in rows]),
    )


@pytest.mark.parametrize("law", g711.LAWS)
def test_the_table_itself(law):
    # What a slip in the data would break: 128 different positive codewords, ascending values.
    octets, linear = table(law)
    assert len(set(octets)) == 128 and (octets >= 128).all() and (octets < 256).all()
    assert (np.diff(linear) > 0).all()
    assert linear[[0, 127]].tolist() == {"mu": [0, 32124], "A": [8, 32256]}[law]


@pytest.mark.parametrize("law", g711.LAWS)
def test_table_1(law):
    octets, linear = table(law)
    ucodes = np.arange(128)
    assert np.array_equal(g711.octet(ucodes, 1, law), octets)
    # A negative codeword has the polarity bit cleared (3.6 and 5.4.6/V.90).
    assert np.array_equal(g711.octet(ucodes, 0, law), octets & 0x7F)
    assert np.array_equal(g711.linear(ucodes, law), linear)
    assert np.array_equal(g711.ucode(octets, law), ucodes)
    assert np.array_equal(g711.ucode(octets & 0x7F, law), ucodes)
    assert g711.sign(octets).all() and not g711.sign(octets & 0x7F).any()


@pytest.mark.parametrize("law", g711.LAWS)
def test_every_octet_there_and_back(law):
    assert np.array_equal(g711.octet(g711.ucode(OCTETS, law), g711.sign(OCTETS), law), OCTETS)


@pytest.mark.parametrize("law, subtype", [("mu", "ULAW"), ("A", "ALAW")])
def test_libsndfile_reads_the_same_values(law, subtype):
    values, _ = soundfile.read(
        io.BytesIO(OCTETS.tobytes()),
        channels=1,
        samplerate=8000,
        format="RAW",
        subtype=subtype,
        dtype="int16",
    )
    signed = g711.linear(g711.ucode(OCTETS, law), law) * (2 * g711.sign(OCTETS).astype(int) - 1)
    assert np.array_equal(values, signed)


@pytest.mark.parametrize("law", g711.LAWS)
@pytest.mark.parametrize("shape", [(), (0,), (7,), (2, 0), (2, 3, 6)], ids=str)
def test_shapes_and_types(rng, shape, law):
    octets = rng.integers(0, 256, shape, dtype=np.uint8)
    ucodes, signs = g711.ucode(octets, law), g711.sign(octets)
    back, linear = g711.octet(ucodes, signs, law), g711.linear(ucodes, law)
    assert ucodes.shape == signs.shape == back.shape == linear.shape == shape
    assert ucodes.dtype == signs.dtype == back.dtype == np.uint8 and linear.dtype == np.int64
    assert np.array_equal(back, octets)


def test_one_sign_for_many_ucodes():
    assert g711.octet([[0, 1], [2, 3]], [1, 0], "mu").tolist() == [[0xFF, 0x7E], [0xFD, 0x7C]]


@pytest.mark.parametrize("law", ["a", "MU", "", None, 0, ["mu"]], ids=repr)
def test_unknown_law(law):
    for call in (
        lambda: g711.check_law(law),
        lambda: g711.octet(0, 0, law),
        lambda: g711.ucode(0, law),
        lambda: g711.linear(0, law),
    ):
        with pytest.raises(V90Error, match="the laws are mu and A"):
            call()


def test_conversion_is_the_printed_tables():
    # A mu-law number of the tables is its Ucode, an A-law number its Ucode and one.
    assert (g711.converted(np.arange(88), "mu") + 1).tolist() == TABLE_3
    assert g711.converted(np.arange(98), "A").tolist() == TABLE_4


def test_conversion_where_the_tables_are_dotted():
    # Below the dots each number is one off, as in the last row printed, up to mu 127 and A 128.
    high = np.arange(87, 128)
    assert (g711.converted(high, "mu") == high).all()
    assert (g711.converted(high, "A") == high).all()
    with pytest.raises(V90Error, match="unknown law"):
        g711.converted(high, "B")
