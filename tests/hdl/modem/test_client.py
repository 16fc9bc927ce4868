"""Samples that the receiver of a LinkedClient gets from the codec, and options that are refused.

A LinkedReceiver on its pins is in test_analogue_receiver.py, a whole client in the tests of boards.
"""

import gc

import numpy as np
import pytest
from amaranth.hdl import Module, Mux, Signal

from golden.errors import V90Error
from golden.ports import link
from golden.ports.decimator import Decimator, factor_of
from golden.ports.i2s import I2s, serial
from hdl.modem.analogue_receiver import AnalogueReceiver
from hdl.modem.client import STEP_AT, LinkedClient, LinkedReceiver
from sim.engines.gateware import Gateware
from sim.world.codec import Codec
from tests.hdl.support import check_refused, uart_octets, uart_wave


@pytest.mark.filterwarnings("ignore::amaranth.hdl.UnusedElaboratable")
@pytest.mark.parametrize("codec, frame", [(48000, 512), (32000, 768)])
def test_samples_that_a_client_s_receiver_gets(codec, frame, monkeypatch, rng):
    """Every one, golden's, 1536 cycles apart; of the left channel's words alone."""
    monkeypatch.setattr(LinkedReceiver, "elaborate", lambda self, platform: Module())
    gateware = Gateware(LinkedClient(codec=codec))
    words, factor = rng.integers(-(1 << 23), 1 << 23, (120, 2)), factor_of(codec)
    cycles = (len(words) + 2) * frame
    clocks = gateware.run(
        cycles=cycles, waves={"sdout": 0, "rx": 1}, probes=("sclk", "lrck", "mclk")
    ).probes
    source = Codec()
    source.play(words)
    probes = gateware.run(
        cycles=cycles,
        waves={"sdout": source.process(clocks["sclk"], clocks["lrck"]), "rx": 1},
        probes=("sample", "strobe"),
    ).probes
    at = np.flatnonzero(probes["strobe"])
    # The codec's first frame is nothing.
    heard = np.concatenate([[0], I2s().process(serial(words))])
    expected = Decimator(factor).process(heard)
    assert len(at) >= len(expected) == 121 // factor and (np.diff(at) == 1536).all()
    assert np.array_equal(probes["sample"][at][: len(expected)], expected) and expected.any()
    assert (np.diff(np.flatnonzero(np.diff(clocks["mclk"]))) == 1).all()
    gc.collect()


@pytest.mark.parametrize(
    "options, sentence",
    [
        ({"codec": 44100}, "48000 samples a second, not 44100"),
        ({"clock": 24e6}, "makes no MCLK"),
        ({"baud": 2e6}, "makes no UART"),
    ],
)
def test_clients_that_there_are_not(options, sentence):
    check_refused(V90Error, sentence, LinkedClient, **options)


@pytest.mark.filterwarnings("ignore::amaranth.hdl.UnusedElaboratable")
def test_the_clock_s_offset_is_that_of_a_decision(monkeypatch):
    """A receiver's words go round between decisions, of which the host is to see nothing."""

    def restless(self, platform):
        m, count = Module(), Signal(6)
        m.d.sync += count.eq(count + 1)
        m.d.comb += [
            self.decided.eq(count == 0),
            self.step.eq(Mux(count == 0, 429497, ~count << 8)),
        ]
        return m

    monkeypatch.setattr(AnalogueReceiver, "elaborate", restless)
    asked = b"".join(link.status(STEP_AT + n) for n in range(4))
    wave = uart_wave(link.frame(bytes([1]) + asked), 8)
    wave = np.concatenate([np.ones(100, int), wave, np.ones(6000, int)])
    gateware = Gateware(LinkedReceiver(12e6, 12e6 / 8))
    probes = gateware.run(waves={"rx": wave}, cycles=len(wave), probes=["tx"]).probes
    (answer,) = link.Unframer().process(uart_octets(probes["tx"], 8))
    assert int.from_bytes(answer[2::2], "little") == 429497
    gc.collect()


@pytest.mark.parametrize("baud", [3e6, 1.3e6])
def test_a_baud_that_the_clock_does_not_make(baud):
    check_refused(V90Error, "makes no UART", LinkedReceiver, 12e6, baud)
