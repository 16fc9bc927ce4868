"""V.34's modulator (clause 5/V.34): symbols to samples of the line.

A symbol is brought to a common level, turned by the carrier's phase at its time, which is one of e
phases as the carrier is d/e of the symbol rate, and shaped by the pulse of :mod:`golden.v34.pulse`.
"""

from math import cos, isqrt, pi, sin

import numpy as np

from golden.errors import V90Error, short
from golden.fixed import Overflow, Rounding, check_range, requant
from golden.formats import SAMPLE, Q
from golden.v34.pulse import SPAN, pulse_reference, ratio_of, taps_of

#: A symbol x'(n) (9.7): the outermost point's coordinate is 45, a precoder adds less than 2, the
#: non-linear encoder at most a sixth. Points as the precoder makes them have 7 fraction bits.
SYMBOL = Q(1, 6, 9)

#: Least and most mean energy of symbols: 2 is that of point 0, 830 that of 33 600 bit/s with all.
LEAST_ENERGY, MOST_ENERGY = 0.25, 1024

#: Root of the mean square of symbols at the common level, and of samples.
LEVEL, SAMPLE_LEVEL = 8192, 4096

#: Most bits by which a symbol is shifted left, as SYMBOL has 6 integer bits.
MOST_SHIFT = 5

#: Carrier phases times the mode's factor to LEVEL, which is from a half to two.
ROTATION = Q(1, 1, 14)

#: Two products of 16 bits: magnitudes of sqrt(2) 2**15 and 2 are below 2**17 together.
ROTATION_SUM = Q(1, 17, 14)

#: A symbol turned, at LEVEL, with peaks of four times that. The most is 3.5 times: 4800 bit/s at
#: 3000, where a precoder adds as much as a point has, and the non-linear encoder is on.
ROTATED = Q(1, 15, 0)

#: A sample's products: magnitudes of a phase's taps add up to less than 4.
PULSE_SUM = Q(1, 17, 15)


def shifted_format(shift):
    """Format of a symbol shifted left by ``shift`` bits, 0 to MOST_SHIFT, into the same 16."""
    return Q(1, SYMBOL.integer - shift, SYMBOL.fraction + shift)


#: The same for one bit: gateware shifts a bit at a time.
SYMBOL_DOUBLED = shifted_format(1)


def rotations_of(line, energy):
    """``(shift, phases)`` for symbols of mean ``energy``.

    ``shift``: bits by which a symbol is shifted left, as many as keep its root mean square within
    LEVEL. ``phases`` (int64, ROTATION, ``(e, 2)``): cosine and sine of the carrier's phase at
    symbols 0, 1, .., times what is left to LEVEL.
    """
    if not LEAST_ENERGY <= energy <= MOST_ENERGY:
        raise V90Error(
            f"the mean energy of symbols is {LEAST_ENERGY} to {MOST_ENERGY}, not {short(energy)}"
        )
    # The root of the mean square in units of 2**-20 of the format's last bit.
    root = isqrt(int(energy * (1 << 2 * (SYMBOL.fraction + 20))))
    shift = 0
    while root << (shift + 1) <= LEVEL << 20 and shift < MOST_SHIFT:
        shift += 1
    factor = (LEVEL << 20) / (root << shift)
    d, e = line.carrier_ratio.as_integer_ratio()
    angles = [2 * pi * (d * n % e) / e for n in range(e)]
    exact = np.array([[cos(angle), sin(angle)] for angle in angles]) * factor
    phases = np.rint(exact * (1 << ROTATION.fraction)).astype(np.int64)
    return shift, np.minimum(phases, ROTATION.max)  # the least factor above 1 shifted: 2 - 2**-16


class Modulator:
    """Samples at 16 or 8 kHz of V.34's symbols; their level is the same in every mode.

    ``process(symbols)``: SYMBOL (int64), ``(..., 2, n)``, real and imaginary parts on the last axis
    but one, time on the last; returns SAMPLE (int64), ``(..., m)``, all whose time is before the
    end of the last symbol. Calls in pieces give what one call gives. Leading axes are channels,
    those of the first call. The pulse's middle comes ``SPAN / 2`` symbols after its symbol. At
    8 kHz a sample is every second one of 16 kHz.

    Samples have the root mean square SAMPLE_LEVEL, 18.1 dB below full scale, when symbols have the
    mean energy that was stated. Symbols and samples that do not fit saturate; products and sums are
    exact and rounded once, to nearest.

    Parameters
    ----------
    line : golden.v34.pulse.LineSignal
    energy : float or Fraction
        Mean energy of symbols, such as 2 for a 4-point TRN. See :meth:`set_energy`.
    rate : int
        Samples a second, 16000 or 8000.

    Raises :class:`~golden.errors.V90Error` for another rate or energy, ``OverflowError`` for
    symbols that SYMBOL does not hold.
    """

    def __init__(self, line, energy=2, rate=16000):
        self.line = line
        self.phases, self.symbols = ratio_of(line.symbol_rate, rate)
        # The earliest symbol's first, as symbols lie in a window.
        self._taps = np.ascontiguousarray(taps_of(line, rate)[:, ::-1])
        self.set_energy(energy)
        self.reset()

    def set_energy(self, energy):
        """Symbols from here on have this mean energy (10.1.3: B1's power is that of TRN)."""
        self.shift, self.rotations = rotations_of(self.line, energy)

    def reset(self):
        """Zeros came before; the next symbol is the first, and a sample comes at its time."""
        self._kept = None
        self._turn = 0  # of the carrier, modulo e
        self._phase = 0  # of the next sample, modulo ``phases``
        self._late = 0  # how long after the next symbol it comes, in symbols / phases

    def _rotated(self, x):
        shifted = requant(x, SYMBOL, shifted_format(self.shift), Rounding.TRUNC, Overflow.SAT)
        turns = (self._turn + np.arange(x.shape[-1])) % len(self.rotations)
        self._turn = (self._turn + x.shape[-1]) % len(self.rotations)
        cosine, sine = self.rotations[turns].T
        re, im = shifted[..., 0, :], shifted[..., 1, :]
        both = np.stack([re * cosine - im * sine, re * sine + im * cosine], axis=-1)
        return requant(both, ROTATION_SUM, ROTATED, Rounding.HALF_UP, Overflow.SAT)

    def process(self, symbols):
        """See the class."""
        x = np.asarray(symbols, np.int64)
        if x.ndim < 2 or x.shape[-2] != 2:
            raise ValueError(f"symbols have the shape (.., 2, n), not {x.shape}")
        check_range(x, SYMBOL, "symbol")
        if self._kept is None:
            self._kept = np.zeros((*x.shape[:-2], SPAN - 1, 2), np.int64)
        whole = np.concatenate([self._kept, self._rotated(x)], axis=-2)
        self._kept = whole[..., whole.shape[-2] - SPAN + 1 :, :]
        end = x.shape[-1] * self.phases
        count = max(0, -((self._late - end) // self.symbols))
        total = np.zeros((*x.shape[:-2], count), np.int64)
        if count:
            windows = np.lib.stride_tricks.sliding_window_view(whole, SPAN, axis=-2)
            for first in range(min(count, self.phases)):
                begun = (self._late + first * self.symbols) // self.phases
                taps = self._taps[(self._phase + first) % self.phases]
                samples = total[..., first :: self.phases]
                used = windows[..., begun :: self.symbols, :, :][..., : samples.shape[-1], :, :]
                samples[...] = np.einsum("...ps,sp->...", used, taps)
        self._late += count * self.symbols - end
        self._phase = (self._phase + count) % self.phases
        return requant(total, PULSE_SUM, SAMPLE, Rounding.HALF_UP, Overflow.SAT)


def modulate_reference(symbols, line, energy, rate=16000):
    """Samples (float64) of symbols (complex128, time on the last axis), nothing rounded.

    The carrier is multiplied in at each sample, after a complex pulse in baseband. Samples come
    when :class:`Modulator`'s come.
    """
    symbols = np.asarray(symbols, np.complex128)
    phases, step = ratio_of(line.symbol_rate, rate)
    count = -(-symbols.shape[-1] * phases // step)
    begun, at = np.divmod(np.arange(count) * step, phases)
    after = np.arange(phases)[:, None] / phases + np.arange(SPAN) - SPAN / 2
    carrier = float(line.carrier_ratio)
    pulse = pulse_reference(line, after) * np.exp(-2j * np.pi * carrier * after)
    before = np.zeros((*symbols.shape[:-1], SPAN - 1))
    padded = np.concatenate([before, symbols * (LEVEL / np.sqrt(float(energy)))], axis=-1)
    baseband = np.zeros((*symbols.shape[:-1], count), np.complex128)
    for ago in range(SPAN):
        baseband += padded[..., SPAN - 1 + begun - ago] * pulse[at, ago]
    times = np.arange(count) * step / phases - SPAN / 2
    return (baseband * np.exp(2j * np.pi * carrier * times)).real
