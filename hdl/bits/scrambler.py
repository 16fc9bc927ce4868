"""Self-synchronising scrambler and descrambler (clause 7/V.34; 5.3/V.90)."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from golden.bits.scrambler import GPA, GPC
from hdl.core.channels import channel_shape

__all__ = ["GPA", "GPC", "Descrambler", "Scrambler"]


class _Serial(wiring.Component):
    """Scrambler and descrambler: a token of up to ``width`` bits, a bit a cycle.

    Parameters: ``channels``, each with a line of its own; ``polynomial``, two delays below 64;
    ``width``, most bits of a token; ``tag``, shape of what passes unchanged.

    Raises ``ValueError`` for other delays.

    Members
    -------
    i : In(stream of layout)   channel; initialise, 1 to begin with a line of zeros; count, bits
        that are used; data, first bit in bit 0; tag
    o : Out(stream of layout)  the same, with new data, and zeros above ``count``
    """

    def __init__(self, channels=1, polynomial=GPC, width=42, tag=1):
        if not max(polynomial) < 64 or min(polynomial) < 1:
            raise ValueError(f"{polynomial} are not the delays of a scrambler polynomial")
        self.channels = channels
        self.polynomial = tuple(polynomial)
        self.width = width
        fields = {
            "channel": channel_shape(channels),
            "initialise": 1,
            "count": range(width + 1),
            "data": width,
            "tag": tag,
        }
        self.layout = data.StructLayout(fields)
        self.latency = width + 2
        super().__init__(
            {
                "i": In(stream.Signature(self.layout)),
                "o": Out(stream.Signature(self.layout)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        length = max(self.polynomial)
        m.submodules.memory = memory = Memory(shape=length, depth=self.channels, init=[])
        read, write = memory.read_port(), memory.write_port()
        token = Signal(self.layout)
        line = Signal(length)
        step = Signal(range(self.width + 1))
        feedback = Cat(line[delay - 1] for delay in self.polynomial).xor()
        out = token.data[0] ^ feedback
        m.d.comb += [
            self.o.payload.eq(token),
            read.addr.eq(self.i.payload.channel),
            write.addr.eq(token.channel),
            write.data.eq(line),
        ]
        with m.FSM():
            with m.State("IDLE"):
                m.d.comb += self.i.ready.eq(1)
                m.d.sync += token.eq(self.i.payload)
                with m.If(self.i.valid):
                    m.next = "LOAD"
            with m.State("LOAD"):
                m.d.sync += [line.eq(Mux(token.initialise, 0, read.data)), step.eq(0)]
                m.next = "RUN"
            with m.State("RUN"):
                # Zeros follow the last bit until the first one has reached bit 0.
                running = step < token.count
                m.d.sync += [
                    token.data.eq(Cat(token.data[1:], running & out)),
                    step.eq(step + 1),
                ]
                with m.If(running):
                    m.d.sync += line.eq(Cat(self._onto_line(token.data[0], out), line))
                with m.If(step == self.width - 1):
                    m.next = "DONE"
            with m.State("DONE"):
                m.d.comb += [write.en.eq(1), self.o.valid.eq(1)]
                with m.If(self.o.ready):
                    m.next = "IDLE"
        return m


class Scrambler(_Serial):
    """Scramble up to ``width`` bits of a channel at a time (clause 7/V.34).

    Latency: ``width + 2`` cycles from taking a token to offering it. Throughput: a token in
    ``width + 3`` cycles. Bit-exact with :class:`golden.bits.scrambler.Scrambler`.

    Parameters: ``channels``; ``polynomial``, two delays below 64; ``width``, most bits of a token;
    ``tag``, shape of what passes unchanged. Raises ``ValueError`` for other delays.

    Members
    -------
    i : In(stream of layout)   channel; initialise, 1 to begin with a line of zeros; count, bits
        that are used; data, first bit in bit 0; tag
    o : Out(stream of layout)  the same, with data scrambled, and zeros above ``count``
    """

    @staticmethod
    def _onto_line(i, o):
        return o


class Descrambler(_Serial):
    """Descramble up to ``width`` bits of a channel at a time: the inverse of :class:`Scrambler`.

    Latency, throughput and parameters are the same. Bit-exact with
    :class:`golden.bits.scrambler.Descrambler`.

    Members
    -------
    i : In(stream of layout)   as of :class:`Scrambler`
    o : Out(stream of layout)  the same, with data descrambled, and zeros above ``count``
    """

    @staticmethod
    def _onto_line(i, o):
        return i
