"""Both laws against Table 1/V.90 (table1.csv) and against libsndfile."""

import csv
import io
from pathlib import Path

import numpy as np
import pytest
import soundfile

from golden import g711
from golden.errors import V90Error

#: Columns of Table 1/V.90: octet of the positive codeword in hexadecimal, linear value.
COLUMNS = {"mu": ("mu_octet", "mu_linear"), "A": ("a_octet", "a_linear")}

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
        io.BytesIO(OCTETS.tobytes()), channels=1, samplerate=8000, format="RAW", subtype=subtype,
        dtype="int16",
    )  # fmt: skip
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
