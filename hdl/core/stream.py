"""Queues of octets and counters of events for many channels, and ports of parts."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out, connect, flipped

from hdl.core.channels import channel_shape


def pass_on(m, outer, inner, names):
    """Connect the members ``names`` of the component ``outer`` to those of its part ``inner``."""
    for name in names:
        member = outer.signature.members[name]
        outside, inside = getattr(outer, name), getattr(inner, name)
        if member.is_signature:
            ends = flipped(outside), inside
            connect(m, *(ends if member.flow is In else ends[::-1]))
        else:
            ends = inside, outside
            m.d.comb += ends[member.flow is Out].eq(ends[member.flow is In])


def octet_layout(channels):
    """Payload of an octet for a channel; its first bit is bit 0."""
    return data.StructLayout({"channel": channel_shape(channels), "octet": 8})


def request_layout(channels, width):
    """Payload of a request for the next ``count`` bits of a channel."""
    return data.StructLayout({"channel": channel_shape(channels), "count": range(width + 1)})


def answer_layout(width):
    """Payload of the answer: bits with the first in bit 0, or ones and ``underrun``."""
    return data.StructLayout({"data": width, "underrun": 1})


class BitQueues(wiring.Component):
    """One queue of octets for each channel, emptied a data frame's bits at a time.

    A request for ``count`` bits of a channel takes them all. Where the queue has fewer, the request
    takes none, and the answer is ones and ``underrun``. ``i`` is not ready while its channel's
    queue is full, so octets for other channels wait too. Octets for channels that do not exist are
    dropped. A reset empties all queues, which takes one cycle a channel.

    An octet takes 3 cycles, a request ``width`` + 4 cycles. The answer comes ``width`` + 3 cycles
    after its request.

    Parameters
    ----------
    channels : number of channels
    octets : room of each queue in octets, a power of two
    width : the most bits of a request

    Members
    -------
    i : In(stream of octet_layout)         an octet for a channel's queue
    look : In(1)                           the octet that ``i`` offers is taken but not queued
    room : Out(range(octets + 1))          when an octet is taken from ``i``: for how many octets
                                           its channel's queue had room
    i_request : In(stream of request_layout)  a channel, and 1 to ``width`` bits to take
    o : Out(stream of answer_layout)       the bits, zeros above ``count``; ``underrun``

    Raises
    ------
    ValueError
        Where ``octets`` is no power of two or less than a request.
    """

    def __init__(self, channels=1, octets=32, width=42):
        if octets & (octets - 1) or 8 * octets < width:
            raise ValueError(f"a queue of {octets} octets is not a power of two of {width} bits")
        self.channels, self.octets, self.width = channels, octets, width
        self.latency = width + 3
        super().__init__(
            {
                "i": In(stream.Signature(octet_layout(channels))),
                "look": In(1),
                "room": Out(range(octets + 1)),
                "i_request": In(stream.Signature(request_layout(channels, width))),
                "o": Out(stream.Signature(answer_layout(width))),
            }
        )

    def elaborate(self, platform):
        m = Module()
        index = (self.octets - 1).bit_length()
        m.submodules.store = store = Memory(shape=8, depth=self.channels * self.octets, init=[])
        # Octets written and bits read, both modulo twice the queue: the difference is what is left.
        pointers = data.StructLayout({"written": index + 1, "read": index + 4})
        m.submodules.rows = rows = Memory(shape=pointers.size, depth=self.channels, init=[])
        store_read, store_write = store.read_port(), store.write_port()
        row_read, row_write = rows.read_port(), rows.write_port()
        channel = Signal(channel_shape(self.channels))
        row = Signal(pointers)
        count = Signal(range(self.width + 1))
        step = Signal(range(self.width + 1))
        taken = Signal(self.width)
        underrun, requested = Signal(), Signal()
        taking = (step < count) & ~underrun
        position = Signal(index + 4)
        m.d.comb += [
            position.eq(row.read),
            store_read.addr.eq(Cat(position[3 : index + 3], channel)),
            store_write.addr.eq(Cat(row.written[:index], channel)),
            store_write.data.eq(self.i.payload.octet),
            row_write.addr.eq(channel),
            row_write.data.eq(row),
            row_read.addr.eq(
                Mux(self.i_request.valid, self.i_request.payload.channel, self.i.payload.channel)
            ),
            self.o.payload.data.eq(taken),
            self.o.payload.underrun.eq(underrun),
        ]
        with m.FSM():
            with m.State("CLEAR"):
                m.d.comb += row_write.en.eq(1)
                m.d.sync += channel.eq(channel + 1)
                with m.If(channel == self.channels - 1):
                    m.next = "IDLE"
            with m.State("IDLE"):
                m.d.comb += self.i_request.ready.eq(1)
                m.d.sync += [
                    requested.eq(self.i_request.valid),
                    count.eq(self.i_request.payload.count),
                    channel.eq(
                        Mux(
                            self.i_request.valid,
                            self.i_request.payload.channel,
                            self.i.payload.channel,
                        )
                    ),
                ]
                with m.If(self.i_request.valid | self.i.valid):
                    m.next = "ROW"
            with m.State("ROW"):
                m.d.sync += [row.eq(row_read.data), step.eq(0)]
                m.next = "PUSH"
                with m.If(requested):
                    m.next = "LEVEL"
            with m.State("PUSH"):
                # The queue is full while it still reads the octet that this one would replace.
                fill = (row.written - row.read[3:])[: index + 1]
                exists = channel < self.channels
                m.d.comb += self.room.eq(self.octets - fill)
                with m.If((fill != self.octets) | ~exists | self.look):
                    put = exists & ~self.look
                    m.d.comb += self.i.ready.eq(1)
                    m.d.comb += [store_write.en.eq(put), row_write.en.eq(put)]
                    m.d.comb += row_write.data.eq(Cat((row.written + 1)[: index + 1], row.read))
                m.next = "IDLE"
            with m.State("LEVEL"):
                bits = (Cat(Const(0, 3), row.written) - row.read)[: index + 4]
                m.d.sync += underrun.eq(bits < count)
                m.next = "TAKE"
            with m.State("TAKE"):
                # The memory reads the octet of the next cycle's bit.
                bit = store_read.data.bit_select(row.read[:3], 1)
                m.d.comb += position.eq(row.read + taking)
                m.d.sync += [
                    row.read.eq(position),
                    taken.eq(Cat(taken[1:], (step < count) & (underrun | bit))),
                    step.eq(step + 1),
                ]
                with m.If(step == self.width - 1):
                    m.next = "DONE"
            with m.State("DONE"):
                m.d.comb += [self.o.valid.eq(1), row_write.en.eq(1)]
                with m.If(self.o.ready):
                    m.next = "IDLE"
        return m


class Counters(wiring.Component):
    """A counter of events for each channel, of 16 bits, that stops at 65535.

    An event takes 2 cycles, and events closer than that are lost. A reset sets all counters to 0,
    which takes one cycle a channel. Events and reading share a port; events come first.

    Parameters
    ----------
    channels : number of channels

    Members
    -------
    event : In(1)                     count one event
    channel : In(channel_shape)       of this channel, in the cycle of ``event``
    read_channel : In(channel_shape)  the channel whose count is read
    count : Out(16)                   its count, once ``read_channel`` was the same for ``settled``
                                      cycles
    """

    #: A cycle for the memory, one that an event may take first, and one for ``count``.
    settled = 3

    def __init__(self, channels=1):
        self.channels = channels
        number = channel_shape(channels)
        super().__init__(
            {"event": In(1), "channel": In(number), "read_channel": In(number), "count": Out(16)}
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.memory = memory = Memory(shape=16, depth=self.channels, init=[])
        read, write = memory.read_port(), memory.write_port()
        channel = Signal(channel_shape(self.channels))
        taken = Signal()  # what was read is for an event
        m.d.comb += [
            read.addr.eq(Mux(self.event, self.channel, self.read_channel)),
            write.addr.eq(channel),
        ]
        m.d.sync += taken.eq(self.event)
        with m.If(~taken):
            m.d.sync += self.count.eq(read.data)
        with m.FSM():
            with m.State("CLEAR"):
                m.d.comb += write.en.eq(1)
                m.d.sync += channel.eq(channel + 1)
                with m.If(channel == self.channels - 1):
                    m.next = "IDLE"
            with m.State("IDLE"):
                m.d.sync += channel.eq(self.channel)
                with m.If(self.event):
                    m.next = "COUNT"
            with m.State("COUNT"):
                m.d.comb += [write.data.eq(read.data + 1), write.en.eq(~read.data.all())]
                m.next = "IDLE"
        return m
