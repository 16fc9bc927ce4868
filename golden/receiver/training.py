"""Jd and DIL received (8.4.1, 8.4.2, 9.3.2/V.90): bits found, averages of levels."""

from typing import NamedTuple

import numpy as np

from golden.bits.scrambler import GPC
from golden.formats import DIL_COUNT, SOFT
from golden.pcm.parameters import INTERVALS
from golden.signals.sequences import JD, JD_END
from golden.signals.training import DilSequencer, dil_lengths


class DilAverager:
    """Soft values of DIL's training symbols, added up by DIL-segment, interval and sign (8.4.1).

    Which of them are training symbols, and their signs, is known from the DIL that was asked for;
    decisions would say it wrongly where levels drown in noise. Reference symbols are left out.
    Squares are not added up: the receiver's errors tell the noise, which knows no DIL-segments.

    ``sums`` and ``counts`` (int64, ``(segments, 6, 2)``: by DIL-segment, data frame interval and
    sign, 1 positive) are what DIL_SUM and DIL_COUNT hold; values keep their sign. Repetitions of
    the DIL add up. Behind DIL_COUNT's largest a sum takes no more.

    Parameters: ``descriptor``, fields of :data:`golden.signals.sequences.DIL`.

    Raises :class:`~golden.errors.V90Error` for a descriptor that is none.
    """

    def __init__(self, descriptor):
        self._symbols = DilSequencer(descriptor)
        self._shape = len(descriptor["training_ucodes"]), INTERVALS, 2
        self.reset()

    def reset(self):
        """Nothing was added; DIL begins."""
        self._symbols.reset()
        self.sums, self.counts = np.zeros((2, *self._shape), np.int64)

    def process(self, fine):
        """Add ``fine`` (SOFT, ``(frames, 6)``): DIL's next data frames, from its first on."""
        fine = np.asarray(fine, np.int64).reshape(-1)
        assert ((fine >= SOFT.min) & (fine <= SOFT.max)).all()
        symbols = self._symbols.process(len(fine))
        intervals = np.arange(len(fine)) % INTERVALS
        entries = np.ravel_multi_index((symbols.segments, intervals, symbols.signs), self._shape)
        entries, fine = entries[symbols.training], fine[symbols.training]
        # By entries, each in the order of time, so that those too many can be told.
        order = np.argsort(entries, kind="stable")
        entries, fine = entries[order], fine[order]
        place = np.arange(len(entries)) - np.searchsorted(entries, entries)
        good = place + self.counts.reshape(-1)[entries] < DIL_COUNT.max
        np.add.at(self.sums.reshape(-1), entries[good], fine[good])
        np.add.at(self.counts.reshape(-1), entries[good], 1)


class DilReferences:
    """Values of DIL's reference symbols, on lines that receive a DIL that was asked for (8.4.1)."""

    def __init__(self):
        self._known = {}

    def know(self, line, descriptor, levels, first):
        """DIL by ``descriptor`` begins with data frame ``first``; None: the line has none.

        ``levels`` (int64 ``(6, 2)``): PCM values of the reference by interval, in data frames with
        even and odd numbers.
        """
        if descriptor is None:
            self.forget(line)
            return
        symbols = DilSequencer(descriptor).process(int(dil_lengths(descriptor).sum()))
        self._known[line] = first, symbols, np.asarray(levels, np.int64)

    def forget(self, line):
        """The line receives no DIL."""
        self._known.pop(line, None)

    def process(self, lines, number):
        """Values (int64 ``(c, 6)``) of data frames ``number`` of ``lines``, 0 where none is known.

        None where no line receives a DIL.
        """
        if not self._known:
            return None
        values = np.zeros((len(lines), INTERVALS), np.int64)
        for at, line in enumerate(lines.tolist()):
            if line not in self._known or number[at] < self._known[line][0]:
                continue
            first, symbols, levels = self._known[line]
            place = (int(number[at]) - first) * INTERVALS % len(symbols.signs)
            for i in range(INTERVALS):
                if not symbols.training[place + i]:
                    value = levels[i, number[at] & 1]
                    values[at, i] = value if symbols.signs[place + i] else -value
        return values


#: Data frames in a row whose signs descramble to ones, which are TRN1d and not Jd; and those whose
#: do not, which are not TRN1d. One wrong sign spoils three of five.
TRN1D_BACK, TRN1D_OVER = 4, 5


#: Data frames of a Jd (Table 13/V.90).
JD_FRAMES = JD.length // INTERVALS


#: How a Jd begins, 17 ones and a zero (Table 13/V.90), and Jd' (8.4.3), by data frames.
_SYNC = np.array([*[1] * 17, 0], np.uint8).reshape(-1, INTERVALS)


_END = np.zeros((JD_END // INTERVALS, INTERVALS), np.uint8)


class TrainingBits(NamedTuple):
    """Bits of data frames, uint8 ``(frames, 6)``, and in which of these a Jd begins, bool."""

    bits: np.ndarray
    begins: np.ndarray


class TrainingDecoder:
    """Signs of data frames to the bits of TRN1d and Jd, up to DIL (8.4.2, 8.4.3, 8.4.5).

    Signs are those of a receiver that has learnt from TRN1d, which settles the polarity. TRN1d's
    descramble to ones. Jd begins with ones too, but they are of differentially encoded signs: it
    has begun with the data frame that descrambles so to ones and as TRN1d does not. Where it does
    both, the scrambled bits are the same, as they follow from bits and history: the bits and the
    history are then right whichever it was, and the next data frame tells. (With one in 4096 TRN1d
    it does not either; then the first Jd is missed.)

    A beginning that was missed, or was none, does no lasting harm: TRN1D_OVER data frames that
    are not TRN1d's are Jd, TRN1D_BACK that are TRN1d's end it. By then the history is the line's.

    A Jd begins where 17 ones and a zero do, three data frames. Jd' is 12 zeroes where one might
    begin, whole Jd after the last that did. Nothing behind Jd' is decoded.

    ``dil``: number of DIL's first data frame, that behind Jd', counted from the first since the
    reset; None before Jd'.
    """

    def __init__(self):
        self.reset()

    def reset(self):
        """Wait for TRN1d, whose scrambler begins with zeroes."""
        self.dil = None
        self._frames = 0
        self._signs = np.zeros(max(GPC), np.uint8)
        # What was there before tells nothing.
        self._ones = np.ones(TRN1D_OVER - 1, bool)
        #: The scrambled bits of Jd, while it is that.
        self._line = None
        #: Data frames that a Jd may begin with.
        self._held = np.zeros((0, INTERVALS), np.uint8)
        #: Data frames since the last of 17 ones and a zero.
        self._since = None

    def process(self, signs):
        """Decode ``signs`` (uint8, ``(frames, 6)``) to :class:`TrainingBits`.

        Whether a Jd begins is known two data frames later: those are given with the next ones, or
        never, if they are Jd'.
        """
        signs = np.asarray(signs, np.uint8).reshape(-1, INTERVALS)
        count, waits = len(signs), len(_SYNC) - 1
        held = len(self._held)
        bits = np.zeros((waits + count, INTERVALS), np.uint8)
        bits[waits - held : waits] = self._held
        synchronised = np.zeros(waits + count, bool)
        if self.dil is not None:
            count = 0
        elif count:
            count = self._decode(signs, bits, synchronised)
        self._frames += count
        first, end = waits - held, waits + count
        self._held = bits[max(first, end - waits) : end]
        given = slice(first, max(first, end - waits))
        return TrainingBits(bits[given], synchronised[waits:][given])

    def _decode(self, signs, bits, synchronised):
        """Fill in bits and flags behind those that are there; returns how many up to Jd'."""
        waits, far = len(bits) - len(signs), max(GPC)
        whole = np.concatenate([self._signs, signs.reshape(-1)])
        changes = np.concatenate([whole[:1], whole[1:] ^ whole[:-1]])
        plain = _descrambled(whole, whole)
        ones = np.concatenate([self._ones, plain.all(axis=1)])
        runs = np.lib.stride_tricks.sliding_window_view(ones, TRN1D_OVER)
        again, no_more = runs[:, -TRN1D_BACK:].all(axis=1), ~runs.any(axis=1)
        begun = _descrambled(changes, whole).all(axis=1) & ~runs[:, -1]
        leaves = {False: np.flatnonzero(begun | no_more), True: np.flatnonzero(again)}
        at, frames = 0, len(signs)
        while at < frames:
            # A stretch of one kind, up to the data frame that shows the other.
            jd = self._line is not None
            rest = leaves[jd][np.searchsorted(leaves[jd], at) :]
            end = rest[0] if len(rest) else frames
            last = min(end + 1, frames)
            if not jd:
                bits[waits + at : waits + last] = plain[at:last]
                at = last
                if end < frames:
                    at, past = (end, whole) if begun[end] else (last, changes)
                    self._line = past[at * INTERVALS : at * INTERVALS + far]
                continue
            line = np.concatenate([self._line, changes[far:][at * INTERVALS : last * INTERVALS]])
            bits[waits + at : waits + last] = _descrambled(line, line)
            found = self._sequences(bits[: waits + last], at + waits, end + waits, synchronised)
            if found is not None:
                self.dil = self._frames + found - waits
                return found - waits
            self._line = line[-far:]
            if end < frames:
                bits[waits + end] = 1
                self._line = self._since = None
            at = last
        self._signs, self._ones = whole[-far:], ones[-TRN1D_OVER + 1 :]
        return frames

    def _sequences(self, bits, at, end, synchronised):
        """Where Jd are in the data frames from ``at`` on; the number behind Jd', or None.

        At ``end``, where there is one, TRN1d would be back, unless it is Jd' that ends there.
        """
        marks = _match(bits, _SYNC, at)
        marks[end - at :] = False
        synchronised[at : at + len(marks)] = marks
        number = np.arange(len(marks))
        latest = np.maximum.accumulate(np.where(marks, number, -1))
        before = -1 if self._since is None else self._since
        since = np.where(latest < 0, before + 1 + number, number - latest)
        known = (latest >= 0) | (self._since is not None)
        phase = len(_END) - len(_SYNC)
        ends = known & (since % JD_FRAMES == phase % JD_FRAMES) & _match(bits, _END, at)
        if ends.any():
            return at + int(np.argmax(ends)) + 1
        self._since = int(since[-1]) if known[-1] else None
        return None


def _descrambled(line, past):
    """Data frames of bits: ``line`` descrambled where ``past`` was before, 23 bits more of each."""
    near, far = GPC
    return (line[far:] ^ past[far - near : -near] ^ past[:-far]).reshape(-1, INTERVALS)


def _match(frames, pattern, at):
    """Whether data frames from ``at`` on are the last of those of ``pattern``, bool."""
    ends = len(frames) - len(pattern) + 1
    match = np.ones(len(frames) - at, bool)
    for n, wanted in enumerate(pattern):
        match &= (frames[n : n + ends][at - len(pattern) + 1 :] == wanted).all(axis=1)
    return match
