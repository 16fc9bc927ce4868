import numpy as np
import pytest
from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import Out

from golden.learning import constellations
from golden.pcm import g711
from golden.pcm.decoder import Decoder
from golden.pcm.encoder import Encoder
from golden.pcm.parameters import INTERVALS, MappingParameters
from golden.ports import link
from golden.receiver.receiver import Receiver
from golden.receiver.timetable import Kind
from golden.signals import training
from hdl.core.stream import pass_on
from hdl.modem.analogue_receiver import AnalogueReceiver
from hdl.modem.client import (
    ADDRESS_AT,
    DATA_CHANNEL,
    EVENTS_CHANNEL,
    FLAGS_AT,
    HIGH_AT,
    LOST_FLAG,
    LOW_AT,
    PARAMETERS_CHANNEL,
    RECEIVER_CHANNEL,
    UNKNOWN_AT,
    LinkedReceiver,
)
from hdl.pcm.csr import configuration_words
from hdl.receiver.words import configuration_words as receiver_words
from sim.calls import design
from sim.engines.gateware import Gateware
from sim.world import lines
from sim.world.line import Conditions, Line
from sim.world.network import NetworkParameters
from tests.hdl.support import (
    uart_octets,
    uart_wave,
)
from tests.support import EXAMPLES


class Watched(wiring.Component):
    """A linked receiver, and what its path does: the bits, and the cycles of its decisions."""

    def __init__(self, clock, baud, forward, feedback):
        self.linked = linked = LinkedReceiver(clock, baud, forward, feedback)
        super().__init__(
            dict(linked.signature.members)
            | dict.fromkeys(("decided", "given", "bit", "first"), Out(1))
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.linked = linked = self.linked
        pass_on(m, self, linked, linked.signature.members)
        path = linked.path
        m.d.comb += [
            self.decided.eq(path.decided),
            self.given.eq(path.o.valid & path.o.ready),
            self.bit.eq(path.o.payload.bit),
            self.first.eq(path.o.payload.first),
        ]
        return m


def requests_of(parameters, levels, begin, takes):
    """Contents of requests: words for the decoder, for the receiver, and then what came."""
    wide = [
        pair
        for address, word in receiver_words(*levels, begin)
        for pair in ((ADDRESS_AT, address), (LOW_AT, word & 0xFFFF), (HIGH_AT, word >> 16))
    ]
    sections = [link.words(PARAMETERS_CHANNEL, configuration_words(parameters))]
    sections += [link.words(RECEIVER_CHANNEL, wide[at : at + 80]) for at in range(0, len(wide), 80)]
    configured = len(sections)
    sections += [link.take(80)] * takes + [link.status(UNKNOWN_AT) + link.status(FLAGS_AT)]
    return [bytes([n + 1]) + section for n, section in enumerate(sections)], configured


@pytest.mark.long
def test_samples_to_bits(rng):
    """Data come out as the encoder sent them over a line, and as golden decodes the decisions."""
    forward, feedback, begin = 32, 17, 480
    p = MappingParameters.from_json((EXAMPLES / "28000.json").read_text())
    encoder = Encoder(p)
    sent = rng.integers(0, 2, 60 * p.data_bits, np.uint8)
    start = [
        (np.zeros(200, np.uint8), np.arange(200) % 2),
        training.sd(79),
        training.trn1d(79, begin * INTERVALS),
    ]
    octets = np.concatenate(
        [
            *(g711.octet(*part, p.law) for part in start),
            encoder.process(sent),
            encoder.flush(),
            np.tile(g711.octet(np.array([79] * 6), np.arange(6) % 2, p.law), 20),
        ]
    )
    line = Line(
        lines.find("26awg-6kft"), Conditions(bits=16, level=-20, snr=40, ppm=30, seed=5), law=p.law
    )
    samples = np.clip(np.rint(line.process(octets) * 32768), -32768, 32767).astype(np.int64)
    arrived = design.arrivals(NetworkParameters(law=p.law))
    levels = design.training_levels(arrived, 79), constellations.data_levels(arrived, p)
    # On the pins: requests a time apart that is enough for their answers; the first samples come
    # when the words are there. Samples are half as far apart as at 12 MHz: there are few taps.
    cycles, every, apart = 8, 375, 50_000
    requests, configured = requests_of(p, levels, begin, len(samples) * every // apart + 2)
    rx = np.ones(len(requests) * apart, int)
    for n, request in enumerate(requests):
        wave = uart_wave(link.frame(request), cycles)
        rx[n * apart : n * apart + len(wave)] = wave
    heard = np.zeros(len(rx) // every, np.int64)
    start = configured * apart // every
    heard[start : start + len(samples)] = samples
    waves = {
        "rx": rx,
        "sample": np.repeat(heard, every),
        "strobe": np.tile(np.arange(every) == 0, len(heard)).astype(int),
    }
    gateware = Gateware(Watched(12e6, 12e6 / cycles, forward, feedback))
    probes = gateware.run(
        waves=waves, cycles=len(rx), probes=["tx", "decided", "given", "bit", "first"]
    ).probes
    golden = Receiver(*levels, begin, forward=forward, feedback=feedback).process(heard)
    data = golden.number >= begin
    decided = g711.octet(golden.ucode[data], golden.sign[data], p.law).reshape(-1)
    given = np.flatnonzero(probes["given"])
    bits = probes["bit"][given]
    assert np.array_equal(bits, Decoder(p).process(decided)[: len(bits)])
    assert len(bits) >= len(sent) and np.array_equal(bits[: len(sent)], sent)
    firsts = np.flatnonzero(probes["first"][given])
    assert np.array_equal(firsts, np.arange(0, len(bits), p.data_bits))
    # Of each data frame: its last decision, its first bit.
    ends = np.flatnonzero(probes["decided"])[5::6][-len(firsts) :]
    assert (given[firsts] - ends == AnalogueReceiver.latency).all()
    assert (np.diff(given.reshape(-1, p.data_bits)) == 1).all()
    # The host's side: every request is answered, and bits and events are in the answers, but for
    # those after the last of them.
    answers = link.Unframer().process(uart_octets(probes["tx"], cycles))
    assert [answer[0] for answer in answers] == [request[0] for request in requests]
    assert all(answer[1:] == bytes(1) for answer in answers[:configured])
    pairs = np.concatenate(
        [np.frombuffer(answer[1:-1], np.uint8) for answer in answers[configured:-1]]
    ).reshape(-1, 2)
    octets = pairs[pairs[:, 0] == DATA_CHANNEL, 1]
    back = np.unpackbits(octets, bitorder="little")
    assert len(back) >= len(sent) and np.array_equal(back, bits[: len(back)])
    events = pairs[pairs[:, 0] == EVENTS_CHANNEL, 1].reshape(-1, 4) @ [1, 0, 0, 0]
    assert events.tolist()[:3] == [Kind.DETECTED, Kind.TRAINED, Kind.DATA]
    unknown, flags = answers[-1][2::2]
    assert unknown == 0 and not flags & 1 << LOST_FLAG
