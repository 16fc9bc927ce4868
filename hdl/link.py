"""The board's side of the host link: see ``golden.link``, which has the format of its frames."""

from amaranth.hdl import Cat, Const, Module, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.crc.catalog import CRC16_IBM_SDLC
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from golden.link import ESCAPE, FLAG, INFORMATION, LONGEST_ANSWER, NO_MORE, Section
from hdl.csr import ADDRESS_BITS, WORD_BITS, channel_shape
from hdl.stream import octet_layout

#: Bits of the count of frames that came spoilt.
DAMAGED_BITS = 4

#: Where in its half of the memory the information is; an answer with its CRC ends before.
_INFORMATION = 256 - INFORMATION

assert LONGEST_ANSWER + 2 == _INFORMATION

# Half of the memory with the last answer and the information; that with the request.
_OURS, _THEIRS = 0, 1

# What the octet read from a request is, in the order in which they come. Behind COUNT, of DATA: an
# OCTET; of WORDS: the three others.
_NUMBER, _KIND, _CHANNEL, _COUNT, _OCTET, _ADDRESS, _LOW, _HIGH = range(8)

#: Cycles for which a word waits until the answer says that it was not taken: two a count.
PATIENCE = 512

# A good frame's octets and CRC go on with the CRC of the CRC's first octet, which turns its second.
_TURNED = 0x78


def link_word_layout(channels):
    """Payload of words that come from a host, whatever they are."""
    return data.StructLayout(
        {"channel": channel_shape(channels), "address": ADDRESS_BITS, "data": WORD_BITS}
    )


class HostLink(wiring.Component):
    """Takes requests, acts on them, and answers.

    It does one thing after the other: while it acts and answers, what comes is lost. A request is
    acted on when its closing flag is there and its CRC is right, 3 cycles an octet; the answer
    follows, and is kept for a request that comes again. One word waits inside for the design, so
    that those of other kinds pass it; the next waits for it for PATIENCE cycles, before the answer
    says how many are left. Requests and answers are in a memory of 512 octets, one block RAM, with
    the board's information as its first contents.

    Bit-exact with :class:`golden.link.HostLink`, where requests wait for answers, and are for
    channels that there are.

    Parameters: ``information``, a :class:`golden.link.Information`, whose ``channels``, ``queue``
    and ``status`` are the design's; ``gives``, whether the design has octets for the host.

    Members
    -------
    i, o : In(stream), Out(stream): octets from and to the UART; ``i`` is always ready
    o_word : Out(stream), :func:`link_word_layout`
    o_data : Out(stream), channel; octet, to queues as :class:`hdl.stream.BitQueues` has them, with
        its look : Out(1) and room : In
    channel : Out, the one of which the status is asked for; status : In, its octets, two cycles
        later; damaged : Out(DAMAGED_BITS), frames that came spoilt, modulo 16
    i_given : In(stream), channel; octet, for the host, with ``gives``
    """

    def __init__(self, information, gives=False):
        self.information, self.gives = information, gives
        channels, status = information.channels, information.status
        members = {
            "i": In(stream.Signature(8)),
            "o": Out(stream.Signature(8)),
            "o_word": Out(stream.Signature(link_word_layout(channels))),
            "o_data": Out(stream.Signature(octet_layout(channels))),
            "look": Out(1),
            "room": In(range(information.queue + 1)),
            "channel": Out(channel_shape(channels)),
            "status": In(data.ArrayLayout(8, status)),
            "damaged": Out(DAMAGED_BITS),
        }
        if gives:
            members["i_given"] = In(stream.Signature(octet_layout(channels)))
        super().__init__(members)

    def elaborate(self, platform):
        m = Module()
        contents = [0] * _INFORMATION + [*self.information.octets()] + [0] * 256
        m.submodules.memory = memory = Memory(shape=8, depth=512, init=contents)
        self._read, self._write = memory.read_port(), memory.write_port()
        m.submodules.crc = self._crc = CRC16_IBM_SDLC(data_width=8).create()
        # Octets of the request, CRC included; those of the answer, and whether there is one; which
        # is the next to be read of either.
        self._fill, self._at = Signal(8), Signal(8)
        self._answer, self._answered = Signal(8), Signal()
        self._is, self._kind = Signal(3), Signal(3)
        self._channel, self._count = Signal.like(self.channel), Signal(8)
        # Octets there is room for; of WORDS, how long one still waits.
        self._room, self._escaped = Signal(8), Signal()
        self._half = Signal()
        m.d.comb += [
            self.i.ready.eq(1),
            self._read.addr.eq(Cat(self._at, self._half)),
            self._read.en.eq(0),
            self._write.addr.eq(Cat(self._answer, _OURS)),
            self._crc.data.eq(self._write.data),
            self.channel.eq(self._channel),
            self.o_data.payload.channel.eq(self._channel),
            self.o_data.payload.octet.eq(self._read.data),
            self.o.payload.eq(self._read.data ^ Cat(Const(0, 5), self._escaped)),
        ]
        with m.If(self.o_word.valid & self.o_word.ready):
            m.d.sync += self.o_word.valid.eq(0)
        with m.FSM():
            self._receiving(m)
            self._reading(m)
            self._acting(m)
            self._putting(m)
            self._sending(m)
        return m

    def _receiving(self, m):
        octet, fill = self.i.payload, self._fill
        flag, escape = octet == FLAG, octet == ESCAPE
        whole = self._crc.match_detected & fill[2:].any()
        with m.State("SKIP"):
            m.d.comb += self._crc.start.eq(1)
            m.d.sync += [fill.eq(0), self._escaped.eq(0)]
            with m.If(self.i.valid & flag):
                m.next = "RECEIVE"
        with m.State("RECEIVE"):
            m.d.comb += [
                self._write.addr.eq(Cat(fill, _THEIRS)),
                self._write.data.eq(octet ^ Cat(Const(0, 5), self._escaped)),
            ]
            m.d.sync += self._at.eq(0)
            with m.If(self.i.valid):
                m.d.sync += self._escaped.eq(escape)
                with m.If(flag):
                    m.d.comb += self._crc.start.eq(1)
                    with m.If(whole):
                        m.next = "LAST"
                    with m.Else():
                        m.d.sync += fill.eq(0)
                        m.d.sync += self.damaged.eq(self.damaged + fill.any())
                with m.Elif(~escape):
                    m.d.comb += [self._write.en.eq(1), self._crc.valid.eq(1)]
                    m.d.sync += fill.eq(fill + 1)
                    with m.If(fill.all()):
                        m.next = "SKIP"

    def _fetch(self, m, what):
        """Read the next octet of the request."""
        m.d.sync += self._is.eq(what)
        m.next = "FETCH"

    def _reading(self, m):
        octet = self._read.data
        with m.State("LAST"):
            # The number of the last answer.
            m.d.comb += self._read.en.eq(1)
            m.next = "NUMBER"
        with m.State("NUMBER"):
            m.d.sync += self._count.eq(octet)
            self._fetch(m, _NUMBER)
        with m.State("FETCH"):
            m.d.comb += [self._half.eq(_THEIRS), self._read.en.eq(1)]
            m.d.sync += self._at.eq(self._at + 1)
            m.next = "READ"
            # The CRC would be a section's first two octets.
            with m.If(self._at == self._fill):
                m.next = "SUM_LOW"
        with m.State("READ"):
            m.d.sync += self._is.eq(self._is + 1)
            m.next = "FETCH"
            with m.Switch(self._is):
                with m.Case(_NUMBER):
                    m.d.comb += self._crc.start.eq(1)
                    m.next = "SEND"
                    with m.If(~self._answered | (octet != self._count)):
                        m.d.sync += [self._answer.eq(0), self._answered.eq(1)]
                        m.next = "COPY_NUMBER"
                with m.Case(_KIND):
                    m.d.sync += self._kind.eq(octet)
                with m.Case(_CHANNEL):
                    m.d.sync += self._channel.eq(octet)
                with m.Case(_COUNT):
                    m.d.sync += self._count.eq(octet)
                    m.next = "LOOP"
                    with m.If(self._kind == Section.DATA):
                        m.next = "LOOK"
                with m.Case(_OCTET):
                    m.next = "OCTET"
                with m.Case(_ADDRESS):
                    m.d.sync += [
                        self.o_word.payload.channel.eq(self._channel),
                        self.o_word.payload.address.eq(octet),
                    ]
                with m.Case(_LOW):
                    m.d.sync += self.o_word.payload.data[:8].eq(octet)
                with m.Case(_HIGH):
                    m.d.sync += [self.o_word.payload.data[8:].eq(octet), self.o_word.valid.eq(1)]
                    m.next = "LOOP"

    def _acting(self, m):
        count, kind, room = self._count, self._kind, self._room
        none = room == 0
        with m.State("LOOK"):
            m.d.comb += [self.o_data.valid.eq(1), self.look.eq(1)]
            m.d.sync += room.eq(self.room)
            with m.If(self.o_data.ready):
                m.next = "LOOP"
        with m.State("LOOP"):
            on = Signal()
            m.d.comb += on.eq(1)
            m.d.sync += count.eq(count - on)
            with m.Switch(kind):
                with m.Case(Section.DATA):
                    self._fetch(m, _OCTET)
                    with m.If(count == 0):
                        m.next = "ROOM"
                with m.Case(Section.WORDS):
                    m.d.comb += on.eq((count != 0) & ~self.o_word.valid)
                    m.next = "LEFT"
                    with m.If(on):
                        m.d.sync += room.eq(PATIENCE // 2 - 1)
                        self._fetch(m, _ADDRESS)
                    with m.Elif((count != 0) & ~none):
                        m.next = "WAIT"
                with m.Case(Section.INFO):
                    m.next = "INFO"
                    with m.If(count == 0):
                        self._fetch(m, _KIND)
                with m.Case(Section.STATUS):
                    m.next = "STATUS"
                    with m.If(count == 0):
                        self._fetch(m, _KIND)
                if self.gives:
                    with m.Case(Section.TAKE):
                        m.next = "GIVEN_CHANNEL"
                        with m.If((count == 0) | ~self.i_given.valid):
                            m.next = "NO_MORE"
                with m.Default():
                    m.next = "SUM_LOW"
        with m.State("WAIT"):
            m.d.sync += room.eq(room - 1)
            m.next = "LOOP"
        with m.State("OCTET"):
            # Without room it is taken, and lost.
            m.d.comb += [self.o_data.valid.eq(1), self.look.eq(none)]
            with m.If(self.o_data.ready):
                m.d.sync += room.eq(room - ~none)
                m.next = "LOOP"
        with m.State("INFO"):
            m.d.comb += [
                self._read.addr.eq(_INFORMATION | self._count[:6]), self._read.en.eq(1),
            ]  # fmt: skip
            m.next = "COPY"

    def _put(self, m, octet):
        """Append an octet to the answer."""
        more = ~(self._answer[7] & (self._answer[6] | self._answer[1:6].all()))
        m.d.comb += [self._write.data.eq(octet), self._write.en.eq(more), self._crc.valid.eq(more)]
        m.d.sync += self._answer.eq(self._answer + more)

    def _putting(self, m):
        with m.State("COPY_NUMBER"):
            self._put(m, self._read.data)
            self._fetch(m, _KIND)
        with m.State("COPY"):
            self._put(m, self._read.data)
            m.next = "LOOP"
        with m.State("STATUS"):
            bits = max(1, (self.information.status - 1).bit_length())
            self._put(m, self.status[self._count[:bits]])
            m.next = "LOOP"
        with m.State("ROOM"):
            self._put(m, self._room)
            self._fetch(m, _KIND)
        with m.State("LEFT"):
            self._put(m, self._count)
            self._fetch(m, _KIND)
            with m.If(self._count != 0):
                m.next = "SUM_LOW"
        if self.gives:
            with m.State("GIVEN_CHANNEL"):
                self._put(m, self.i_given.payload.channel)
                m.next = "GIVEN_OCTET"
            with m.State("GIVEN_OCTET"):
                m.d.comb += self.i_given.ready.eq(1)
                self._put(m, self.i_given.payload.octet)
                m.next = "LOOP"
            with m.State("NO_MORE"):
                self._put(m, NO_MORE)
                self._fetch(m, _KIND)
        for name, turned, then in (("SUM_LOW", 0, "SUM_HIGH"), ("SUM_HIGH", _TURNED, "SEND")):
            with m.State(name):
                m.d.comb += [
                    self._write.data.eq(self._crc.crc[:8] ^ turned), self._write.en.eq(1),
                    self._crc.valid.eq(1),
                ]  # fmt: skip
                m.d.sync += self._answer.eq(self._answer + 1)
                m.next = then

    def _sending(self, m):
        octet = self._read.data
        with m.State("SEND"):
            m.d.comb += [self.o.valid.eq(1), self.o.payload.eq(FLAG)]
            m.d.sync += [self._at.eq(0), self._escaped.eq(0)]
            with m.If(self.o.ready):
                m.next = "NEXT"
        with m.State("NEXT"):
            m.d.comb += self._read.en.eq(1)
            m.d.sync += self._at.eq(self._at + 1)
            m.next = "EMIT"
            with m.If(self._at == self._answer):
                m.next = "CLOSE"
        with m.State("EMIT"):
            m.d.comb += self.o.valid.eq(1)
            special = (octet == FLAG) | (octet == ESCAPE)
            with m.If(special & ~self._escaped):
                m.d.comb += self.o.payload.eq(ESCAPE)
                m.d.sync += self._escaped.eq(self.o.ready)
            with m.Elif(self.o.ready):
                m.d.sync += self._escaped.eq(0)
                m.next = "NEXT"
        with m.State("CLOSE"):
            m.d.comb += [self.o.valid.eq(1), self.o.payload.eq(FLAG)]
            with m.If(self.o.ready):
                m.next = "SKIP"
