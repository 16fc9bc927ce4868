"""A line whose octets come piece after piece, for modems that answer each other.

It has the samples of :class:`~sim.world.line.Line`, which takes a whole call, but for float64's
rounding: response, white noise, impulses, gain hits and the client's clock. Phase hits are as exact
as a Hilbert transformer of 16 ms. Mains hum, echoes and levels that refer to the whole call are
missing; nothing is sent upstream.
"""

from functools import cache

import numpy as np
from scipy import signal

from golden.errors import V90Error
from golden.pcm.parameters import OCTET_RATE
from golden.receiver.timing import SAMPLE_RATE
from sim.world.filters import INNER
from sim.world.line import converted, resampler, span, times_of
from sim.world.network import values

#: Inner samples for each octet.
_UP = INNER // OCTET_RATE

#: Inner samples on either side that a phase hit looks at: 8 ms.
_TURNING = 256


@cache
def _hilbert():
    """Taps of a Hilbert transformer, ``_TURNING`` to either side."""
    number = np.arange(-_TURNING, _TURNING + 1)
    odd = number % 2 == 1
    taps = np.zeros(len(number))
    taps[odd] = 2 / (np.pi * number[odd])
    return taps * signal.windows.hamming(len(number))


class LineStream:
    """The samples of a :class:`~sim.world.line.Line`, in pieces.

    ``process(octets)`` (uint8, ``(n,)``) gives the samples (float64, 1.0 is full scale) that are
    certain by then: all but those of the last two thirds of a millisecond, and of 8 ms more where
    the conditions have phase hits.

    Raises :class:`~golden.errors.V90Error` for conditions that need the whole call.
    """

    def __init__(self, line):
        c = line.conditions
        if line.rate != SAMPLE_RATE:
            raise V90Error(f"a line in pieces has {SAMPLE_RATE} samples a second, not {line.rate}")
        if c.mains_snr is not None or c.level is not None:
            raise V90Error("a line in pieces has no mains hum and no level of its own")
        if c.power is None and (c.snr is not None or c.impulses):
            raise V90Error("noise on a line in pieces refers to a power that is given")
        self.line = line
        taps = line._impulse
        self._taps = np.concatenate([taps, np.zeros(-len(taps) % _UP)]).reshape(-1, _UP)
        self._tail = np.zeros((len(self._taps) - 1, _UP))
        self._half = resampler().taps // 2
        # Inner samples from ``_origin`` on; the first of all is time 0, and before it is nothing.
        self._inner, self._origin = np.zeros(2 * self._half), -2 * self._half
        self._count = 0
        self._ahead = np.zeros(_TURNING if c.phase_hits else 0)
        self._white = np.random.default_rng([c.seed, 0])
        self._bursts = [np.random.default_rng([c.seed, 2, i]) for i in range(len(c.impulses))]

    def process(self, octets):
        """See the class."""
        x = values(np.asarray(octets, np.uint8), self.line.law) / 32768
        whole = signal.oaconvolve(x[:, None], self._taps, axes=0)
        whole[: len(self._tail)] += self._tail
        self._tail = whole[len(x) :]
        inner = self._turned(whole[: len(x)].reshape(-1))
        for at, last, decibels in self.line.conditions.gain_hits:
            inner[self._part(at, last, len(inner))] *= 10 ** (decibels / 20)
        self._inner = np.concatenate([self._inner, inner])
        at = self._times((self._origin + len(self._inner) - self._half) / INNER)
        samples = resampler().process(self._inner, at * INNER - self._origin)
        samples += self._noise(at)
        self._count += len(at)
        keep = int(at[-1] * INNER) - 2 * self._half if len(at) else self._origin
        if keep > self._origin:
            self._inner, self._origin = self._inner[keep - self._origin :], keep
        c = self.line.conditions
        return converted(samples * 10 ** (c.gain / 20), c.bits)

    def _part(self, at, last, size):
        """The slice of the next ``size`` inner samples from ``at`` on for ``last`` seconds."""
        end = self._origin + len(self._inner)
        part = span(at, last, INNER, end + size)
        return slice(max(part.start - end, 0), max(part.stop - end, 0))

    def _turned(self, inner):
        """Inner samples with their phase hits, as many as are certain."""
        hits = self.line.conditions.phase_hits
        if not hits:
            return inner
        whole = np.concatenate([self._ahead, inner])
        self._ahead = whole[-2 * _TURNING :]
        inner = whole[_TURNING:-_TURNING].copy()
        for at, last, degrees in hits:
            part = self._part(at, last, len(inner))
            if part.start < part.stop:
                near = whole[part.start : part.stop + 2 * _TURNING]
                quadrature = signal.oaconvolve(near, _hilbert(), mode="valid")
                turn = np.radians(degrees)
                inner[part] = inner[part] * np.cos(turn) - quadrature * np.sin(turn)
        return inner

    def _times(self, before):
        """Times in s of the samples from the last taken on, before ``before``."""
        before = max(before, 0)
        last = int(before * SAMPLE_RATE * self.line.conditions.fastest(before)) + 2
        at = times_of(np.arange(self._count, last), self.line.conditions)
        return at[: np.searchsorted(at, before)]

    def _noise(self, at):
        c = self.line.conditions
        noise = np.zeros(len(at))
        rms = np.sqrt(c.power or 0.0)
        if c.snr is not None:
            noise += rms * 10 ** (-c.snr / 20) * self._white.standard_normal(len(at))
        for burst, (start, last, level) in zip(self._bursts, c.impulses, strict=True):
            mine = slice(*np.searchsorted(at, [start, start + last]))
            size = max(0, mine.stop - mine.start)
            noise[mine] += rms * 10 ** (level / 20) * burst.standard_normal(size)
        return noise
