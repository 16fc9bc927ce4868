"""Whether the receiver has synchronism, by its errors and by the line's level (9.3.2/V.90)."""

import numpy as np

from golden.pcm.parameters import INTERVALS
from golden.receiver.timetable import (
    DEAD_LINE,
    FAST_BITS,
    GRACE,
    LONGEST_COAST,
    SLOW_BITS,
    STILL_BIT,
    Kind,
    State,
)


class Synchronism:
    """Means of errors and of levels, of lines side by side, and what follows from them.

    Without synchronism a line coasts: it decides, but its decisions do not count as good. Errors or
    a dead line begin that (DISTURBED); after GRACE data frames it is LOST; small errors end it
    (RECOVERED); after LONGEST_COAST data frames the line searches for Sd again (GIVEN_UP).

    ``slow`` (int64, ``(lines, 6)``): means of squared errors by symbol of a data frame, fine, times
    ``2**SLOW_BITS``. ``coasting`` (int64, ``(lines,)``): data frames without synchronism.
    """

    def __init__(self, lines):
        self.slow = np.zeros((lines, INTERVALS), np.int64)
        self._fast, self._loud, self.coasting = np.zeros((3, lines), np.int64)

    def start(self, line):
        """Know nothing of a line."""
        self._fast[line] = self._loud[line] = self.coasting[line] = 0
        self.slow[line] = 0

    def forget_errors(self, line):
        """Let the fast mean begin anew: errors against other levels mean nothing now."""
        self._fast[line] = 0

    def hear(self, lines, halves):
        """Take the level of a data frame's half symbols (``(c, 12)``)."""
        self._loud[lines] += np.abs(halves).sum(-1) - (self._loud[lines] >> FAST_BITS)

    def is_still(self, lines):
        """Whether the drift rests while coasting (bool): 64 data frames on, 64 off in turn."""
        return self.coasting[lines] >> STILL_BIT & 1 > 0

    def take(self, lines, squares, energy, counts):
        """Take squared errors (``(c, 6)``) and their sums; ``counts`` (bool): those that count."""
        self.slow[lines] += squares - (self.slow[lines] >> SLOW_BITS)
        self._fast[lines] += energy * counts - (self._fast[lines] >> FAST_BITS)

    def process(self, lines, coasts, loss):
        """Judge a data frame; returns triples of lines, state and event, for those that change.

        ``coasts`` (bool, ``(c,)``): lines without synchronism; ``loss``
        (:attr:`golden.receiver.slicer.Levels.loss`) of each.
        """
        fast = self._fast[lines] >> 8
        dead = self._loud[lines] >> FAST_BITS < DEAD_LINE
        disturbed = ~coasts & ((fast > loss) | dead)
        if not (disturbed.any() or coasts.any()):
            return ()
        back = coasts & (fast <= loss >> 1) & ~dead
        self.coasting[lines] = count = np.where(coasts, self.coasting[lines] + 1, 0)
        still = coasts & ~back
        return (
            (lines[disturbed], State.COAST, Kind.DISTURBED),
            (lines[still & (count == GRACE)], State.COAST, Kind.LOST),
            (lines[back], State.TRACK, Kind.RECOVERED),
            (lines[still & (count == LONGEST_COAST)], State.SEARCH, Kind.GIVEN_UP),
        )
