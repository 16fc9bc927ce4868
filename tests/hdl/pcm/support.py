"""Stimuli that several tests of this package share."""

from itertools import product

import numpy as np

from tests.hdl.support import (
    columns,
    write_words,
)

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
