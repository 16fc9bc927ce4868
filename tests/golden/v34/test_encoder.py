"""Encoder as a whole: B1, V0's place, pieces, and every rate."""

import numpy as np
import pytest

from golden.bits.scrambler import GPA, GPC, Scrambler
from golden.v34.encoder import Inversions, SymbolEncoder
from golden.v34.energy import mean_energy
from golden.v34.formats import CHANNEL_POINT, PRECODED
from golden.v34.modulator import SYMBOL
from golden.v34.parameters import INVERSIONS, Framing, ModulationParameters, framings
from tests.golden.v34 import literal, literal_parameters
from tests.golden.v34.support import TAPS, random_parameters


@pytest.mark.parametrize("name", [2743, 3200])
def test_inversions(name, rng):
    """B1 has the pattern's last two bits, and a superframe begins after it."""
    framing = Framing(name, 4800)
    p, j = framing.mapping_frames, framing.data_frames
    pieces, inversions = [], Inversions(framing)
    while sum(map(len, pieces)) < 4 * p * (1 + 2 * j):
        pieces.append(inversions.process(int(rng.integers(0, 50))))
    bits = np.concatenate(pieces)[: 4 * p * (1 + 2 * j)].reshape(-1, 2 * p)
    assert not bits[:, 1:].any()
    pattern = INVERSIONS[j]
    assert "".join(map(str, bits[:, 0])) == pattern[-2:] + 2 * pattern


def test_b1():
    """10.1.3.1: one data frame of scrambled ones; with four points by hand.

    At 2400 bit/s each 4D symbol has I1 and I2. The scrambler begins with 1, 1, 1, 1, 1 and then
    zeroes (1 + 1 by the tap of 5).
    """
    p = ModulationParameters(2400, 2400)
    encoder = SymbolEncoder(p)
    symbols = encoder.process(np.ones(p.framing.bits, np.uint8))
    assert symbols.shape == (2, 8 * p.framing.mapping_frames)
    points = symbols // (1 << SYMBOL.fraction)
    assert np.array_equal(np.abs(symbols), np.full(symbols.shape, 1 << SYMBOL.fraction))
    scrambled = Scrambler(GPA).process(np.ones(8, np.uint8))
    assert scrambled.tolist() == [1, 1, 1, 1, 1, 0, 0, 0]
    # I1 I2 of four 4D symbols: 11, 11, 10, 00. Z: 1, 2, 2, 2. V0 is 1 in the first 4D symbol (the
    # pattern ends with 10), so that U0 is 1: turns of the second point 1 + 2 + 1 = 4.
    first = [(-1j) ** turns * (1 + 1j) for turns in (1, 4)]
    assert (points[:, :2].T @ [1, 1j]).tolist() == first


def test_pieces_and_channels(rng):
    """Bits in any pieces; channels side by side; a reset begins B1 again."""
    for _ in range(5):
        p = random_parameters(rng)
        bits = rng.integers(0, 2, (2, p.framing.bits * 3 + 7), dtype=np.uint8)
        whole = SymbolEncoder(p).process(bits)
        encoder, pieces, start = SymbolEncoder(p), [], 0
        while start < bits.shape[-1]:
            end = start + int(rng.integers(0, p.framing.bits))
            pieces.append(encoder.process(bits[:, start:end]))
            start = end
        assert np.array_equal(np.concatenate(pieces, axis=-1), whole)
        encoder.reset()
        assert np.array_equal(encoder.process(bits[0]), whole[0])
        assert SymbolEncoder(p).process(bits[:0, :0]).shape == (0, 2, 0)


def test_scrambler():
    """The other polynomial gives other symbols."""
    p = ModulationParameters(3000, 14400)
    ones = np.ones(p.framing.bits, np.uint8)
    symbols = [SymbolEncoder(p, polynomial).process(ones) for polynomial in (GPA, GPC)]
    assert not np.array_equal(*symbols)


@pytest.mark.parametrize("row", [f for f in framings() if f.rate % 2400 == 0], ids=str)
def test_every_rate(row, rng):
    """Symbols, x and y fit, and are as many as the framing says."""
    p = ModulationParameters(row.symbol_rate, row.rate, 64, True, True, TAPS)
    encoder = SymbolEncoder(p)
    symbols = encoder.process(rng.integers(0, 2, 2 * row.bits, dtype=np.uint8))
    assert symbols.shape[-1] == 16 * row.mapping_frames
    for values, form in (
        (symbols, SYMBOL),
        (encoder.precoded, PRECODED),
        (encoder.outputs, CHANNEL_POINT),
    ):
        assert values.min() >= form.min
        assert values.max() <= form.max
    assert np.all(encoder.outputs % 2 == 1)


def test_without_a_precoder(rng):
    """x is y, and x' is x where Theta is zero."""
    p = ModulationParameters(3429, 33600, expanded=True)
    encoder = SymbolEncoder(p)
    symbols = encoder.process(rng.integers(0, 2, p.framing.bits, dtype=np.uint8))
    assert np.array_equal(encoder.precoded, encoder.outputs << PRECODED.fraction)
    assert np.array_equal(symbols, encoder.outputs << SYMBOL.fraction)


def _check_literally(p, frames, rng):
    """x, y and x' of B1 and some data against tests/golden/v34/literal.py."""
    f = p.framing
    bits = rng.integers(0, 2, sum(f.b - (not high) for high in f.high[:frames]), dtype=np.uint8)
    encoder = SymbolEncoder(p)
    symbols = encoder.process(np.concatenate([np.ones(f.bits, np.uint8), bits]))
    rate, trellis, taps = (p.symbol_rate, p.rate), p.trellis, p.precoder
    steps = list(literal.steps(bits.tolist(), *rate, trellis, p.expanded, taps))
    for name, found, fraction in (
        ("y", encoder.outputs, 0),
        ("x", encoder.precoded, PRECODED.fraction),
    ):
        exact = [[part * (1 << fraction) for part in step[name]] for step in steps]
        assert found.T.tolist() == exact, (name, p)
    energy = mean_energy(p)
    assert energy == literal_parameters.mean_energy(*rate, p.expanded)
    exact = [literal.projected(step["x"], p.theta, energy) for step in steps]
    error = symbols.T / (1 << SYMBOL.fraction) - np.array(exact, float)
    # Half a bit of SYMBOL, and what zeta's roundings make of a component of 45: 3e-5 times 45.
    assert np.abs(error).max() < 0.5 / (1 << SYMBOL.fraction) + (p.theta > 0) * 2e-3


def test_literally(rng):
    """Twelve sets of parameters."""
    for _ in range(12):
        _check_literally(random_parameters(rng), 2, rng)


@pytest.mark.long
def test_literally_many(rng):
    """Three hundred."""
    for _ in range(300):
        _check_literally(random_parameters(rng), 6, rng)
