"""The self-test as a whole, against the model: what is decided, counted and reported."""

import numpy as np
import pytest
from amaranth.hdl import Module
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from golden.errors import V90Error
from golden.modem import selftest
from golden.modem.selftest import LEAST_TRN1D_FRAMES, plan
from golden.pcm import g711
from golden.pcm.parameters import INTERVALS, MappingParameters
from golden.signals.generator import Generator
from hdl.modem.selftest import Selftest, _RomReader, _SmallModem, sent_words
from hdl.pcm.csr import word_layout
from hdl.receiver.words import DECISION
from hdl.signals.commands import command_words
from sim.engines.gateware import Gateware
from tests.golden.ports.support import response_of
from tests.hdl.support import check_refused
from tests.support import EXAMPLES

CLOCK, BAUD, REPORT = 8_000_000, 1_000_000, 3000

#: Fewer taps than a receiver has as a rule, and the shortest TRN1d.
TAPS = {"forward": 32, "feedback": 17}
TRN1D = LEAST_TRN1D_FRAMES + 3

#: What is looked at in every cycle; the last is a training's start.
LAMPS = ("sync", "data", "error", "tx", "start")


class Watched(wiring.Component):
    """A self-test whose inner signals are streams."""

    def __init__(self, block):
        self.block = block
        self.given = isinstance(block.modem, Given)
        given = {"octet_in": In(stream.Signature(8))} if self.given else {}
        super().__init__(
            {
                **given,
                "cut": In(1),
                **{name: Out(1) for name in LAMPS},
                "octet": Out(stream.Signature(8)),
                "sample": Out(stream.Signature(block.sample.shape())),
                "decision": Out(stream.Signature(DECISION)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.block = block = self.block
        m.d.comb += [
            block.cut.eq(self.cut),
            self.start.eq(block.modem.start),
            *(getattr(self, name).eq(getattr(block, name)) for name in LAMPS[:-1]),
            self.octet.payload.eq(block.octet),
            self.octet.valid.eq(block.octet_strobe),
            self.sample.payload.eq(block.sample),
            self.sample.valid.eq(block.sample_strobe),
            self.decision.payload.eq(block.decision),
            self.decision.valid.eq(block.decided),
        ]
        if self.given:
            connect(m, flipped(self.octet_in), block.modem.i)
        return m


def texts_of(tx):
    """Lines that a UART sent, and the cycle in which each began."""
    bit, at, octets = CLOCK // BAUD, 0, []
    falls = np.flatnonzero((tx[:-1] == 1) & (tx[1:] == 0)) + 1
    for fall in falls:
        if fall < at:
            continue
        bits = tx[fall + bit // 2 + bit * np.arange(10)]
        assert bits[0] == 0 and bits[9] == 1
        octets.append((fall, int(bits[1:9] @ (1 << np.arange(8)))))
        at = fall + 9 * bit
    lines, begin = [], 0
    for number, (_, octet) in enumerate(octets):
        if octet == ord("\n"):
            text = bytes(one for _, one in octets[begin : number + 1])
            lines.append((octets[begin][0], text))
            begin = number + 1
    return lines


class Given(wiring.Component):
    """In place of the digital modem: octets from a test; ``start`` as the self-test has it."""

    def __init__(self):
        super().__init__(
            {"start": In(1), "o": Out(stream.Signature(8)), "i": In(stream.Signature(8))}
        )

    def elaborate(self, platform):
        m = Module()
        connect(m, flipped(self.i), flipped(self.o))
        return m


def example(name):
    return MappingParameters.from_json((EXAMPLES / name).read_text())


def reception(gateware, inputs, symbols, lamps, **waves):
    """Run the gateware for the time of so many symbols."""
    cycles = symbols * CLOCK // 8000
    return gateware.run(
        inputs,
        {},
        cycles,
        probes=lamps,
        partial=True,
        reset=False,
        waves={"cut": 0, **waves},
    )


def demand_model(result, model, octets):
    """Samples, decisions and reports are the model's; returns its outcome and the reports."""
    outcome = model.process(octets)
    samples, got = result.outputs["sample"], result.outputs["decision"]
    assert np.array_equal(samples, outcome.samples[: len(samples)])
    assert len(outcome.samples) - len(samples) < 10
    # A sample comes every CLOCK / 16000 cycles.
    assert set(np.diff(result.given["sample"])[9:].tolist()) == {CLOCK // 16000}
    frames = len(got) // INTERVALS
    got = got[: frames * INTERVALS]
    decided = outcome.decisions
    for name in ("fine", "error", "ucode", "sign"):
        expected = getattr(decided, name)[:frames].reshape(-1)
        assert np.array_equal(got[name], expected), name
    assert np.array_equal(got["number"][::INTERVALS], decided.number[:frames])
    assert len(decided.number) - frames < 3
    # A report is of the data frame that is decided next after it is due.
    lasts = result.given["decision"][INTERVALS - 1 :: INTERVALS][:frames]
    reports = texts_of(result.probes["tx"])
    for number, (begun, text) in enumerate(reports):
        due = result.given["sample"][(number + 1) * REPORT - 1]
        index = int(np.searchsorted(lasts, due, "right"))
        if due < lasts[0]:
            assert text == b"training\r\n" and begun - due < 750
            continue
        assert text == model.line(outcome, index)
        assert begun - lasts[index] < 750
    assert len(reports) == len(samples) // REPORT
    return outcome, reports


@pytest.mark.long
def test_octets_to_reports():
    """All but the digital modem: a training and 2000 symbols of data; then the line is cut."""
    given = plan("A", example("45333.json"), trn1d=TRN1D)
    response = response_of("26awg-6kft")
    gateware = Gateware(
        Watched(
            Selftest(response, given, 37.2, 50, CLOCK, BAUD, report=REPORT, modem=Given(), **TAPS)
        )
    )
    model = selftest.Selftest(response, given, 37.2, 50, **TAPS)
    sender = Generator("A")
    for command in given.commands:
        sender.give(command)
    trained = selftest.SILENCE_FRAMES + 72 + TRN1D
    octets = sender.process(trained + 415)[18:]
    gateware.reset()
    result = reception(gateware, {"octet_in": octets}, len(octets) - 420, LAMPS)
    taken = result.outputs["octet"].astype(np.uint8)
    outcome, reports = demand_model(result, model, taken)
    assert outcome.decisions.good.all() and outcome.bits.all()
    data = outcome.decisions.number >= TRN1D
    assert np.count_nonzero(data) * INTERVALS >= 2000
    assert b" 0 errors in " in reports[-1][1] and b"clock +37." in reports[-1][1]
    last = {name: result.probes[name][-1] for name in LAMPS}
    assert last["sync"] and last["data"] and not last["error"]
    assert np.count_nonzero(result.probes["start"]) == 1
    # In the first third there is nothing to be in synchronism with.
    assert not result.probes["sync"][: len(result.probes["sync"]) // 3].any()
    after = reception(gateware, {"octet_in": octets[len(taken) :]}, 410, LAMPS, cut=1)
    assert not after.probes["sync"][-1] and after.probes["error"][-1]
    assert np.count_nonzero(after.probes["start"]) == 1


@pytest.mark.parametrize("law", ["A", "mu"])
def test_small_modem(law):
    """The signals of golden's generator, and again from a data frame on."""
    sender = Generator(law)
    for command in selftest.commands(None):
        sender.give(command)
    frames = selftest.SILENCE_FRAMES + 72 + 60
    expected = sender.process(frames + 3)[18:]
    gateware = Gateware(_SmallModem(law, selftest.SELFTEST_U_INFO))
    result = gateware.run({}, {"o": len(expected)}, waves={"start": 0})
    assert np.array_equal(result.outputs["o"], expected)
    assert (np.diff(result.given["o"]) == 1).all()
    # The start comes in the midst of a data frame.
    gateware.run({}, {"o": 2000 + 5}, waves={"start": [0] * 2002 + [1, 0]})
    rest = gateware.run({}, {"o": len(expected)}, reset=False, waves={"start": 0})
    assert np.array_equal(rest.outputs["o"][:-1], expected[1:])


def test_commands_are_words_of_a_rom():
    given = selftest.commands(example("45333.json"))
    words = sent_words(given, "A")
    assert [word["data"] for word in words] == [
        word for command in given for word in command_words(command, "A")
    ]
    lasts = np.cumsum([len(command_words(command, "A")) for command in given]) - 1
    assert np.flatnonzero([word["last"] for word in words]).tolist() == lasts.tolist()


def test_words_again_and_on_demand():
    rows = [{"address": n, "data": 7 * n} for n in range(5)]
    once = Gateware(_RomReader(word_layout(), rows))
    result = once.run({}, {}, 60, waves={"start": [1, 0, 0, 1, 0], "go": 0})
    assert result.outputs["o"]["data"].tolist() == [0, 7, 14, 21, 28] * 2
    holding = Gateware(_RomReader(word_layout(), rows, holds=True))
    start = [1] + [0] * 29 + [1] + [0] * 29
    result = holding.run({}, {}, 60, waves={"start": start, "go": 0})
    assert result.outputs["o"]["data"].tolist() == [0, 7, 14, 21] * 2
    result = holding.run({}, {}, 20, waves={"start": 0, "go": [1, 0]}, reset=False)
    assert result.outputs["o"]["data"].tolist() == [28]


def test_impossible_ones_are_refused():
    response, given = response_of("codec"), plan("A", example("45333.json"))
    check_refused(V90Error, "too slow", Selftest, response, plan("A"), clock=6_000_000)
    check_refused(V90Error, "makes no UART", Selftest, response, given, baud=5_000_000)


@pytest.mark.long
@pytest.mark.parametrize("name", [None, "45333.json"])
def test_whole(name):
    """Both modems; then the line is cut for 50 ms, and a second training follows by itself."""
    p = None if name is None else example(name)
    law = "A" if p is None else p.law
    given, response = plan(law, p, trn1d=TRN1D), response_of("26awg-6kft", law)
    gateware = Gateware(
        Watched(Selftest(response, given, -80, 45, CLOCK, BAUD, report=REPORT, **TAPS))
    )
    model = selftest.Selftest(response, given, -80, 45, **TAPS)
    symbols = (selftest.SILENCE_FRAMES + 72 + TRN1D + 395) * INTERVALS
    gateware.reset()
    result = reception(gateware, {}, symbols, LAMPS)
    taken = result.outputs["octet"].astype(np.uint8)
    outcome, reports = demand_model(result, model, taken)
    assert outcome.bits[selftest.ASIDE :].all() and b" 0 errors in " in reports[-1][1]
    sender = Generator(law)
    for command in given.commands:
        sender.give(command)
    expected = sender.process(len(taken) // INTERVALS)
    silent = g711.octet(np.zeros(1), 1, law)[0]
    begins = (np.flatnonzero(taken != silent)[0], np.flatnonzero(expected != silent)[0])
    length = min(len(taken) - begins[0], len(expected) - begins[1])
    assert np.array_equal(taken[begins[0] :][:length], expected[begins[1] :][:length])
    reception(gateware, {}, 400, LAMPS, cut=1)
    again = reception(gateware, {}, symbols, LAMPS)
    assert again.probes["sync"][-1] and again.probes["data"][-1]
    assert b" 0 errors in " in texts_of(again.probes["tx"])[-1][1]
