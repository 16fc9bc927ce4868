"""Decisions of a receiver, data frame by data frame, and their bits (5.4, 8.4.4/V.90)."""

from dataclasses import dataclass, field, fields, replace

import numpy as np

from golden.pcm.decoder import Decoder
from golden.pcm.mapper import Demapper
from golden.pcm.parameters import INTERVALS
from golden.receiver.slicer import FINE
from golden.receiver.timetable import Kind


@dataclass
class Decisions:
    """Data frames that a receiver decided, and the events that it reported meanwhile.

    Fields
    ------
    fine : int64 ``(n, 6)``, soft values, SOFT
    error : int64 ``(n, 6)``, decided less soft value, ERROR
    ucode : uint8 ``(n, 6)``
    sign : uint8 ``(n, 6)``, 1 positive
    number : int64 ``(n,)``, of the data frame, counted from TRN1d's first
    good : bool ``(n,)``, the receiver had synchronism
    first : int64 ``(n,)``, data frame interval of the first symbol
    quality : int64 ``(n, 6)``, slow means of squared errors by symbol, SOFT squared times
        ``2**SLOW_BITS``
    step : int64 ``(n,)``, offset of the clock, ``2**-32`` of a sample
    events : pairs of a data frame's number and a :class:`~golden.receiver.timetable.Kind`
    """

    fine: np.ndarray
    error: np.ndarray
    ucode: np.ndarray
    sign: np.ndarray
    number: np.ndarray
    good: np.ndarray
    first: np.ndarray
    quality: np.ndarray
    step: np.ndarray
    events: list = field(default_factory=list)

    def rows(self, mine):
        """The data frames of a mask (bool ``(n,)``), with all events."""
        arrays = {
            item.name: getattr(self, item.name)[mine]
            for item in fields(self)
            if item.name != "events"
        }
        return replace(self, **arrays)

    def of_last_training(self):
        """The data frames decided after the last Sd that was detected among them."""
        kinds = [kind for _, kind in self.events]
        if Kind.DETECTED not in kinds:
            return self
        back = np.flatnonzero(np.diff(self.number) < 0)
        first = len(self.number)
        if len(back):
            first = int(back[-1]) + 1
        elif Kind.TRAINED in kinds[kinds.index(Kind.DETECTED) :]:
            first = 0
        return self.rows(np.arange(len(self.number)) >= first)


class DecisionDecoder:
    """Bits of the data frames from one number on, in which mapping parameters hold.

    Parameters: ``parameters``, :class:`~golden.pcm.parameters.MappingParameters`; ``first``, number
    of the first data frame, with which the decoder's memories are zero.

    ``process(decisions)`` returns bits (uint8, ``(D n,)``) and errors in PCM values (float64,
    ``(n, 6)``) of the data frames from ``first`` on. Calls in pieces give what one call gives.
    """

    def __init__(self, parameters, first):
        self._first = first
        self._decoder, self._demapper = Decoder(parameters), Demapper(parameters.intervals)

    def process(self, decisions):
        """See the class."""
        mine = decisions.number >= self._first
        labels, _ = self._demapper.process(decisions.ucode[mine])
        bits = self._decoder.process_labels(labels, decisions.sign[mine])
        return bits, decisions.error[mine] / (1 << FINE)


def by_line(frames, events):
    """The :class:`Decisions` of each line.

    Parameters: ``frames``, for each group of data frames that were decided together a tuple of
    lines, soft values, errors, Ucodes, numbers, good, first, quality and step; ``events`` of each
    line.
    """
    wide, narrow = np.zeros((0, INTERVALS), np.int64), np.zeros(0, np.int64)
    frames = [[narrow, wide, wide, wide, narrow, narrow, narrow, wide, narrow], *frames]
    lines, *columns = (np.concatenate(column) for column in zip(*frames, strict=True))
    results = []
    for line, own in enumerate(events):
        rows = np.flatnonzero(lines == line)
        fine, error, ucode, number, good, first, quality, step = (x[rows] for x in columns)
        sign = (fine >= 0).astype(np.uint8)
        ucode, good = ucode.astype(np.uint8), good.astype(bool)
        results.append(Decisions(fine, error, ucode, sign, number, good, first, quality, step, own))
    return results
