"""A file as the data bits of a call: HDLC frames of V.42 between flags, after B1d (8.6.1/V.90).

Each frame is an I frame of modulo 128 (8.2.2/V.42): the address, N(S) counting from 0, N(R) = 0,
and at most N401 octets of the file. The P bit marks the last frame. Without a way back nothing is
repeated: the receiver finds that the file is whole, or what is wrong. With one,
:mod:`sim.calls.host` sends frames again.
"""

import numpy as np

from golden.bits.hdlc import FLAG, Deframer, Framer
from golden.errors import CallFailed, V90Error
from golden.pcm.encoder import B1D_FRAMES

#: Default of N401, the most octets in an information field (9.2.3/V.42).
N401 = 128

#: Sequence numbers of I frames (8.2.3.2.1/V.42).
MODULUS = 128

#: DLCI 0 (9.2.7/V.42), a command of the answerer (Table 6/V.42), EA = 1.
I_FRAME_ADDRESS = 0x01

#: Flags between B1d and the first frame.
OPENING_FLAGS = 8


def frames_of(data):
    """The I frames (list of bytes, without FCS) that carry ``data`` (bytes); at least one."""
    fields = [data[at : at + N401] for at in range(0, len(data), N401)] or [b""]
    last = len(fields) - 1
    return [
        bytes([I_FRAME_ADDRESS, number % MODULUS << 1, number == last]) + field
        for number, field in enumerate(fields)
    ]


def file_bits(data, d):
    """The bits to send for a file.

    Parameters: ``data`` (bytes) and ``d``, the data bits D of a data frame.

    Returns bits (uint8) of whole data frames: B1d's ones, opening flags, the I frames, and flags up
    to the data frame's end. The closing flag ends in the last data frame, so that a line which
    loses anything at its end loses part of the file, which the receiver notices.
    """
    framer = Framer()
    parts = [np.ones(B1D_FRAMES * d, np.uint8), framer.fill(OPENING_FLAGS)]
    parts.append(framer.process(frames_of(data)))
    bits = np.concatenate(parts)
    return np.concatenate([bits, np.resize(FLAG, -len(bits) % d)])


class FileReceiver:
    """Find the file in bits.

    ``repeats``: frames that are damaged, or not the one expected, will be sent again.

    Members
    -------
    frames : int
        I frames that arrived whole and in sequence.
    octets : int
        Octets of the file in them.
    complete : bool
        The frame with the P bit came, and everything before it.
    bad : int
        Damaged frames between the first whole one and the file's end; all of them while there is
        no whole one.
    disorder : str or None
        The fault of the first whole frame that was not the one expected.
    skipped : int
        With ``repeats``: whole frames ahead of the one expected.
    damaged : int
        All damaged frames. With ``repeats``, whole frames that are no file's count as well: of
        damaged frames, one in 65 536 has a good FCS.
    """

    def __init__(self, repeats=False):
        self.repeats = repeats
        self.frames = self.octets = self.bad = self.skipped = self.damaged = 0
        self.complete = False
        self.disorder = None
        self._deframer = Deframer()
        self._fields = []
        self._bad_before = self._strange = 0

    def process(self, bits):
        """Take bits (uint8, one-dimensional), in pieces of any length."""
        for frame in self._deframer.process(bits):
            self._take(frame)
        self.damaged = self._deframer.bad + self._strange
        if not self.complete:
            self.bad = self._deframer.bad - self._bad_before

    def _take(self, frame):
        if self.disorder:
            return
        if len(frame) < 3 or frame[0] != I_FRAME_ADDRESS or frame[1] & 1:
            self._strange += self.repeats
            if not self.repeats:
                self.disorder = f"a frame of {len(frame)} octets is not one of a file"
            return
        ahead = ((frame[1] >> 1) - self.frames) % MODULUS
        if self.repeats and (self.complete or ahead):
            # Frames before the expected one have come already.
            self.skipped += ahead < MODULUS // 2
        elif self.complete:
            self.disorder = "frames go on after the file's last one"
        elif frame[1] >> 1 != self.frames % MODULUS:
            self.disorder = (
                f"a frame with N(S) = {frame[1] >> 1} came where {self.frames % MODULUS} was due"
            )
        else:
            self.frames += 1
            self.octets += len(frame) - 3
            self._fields.append(frame[3:])
            self.complete = bool(frame[2] & 1)

    def received(self):
        """The part of the file that has arrived (bytes)."""
        return b"".join(self._fields)

    def file(self):
        """Return the file (bytes).

        Raises :class:`~golden.errors.V90Error` when the line ends before the file does, and
        :class:`~golden.errors.CallFailed` when frames are damaged, missing or no file's at all.
        """
        if self.disorder:
            raise CallFailed(f"the file did not arrive whole: {self.disorder}")
        if self.bad and not self.repeats:
            raise CallFailed(
                f"the file did not arrive whole: {self.bad} damaged "
                f"frame{'s' * (self.bad != 1)} after {self.frames} good"
            )
        if not self.complete:
            raise V90Error(
                f"the line ends before the file does, after {self.octets} octets in {self.frames} "
                "frames"
            )
        return self.received()
