"""A host at either end that carries a file through a call: what does not arrive is sent again.

Frames are those of :mod:`sim.calls.transfer`. The receiver tells, over the ideal way back, which
frame it expects, and whether one came that it did not (REJ, 8.4.4/V.42); the sender goes back to
it. Where nothing is told for a while (a retrain threw frames away), it goes back as well (T401).
"""

import numpy as np

from golden.bits.hdlc import Framer
from sim.calls.transfer import MODULUS, FileReceiver, frames_of

#: Frames that may be on their way (k of 8.4.1/V.42, at most half of the modulus here).
WINDOW = 15

#: Pieces without progress after which frames are sent again.
PATIENCE = 8


class Sender:
    """The file's side of a digital modem.

    ``process(expected, rejected, room)`` takes what the receiver told last, and gives bits (uint8)
    to send: ``room`` of them or somewhat more, with flags where no frame is due. ``again`` counts
    frames sent more than once.
    """

    def __init__(self, data):
        self._frames = frames_of(data)
        self._framer = Framer()
        self._base = self._next = self._most = self._still = 0
        self.again = 0

    @property
    def done(self):
        """Whether all frames are known to have arrived."""
        return self._base == len(self._frames)

    def process(self, expected, rejected, room):
        """See the class; ``expected`` is N(S), modulo 128."""
        ahead = (expected - self._base) % MODULUS
        self._base += ahead
        self._next = max(self._next, self._base)
        waits = self._base < self._next
        self._still = self._still + 1 if waits and not ahead else 0
        if rejected or self._still == PATIENCE:
            self._next, self._still = self._base, 0
        parts, size = [np.zeros(0, np.uint8)], 0
        while size < room:
            if self._next < min(len(self._frames), self._base + WINDOW):
                parts.append(self._framer.process([self._frames[self._next]]))
                self.again += self._next < self._most
                self._next += 1
                self._most = max(self._most, self._next)
            else:
                parts.append(self._framer.fill(1))
            size += len(parts[-1])
        return np.concatenate(parts)


class Receiver:
    """The file's side of an analogue modem.

    ``process(bits)`` takes bits and returns what the sender is to be told: the number expected
    next, modulo 128, and whether a frame came that was not it. A gap is told once.
    ``bad`` counts damaged frames since the last good one.
    """

    def __init__(self):
        self.file = FileReceiver(repeats=True)
        self.bad, self._told = 0, False

    def process(self, bits):
        """See the class."""
        file = self.file
        frames, skipped, damaged = file.frames, file.skipped, file.damaged
        file.process(bits)
        if file.frames > frames:
            self.bad, self._told = 0, False
        else:
            self.bad += file.damaged - damaged
        gap = file.skipped > skipped and not self._told
        self._told |= gap
        return file.frames % MODULUS, gap
