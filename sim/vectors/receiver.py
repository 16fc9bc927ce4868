"""Vectors of the analogue modem's side and of a whole call (8.4, 8.6, 9.3 and 9.4/V.90).

Samples come from a simulated line, which is float64, and are rounded to 16 bits. All that follows
from them is exact.
"""

from dataclasses import asdict
from functools import cache

import numpy as np

from golden import formats
from golden.formats import Q
from golden.learning import constellations
from golden.modem.digital import ALL_RATES, MP_FIELDS
from golden.modem.states import AnaloguePhase
from golden.pcm.encoder import B1D_FRAMES, Encoder
from golden.pcm.parameters import DELAY_FRAMES, INTERVALS
from golden.receiver.equalizer import Equalizer
from golden.receiver.receiver import Receiver
from golden.receiver.slicer import Levels, Slicer
from golden.receiver.timetable import SLOW_BITS, Kind
from golden.receiver.timing import INSTANT_FRACTION
from sim.calls import design, given
from sim.calls.description import Call
from sim.calls.reception import joined
from sim.calls.session import Session
from sim.figures import startup
from sim.vectors.format import (
    BETWEEN,
    BIT,
    IN,
    OCTET,
    OUT,
    SEVEN,
    Array,
    Vector,
    random_bits,
    random_of,
    whole,
)
from sim.world.conditions import Conditions
from sim.world.network import NetworkParameters

#: Receivers by name: law, line, Sr, ppm of the client's clock, dB of SNR.
RECEIVED = {
    "26awg-9kft-A": ("A", "26awg-9kft", 0, 80.0, 45.0),
    "codec-mu": ("mu", "codec", 1, -35.0, 55.0),
}

#: Calls by name: law, line, ppm, and parameters of the network.
CALLS = {
    "A-26awg-9kft": ("A", "26awg-9kft", 60.0, {}),
    "mu-codec-robbed-pad": (
        "mu",
        "codec",
        -25.0,
        {"robbed": ("", "", "1", "", "", ""), "pad": 3.0},
    ),
}

#: Symbols of TRN1d that a receiver gets, and data frames of B1d and data after them.
RECEIVED_TRN1D, RECEIVED_DATA_FRAMES = 2880, B1D_FRAMES + 240

#: Data frames in which both modems of a call are in data, and the most of a whole call.
CALL_DATA, MOST_FRAMES = 192, 8000

#: Data frames after each of which an equaliser vector has the taps.
TAPS_EVERY = 32

#: PCM values with a sign, and a data frame's number.
VALUE, NUMBER_FORMAT = Q(1, 15, 0), whole(16)

#: The slow means of squared errors: ERROR's square, shifted.
_QUALITY = Q(0, 2 * formats.ERROR.integer + 1, 2 * formats.ERROR.fraction + SLOW_BITS)

#: Six products of an ERROR and a SLOPE.
_SLOPES = Q(1, formats.ERROR.integer + formats.SLOPE.integer + 3, formats.ERROR.fraction)

_FRAMES = "a row is a data frame"


class _Traced(Equalizer):
    """An equaliser of one line that records its inputs and results."""

    def __init__(self, *shape):
        super().__init__(1, *shape)
        self.given, self.states, self.frames = [], [], []

    def _state(self):
        return {name: getattr(self, name)[0].copy() for name in _STATE}

    def process(self, halves, slicer, lines, turn, hurry, still, guess=None, known=None):
        """As the equaliser's."""
        if not self.states:
            self.states.append(self._state())
        frame = super().process(halves, slicer, lines, turn, hurry, still, guess, known)
        self.frames.append(frame)
        known = np.zeros((1, INTERVALS), np.int64) if known is None else known
        guess = np.zeros(1, bool) if guess is None else guess
        self.given.append(
            {
                "halves": halves[0],
                "turn": turn[0],
                "hurry": hurry[0],
                "still": still[0],
                "guess": guess[0],
                "known": known[0],
            }
        )
        return frame

    def adapt(self, adapting, power_bits, training_bits, lines, hurry, still):
        """As the equaliser's."""
        super().adapt(adapting, power_bits, training_bits, lines, hurry, still)
        self.given[-1]["adapting"] = adapting[0]
        self.states.append(self._state())


#: An equaliser's state: name, format, meaning.
_STATE = {
    "forward_taps": (formats.FORWARD_TAP, "feed-forward taps, for the newest sample first"),
    "drop": (whole(6), "bits by which the feed-forward part's sum is shifted right"),
    "feedback_taps": (formats.FEEDBACK_TAP, "feedback taps, for the latest value first"),
    "history": (formats.INTERPOLATED, "the last half symbols, oldest first"),
    "past": (VALUE, "the last values decided, latest first"),
    "drift": (formats.DRIFT, "drift"),
    "drift_tap": (formats.DRIFT_TAP, "the drift's tap"),
    "error_tap": (formats.ERROR_TAP, "the errors' tap"),
}

_GIVEN = {
    "halves": (formats.INTERPOLATED, "half symbols, the newest for the first symbol first"),
    "turn": (whole(3), "data frame interval of the first symbol"),
    "hurry": (BIT, "1: errors steer the drift in a hurry"),
    "still": (BIT, "1: no drift"),
    "guess": (BIT, "1: levels are a guess, taps rest"),
    "known": (VALUE, "values that symbols are known to have, 0 where they are not"),
    "adapting": (BIT, "1: taps besides the drift's move behind this data frame"),
}

_DECIDED = {
    "fine": (formats.SOFT, "soft values"),
    "ucode": (SEVEN, "Ucodes decided"),
    "value": (VALUE, "their values"),
    "error": (formats.ERROR, "values less soft values"),
    "slope": (_SLOPES, "sum of the six errors times slopes"),
}


def _levels(levels):
    """JSON of :class:`~golden.receiver.slicer.Levels`."""
    return {
        "values": [list(map(int, row)) for row in levels.values],
        "ucodes": [list(map(int, row)) for row in levels.ucodes],
        "power_bits": levels.power_bits,
    }


def _trace(name, traced, which, levels, seed):
    """The vector of a :class:`_Traced`.

    ``which``: number of the ``levels`` on which each data frame is decided; the first are TRN1d's.
    """
    first, after = traced.states[0], traced.states[1:]
    arrays = {"levels": Array(IN, which, whole(1), "which of the parameters' levels are in use")}
    for key, (form, meaning) in _GIVEN.items():
        arrays[key] = Array(
            IN, np.array([one[key] for one in traced.given]), form, f"{meaning}; {_FRAMES}"
        )
    for key, (form, meaning) in _STATE.items():
        arrays[f"{key}_before"] = Array(IN, first[key], form, f"{meaning}, before all")
    for key, (form, meaning) in _DECIDED.items():
        rows = np.concatenate([getattr(frame, key) for frame in traced.frames])
        arrays[key] = Array(OUT, rows, form, f"{meaning}; {_FRAMES}")
    for key in ("drift", "drift_tap", "error_tap"):
        form, meaning = _STATE[key]
        arrays[key] = Array(
            OUT, np.array([one[key] for one in after]), form, f"{meaning} after each data frame"
        )
    for key in ("forward_taps", "feedback_taps"):
        form, meaning = _STATE[key]
        rows = np.array([one[key] for one in after[TAPS_EVERY - 1 :: TAPS_EVERY]])
        arrays[key] = Array(OUT, rows, form, f"{meaning}, after each {TAPS_EVERY} data frames")
    return Vector(
        name,
        "9.3.2",
        "half symbols to soft values and decisions, and the taps as they move; the last error and "
        "half symbol's sum before are zero",
        {
            "forward": traced.forward,
            "feedback": traced.feedback,
            "training_bits": levels[0].power_bits,
            "levels": list(map(_levels, levels)),
        },
        seed,
        arrays,
    )


# --- The receiver, and the equaliser in it -------------------------------------------------------


def _conditions(snr, ppm, seed):
    return Conditions(snr=snr, ppm=ppm, phase=0.37, seed=seed)


def _told(conditions):
    """Conditions that differ from the defaults: a new impairment changes no vector."""
    calm = asdict(Conditions())
    return {name: value for name, value in asdict(conditions).items() if value != calm[name]}


@cache
def _received(title):
    """Everything of one receiver: seed, parameters, call, samples, levels, decisions, equaliser."""
    law, line, sr, ppm, snr = RECEIVED[title]
    seed, rng = random_of(f"receiver/{title}")
    conditions = _conditions(snr, ppm, seed)
    p = startup.best(Call(law, line, conditions), snr, 3.0, sr)
    call = Call(parameters=p, line=line, conditions=conditions, trn1d=RECEIVED_TRN1D)
    sent = np.concatenate(
        [
            np.ones(B1D_FRAMES * p.data_bits, np.uint8),
            random_bits(rng, (RECEIVED_DATA_FRAMES - B1D_FRAMES + DELAY_FRAMES) * p.data_bits),
        ]
    )
    octets = np.concatenate(
        [given.opening(call), Encoder(p).process(sent)[: RECEIVED_DATA_FRAMES * INTERVALS]]
    )
    samples = given.samples_of(call, octets)
    arrived = design.arrivals(call.network)
    levels = (design.training_levels(arrived, call.u_info), constellations.data_levels(arrived, p))
    receiver = Receiver(*levels, RECEIVED_TRN1D // INTERVALS)
    receiver.equalizer = _Traced(receiver.forward, receiver.feedback)
    return seed, call, octets, samples, levels, receiver.process(samples), receiver.equalizer


def _decisions(d):
    """Arrays of :class:`~golden.receiver.decisions.Decisions`."""
    return {
        "number": Array(OUT, d.number, NUMBER_FORMAT, "data frames decided, from TRN1d's first on"),
        "first": Array(OUT, d.first, whole(3), "interval of a data frame's first symbol"),
        "good": Array(OUT, d.good, BIT, "1: the receiver had synchronism"),
        "fine": Array(OUT, d.fine, formats.SOFT, f"soft values; {_FRAMES}"),
        "error": Array(OUT, d.error, formats.ERROR, "values decided less soft values"),
        "ucode": Array(OUT, d.ucode, SEVEN, "Ucodes decided"),
        "sign": Array(OUT, d.sign, BIT, "1 positive"),
        "quality": Array(OUT, d.quality, _QUALITY, "slow means of squared errors by interval"),
        "step": Array(OUT, d.step, Q(1, 0, INSTANT_FRACTION), "the clock's offset, samples"),
    }


def _events(decisions):
    return [[number, Kind(kind).name] for number, kind in decisions.events]


def receiver_vectors():
    """Samples to decisions, from silence and Sd to data, for a receiver that knows the levels."""
    for title in RECEIVED:
        seed, call, octets, samples, levels, decisions, equalizer = _received(title)
        taps = {
            f"{key}_solved": Array(BETWEEN, equalizer.states[0][key], *_STATE[key])
            for key in ("forward_taps", "drop", "feedback_taps")
        }
        yield Vector(
            f"receiver/{title}",
            "8.4.4, 8.4.5, 9.3.2",
            "samples of silence, Sd, TRN1d, B1d and data to signed Ucodes",
            {
                "U_INFO": call.u_info,
                "start": RECEIVED_TRN1D // INTERVALS,
                "line": call.line,
                "conditions": _told(call.conditions),
                "data": call.parameters.to_dict(),
                "levels": list(map(_levels, levels)),
                "loss": [one.loss for one in levels],
                "events": _events(decisions),
            },
            seed,
            {
                "octets": Array(BETWEEN, octets, OCTET, "what was sent, before the line"),
                "samples": Array(IN, samples, formats.SAMPLE, "of the A/D, 16000 a second"),
                **taps,
                **_decisions(decisions),
            },
        )


def equalizer_vectors():
    """Those in the receivers, and a small one with random flags and values."""
    for title in RECEIVED:
        seed, _, _, _, levels, decisions, equalizer = _received(title)
        which = decisions.number >= RECEIVED_TRN1D // INTERVALS
        yield _trace(f"equalizer/{title}", equalizer, which, levels, seed)
    yield _anything()


def _anything(frames=96, forward=16, feedback=8):
    name = "equalizer/anything"
    seed, rng = random_of(name)
    levels = [_some_levels(rng, most) for most in (2, 24)]
    slicers = [Slicer([one]) for one in levels]
    equalizer, line = _Traced(forward, feedback), np.zeros(1, np.int64)
    equalizer.forward_taps[:] = rng.normal(0, 1 << 28, forward).clip(-(2**30), 2**30)
    equalizer.feedback_taps[:] = rng.normal(0, 1 << 27, feedback)
    equalizer.history[:] = rng.normal(0, 2048, forward)
    equalizer.past[:] = rng.normal(0, 2048, feedback)
    which = rng.random(frames) < 0.7
    for at in range(frames):
        # Every eighth data frame is at full scale, so that sums, errors and slopes saturate.
        scale = 2048 << (3 * (at % 8 == 7))
        halves = rng.normal(0, scale, (1, 12)).clip(-32768, 32767).astype(np.int64)
        turn = rng.integers(0, INTERVALS, 1)
        hurry, still, guess, rests = rng.random((4, 1)) < [[0.3], [0.1], [0.1], [0.1]]
        known = rng.integers(-4000, 4000, (1, INTERVALS)) * (rng.random((1, INTERVALS)) < 0.05)
        one = levels[int(which[at])]
        equalizer.process(halves, slicers[int(which[at])], line, turn, hurry, still, guess, known)
        equalizer.adapt(
            ~rests, np.array([one.power_bits]), np.array([levels[0].power_bits]), line, hurry, still
        )
    return _trace(name, equalizer, which, levels, seed)


def _some_levels(rng, most):
    rows = [
        np.sort(rng.choice(8000, rng.integers(1, most + 1), replace=False)).tolist()
        for _ in range(INTERVALS)
    ]
    return Levels(tuple(map(tuple, rows)), tuple(tuple(range(len(row))) for row in rows))


# --- A call --------------------------------------------------------------------------------------


class _Recorded(Session):
    """A session of one call that records what the modems send each other."""

    def __init__(self, call):
        super().__init__([call])
        self.octets, self.samples, self.decisions, self.events = [], [], [], []
        self.digital[0].frames = self._kept(self.digital[0].frames, self.octets)
        self.receiver.process = self._heard(self.receiver.process)
        self.digital[0].receive = self._told(self.digital[0].receive)

    @staticmethod
    def _kept(frames, octets):
        def given(count):
            octets.append(frames(count))
            return octets[-1]

        return given

    def _heard(self, process):
        def heard(rows):
            found = process(rows)
            self.samples.append(rows[0])
            self.decisions.append(found[0])
            return found

        return heard

    def _told(self, receive):
        def told(upstream, bits=None):
            said = None if bits is None else "".join(map(str, bits))
            self.events.append([self.now, upstream.name, said])
            receive(upstream, bits)

        return told


def _in_data(session):
    return session.digital[0].in_data and session.analogue[0].phase is AnaloguePhase.DATA


def call_vectors():
    """From Sd to data: the digital modem's octets, samples, and the analogue modem's decisions."""
    for title, (law, line, ppm, network) in CALLS.items():
        name = f"call/{title}"
        seed, rng = random_of(name)
        conditions = _conditions(48.0, ppm, seed)
        call = Call(law, line, conditions, NetworkParameters(law=law, **network))
        session = _Recorded(call)
        digital, analogue = session.digital[0], session.analogue[0]
        data = random_bits(rng, 64 * CALL_DATA)
        digital.send(data)
        session.run(MOST_FRAMES, _in_data)
        session.run(CALL_DATA)
        reading, timeline = analogue.reading, digital.timeline
        sent = timeline[-1].frames * digital.parameters.data_bits
        decisions = joined(session.decisions)
        octets = np.concatenate(session.octets).reshape(-1, INTERVALS)
        yield Vector(
            name,
            "9.3, 9.4",
            "a start-up and data: events of the analogue modem to the digital modem's octets, "
            "their samples behind a network and a line, and what came out of these",
            {
                "U_INFO": call.u_info,
                "law": law,
                "line": line,
                "network": network,
                "conditions": _told(conditions),
                "Jd": {"rates": ALL_RATES, "training": 0, "renegotiation": 0, "look_ahead": 3},
                "MP": MP_FIELDS,
                "CPt": reading.cpt.to_dict(),
                "CP": reading.cp.to_dict(),
                "segments": [[s.signal, s.first, s.frames] for s in timeline],
                "upstream": session.events,
                "events": _events(decisions),
            },
            seed,
            {
                "data": Array(IN, data[:sent], BIT, "data bits sent"),
                "octets": Array(OUT, octets, OCTET, f"the digital modem's; {_FRAMES}"),
                "samples": Array(
                    IN,
                    np.concatenate(session.samples),
                    formats.SAMPLE,
                    "of the A/D, 16000 a second",
                ),
                **_decisions(decisions),
                "received": Array(OUT, analogue.take(), BIT, "data bits received"),
            },
        )
