"""Stimuli that several tests of this package share."""

import numpy as np

from golden.pcm.parameters import INTERVALS
from golden.signals import training as golden
from hdl.signals.training import (
    descriptor_words,
)
from tests.hdl.support import columns

ENGINES = ("cxxrtl", "verilator", "icarus")


def descriptor(rng, segments, signs, training, most=20):
    """A DIL descriptor, with DIL-segments of up to ``most`` data frames."""
    return {
        "training_ucodes": rng.integers(0, 128, segments).tolist(),
        "sign_pattern": rng.integers(0, 2, signs).tolist(),
        "training_pattern": rng.integers(0, 2, training).tolist(),
        "H": rng.integers(0, most, 8).tolist(),
        "REF": rng.integers(0, 128, 8).tolist(),
    }


def words_of(descriptor):
    return columns([{"address": a, "data": word} for a, word in descriptor_words(descriptor)])


def places(descriptor, count):
    """States (a dict of arrays) of DIL's first ``count`` symbols, from the lengths alone."""
    lengths = np.resize(golden.dil_lengths(descriptor), count)
    number = np.repeat(np.arange(len(lengths)), lengths)[:count]
    at = np.arange(count) - (np.cumsum(lengths) - lengths)[number]
    return {
        "segment": number % len(descriptor["training_ucodes"]),
        "frame": at // INTERVALS,
        "interval": at % INTERVALS,
        "sign_place": at % len(descriptor["sign_pattern"]),
        "training_place": at % len(descriptor["training_pattern"]),
    }


def symbols(descriptor, count):
    """``(states, symbols)`` of DIL's first ``count``, dicts of arrays."""
    state = places(descriptor, count + 1)
    got = golden.DilSequencer(descriptor).process(count)
    following = {name: values[1:] for name, values in state.items()}
    return {name: values[:-1] for name, values in state.items()}, {
        "ucode": got.ucodes,
        "sign": got.signs,
        "training": got.training.astype(int),
        "segment": got.segments,
        "last": got.last.astype(int),
        "state": following,
    }


def chosen(tree, which):
    return {n: chosen(v, which) if isinstance(v, dict) else v[which] for n, v in tree.items()}


def joined(trees):
    return {
        name: joined([tree[name] for tree in trees])
        if isinstance(value, dict)
        else np.concatenate([tree[name] for tree in trees])
        for name, value in trees[0].items()
    }
