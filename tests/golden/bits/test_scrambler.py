"""Scrambler and descrambler against clause 7/V.34, bit by bit and as division of polynomials."""

import numpy as np
import pytest

from golden.bits.scrambler import GPA, GPC, Descrambler, Scrambler

POLYNOMIALS = [pytest.param(GPC, id="GPC"), pytest.param(GPA, id="GPA")]

#: Nothing, one bit, both sides of every delay and of its doubles, odd lengths, a long one.
LENGTHS = (0, 1, 2, 4, 5, 6, 17, 18, 19, 22, 23, 24, 35, 36, 37, 45, 46, 47, 255, 2001)

STATES = (0, 1, 1 << 22, (1 << 23) - 1, 0x2AAAAA, 0x133557)


def bit_serial(bits, polynomial, initial):
    """Scramble one bit after the other; ``initial`` bit i is the line bit sent i + 1 bits ago."""
    line = [(initial >> age) & 1 for age in range(23)]  # the latest first
    for bit in bits:
        sent = int(bit) ^ line[polynomial[0] - 1] ^ line[polynomial[1] - 1]
        line.insert(0, sent)
    return line[: len(bits)][::-1]


def test_polynomials():
    # Equations 7-1 and 7-2/V.34.
    assert (GPC, GPA) == ((18, 23), (5, 23))


@pytest.mark.parametrize("initial", STATES, ids=hex)
@pytest.mark.parametrize("polynomial", POLYNOMIALS)
def test_bit_serial_definition(rng, polynomial, initial):
    for length in LENGTHS:
        bits = rng.integers(0, 2, length, dtype=np.uint8)
        before = bits.copy()
        got = Scrambler(polynomial, initial).process(bits)
        assert got.dtype == np.uint8
        assert got.tolist() == bit_serial(bits, polynomial, initial), length
        assert np.array_equal(bits, before)


@pytest.mark.parametrize("polynomial", POLYNOMIALS)
def test_division_of_polynomials(rng, polynomial):
    """The quotient of the data by the generating polynomial, coefficients in descending order."""
    length = 400
    bits = rng.integers(0, 2, length, dtype=np.uint8)
    # 1 + x^-a + x^-23 times x^23, and the data times x^23, so that all exponents are positive.
    divisor = 1 << 23 | 1 << (23 - polynomial[0]) | 1
    dividend = int("".join(map(str, bits)), 2) << 23
    quotient = 0
    for exponent in range(length - 1, -1, -1):
        if dividend >> (exponent + 23) & 1:
            dividend ^= divisor << exponent
            quotient |= 1 << exponent
    want = [int(bit) for bit in format(quotient, f"0{length}b")]
    assert Scrambler(polynomial).process(bits).tolist() == want


@pytest.mark.parametrize("polynomial", POLYNOMIALS)
def test_maximal_length(polynomial):
    """Both polynomials are primitive: with no input, the line runs through all 2^23 - 1 states."""
    period = (1 << 23) - 1
    line = Scrambler(polynomial, 1).process(np.zeros(period + 23, np.uint8))
    # The first 23 bits come back after a whole period. 47 * 178481 is the period, so no shorter
    # one is possible unless they come back after one of these too.
    assert 47 * 178481 == period
    assert np.array_equal(line[:23], line[period:])
    for part in (1, 47, 178481):
        assert not np.array_equal(line[:23], line[part : part + 23])
    # Balance of a maximal-length sequence: one more 1 than 0.
    assert np.count_nonzero(line[:period]) == 1 << 22


@pytest.mark.parametrize("block", [Scrambler, Descrambler])
@pytest.mark.parametrize("polynomial", POLYNOMIALS)
def test_pieces_are_the_whole(rng, polynomial, block):
    bits = rng.integers(0, 2, 3000, dtype=np.uint8)
    whole = block(polynomial, 0x5A5A5).process(bits)
    cuts = np.sort(rng.integers(0, len(bits), 60))
    cuts = np.concatenate([cuts, np.arange(1000, 1060)])  # single bits, and empty pieces
    for pieces in (np.split(bits, np.sort(cuts)), np.split(bits, 1000)):
        one = block(polynomial, 0x5A5A5)
        assert np.array_equal(np.concatenate([one.process(piece) for piece in pieces]), whole)


@pytest.mark.parametrize("block", [Scrambler, Descrambler])
def test_reset(rng, block):
    bits = rng.integers(0, 2, 100, dtype=np.uint8)
    one = block(GPC, 0x1234)
    first = one.process(bits)
    assert not np.array_equal(one.process(bits), first)
    one.reset()
    assert np.array_equal(one.process(bits), first)


@pytest.mark.parametrize("block", [Scrambler, Descrambler])
@pytest.mark.parametrize("shape", [(3,), (2, 2), (0,)], ids=str)
def test_leading_axes_are_separate_lines(rng, shape, block):
    bits = rng.integers(0, 2, (*shape, 200), dtype=np.uint8)
    many = block(GPA, 0x7F)
    got = np.concatenate([many.process(bits[..., :33]), many.process(bits[..., 33:])], axis=-1)
    assert got.shape == bits.shape
    for index in np.ndindex(shape):
        assert np.array_equal(got[index], block(GPA, 0x7F).process(bits[index]))


@pytest.mark.parametrize("initial", STATES, ids=hex)
@pytest.mark.parametrize("polynomial", POLYNOMIALS)
def test_descrambler_inverts(rng, polynomial, initial):
    for length in LENGTHS:
        bits = rng.integers(0, 2, length, dtype=np.uint8)
        line = Scrambler(polynomial, initial).process(bits)
        got = Descrambler(polynomial, initial).process(line)
        assert got.dtype == np.uint8
        assert np.array_equal(got, bits)


@pytest.mark.parametrize("polynomial", POLYNOMIALS)
def test_descrambler_synchronises_itself_within_23_bits(rng, polynomial):
    bits = rng.integers(0, 2, 200, dtype=np.uint8)
    for initial in STATES[1:]:
        line = Scrambler(polynomial, initial).process(bits)
        got = Descrambler(polynomial, 0).process(line)
        assert not np.array_equal(got[:23], bits[:23])
        assert np.array_equal(got[23:], bits[23:])
    # The oldest bit of the wrong state counts in the 23rd bit and no later.
    got = Descrambler(polynomial, 1).process(Scrambler(polynomial, 0).process(bits))
    assert np.flatnonzero(got != bits).tolist() == [polynomial[0] - 1, 22]


@pytest.mark.parametrize("polynomial", POLYNOMIALS)
def test_a_line_error_makes_three_bit_errors(rng, polynomial):
    bits = rng.integers(0, 2, 300, dtype=np.uint8)
    line = Scrambler(polynomial).process(bits)
    line[100] ^= 1
    wrong = np.flatnonzero(Descrambler(polynomial).process(line) != bits)
    assert wrong.tolist() == [100, 100 + polynomial[0], 123]


@pytest.mark.parametrize("initial", [-1, 1 << 23])
@pytest.mark.parametrize("block", [Scrambler, Descrambler])
def test_a_state_of_more_than_23_bits_raises(block, initial):
    with pytest.raises(ValueError):
        block(GPC, initial)
