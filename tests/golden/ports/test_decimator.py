"""The decimator against the frequency response of its taps, and against float64."""

import numpy as np
import pytest

from golden.errors import V90Error
from golden.ports.decimator import (
    FACTORS,
    PASS_EDGE,
    PASS_RIPPLE,
    STOP_EDGE,
    STOP_LOSS,
    Decimator,
    factor_of,
    taps_of,
    taps_reference,
)
from golden.receiver.timing import SAMPLE_RATE

EACH = pytest.mark.parametrize("factor", [2, 3])


def response(taps, factor, f):
    """Magnitude in dB at ``f`` Hz."""
    turn = np.exp(-2j * np.pi * np.multiply.outer(f, np.arange(len(taps))) / (factor * SAMPLE_RATE))
    return 20 * np.log10(np.abs(turn @ taps))


def tone(f, factor, count, phase=0.4, amplitude=29000):
    return amplitude * np.cos(2 * np.pi * f / (factor * SAMPLE_RATE) * np.arange(count) + phase)


def decibels(signal, error):
    return 10 * np.log10(np.mean(np.square(signal)) / np.mean(np.square(error)))


@EACH
def test_the_response(factor):
    """Ripple and loss as they are told; the float64 taps, which rounding made worse, have 87 dB."""
    passed, stopped = (
        np.linspace(0, PASS_EDGE, 500),
        np.linspace(STOP_EDGE, factor * SAMPLE_RATE / 2, 1500),
    )
    taps = taps_of(factor) / 32768
    assert len(taps) == 12 * factor - 1 and np.array_equal(taps, taps[::-1])
    assert np.abs(response(taps, factor, passed)).max() < PASS_RIPPLE
    assert response(taps, factor, stopped).max() < -STOP_LOSS
    assert response(taps_reference(factor), factor, stopped).max() < -86


@EACH
def test_taps_are_the_reference_s(factor):
    off = taps_of(factor) - taps_reference(factor) * 32768
    assert 0 < np.abs(off).max() <= 0.5


@EACH
@pytest.mark.parametrize("f", [37.5, 1000, 2345, 4200])
def test_a_tone_of_16_bits(factor, f):
    """Against float64 with the same taps: what is lost is the one rounding.

    An error of 1/12 beside 29000**2 / 2 is 97.0 dB; a tone's errors need not be spread evenly, for
    which there is 1 dB.
    """
    samples = np.rint(tone(f, factor, 6000)).astype(np.int64)
    got = Decimator(factor).process(samples)
    exact = np.convolve(samples, taps_of(factor))[: len(samples)][factor - 1 :: factor] / 32768
    assert len(got) == 6000 // factor
    assert decibels(exact, got - exact) > 96
    # And it is the tone, as much later as is said, with the rounding of
    # what goes in, of what comes out, and a ripple of 0.002 dB, which is a 4300th: 72 dB.
    late = 2 * np.pi * f / (factor * SAMPLE_RATE) * (6 * factor - 1)
    want = tone(f, factor, 6000, 0.4 - late)[factor - 1 :: factor]
    assert decibels(want[20:], (got - want)[20:]) > 72


@EACH
def test_what_would_fold_is_gone(factor):
    """A tone that would come to lie at 4.2 and at 1 kHz, of 29000: 81 dB down is below 3."""
    for f in (STOP_EDGE, SAMPLE_RATE - 1000, factor * SAMPLE_RATE / 2):
        got = Decimator(factor).process(np.rint(tone(f, factor, 3000)).astype(np.int64))
        assert np.abs(got[12:]).max() <= 3


@EACH
def test_the_first_sample_is_taken_with_the_last_of_the_first_few(factor):
    """An impulse as the last of them comes out as every so-many-th tap, from the first on."""
    x = np.zeros(20 * factor, np.int64)
    x[factor - 1] = 16384
    got = Decimator(factor).process(x)
    taps = taps_of(factor)[::factor]
    assert np.array_equal(got[: len(taps)], (taps + 1) >> 1) and not got[len(taps) :].any()


@EACH
def test_saturates(factor):
    taps = taps_of(factor)
    x = np.zeros((12 * factor) * 2, np.int64)
    x[: len(taps)] = np.where(taps > 0, 32767, -32768)
    x[-len(taps) - 1 : -1] = np.where(taps > 0, -32768, 32767)
    got = Decimator(factor).process(np.concatenate([np.zeros(1, np.int64), x]))
    assert got.max() == 32767 and got.min() == -32768
    with pytest.raises(OverflowError, match="sample"):
        Decimator(factor).process(np.array([40000]))


@EACH
def test_pieces_and_leading_axes(factor, rng):
    x = rng.integers(-32768, 32768, (2, 3, 500))
    whole = Decimator(factor).process(x)
    assert whole.shape == (2, 3, 500 // factor)
    decimator = Decimator(factor)
    cuts = [0, 1, 1, 2, 40, 41, 300, 500]
    parts = [decimator.process(x[..., a:b]) for a, b in zip(cuts, cuts[1:], strict=False)]
    assert np.array_equal(np.concatenate(parts, axis=-1), whole)
    decimator.reset()
    assert np.array_equal(decimator.process(x[1, 2]), whole[1, 2])


def test_rates():
    assert {factor_of(rate) * SAMPLE_RATE for rate in FACTORS} == set(FACTORS)
    with pytest.raises(V90Error, match="a codec has 32000 or 48000 samples a second, not 44100"):
        factor_of(44100)
    with pytest.raises(V90Error, match="factor is 2 or 3, not 4"):
        Decimator(4)
