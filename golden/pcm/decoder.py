"""The inverse of clause 5.4/V.90: PCM octets, or signed labels, to data bits."""

import numpy as np

from golden.bits.scrambler import GPC, Descrambler
from golden.pcm import g711
from golden.pcm.mapper import Demapper
from golden.pcm.modulus import ModulusDecoder
from golden.pcm.parameters import INTERVALS
from golden.pcm.signs import DifferentialDecoder


class Decoder:
    """Bits of whatever an encoder of clause 5.4 sent, with any legal shaper.

    It starts with all memories zero, as the encoder does at TRN2d and B1d (8.6.1, 8.6.5). Started
    elsewhere, it is right after two shaping frames and the descrambler's 23 bits.

    ``illegal`` counts octets since the start whose Ucode is not in the constellation of their
    interval, ``overflows`` data frames whose labels stand for a number of more than K bits. Neither
    comes from an encoder with the same parameters.
    """

    def __init__(self, parameters):
        self.parameters = parameters
        self.reset()

    def reset(self):
        """Zero memories and counters; the next octet is in data frame interval 0."""
        self.illegal = self.overflows = 0
        self._start(self.parameters)

    def _start(self, parameters):
        self.parameters = p = parameters
        self._demapper = Demapper(p.intervals)
        self._modulus = ModulusDecoder(p.moduli)
        self._signs = DifferentialDecoder(p.sr)
        self._descrambler = Descrambler(GPC)
        self._waiting = None

    def change(self, parameters):
        """Start anew with other mapping parameters; call it on a data frame boundary."""
        self._start(parameters)

    def process(self, octets):
        """Decode octets (uint8, ``(..., n)``); return the bits of the data frames completed."""
        octets = np.asarray(octets, np.uint8)
        if self._waiting is not None:
            octets = np.concatenate([self._waiting, octets], axis=-1)
        n = octets.shape[-1] // INTERVALS * INTERVALS
        octets, self._waiting = octets[..., :n], octets[..., n:]
        frames = octets.reshape(*octets.shape[:-1], -1, INTERVALS)
        labels, known = self._demapper.process(g711.ucode(frames, self.parameters.law))
        self.illegal += int(np.count_nonzero(~known))
        return self.process_labels(labels, g711.sign(frames))

    def process_labels(self, labels, signs):
        """Decode labels and sign bits (both ``(..., frames, 6)``) to bits ``(..., frames * D)``."""
        p = self.parameters
        labels = np.asarray(labels)
        lead = labels.shape[:-2]
        numbers = self._modulus.process(labels)
        self.overflows += int(np.count_nonzero(numbers >> p.k))
        scrambled = np.empty((*labels.shape[:-1], p.data_bits), np.uint8)
        scrambled[..., p.s :] = (numbers[..., None] >> np.arange(p.k)) & 1
        signs = np.asarray(signs, np.uint8).reshape(*lead, -1)
        scrambled[..., : p.s] = self._signs.process(signs).reshape(*scrambled.shape[:-1], p.s)
        return self._descrambler.process(scrambled.reshape(*lead, -1))
