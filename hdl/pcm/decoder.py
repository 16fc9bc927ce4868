"""The inverse of clause 5.4/V.90: labels and signs to data bits."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from golden.pcm.parameters import INTERVALS
from hdl.bits.scrambler import Descrambler
from hdl.pcm.csr import COMMIT, FRAME_AT, FRAME_LAYOUT, word_layout
from hdl.pcm.mapper import LABEL_LAYOUT
from hdl.pcm.modulus import LABELS_LAYOUT, ModulusDecoder
from hdl.pcm.sequencer import DATA_BITS
from hdl.pcm.signs import DifferentialDecoder

#: A data bit; ``first`` is 1 with a data frame's first bit.
BIT_LAYOUT = data.StructLayout({"bit": 1, "first": 1})


class Decoder(wiring.Component):
    """One receiver's decoder: labels and signs of data frames to data bits.

    Latency: a data frame's first bit is offered ``latency`` = 98 cycles after its last symbol was
    taken, the others one a cycle. Throughput: a data frame in ``cycles_per_frame`` = 59 cycles,
    which include its symbols at one a cycle. Bit-exact with
    :meth:`golden.pcm.decoder.Decoder.process_labels`.

    Members
    -------
    i_configuration : In(stream of word_layout())  words of ``hdl.pcm.csr``; COMMIT puts them to use
        from the next data frame on, with all memories zero; words that follow wait until then
    i : In(stream of LABEL_LAYOUT)  a symbol; not ready before the first parameters. Symbols before
        a first one, or after six, are dropped
    o : Out(stream of BIT_LAYOUT)   a data bit
    overflows : Out(16)             data frames whose labels stand for a number of more than K bits,
        which no encoder with these parameters sends; stops at 65535
    """

    latency = 98
    cycles_per_frame = 59

    def __init__(self):
        super().__init__(
            {
                "i_configuration": In(stream.Signature(word_layout())),
                "i": In(stream.Signature(LABEL_LAYOUT)),
                "o": Out(stream.Signature(BIT_LAYOUT)),
                "overflows": Out(16),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.signs = signs = DifferentialDecoder()
        m.submodules.modulus = modulus = ModulusDecoder()
        m.submodules.descrambler = descrambler = Descrambler(width=DATA_BITS)
        word, symbol = self.i_configuration.payload, self.i.payload
        half, active, waiting = Signal(), Signal(), Signal()
        frames = [Signal(FRAME_LAYOUT, name=f"frame_{n}") for n in range(2)]
        frame = Mux(half, frames[1].as_value(), frames[0].as_value())
        frame = data.View(FRAME_LAYOUT, frame)
        count = Signal(range(INTERVALS + 1))
        labels, collected = Signal(LABELS_LAYOUT), Signal(INTERVALS)
        initialise = Signal()

        # Words go to the half that is not in use; after COMMIT the next ones wait.
        m.d.comb += [
            self.i_configuration.ready.eq(~waiting),
            modulus.i_configuration.valid.eq(self.i_configuration.valid & ~waiting),
            modulus.i_configuration.payload.half.eq(~half),
            modulus.i_configuration.payload.address.eq(word.address),
            modulus.i_configuration.payload.data.eq(word.data),
        ]
        with m.If(self.i_configuration.valid & ~waiting):
            with m.If(word.address == COMMIT):
                m.d.sync += waiting.eq(1)
            with m.If(word.address == FRAME_AT):
                for number in range(2):
                    with m.If(half != number):
                        m.d.sync += frames[number].as_value().eq(word.data)

        m.d.comb += [
            signs.i.payload.initialise.eq(initialise),
            signs.i.payload.sr.eq(frame.sr),
            signs.i.payload.bits.eq(collected),
            modulus.i.payload.half.eq(half),
            modulus.i.payload.labels.eq(labels),
            modulus.o.ready.eq(descrambler.i.ready),
        ]
        bits, number = signs.o.payload.bits, modulus.o.payload.number
        with m.Switch(frame.sr):
            for sr in range(4):
                with m.Case(sr):
                    m.d.comb += descrambler.i.payload.data.eq(Cat(bits[: INTERVALS - sr], number))
        k = Signal(range(DATA_BITS + 1))
        m.d.comb += [
            k.eq(frame.data_bits - INTERVALS + frame.sr),
            descrambler.i.payload.initialise.eq(initialise),
            descrambler.i.payload.count.eq(frame.data_bits),
            descrambler.i.valid.eq(modulus.o.valid),
        ]
        sent = modulus.o.valid & modulus.o.ready
        # The sign bits are ready long before, and wait for the number.
        m.d.comb += signs.o.ready.eq(sent)
        with m.If(sent & ((number >> k) != 0) & ~self.overflows.all()):
            m.d.sync += self.overflows.eq(self.overflows + 1)

        with m.FSM(name="collect"):
            with m.State("COLLECT"):
                m.d.comb += self.i.ready.eq(active | waiting)
                with m.If(self.i.valid & self.i.ready):
                    with m.If(symbol.first | ((count != 0) & (count != INTERVALS))):
                        m.d.sync += [
                            labels.eq(Cat(labels.as_value()[7:], symbol.label)),
                            collected.eq(Cat(collected[1:], symbol.sign)),
                            count.eq(Mux(symbol.first, 1, count + 1)),
                        ]
                    with m.If(symbol.first & waiting):
                        m.d.sync += [
                            half.eq(~half),
                            waiting.eq(0),
                            active.eq(1),
                            initialise.eq(1),
                        ]
                    with m.If((count == INTERVALS - 1) & ~symbol.first):
                        m.next = "DECODE"
            with m.State("DECODE"):
                m.d.comb += [signs.i.valid.eq(1), modulus.i.valid.eq(1)]
                m.d.sync += count.eq(0)
                m.next = "NUMBER"
            with m.State("NUMBER"):
                with m.If(sent):
                    m.d.sync += initialise.eq(0)
                    m.next = "COLLECT"
        m.submodules.serialiser = serialiser = _Serialiser(descrambler.layout)
        m.d.comb += [
            serialiser.i.payload.eq(descrambler.o.payload),
            serialiser.i.valid.eq(descrambler.o.valid),
            descrambler.o.ready.eq(serialiser.i.ready),
            self.o.payload.eq(serialiser.o.payload),
            self.o.valid.eq(serialiser.o.valid),
            serialiser.o.ready.eq(self.o.ready),
        ]
        return m


class _Serialiser(wiring.Component):
    """A token of up to DATA_BITS bits, one after the other.

    Parameters: ``layout`` of the token.

    Members
    -------
    i : In(stream of layout)       count, and data, its first bit in bit 0; taken after the last bit
    o : Out(stream of BIT_LAYOUT)  a data bit
    """

    def __init__(self, layout):
        self.layout = layout
        super().__init__(
            {
                "i": In(stream.Signature(layout)),
                "o": Out(stream.Signature(BIT_LAYOUT)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        left = Signal(range(DATA_BITS + 1))
        bits = Signal(DATA_BITS)
        m.d.comb += [
            self.i.ready.eq(left == 0),
            self.o.valid.eq(left != 0),
            self.o.payload.bit.eq(bits[0]),
        ]
        with m.If(self.i.valid & self.i.ready):
            m.d.sync += [
                left.eq(self.i.payload.count),
                bits.eq(self.i.payload.data),
                self.o.payload.first.eq(1),
            ]
        with m.If(self.o.valid & self.o.ready):
            m.d.sync += [left.eq(left - 1), bits.eq(bits >> 1), self.o.payload.first.eq(0)]
        return m
