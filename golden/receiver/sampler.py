"""Samples of the A/D to half symbols, data frame by data frame, with the clock's loop (9.3.2/V.90).

Two corrections follow from a data frame's error: one moves the instants, the other the clock's
offset. They take effect after the next data frame.
"""

import numpy as np

from golden.receiver import timing
from golden.receiver.equalizer import shifted
from golden.receiver.timetable import (
    FIRST_FRAME,
    FIRST_SYMBOL,
    FREQUENCY_BITS,
    LOOP_BITS,
    RATE_BITS,
)

_ONE = 1 << timing.INSTANT_FRACTION
_FRACTION_MASK = _ONE - 1

# Samples of the interpolator's window, from the instant's whole part on.
_OFFSETS = np.arange(-timing.TAPS_BEFORE + 1, timing.TAPS - timing.TAPS_BEFORE + 1)

# Samples that are kept while a line searches for Sd: a detection comes later than its TRN1d begins.
_KEPT = 256

# Samples kept before a data frame's first instant, for the interpolator's window.
_MARGIN = 16


class Sampler:
    """Samples that are still needed, and the next data frame's instants, of lines side by side.

    ``append(rows)`` takes samples; ``ready(limit)`` says which lines have all those of their next
    data frame; ``process(lines)`` gives its half symbols and goes on to the one after.

    Instants and offsets are integers with :data:`~golden.receiver.timing.INSTANT_FRACTION` fraction
    bits of a sample. ``step`` (int64, ``(lines,)``) is the time of half a symbol beyond one sample;
    ``shift`` (the same shape) the left shift that brings samples to the working level.
    """

    def __init__(self, lines):
        self.step, self.shift = np.zeros((2, lines), np.int64)
        self._interpolator = timing.Interpolator()
        self._samples, self._origin = np.zeros((lines, 0), np.int64), 0
        #: Samples of each line that are there, of those from the origin on.
        self._counts = np.zeros(lines, np.int64)
        self._at, self._rate = np.zeros((2, lines), np.int64)
        #: Corrections of instants and of offsets that are to take effect.
        self._pending = np.zeros((2, lines), np.int64)

    @property
    def ends(self):
        """Number of the sample that comes next, of each line (int64 ``(lines,)``)."""
        return self._origin + self._counts

    def append(self, rows):
        """Take samples: int64 ``(n,)`` of each line, where n may differ."""
        counts = self._counts + [len(row) for row in rows]
        more = max(0, counts.max() - self._samples.shape[1])
        self._samples = np.pad(self._samples, ((0, 0), (0, more)))
        for own, row, begin, end in zip(self._samples, rows, self._counts, counts, strict=True):
            own[begin:end] = row
        self._counts = counts

    def start(self, line, detection):
        """Begin with data frame FIRST_FRAME of the TRN1d after a detection of Sd."""
        start = (detection.reversal + FIRST_SYMBOL) << timing.INSTANT_FRACTION
        self._at[line] = start + FIRST_FRAME * timing.HALVES * (_ONE + detection.step)
        self.step[line], self.shift[line] = detection.step, detection.shift
        self._pending[:, line] = 0
        self._rate[line] = detection.step << RATE_BITS

    def ready(self, limit):
        """Lines (bool) whose next data frame is complete with the samples before ``limit``."""
        last = (self._at + (timing.HALVES - 1) * (_ONE + self.step)) >> timing.INSTANT_FRACTION
        return last < limit - (timing.TAPS - timing.TAPS_BEFORE)

    def process(self, lines):
        """Half symbols (INTERPOLATED, ``(c, 12)``) of the next data frame of ``lines``."""
        at = timing.instants(self._at[lines], self.step[lines])
        whole = (at >> timing.INSTANT_FRACTION) - self._origin
        windows = self._samples[lines[:, None, None], whole[..., None] + _OFFSETS]
        shift = self.shift[lines, None]
        halves = self._interpolator.process(windows, at & _FRACTION_MASK, shift)
        one = _ONE + self.step[lines]
        self._at[lines] += timing.HALVES * one + self._pending[0, lines]
        self.step[lines] += self._pending[1, lines]
        self._pending[:, lines] = 0
        return halves

    def correct(self, lines, slope, power_bits):
        """Correct the clocks by a data frame's sum of errors times slopes.

        ``power_bits``: :attr:`golden.receiver.slicer.Levels.power_bits`. An error is what the value
        lacks: where it has the slope's sign, the instants are early.
        """
        right = power_bits - timing.INSTANT_FRACTION + LOOP_BITS
        self._rate[lines] += self.step[lines] - (self._rate[lines] >> RATE_BITS)
        self._pending[0, lines] = shifted(slope, right)
        self._pending[1, lines] = shifted(slope, right + FREQUENCY_BITS)

    def hold(self, line):
        """Go on at the mean rate, without the corrections that are to take effect."""
        self.step[line], self._pending[:, line] = self._rate[line] >> RATE_BITS, 0

    def next_instant(self, line):
        """The next data frame's first instant (int)."""
        return int(self._at[line])

    def forget(self, busy):
        """Drop the samples that nobody needs; ``busy``: lines (bool) that interpolate."""
        oldest = (self._at[busy] >> timing.INSTANT_FRACTION) - _MARGIN
        keep = max(self._origin, min([self.ends.min() - _KEPT, *oldest]))
        self._samples = self._samples[:, keep - self._origin :]
        self._counts -= keep - self._origin
        self._origin = keep
