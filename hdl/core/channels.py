"""One component serves many channels that take turns, a cycle each.

The logic stays as it is. Each register becomes a small memory with a row for each channel, and each
memory grows by the number of channels. In its own turns a channel sees what the component alone
does in successive cycles.
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
    """Shape of a channel's number, at least one bit wide."""
    return unsigned(max(1, (channels - 1).bit_length()))


#: The fewest channels: a row is read in the cycle before its turn and written in the cycle after.
LEAST_CHANNELS = 3


class Channels(Elaboratable):
    """Lets ``count`` channels share ``component``, whose ports belong to one channel each cycle.

    The signal ``channel`` has the number of the channel whose turn it is; it counts up from 0 after
    a reset and wraps. In that cycle the inputs of ``component`` must be this channel's, and its
    outputs are this channel's. Streams keep their contract from turn to turn of a channel, not from
    cycle to cycle.

    A register of the component takes two registers here, and a row of distributed memory for each
    channel.

    Parameters
    ----------
    component : Component in the clock domain ``sync``; its ports stay its attributes
    count : number of channels, LEAST_CHANNELS or more

    Raises
    ------
    ValueError
        For fewer channels.
    TypeError
        At elaboration, where the component has another clock than ``sync``, an instance of foreign
        Verilog, or a memory that is read without a clock and also written.
    """

    def __init__(self, component, count):
        if count < LEAST_CHANNELS:
            raise ValueError(f"channels that take turns are {LEAST_CHANNELS} or more, not {count}")
        self.component, self.count = component, count
        self.channel = Signal(range(count))

    def elaborate(self, platform):
        m = Module()
        last = self.count - 1
        before = Signal.like(self.channel, init=last)
        after = Signal.like(self.channel, init=1)
        for turn in (before, self.channel, after):
            m.d.sync += turn.eq(Mux(turn == last, 0, turn + 1))
        # A reset lasts until each channel had a turn in which its registers begin anew.
        fresh = Signal(range(self.count), reset_less=True)
        with m.If(ResetSignal("sync", allow_reset_less=True)):
            m.d.sync += fresh.eq(last)
        with m.Elif(fresh != 0):
            m.d.sync += fresh.eq(fresh - 1)
        interleaver = _Interleaver(self.count, self.channel, before, after, fresh != 0)
        m.submodules.component = interleaver(Fragment.get(self.component, platform))
        return m


class _Targets(StatementTransformer):
    """Copies statements, with the signals of ``following`` in place of those assigned to."""

    def __init__(self, following):
        self._target = _Target(following)

    def on_Assign(self, stmt):
        return type(stmt)(self._target(stmt.lhs), stmt.rhs)


class _Target(ValueTransformer):
    """Replaces the signal assigned to, but not the signals that choose a part of it."""

    def __init__(self, following):
        self._following = following

    def on_Signal(self, value):
        return self._following[value]

    def on_Part(self, value):
        return Part(self(value.value), value.offset, value.width, value.stride)

    def on_SwitchValue(self, value):
        return SwitchValue(value.test, [(patterns, self(part)) for patterns, part in value.cases])


class _Interleaver(FragmentTransformer):
    """Turns registers into rows, and a memory into a larger one with a part for each channel.

    ``channel`` has its turn now, ``before`` had it in the cycle before, ``after`` has it in the
    next cycle. Where ``fresh`` is 1, ``after`` begins with the initial values.
    """

    def __init__(self, count, channel, before, after, fresh):
        self._count, self._channel, self._before, self._after = count, channel, before, after
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
        """Registers hold the channel's row; their next values are written to it a cycle later."""
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
        """Add a memory with a row for each channel; return the row of the channel after."""
        width = len(written)
        data = MemoryData(shape=unsigned(width), depth=self._count, init=[init] * self._count)
        rows = MemoryInstance(data=data, attrs={"ram_style": "distributed"})
        read = Signal(width)
        rows.write_port(domain="sync", addr=self._before, data=written, en=enable)
        rows.read_port(domain="comb", addr=self._after, data=read, en=1, transparent_for=())
        fragment.add_subfragment(rows, name)
        return read

    def _memory(self, memory):
        """Add a memory with a part for each channel; the word that a port reads gets a row."""
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
