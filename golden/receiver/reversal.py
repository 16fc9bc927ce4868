"""R and its reversal found in the signs of data frames (8.6.4/V.90)."""

import numpy as np

#: Data frames in a row that are R, and those of R-bar behind them that are its end (8.6.4): of 32
#: or more, and of 4.
R_FRAMES, R_BAR_FRAMES = 16, 2


#: Signs of a data frame of R, 1 positive, or of R-bar, as the line's polarity is.
_R = np.array([1, 1, 1, 0, 0, 0], bool)


class RDetector:
    """Finds R, and R-bar behind it, in the signs of data frames; lines side by side (8.6.4).

    R_FRAMES data frames with the signs of R, or with those of R-bar, in a row are R; it lasts as
    long as there is nothing else. Then R_BAR_FRAMES in a row with the other signs are its reversal.

    ``process(signs)`` takes data frames of one line, ``(n, 6)``, 1 positive, in pieces, and returns
    the numbers, from 0 on, of those with which R was sure and of those that were R-bar's first.
    """

    def __init__(self, lines=1):
        # Data frames in a row that are alike, negative with R-bar's signs; 1 or -1 while R lasts.
        self._run, self._heard = np.zeros((2, lines), np.int64)
        self.taken = 0

    def reset(self, line=0):
        """Know of nothing."""
        self._run[line] = self._heard[line] = self.taken = 0

    def process(self, signs):
        """See the class."""
        sure, reversals, line = [], [], np.zeros(1, np.int64)
        for row in np.asarray(signs, bool):
            found, turned = self.frames(row[None], line)
            if found[0]:
                sure.append(self.taken)
            if turned[0]:
                reversals.append(self.taken - (R_BAR_FRAMES - 1))
            self.taken += 1
        return sure, reversals

    def frames(self, signs, lines):
        """One data frame each of ``lines`` (``(c,)``), bool ``(c, 6)``.

        Returns whether R is sure with it, and whether it is the last of R_BAR_FRAMES.
        """
        way = (signs == _R).all(-1).astype(np.int64) - (signs == ~_R).all(-1)
        run, heard = self._run[lines], self._heard[lines]
        self._run[lines] = run = np.where(way * run > 0, run, 0) + way
        sure = (abs(run) >= R_FRAMES) & (run * heard <= 0)
        turned = (heard != 0) & (run == -R_BAR_FRAMES * heard)
        self._heard[lines] = np.where(sure, way, np.where(turned, 0, heard * (way != 0)))
        return sure, turned
