"""Sequences in bits of data frames, and what ends them (8.4.2, 8.4.3, 8.6.2, 8.6.3/V.90).

Jd and MP begin with data frames, follow each other without a gap, and end with Jd' or Ed, two data
frames of zeroes where the next one would begin. Inside a sequence as many zeroes may be; there they
end nothing.
"""

import numpy as np

from golden.pcm.decoder import Decoder
from golden.pcm.mapper import Demapper
from golden.signals.sequences import JD, MP
from golden.signals.training import ED_FRAMES

#: Ones of the frame sync, which a start bit and the sequence's type follow.
SYNC_ONES = 17

#: Bits of an MP of type 0 and of type 1, fill bits to a whole data frame left out.
MP_LENGTHS = tuple(
    MP.rows_of(
        type=kind,
        drn=0,
        trellis=0,
        nonlinear=0,
        shaping=0,
        acknowledge=0,
        upstream_rates=0,
        **({"precoding": [0] * 6} if kind else {}),
    )[-1].last
    + 1
    for kind in (0, 1)
)

#: The same of Jd, whose data frames have six bits.
JD_LENGTHS = (JD.rows_of(rates=0, training=0, renegotiation=0, look_ahead=1)[-1].last + 1,) * 2

# Frame sync and start bit.
_PATTERN = np.array([1] * SYNC_ONES + [0], np.uint8)


class SequenceFramer:
    """Finds sequences and their end in data frames of ``data_bits`` bits.

    ``lengths`` are the bits of a sequence whose bit behind the start bit is 0, and 1. Sequences are
    expected one behind the other from the last frame sync on that began a data frame: a wrong bit
    in one loses nothing, and one in another place is right again with the next; but a wrong bit in
    the end hides it.

    ``process(bits)``: uint8 ``(n, D)``, in pieces. Returns ``(begins, end)``: numbers (from 0) of
    data frames with which a sequence began whose type came in this piece, and the number of the one
    behind the end, or None; behind it nothing is looked at.
    """

    def __init__(self, data_bits, lengths=MP_LENGTHS):
        self.data_bits, self.lengths = data_bits, lengths
        #: Data frames from the first to that with the type.
        self._span = (len(_PATTERN) + data_bits) // data_bits
        self.reset()

    def reset(self):
        """Wait for a frame sync; the next data frame has the number 0."""
        self._number = self._zeroes = 0
        self._begin = self._period = None
        self._kept = np.zeros((0, self.data_bits), np.uint8)

    def process(self, bits):
        """See the class."""
        bits, begins = np.asarray(bits, np.uint8), []
        if self._zeroes == ED_FRAMES:
            return begins, None
        line = np.concatenate([self._kept, bits])
        self._kept = line[max(0, len(line) - self._span + 1) :]
        size, count = self._span * self.data_bits, len(_PATTERN)
        line = line.reshape(-1)
        windows = np.zeros((0, count + 1), np.uint8)
        if len(line) >= size:
            windows = np.lib.stride_tricks.sliding_window_view(line, size)[:: self.data_bits]
        # Of each data frame the stretch of which it is the last; the first ones have none.
        found = np.zeros(len(bits), bool)
        found[len(bits) - len(windows) :] = (windows[:, :count] == _PATTERN).all(1)
        kinds = np.zeros(len(bits), np.int64)
        kinds[len(bits) - len(windows) :] = windows[:, count]
        for sync, kind, zero in zip(found, kinds, ~bits.any(1), strict=True):
            if sync:
                self._begin = self._number - self._span + 1
                self._period = -(-self.lengths[kind] // self.data_bits)
                begins.append(self._begin)
            place = None
            if self._begin is not None:
                place = (self._number - self._begin) % self._period
            self._number += 1
            # Zeroes count only from where a sequence would begin.
            self._zeroes = self._zeroes + 1 if zero and place == self._zeroes else 0
            if self._zeroes == ED_FRAMES:
                return begins, self._number
        return begins, None


class Follower:
    """Decodes data frames of TRN2d and MP one by one, from number ``first`` on, up to Ed."""

    def __init__(self, parameters, first):
        self.first = first
        self._decoder, self._demapper = Decoder(parameters), Demapper(parameters.intervals)
        self._framer = SequenceFramer(parameters.data_bits)

    def process(self, ucodes, signs):
        """Take a data frame, ``(6,)`` each; tell whether it is the last of Ed."""
        labels, _ = self._demapper.process(ucodes)
        bits = self._decoder.process_labels(labels[None], signs[None].astype(np.uint8))
        return self._framer.process(bits[None])[1] is not None
