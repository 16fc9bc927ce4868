"""A codec's 48 or 32 kHz to the receiver's 16 kHz: a low-pass, and every third or second sample.

No clause describes it: 5.2/V.90 leaves the analogue modem's A/D to its maker. The signal is below
4.2 kHz. Frequencies from 11.8 kHz on would fold into that, and are stopped. Those in between fold
to above 4.2 kHz, where a receiver wants nothing. The pass band is level, although the equaliser
would correct it.
"""

import numpy as np

from golden.errors import V90Error
from golden.fixed import Overflow, Rounding, check_range, requant
from golden.formats import DECIMATOR_SUM, DECIMATOR_TAP, SAMPLE
from golden.receiver.timing import SAMPLE_RATE

#: The factor for each rate in Hz that may come in.
FACTORS = {32000: 2, 48000: 3}

#: Edges in Hz of the pass band and of the stop band.
PASS_EDGE, STOP_EDGE = 4200, 11800

#: Ripple of the pass band and loss of the stop band in dB, with the taps as they are rounded.
PASS_RIPPLE, STOP_LOSS = 0.002, 81

#: Length of the filter in samples that come out; it has one tap less.
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
    """Taps in float64: a sinc that is 6 dB down midway between both edges, by a Kaiser window."""
    reach = _REACH * factor / 2
    at = np.arange(_REACH * factor - 1) - (reach - 1)
    window = np.i0(_BETA * np.sqrt(1 - (at / reach) ** 2))
    taps = np.sinc(at * (PASS_EDGE + STOP_EDGE) / SAMPLE_RATE / factor) * window
    return taps / taps.sum()


def taps_of(factor):
    """Taps (int64, DECIMATOR_TAP), the newest sample's first; they are the same backwards."""
    return np.rint(taps_reference(factor) * (1 << DECIMATOR_TAP.fraction)).astype(np.int64)


#: Taps by factor: a table for gateware.
TAPS = {factor: tuple(taps_of(factor).tolist()) for factor in FACTORS.values()}


class Decimator:
    """A low-pass, of whose samples every ``factor``-th is kept: 3 from 48 kHz, 2 from 32 kHz.

    ``process(x)``: SAMPLE (int64), ``(..., n)``, time on the last axis; returns SAMPLE,
    ``(..., m)``, one with every ``factor``-th sample. Calls in pieces give what one call gives.
    Leading axes are those of the first call. Before the first sample there were zeros.

    Parameters: ``factor``, 2 or 3. Raises :class:`~golden.errors.V90Error` for another one,
    ``OverflowError`` for samples that SAMPLE does not hold.

    Sums are exact, rounded once and saturated. Delay: ``6 factor - 1`` of the samples that go in.
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
