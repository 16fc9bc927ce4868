"""The control between data frames with its neighbours played to it."""

import numpy as np
import pytest
from amaranth.hdl import Module
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from golden.receiver.slicer import Levels
from golden.receiver.timetable import (
    AGAIN,
    FAST_BITS,
    FIRST_FRAME,
    GRACE,
    RATE_BITS,
    SETTLING,
    SKIPPED,
    SOLVING,
    STILL_BIT,
    TRAINED,
    TRAINED_AGAIN,
    Kind,
)
from hdl.receiver.control import Control
from hdl.receiver.settings import Settings
from hdl.receiver.slicer import LEVEL_WORD
from hdl.receiver.words import (
    AFTER_ED_AT,
    ARM_AT,
    DATA_FRAME_NUMBER,
    KNOW_AT,
    LOSS_AT,
    POWER_AT,
    START_AT,
    SWITCH_AT,
    TRAINING_LOSS_AT,
    TRAINING_POWER_AT,
    TURN_AT,
    WORD,
    command_words,
)
from sim.engines.compare import compare
from sim.engines.gateware import Gateware
from sim.engines.pattern import Pattern

TIMED = data.StructLayout({"number": DATA_FRAME_NUMBER, "word": WORD})


def timed(words):
    """Payload of words ``(number, address, data)``."""
    rows = [(number, pair) for number, *pair in words]
    word = [("address", np.int64), ("data", np.int64)]
    return np.array([(n, tuple(pair)) for n, pair in rows], [("number", np.int64), ("word", word)])


class ControlAlone(wiring.Component):
    """The control with settings as inputs, and its end of the front played to it."""

    def __init__(self, start_up=False):
        self.settings = Settings(LEVEL_WORD, start_up)
        self.control = Control(self.settings, start_up=start_up)
        control = self.control
        given = {"front": ("found", "quiet", "step"), "report": ("measured", "done", "energy")}
        given |= {"heard": ("trained", "sure", "turned", "ed"), "taps": ("good",)}
        shown = {"status": ("state", "number", "rate", "steady", "training", "put", "plain")}
        shown |= {"frame": ("hurry", "still", "guess", "power_bits", "loss"), "taps": ("load",)}
        #: Ports of the control by their names here, which are those in their groups.
        self.given, self.shown = (
            {
                name: getattr(getattr(control, group), name)
                for group in names
                for name in names[group]
            }
            for names in (given, shown)
        )
        super().__init__(
            {
                "i": In(stream.Signature(TIMED)),
                "bank": Out(1),
                "o_event": Out(control.signature.members["o_event"].signature),
                **{name: In(port.shape()) for name, port in self.given.items()},
                **{name: Out(port.shape()) for name, port in self.shown.items()},
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.settings, m.submodules.control = settings, control = (
            self.settings,
            self.control,
        )
        # A word comes when the data frame before that of its number has been dealt with.
        passing = (control.status.number >= self.i.payload.number) & control.idle
        m.d.comb += [
            settings.i.payload.eq(self.i.payload.word),
            settings.i.valid.eq(self.i.valid & passing),
            self.i.ready.eq(settings.i.ready & passing),
            self.bank.eq(settings.bank),
            control.front.early.eq(1),
        ]
        wiring.connect(m, control.o_event, wiring.flipped(self.o_event))
        m.d.comb += [control.front.started.eq(control.front.restart), settings.o.ready.eq(1)]
        m.d.comb += [port.eq(getattr(self, name)) for name, port in self.given.items()]
        m.d.comb += [getattr(self, name).eq(port) for name, port in self.shown.items()]
        return m


@pytest.mark.parametrize(
    "engine", ["cxxrtl", pytest.param("verilator", marks=pytest.mark.long), "icarus"]
)
def test_synchronism_lost_and_found(engine, rng):
    """Start-up, training, tracking, and losses of two kinds, at the control, on every engine."""
    limit = 50_000
    words = [(0, TRAINING_POWER_AT, 24), (0, TRAINING_LOSS_AT, limit)]
    start, gap, ends = 40, 20, []
    trained = SKIPPED + TRAINED + SOLVING - FIRST_FRAME
    good, bad = 2000, 60_000
    # Right after the solution errors do not count.
    frames = [(bad << 8, 0)] * 4 + [(good << 8, 0)] * 16
    frames += [(bad << 8, 0)] * 12 + [(good << 8, 0)] * 40
    frames += [(good << 8, 1)] * 80 + [(good << 8, 0)] * 30
    cycles = start + trained * 20 + 100 + len(frames) * gap + 100
    names = "found", "trained", "measured", "done", "energy", "quiet"
    waves = {name: np.zeros(cycles, np.int64) for name in names}
    waves["found"][start - 20] = 1
    waves["trained"][start + 20 * np.arange(trained)] = 1
    for number, (energy, quiet) in enumerate(frames):
        at = start + trained * 20 + 100 + number * gap
        waves["measured"][at] = waves["done"][at + 2] = 1
        waves["energy"][at] = energy
        waves["quiet"][at : at + gap] = quiet
        ends.append(at)
    # What golden's _watch does with the same numbers.
    events, coasting = [(FIRST_FRAME, Kind.DETECTED), (FIRST_FRAME + trained, Kind.TRAINED)], False
    fast, first = 0, FIRST_FRAME + trained
    coasted, ways = 0, []
    for number, (energy, quiet) in enumerate(frames):
        fast += energy * (number >= SETTLING) - (fast >> FAST_BITS)
        coasted = coasted + 1 if coasting else 0
        if not coasting and (fast >> 8 > limit or quiet):
            events.append((first + number, Kind.DISTURBED))
            coasting = True
        elif coasting and fast >> 8 <= limit >> 1 and not quiet:
            events.append((first + number, Kind.RECOVERED))
            coasting = False
        elif coasted == GRACE:
            events.append((first + number, Kind.LOST))
        settling = number + 1 < SETTLING
        ways.append((coasting, settling or (coasting and coasted >> STILL_BIT & 1)))
    told = [kind for _, kind in events]
    assert told.count(Kind.DISTURBED) == 2 and told.count(Kind.LOST) == 1
    expected = {
        "kind": np.array([int(kind) for _, kind in events]),
        "number": np.array([number for number, _ in events]),
    }
    (result,) = compare(
        ControlAlone(),
        {"i": timed(words)},
        {"o_event": expected},
        engine=engine,
        patterns=[Pattern()],
        cycles=cycles,
        waves={**waves, "good": 1},
        drain=100,
        probes=["hurry", "still"],
    )
    seen = np.array([end for end in ends[1:] if end < result.cycles])
    assert len(seen) > 100  # to the last event
    for name, expected in zip(("hurry", "still"), zip(*ways, strict=True), strict=True):
        assert len(set(expected)) == 2
        assert np.array_equal(result.probes[name][seen], expected[: len(seen)])


def played(engine, start_up, words, frames, pulses=(), found=()):
    """Events, and probes at data frames' ends, of a line that is trained and then tracks.

    ``words``: ``(number, address, data)``; ``pulses``: names of inputs by data frame, which are
    high at its end; ``found``: data frames with which Sd comes, each the last of its start.
    """
    gap, at, cycle = 90, [], 40
    starts = [(FIRST_FRAME, SKIPPED + TRAINED + SOLVING, end) for end in (*found, frames)]
    cycles = 60 + sum(
        20 * (trained - FIRST_FRAME) + 200 + gap * (end - trained + 2) for _, trained, end in starts
    )
    names = ("found", "trained", "measured", "done", "step", "sure", "turned", "ed")
    waves = {name: np.zeros(cycles, np.int64) for name in names}
    steps = []
    for first, trained, end in starts:
        waves["found"][cycle - 20] = 1
        waves["trained"][cycle + 20 * np.arange(trained - first)] = 1
        cycle += 20 * (trained - first) + 100
        for number in range(trained, end + 1):
            waves["measured"][cycle] = waves["done"][cycle + 2] = 1
            step = number * 1000 - 10**6
            waves["step"][cycle - 10 : cycle + gap] = step
            steps.append((number, step))
            for name in dict(pulses).get(number, ()):
                when = (40, 41) if name == "ed" else (0, gap // 2)
                waves[name][cycle + when[0] : cycle + when[1]] = 1
            at.append(cycle)
            cycle += gap
    waves["step"][: at[0] - 10] = steps[0][1]
    probes = ["bank", "plain", "guess", "power_bits", "loss", "steady", "rate", "load"]
    options = {"waves": {**waves, "good": 1}, "cycles": cycles, "probes": probes}
    component = ControlAlone(start_up)
    if engine == "cxxrtl":
        result = Gateware(component).run({"i": timed(words)}, {}, drain=cycles, **options)
    else:
        return component, words, options, at, steps
    events = result.outputs["o_event"]
    told = [(int(event["number"]), Kind(int(event["kind"]))) for event in events]
    return told, result.probes, np.array(at), steps


def levels(number, power, loss, single=0, guess=0):
    """Words of levels, but for the table."""
    return [(number, POWER_AT, power | single << 8 | guess << 9), (number, LOSS_AT, loss)]


#: The data frame after training.
TRACKED = SKIPPED + TRAINED + SOLVING


def story():
    """Words and pulses, and the events that they are to make."""
    f = TRACKED
    words = [(0, TRAINING_POWER_AT, 24), (0, TRAINING_LOSS_AT, 50_000)]
    words += [*levels(f + 5, 20, 1000, single=1), (f + 5, SWITCH_AT, f + 8)]
    words += [*levels(f + 12, 21, 2000, guess=1), (f + 12, SWITCH_AT, f + 1)]
    words += [*levels(f + 20, 22, 3000), (f + 20, ARM_AT, 1)]
    # A reversal and words after it: another one is waited for.
    words += [*levels(f + 28, 23, 4000), (f + 28, ARM_AT, 1)]
    # Of one Ucode once more: not plain for that.
    words += [*levels(f + 36, 19, 5000, single=1), (f + 36, AFTER_ED_AT, 0)]
    words += [*levels(f + 45, 18, 6000), (f + 45, ARM_AT, 1), (f + 46, ARM_AT, 0)]
    pulses = {
        f + 24: ["sure"],
        f + 26: ["turned"],
        f + 30: ["turned"],
        f + 40: ["ed"],
        f + 50: ["turned"],
        f + 52: ["ed"],
    }
    events = [
        (FIRST_FRAME, Kind.DETECTED),
        (f, Kind.TRAINED),
        (f + 8, Kind.DATA),
        (f + 12, Kind.DATA),
        (f + 24, Kind.R),
        (f + 25, Kind.REVERSAL),
        (f + 29, Kind.REVERSAL),
        (f + 33, Kind.SWITCHED),
        (f + 41, Kind.ED),
        (f + 49, Kind.REVERSAL),
        (f + 53, Kind.ED),
    ]
    return words, pulses, events


def test_levels_that_wait():
    """For a data frame, for R-bar, for Ed, and for nothing; and the mean step of a guess."""
    words, pulses, events = story()
    told, probes, at, steps = played("cxxrtl", True, words, TRACKED + 60, pulses)
    assert told == events
    # In the middle between two data frames' ends.
    rows = at + 60
    for first, expected in (
        (0, (24, 50_000, 1, 0)),
        (8, (20, 1000, 1, 0)),
        (12, (21, 2000, 0, 1)),
        (33, (23, 4000, 0, 0)),
        (41, (19, 5000, 0, 0)),
        (58, (19, 5000, 0, 0)),
    ):
        row = rows[first - 1] if first else at[0] - 30
        got = [int(probes[name][row]) for name in ("power_bits", "loss", "plain", "guess")]
        assert got == list(expected), first
    rate = steps[0][1] << RATE_BITS
    for number, step in steps[:12]:
        assert number < TRACKED + 12
        rate += step - (rate >> RATE_BITS)
    (guessed,) = np.flatnonzero(probes["steady"])
    assert at[11] < guessed < at[12]
    assert probes["rate"][guessed] == (rate >> RATE_BITS) - steps[11][1]


@pytest.mark.parametrize("engine", ["verilator", "icarus"])
def test_levels_that_wait_on_other_engines(engine):
    words, pulses, events = story()
    component, words, options, *_ = played(engine, True, words, TRACKED + 60, pulses)
    expected = {
        "kind": np.array([int(kind) for _, kind in events]),
        "number": np.array([number for number, _ in events]),
    }
    compare(
        component,
        {"i": timed(words)},
        {"o_event": expected},
        engine=engine,
        patterns=[Pattern()],
        drain=10,
        **options,
    )


@pytest.mark.parametrize("start_up", [False, True])
def test_second_solution_and_levels_again_with_sd(start_up):
    """START waits again after Sd, in the same table, until there are others."""
    loads, end = AGAIN + TRAINED_AGAIN + SOLVING, AGAIN + TRAINED_AGAIN + SOLVING + 5
    words = [(0, TRAINING_POWER_AT, 24), (0, TRAINING_LOSS_AT, 50_000)]
    words += [*levels(0, 20, 1000), (0, START_AT, loads + 2)]
    told, probes, at, _ = played("cxxrtl", start_up, words, end, found=(end, TRACKED + 9))
    once = [(FIRST_FRAME, Kind.DETECTED), (TRACKED, Kind.TRAINED)]
    data = [(loads, Kind.TRAINED), (loads + 2, Kind.DATA)]
    assert told == [*once, *data, *once, *once, *data]
    ends = np.flatnonzero(np.diff(at) > 100)
    banks = [int(probes["bank"][row]) for row in (*(at[ends] + 60), at[-1] + 60)]
    assert banks[0] == banks[2] != banks[1]
    # Data that come while the second stretch is recorded end that.
    words[-1] = (0, START_AT, AGAIN + 30)
    told, *_ = played("cxxrtl", start_up, words, end)
    assert told == [*once, (AGAIN + 30, Kind.DATA)]


def test_words_of_calls():
    """None of levels, or of DIL, takes back; what is no call is refused."""
    one = Levels(((2828,),) * 6, ((79,),) * 6)
    assert command_words(one, "arm", None) == command_words(one, "after_ed", None) == [(ARM_AT, 0)]
    assert command_words(one, "know", None, None, 0) == [(KNOW_AT, 0)]
    assert command_words(one, "follow", None) == []
    assert command_words(one, "turn", -1) == [(TURN_AT, 5)]
    with pytest.raises(ValueError, match="no call of a receiver"):
        command_words(one, "reset")
