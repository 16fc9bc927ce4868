"""Whole calls through the gateware receiver, and golden's decisions beside it."""

import numpy as np
import pytest
from amaranth.hdl import Module, Mux, Signal, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from golden import g711, training
from golden.equalizer import Levels, shifted
from golden.receiver import (
    FAST_BITS,
    FIRST,
    FREQUENCY_BITS,
    GRACE,
    LOOP_BITS,
    QUIET,
    SKIPPED,
    SOLVING,
    STILL_BIT,
    TRAINED,
    Kind,
)  # fmt: skip
from golden.receiver import Receiver as Golden
from hdl.equalizer import LEVEL
from hdl.receiver import (
    TRAINING_LOSS,
    TRAINING_POWER,
    WORD,
    Receivers,
    _Control,
    _ports,
    _Settings,
    configuration_words,
)  # fmt: skip
from sim import lines
from sim.engines import ENGINES, compare
from sim.gateware import Gateware
from sim.line import Conditions, Line
from sim.pattern import Pattern
from sim.receiving import ReceiverGateware

U_INFO = 79
SILENCE = 200


def levels_of(ucodes, law):
    """The same levels for all intervals, or six different ones, as Table 1 has them."""
    if np.ndim(ucodes[0]) == 0:
        ucodes = [ucodes] * 6
    values = tuple(tuple(int(v) for v in g711.linear(np.array(row), law)) for row in ucodes)
    return Levels(values, tuple(tuple(row) for row in ucodes))


def octets_of(rng, law, trn1d, frames=0, ucodes=None):
    """Silence, Sd, TRN1d and data frames of random points."""
    parts = [(np.zeros(SILENCE, np.uint8), np.arange(SILENCE) % 2)]
    parts += [training.sd(U_INFO), training.trn1d(U_INFO, trn1d)]
    if frames:
        rows = [ucodes] * 6 if np.ndim(ucodes[0]) == 0 else ucodes
        chosen = np.stack([rng.choice(row, frames) for row in rows], axis=1).reshape(-1)
        parts.append((chosen, rng.integers(0, 2, len(chosen))))
    return np.concatenate([g711.octet(ucode, sign, law) for ucode, sign in parts])


def samples_of(name, octets, law, **conditions):
    line = Line(lines.find(name), Conditions(bits=16, level=-20, **conditions), law=law)
    return np.clip(np.rint(line.process(octets) * 32768), -32768, 32767).astype(np.int64)


def demand_equal(golden, gateware):
    assert golden.events == gateware.events
    for name in ("number", "fine", "error", "ucode", "sign", "first", "good"):
        assert np.array_equal(getattr(golden, name), getattr(gateware, name)), name
    if len(golden.number):
        assert np.array_equal(golden.quality[-1], gateware.quality[-1])
        assert golden.step[-1] == gateware.step[-1]


def both(samples, *arguments, gateware=None, forward=64, feedback=32):
    golden = Golden(*arguments, forward=forward, feedback=feedback).process(samples)
    result = (gateware or ReceiverGateware(forward, feedback)).process(samples, *arguments)
    demand_equal(golden, result)
    return golden


@pytest.fixture(scope="module")
def whole():
    return ReceiverGateware()


def test_call_with_data(whole, rng):
    """Six constellations, a clock that is off, both solutions left in."""
    ucodes = [np.arange(56 + i, 100, 6 + i) for i in range(6)]
    octets = octets_of(rng, "A", 1240 * 6, 200, ucodes)
    samples = samples_of("26awg-12kft", octets, "A", snr=45, ppm=-150, seed=1)
    result = both(
        samples, levels_of([U_INFO], "A"), levels_of(ucodes, "A"), 1240, gateware=whole
    )
    kinds = [kind for _, kind in result.events]
    assert kinds[:4] == [Kind.DETECTED, Kind.TRAINED, Kind.TRAINED, Kind.DATA]
    assert result.good[:950].all() and (result.number[800:950] >= 1239).all()


def test_dropout_and_second_start(whole, rng):
    """Synchronism lost and found again, data that come early, and Sd once more."""
    ucodes = np.arange(48, 100, 12)
    octets = octets_of(rng, "mu", 500 * 6, 400, ucodes)
    octets = np.concatenate([octets, octets_of(rng, "mu", 460 * 6)])
    dropout = ((0.55, 0.02, -np.inf),)
    samples = samples_of("codec", octets, "mu", snr=40, ppm=60, gain_hits=dropout, seed=2)
    result = both(samples, levels_of([U_INFO], "mu"), levels_of(ucodes, "mu"), 500, gateware=whole)
    kinds = [kind for _, kind in result.events]
    assert kinds.count(Kind.DETECTED) == 2
    assert Kind.LOST in kinds and Kind.RECOVERED in kinds


def test_training_fails_on_noise(whole, rng):
    """Sd, and then something else than TRN1d."""
    octets = octets_of(rng, "A", 0)
    noise = g711.octet(np.full(3000, U_INFO), rng.integers(0, 2, 3000), "A")
    samples = samples_of("codec", np.concatenate([octets, noise]), "A", snr=45, seed=3)
    result = both(samples, levels_of([U_INFO], "A"), gateware=whole)
    assert [kind for _, kind in result.events] == [Kind.DETECTED, Kind.FAILED]


class Pair(wiring.Component):
    """Two receivers that share a solver, with a sample for each at a time."""

    PERIOD = 600

    def __init__(self, forward, feedback):
        self.pair = Receivers(2, forward, feedback)
        members = _ports()
        both = {f"{name}{k}": members[name] for name in ("i_configuration", "o", "o_event")
                for k in range(2)}  # fmt: skip
        super().__init__({"i": In(stream.Signature(data.ArrayLayout(signed(16), 2))), **both})

    def elaborate(self, platform):
        m = Module()
        m.submodules.pair = pair = self.pair
        left = Signal(range(self.PERIOD))
        m.d.comb += self.i.ready.eq(left == 0)
        m.d.sync += left.eq(Mux(left != 0, left - 1, Mux(self.i.valid, self.PERIOD - 1, 0)))
        for k, line in enumerate(pair.lines):
            wiring.connect(m, wiring.flipped(getattr(self, f"i_configuration{k}")),
                           line.i_configuration)  # fmt: skip
            for name in ("o", "o_event"):
                inner, outer = getattr(line, name), getattr(self, f"{name}{k}")
                wiring.connect(m, inner, wiring.flipped(outer))
            m.d.comb += [
                line.sample.eq(self.i.payload[k]),
                line.strobe.eq(self.i.valid & self.i.ready),
            ]
        return m


def test_two_share_a_solver(rng):
    """Both are trained at nearly the same time, with fewer taps, and each equals golden."""
    forward, feedback, levels = 32, 17, levels_of([U_INFO], "A")
    octets = octets_of(rng, "A", 470 * 6)
    rows = [samples_of(name, octets, "A", snr=40, ppm=ppm, seed=4)
            for name, ppm in (("codec", 100), ("26awg-9kft", -50))]  # fmt: skip
    rows = np.stack([row[: min(map(len, rows))] for row in rows])
    gateware = Gateware(Pair(forward, feedback))
    words = np.array(configuration_words(levels), [("address", np.int64), ("data", np.int64)])
    gateware.run({"i_configuration0": words, "i_configuration1": words})
    result = gateware.run({"i": rows.T}, {}, rows.shape[1] * 600 + 9000, reset=False, drain=9000)
    for k, row in enumerate(rows):
        golden = Golden(levels, forward=forward, feedback=feedback).process(row)
        events = [(int(event["number"]), Kind(int(event["kind"])))
                  for event in result.outputs[f"o_event{k}"]]  # fmt: skip
        assert events == golden.events and (439, Kind.TRAINED) in events
        got = result.outputs[f"o{k}"]
        for name in ("fine", "error", "ucode", "sign"):
            assert np.array_equal(got[name], getattr(golden, name).reshape(-1)), name


class ControlAlone(wiring.Component):
    """The control with settings as inputs, and its end of the front played to it."""

    def __init__(self):
        self.settings = _Settings(LEVEL)
        self.control = _Control(self.settings)
        given = ("found", "trained", "measured", "done", "energy", "loaded", "loud", "slope")
        told = ("state", "number", "load", "phase", "frequency", "correct", "training", "hurry")
        told += ("still",)
        members = self.control.signature.members
        super().__init__(
            {
                "i": In(stream.Signature(WORD)),
                "o_event": Out(members["o_event"].signature),
                **{name: In(members[name].shape) for name in given},
                **{name: Out(members[name].shape) for name in told},
            }
        )
        self.given, self.told = given, told

    def elaborate(self, platform):
        m = Module()
        m.submodules.settings, m.submodules.control = settings, control = (
            self.settings, self.control,
        )  # fmt: skip
        wiring.connect(m, wiring.flipped(self.i), settings.i)
        wiring.connect(m, control.o_event, wiring.flipped(self.o_event))
        m.d.comb += [control.started.eq(control.restart), settings.o.ready.eq(1)]
        m.d.comb += [getattr(control, name).eq(getattr(self, name)) for name in self.given]
        m.d.comb += [getattr(self, name).eq(getattr(control, name)) for name in self.told]
        return m


@pytest.mark.parametrize("engine", ENGINES)
def test_synchronism_lost_and_found(engine, rng):
    """Start-up, training, tracking, and losses of two kinds, at the control, on every engine."""
    limit = 50_000
    words = [(TRAINING_POWER, 24), (TRAINING_LOSS, limit)]
    start, gap, ends = 40, 90, []
    trained = SKIPPED + TRAINED + SOLVING - FIRST
    quiet, good, bad = 100, 2000, 60_000
    frames = [(good << 8, 5000)] * 20 + [(bad << 8, 5000)] * 12 + [(good << 8, 5000)] * 40
    frames += [(good << 8, quiet)] * 80 + [(good << 8, 5000)] * 30
    slopes = rng.integers(-(2**32), 2**32, len(frames))
    cycles = start + trained * 20 + 100 + len(frames) * gap + 100
    names = "found", "trained", "measured", "done", "energy", "loud", "slope"
    waves = {name: np.zeros(cycles, np.int64) for name in names}
    waves["found"][start - 20] = 1
    waves["loud"][:] = 5000
    waves["trained"][start + 20 * np.arange(trained)] = 1
    for number, ((energy, loud), slope) in enumerate(zip(frames, slopes, strict=True)):
        at = start + trained * 20 + 100 + number * gap
        waves["measured"][at] = waves["done"][at + 2] = 1
        waves["energy"][at], waves["loud"][at], waves["slope"][at + 2] = energy, loud, slope
        ends.append(at)
    # What golden's _watch does with the same numbers.
    events, coasting = [(FIRST, Kind.DETECTED), (FIRST + trained, Kind.TRAINED)], False
    fast, heard, first = 0, 0, FIRST + trained
    coasted, ways = 0, []
    for _ in range(trained):
        heard += 5000 - (heard >> FAST_BITS)
    for number, (energy, loud) in enumerate(frames):
        fast += energy - (fast >> FAST_BITS)
        heard += loud - (heard >> FAST_BITS)
        dead = heard >> FAST_BITS < QUIET
        coasted = coasted + 1 if coasting else 0
        if not coasting and (fast >> 8 > limit or dead):
            events.append((first + number, Kind.DISTURBED))
            coasting = True
        elif coasting and fast >> 8 <= limit >> 1 and not dead:
            events.append((first + number, Kind.RECOVERED))
            coasting = False
        elif coasted == GRACE:
            events.append((first + number, Kind.LOST))
        ways.append((coasting, coasting and coasted >> STILL_BIT & 1))
    told = [kind for _, kind in events]
    assert told.count(Kind.DISTURBED) == 2 and told.count(Kind.LOST) == 1
    expected = {"kind": np.array([int(kind) for _, kind in events]),
                "number": np.array([number for number, _ in events])}  # fmt: skip
    (result,) = compare(
        ControlAlone(), {"i": np.array(words, [("address", np.int64), ("data", np.int64)])},
        {"o_event": expected}, engine=engine, patterns=[Pattern()], cycles=cycles,
        waves={**waves, "loaded": 1}, drain=100,
        probes=["correct", "phase", "frequency", "hurry", "still"],
    )  # fmt: skip
    corrected = np.flatnonzero(result.probes["correct"])
    assert len(corrected) > 100  # to the last event
    seen = np.array(ends[1 : len(corrected)])
    for name, expected in zip(("hurry", "still"), zip(*ways, strict=True), strict=True):
        assert len(set(expected)) == 2
        assert np.array_equal(result.probes[name][seen], expected[: len(seen)])
    slopes = slopes[: len(corrected)]
    right = 24 - 32 + LOOP_BITS
    assert np.array_equal(result.probes["phase"][corrected], shifted(slopes, right))
    assert np.array_equal(
        result.probes["frequency"][corrected], shifted(slopes, right + FREQUENCY_BITS)
    )
