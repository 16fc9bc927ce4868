"""Tables of bits, as Jd's and others: built, parsed and found, and with bits wrong."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from golden.bits.bit_table import CRC, FILL_BITS, FRAME_SYNC, START_BIT, Bits, Sequence
from golden.bits.crc import crc_bits
from golden.errors import V90Error
from golden.signals.sequences import JD, JD_END
from tests.golden.bits.support import EXAMPLE

FIELDS = {
    "rates": st.integers(0, 2**22 - 1),
    "training": st.integers(0, 1),
    "renegotiation": st.integers(0, 1),
    "look_ahead": st.integers(1, 3),
}


@given(st.fixed_dictionaries(FIELDS))
def test_parse_is_the_inverse_of_build(values):
    assert JD.parse(JD.build(**values)) == values


@given(st.fixed_dictionaries(FIELDS), st.integers(0, 67))
def test_one_wrong_bit_is_never_parsed(values, place):
    bits = JD.build(**values)
    bits[place] ^= 1
    assert JD.parse(bits) is None


def test_fill_bits_need_not_be_there():
    bits = JD.build(**EXAMPLE)
    assert JD.parse(bits[:68]) == EXAMPLE
    assert JD.parse(bits[:67]) is None
    assert JD.parse(np.zeros(0, np.uint8)) is None


def test_reserved_bits_are_not_interpreted():
    bits = JD.build(**EXAMPLE)
    bits[41:47] = 1
    bits[52:68] = crc_bits(np.concatenate([bits[18:34], bits[35:51]]))
    assert JD.parse(bits) == EXAMPLE


def test_find_among_other_bits(rng):
    bits, places = [], []
    for gap in (0, 4, 0, 31, 100):
        bits.append(rng.integers(0, 2, gap, np.uint8))
        places.append(sum(map(len, bits)))
        bits.append(JD.build(**EXAMPLE))
    stream = np.concatenate([*bits, np.zeros(JD_END, np.uint8)])
    assert JD.find(stream) == [(place, EXAMPLE) for place in places]
    # A cut one is none; one whose CRC is wrong neither.
    assert [place for place, _ in JD.find(stream[: places[-1] + 67])] == places[:-1]
    stream[places[1] + 60] ^= 1
    assert [place for place, _ in JD.find(stream)] == [places[0], *places[2:]]
    assert JD.find(stream[:60]) == []


@pytest.mark.parametrize(
    "change, sentence",
    [
        ({"look_ahead": 0}, "look_ahead of Jd is 1 to 3, not 0"),
        ({"look_ahead": 4}, "look_ahead of Jd is 1 to 3, not 4"),
        ({"rates": 1 << 22}, "rates of Jd is 0 to 4194303, not 4194304"),
        ({"training": True}, "training of Jd is a whole number, not True"),
        ({"rates": 1.0}, "rates of Jd is a whole number, not 1.0"),
        ({"speed": 1}, "Jd has the fields rates, training, renegotiation, look_ahead"),
    ],
)
def test_wrong_fields(change, sentence):
    with pytest.raises(V90Error, match=sentence):
        JD.build(**(EXAMPLE | change))


def test_a_missing_field():
    with pytest.raises(V90Error, match="Jd has the fields"):
        JD.build(rates=1)


def test_tables_lie_end_to_end():
    rows = (Bits(0, 16, FRAME_SYNC, "", ""), Bits(18, 33, CRC, "", ""))
    with pytest.raises(ValueError, match="end to end"):
        Sequence("gap", rows)


def test_another_table():
    """A field across two rows, the CRC in the middle of what follows it."""
    table = Sequence(
        "X",
        (
            Bits(0, 16, FRAME_SYNC, "", ""),
            Bits(17, 17, START_BIT, "", ""),
            Bits(18, 21, "a", "", ""),
            Bits(22, 22, "b", "", ""),
            Bits(23, 25, "a", "", ""),
            Bits(26, 41, CRC, "", ""),
            Bits(42, 44, FILL_BITS, "", ""),
        ),
    )
    bits = table.build(a=0b1010110, b=1)
    assert bits[18:26].tolist() == [0, 1, 1, 0, 1, 1, 0, 1]
    assert table.parse(bits) == {"a": 0b1010110, "b": 1}
