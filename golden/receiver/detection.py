"""Sd found in the samples of the analogue modem's A/D, and R in decisions (8.4.4, 8.6.4/V.90).

Sd repeats after six symbols, so x[n+3] = -x[n]: at 16 000 samples a second r[k-6] = -r[k], whatever
the line does. S-bar-d turns the sign, once, 96 samples before TRN1d. Between the line's two
frequencies 4 kHz is weak, so Sd is a tone of 8000/6 Hz, whose phase gives the clock's offset
(9.3.2).

R has the same signs, in data frames of a receiver that is trained.
"""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

#: Samples of half a period of Sd and of a whole one.
HALF_PERIOD, PERIOD = 6, 12

#: Samples over which power and correlation are summed.
SUM_WINDOW = 96

#: Samples of each of the two stretches between which the tone's phase is compared. With the window
#: they are 60 of Sd's 64 periods.
STRETCH = 312

#: Samples after detection in which the reversal must come: 384 symbols of Sd, and what a late
#: start or a slow line may add.
LATEST_REVERSAL = 1024

#: Bits that the sum of squares must have for there to be a signal: 37 LSB, or -59 dB.
LEAST_POWER_BITS = 18

#: Samples of TRN1d whose squares tell the level. Sd does not: it lacks what the line passes best.
LEVEL_WINDOW = 192

#: Bits of their sum for which no shift is needed: TRN1d has an rms of 1672 to 3344 then, which
#: leaves 20 dB and more for peaks and for data, and is 75 dB and more above rounding to 16 bits.
LEVEL_BITS = 31

#: Largest shift: 12 dB more than the least Sd asks for.
MOST_LEVEL_SHIFT = 6

#: Cosine of a twelfth of a turn, k times, in Q0.15.
COSINE = np.rint(32767 * np.cos(2 * np.pi * np.arange(PERIOD) / PERIOD)).astype(np.int64)

#: Fraction bits of the tangent of the phase's change, and its largest magnitude: 1/8, which is
#: 765 ppm; what turns faster is another tone.
TANGENT_FRACTION, TANGENT_LIMIT = 18, (1 << 15) - 1

#: The step in Q32 for a tangent of 2**-18, in 1/256: 2**32 / (STRETCH * 2 pi / 12) / 2**18 * 256.
STEP_SCALE = int(np.rint(2**22 / (STRETCH * 2 * np.pi / PERIOD)))


class Phase(IntEnum):
    """What the detector waits for."""

    SEARCH = 0
    FIRST = 1
    SECOND = 2
    REVERSAL = 3
    LOWEST = 4
    LEVEL = 5


@dataclass(frozen=True)
class Detection:
    """What Sd told.

    Fields: ``reversal``, index of the sample where the turn's correlation was lowest, 11 or so
    after the first sample of S-bar-d is at its highest; ``shift``, left shift, -4 to 6, that brings
    samples to the working level; ``step``, samples (of the A/D's clock) that half a symbol takes
    beyond 1, in Q32.
    """

    reversal: int
    shift: int
    step: int


class SdDetector:
    """Waits for Sd and S-bar-d; exact on 16-bit integers.

    ``process`` takes samples (int64 within 16 bits, ``(n,)``) in pieces, and returns the
    :class:`Detection` as soon as it has one (the rest of that piece is left), else None.
    ``taken`` counts the samples it saw, and sample numbers count from ``reset``.
    """

    _KEPT = SUM_WINDOW + HALF_PERIOD + 1

    def __init__(self):
        self.reset()

    def reset(self, at=0):
        """Begin to search; the next sample has the number ``at``, and those before were 0."""
        self.taken = at
        self._last = np.zeros(self._KEPT, np.int64)
        self._search()

    def _search(self):
        self.phase = Phase.SEARCH
        self._sums = np.zeros(4, np.int64)

    def process(self, samples):
        """See the class; samples after a detection belong to the caller."""
        r = np.concatenate([self._last, np.asarray(samples, np.int64)])
        power = _sliding(r * r, SUM_WINDOW)
        half = np.zeros_like(r)
        half[HALF_PERIOD:] = -r[HALF_PERIOD:] * r[:-HALF_PERIOD]
        like = _sliding(half, SUM_WINDOW)
        whole = np.zeros_like(r)
        whole[PERIOD:] = r[PERIOD:] * r[:-PERIOD]
        turn = _sliding(whole, PERIOD)
        found = (like > power - (power >> 5)) & (power >= 1 << (LEAST_POWER_BITS - 1))
        turned = turn < -(power >> 5)
        start = self.taken - self._KEPT
        k, end = self._KEPT, len(r)
        result = None
        while k < end and result is None:
            if self.phase is Phase.SEARCH:
                hits = np.flatnonzero(found[k:])
                if not len(hits):
                    k = end
                    break
                k += int(hits[0]) + 1
                self.phase = Phase.FIRST
                self._since = 0
                continue
            if self.phase is Phase.LOWEST:
                # Up to the last sample of a period after the first below the threshold.
                stop = min(end, k + PERIOD - 1 - self._since)
                part = turn[k:stop]
                if len(part) and part.min() < self._least:
                    self._least = int(part.min())
                    self._reversal = start + k + int(part.argmin())
                self._since += stop - k
                k = stop
                if self._since == PERIOD - 1:
                    self.phase, self._since, self._level = Phase.LEVEL, 0, 0
                continue
            if self.phase is Phase.LEVEL:
                stop = min(end, k + LEVEL_WINDOW - self._since)
                self._level += int(r[k:stop] @ r[k:stop])
                self._since += stop - k
                k = stop
                if self._since == LEVEL_WINDOW:
                    shift = (LEVEL_BITS - self._level.bit_length()) >> 1
                    result = Detection(self._reversal, min(shift, MOST_LEVEL_SHIFT), self._step)
                    self._search()
                continue
            limit = {Phase.FIRST: STRETCH, Phase.SECOND: 2 * STRETCH}.get(
                self.phase, LATEST_REVERSAL
            )
            stop = min(end, k + limit - self._since)
            hits = np.flatnonzero(turned[k:stop])
            early = self.phase is not Phase.REVERSAL
            if len(hits):
                k += int(hits[0]) + 1
                if early:
                    self._search()
                else:
                    self.phase, self._since = Phase.LOWEST, 0
                    self._least, self._reversal = int(turn[k - 1]), start + k - 1
                continue
            if early:
                angle = (self._since + np.arange(stop - k)) % PERIOD
                part = np.array([COSINE[angle] @ r[k:stop], COSINE[angle - 3] @ r[k:stop]])
                which = 2 * (self.phase is Phase.SECOND)
                self._sums[which : which + 2] += part
            self._since += stop - k
            k = stop
            if self._since == limit:
                self._advance()
        self.taken += k - self._KEPT
        self._last = r[k - self._KEPT : k]
        return result

    def _advance(self):
        if self.phase is Phase.FIRST:
            self.phase = Phase.SECOND
        elif self.phase is Phase.SECOND:
            self._step = step(*(int(x) for x in self._sums))
            self.phase = Phase.REVERSAL
            if self._step is None:
                self._search()
        else:
            self._search()


class SdSearch:
    """Detectors of lines side by side, and the detections that nobody took yet.

    ``process(rows)``: samples (int64 ``(lines, n)``) in pieces. ``deaf`` (bool ``(lines,)``): lines
    whose detections are passed over.
    """

    def __init__(self, lines):
        self.deaf = np.zeros(lines, bool)
        self._detectors = [SdDetector() for _ in range(lines)]
        #: Samples taken with the detection, and the detection.
        self._found = [[] for _ in range(lines)]

    def process(self, rows):
        """See the class."""
        for line, (detector, row) in enumerate(zip(self._detectors, rows, strict=True)):
            begin = detector.taken
            while detector.taken < begin + len(row):
                found = detector.process(row[detector.taken - begin :])
                if found is not None and not self.deaf[line]:
                    self._found[line].append((detector.taken, found))

    def limit(self, ends):
        """Samples (int64 ``(lines,)``) before each line's next detection, or those of ``ends``."""
        pairs = zip(self._found, ends, strict=True)
        return np.array([found[0][0] if found else end for found, end in pairs])

    def take(self):
        """Pairs of a line and its next detection, for all lines that have one."""
        return [(line, found.pop(0)[1]) for line, found in enumerate(self._found) if found]


def step(first_cosine, first_sine, second_cosine, second_sine):
    """Step in Q32 from the correlations of both stretches; None when the tone is another one.

    The four are cut to the 16 bits that the largest of them needs, so that sums of two products
    have 33 bits.
    """
    parts = (first_cosine, first_sine, second_cosine, second_sine)
    length = max(max(x, ~x).bit_length() for x in parts)
    a, b, c, d = (x >> max(0, length - 15) for x in parts)
    cross, dot = a * d - b * c, a * c + b * d
    if dot <= 0:
        return None
    tangent = (abs(cross) << TANGENT_FRACTION) // dot
    if tangent > TANGENT_LIMIT:
        return None
    tangent = -tangent if cross < 0 else tangent
    return (tangent * STEP_SCALE) >> 8


def step_reference(samples):
    """The step (float, 1 is a sample) from two stretches of Sd in ``samples``, float64, in full."""
    r = np.asarray(samples, np.float64)[: 2 * STRETCH].reshape(2, STRETCH)
    first, second = r @ np.exp(-2j * np.pi * np.arange(STRETCH) / PERIOD)
    return -np.angle(second * np.conj(first)) / (STRETCH * 2 * np.pi / PERIOD)


def _sliding(x, window):
    """Sums of the last ``window`` of ``x``; the first ones lack what was before."""
    total = np.cumsum(x)
    total[window:] -= total[:-window].copy()
    return total
