"""Stimuli and expectations that several tests share."""

from types import SimpleNamespace

import numpy as np

from golden.modem.states import AnaloguePhase, TrainingReading, Upstream
from golden.pcm import g711
from golden.pcm.parameters import FRAMES_A_SECOND, INTERVALS, MappingParameters
from golden.receiver.decisions import Decisions
from golden.signals.sequences import CP, DIL, cp_fields
from sim.calls.session import Session
from tests.golden.signals.support import descriptor

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


#: Signals of a training in their order.
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


def lengths(modem, *signals):
    """Data frames of each signal when it was sent last."""
    found = {one.signal: one.frames for one in modem.timeline}
    return [found[signal] for signal in signals]


def first(modem, signal):
    """First data frame of a signal when it was sent last."""
    return next(one.first for one in reversed(modem.timeline) if one.signal == signal)


def decided(fine, number=0, ucode=0, error=0, events=()):
    """Decisions of data frames from ``number`` on, with soft values ``fine`` ``(n, 6)``."""
    fine = np.asarray(fine, np.int64)
    count = len(fine)
    return Decisions(
        fine=fine,
        error=np.broadcast_to(np.int64(error), fine.shape),
        ucode=np.broadcast_to(ucode, fine.shape).astype(np.uint8),
        sign=(fine >= 0).astype(np.uint8),
        number=number + np.arange(count),
        good=np.ones(count, bool),
        first=np.zeros(count, np.int64),
        quality=np.zeros_like(fine),
        step=np.zeros(count, np.int64),
        events=list(events),
    )


def decided_octets(octets, law, number, error=0):
    """Decisions of octets that arrive as they were sent, from data frame ``number`` on."""
    frames = np.asarray(octets).reshape(-1, INTERVALS)
    signs = np.where(g711.sign(frames), 1, -1)
    return decided(signs, number, g711.ucode(frames, law), error)


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


def in_data(session):
    """Whether all modems of a session are in data."""
    modems = zip(session.analogue, session.digital, strict=True)
    return all(a.phase is AnaloguePhase.DATA and d.in_data for a, d in modems)


def started(settings, seconds=0.3, **options):
    """A session in which all are in data, for so long; and what was sent."""
    session = Session(settings, **options)
    rng = np.random.default_rng(9)
    sent = [rng.integers(0, 2, 400_000, np.uint8) for _ in settings]
    for modem, bits in zip(session.digital, sent, strict=True):
        modem.send(bits)
    session.run(int(8 * FRAMES_A_SECOND), in_data)
    session.run(int(seconds * FRAMES_A_SECOND))
    return session, sent


class Calls:
    """A receiver, or a part of a modem, that keeps the calls to its methods."""

    def __init__(self):
        self.calls = []

    def __getattr__(self, name):
        return lambda *arguments: self.calls.append((name, *arguments))

    def named(self, name):
        """Arguments of the calls to one method."""
        return [arguments for one, *arguments in self.calls if one == name]


def analogue_parts(phase, **options):
    """The parts of an analogue modem that an object of a phase sees, with nothing in them."""
    modem = SimpleNamespace(
        **{
            "receiver": Calls(),
            "line": 2,
            "law": "A",
            "u_info": 79,
            "margin": 1.5,
            "sr": None,
            "phase": phase,
            "number": 0,
            "waited": 0,
            "reading": TrainingReading(),
            "proposal": None,
            "clearing": False,
            "renegotiations": 0,
            "phase4": Calls(),
            "data_mode": Calls(),
            "data": [],
            "retrains": 0,
            "sent": [],
            **options,
        }
    )

    def enter(phase):
        modem.phase, modem.waited = phase, 0

    def retrain():
        modem.retrains += 1

    def send(upstream, bits=None):
        modem.sent.append(upstream)

    def send_s():
        modem.sent += [Upstream.S, Upstream.S_BAR]

    modem.enter, modem.retrain, modem.send, modem.send_s = enter, retrain, send, send_s
    return modem
