"""Jd against Table 13/V.90: bit by bit, both ways, among other bits, and with bits wrong."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from golden.crc import crc_bits
from golden.errors import V90Error
from golden.scrambler import GPC, Descrambler
from golden.sequences import CRC, FILL, JD, JD_END, START, SYNC, Bits, Sequence
from golden.training import after_trn1d, trn1d

FIELDS = {
    "rates": st.integers(0, 2**22 - 1),
    "training": st.integers(0, 1),
    "renegotiation": st.integers(0, 1),
    "look_ahead": st.integers(1, 3),
}

EXAMPLE = {"rates": 0x2AAAA5, "training": 1, "renegotiation": 0, "look_ahead": 3}


def test_a_sequence_by_hand():
    """Table 13, range by range."""
    bits = JD.build(**EXAMPLE)
    assert bits.dtype == np.uint8 and len(bits) == 72
    assert bits[:17].tolist() == [1] * 17
    assert bits[[17, 34, 51]].tolist() == [0, 0, 0]
    rates = [0x2AAAA5 >> place & 1 for place in range(22)]
    # 18 is 28 000 bit/s, 33 is 48 000, 35 is 49 333, 40 is 56 000.
    assert bits[18:34].tolist() == rates[:16]
    assert bits[35:41].tolist() == rates[16:]
    assert bits[41:47].tolist() == [0] * 6
    assert bits[47:49].tolist() == [1, 0]
    assert bits[49:51].tolist() == [1, 1]
    # The CRC leaves frame sync and start bits out (10.1.2.3.2/V.34).
    covered = np.concatenate([bits[18:34], bits[35:51]])
    assert bits[52:68].tolist() == crc_bits(covered).tolist()
    assert bits[68:].tolist() == [0] * 4


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
    rows = (Bits(0, 16, SYNC, "", ""), Bits(18, 33, CRC, "", ""))
    with pytest.raises(ValueError, match="end to end"):
        Sequence("gap", rows)


def test_another_table():
    """A field across two rows, the CRC in the middle of what follows it."""
    table = Sequence("X", (
        Bits(0, 16, SYNC, "", ""), Bits(17, 17, START, "", ""), Bits(18, 21, "a", "", ""),
        Bits(22, 22, "b", "", ""), Bits(23, 25, "a", "", ""), Bits(26, 41, CRC, "", ""),
        Bits(42, 44, FILL, "", ""),
    ))  # fmt: skip
    bits = table.build(a=0b1010110, b=1)
    assert bits[18:26].tolist() == [0, 1, 1, 0, 1, 1, 0, 1]
    assert table.parse(bits) == {"a": 0b1010110, "b": 1}


def test_jd_as_it_is_sent():
    """Scrambled and differentially encoded after TRN1d (8.4.2), and back."""
    _, signs = trn1d(79, 2040)
    bits = np.concatenate([np.tile(JD.build(**EXAMPLE), 3), np.zeros(JD_END, np.uint8)])
    _, coded = after_trn1d(79, bits, signs)
    line = np.concatenate([signs, coded])
    descrambler = Descrambler(GPC)
    descrambler.process(signs)
    back = descrambler.process(line[2040:] ^ line[2039:-1])
    assert np.array_equal(back, bits)
    assert [place for place, _ in JD.find(back)] == [0, 72, 144]


def test_jd_of_real_calls(real_call):
    """Every Jd of the server's octets, each 72 symbols behind the one before."""
    facts = json.loads((real_call / "call.json").read_text())
    where = facts["samples"]
    octets = np.fromfile(real_call / "down.al", np.uint8)[where["trn1d"] : where["dil"]]
    signs, symbols = octets >> 7, where["trn1d_symbols"]
    descrambler = Descrambler(GPC)
    # A difference does not know polarity, TRN1d's scrambled bits do.
    descrambler.process(trn1d(0, symbols)[1])
    found = JD.find(descrambler.process(signs[symbols:] ^ signs[symbols - 1 : -1]))
    print(found[0])
    assert [place for place, _ in found] == [72 * i for i in range(facts["jd_frames"])]
    assert len({tuple(values.items()) for _, values in found}) == 1
    assert 1 <= found[0][1]["look_ahead"] <= 3 and found[0][1]["rates"] > 0
