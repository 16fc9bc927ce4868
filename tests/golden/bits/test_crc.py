"""The CRC of V.34 and V.42: published check values, an independent package, real calls."""

import json

import crc as package
import numpy as np
import pytest

from golden.bits import crc
from tests.golden.bits.support import long_division

#: The catalogued check value of CRC-16/IBM-SDLC, also called CRC-16/X-25, is over these octets.
CHECK = b"123456789"

#: ITU's division without the complement: CRC-16/MCRF4XX.
PLAIN = package.Configuration(
    width=16,
    polynomial=0x1021,
    init_value=0xFFFF,
    final_xor_value=0,
    reverse_input=True,
    reverse_output=True,
)


def bits_of(octets):
    """Bits of a bytes object, bit 0 of each octet first."""
    return np.unpackbits(np.frombuffer(octets, np.uint8), bitorder="little")


def test_published_check_values():
    assert crc.fcs(CHECK) == (0x906E).to_bytes(2, "little")
    assert crc.remainder_of_octets(CHECK) == 0x6F91  # CRC-16/MCRF4XX


@pytest.mark.parametrize("length", [0, 1, 2, 3, 7, 16, 100, 1000])
def test_crc_package(rng, length):
    octets = rng.bytes(length)
    x25 = package.Calculator(package.Crc16.X25.value, optimized=True)
    plain = package.Calculator(PLAIN)
    assert int.from_bytes(crc.fcs(octets), "little") == x25.checksum(octets)
    assert crc.remainder_of_octets(octets) == plain.checksum(octets)
    assert crc.remainder_of_bits(bits_of(octets)) == plain.checksum(octets)


@pytest.mark.parametrize("length", [0, 1, 2, 15, 16, 17, 99, 200])
def test_long_division(rng, length):
    bits = rng.integers(0, 2, length, dtype=np.uint8)
    got = crc.crc_bits(bits)
    assert got.dtype == np.uint8
    assert got.tolist() == long_division(bits)


def test_octets_in_pieces(rng):
    octets = rng.bytes(50)
    register = 0xFFFF
    for start in range(0, 50, 7):
        register = crc.remainder_of_octets(octets[start : start + 7], register)
    assert register == crc.remainder_of_octets(octets)
    register = crc.remainder_of_bits(bits_of(octets[:20]))
    assert crc.remainder_of_bits(bits_of(octets[20:]), register) == crc.remainder_of_octets(octets)


@pytest.mark.parametrize("length", [1, 2, 20, 300])
def test_residues(rng, length):
    octets = rng.bytes(length)
    frame = octets + crc.fcs(octets)
    assert crc.remainder_of_octets(frame) == crc.FCS_GOOD
    # 8.1.1.6.1/V.42 writes it x^15 first; the register has x^15 in bit 0.
    assert format(crc.FCS_GOOD, "016b")[::-1] == "0001110100001111"
    # V.34 sends the remainder uncomplemented, so that its receiver ends in zero.
    sent = np.concatenate([bits_of(octets), crc.crc_bits(bits_of(octets))])
    assert crc.remainder_of_bits(sent) == 0


def test_every_single_and_double_error_is_seen(rng):
    octets = rng.bytes(6)
    frame = bits_of(octets + crc.fcs(octets))
    for first in range(len(frame)):
        for second in range(first, len(frame)):
            wrong = frame.copy()
            wrong[first] ^= 1
            wrong[second] ^= first != second
            assert crc.remainder_of_bits(wrong) != crc.FCS_GOOD


def test_crc_of_real_sequences(real_call):
    """Ja, CPt and CP as real clients sent them (8.5.1, 8.5.2): every 17th bit is a start bit."""
    call = json.loads((real_call / "call.json").read_text())
    sequences = [call[name]["bits"] for name in ("ja", "cpt", "cp") if call[name]]
    assert len(sequences) >= 2
    for sequence in sequences:
        bits = np.array([int(bit) for bit in sequence], np.uint8)
        assert bits[:17].all() and not bits[17::17].any()
        information = np.delete(bits[17:], np.s_[::17])
        assert np.array_equal(crc.crc_bits(information[:-16]), information[-16:])
        assert crc.remainder_of_bits(information) == 0
        information[len(information) // 2] ^= 1
        assert crc.remainder_of_bits(information) != 0
