import numpy as np
import pytest
from amaranth.hdl import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from golden.errors import V90Error
from hdl.ports.uart import UartReceiver, UartTransmitter, cycles_of
from sim.engines.compare import compare
from sim.engines.gateware import Gateware
from sim.engines.pattern import Pattern
from tests.hdl.support import FULL_SPEED, UART_LEAD, uart_octets, uart_wave


class Loop(wiring.Component):
    """A transmitter, its line, and a receiver; ``tx``: the line."""

    def __init__(self, cycles):
        self.cycles = cycles
        super().__init__(
            {"i": In(stream.Signature(8)), "o": Out(stream.Signature(8)), "tx": Out(1)}
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.transmitter = transmitter = UartTransmitter(self.cycles)
        m.submodules.receiver = receiver = UartReceiver(self.cycles)
        connect(m, flipped(self.i), transmitter.i)
        connect(m, receiver.o, flipped(self.o))
        line = Signal(init=1)
        m.d.sync += line.eq(transmitter.tx)
        m.d.comb += [receiver.rx.eq(line), self.tx.eq(transmitter.tx)]
        return m


def test_octets_come_back(rng):
    """At full speed, and where the sender idles and the receiver's octet is not taken at once."""
    octets = rng.integers(256, size=200)
    for result in compare(
        Loop(8),
        {"i": octets},
        {"o": octets},
        cycles=100_000,
        patterns=[FULL_SPEED, Pattern(0.5, 0.1, 1)],
    ):
        assert np.diff(result.given["o"]).min() >= 76


@pytest.mark.parametrize("cycles", [9])
def test_the_line_has_ten_bits_an_octet(cycles, rng):
    octets = rng.integers(256, size=20)
    gateware = Gateware(UartTransmitter(cycles))
    result = gateware.run(
        {"i": octets},
        {},
        waves={},
        cycles=20 * 10 * cycles + 100,
        probes=["tx"],
        drain=10 * cycles + 1,
    )
    assert (np.diff(result.taken["i"]) == 10 * cycles).all()
    line = result.probes["tx"][result.taken["i"][0] + 1 :]
    assert uart_octets(line, cycles) == bytes(octets.astype(np.uint8))
    expected = uart_wave(octets, cycles)[UART_LEAD * cycles : -UART_LEAD * cycles]
    assert len(line) >= len(expected) and np.array_equal(line[: len(expected)], expected)


@pytest.mark.parametrize("off", [-0.02, 0, 0.02])
@pytest.mark.parametrize("cycles", [8])
def test_the_sender_may_be_fast_or_slow(cycles, off, rng):
    octets = rng.integers(256, size=100)
    line = uart_wave(octets, cycles * (1 + off))
    result = Gateware(UartReceiver(cycles)).run(waves={"rx": line}, cycles=len(line))
    assert np.array_equal(result.outputs["o"], octets)


def test_an_octet_without_its_stop_bit_is_left_out(rng):
    cycles = 8
    line = uart_wave([0x55, 0x00, 0xA5], cycles, 3)
    at = UART_LEAD * cycles + 13 * cycles + 9 * cycles  # the second stop bit
    line[at : at + cycles] = 0
    result = Gateware(UartReceiver(cycles)).run(waves={"rx": line}, cycles=len(line))
    assert result.outputs["o"].tolist() == [0x55, 0xA5]


def test_cycles_of_a_bit():
    assert cycles_of(24e6, 1e6) == 24 and cycles_of(30.72e6, 1e6) == 31
    for clock, baud in ((12e6, 3e6), (24e6, 2.87e6)):
        with pytest.raises(V90Error, match="makes no UART"):
            cycles_of(clock, baud)
