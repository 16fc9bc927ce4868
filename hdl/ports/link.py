"""The board's side of the host link; ``golden.ports.link`` has the format of its frames.

It is a processor of a few instructions (``hdl.ports.link_program``): at a UART's pace there are
cycles enough, and it needs fewer cells than a state machine.
"""

from amaranth.hdl import Array, Cat, Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.crc.catalog import CRC16_IBM_SDLC
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from golden.errors import V90Error
from golden.ports.link import INFORMATION, TEXT
from hdl.core.channels import channel_shape
from hdl.core.stream import octet_layout
from hdl.pcm.csr import ADDRESS_BITS, WORD_BITS
from hdl.ports.link_program import INFORMATION_AT, INSTRUCTION, LAST_PORT, Op, Strobe, Test, program


def link_word_layout(channels):
    """Payload of words that come from a host, whatever they are."""
    return data.StructLayout(
        {"channel": channel_shape(channels), "address": ADDRESS_BITS, "data": WORD_BITS}
    )


def information_octets(information):
    """The INFORMATION octets of a :class:`golden.ports.link.Information`, in its fields' order.

    Numbers of four octets have the lowest first; the text is at the end.
    """
    one = information
    head = [one.version, one.top, one.channels - 1, one.slots, one.status, one.queue.bit_length()]
    for number in (one.clock, one.baud):
        head += [number >> 8 * place & 0xFF for place in range(4)]
    text = [*one.text.encode("ascii")]
    if len(text) > TEXT:
        raise V90Error(f"a board's text has {TEXT} octets at most, not {len(text)}")
    between = [0] * (INFORMATION - TEXT - len(head))
    return [*head, *between, *text, *[0] * (TEXT - len(text))]


class HostLink(wiring.Component):
    """Takes requests, acts on them, and answers.

    It does one thing after another. An instruction takes 3 cycles: an octet heard takes at most 42,
    one of DATA at most 55, one sent at most 39, so a bit may last 8 cycles. Octets that come while
    it acts and answers are lost. It keeps an answer in case the request comes again. One word waits
    inside for the design, so that sections of other kinds pass it. The next word waits for that one
    for some 5000 cycles (``hdl.ports.link_program.WORD_WAITS``). Then the answer says how many
    words are left.

    One block RAM has the program. Another has requests, answers, variables and the board's
    information, which is part of its first contents.

    Bit-exact with :class:`golden.ports.link.HostLink`, where requests wait for answers, and name
    channels that exist.

    Parameters
    ----------
    information : a :class:`golden.ports.link.Information`, whose ``channels``, ``queue`` and
        ``status`` are the design's
    gives : whether the design has octets for the host

    Members
    -------
    i : In(stream of 8)                    octets from the UART
    o : Out(stream of 8)                   octets to the UART
    o_word : Out(stream of link_word_layout)  words for the design
    o_data : Out(stream of octet_layout)   octets for a channel's queue, as of
                                           :class:`hdl.core.stream.BitQueues`
    look : Out(1)                          as of BitQueues: the octet is not to be queued
    room : In(range(queue + 1))            as of BitQueues: octets that there was room for
    channel : Out(channel_shape)           the channel whose state is asked for
    state : In(ArrayLayout(8, states))     its octets, three cycles after ``channel``
    i_given : In(stream of octet_layout)   with ``gives``: octets for the host
    """

    def __init__(self, information, gives=False):
        self.information, self.gives = information, gives
        channels, self.states = information.channels, information.status - 1
        members = {
            "i": In(stream.Signature(8)),
            "o": Out(stream.Signature(8)),
            "o_word": Out(stream.Signature(link_word_layout(channels))),
            "o_data": Out(stream.Signature(octet_layout(channels))),
            "look": Out(1),
            "room": In(range(information.queue + 1)),
            "channel": Out(channel_shape(channels)),
            "state": In(data.ArrayLayout(8, self.states)),
        }
        if gives:
            members["i_given"] = In(stream.Signature(octet_layout(channels)))
        super().__init__(members)

    def elaborate(self, platform):
        m = Module()
        words = program(self.states, self.gives)
        m.submodules.program = code = Memory(shape=16, depth=256, init=words)
        contents = [0] * INFORMATION_AT + information_octets(self.information) + [0] * 256
        m.submodules.memory = memory = Memory(shape=8, depth=512, init=contents)
        m.submodules.crc = crc = CRC16_IBM_SDLC(data_width=8).create()
        fetch, read, write = code.read_port(), memory.read_port(), memory.write_port()
        instruction = data.View(INSTRUCTION, fetch.data)
        constant, port, op = instruction.constant, instruction.port, instruction.op
        place, following, a, x, b = Signal(8), Signal(8), Signal(8), Signal(8), Signal(8)
        flag, goes = Signal(), Signal()
        # Three turns: the instruction is read, then the octet that it names, then it is done.
        turn = Signal(3, init=1)
        at_x, theirs = instruction.memory & port[1], port[0]
        heard, emitted, pushed, looked = (
            turn[2] & (op == one) for one in (Op.HEAR, Op.EMIT, Op.PUSH, Op.LOOK)
        )
        m.d.comb += [
            fetch.addr.eq(place),
            read.addr.eq(Mux(at_x, Cat(x, theirs), Cat(constant, 0))),
            write.addr.eq(read.addr),
            write.data.eq(a),
            write.en.eq(turn[2] & (op == Op.STORE)),
            b.eq(Mux(instruction.memory, read.data, constant) | self._port(m, instruction, crc)),
            crc.data.eq(a),
            self.i.ready.eq(heard),
            self.o.valid.eq(emitted),
            self.o.payload.eq(a),
            self.o_data.valid.eq(pushed | looked),
            self.o_data.payload.channel.eq(self.channel),
            self.o_data.payload.octet.eq(a),
            self.look.eq(looked | (self.room == 0)),
            goes.eq(
                turn[2]
                & ~(heard & ~self.i.valid)
                & ~(emitted & ~self.o.ready)
                & ~((pushed | looked) & ~self.o_data.ready)
            ),
        ]
        m.d.sync += turn.eq(Mux(turn[2] & ~goes, turn, turn.rotate_left(1)))
        with m.If(self.o_word.valid & self.o_word.ready):
            m.d.sync += self.o_word.valid.eq(0)
        jumps = (op == Op.JUMP) | ((op == Op.JUMP_IF) & flag) | ((op == Op.JUMP_UNLESS) & ~flag)
        m.d.comb += following.eq(Mux(jumps, constant, place + 1))
        with m.If(goes):
            m.d.sync += place.eq(following)
            with m.If(op[3]):
                m.d.sync += a.eq(Mux(op[2], a, 0) + b)
            with m.If(op == Op.INDEX):
                m.d.sync += x.eq(b)
            with m.If(op == Op.COMPARE):
                m.d.sync += flag.eq(
                    Mux(instruction.memory & port[2], self._test(constant, crc), a == b)
                )
            with m.If(op == Op.STROBE):
                self._strobe(m, constant, a, crc)
        return m

    def _port(self, m, instruction, crc):
        """The value of the port that an instruction names, or 0."""
        ports = [0, self.i.payload, self.room, crc.crc[:8], crc.crc[8:], *self.state]
        if self.gives:
            ports += [self.i_given.payload.channel, self.i_given.payload.octet]
        ports += [0] * (LAST_PORT + 1 - len(ports))
        value = Signal(8)
        with m.If(~instruction.memory):
            m.d.comb += value.eq(Array(ports)[instruction.port])
        return value

    def _test(self, constant, crc):
        free = ~self.o_word.valid
        if not self.gives:
            return Mux(constant[0], crc.match_detected, free)
        return Mux(
            constant[Test.GIVEN >> 1],
            self.i_given.valid,
            Mux(constant[0], crc.match_detected, free),
        )

    def _strobe(self, m, constant, a, crc):
        word = self.o_word.payload
        m.d.comb += [crc.start.eq(constant[Strobe.SUM_START]), crc.valid.eq(constant[Strobe.SUM])]
        if self.gives:
            m.d.comb += self.i_given.ready.eq(constant[Strobe.TAKEN])
        with m.If(constant[Strobe.CHANNEL]):
            m.d.sync += self.channel.eq(a)
        with m.If(constant[Strobe.ADDRESS]):
            m.d.sync += [word.channel.eq(self.channel), word.address.eq(a)]
        with m.If(constant[Strobe.LOW]):
            m.d.sync += word.data[:8].eq(a)
        with m.If(constant[Strobe.HIGH]):
            m.d.sync += [word.data[8:].eq(a), self.o_word.valid.eq(1)]
