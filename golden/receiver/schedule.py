"""Levels to come: at a data frame, after R-bar, or after Ed (8.6.1, 8.6.2, 8.6.4, 9.3.2/V.90)."""

from dataclasses import dataclass

import numpy as np

from golden.receiver.framing import Follower
from golden.receiver.slicer import Levels
from golden.receiver.timetable import Kind
from golden.signals.training import R_BAR

# A data frame that never comes.
_NEVER = np.int64(1) << 62


@dataclass
class Waiting:
    """Levels that wait, with the event that reports them; ``frame``: from which on, if known."""

    levels: Levels
    kind: Kind
    frame: int | None = None


class Schedule:
    """The levels that wait, one set a line at most, and what makes them due.

    :meth:`switch`, :meth:`arm` and :meth:`after_ed` give levels, which take the place of those that
    wait. :meth:`due` and :meth:`ended` say before each data frame which are to be used, with the
    event that reports it. :meth:`hear_reversal` and :meth:`decode` say what was heard.

    Parameters: ``data``, for each line the levels to switch to at data frame ``start``, or None.
    They come back with each Sd, until other levels are given.
    """

    def __init__(self, data, start):
        self._data, self._start = list(data), start
        count = len(self._data)
        self._waiting, self._to_follow = [None] * count, [None] * count
        #: Data frame from which a line's waiting levels are due.
        self._due = np.full(count, _NEVER)
        #: Followers of lines that look for Ed, and levels of lines on which Ed has just ended.
        self._followers, self._ended = {}, {}
        for line in range(count):
            self.restart(line)

    def restart(self, line):
        """Sd was detected: forget all, but expect ``data``."""
        self._to_follow[line] = None
        self._followers.pop(line, None)
        self._ended.pop(line, None)
        levels = self._data[line]
        self._wait(line, levels and Waiting(levels, Kind.DATA, self._start))

    def _wait(self, line, waiting):
        self._waiting[line] = waiting
        known = waiting is not None and waiting.frame is not None
        self._due[line] = waiting.frame if known else _NEVER

    def _give(self, line, levels, kind, frame=None):
        self._data[line] = None
        self._wait(line, None if levels is None else Waiting(levels, kind, frame))

    # --- Levels given -----------------------------------------------------------------------------

    def switch(self, line, levels, frame):
        """Use ``levels`` from data frame ``frame`` on, or from the next one if that is past."""
        self._give(line, levels, Kind.DATA, frame)

    def arm(self, line, levels):
        """Use ``levels`` after the next R-bar; None: no levels wait any more."""
        self._give(line, levels, Kind.SWITCHED)
        if levels is None:
            self._to_follow[line] = None

    def follow(self, line, parameters):
        """Decode from the next R-bar with armed levels on, to find Ed."""
        self._to_follow[line] = parameters

    def after_ed(self, line, levels):
        """Use ``levels`` from the data frame after Ed on."""
        self._give(line, levels, Kind.ED)

    # --- Before a data frame ----------------------------------------------------------------------

    def due(self, lines, number):
        """Lines, levels and events that are due before data frames ``number`` of ``lines``."""
        late = number >= self._due[lines]
        if not late.any():
            return ()
        found = []
        for line in lines[late].tolist():
            waiting = self._waiting[line]
            self._wait(line, None)
            found.append((line, waiting.levels, waiting.kind))
        return found

    def ended(self, lines):
        """Those of ``lines`` on which Ed has just ended, with their levels or None."""
        if not self._ended:
            return ()
        return [(line, self._ended.pop(line)) for line in lines.tolist() if line in self._ended]

    # --- After a data frame -----------------------------------------------------------------------

    def hear_reversal(self, line, first):
        """R-bar's first data frame was ``first``: armed levels are due R_BAR later."""
        waiting = self._waiting[line]
        if waiting is None or waiting.kind is not Kind.SWITCHED or waiting.frame is not None:
            return
        waiting.frame = first + R_BAR
        self._wait(line, waiting)
        # What was followed before has ended without an Ed.
        self._followers.pop(line, None)
        if self._to_follow[line] is not None:
            self._followers[line] = Follower(self._to_follow[line], waiting.frame)
            self._to_follow[line] = None

    def process(self, lines, number, ucode, sign):
        """Look for Ed in a data frame each of ``lines``: Ucodes and signs ``(c, 6)``."""
        if not self._followers:
            return
        for at, line in enumerate(lines.tolist()):
            follower = self._followers.get(line)
            if follower is None or number[at] < follower.first:
                continue
            if follower.process(ucode[at], sign[at]):
                del self._followers[line]
                waiting = self._waiting[line]
                self._ended[line] = None
                if waiting is not None and waiting.kind is Kind.ED:
                    self._ended[line] = waiting.levels
                    self._wait(line, None)
