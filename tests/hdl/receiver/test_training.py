import json

import numpy as np
import pytest
from amaranth.back import rtlil
from amaranth.hdl import Module, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from golden.formats import DIL_COUNT, ERROR, SOFT
from golden.pcm import g711
from golden.pcm.parameters import INTERVALS
from golden.receiver import training as golden
from golden.signals import training
from golden.signals.sequences import JD, JD_END
from hdl.core.channels import Channels
from hdl.receiver.training import DIL_AVERAGE, DIL_ENTRY, DilAverager, TrainingDecoder
from hdl.receiver.words import DECISION
from hdl.signals.training import (
    DIL_WORD,
    DilSequencer,
)
from sim.engines.compare import compare
from sim.engines.gateware import Gateware
from tests.hdl.signals.support import ENGINES, chosen, descriptor, joined, words_of
from tests.hdl.support import patterns_of, scaled


def decisions(rng, signs=None, fine=None, number=0):
    """Decisions of data frames ``(n, 6)`` of signs or soft values, the others at random."""
    count = np.size(signs if fine is None else fine)
    if signs is None:
        signs = rng.integers(0, 2, count)
    if fine is None:
        fine = rng.integers(SOFT.min, SOFT.max + 1, count)
    return {
        "fine": np.reshape(fine, -1),
        "error": rng.integers(ERROR.min, ERROR.max + 1, count),
        "ucode": rng.integers(0, 128, count),
        "sign": np.reshape(signs, -1).astype(int),
        "interval": np.arange(count) % INTERVALS,
        "good": rng.integers(0, 2, count),
        "number": number + np.arange(count) // INTERVALS,
    }


def sent_signs(rng, frames, jds, more):
    """Signs by data frames: TRN1d, so many Jd, Jd', and what follows."""
    jd = JD.build(
        rates=int(rng.integers(1 << 22)),
        training=int(rng.integers(2)),
        renegotiation=int(rng.integers(2)),
        look_ahead=int(rng.integers(1, 4)),
    )
    bits = np.concatenate([np.tile(jd, jds), np.zeros(JD_END, np.uint8)])
    _, before = training.trn1d(70, INTERVALS * frames)
    _, behind = training.after_trn1d(70, bits, before)
    after = rng.integers(0, 2, INTERVALS * more, dtype=np.uint8)
    return np.concatenate([before, behind, after]).reshape(-1, INTERVALS)


def serial(decoded):
    """The gateware's output for golden's bits."""
    bits, begins = decoded
    return {
        "bit": bits.reshape(-1),
        "first": np.arange(bits.size) % INTERVALS == 0,
        "begins": np.repeat(begins, INTERVALS),
    }


@pytest.mark.parametrize("engine", ENGINES)
def test_training_decoder_equal_to_golden(engine, rng):
    signs = sent_signs(rng, scaled(engine, 400, 12), scaled(engine, 10, 3), 6)
    number = int(rng.integers(1000))
    model = golden.TrainingDecoder()
    expected = serial(model.process(signs))
    assert model.dil == len(signs) - 6
    inputs = {"i": decisions(rng, signs, number=number)}
    for reset_at in (None, 777):
        results = compare(
            TrainingDecoder(),
            inputs,
            {"o": expected},
            engine=engine,
            patterns=patterns_of(engine),
            cycles=1_000_000,
            reset_at=reset_at,
            probes=("dil", "number"),
        )
    for result in results:
        # Six decisions a data frame; all after Jd' are taken and nothing comes of them.
        taken = result.taken["i"].reshape(-1, INTERVALS)
        up = np.flatnonzero(result.probes["dil"])
        assert up[0] == taken[model.dil - 1, -1] + 2 < taken[model.dil, 0]
        assert np.diff(up).max() == 1
        assert (result.probes["number"][up] == number + model.dil).all()
    taken = results[0].taken["i"].reshape(-1, INTERVALS)[: model.dil]
    given = results[0].given["o"].reshape(-1, INTERVALS)
    assert (given[:, 0] - taken[2:, -1] == TrainingDecoder.latency).all()
    assert (np.diff(given, axis=1) == 1).all() and (np.diff(taken, axis=1) == 1).all()
    assert (taken[3:, 0] - taken[2:-1, -1] == 8).all()


@pytest.fixture(scope="module")
def training_decoder():
    return Gateware(TrainingDecoder())


def test_training_decoder_through_errors(training_decoder, rng):
    """Errors are alike in both, and ``restart`` is a reset."""
    dils = 0
    for run in range(200):
        model = golden.TrainingDecoder()
        parts = [
            sent_signs(rng, int(rng.integers(4, 40)), int(rng.integers(1, 5)), 0)[
                : None if rng.random() < 0.5 else -int(rng.integers(2, 20))
            ],
            rng.integers(0, 2, (int(rng.integers(1, 60)), INTERVALS), dtype=np.uint8),
            np.full((int(rng.integers(1, 20)), INTERVALS), rng.integers(2), np.uint8),
        ]
        order = rng.permutation(len(parts)) if run % 2 else range(len(parts))
        signs = np.concatenate([parts[one] for one in order])
        signs[rng.random(signs.shape) < rng.choice([0, 0.003, 0.03])] ^= 1
        expected = serial(model.process(signs))
        result = training_decoder.run(
            {"i": decisions(rng, signs)},
            {"o": len(expected["bit"])},
            100_000,
            reset=False,
            drain=20,
        )
        for name, values in expected.items():
            assert np.array_equal(result.outputs["o"][name], values), name
        assert training_decoder.get("dil") == (model.dil is not None)
        if model.dil is not None:
            dils += 1
            assert training_decoder.get("number") == model.dil
        training_decoder.set("restart", 1)
        training_decoder.run({}, cycles=1, reset=False)
        training_decoder.set("restart", 0)
    assert 20 < dils < 180


def test_only_whole_data_frames_are_decoded(training_decoder, rng):
    """Decisions before a data frame's first, and data frames that break off, are dropped."""
    signs = sent_signs(rng, 40, 2, 3)
    model = golden.TrainingDecoder()
    expected = serial(model.process(signs))
    whole, pieces = decisions(rng, signs), []
    for frame in range(len(signs)):
        if rng.random() < 0.3:
            stray = decisions(rng, rng.integers(0, 2, INTERVALS))
            first = int(rng.integers(0, INTERVALS))
            # From the first on and not to the last; or not from the first on.
            pieces.append(chosen(stray, slice(0, first) if frame % 2 else slice(first + 1, None)))
        pieces.append(chosen(whole, slice(INTERVALS * frame, INTERVALS * (frame + 1))))
    result = training_decoder.run({"i": joined(pieces)}, {"o": len(expected["bit"])}, 100_000)
    for name, values in expected.items():
        assert np.array_equal(result.outputs["o"][name], values), name
    assert training_decoder.get("dil") == 1


def test_training_decoder_of_real_calls(training_decoder, real_call, rng):
    facts = json.loads((real_call / "call.json").read_text())
    where = facts["samples"]
    signs = g711.sign(np.fromfile(real_call / "down.al", np.uint8)[where["trn1d"] : where["ri"]])
    signs = (signs ^ signs[0] ^ 1).reshape(-1, INTERVALS)
    expected = serial(golden.TrainingDecoder().process(signs))
    result = training_decoder.run({"i": decisions(rng, signs)}, {"o": len(expected["bit"])})
    for name, values in expected.items():
        assert np.array_equal(result.outputs["o"][name], values), name
    assert result.outputs["o"]["begins"].sum() == INTERVALS * facts["jd_frames"]
    assert training_decoder.get("number") == (where["dil"] - where["trn1d"]) // INTERVALS


class Averaging(wiring.Component):
    """An averager that gets so many ``words``, then so many ``decisions``, and then is asked."""

    def __init__(self, words, decisions):
        self.words, self.decisions = words, decisions
        super().__init__(
            {
                "i_descriptor": In(stream.Signature(DIL_WORD)),
                "i": In(stream.Signature(DECISION)),
                "i_entry": In(stream.Signature(DIL_ENTRY)),
                "o": Out(stream.Signature(DIL_AVERAGE)),
                "passes": Out(8),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.averager = averager = DilAverager()
        words = Signal(range(self.words + 1), init=self.words)
        decisions = Signal(range(self.decisions + 1), init=self.decisions)
        for name, left, gate in (
            ("i_descriptor", words, words != 0),
            ("i", decisions, words == 0),
            ("i_entry", None, decisions == 0),
        ):
            source, sink = getattr(self, name), getattr(averager, name)
            m.d.comb += [
                sink.valid.eq(source.valid & gate),
                source.ready.eq(sink.ready & gate),
                sink.payload.eq(source.payload),
            ]
            if left is not None:
                with m.If(source.valid & source.ready):
                    m.d.sync += left.eq(left - 1)
        m.d.comb += [averager.dil.eq(words == 0), self.passes.eq(averager.passes)]
        connect(m, averager.o, flipped(self.o))
        return m


def entries_of(model, which=None):
    """Requests and answers for all that golden has, or some; a sum of none is zero."""
    places = np.stack(np.unravel_index(np.arange(model.sums.size), model.sums.shape))
    if which is not None:
        places = places[:, which]
    segment, interval, sign = places
    return {"segment": segment, "interval": interval, "sign": sign}, {
        "sum": model.sums[segment, interval, sign],
        "count": model.counts[segment, interval, sign],
    }


@pytest.mark.parametrize(
    "engine, sizes",
    [
        ("cxxrtl", (1, 1, 1)),
        ("cxxrtl", (9, 128, 5)),
        *((engine, (3, 7, 64)) for engine in ENGINES),
    ],
    ids=str,
)
def test_dil_averager_equal_to_golden(engine, sizes, rng):
    asked = descriptor(rng, *sizes, most=3)
    asked["training_pattern"][0] = 1
    model, words = golden.DilAverager(asked), words_of(asked)
    whole = int(training.dil_lengths(asked).sum()) // INTERVALS
    frames = max(2 * whole + 3, scaled(engine, 300))
    inputs = decisions(rng, fine=rng.integers(SOFT.min, SOFT.max + 1, (frames, INTERVALS)))
    model.process(inputs["fine"].reshape(-1, INTERVALS))
    entries, expected = entries_of(model)
    results = compare(
        Averaging(len(words["data"]), 6 * frames),
        {"i_descriptor": words, "i": inputs, "i_entry": entries},
        {"o": expected},
        engine=engine,
        patterns=patterns_of(engine),
        reset_at=7000 if sizes[0] == 3 else None,
        cycles=1_000_000,
        probes=("passes",),
    )
    full = results[0]
    # The first symbol is not there yet. The first decision waits until all sums are zero.
    took = np.diff(full.taken["i"])
    assert took[0] == took.max() == DilAverager.cycles
    assert full.taken["i_descriptor"][0] == DilAverager.clearing + 1
    assert (np.diff(full.taken["i_entry"]) == 6).all()
    for result in results:
        assert result.probes["passes"][-1] == min(255, frames // whole)


@pytest.fixture(scope="module")
def averager():
    return Gateware(DilAverager())


def load(averager, asked):
    averager.set("dil", 0)
    averager.run({"i_descriptor": words_of(asked)}, cycles=10_000, reset=False)


def check_averages(averager, model):
    entries, expected = entries_of(model)
    result = averager.run(
        {"i_entry": entries}, {"o": len(expected["sum"])}, cycles=100_000, reset=False
    )
    for name, values in expected.items():
        assert np.array_equal(result.outputs["o"][name], values), name


def average(averager, model, rng, frames, fine=None):
    """Data frames of random soft values for both."""
    if fine is None:
        fine = rng.integers(SOFT.min, SOFT.max + 1, (frames, INTERVALS))
    model.process(fine)
    averager.set("dil", 1)
    averager.run({"i": decisions(rng, fine=fine)}, cycles=10_000_000, reset=False)


def test_a_whole_dil_of_255_segments(averager, rng):
    """With the longest patterns, more than once, and before it a longer time of no DIL."""
    asked = descriptor(rng, 255, 128, 127, most=12)
    model = golden.DilAverager(asked)
    averager.power_on()
    load(averager, asked)
    averager.run({"i": decisions(rng, np.zeros((500, INTERVALS)))}, cycles=100_000, reset=False)
    whole = int(training.dil_lengths(asked).sum()) // INTERVALS
    average(averager, model, rng, 2 * whole + 100)
    assert averager.get("passes") == 2
    check_averages(averager, model)
    assert (model.counts.sum(axis=(1, 2)) > 0).all()


def test_the_longest_segments(averager, rng):
    """H of 127, and Ucodes of all Uchords."""
    asked = descriptor(rng, 8, 67, 128, most=128)
    asked["training_ucodes"] = [16 * uchord + 5 for uchord in rng.permutation(8)]
    asked["H"][3] = 127
    model = golden.DilAverager(asked)
    averager.reset()
    load(averager, asked)
    average(averager, model, rng, int(training.dil_lengths(asked).sum()) // INTERVALS + 20)
    check_averages(averager, model)


def test_full_sums_take_no_more(averager, rng):
    asked = {
        "training_ucodes": [3, 99],
        "sign_pattern": [1, 0, 1],
        "training_pattern": [1],
        "H": [0] * 8,
        "REF": [9] * 8,
    }
    model = golden.DilAverager(asked)
    averager.reset()
    load(averager, asked)
    frames = 2 * DIL_COUNT.max + 20
    fine = np.full((frames, INTERVALS), SOFT.min)
    fine[:, ::2] = SOFT.max
    average(averager, model, rng, frames, fine)
    assert (model.counts == DIL_COUNT.max).sum() == 12 and averager.get("passes") == 255
    check_averages(averager, model)


def test_stop_clear_and_another_dil(averager, rng):
    first, second = descriptor(rng, 20, 9, 3), descriptor(rng, 33, 7, 11)
    model = golden.DilAverager(first)
    averager.reset()
    load(averager, first)
    average(averager, model, rng, 100)
    # Not DIL's any more, whatever comes.
    averager.set("stop", 1)
    averager.run({}, cycles=1, reset=False)
    averager.set("stop", 0)
    averager.run({"i": decisions(rng, np.zeros((50, INTERVALS)))}, cycles=10_000, reset=False)
    check_averages(averager, model)
    # The same DIL once more, from its first symbol on: sums go on.
    averager.set("dil", 0)
    averager.run({}, cycles=1, reset=False)
    assert averager.get("passes") == 0
    again = golden.DilAverager(first)
    average(averager, again, rng, 77)
    again.sums += model.sums
    again.counts += model.counts
    check_averages(averager, again)
    # Another, from zero.
    averager.set("clear", 1)
    averager.run({}, cycles=1, reset=False)
    averager.set("clear", 0)
    load(averager, second)
    model = golden.DilAverager(second)
    average(averager, model, rng, 300)
    check_averages(averager, model)


def test_from_trn1d_to_averages(rng):
    """Decoder and averager side by side on one stream of decisions, as a receiver gives it."""
    asked = descriptor(rng, 30, 16, 5)
    jds, frames = 3, 700
    signs = sent_signs(rng, 60, jds, frames)
    fine = rng.integers(SOFT.min, SOFT.max + 1, signs.shape)
    model = golden.DilAverager(asked)
    model.process(fine[-frames:])
    entries, expected = entries_of(model)
    words = words_of(asked)
    both = Gateware(Reading())
    both.run({"i_descriptor": words}, cycles=10_000)
    given = decisions(rng, signs, fine)
    both.run({"i": given}, cycles=1_000_000, reset=False, idle=0.5, seed=3)
    result = both.run(
        {"i_entry": entries}, {"o": len(expected["sum"])}, cycles=100_000, reset=False
    )
    for name, values in expected.items():
        assert np.array_equal(result.outputs["o"][name], values), name


class Reading(wiring.Component):
    """Decisions to both at once."""

    i: In(stream.Signature(DECISION))
    i_descriptor: In(stream.Signature(DIL_WORD))
    i_entry: In(stream.Signature(DIL_ENTRY))
    o: Out(stream.Signature(DIL_AVERAGE))

    def elaborate(self, platform):
        m = Module()
        m.submodules.decoder = decoder = TrainingDecoder()
        m.submodules.averager = averager = DilAverager()
        m.d.comb += [
            averager.dil.eq(decoder.dil),
            decoder.o.ready.eq(1),
            self.i.ready.eq(decoder.i.ready & averager.i.ready),
            *(part.i.payload.eq(self.i.payload) for part in (decoder, averager)),
            decoder.i.valid.eq(self.i.valid & averager.i.ready),
            averager.i.valid.eq(self.i.valid & decoder.i.ready),
        ]
        for name in ("i_descriptor", "i_entry"):
            connect(m, flipped(getattr(self, name)), getattr(averager, name))
        connect(m, averager.o, flipped(self.o))
        return m


@pytest.mark.parametrize("block", [DilSequencer, TrainingDecoder, DilAverager])
def test_lines_can_take_turns(block):
    """No register is part of a wire, which would keep ``Channels`` from it."""
    component = block()
    ports = [Value.cast(port) for _, _, port in component.signature.flatten(component)]
    assert rtlil.convert(Channels(component, 3), ports=ports)
