"""Whole calls through the gateware receiver, and golden's decisions beside it."""

import numpy as np
import pytest
from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring

from golden.pcm import g711
from golden.receiver.receiver import Receiver as Golden
from golden.receiver.slicer import Levels
from golden.receiver.timetable import SKIPPED, SOLVING, TRAINED, Kind
from golden.signals import training
from hdl.core.stream import pass_on
from hdl.receiver.receiver import Receivers
from hdl.receiver.words import command_words, configuration_words
from sim.calls.gateware_receiver import ReceiverGateware
from sim.engines.gateware import Gateware
from sim.world import lines
from sim.world.line import Conditions, Line
from tests.startup import StartUp, grid, joined, training_levels
from tests.startup import levels_of as levels_at

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
    result = both(samples, levels_of([U_INFO], "A"), levels_of(ucodes, "A"), 1240, gateware=whole)
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


def test_second_start_during_a_solution(whole, rng):
    """The solution that comes then is of the start before, and is not loaded."""
    octets = np.concatenate([octets_of(rng, "A", 347 * 6), octets_of(rng, "A", 450 * 6)[SILENCE:]])
    samples = samples_of("26awg-6kft", octets, "A", snr=40, ppm=-30, seed=6)
    result = both(samples, levels_of([U_INFO], "A"), gateware=whole)
    assert [kind for _, kind in result.events] == [Kind.DETECTED, Kind.DETECTED, Kind.TRAINED]


def test_training_fails_on_noise(whole, rng):
    """Sd, and then something else than TRN1d."""
    octets = octets_of(rng, "A", 0)
    noise = g711.octet(np.full(3000, U_INFO), rng.integers(0, 2, 3000), "A")
    samples = samples_of("codec", np.concatenate([octets, noise]), "A", snr=45, seed=3)
    result = both(samples, levels_of([U_INFO], "A"), gateware=whole)
    assert [kind for _, kind in result.events] == [Kind.DETECTED, Kind.FAILED]


class Paced(wiring.Component):
    """Receivers that take turns, with a sample for each, one after the other, every TURNS turns."""

    #: Of eight lines at 48 MHz.
    TURNS = 375

    def __init__(self, count, forward=64, feedback=32, start_up=False):
        self.receivers = Receivers(count, forward, feedback, start_up)
        super().__init__(self.receivers.signature)

    def elaborate(self, platform):
        m = Module()
        m.submodules.receivers = receivers = self.receivers
        pass_on(m, self, receivers, self.signature.members)
        cycles = self.TURNS * receivers.slots
        left = Signal(range(cycles))
        m.d.sync += left.eq(Mux(left == 0, cycles - 1, left - 1))
        # The sample of the first line waits for its time, the others follow.
        with m.If((self.i.payload.channel == 0) & (left >= receivers.slots)):
            m.d.comb += [receivers.i.valid.eq(0), self.i.ready.eq(0)]
        return m


def tagged(words):
    """Payload of words ``(channel, (address, data))``."""
    word = [("address", np.int64), ("data", np.int64)]
    return np.array(words, [("channel", np.int64), ("word", word)])


def items_of(rows):
    """Payload of samples ``(lines, n)``."""
    items = np.zeros(rows.size, [("channel", np.int64), ("sample", np.int64)])
    items["channel"] = np.tile(np.arange(len(rows)), rows.shape[1])
    items["sample"] = rows.T.reshape(-1)
    return items


def turns(count, rows, late, starts, levels, data_levels, **taps):
    """Run lines side by side and demand that each equals golden."""
    gateware = Gateware(Paced(count, **taps))
    words = [
        (k, word)
        for k in range(count)
        for word in configuration_words(levels[k], data_levels, starts)
    ]
    gateware.run({"i_configuration": tagged(words)})
    length, slots = rows.shape[1], max(count, 3)
    result = gateware.run(
        {"i": items_of(rows)},
        {},
        (length + 1) * slots * Paced.TURNS + 9000 * slots,
        reset=False,
        drain=6000 * slots,
    )
    qualities = [
        gateware.run(
            {},
            {},
            2 * slots,
            reset=False,
            waves={"quality_symbol": symbol},
            probes=["channel", "quality", "step"],
        ).probes
        for symbol in range(6)
    ]
    golden = Golden(levels, data_levels, starts, lines=count, late=late, **taps).process(rows)
    for k, one in enumerate(golden):
        demand_line(k, one, result.outputs["o"], result.outputs["o_event"])
        for symbol, probes in enumerate(qualities):
            at = np.flatnonzero(probes["channel"] == k)[-1]
            assert probes["quality"][at] == one.quality[-1][symbol]
            assert probes["step"][at] == one.step[-1]
    return golden


def demand_line(k, golden, decisions, events):
    """Demand what golden has of what came of line ``k`` among others."""
    mine = events["event"][events["channel"] == k]
    assert [(int(one["number"]), Kind(int(one["kind"]))) for one in mine] == golden.events
    got = decisions["decision"][decisions["channel"] == k]
    assert len(got) == golden.fine.size > 0
    for name in ("fine", "error", "ucode", "sign"):
        assert np.array_equal(got[name], getattr(golden, name).reshape(-1)), (k, name)
    assert np.array_equal(got["number"][::6], golden.number)


NAMES = ("codec", "26awg-9kft", "tap-18kft", "26awg-12kft")


def calls(rng, count, trn1d, ucodes):
    octets = octets_of(rng, "A", trn1d * 6, 40, ucodes)
    rows = [
        samples_of(NAMES[k % 4], octets, "A", snr=40, ppm=100 - 70 * (k % 4), seed=k)
        for k in range(count)
    ]
    return np.stack([row[: min(map(len, rows))] for row in rows])


@pytest.mark.long
def test_two_take_turns(rng):
    """With fewer taps, trained at nearly the same time, on levels that differ: one is wrong."""
    ucodes = np.arange(56, 100, 6)
    rows = calls(rng, 2, 460, ucodes)
    levels = [levels_of([u_info], "A") for u_info in (U_INFO, 75)]
    turns(2, rows, (), 460, levels, levels_of(ucodes, "A"), forward=32, feedback=17)


@pytest.mark.long
def test_two_take_turns_through_start_ups(rng):
    """Each with its own DIL and R-bar, decided on levels that waited for them."""
    starts = [StartUp.make(rng, "A", trn1d=470 + 7 * k) for k in range(2)]
    rows = [one.samples(name) for one, name in zip(starts, NAMES, strict=False)]
    rows = np.stack([row[: min(map(len, rows)) - 1500] for row in rows])
    taps = {"forward": 32, "feedback": 17}
    golden = Golden([training_levels("A")] * 2, lines=2, **taps)
    gateware = Gateware(Paced(2, **taps, start_up=True))
    words = configuration_words(training_levels("A"))
    gateware.run({"i_configuration": tagged([(k, one) for k in range(2) for one in words])})
    calls = [
        (lambda one: 450, lambda one: ("switch", grid("A"), one.at["dil"])),
        (lambda one: one.at["r"] - 9, lambda one: ("arm", levels_at(one.cpt.intervals, "A"))),
    ]
    parts, decisions, events, begin = [], [], [], 0
    for end in range(100, rows.shape[1] + 100, 100):
        parts.append(golden.process(rows[:, end - 100 : end]))
        due = bool(calls) and all(
            golden._number[k] >= calls[0][0](one) for k, one in enumerate(starts)
        )
        if not due and end < rows.shape[1]:
            continue
        items = items_of(rows[:, begin:end])
        begin = end
        result = gateware.run(
            {"i": items}, {}, (len(items) + 2) * 3 * Paced.TURNS, reset=False, drain=20_000
        )
        decisions.append(result.outputs["o"])
        events.append(result.outputs["o_event"])
        if due:
            _, call = calls.pop(0)
            words = []
            for k, one in enumerate(starts):
                name, *arguments = call(one)
                getattr(golden, name)(*arguments, line=k)
                words += [(k, w) for w in command_words(training_levels("A"), name, *arguments)]
            gateware.run({"i_configuration": tagged(words)}, cycles=100_000, reset=False)
    assert not calls
    for k in range(2):
        one = joined([part[k] for part in parts])
        kinds = [kind for _, kind in one.events]
        assert {Kind.DATA, Kind.R, Kind.REVERSAL, Kind.SWITCHED} <= set(kinds)
        demand_line(k, one, np.concatenate(decisions), np.concatenate(events))


@pytest.mark.long
def test_eight_begin_at_once(rng):
    """The solver has time for five of them at first."""
    ucodes = [np.arange(56 + i, 100, 6 + i) for i in range(6)]
    rows = calls(rng, 8, 560, ucodes)
    golden = turns(8, rows, (5, 6, 7), 560, [levels_of([U_INFO], "A")] * 8, levels_of(ucodes, "A"))
    for k, one in enumerate(golden):
        assert (SKIPPED + TRAINED + SOLVING * (1 + (k >= 5)), Kind.TRAINED) in one.events
