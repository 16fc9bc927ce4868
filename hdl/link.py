"""The board's side of the host link: see ``golden.link``, which has the format of its frames."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.crc.catalog import CRC16_IBM_SDLC
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from golden.link import ESCAPE, FLAG, INFORMATION, LONGEST_ANSWER, NO_MORE, Section
from hdl.csr import ADDRESS_BITS, WORD_BITS, channel_shape
from hdl.stream import octet_layout

#: Cycles for which a word waits until the answer says that it was not taken.
PATIENCE = 4096

#: Where in its half of the memory an answer begins, behind the information; its CRC ends it.
_ANSWER, _END = INFORMATION, 256

assert _ANSWER + LONGEST_ANSWER + 2 == _END

# What the octet read from a request is, in the order in which they come. Behind COUNT, of DATA: an
# OCTET; of WORDS: the three others.
_NUMBER, _KIND, _CHANNEL, _COUNT, _OCTET, _ADDRESS, _LOW, _HIGH = range(8)


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

    Bit-exact with :class:`golden.link.HostLink`, where requests wait for answers.

    Parameters: ``information``, a :class:`golden.link.Information`, whose ``channels``, ``queue``
    and ``status`` are the design's; ``gives``, whether the design has octets for the host.

    Members
    -------
    i, o : In(stream), Out(stream): octets from and to the UART; ``i`` is always ready
    o_word : Out(stream), :func:`link_word_layout`
    o_data : Out(stream), channel; octet, to queues as :class:`hdl.stream.BitQueues` has them, with
        its look : Out(1) and room : In
    channel : Out, the one of which the status is asked for; status : In, its octets, two cycles
        later; damaged : Out(8), frames that came spoilt, modulo 256
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
            "damaged": Out(8),
        }
        if gives:
            members["i_given"] = In(stream.Signature(octet_layout(channels)))
        super().__init__(members)

    def elaborate(self, platform):
        m = Module()
        contents = [*self.information.octets()] + [0] * (512 - INFORMATION)
        m.submodules.memory = memory = Memory(shape=8, depth=512, init=contents)
        self._read, self._write = memory.read_port(), memory.write_port()
        m.submodules.crc = self._crc = CRC16_IBM_SDLC(data_width=8).create()
        # Octets of the request, and which is the next to be read, of it or of the answer; where the
        # answer ends, and whether there is one.
        self._fill, self._at = Signal(8), Signal(8)
        self._answer, self._answered = Signal(8), Signal()
        self._is, self._kind = Signal(3), Signal(3)
        self._channel, self._count = Signal(8), Signal(8)
        self._room, self._escaped = Signal.like(self.room), Signal()
        self._waited = Signal(range(PATIENCE))
        m.d.comb += [
            self.i.ready.eq(1),
            self._read.addr.eq(Cat(self._at, 1)),
            self._read.en.eq(0),
            self._write.addr.eq(Cat(self._answer, 0)),
            self._crc.data.eq(self._write.data),
            self.channel.eq(self._channel),
            self.o_data.payload.channel.eq(self._channel),
            self.o_data.payload.octet.eq(self._read.data),
            self.o.payload.eq(self._read.data ^ Cat(Const(0, 5), self._escaped)),
        ]
        if (channels := self.information.channels) < 1 << len(self.channel):
            # A number that is too large shall be no other channel's.
            exists = self._channel < channels
        else:
            exists = self._channel[len(self.channel) :] == 0
        self._exists = exists
        with m.If(self.o_word.valid & self.o_word.ready):
            m.d.sync += self.o_word.valid.eq(0)
        with m.FSM():
            self._receiving(m)
            self._reading(m)
            self._acting(m)
            self._putting(m)
            self._sending(m)
        return m

    def _begin(self, m):
        """A frame may begin."""
        m.d.comb += self._crc.start.eq(1)
        m.d.sync += [self._fill.eq(0), self._escaped.eq(0)]
        m.next = "RECEIVE"

    def _receiving(self, m):
        octet, fill = self.i.payload, self._fill
        flag, escape = octet == FLAG, octet == ESCAPE
        with m.State("SKIP"):
            with m.If(self.i.valid & flag):
                self._begin(m)
        with m.State("RECEIVE"):
            m.d.comb += [
                self._write.addr.eq(Cat(fill, 1)),
                self._write.data.eq(octet ^ Cat(Const(0, 5), self._escaped)),
            ]
            with m.If(self.i.valid):
                m.d.sync += self._escaped.eq(escape)
                with m.If(flag):
                    self._begin(m)
                    with m.If(self._crc.match_detected):
                        m.d.sync += fill.eq(fill - 2)  # without the CRC
                        m.d.sync += [self._at.eq(0), self._is.eq(_NUMBER)]
                        m.next = "FETCH"
                    with m.Elif(fill != 0):
                        m.d.sync += self.damaged.eq(self.damaged + 1)
                with m.Elif(~escape):
                    m.d.comb += [self._write.en.eq(1), self._crc.valid.eq(1)]
                    m.d.sync += fill.eq(fill + 1)
                    with m.If(fill.all()):
                        m.d.sync += self.damaged.eq(self.damaged + 1)
                        m.next = "SKIP"

    def _fetch(self, m, what):
        """Read the next octet of the request."""
        m.d.sync += self._is.eq(what)
        m.next = "FETCH"

    def _reading(self, m):
        octet = self._read.data
        with m.State("FETCH"):
            m.d.comb += self._read.en.eq(1)
            m.d.sync += self._at.eq(self._at + 1)
            m.next = "READ"
            with m.If(self._at == self._fill):
                m.next = "SUM_LOW"
                with m.If(self._is == _NUMBER):
                    m.next = "SKIP"  # it has a CRC and nothing else
        with m.State("READ"):
            m.d.sync += [self._is.eq(self._is + 1), self._waited.eq(0)]
            m.next = "FETCH"
            with m.Switch(self._is):
                with m.Case(_NUMBER):
                    m.d.sync += self._count.eq(octet)
                    m.next = "KEPT"
                with m.Case(_KIND):
                    m.d.sync += self._kind.eq(octet)
                    with m.If(octet[3:].any()):
                        m.next = "SUM_LOW"
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
                    m.d.sync += [
                        self.o_word.payload.data[8:].eq(octet),
                        self.o_word.valid.eq(self._exists),
                    ]
                    m.next = "LOOP"
        with m.State("KEPT"):
            m.d.comb += [self._read.addr.eq(_ANSWER), self._read.en.eq(1)]
            m.next = "COMPARE"
        with m.State("COMPARE"):
            # The last answer's number.
            m.d.comb += self._crc.start.eq(1)
            m.next = "SEND"
            with m.If(~self._answered | (octet != self._count)):
                m.d.sync += [self._answer.eq(_ANSWER), self._answered.eq(1)]
                m.next = "COUNT"

    def _acting(self, m):
        count, kind = self._count, self._kind
        with m.State("LOOK"):
            m.d.comb += [self.o_data.valid.eq(1), self.look.eq(1)]
            m.d.sync += self._room.eq(Mux(self._exists, self.room, 0))
            with m.If(self.o_data.ready):
                m.next = "LOOP"
        with m.State("LOOP"):
            m.d.sync += [count.eq(count - 1), self._waited.eq(self._waited + 1)]
            with m.Switch(kind):
                with m.Case(Section.DATA):
                    self._fetch(m, _OCTET)
                    with m.If(count == 0):
                        m.next = "ROOM"
                with m.Case(Section.WORDS):
                    with m.If(count == 0):
                        m.d.sync += count.eq(count)
                        m.next = "COUNT"
                    with m.Elif(~self.o_word.valid):
                        self._fetch(m, _ADDRESS)
                    with m.Else():
                        m.d.sync += count.eq(count)
                        with m.If(self._waited.all()):
                            m.d.sync += self._fill.eq(self._at)  # what is behind is left out
                            m.next = "COUNT"
                        with m.Else():
                            m.next = "LOOP"
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
        with m.State("OCTET"):
            # Without room it is taken, and lost.
            none = self._room == 0
            m.d.comb += [self.o_data.valid.eq(1), self.look.eq(none)]
            with m.If(self.o_data.ready):
                m.d.sync += self._room.eq(self._room - ~none)
                m.next = "LOOP"
        with m.State("INFO"):
            m.d.comb += [self._read.addr.eq(count), self._read.en.eq(1)]
            m.next = "COPY"

    def _put(self, m, octet, then, summed=1):
        """Append an octet to the answer."""
        more = ~self._answer[1:].all()
        m.d.comb += self._write.data.eq(octet)
        if summed:
            m.d.comb += [self._write.en.eq(more), self._crc.valid.eq(more)]
            m.d.sync += self._answer.eq(self._answer + more)
        else:
            m.d.comb += self._write.en.eq(1)
            m.d.sync += self._answer.eq(self._answer + 1)
        m.next = then

    def _putting(self, m):
        for name, octet, then in (("COUNT", self._count, "KIND"), ("ROOM", self._room, "KIND"),
                                  ("COPY", self._read.data, "LOOP")):  # fmt: skip
            with m.State(name):
                self._put(m, octet, then)
        with m.State("STATUS"):
            bits = max(1, (self.information.status - 1).bit_length())
            self._put(m, self.status[self._count[:bits]], "LOOP")
        if self.gives:
            with m.State("GIVEN_CHANNEL"):
                self._put(m, self.i_given.payload.channel, "GIVEN_OCTET")
            with m.State("GIVEN_OCTET"):
                m.d.comb += self.i_given.ready.eq(1)
                self._put(m, self.i_given.payload.octet, "LOOP")
            with m.State("NO_MORE"):
                self._put(m, NO_MORE, "KIND")
        with m.State("KIND"):
            self._fetch(m, _KIND)
        with m.State("SUM_LOW"):
            self._put(m, self._crc.crc[:8], "SUM_HIGH", summed=0)
        with m.State("SUM_HIGH"):
            self._put(m, self._crc.crc[8:], "SEND", summed=0)

    def _sending(self, m):
        octet = self._read.data
        with m.State("SEND"):
            m.d.comb += [self.o.valid.eq(1), self.o.payload.eq(FLAG)]
            m.d.sync += [self._at.eq(_ANSWER), self._escaped.eq(0)]
            with m.If(self.o.ready):
                m.next = "NEXT"
        with m.State("NEXT"):
            m.d.comb += [self._read.addr.eq(Cat(self._at, 0)), self._read.en.eq(1)]
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
