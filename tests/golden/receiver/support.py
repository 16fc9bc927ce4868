"""Stimuli that several tests of this package share."""

from dataclasses import fields

import numpy as np

from golden.pcm import g711
from golden.pcm.parameters import INTERVALS
from golden.receiver.slicer import FINE, MOST_LEVELS, Levels
from golden.receiver.timetable import SKIPPED, SOLVING, TRAINED
from golden.signals.training import sd, trn1d
from sim.world import lines
from sim.world.line import Conditions, Line


def any_regressors(rng, *shape, forward=8, feedback=4):
    windows = rng.integers(-(2**15), 2**15, (*shape, forward))
    return windows, rng.choice((-1, 1), (*shape, feedback + 1))


#: First data frame that is decided.
TRAINED_AT = SKIPPED + TRAINED + SOLVING


#: Data frames of TRN1d before data, and octets of silence before Sd.
DATA_AT, SILENCE = 500, 600


U_INFO = 79


#: Two intervals' constellations: ascending Ucodes, far apart at 45 dB.
EVEN, ODD = (31, 55, 68, 76, 82, 86), (45, 63, 74, 80, 84)


def training_levels(law="A"):
    return levels(((U_INFO,),) * INTERVALS, law)


def levels(intervals, law="A"):
    values = tuple(tuple(int(v) for v in g711.linear(np.array(one), law)) for one in intervals)
    return Levels(values, tuple(intervals))


def silence(octets, law="A"):
    return g711.octet(np.zeros(octets, int), np.arange(octets) % 2, law)


def beginning(frames, law="A"):
    """Octets of silence, Sd, S-bar-d and TRN1d."""
    signals = sd(U_INFO), trn1d(U_INFO, INTERVALS * frames)
    return np.concatenate([silence(SILENCE, law), *(g711.octet(*one, law) for one in signals)])


def sampled(octets, name="26awg-9kft", law="A", **conditions):
    """16-bit samples of a call of mean power -22 dB below full scale."""
    known = {"snr": 45, "level": -22, "bits": 16, "phase": 0.37} | conditions
    samples = Line(lines.find(name), Conditions(**known), law).process(octets)
    return np.minimum(np.rint(samples * 32768), 32767).astype(np.int64)


def assert_same(one, other):
    for field in fields(one):
        a, b = getattr(one, field.name), getattr(other, field.name)
        assert np.array_equal(a, b), field.name
        assert not isinstance(a, np.ndarray) or a.dtype == b.dtype


def data(rng, frames, intervals=(EVEN,) * INTERVALS):
    """Octets of random data."""
    columns = [rng.choice(np.array(one), frames) for one in intervals]
    ucodes = np.stack(columns, axis=-1).reshape(-1)
    return g711.octet(ucodes, rng.integers(0, 2, len(ucodes)), "A")


def decided(decisions):
    """Octets decided, ``(n, 6)``."""
    return g711.octet(decisions.ucode, decisions.sign, "A")


def alike(*values):
    """Levels that all intervals share; their Ucodes count from 0."""
    return Levels((values,) * INTERVALS, (tuple(range(len(values))),) * INTERVALS)


def random_levels(rng, most=MOST_LEVELS, largest=32767):
    sizes = rng.choice([1, 2, most, *rng.integers(1, most + 1, 3)], INTERVALS)
    values = [np.sort(rng.choice(largest + 1, size, replace=False)) for size in sizes]
    ucodes = [np.sort(rng.choice(128, size, replace=False)) for size in sizes]
    return Levels(tuple(map(tuple, values)), tuple(map(tuple, ucodes)))


def nearest(levels, fine, interval):
    """The level next to ``fine`` among those of its sign; of two the smaller."""
    values = levels.values[interval]
    distances = [abs(abs(fine) - (value << FINE)) for value in values]
    index = distances.index(min(distances))
    return levels.ucodes[interval][index], -values[index] if fine < 0 else values[index]
