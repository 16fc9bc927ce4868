"""Clause 5.4/V.90 assembled: data bits to PCM octets."""

import numpy as np

from golden.bits.scrambler import GPC, Scrambler
from golden.pcm import g711
from golden.pcm.mapper import Mapper
from golden.pcm.modulus import ModulusEncoder
from golden.pcm.parameters import INTERVALS
from golden.pcm.shaper import Shaper
from golden.pcm.signs import DifferentialEncoder

#: Data frames of scrambled ones that B1d has (8.6.1/V.90).
B1D_FRAMES = 48


class Encoder:
    """The digital modem's encoder for one set of mapping parameters.

    It starts as TRN2d and B1d do, with scrambler, differential encoder and shaper memory zero
    (8.6.1, 8.6.5). Channels with the same parameters are leading axes.

    Bits wait in a queue. A data frame takes D of them, or, when fewer are there, is made of
    scrambled ones and leaves the queue alone; ``underruns`` counts those frames since the start.

    The octets of a data frame are returned once its signs are decided, which with look-ahead may
    be up to three data frames later.
    """

    def __init__(self, parameters):
        self.parameters = parameters
        self.reset()

    def reset(self):
        """Empty queue, zero memories."""
        self._queue = None
        self.underruns = 0
        self._start(self.parameters)

    def _start(self, parameters):
        self.parameters = p = parameters
        self._scrambler = Scrambler(GPC)
        self._modulus = ModulusEncoder(p.moduli)
        self._mapper = Mapper(p.intervals)
        self._signs = DifferentialEncoder(p.sr)
        self._shaper = Shaper(p.sr, p.ld, p.a1, p.a2, p.b1, p.b2) if p.sr else None
        self._ucodes = self._decided = None

    def fill(self, bits):
        """Append bits (uint8, ``(..., n)``, first in time first) to the queue."""
        bits = np.asarray(bits, np.uint8)
        self._queue = bits if self._queue is None else np.concatenate([self._queue, bits], axis=-1)

    def frames(self, count):
        """Send ``count`` data frames; return the octets decided (uint8, ``(..., 6 m)``)."""
        if self._queue is None:
            self.fill(np.zeros(0, np.uint8))
        d = self.parameters.data_bits
        full = min(count, self._queue.shape[-1] // d)
        taken, self._queue = self._queue[..., : full * d], self._queue[..., full * d :]
        self.underruns += count - full
        ones = np.ones((*taken.shape[:-1], (count - full) * d), np.uint8)
        return self._encode(np.concatenate([taken, ones], axis=-1))

    def process(self, bits):
        """Send ``bits``, as many whole data frames as there are; return the octets decided."""
        self.fill(bits)
        return self.frames(self._queue.shape[-1] // self.parameters.data_bits)

    def flush(self):
        """Octets still undecided, with the look-ahead cut at the last data frame sent."""
        if self._ucodes is None:
            return np.zeros(0, np.uint8)
        lead = self._ucodes.shape[:-1]
        signs = self._shaper.flush(lead) if self._shaper else np.zeros((*lead, 0), np.uint8)
        return self._octets(self._ucodes[..., :0], signs)

    def change(self, parameters):
        """Change the mapping parameters after the data frames sent so far, and start anew.

        Returns the octets still undecided under the old parameters; their look-ahead ends at the
        change. The queue stays.
        """
        octets = self.flush()
        self._start(parameters)
        return octets

    def _encode(self, bits):
        p = self.parameters
        lead = bits.shape[:-1]
        frames = self._scrambler.process(bits).reshape(*lead, -1, p.data_bits)
        # 5.4.2: the first S bits of a data frame are its sign bits.
        numbers = frames[..., p.s :].astype(np.int64) @ (np.int64(1) << np.arange(p.k))
        ucodes = self._mapper.process(self._modulus.process(numbers)).reshape(*lead, -1)
        signs = self._signs.process(frames[..., : p.s].reshape(*lead, -1))
        if self._shaper:
            signs = self._shaper.process(signs, g711.linear(ucodes, p.law))
        return self._octets(ucodes, signs)

    def _octets(self, ucodes, signs):
        if self._ucodes is not None:
            ucodes = np.concatenate([self._ucodes, ucodes], axis=-1)
            signs = np.concatenate([self._decided, signs], axis=-1)
        # With Sr = 2 or 3 the shaper may be in the middle of a data frame.
        n = signs.shape[-1] // INTERVALS * INTERVALS
        octets = g711.octet(ucodes[..., :n], signs[..., :n], self.parameters.law)
        self._ucodes, self._decided = ucodes[..., n:], signs[..., n:]
        return octets
