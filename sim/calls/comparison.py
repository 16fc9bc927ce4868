"""Decisions of a call whose symbols are known, beside the symbols that were sent."""

from dataclasses import dataclass, field

import numpy as np

from golden.pcm import g711
from golden.pcm.parameters import INTERVALS
from golden.receiver.slicer import FINE, Levels
from sim.calls import design
from sim.calls.description import Call
from sim.calls.reception import Received


@dataclass
class Comparison:
    """Symbols sent in a call with given parameters, beside those decided.

    Fields
    ------
    call : :class:`~sim.calls.description.Call`
    octets : uint8, ``(n,)``
        Every octet that the digital modem sent.
    first : int
        Index of TRN1d's first octet.
    frames : int
        Data frames of the file, from B1d on.
    slips : tuple of (int, int)
        The network's slips, counted from the first octet of all.
    arrived : pair of int64, ``(6, 128)``
        As :func:`sim.calls.design.arrivals` gives it.
    levels : :class:`~golden.receiver.slicer.Levels`
        Levels of the data.
    received : :class:`~sim.calls.reception.Received`
    """

    call: Call
    octets: np.ndarray
    first: int
    frames: int
    slips: tuple
    arrived: tuple
    levels: Levels
    received: Received
    _source: np.ndarray = field(init=False, repr=False)

    def __post_init__(self):
        # For each octet that left the network, the index of the octet sent.
        times = np.ones(len(self.octets), np.int64)
        for at, change in self.slips:
            if at < len(times):
                times[at] += change
        self._source = np.repeat(np.arange(len(times)), times)

    @property
    def start(self):
        """Data frame with which data begin, counted from TRN1d's first."""
        return self.call.trn1d // INTERVALS

    def _sent(self, symbols):
        """Indices of the octets sent for symbols from TRN1d's first on, and whether there are."""
        index = self.first + symbols
        known = index < len(self._source)
        return self._source[np.minimum(index, len(self._source) - 1)], known

    def errors(self):
        """Soft values less the levels sent, PCM values (float64, ``(n, 6)``, a row a data frame).

        An error is NaN where nothing was sent.
        """
        d = self.received.decisions
        index, known = self._sent(INTERVALS * d.number[:, None] + np.arange(INTERVALS))
        level = design.arriving(self.call.network, self.octets)
        sent = np.where(g711.sign(self.octets) == 1, level, -level)[index]
        return np.where(known, d.fine / (1 << FINE) - sent, np.nan)

    @property
    def in_data(self):
        """Which rows of the decisions are data frames of the file (bool, ``(n,)``)."""
        number = self.received.decisions.number - self.start
        return (number >= 0) & (number < self.frames)

    def deviations(self):
        """Standard deviations of the file's soft values by interval (PCM values, ``(6,)``).

        They are NaN where the receiver gave up before data.
        """
        errors = self.errors()[self.in_data]
        if not len(errors):
            return np.full(INTERVALS, np.nan)
        return np.sqrt(np.nanmean(errors**2, axis=0))

    def wrong(self):
        """How many symbols of the file were decided wrong, and how many were compared."""
        wrong = total = 0
        for at, octets in self.received.stretches:
            index, known = self._sent(self.call.trn1d + at + np.arange(len(octets)))
            known &= index < self.first + self.call.trn1d + self.frames * INTERVALS
            wrong += int(np.count_nonzero((octets != self.octets[index])[known]))
            total += int(np.count_nonzero(known))
        return wrong, total
