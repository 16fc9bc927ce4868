"""A host at either end that carries a file through a call: frames that do not arrive go again.

Frames are those of :mod:`sim.calls.transfer`. Over the ideal way back the receiver reports which
frame it expects, and whether another one came (REJ, 8.4.4/V.42); the sender then goes back to the
expected frame. It also goes back when no progress is reported for a while (T401), because a retrain
throws frames away.
"""

import numpy as np

from golden.bits.hdlc import Framer
from sim.calls.transfer import MODULUS, FileReceiver, frames_of

#: Frames that may be on their way (k of 8.4.1/V.42, at most half of the modulus here).
FRAMES_UNDER_WAY = 15

#: Pieces without progress after which frames are sent again.
STILL_PIECES = 8


class SendingHost:
    """The host of a digital modem, which sends a file.

    Members
    -------
    again : int
        Frames sent more than once.
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
        """Take the receiver's last report; return bits (uint8) to send.

        Parameters
        ----------
        expected : int
            N(S) of the frame that the receiver expects, modulo 128.
        rejected : bool
            Another frame came.
        room : int
            Bits to return; up to a frame more come. Flags stand where no frame is due.
        """
        ahead = (expected - self._base) % MODULUS
        self._base += ahead
        self._next = max(self._next, self._base)
        waits = self._base < self._next
        self._still = self._still + 1 if waits and not ahead else 0
        if rejected or self._still == STILL_PIECES:
            self._next, self._still = self._base, 0
        parts, size = [np.zeros(0, np.uint8)], 0
        while size < room:
            if self._next < min(len(self._frames), self._base + FRAMES_UNDER_WAY):
                parts.append(self._framer.process([self._frames[self._next]]))
                self.again += self._next < self._most
                self._next += 1
                self._most = max(self._most, self._next)
            else:
                parts.append(self._framer.fill(1))
            size += len(parts[-1])
        return np.concatenate(parts)


class ReceivingHost:
    """The host of an analogue modem, which receives a file.

    Members
    -------
    file : :class:`~sim.calls.transfer.FileReceiver`
    bad : int
        Damaged frames since the last good one.
    """

    def __init__(self):
        self.file = FileReceiver(repeats=True)
        self.bad, self._reported = 0, False

    def process(self, bits):
        """Take bits; return the report to the sender.

        The report is the number of the frame expected next, modulo 128, and whether another frame
        came. A gap is reported once.
        """
        file = self.file
        frames, skipped, damaged = file.frames, file.skipped, file.damaged
        file.process(bits)
        if file.frames > frames:
            self.bad, self._reported = 0, False
        else:
            self.bad += file.damaged - damaged
        gap = file.skipped > skipped and not self._reported
        self._reported |= gap
        return file.frames % MODULUS, gap
