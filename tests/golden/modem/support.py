"""Stimuli and expectations that several tests share."""

from golden.modem.digital import Upstream
from golden.pcm.parameters import INTERVALS, MappingParameters
from golden.signals.sequences import CP, DIL, cp_fields
from tests.golden.signals.support import descriptor

#: Data frames.
SECOND = 8000 / INTERVALS

TRAINED = MappingParameters("CPt", 9, 1, 1, "A", 0, 64, 0, 0, (0,) * 6, ((42, 67, 80, 87),))


#: The greatest Ucode is another in every second interval.
ASKED = MappingParameters(
    "CP",
    5,
    2,
    3,
    "A",
    64,
    0,
    0,
    0,
    (0, 1) * 3,
    (tuple(range(20, 80, 3)), tuple(range(20, 82, 3))),
)

#: What a training sends.
TRAINING = "silence Sd S-bar-d TRN1d Jd Jd' DIL Ri R-bar-i TRN2d MP MP' Ed B1d data".split()


def ja(rng, n=5, most_h=4):
    fields = descriptor(rng, n, most_h=most_h)
    if not n:
        del fields["training_ucodes"]
    return fields, DIL.build(**fields)


def cp(parameters, **fields):
    return CP.build(**cp_fields(parameters, **fields))


CPT, CP_1, CP_2 = cp(TRAINED), cp(ASKED), cp(ASKED, acknowledge=1)


CPS, CPS_2 = cp(ASKED, silence=1), cp(ASKED, silence=1, acknowledge=1)


def cleared(parameters):
    return CP.build(**{**cp_fields(parameters), "drn": 0})


def names(modem):
    return [one.signal for one in modem.timeline]


def to_jd(modem, bits):
    for event in (Upstream.S, Upstream.S_BAR):
        modem.receive(event)
    modem.receive(Upstream.JA, bits)
    parts = [modem.frames(3 + 72 + 340 + 30)]
    assert names(modem)[-1] == "Jd"
    return parts


def to_ri(modem, bits):
    parts = to_jd(modem, bits)
    modem.receive(Upstream.S)
    parts.append(modem.frames(40))
    modem.receive(Upstream.S_BAR)
    parts.append(modem.frames(40))
    modem.receive(Upstream.S)
    modem.receive(Upstream.S_BAR)
    parts.append(modem.frames(40))
    assert names(modem)[-1] == "Ri"
    return parts


def to_mp(modem, bits, cpt=CPT):
    parts = to_ri(modem, bits)
    modem.receive(Upstream.CP, cpt)
    parts.append(modem.frames(420))
    assert names(modem)[-1] == "MP"
    return parts


def to_data(modem, bits, cps=(CPT, CP_1, CP_2)):
    parts = to_mp(modem, bits, cps[0])
    modem.receive(Upstream.CP, cps[1])
    parts.append(modem.frames(40))
    modem.receive(Upstream.CP, cps[2])
    parts.append(modem.frames(80))
    modem.receive(Upstream.E)
    modem.receive(Upstream.B1)
    assert modem.in_data and modem.parameters is not None
    return parts


def lengths(modem, *signals):
    """Data frames of the last of each of these signals."""
    found = {one.signal: one.frames for one in modem.timeline}
    return [found[signal] for signal in signals]


def first(modem, signal):
    """Number of the first data frame of the last such signal."""
    return next(one.first for one in reversed(modem.timeline) if one.signal == signal)
