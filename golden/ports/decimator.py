"""A codec's 48 or 32 kHz to the receiver's 16 kHz: a low-pass, and every third or second sample.

There is no clause for it: 5.2/V.90 leaves the analogue modem's A/D to its maker. The signal is
below 4.2 kHz; what folds into that is from 11.8 kHz on, and stopped. What is between comes to lie
above 4.2 kHz, where there is nothing that a receiver wants. The pass band need not be level, as the
equaliser would mend it; it is.
"""

import numpy as np

from golden.errors import V90Error
from golden.fixed import Overflow, Rounding, check_range, requant
from golden.formats import DECIMATOR_SUM, DECIMATOR_TAP, SAMPLE

#: Rate in Hz that comes out, and the factor for each rate that may come in.
RATE = 16000
FACTORS = {32000: 2, 48000: 3}

#: Edges in Hz of what is passed and of what is stopped.
PASS, STOP = 4200, 11800

#: Ripple of the pass band and loss of the stop band in dB, with the taps as they are rounded.
RIPPLE, LOSS = 0.002, 81

#: Samples that come out while one is in the filter, less one of those that go in.
_REACH = 12

#: Of the Kaiser window.
_BETA = 8.85


def factor_of(rate):
    """The factor from ``rate`` Hz; :class:`~golden.errors.V90Error` where there is none."""
    if rate not in FACTORS:
        known = " or ".join(f"{known:g}" for known in FACTORS)
        raise V90Error(f"a codec has {known} samples a second, not {rate:g}")
    return FACTORS[rate]


def taps_reference(factor):
    """Taps in float64: a sinc that is 6 dB down in the middle of both edges, by a Kaiser window."""
    reach = _REACH * factor / 2
    at = np.arange(_REACH * factor - 1) - (reach - 1)
    window = np.i0(_BETA * np.sqrt(1 - (at / reach) ** 2))
    taps = np.sinc(at * (PASS + STOP) / RATE / factor) * window
    return taps / taps.sum()


def taps_of(factor):
    """Taps (int64, DECIMATOR_TAP), the newest sample's first; they are the same backwards."""
    return np.rint(taps_reference(factor) * (1 << DECIMATOR_TAP.fraction)).astype(np.int64)


#: Taps by factor: a table for gateware.
TAPS = {factor: tuple(taps_of(factor).tolist()) for factor in FACTORS.values()}


class Decimator:
    """Every ``factor``-th sample of a low-pass's, 3 from 48 kHz or 2 from 32 kHz.

    ``process(x)``: SAMPLE (int64), ``(..., n)``, time on the last axis; returns SAMPLE,
    ``(..., m)``. One comes with every ``factor``-th sample; before the first there were zeros.
    Calls in pieces give what one call gives. Leading axes are those of the first call. Sums are
    exact, rounded once and saturated. Delay: ``6 factor - 1`` of the samples that go in.
    """

    def __init__(self, factor):
        if factor not in FACTORS.values():
            raise V90Error(f"a decimator's factor is 2 or 3, not {factor}")
        self.factor, self.taps = factor, taps_of(factor)
        self.reset()

    def reset(self):
        """Zeros came before, and the next sample is the first."""
        self._kept = None

    def process(self, x):
        """See the class."""
        x = np.asarray(x, np.int64)
        check_range(x, SAMPLE, "sample")
        if self._kept is None:
            self._kept = np.zeros((*x.shape[:-1], len(self.taps) - self.factor), np.int64)
        whole = np.concatenate([self._kept, x], axis=-1)
        starts = np.arange(0, whole.shape[-1] - len(self.taps) + 1, self.factor)
        self._kept = whole[..., len(starts) * self.factor :]
        total = whole[..., starts[:, None] + np.arange(len(self.taps))] @ self.taps
        return requant(total, DECIMATOR_SUM, SAMPLE, Rounding.HALF_UP, Overflow.SAT)
