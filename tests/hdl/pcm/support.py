"""Stimuli that several tests of this package share."""

from itertools import product

import numpy as np

from golden.pcm.parameters import INTERVALS
from sim.calls.parameter_sets import EXTREMES
from tests.hdl.support import (
    columns,
    data_frames,
    follow,
    host_octets,
    host_words,
    write_words,
)

#: Octet of a channel without parameters.
IDLE = 0xD5

#: Cycles, more than anything here takes.
PATIENCE = 10_000_000


SR_LD = [(0, 3), *product((1, 2, 3), range(4))]


def merged(rng, parts):
    """Tokens of the channels at random, each channel's in order, as inputs and outputs."""
    order = rng.permutation(np.repeat(np.arange(len(parts)), [len(part) for part in parts]))
    iterators = [iter(part) for part in parts]
    tokens = columns([next(iterators[number]) for number in order])
    given = {name: tokens[name] for name in tokens if name not in ("law", "inversions")}
    return given, tokens


def run(gateware, rng, sets, parts, **options):
    """Configure, run the tokens, and return what came with what should have."""
    given, expected = merged(rng, parts)
    gateware.run({"i_configuration": columns(write_words(rng, sets))}, **options)
    result = gateware.run({"i": given}, {"o": len(given["half"])}, cycles=1_000_000, reset=False)
    return result, expected


def random_bits(rng, p, frames):
    """Bits of whole data frames, in whole octets."""
    count = frames * p.data_bits
    return rng.integers(0, 2, count + -count % 8, np.uint8)


class Bank:
    """An encoder bank on its way: what it was given, and all the octets that came.

    ``history`` and ``sent``: for each channel its parameters in order, and its data bits.
    """

    def __init__(self, gateware, channels):
        self.gateware, self.channels = gateware, channels
        self.history = [[] for _ in range(channels)]
        self.sent = [np.zeros(0, np.uint8) for _ in range(channels)]
        self.parts = []
        gateware.reset()

    def run(self, inputs, outputs=None, **options):
        options = {"cycles": PATIENCE, **options}
        result = self.gateware.run(inputs, outputs or {}, reset=False, **options)
        self.parts.append(result.outputs["o"])
        return result

    def configure(self, *sets, commit=True, **options):
        """Give parameters, ``(channel, parameters)``, and take what comes meanwhile."""
        for channel, p in sets if commit else ():
            self.history[channel].append(p)
        return self.run({"i_configuration": host_words(sets, commit)}, **options)

    def feed(self, bits, **options):
        """Give data bits, ``{channel: bits}``, whole octets."""
        sets = {
            channel: (self.history[channel] or [EXTREMES["greatest-k-exact"]])[-1]
            for channel in bits
        }
        for channel, own in bits.items():
            self.sent[channel] = np.append(self.sent[channel], own)
        return self.run({"i_data": host_octets(sets, bits)}, **options)

    def take(self, frames, **options):
        """Take so many data frames of all channels."""
        return self.run({}, {"o": frames * INTERVALS * self.channels}, **options)

    def underruns(self):
        """The counters of all channels, while nothing is taken."""
        counts = []
        for channel in range(self.channels):
            self.gateware.set("underruns_channel", channel)
            self.gateware.run(outputs={"o": 0}, cycles=2, reset=False)
            counts.append(self.gateware.get("underruns"))
        return counts

    def frames(self):
        """``(octets, starts)`` of each channel since the reset."""
        return data_frames(np.concatenate(self.parts), self.channels)

    def follow(self):
        """Hold all that came against golden; for each channel, which data frames are of ones.

        ``rest`` then has for each channel how many data bits have not come yet.
        """
        octets, starts = self.frames()
        found = [
            follow(octets[c], starts[c], self.history[c], self.sent[c])
            for c in range(self.channels)
        ]
        self.rest = [rest for _, rest in found]
        return [for_want for for_want, _ in found]
