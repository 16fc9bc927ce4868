"""Stimuli and expectations that several tests share."""

from functools import cache

import numpy as np

from golden.bits.hdlc import Framer
from golden.learning.learning import dil_request
from golden.modem.digital import DigitalModem
from golden.modem.states import Upstream
from golden.pcm.parameters import INTERVALS, MappingParameters
from golden.signals.sequences import CP, DIL, cp_fields


def parameters_of(points):
    return MappingParameters("CP", 1, 1, 0, "A", 64, 0, 0, 0, (0,) * 6, (tuple(points),))


U_INFO = 79


#: Points far apart, so that no network makes one of two.
TRAINED = MappingParameters("CPt", 9, 1, 0, "A", 64, 0, 0, 0, (0,) * 6, ((42, 67, 80, 87),))


ASKED = MappingParameters(
    "CP",
    8,
    1,
    0,
    "A",
    64,
    0,
    0,
    0,
    (0, 1) * 3,
    (tuple(range(30, 88, 4)), tuple(range(32, 90, 4))),
)


def sequence(parameters, **fields):
    return CP.build(**cp_fields(parameters, **fields))


@cache
def sent(law, renegotiates=False, trn1d=2040, asked=ASKED):
    """``(octets, timeline)`` of a whole call of our own digital modem.

    Behind data there are a rate renegotiation and data again, where ``renegotiates``.
    """
    cpt, cp = TRAINED.with_law(law), asked.with_law(law)
    modem = DigitalModem(law, U_INFO, power=-0.5, at_codec=False, trn1d=trn1d)
    rng = np.random.default_rng(7)
    frames = [rng.bytes(int(n)) for n in rng.integers(20, 90, 200)]
    modem.send(np.concatenate([Framer().process(frames), Framer.fill(100)]))
    ja = DIL.build(**dil_request(U_INFO))
    steps = [
        (100, Upstream.S, None),
        (1, Upstream.S_BAR, None),
        (20, Upstream.JA, ja),
        (260 + trn1d // INTERVALS, Upstream.S, None),
        (1800, Upstream.S_BAR, None),
        (60, Upstream.S, None),
        (1, Upstream.S_BAR, None),
        (20, Upstream.CP, sequence(cpt)),
        (700, Upstream.CP, sequence(cp)),
        (150, Upstream.CP, sequence(cp, acknowledge=1)),
        (40, Upstream.E, None),
        (700, Upstream.B1, None),
    ]
    if renegotiates:
        steps += [
            (20, Upstream.S, None),
            (1, Upstream.S_BAR, None),
            (700, Upstream.CP, sequence(cp)),
            (150, Upstream.CP, sequence(cp, acknowledge=1)),
            (40, Upstream.E, None),
            (300, Upstream.B1, None),
        ]
    parts = []
    for wait, upstream, bits in steps:
        parts.append(modem.frames(wait))
        modem.receive(upstream, bits)
    parts.append(modem.frames(300))
    return np.concatenate(parts), modem.timeline


def named(found, name, training=0):
    """All signals of a name in one training."""
    return [one for one in found.trainings[training].signals if one.name == name]


def places(timeline):
    """Begin and length in octets by signal of the digital modem's timeline, MP with MP'."""
    found = {}
    for one in timeline:
        if one.signal == "MP'":
            first, frames = found["MP"][-1]
            found["MP"][-1] = first, frames + one.frames * INTERVALS
            continue
        found.setdefault(one.signal, []).append((one.first * INTERVALS, one.frames * INTERVALS))
    return found
