"""Channels that take turns: each is what the component alone is, turn by turn."""

import numpy as np
import pytest
from amaranth.hdl import Array, ClockDomain, Module, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from hdl.core.channels import LEAST_CHANNELS, Channels
from sim.engines.gateware import Gateware
from tests.hdl.support import check_refused

OUTPUTS = ("total", "bits", "word", "other", "constant", "state")


class Everything(wiring.Component):
    """Registers of every kind, a memory with two read ports, one without writing, and a machine."""

    def __init__(self):
        super().__init__(
            {
                "x": In(12),
                "total": Out(signed(16)),
                "bits": Out(8),
                "word": Out(16),
                "other": Out(16),
                "constant": Out(signed(8)),
                "state": Out(2),
            }
        )

    def elaborate(self, platform):
        m = Module()
        total, bits = Signal(signed(16), init=-5), Signal(8, init=3, reset_less=True)
        pair = Array(Signal(4, init=n) for n in (9, 6))
        m.submodules.memory = memory = Memory(shape=16, depth=11, init=[7, 8, 9])
        m.submodules.table = table = Memory(shape=signed(8), depth=4, init=[-1, 2, -3, 4])
        write = memory.write_port(granularity=8)
        word = memory.read_port()
        other = memory.read_port(transparent_for=(write,))
        constant = table.read_port()
        m.d.sync += [total.eq(total + self.x.as_signed()), bits[2:5].eq(self.x)]
        with m.If(self.x[0]):
            m.d.sync += [bits.bit_select(self.x[1:4], 1).eq(self.x[4]), pair[self.x[5]].eq(bits)]
        m.d.comb += [
            write.addr.eq(self.x[:4]),
            write.en.eq(self.x[4:6]),
            write.data.eq(total),
            word.addr.eq(pair[0]),
            word.en.eq(self.x[6]),
            other.addr.eq(self.x[:4]),
            constant.addr.eq(total),
            self.total.eq(total),
            self.bits.eq(bits),
            self.word.eq(word.data),
            self.other.eq(other.data),
            self.constant.eq(constant.data),
        ]
        with m.FSM() as machine:
            for n, (name, following) in enumerate((("A", "B"), ("B", "C"), ("C", "A"))):
                with m.State(name):
                    m.d.comb += self.state.eq(n)
                    with m.If(self.x[7:9] == n):
                        m.next = following
        del machine
        return m


class TakingTurns(wiring.Component):
    def __init__(self, count):
        self.channels = Channels(Everything(), count)
        members = dict(self.channels.component.signature.members)
        super().__init__({**members, "channel": Out(range(count))})

    def elaborate(self, platform):
        m = Module()
        m.submodules.channels = channels = self.channels
        m.d.comb += [channels.component.x.eq(self.x), self.channel.eq(channels.channel)]
        m.d.comb += [getattr(self, name).eq(getattr(channels.component, name)) for name in OUTPUTS]
        return m


@pytest.mark.parametrize("count", [LEAST_CHANNELS, 4, 5, 8, 13])
def test_each_is_as_alone(count, rng):
    """From power-on, and again after a reset."""
    turns = 300
    x = rng.integers(0, 1 << 12, (turns, count))
    many = Gateware(TakingTurns(count))
    alone = [Gateware(Everything()) for _ in range(count)]
    for gateware in (many, *alone):
        gateware.power_on()
    for reset in (False, True):
        run = many.run(
            {},
            {},
            waves={"x": x.reshape(-1)},
            cycles=x.size,
            reset=reset,
            probes=["channel", *OUTPUTS],
        ).probes
        assert np.array_equal(run["channel"], np.arange(x.size) % count)
        for k in range(count):
            own = (
                alone[k]
                .run({}, {}, waves={"x": x[:, k]}, cycles=turns, reset=reset, probes=OUTPUTS)
                .probes
            )
            for name in OUTPUTS:
                # Memories keep what they hold, and go on during a reset, which is longer for the
                # one that is alone. What is read before the first turn is nobody's.
                memory = name in ("word", "other", "constant")
                if not (reset and (memory or name == "bits")):
                    got = run[name].reshape(turns, count)[memory:, k]
                    assert np.array_equal(got, own[name][memory:]), name


def test_what_cannot_take_turns():
    class Asynchronous(Everything):
        def elaborate(self, platform):
            m = Module()
            m.submodules.memory = memory = Memory(shape=4, depth=4, init=[])
            port, write = memory.read_port(domain="comb"), memory.write_port()
            m.d.comb += [port.addr.eq(self.x), write.addr.eq(self.x), self.bits.eq(port.data)]
            return m

    class Clocked(Everything):
        def elaborate(self, platform):
            m = Module()
            m.domains.fast = ClockDomain()
            m.d.fast += self.total.eq(self.x)
            return m

    class Foreign(Everything):
        def elaborate(self, platform):
            m = Module()
            m.d.fast += self.total.eq(self.x)
            return m

    check_refused(ValueError, "3 or more, not 2", lambda: Channels(Everything(), 2))
    for component, says in (
        (Asynchronous, "without a clock"),
        (Clocked, "cannot serve"),
        (Foreign, "clock domain 'fast'"),
    ):
        check_refused(TypeError, says, lambda make=component: Channels(make(), 3).elaborate(None))
