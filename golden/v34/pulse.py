"""Line signals of V.34 as tables (clause 5/V.34): symbol rates, carriers, pre-emphasis, pulse.

The transmitted spectrum is a square root of a raised cosine of 5 % roll-off around the carrier
times the pre-emphasis of 5.4. V.34 leaves open what lies beyond 0.45 of the symbol rate from the
carrier. A steep edge there keeps the client's echo canceller short: little is sent below 150 Hz,
where the hybrid rings longest. The edge is 0.1 dB down at 0.475, 3 dB at 0.5, 16 dB at 0.525.

Pre-emphasis depends on the frequency on the line, so it is not symmetric about the carrier, and its
baseband equivalent is complex. As a filter of its own it would cost multiplications for each
sample. Folded into the pulse it costs none, if the pulse is one of the pass band: the carrier is in
its taps, which are complex then, and a symbol is turned by its own carrier phase before. Of complex
symbols times complex taps only the real part is wanted: two multiplications a tap, as many as for a
real pulse in baseband, which would need the carrier for each sample besides.
"""

from dataclasses import dataclass
from fractions import Fraction
from functools import cache

import numpy as np

from golden.errors import V90Error, short
from golden.formats import Q

#: a and c of Table 1: the symbol rate is 2400 a/c.
SYMBOL_RATES = {
    2400: (1, 1),
    2743: (8, 7),
    2800: (7, 6),
    3000: (5, 4),
    3200: (4, 3),
    3429: (10, 7),
}

#: d and e of Table 2: the carrier is d/e of the symbol rate.
CARRIERS = {
    2400: {"low": (2, 3), "high": (3, 4)},
    2743: {"low": (3, 5), "high": (2, 3)},
    2800: {"low": (3, 5), "high": (2, 3)},
    3000: {"low": (3, 5), "high": (2, 3)},
    3200: {"low": (4, 7), "high": (3, 5)},
    3429: {"low": (4, 7), "high": (4, 7)},
}

#: alpha of Table 3 in dB, for indices 0 to 5: what is added from 0 to the symbol rate.
ALPHA = (0, 2, 4, 6, 8, 10)

#: beta and gamma of Table 4 in dB, for indices 6 to 10.
BETA_GAMMA = ((0.5, 1), (1, 2), (1.5, 3), (2, 4), (2.5, 5))

PRE_EMPHASES = len(ALPHA) + len(BETA_GAMMA)

#: Samples a second: the client's D/A, and linear values on their way to G.711.
RATES = (16000, 8000)

#: The square root of a raised cosine that is cut by the window: its edge and roll-off, in symbol
#: rates from the carrier. The window spreads the edge; these two undo that, so that pulse and
#: matched filter together have other symbols 58 dB down. A roll-off of 5 % about 0.5 would have
#: them 33 dB down after the window.
EDGE, ROLL_OFF = 0.5035, 0.04

#: Symbols that a sample is made of, and beta of the Kaiser window over them. All is 64 dB down from
#: 0.55 of the symbol rate off the carrier on; up to 0.45 the spectrum is level within 0.03 dB. The
#: largest table has 40 phases and 4000 words.
SPAN, _BETA = 50, 4.4

#: Energy of the pulse in symbols: the mean over phases of the sum of squares of a sample's taps.
ENERGY = 0.5

#: Taps: energy 0.5 within a band of 1.05 symbol rates allows no more than sqrt(0.525) = 0.73.
TAP = Q(1, 0, 15)


@dataclass(frozen=True)
class LineSignal:
    """What phase 2 settles of a transmitter's line signal.

    ``symbol_rate``: as Table 1 rounds it, 2400 to 3429. ``carrier``: ``"low"`` or ``"high"``.
    ``pre_emphasis``: index 0 to 10 (Tables 3 and 4).

    Raises :class:`~golden.errors.V90Error` for what is none of these.
    """

    symbol_rate: int
    carrier: str = "low"
    pre_emphasis: int = 0

    def __post_init__(self):
        if self.symbol_rate not in SYMBOL_RATES:
            known = ", ".join(map(str, SYMBOL_RATES))
            raise V90Error(f"a symbol rate is one of {known}, not {short(self.symbol_rate)}")
        if self.carrier not in ("low", "high"):
            raise V90Error(f"a carrier is 'low' or 'high', not {short(self.carrier)}")
        if self.pre_emphasis not in range(PRE_EMPHASES):
            raise V90Error(
                f"a pre-emphasis index is 0 to {PRE_EMPHASES - 1}, not {short(self.pre_emphasis)}"
            )

    @property
    def exact_rate(self):
        """Symbols a second, a fraction (5.2)."""
        a, c = SYMBOL_RATES[self.symbol_rate]
        return Fraction(2400 * a, c)

    @property
    def carrier_ratio(self):
        """Carrier as a fraction d/e of the symbol rate (5.3)."""
        return Fraction(*CARRIERS[self.symbol_rate][self.carrier])


def ratio_of(symbol_rate, rate):
    """``(phases, symbols)``: so many samples at ``rate`` Hz take exactly so many symbols."""
    if rate not in RATES:
        raise V90Error(f"a line has {RATES[0]} or {RATES[1]} samples a second, not {short(rate)}")
    samples = rate / LineSignal(symbol_rate).exact_rate
    return samples.numerator, samples.denominator


def pre_emphasis_reference(index, frequency):
    """Decibels of filter ``index`` at ``frequency``, a fraction of the symbol rate (Figures 1, 2).

    Figure 2 leaves 0.4 to 0.8 open; a straight line goes through it.
    """
    if index < len(ALPHA):
        return ALPHA[index] * np.asarray(frequency, np.float64)
    beta, gamma = BETA_GAMMA[index - len(ALPHA)]
    rise = gamma / 0.4
    return np.interp(frequency, [0.4, 0.8, 2.0], [0, beta, beta + 1.2 * rise])


def spectrum_reference(line, frequency):
    """Magnitude (not in dB) at ``frequency``, a fraction of the symbol rate; 1 at 0 dB."""
    away = np.abs(np.asarray(frequency) - float(line.carrier_ratio))
    place = np.clip((away - EDGE) / ROLL_OFF + 0.5, 0, 1)
    emphasis = 10 ** (pre_emphasis_reference(line.pre_emphasis, frequency) / 20)
    return np.cos(np.pi / 2 * place) * emphasis


@cache
def _nodes(line):
    # Gauss and Legendre between the frequencies at which the spectrum has a kink.
    centre = float(line.carrier_ratio)
    inner, outer = EDGE - ROLL_OFF / 2, EDGE + ROLL_OFF / 2
    edges = [centre - outer, centre - inner, 0.4, 0.8, centre + inner, centre + outer]
    edges = sorted(edges)
    at, weight = np.polynomial.legendre.leggauss(96)
    half = np.diff(edges)[:, None] / 2
    frequency = (np.array(edges[:-1])[:, None] + half * (1 + at)).ravel()
    return frequency, (half * weight).ravel() * spectrum_reference(line, frequency)


def _unscaled(line, at):
    frequency, weight = _nodes(line)
    inside = np.sqrt(np.maximum(0, 1 - (2 * at / SPAN) ** 2))
    window = np.i0(_BETA * inside) / np.i0(_BETA) * (inside > 0)
    return np.exp(2j * np.pi * np.multiply.outer(at, frequency)) @ weight * window


@cache
def _scale(line):
    # Squares of the pulse have no more than twice its bandwidth: four a symbol give the integral.
    at = np.arange(-2 * SPAN, 2 * SPAN) / 4
    return np.sqrt(ENERGY / np.mean(np.abs(_unscaled(line, at)) ** 2) / SPAN)


def pulse_reference(line, at):
    """The pulse of the pass band (complex128) at times ``at`` in symbols, 0 its middle.

    Outside of half ``SPAN`` it is zero. The pulse at -t is the conjugate of that at t.
    """
    return _unscaled(line, np.asarray(at, np.float64)) * _scale(line)


def taps_reference(line, rate):
    """Taps in float64, shaped as :func:`taps_of`."""
    phases, symbols = ratio_of(line.symbol_rate, rate)
    begun = np.arange(phases) * symbols % phases / phases
    pulse = pulse_reference(line, begun[:, None] + np.arange(SPAN) - SPAN / 2)
    return np.stack([pulse.real, -pulse.imag], axis=-1)


@cache
def taps_of(line, rate):
    """Taps (int64, TAP, ``(phases, SPAN, 2)``) in the order in which they are used.

    Sample n has those of phase ``n % phases``; one sample is ``symbols / phases`` symbols. The
    latest symbol's come first: its real part's, then its imaginary part's with the sign turned, so
    that the sum of all products is the real part of symbols times pulse.
    """
    taps = np.rint(taps_reference(line, rate) * (1 << TAP.fraction)).astype(np.int64)
    taps.flags.writeable = False
    return taps
