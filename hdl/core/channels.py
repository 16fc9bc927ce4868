"""A component for many channels on one datapath: its state and its memories get a row a channel.

Channels take turns, a cycle each. What a component keeps from one cycle to the next it then keeps
from a channel's turn to the same channel's next: every register becomes a row of a small memory,
and every memory as many memories in one. What it computes it computes once. So many channels cost
one datapath and memory, and each is, turn by turn, what the component alone is cycle by cycle.
"""

from amaranth.hdl import Cat, Elaboratable, Fragment, Module, Mux, ResetSignal, Signal, unsigned

from hdl.core.amaranth_private import (
    FragmentTransformer,
    LHSMaskCollector,
    MemoryData,
    MemoryInstance,
    Part,
    SignalDict,
    StatementTransformer,
    Switch,
    SwitchValue,
    ValueTransformer,
    memory_attributes,
    memory_data,
    read_ports,
    write_ports,
)


def channel_shape(channels):
    """Shape of a channel number; one channel has a number of one bit, 0."""
    return unsigned(max(1, (channels - 1).bit_length()))


#: A row is written in the cycle after its turn and read in the one before.
LEAST = 3


class Channels(Elaboratable):
    """``component`` for ``count`` channels, LEAST or more, that take turns.

    In each cycle all members of ``component`` belong to the channel whose number is in ``channel``:
    inputs must be its, outputs are its. Streams keep their contract from turn to turn of a channel,
    not from cycle to cycle.

    A register of the component takes two here and a row of distributed memory a channel.

    Raises
    ------
    TypeError
        At elaboration, where the component has another clock than ``sync``, an instance that is not
        its own, or a memory that is written and read without a clock.
    """

    def __init__(self, component, count):
        if count < LEAST:
            raise ValueError(f"channels that take turns are {LEAST} or more, not {count}")
        self.component, self.count = component, count
        self.channel = Signal(range(count))

    def elaborate(self, platform):
        m = Module()
        last = self.count - 1
        behind = Signal.like(self.channel, init=last)
        ahead = Signal.like(self.channel, init=1)
        for turn in (behind, self.channel, ahead):
            m.d.sync += turn.eq(Mux(turn == last, 0, turn + 1))
        # A reset is that of the channel whose turn is next; the others find it in their next turn.
        fresh = Signal(range(self.count), reset_less=True)
        with m.If(ResetSignal("sync", allow_reset_less=True)):
            m.d.sync += fresh.eq(last)
        with m.Elif(fresh != 0):
            m.d.sync += fresh.eq(fresh - 1)
        interleaver = _Interleaver(self.count, self.channel, behind, ahead, fresh != 0)
        m.submodules.component = interleaver(Fragment.get(self.component, platform))
        return m


class _Targets(StatementTransformer):
    """The same statements, assigning to the signals that ``following`` has for theirs."""

    def __init__(self, following):
        self._target = _Target(following)

    def on_Assign(self, stmt):
        return type(stmt)(self._target(stmt.lhs), stmt.rhs)


class _Target(ValueTransformer):
    """What is assigned to; what chooses a part of it stays."""

    def __init__(self, following):
        self._following = following

    def on_Signal(self, value):
        return self._following[value]

    def on_Part(self, value):
        return Part(self(value.value), value.offset, value.width, value.stride)

    def on_SwitchValue(self, value):
        return SwitchValue(value.test, [(patterns, self(part)) for patterns, part in value.cases])


class _Interleaver(FragmentTransformer):
    """Turns registers into rows, and memories into as many in one.

    ``channel`` has its turn; ``behind`` had it a cycle before; ``ahead`` has it a cycle later, and
    begins anew where ``fresh`` is 1.
    """

    def __init__(self, count, channel, behind, ahead, fresh):
        self._count, self._channel, self._behind, self._ahead = count, channel, behind, ahead
        self._fresh = fresh

    def on_fragment(self, fragment):
        if isinstance(fragment, MemoryInstance):
            return self._memory(fragment)
        if type(fragment) is not Fragment or fragment.domains:
            raise TypeError(f"{type(fragment).__name__} cannot serve many channels")
        return super().on_fragment(fragment)

    def map_statements(self, fragment, new_fragment):
        for domain, statements in fragment.statements.items():
            if domain == "comb":
                new_fragment.add_statements("comb", statements)
            elif domain == "sync":
                self._registers(new_fragment, statements)
            else:
                raise TypeError(f"clock domain {domain!r} cannot serve many channels")

    def _registers(self, fragment, statements):
        """Registers hold the channel's row; what they become goes into it a cycle later."""
        masks = LHSMaskCollector()
        masks.visit_stmt(statements)
        registers = [register for register, _ in masks.masks()]
        following = SignalDict(
            (register, Signal.like(register, name=f"{register.name}$next"))
            for register in registers
        )
        fragment.add_statements("comb", [following[one].eq(one) for one in registers])
        fragment.add_statements("comb", map(_Targets(following), statements))
        init, place = 0, 0
        for one in registers:
            init |= (one.init & ((1 << len(one)) - 1)) << place
            place += len(one)
        written = Signal(place, init=init)
        fragment.add_statements("sync", written.eq(Cat(following[one] for one in registers)))
        read = self._rows(fragment, "rows", written, 1, init)
        fragment.add_statements("sync", Cat(registers).eq(read))
        anew = [one.eq(one.init) for one in registers if not one.reset_less]
        fragment.add_statements("sync", Switch(self._fresh, [(1, anew, None)]))

    def _rows(self, fragment, name, written, enable, init):
        """A row a channel; returns that of the channel ahead."""
        width = len(written)
        data = MemoryData(shape=unsigned(width), depth=self._count, init=[init] * self._count)
        rows = MemoryInstance(data=data, attrs={"ram_style": "distributed"})
        read = Signal(width)
        rows.write_port(domain="sync", addr=self._behind, data=written, en=enable)
        rows.read_port(domain="comb", addr=self._ahead, data=read, en=1, transparent_for=())
        fragment.add_subfragment(rows, name)
        return read

    def _memory(self, memory):
        """Each address as many rows; what a port reads waits in a row of its own."""
        fragment = Fragment(src_loc=memory.src_loc)
        data, writing = memory_data(memory), write_ports(memory)
        bits = len(self._channel) if writing else 0
        init = [row for row in data.init for _ in range(1 << bits)]
        shared = MemoryInstance(
            data=MemoryData(shape=data.shape, depth=data.depth << bits, init=init),
            attrs=memory_attributes(memory),
            src_loc=memory.src_loc,
        )
        own = self._channel[:bits]
        for port in writing:
            shared.write_port(
                domain=port.domain, addr=Cat(own, port.address), data=port.data, en=port.enable
            )
        for number, port in enumerate(read_ports(memory)):
            if port.domain != "sync":
                raise TypeError("a memory read without a clock cannot serve many channels")
            word, enabled = Signal(len(port.data)), Signal()
            shared.read_port(
                domain="sync",
                addr=Cat(own, port.address),
                data=word,
                en=1,
                transparent_for=port.transparent_for,
            )
            fragment.add_statements("sync", enabled.eq(port.enable))
            read = self._rows(fragment, f"read{number}", word, enabled, 0)
            fragment.add_statements("sync", port.data.eq(read))
        fragment.add_subfragment(shared, "memory")
        return fragment
