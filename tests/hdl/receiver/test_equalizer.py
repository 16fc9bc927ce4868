import numpy as np
import pytest
from amaranth.hdl import Cat, Module, Signal, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from golden.formats import FEEDBACK_TAP, FORWARD_TAP
from golden.pcm.parameters import INTERVALS
from golden.receiver import equalizer as golden
from golden.receiver import slicer as golden_slicer
from golden.receiver.equalizer import shifted
from golden.receiver.slicer import Levels
from golden.receiver.timetable import FREQUENCY_BITS, LOOP_BITS
from golden.receiver.timing import HALVES, INSTANT_FRACTION
from hdl.core.mac import Multiplier
from hdl.receiver.equalizer import Equalizer
from hdl.receiver.equalizer_memory import Place
from hdl.receiver.slicer import Slicer
from sim.engines.compare import compare
from sim.engines.gateware import Gateware
from tests.golden.receiver.support import random_levels
from tests.hdl.receiver.support import above, level_words
from tests.hdl.support import (
    FULL_SPEED,
    check_refused,
    columns,
    compare_resetting,
    packed,
)

FRAME = data.StructLayout(
    {
        "clear": 1,
        "load": 1,
        "ahead": 1,
        "turn": 3,
        "known": 1,
        "known_signs": INTERVALS,
        "power_bits": 5,
        "training_bits": 5,
        "hurry": 1,
        "still": 1,
        "loss": 32,
        "bank": 1,
        "training": 1,
        "guess": 1,
        "given": INTERVALS,
        "given_values": 48,
        "given_later": 48,
    }
)
REPORT = data.StructLayout(
    {"energy": 36, "phase": signed(40), "frequency": signed(40), "adapting": 1, "taps": 32}
)


class Watched(Equalizer):
    """An equaliser that adds up the taps that it writes; ``taps`` starts anew with each frame."""

    def __init__(self, forward, feedback):
        super().__init__(forward, feedback)
        self.taps = Signal(32)

    def elaborate(self, platform):
        m = super().elaborate(platform)
        taps = self.sums.taps
        others = (taps.place == Place.DRIFT_TAP) | (taps.place == Place.ERROR_TAP)
        with m.If(taps.write & self.report.busy & ~self._clearing & (~taps.placed | others)):
            m.d.sync += self.taps.eq(self.taps.rotate_left(1) ^ taps.value)
        with m.If(~self.report.busy):
            m.d.sync += self.taps.eq(0)
        return m


def added_up(taps):
    """The sum that :class:`Watched` has after these taps."""
    total = 0
    for tap in taps:
        total = ((total << 1 | total >> 31) ^ int(tap)) & 0xFFFFFFFF
    return total


def corrected(slope, right):
    """A correction; where it leaves 40 bits, of which there is none, what comes of it."""
    doubled = int(slope)
    for _ in range(-right):
        doubled *= 2 if -(1 << 39) <= doubled < 1 << 39 else 1
    return (int(shifted(doubled, max(right, 0))) + (1 << 39)) % (1 << 40) - (1 << 39)


class Line(wiring.Component):
    """An equaliser with its slicer and multiplier, for which data frames' parameters are a stream.

    A data frame's last sample waits for its item of ``i_frame``, and where the item before has not
    ``ahead``, so do all its samples. ``load`` waits for taps that are good.

    Members
    -------
    i, i_taps, o, o_symbol, busy : those of the equaliser; i_write : that of the slicer
    words : In(16), how many words the slicer gets before the first data frame
    i_frame : In(stream), FRAME; o_frame : Out(stream), REPORT
    """

    def __init__(self, forward, feedback):
        self.equalizer, self.slicer = Watched(forward, feedback), Slicer()
        members = self.equalizer.signature.members
        super().__init__(
            {name: members[name] for name in ("i", "i_taps", "o", "o_symbol")}
            | {
                "busy": Out(1),
                "i_write": self.slicer.signature.members["i_write"],
                "words": In(16),
                "i_frame": In(stream.Signature(FRAME)),
                "o_frame": Out(stream.Signature(REPORT)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.equalizer = equalizer = self.equalizer
        m.submodules.slicer = slicer = self.slicer
        m.submodules.multiplier = multiplier = Multiplier()
        for name in ("i_taps", "o", "o_symbol"):
            pair = flipped(getattr(self, name)), getattr(equalizer, name)
            connect(m, *pair)
        connect(m, flipped(self.i_write), slicer.i_write)
        connect(m, equalizer.o_slice, slicer.i)
        connect(m, slicer.o, equalizer.i_slice)
        frame, seen = Signal(FRAME), Signal(16)
        report = self.o_frame.payload
        with m.If(slicer.i_write.valid & slicer.i_write.ready & (seen < self.words)):
            m.d.sync += seen.eq(seen + 1)
        for name in (
            "turn",
            "known",
            "power_bits",
            "training_bits",
            "hurry",
            "still",
            "loss",
            "guess",
        ):
            m.d.comb += getattr(equalizer.frame, name).eq(frame[name])
        m.d.comb += [
            equalizer.known.given.eq(frame.given[0]),
            equalizer.known.value.eq(frame.given_values[:16]),
        ]
        with m.If(equalizer.o.valid & equalizer.o.ready):
            m.d.sync += [
                frame.given.eq(frame.given >> 1),
                Cat(frame.given_values, frame.given_later).eq(
                    Cat(frame.given_values, frame.given_later) >> 16
                ),
            ]
        passing = Signal()
        multiplier.serve(m, equalizer)
        m.d.comb += [
            equalizer.known.sign.eq(frame.known_signs[0]),
            slicer.bank.eq(frame.bank),
            slicer.training.eq(frame.training),
            # Wrong unless training: then the slicer's levels are those of the tables.
            slicer.training_value.eq(TRAINING_LEVEL),
            slicer.training_ucode.eq(TRAINING_UCODE),
            self.busy.eq(equalizer.report.busy),
            equalizer.i.payload.eq(self.i.payload),
            equalizer.i.valid.eq(self.i.valid & passing),
            self.i.ready.eq(equalizer.i.ready & passing),
        ]
        with m.If(equalizer.known.next):
            m.d.sync += frame.known_signs.eq(frame.known_signs >> 1)
        with m.If(equalizer.report.measured):
            m.d.sync += report.energy.eq(equalizer.report.energy)
        for name in ("phase", "frequency"):
            with m.If(getattr(equalizer.correction, name)):
                m.d.sync += report[name].eq(equalizer.correction.amount)
        with m.If(equalizer.report.done):
            m.d.sync += report.adapting.eq(equalizer.report.adapting)
            m.d.sync += [report.taps.eq(equalizer.taps), self.o_frame.valid.eq(1)]
        with m.If(self.o_frame.ready & self.o_frame.valid):
            m.d.sync += self.o_frame.valid.eq(0)
        last = self.i.payload.index == HALVES - 1
        with m.FSM():
            with m.State("WAIT"):
                m.d.comb += passing.eq(frame.ahead & ~last)
                item = self.i_frame.payload
                able = ~item.load | equalizer.set.good
                with m.If(self.i_frame.valid & able & ~self.o_frame.valid & (seen == self.words)):
                    m.d.comb += [
                        self.i_frame.ready.eq(1),
                        equalizer.set.load.eq(item.load),
                        equalizer.clear.eq(item.clear),
                    ]
                    m.d.sync += frame.eq(item)
                    m.next = "CLEAR"
            with m.State("CLEAR"):
                with m.If(~equalizer.report.busy):
                    m.next = "FRAME"
            with m.State("FRAME"):
                m.d.comb += passing.eq(1)
                with m.If(self.i.valid & self.i.ready & last):
                    m.next = "PROCESS"
            with m.State("PROCESS"):
                m.d.comb += passing.eq(frame.ahead & ~last)
                with m.If(~equalizer.report.busy):
                    m.next = "WAIT"
        return m


TRAINING_LEVEL, TRAINING_UCODE = 2828, 77
TRAINING = Levels(((TRAINING_LEVEL,),) * INTERVALS, ((TRAINING_UCODE,),) * INTERVALS)


def random_taps(rng, forward, feedback, loud):
    """Taps of any size, a drop, and samples' bits that make values of a sensible size."""
    drop = int(rng.integers(17))
    bits = int(rng.integers(20, 31))
    taps = rng.integers(-1 << bits, 1 << bits, forward)
    back = rng.integers(-1 << 27, 1 << 27, feedback)
    if loud:
        # Whatever saturates.
        taps = rng.choice([FORWARD_TAP.min, FORWARD_TAP.max, *taps], forward)
        back = rng.choice([FEEDBACK_TAP.min, FEEDBACK_TAP.max, *back], feedback)
        return taps, back, int(rng.choice([0, 16, drop])), 15
    # Half a bit for each doubling of the number of taps.
    want = 16 + drop - (bits - 16) - int(np.log2(forward)) // 2
    return taps, back, drop, int(np.clip(want, 1, 15))


def tap_words(taps, back, drop, good):
    return [*taps, *back, good << 8 | drop]


class Story:
    """Random data frames through golden: the inputs and the outputs expected of a line."""

    def __init__(self, rng, forward, feedback, levels):
        self.rng, self.sizes = rng, (forward, feedback)
        self.levels = [golden_slicer.Slicer([one]) for one in (*levels, TRAINING)]
        self.model = golden.Equalizer(1, forward, feedback)
        self.halves, self.taps, self.frames = [], [], []
        self.decisions, self.symbols, self.reports = [], [], []

    def run(self, frames, loud=False, known=0.2, restart=0.1):
        """Some data frames with new taps, after a clear or not."""
        rng = self.rng
        taps, back, drop, bits = random_taps(rng, *self.sizes, loud)
        if rng.random() < 0.3:
            self.taps += tap_words(back[::-1].tolist() + taps.tolist(), [], 7, 0)
        self.taps += tap_words(taps, back, drop, 1)
        model = self.model
        model.forward_taps[0], model.feedback_taps[0], model.drop[0] = taps, back, drop
        for number in range(frames):
            clear = not self.frames or (number == 0 and rng.random() < 0.5)
            if clear:
                model.clear(0)
                if self.frames:
                    self.frames[-1]["ahead"] = 0
            halves = rng.integers(-1 << bits, 1 << bits, HALVES)
            if rng.random() < restart:
                stop = int(rng.integers(1, HALVES))
                self.halves += list(enumerate(rng.integers(-1 << 15, 1 << 15, stop)))
            self.halves += list(enumerate(halves))
            frame = {
                "clear": int(clear),
                "load": int(number == 0),
                "ahead": 1,
                "turn": int(rng.integers(INTERVALS)),
                "known": int(rng.random() < known),
                "known_signs": 0,
                "bank": int(rng.integers(2)),
                "training": 0,
                "loss": 0,
                "hurry": int(rng.integers(2)),
                "still": int(rng.random() < 0.1),
                **self._powers(),
                "guess": int(rng.random() < 0.2),
                "given": 0,
                "given_values": 0,
                "given_later": 0,
            }
            self.frames.append(frame)
            self._known(frame, halves) if frame["known"] else self._track(frame, halves)

    def _powers(self):
        """Mostly as levels have them, else so that everything is shifted further to the left."""
        power, training = self.rng.integers(16 if self.rng.random() < 0.7 else 0, 31, 2)
        return {"power_bits": int(power), "training_bits": int(training)}

    def _pairs(self, halves, values, ucodes=None):
        older = np.array([self._before, *halves[1:-1:2]])
        for at, value in enumerate(values):
            self.symbols.append(
                {
                    "older": older[at],
                    "newer": halves[2 * at],
                    "sign": int(value >= 0),
                    "above": 0 if ucodes is None else above(ucodes[at]),
                }
            )

    def _known(self, frame, halves):
        model = self.model
        signs = self.rng.integers(2, size=INTERVALS)
        frame |= {"known_signs": packed(signs), "training": 1}
        values = (2 * signs - 1) * TRAINING_LEVEL
        self._before = model.history[0, -1]
        self._pairs(halves, values)
        model.history[0] = np.concatenate([model.history[0], halves])[-model.forward :]
        model.past[0] = np.concatenate([values[::-1], model.past[0]])[: model.feedback]

    def _track(self, frame, halves):
        rng, model, lines = self.rng, self.model, np.array([0])
        frame["training"] = int(rng.random() < 0.2)
        slicer = self.levels[2 if frame["training"] else frame["bank"]]
        turn = np.array([frame["turn"]])
        self._before = model.history[0, -1]
        ways = [np.array([bool(frame[name])]) for name in ("hurry", "still")]
        guess = np.array([bool(frame["guess"])])
        given = np.zeros(INTERVALS, np.int64)
        if rng.random() < 0.3:
            given = rng.integers(-4000, 4000, INTERVALS) * rng.integers(0, 2, INTERVALS)
            given[rng.integers(INTERVALS)] = rng.choice([-32768, 32767])
        frame["given"] = packed(given != 0)
        for at, name in enumerate(("given_values", "given_later")):
            some = given[3 * at :][:3].tolist()
            frame[name] = sum((x & 0xFFFF) << 16 * n for n, x in enumerate(some))
        result = model.process(halves[None], slicer, lines, turn, *ways, guess, given[None])
        ucodes = None if frame["training"] else result.ucode[0]
        # Of what was decided, not of what was given.
        intervals = (frame["turn"] + np.arange(INTERVALS)) % INTERVALS
        _, decided = slicer.process(result.fine[0], intervals, np.zeros(INTERVALS, np.int64))
        self._pairs(halves, decided, ucodes)
        energy = int((result.error**2).sum())
        # Near the limit, on either side, or far below it.
        frame["loss"] = int(rng.choice([max(0, (energy >> 8) * 4 + rng.integers(-4, 6)), 1 << 31]))
        adapting = energy >> 8 <= frame["loss"] >> 2 and not frame["guess"]
        model.adapt(
            np.array([adapting]),
            np.array([frame["power_bits"]]),
            np.array([frame["training_bits"]]),
            lines,
            *ways,
        )
        for at in range(INTERVALS):
            interval = (frame["turn"] + at) % INTERVALS
            fine = result.fine[0, at]
            self.decisions.append(
                {
                    "fine": fine,
                    "error": result.error[0, at],
                    "sign": int(fine >= 0),
                    "ucode": result.ucode[0, at],
                    "interval": interval,
                }
            )
        right = frame["power_bits"] + LOOP_BITS - INSTANT_FRACTION
        taps = [model.error_tap[0], model.drift_tap[0]] if adapting else [model.drift_tap[0]]
        if adapting:
            taps = [*model.forward_taps[0], *model.feedback_taps[0], *taps]
        self.reports.append(
            {
                "energy": energy,
                "adapting": int(adapting),
                "phase": corrected(result.slope[0] * adapting, right),
                "frequency": corrected(result.slope[0] * adapting, right + FREQUENCY_BITS),
                "taps": added_up(taps),
            }
        )

    @property
    def inputs(self):
        index, half = np.array(self.halves).T
        return {
            "i": {"half": half, "index": index},
            "i_taps": np.array(self.taps),
            "i_frame": columns(self.frames),
        }

    @property
    def expected(self):
        return {
            "o": columns(self.decisions),
            "o_symbol": columns(self.symbols),
            "o_frame": columns(self.reports),
        }


def story(rng, forward, feedback, runs, most=128, **options):
    """Runs of data frames, each with its own taps: a line's inputs and expected outputs."""
    levels = [random_levels(rng, most, int(rng.choice([300, 4000, 32767]))) for _ in range(2)]
    words = level_words(rng, levels[0], 0) + level_words(rng, levels[1], 1)
    told = Story(rng, forward, feedback, levels)
    for number, frames in enumerate(runs):
        told.run(frames, loud=number % 3 == 2, **options)
    return told, {"i_write": columns(words), **told.inputs}, len(words)


@pytest.mark.parametrize(
    "forward, feedback",
    [
        (64, 32),
        *(
            pytest.param(*taps, marks=pytest.mark.long)
            for taps in ((1, 1), (8, 3), (16, 5), (38, 58), (93, 3))
        ),
    ],
)
def test_equal_to_golden(forward, feedback, rng):
    told, sent, words = story(rng, forward, feedback, [9] * 6)
    compare_resetting(
        Line(forward, feedback),
        sent,
        told.expected,
        (words + 5000, words + 7777),
        engine="cxxrtl",
        waves={"words": words},
    )
    adapting = [report["adapting"] for report in told.reports]
    assert 0.3 < np.mean(adapting) < 0.95
    assert {frame["known"] for frame in told.frames} == {0, 1}


@pytest.mark.parametrize("engine", [pytest.param("verilator", marks=pytest.mark.long), "icarus"])
def test_equal_to_golden_on_other_engines(engine, rng):
    told, sent, words = story(rng, 8, 3, [4 if engine == "verilator" else 2] * 3, most=5)
    compare_resetting(
        Line(8, 3), sent, told.expected, (words + 1777,), engine=engine, waves={"words": words}
    )


def test_taps_are_followed_to_the_last_bit(rng):
    """Many frames with the same taps: small steps add up."""
    told, sent, words = story(rng, 16, 5, [80, 80], known=0.05)
    compare(
        Line(16, 5),
        sent,
        told.expected,
        patterns=[FULL_SPEED],
        cycles=1_000_000,
        waves={"words": words},
    )


@pytest.fixture(scope="module")
def line():
    return Gateware(Line(64, 32))


@pytest.mark.parametrize(
    "power, training, drop, most",
    [
        (24, 24, 10, 3250),
        (16, 30, 16, 3820),
        (30, 16, 0, 3540),
        (30, 17, 1, 3720),
        (0, 30, 16, 5250),
    ],
)
def test_cycles_of_a_frame(line, rng, monkeypatch, power, training, drop, most):
    monkeypatch.setattr(
        Story, "_powers", lambda _: {"power_bits": power, "training_bits": training}
    )
    taps = np.full(64, 1 << 24), np.full(32, 1 << 24), drop, 12
    monkeypatch.setitem(globals(), "random_taps", lambda *_: taps)
    told, sent, words = story(rng, 64, 32, [40], restart=0)
    counts = {name: len(next(iter(rows.values()))) for name, rows in told.expected.items()}
    result = line.run(
        sent, counts, waves={"words": words}, probes=["busy"], drain=100, check_ready=True
    )
    edges = np.diff(np.concatenate([[0], result.probes["busy"].astype(int), [0]]))
    lengths = (np.flatnonzero(edges < 0) - np.flatnonzero(edges > 0)).tolist()
    # Clearing comes first.
    assert lengths.pop(0) == 257
    reports = iter(told.reports)
    moved = [None if frame["known"] else next(reports)["adapting"] for frame in told.frames]
    for kind, bound in ((None, 60), (0, 1780), (1, most)):
        longest = max(
            length for length, adapting in zip(lengths, moved, strict=True) if adapting == kind
        )
        assert 0.85 * bound - 20 < longest <= bound


def test_samples_wait_for_a_few_cycles(line, rng):
    """However fast they come, but for the last one of a data frame."""
    told, sent, words = story(rng, 64, 32, [6], restart=0, known=0)
    result = line.run(sent, {"o": 36}, waves={"words": words}, probes=["busy"])
    assert np.array_equal(result.outputs["o"]["fine"], told.expected["o"]["fine"])
    taken = result.taken["i"].reshape(6, HALVES)[1:]
    assert (np.diff(taken[:, :-1], axis=1) <= 4).all()


def test_sizes_that_are_refused():
    for forward, feedback in ((0, 4), (4, 0), (30, 59), (64, 33)):
        check_refused(ValueError, "taps are not", Equalizer, forward, feedback)
