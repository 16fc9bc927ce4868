"""Demapper after mapper (5.4.4/V.90): bounded proofs, from power-on through configuration."""

import pytest
from amaranth.hdl import Assert, Assume, Module, Mux, ResetSignal, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.pcm.csr import COMMIT, MASKS_AT
from hdl.pcm.mapper import _ones
from tests.formal.proof import Free, holds_in_sat, planted

UCHORDS = 8

#: Cycles from power-on in which the label is back: nine of words, then the blocks' latencies.
CYCLES = 38


class Mapping(wiring.Component):
    """A mapper, and a demapper of its first Ucode: words of masks, then a label.

    In cycle n there is word n of interval 0, then COMMIT, then the label.
    """

    def __init__(self, module):
        self.mapper, self.demapper = module.Mapper(), module.Demapper()
        super().__init__({"word": In(2), "label": In(7), "comes": Out(1), "back": Out(7)})

    def elaborate(self, platform):
        m = Module()
        m.submodules.mapper, m.submodules.demapper = mapper, demapper = self.mapper, self.demapper
        self.time = time = Signal(6)
        m.d.sync += time.eq(time + ~time.all())
        theirs, ours = demapper.i_configuration, mapper.i_configuration
        m.d.comb += [
            theirs.valid.eq(time <= UCHORDS),
            ours.valid.eq(time < UCHORDS),
            theirs.payload.address.eq(Mux(time < UCHORDS, MASKS_AT + time[:3], COMMIT)),
            ours.payload.address.eq(theirs.payload.address),
            theirs.payload.data.eq(self.word),
            ours.payload.data.eq(self.word),
            demapper.o_configuration.ready.eq(1),
            mapper.i.valid.eq(time == UCHORDS),
            mapper.i.payload.labels[0].eq(self.label),
            demapper.i.valid.eq(mapper.o.valid),
            mapper.o.ready.eq(demapper.i.ready),
            demapper.i.payload.ucode.eq(mapper.o.payload.ucodes[0]),
            demapper.o.ready.eq(1),
            self.comes.eq(demapper.o.valid),
            self.back.eq(demapper.o.payload.label),
        ]
        return m


#: One data frame interval of one channel, by itself; words at other addresses are all one.
ONE = (
    ("from golden.pcm.parameters import INTERVALS", "INTERVALS = 1"),
    ("from hdl.pcm.modulus import LABELS_LAYOUT", "LABELS_LAYOUT = data.ArrayLayout(7, 1)"),
    ("depth=self.channels << ADDRESS_BITS + 1", "depth=32"),
    ("depth=128", "depth=32"),
    ("Cat(word.address, word.half, word.channel)", "Cat(word.address[:4], word.half)"),
    ("Cat(address, interval, token.half, token.channel)", "Cat(address, Const(0, 1), token.half)"),
    ("Cat(word.address, ~half)", "Cat(word.address[:4], ~half)"),
    ("Cat(uchord, symbol.interval, half)", "Cat(uchord, Const(0, 1), half)"),
    ("import Cat, Module", "import Cat, Const, Module"),
    # Uchords of two Ucodes.
    ("FRAME_AT, WORD_BITS, Con", "FRAME_AT, Con"),
    ("def _ones(word)", "WORD_BITS = 2\n\n\ndef _ones(word)"),
    ("data.ArrayLayout(7, INTERVALS)", "data.ArrayLayout(4, INTERVALS)"),
    ("position = Signal(4)", "position = Signal(1)"),
    ("as_value()[7:], pos", "as_value()[4:], pos"),
    ('"ucode": 7', '"ucode": 4'),
    ("symbol.ucode[:4], symbol.ucode[4:]", "symbol.ucode[:1], symbol.ucode[1:]"),
)


def mapping(m, both):
    """The claims: the label comes back, of any constellation that has it."""
    label, members, done = Signal(7), Signal(8), Signal()
    with m.If(both.time < UCHORDS):
        m.d.sync += members.eq(members + _ones(both.word))
    with m.If(both.time == UCHORDS):
        m.d.sync += label.eq(both.label)
    with m.If(both.comes):
        m.d.sync += done.eq(1)
    m.d.comb += [
        Assume(~ResetSignal()),
        Assume((both.time != UCHORDS) | (both.label < members)),
        Assert(~both.comes | (both.back == label)),
        Assert((both.time < CYCLES - 1) | done),
    ]


def mapping_holds(folder, *change):
    free = Free(Mapping(planted("hdl.pcm.mapper", *ONE, *change)), mapping)
    return holds_in_sat(folder, free, CYCLES)


@pytest.mark.long
def test_demapper_after_mapper(tmp_path):
    assert mapping_holds(tmp_path)


@pytest.mark.long
@pytest.mark.parametrize(
    "change",
    [
        ("with m.If(left < members)", "with m.If(left <= members)"),
        ("m.d.sync += left.eq(left - 1)", "m.d.sync += left.eq(left)"),
        ("position) >> 1, read.data)", "position), read.data)"),
        ("uchord.eq(7), label.eq(0)", "uchord.eq(6), label.eq(0)"),
    ],
)
def test_errors_of_mapping_are_found(change, tmp_path):
    assert not mapping_holds(tmp_path, change)
