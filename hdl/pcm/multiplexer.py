"""Sign assignment and multiplexer (5.4.6 and 5.4.7/V.90) of a bank: octets in slot order."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out, connect, flipped

from golden.pcm.parameters import DELAY_FRAMES, INTERVALS
from hdl.core.channels import channel_shape
from hdl.pcm.g711 import octet

#: Bits of a place in the memory of plain octets: the data frame interval, and the data frame modulo
#: 8, because six data frames lie between the one that is made and the one that is multiplexed.
PLAIN_BITS = 6


def pcm_layout(channels):
    """Payload of PCM octets: channel, octet, its data frame interval, start.

    ``start`` is 1 in the first data frame after new parameters took effect; in a generator, in the
    first data frame of a command.
    """
    return data.StructLayout(
        {"channel": channel_shape(channels), "octet": 8, "interval": 3, "start": 1}
    )


class Multiplexer(wiring.Component):
    """Sign assignment and multiplexer (5.4.6 and 5.4.7/V.90) of a bank.

    It keeps each channel's data frames until their inversions are known. Then it puts their octets
    into time-slot order: octet 0 of every channel, octet 1 of every channel, and so on. It buffers
    two data frames of all channels, so that one is sent while the other is made. Throughput: a data
    frame in 8 cycles, an octet in 2.

    Parameters: ``channels``; ``layout``, of the shaper's output; ``idle``, the octet of a channel
    that is not active. Where the layout has ``plain``, a data frame that is not encoded consists of
    octets that were written before; the sign of an octet is inverted where the data frame's own
    sign is positive; and ``start`` is the tag.

    Members
    -------
    i : In(stream of layout)      data frames, as :class:`hdl.pcm.shaper.Shaper` gives them
    o : Out(stream of pcm_layout(channels))  PCM octets in slot order
    plain_place : In(PLAIN_BITS)  where the layout has ``plain``: data frame interval, and number of
        the data frame modulo 8, counted from reset in the order in which they come
    plain_octet : In(8)           the octet there
    plain_write : In(1)           write it
    """

    def __init__(self, channels, layout, idle):
        self.channels, self.layout, self.idle = channels, layout, idle
        self.plain = any(name == "plain" for name, _ in layout)
        members = {
            "i": In(stream.Signature(layout)),
            "o": Out(stream.Signature(pcm_layout(channels))),
        }
        if self.plain:
            members |= {"plain_place": In(PLAIN_BITS), "plain_octet": In(8), "plain_write": In(1)}
        super().__init__(members)

    def _plain(self, m, token, made, interval, rests):
        """Take octets that were written before, in place of those of Ucodes."""
        m.submodules.plain = plain = Memory(shape=8, depth=1 << PLAIN_BITS, init=[])
        read, write = plain.read_port(), plain.write_port()
        number = Signal(PLAIN_BITS - len(interval))
        m.d.comb += [
            write.addr.eq(self.plain_place),
            write.data.eq(self.plain_octet),
            write.en.eq(self.plain_write),
            read.addr.eq(Cat(Mux(rests, 0, (interval + 1)[: len(interval)]), number)),
            made.start.eq(token.tag),
        ]
        with m.If(token.plain):
            sign = token.signs.bit_select(interval, 1)
            m.d.comb += made.octet.eq(read.data ^ (sign << 7))
        # When the last octet of this data frame is read, the next one's are due.
        with m.If(~rests & (interval == INTERVALS - 1)):
            m.d.sync += number.eq(number + 1)

    def elaborate(self, platform):
        m = Module()
        # An octet with its sign before shaping, and ``start``.
        entry = data.StructLayout({"octet": 8, "start": 1})
        m.submodules.waiting = waiting = Memory(shape=entry.size, depth=self.channels * 32, init=[])
        m.submodules.ready = ready = Memory(shape=entry.size, depth=self.channels * 16, init=[])
        wait_read, wait_write = waiting.read_port(), waiting.write_port()
        ready_read, ready_write = ready.read_port(), ready.write_port()
        token = Signal(self.i.payload.shape())
        interval, before = Signal(3), Signal(3)
        frame = Signal(range(DELAY_FRAMES + 1))
        frames_known = Signal(range(DELAY_FRAMES + 1))
        writing = Signal(2)  # buffers filled; its low bit is the one being filled
        sent = Signal(2)
        filled = (writing - sent)[:2]
        made = Signal(entry)
        old = data.View(entry, wait_read.data)
        inversion = token.inversions.bit_select(before, 1)
        known = frames_known == DELAY_FRAMES
        m.d.comb += [
            made.octet.eq(
                octet(token.ucodes[interval], token.signs.bit_select(interval, 1), token.law)
            ),
            made.start.eq(token.initialise),
            wait_read.addr.eq(Cat(interval, (frame + 1)[:2], token.channel)),
            wait_write.addr.eq(Cat(interval, frame, token.channel)),
            wait_write.data.eq(Mux(token.active, made, Const(self.idle, entry.size))),
            ready_write.addr.eq(Cat(before, writing[0], token.channel)),
            ready_write.data.eq(
                Mux(
                    known,
                    Cat(old.octet ^ (inversion << 7), old.start),
                    Const(self.idle, entry.size),
                )
            ),
        ]
        rests = Signal()
        if self.plain:
            self._plain(m, token, made, interval, rests)
        with m.FSM(name="make"):
            with m.State("IDLE"):
                m.d.comb += [self.i.ready.eq(filled != 2), rests.eq(1)]
                m.d.sync += [token.eq(self.i.payload), interval.eq(0)]
                with m.If(self.i.valid & self.i.ready):
                    m.next = "OCTETS"
            with m.State("OCTETS"):
                m.d.comb += [
                    wait_write.en.eq(interval != INTERVALS),
                    ready_write.en.eq(interval != 0),
                ]
                m.d.sync += [interval.eq(interval + 1), before.eq(interval)]
                with m.If(interval == INTERVALS):
                    m.next = "IDLE"
                    with m.If(token.channel == self.channels - 1):
                        m.d.sync += [frame.eq(frame + 1), writing.eq(writing + 1)]
                        with m.If(~known):
                            m.d.sync += frames_known.eq(frames_known + 1)
        m.submodules.send = send = _Sender(self.channels, entry)
        m.d.comb += [
            send.filled.eq(filled != 0),
            ready_read.addr.eq(Cat(send.interval, sent[0], send.channel)),
            send.entry.eq(ready_read.data),
        ]
        with m.If(send.done):
            m.d.sync += sent.eq(sent + 1)
        connect(m, send.o, flipped(self.o))
        return m


class _Sender(wiring.Component):
    """Walks over a filled buffer in time-slot order: an octet every 2 cycles.

    Parameters: ``channels``; ``layout`` of an entry: octet, start.

    Members
    -------
    filled : In(1)      there is a buffer to be sent
    entry : In(layout)  entry of ``channel`` and ``interval`` in the cycle before
    channel : Out(channel_shape(channels))  of the entry to be sent
    interval : Out(3)   data frame interval of the entry to be sent
    done : Out(1)       for one cycle when the buffer's last octet is taken
    o : Out(stream of pcm_layout(channels))  PCM octets
    """

    def __init__(self, channels, layout):
        self.channels, self.layout = channels, layout
        super().__init__(
            {
                "filled": In(1),
                "entry": In(layout),
                "channel": Out(channel_shape(channels)),
                "interval": Out(3),
                "done": Out(1),
                "o": Out(stream.Signature(pcm_layout(channels))),
            }
        )

    def elaborate(self, platform):
        m = Module()
        last_channel = self.channel == self.channels - 1
        m.d.comb += [
            self.o.payload.channel.eq(self.channel),
            self.o.payload.interval.eq(self.interval),
            self.o.payload.octet.eq(self.entry.octet),
            self.o.payload.start.eq(self.entry.start),
        ]
        with m.FSM():
            with m.State("READ"):
                with m.If(self.filled):
                    m.next = "SEND"
            with m.State("SEND"):
                m.d.comb += self.o.valid.eq(1)
                with m.If(self.o.ready):
                    m.next = "READ"
                    m.d.sync += self.channel.eq(Mux(last_channel, 0, self.channel + 1))
                    with m.If(last_channel):
                        m.d.sync += self.interval.eq(self.interval + 1)
                        with m.If(self.interval == INTERVALS - 1):
                            m.d.sync += self.interval.eq(0)
                            m.d.comb += self.done.eq(1)
        return m
