"""A codec at a line's end: its words of 24 bits, and their bits for the clocks that it is given."""

from collections import deque

import numpy as np

from golden.ports.i2s import SLOT_CLOCKS

#: Bits of its A/D.
CODEC_BITS = 24


def words_of(samples):
    """Words (int64 of 24 bits) of samples (float64, 1.0 is full scale), rounded and clipped."""
    scale = 1 << (CODEC_BITS - 1)
    return np.clip(np.rint(np.asarray(samples) * scale), -scale, scale - 1).astype(np.int64)


class Codec:
    """The A/D half of a codec that others clock, cycle by cycle of their clock.

    ``play(words)`` takes words (int64 of ``width`` bits, ``(n, 2)``: left, right), a frame each;
    zeros come before and after them. ``process(sclk, lrck)`` takes the clocks as waves of 0 and 1,
    ``(n,)``, and returns that of the data (int64, ``(n,)``), which change ``delay`` cycles after
    ``sclk`` falls. Calls in pieces give what one call gives. The first frame begins where ``lrck``
    is low for the first time at a falling edge of ``sclk``; nothing is sent before it.
    """

    def __init__(self, width=CODEC_BITS, delay=0):
        self.width, self.delay = width, delay
        self._words = deque()
        self._sclk = 0
        self._slot, self._place = None, 0
        self._frame = np.zeros(2, np.int64)
        self._shown = [0] * delay
        self._bit = 0

    def play(self, words):
        """See the class."""
        self._words.extend(np.asarray(words, np.int64))

    @property
    def playing(self):
        """Whether there are words to come."""
        return bool(self._words)

    def process(self, sclk, lrck):
        """See the class."""
        sclk, lrck = np.asarray(sclk, np.int64), np.asarray(lrck, np.int64)
        falls = np.flatnonzero(np.diff(np.concatenate([[self._sclk], sclk])) < 0)
        bits = [self._bit, *(self._next(int(lrck[at])) for at in falls)]
        lasts = np.diff(np.concatenate([[0], falls, [len(sclk)]]))
        wave = np.concatenate([self._shown, np.repeat(bits, lasts)]).astype(np.int64)
        self._shown = wave[len(sclk) :].tolist()
        self._bit = bits[-1]
        if len(sclk):
            self._sclk = int(sclk[-1])
        return wave[: len(sclk)]

    def _next(self, slot):
        """The bit after a falling edge at which LRCK is ``slot``."""
        if slot != self._slot:
            if slot == 0 and self._slot is not None:
                self._frame = self._words.popleft() if self._words else np.zeros(2, np.int64)
            self._slot, self._place = slot, 0
        else:
            self._place += 1
        if not 1 <= self._place <= min(self.width, SLOT_CLOCKS - 1):
            return 0
        return int(self._frame[slot]) >> (self.width - self._place) & 1
