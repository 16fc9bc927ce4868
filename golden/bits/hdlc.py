"""HDLC framing of data-mode bits: flags, zero insertion, FCS (8.1.1 and 8.1.2/V.42; PPP alike)."""

import numpy as np

from golden.bits import crc

#: The flag, first bit first (8.1.1.2/V.42).
FLAG = np.array([0, 1, 1, 1, 1, 1, 1, 0], np.uint8)

#: Octets of a frame besides its FCS that a receiver accepts; more is an error of the line.
LONGEST = 4096


def _ones_before(bits):
    """For each bit, the length of the run of ones that ends with it."""
    index = np.arange(1, len(bits) + 1)
    zeros = np.where(bits == 0, index, 0)
    return index - np.maximum.accumulate(zeros)


def stuff(bits):
    """Insert a zero after every five ones in a row (8.1.1.2/V.42); bits are uint8 arrays."""
    run = _ones_before(bits)
    return np.insert(bits, np.flatnonzero((run > 0) & (run % 5 == 0)) + 1, 0)


def unstuff(bits):
    """Take out the bit after every five ones in a row: the inverse of :func:`stuff`."""
    # In stuffed bits runs of ones end at five, so the run's length is the count since the zero.
    after = np.flatnonzero(_ones_before(bits) == 5) + 1
    return np.delete(bits, after[after < len(bits)])


class Framer:
    """Frames into bits: flag, stuffed octets, FCS, flag. A flag closes a frame and opens the next.

    ``process(frames)``: bytes objects; returns bits (uint8). ``fill(flags)``: bits in between.
    """

    def __init__(self):
        self.reset()

    def reset(self):
        """The next frame begins with a flag of its own."""
        self._open = False

    def process(self, frames):
        """Bits (uint8) of a list of frames, each a bytes object of at least one octet."""
        parts = []
        for frame in frames:
            if not self._open:
                parts.append(FLAG)
                self._open = True
            octets = np.frombuffer(frame + crc.fcs(frame), np.uint8)
            parts += [stuff(np.unpackbits(octets, bitorder="little")), FLAG]
        return np.concatenate(parts) if parts else np.zeros(0, np.uint8)

    @staticmethod
    def fill(flags):
        """Bits (uint8) of that many flags, sent between frames while there is no data."""
        return np.tile(FLAG, flags)


class Deframer:
    """Bits into frames, whose FCS is checked and taken off.

    ``process(bits)``: uint8, one-dimensional, in pieces; returns the good frames (bytes).

    ``good`` and ``bad`` count frames. A bad one lies between flags and has a wrong FCS, fewer than
    three octets, a number of bits that is not whole octets, seven ones in a row, or more than
    ``LONGEST`` octets. Flags in a row and idle ones count as neither.
    """

    def __init__(self):
        self.reset()

    def reset(self):
        """Nothing received, counters zero."""
        self.good = self.bad = 0
        self._bits = np.zeros(0, np.uint8)
        self._synchronised = False

    def process(self, bits):
        """Take bits (uint8, one-dimensional); return the good frames they complete (bytes)."""
        if not len(bits):
            return []
        # Only flags and aborts that end in the new bits have not been seen yet.
        new = max(0, len(self._bits) - len(FLAG) + 1)
        self._bits = np.concatenate([self._bits, np.asarray(bits, np.uint8)])
        if len(self._bits) < len(FLAG):
            return []
        windows = np.lib.stride_tricks.sliding_window_view(self._bits[new:], len(FLAG))
        flags = np.flatnonzero((windows == FLAG).all(axis=1)) + new
        frames = []
        for flag in flags:
            # A flag may share its first zero with the flag before, and no more.
            start = self._start if self._synchronised else None
            if start is not None:
                body = self._bits[start:flag] if flag > start else self._bits[:0]
                frame = self._frame(body)
                if frame is not None:
                    frames.append(frame)
            self._synchronised, self._start = True, flag + len(FLAG)
        if self._synchronised:
            run = _ones_before(self._bits[max(self._start, new) :])
            if len(run) and run.max() >= 7:
                # An abort, or idle ones: nothing more until the next flag.
                self._synchronised = False
                self.bad += int(not self._idle(self._bits[self._start :]))
        keep = self._start - 1 if self._synchronised else len(self._bits) - len(FLAG) + 1
        keep = max(0, keep, len(self._bits) - 16 * LONGEST)
        if self._synchronised:
            self._start -= keep
            if self._start < 0:
                # Longer than any frame: wait for the next flag.
                self._synchronised = False
                self.bad += 1
        self._bits = self._bits[keep:]
        return frames

    @staticmethod
    def _idle(body):
        """Whether seven ones follow the flag: then no frame began, and none was aborted."""
        return len(body) >= 7 and body[:7].all()

    def _frame(self, body):
        if not len(body) or self._idle(body):
            return None
        if _ones_before(body).max() >= 7:
            self.bad += 1
            return None
        octets = unstuff(body)
        if len(octets) % 8 or not 24 <= len(octets) <= 8 * (LONGEST + 2):
            self.bad += 1
            return None
        frame = np.packbits(octets, bitorder="little").tobytes()
        if crc.remainder_of_octets(frame) != crc.FCS_GOOD:
            self.bad += 1
            return None
        self.good += 1
        return frame[:-2]
