"""Sequences in bits of data frames, and what ends them (8.6.2, 8.6.3/V.90).

MP and MP' begin with data frames, follow each other without a gap, and end with Ed, two data frames
of zeroes where the next one would begin. Inside a sequence as many zeroes may be; there they end
nothing.
"""

import numpy as np

from golden.sequences import MP

#: Ones of the frame sync, and data frames of Ed.
SYNC, ED_FRAMES = 17, 2

#: Least bits of an MP of type 0 and of type 1, fill bits to a whole data frame left out.
LENGTHS = tuple(
    MP.rows_of(
        type=kind, drn=0, trellis=0, nonlinear=0, shaping=0, acknowledge=0, upstream_rates=0,
        **({"precoding": [0] * 6} if kind else {}),
    )[-1].last + 1 for kind in (0, 1)
)  # fmt: skip


class SequenceFramer:
    """Finds MP and Ed in data frames of ``data_bits`` bits.

    ``process(bits)``: uint8 ``(n, D)``, in pieces. Returns ``(begins, end)``: numbers (from 0) of
    data frames with which a sequence began whose frame sync and type ended in this piece, and the
    number of the one behind Ed, or None; behind it nothing is looked at.
    """

    def __init__(self, data_bits):
        self.data_bits = data_bits
        self.reset()

    def reset(self):
        """Wait for a frame sync; the next data frame has the number 0."""
        self._number = self._zeroes = self._ones = 0
        self._begin = self._period = self._typed = None
        self._last = None

    def process(self, bits):
        """See the class."""
        begins = []
        for row in np.asarray(bits, np.uint8):
            begins += self._take(row.tolist())
            if self._ends(not row.any()):
                return begins, self._number
        return begins, None

    def _ends(self, zeroes):
        """Count a data frame; tell whether it was the last of Ed."""
        place = None
        if self._begin is not None:
            place = (self._number - self._begin) % self._period
        self._number += 1
        expected = place is not None and place == self._zeroes
        self._zeroes = self._zeroes + 1 if zeroes and expected else 0
        return self._zeroes == ED_FRAMES

    def _take(self, row):
        begins = []
        for at, bit in enumerate(row):
            if self._typed is not None:
                # The bit behind the start bit is the type (Table 16).
                self._begin, self._typed = self._typed, None
                self._period = -(-LENGTHS[bit] // self.data_bits)
                begins.append(self._begin)
            elif not bit and self._ones >= SYNC:
                first = self._number * self.data_bits + at - SYNC
                if first % self.data_bits == 0:
                    self._typed = first // self.data_bits
            self._ones = self._ones + 1 if bit else 0
        return begins
