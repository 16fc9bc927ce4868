"""Tables of V.34's line signal against clause 5: exact ratios, templates, rounding."""

from fractions import Fraction

import numpy as np
import pytest

from golden.errors import V90Error
from golden.v34.pulse import (
    ENERGY,
    PRE_EMPHASES,
    RATES,
    SPAN,
    SYMBOL_RATES,
    LineSignal,
    pre_emphasis_reference,
    pulse_reference,
    ratio_of,
    spectrum_reference,
    taps_of,
    taps_reference,
)

EACH_RATE = pytest.mark.parametrize("symbol_rate", SYMBOL_RATES)

#: Table 2 as printed: both carriers rounded to 1 Hz.
TABLE_2 = {
    2400: (1600, 1800),
    2743: (1646, 1829),
    2800: (1680, 1867),
    3000: (1800, 2000),
    3200: (1829, 1920),
    3429: (1959, 1959),
}


def lines(symbol_rate):
    """Both carriers, each with every pre-emphasis."""
    return [
        LineSignal(symbol_rate, carrier, index)
        for carrier in ("low", "high")
        for index in range(PRE_EMPHASES)
    ]


@EACH_RATE
def test_tables_1_and_2(symbol_rate):
    line = LineSignal(symbol_rate)
    assert round(line.exact_rate) == symbol_rate
    for carrier, printed in zip(("low", "high"), TABLE_2[symbol_rate], strict=True):
        ratio = LineSignal(symbol_rate, carrier).carrier_ratio
        assert round(ratio * line.exact_rate) == printed
        assert ratio.denominator <= 7


@pytest.mark.parametrize("rate", RATES)
@EACH_RATE
def test_samples_and_symbols_meet_exactly(symbol_rate, rate):
    phases, symbols = ratio_of(symbol_rate, rate)
    assert Fraction(phases, symbols) * LineSignal(symbol_rate).exact_rate == rate
    assert taps_of(LineSignal(symbol_rate), rate).shape == (phases, SPAN, 2)


def test_figures_1_and_2():
    """Tables 3 and 4 at the frequencies that the figures mark."""
    for index, alpha in enumerate((0, 2, 4, 6, 8, 10)):
        got = pre_emphasis_reference(index, np.array([0, 0.5, 1, 1.2]))
        assert np.allclose(got, [0, alpha / 2, alpha, 1.2 * alpha])
    for index, beta in zip(range(6, 11), (0.5, 1, 1.5, 2, 2.5), strict=True):
        got = pre_emphasis_reference(index, np.array([0, 0.4, 0.8, 1, 1.2]))
        assert np.allclose(got, [0, 0, beta, 2 * beta, 3 * beta])
    assert PRE_EMPHASES == 11


@EACH_RATE
def test_taps_are_the_reference_s_and_far_from_ties(symbol_rate):
    """No tap is so near a tie that the error of a library's cosine, 1e-12, could turn it."""
    for line in lines(symbol_rate):
        exact = taps_reference(line, 16000) * 32768
        assert np.abs(taps_of(line, 16000) - exact).max() <= 0.5
        assert np.abs(exact % 1 - 0.5).min() > 1e-8


@EACH_RATE
def test_8_khz_has_every_second_sample_of_16_khz(symbol_rate):
    for line in lines(symbol_rate)[::5]:
        twice, once = taps_of(line, 16000), taps_of(line, 8000)
        every = np.arange(2 * len(once)) % len(twice)
        assert np.array_equal(once, twice[every[::2]])


@EACH_RATE
def test_headroom_and_energy(symbol_rate):
    """A phase's magnitudes stay below 4, which PULSE_SUM needs; all lines have the same energy."""
    for line in lines(symbol_rate):
        taps = taps_of(line, 16000)
        assert np.abs(taps).sum((1, 2)).max() < 4 << 15
        assert np.abs(taps).max() <= np.sqrt(0.525) * 32768
        # Phases are not a whole number of samples a symbol, so their mean is the integral's within
        # what lies beyond half the rate: 1e-4. Rounding adds less.
        energy = np.square(taps / 32768).sum() / len(taps)
        assert abs(energy / ENERGY - 1) < 2e-4


@EACH_RATE
def test_the_pulse_mirrored_is_its_conjugate(symbol_rate):
    at = np.linspace(-SPAN / 2 - 1, SPAN / 2 + 1, 777)
    for line in lines(symbol_rate)[::7]:
        pulse = pulse_reference(line, at)
        assert np.allclose(pulse[::-1], pulse.conj(), atol=1e-12)
        assert not pulse[np.abs(at) >= SPAN / 2].any()


@EACH_RATE
def test_the_window_does_little_to_the_spectrum(symbol_rate):
    """Within 0.45 of the carrier 0.03 dB, of which 5.4 gives 1 dB to all of a transmitter."""
    for line in lines(symbol_rate):
        at = np.arange(-SPAN * 2, SPAN * 2) / 4
        frequency = float(line.carrier_ratio) + np.linspace(-0.45, 0.45, 181)
        turn = np.exp(-2j * np.pi * np.multiply.outer(frequency, at))
        got = np.abs(turn @ pulse_reference(line, at))
        off = 20 * np.log10(got / spectrum_reference(line, frequency))
        assert np.ptp(off) / 2 < 0.03


@EACH_RATE
def test_pulse_and_matched_filter_have_no_other_symbols(symbol_rate):
    """Without pre-emphasis they are Nyquist's: all other symbols together are 55 dB down."""
    for carrier in ("low", "high"):
        line = LineSignal(symbol_rate, carrier)
        at = np.arange(-4 * SPAN, 4 * SPAN) / 8
        pulse = pulse_reference(line, at)
        both = np.correlate(pulse, pulse, "full")
        middle = len(pulse) - 1
        energy = np.square(np.abs(both[middle % 8 :: 8])).sum()
        assert abs(both[middle] / 8 / ENERGY - 1) < 1e-6
        assert energy / abs(both[middle]) ** 2 - 1 < 10**-5.5


def test_refuses_what_is_not_so():
    with pytest.raises(V90Error, match="2400, 2743, 2800, 3000, 3200, 3429, not 9600"):
        LineSignal(9600)
    with pytest.raises(V90Error, match="'low' or 'high', not 'mid'"):
        LineSignal(3200, "mid")
    with pytest.raises(V90Error, match="0 to 10, not 11"):
        LineSignal(3200, "low", 11)
    with pytest.raises(V90Error, match="16000 or 8000 samples a second, not 9600"):
        ratio_of(3200, 9600)
