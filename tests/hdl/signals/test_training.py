import numpy as np
import pytest
from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out, connect, flipped

from golden.signals import training as golden
from hdl.signals.training import (
    DIL_ADDRESS_BITS,
    DIL_STATE,
    DIL_SYMBOL,
    DIL_WORD,
    DIL_WORD_BITS,
    DilSequencer,
)
from tests.hdl.signals.support import ENGINES, chosen, descriptor, joined, symbols, words_of
from tests.hdl.support import compare_resetting, scaled


class Rows(wiring.Component):
    """A sequencer for lines whose descriptors are in one memory: requests of any, in any order.

    They begin when so many ``words`` have come.
    """

    def __init__(self, lines, words):
        self.lines, self.words = lines, words
        super().__init__(
            {
                "word": In(stream.Signature(data.StructLayout({"line": 2, "word": DIL_WORD}))),
                "i": In(stream.Signature(data.StructLayout({"line": 2, "state": DIL_STATE}))),
                "o": Out(stream.Signature(DIL_SYMBOL)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.memory = memory = Memory(
            shape=DIL_WORD_BITS, depth=self.lines << DIL_ADDRESS_BITS, init=[]
        )
        read, write = memory.read_port(), memory.write_port()
        m.submodules.sequencer = sequencer = DilSequencer()
        line, loaded = Signal(2), self.word.payload
        taken = self.i.valid & self.i.ready
        left = Signal(range(self.words + 1), init=self.words)
        with m.If(self.word.valid):
            m.d.sync += left.eq(left - 1)
        with m.If(taken):
            m.d.sync += line.eq(self.i.payload.line)
        m.d.comb += [
            self.word.ready.eq(1),
            write.addr.eq(Cat(loaded.word.address, loaded.line)),
            write.data.eq(loaded.word.data),
            write.en.eq(self.word.valid),
            sequencer.i.valid.eq(self.i.valid & (left == 0)),
            self.i.ready.eq(sequencer.i.ready & (left == 0)),
            sequencer.i.payload.eq(self.i.payload.state),
            read.addr.eq(Cat(sequencer.address, line)),
            sequencer.word.eq(read.data),
        ]
        with m.If(taken):
            m.d.comb += read.addr.eq(Cat(sequencer.address, self.i.payload.line))
        connect(m, sequencer.o, flipped(self.o))
        return m


@pytest.mark.parametrize("engine", ENGINES)
def test_dil_sequencer_equal_to_golden(engine, rng):
    """Symbols at any place of the DIL of four lines, the last of each among them."""
    asked = [
        descriptor(rng, *sizes) for sizes in ((1, 1, 1), (6, 128, 7), (255, 5, 128), (17, 33, 66))
    ]
    words, requests, answers = [], [], []
    for line, one in enumerate(asked):
        own = words_of(one)
        words.append({"line": np.full(len(own["data"]), line), "word": own})
        states, out = symbols(one, 2 * int(golden.dil_lengths(one).sum()))
        # Where something ends, and some others.
        which = np.flatnonzero(out["last"])[-8:]
        which = np.concatenate([which, rng.integers(0, len(out["last"]), scaled(engine, 400, 30))])
        requests.append({"line": np.full(len(which), line), "state": chosen(states, which)})
        answers.append(chosen(out, which))
    requests, answers = joined(requests), joined(answers)
    order = rng.permutation(len(answers["last"]))
    words = joined(words)
    result = compare_resetting(
        Rows(4, len(words["line"])),
        {"word": words, "i": chosen(requests, order)},
        {"o": chosen(answers, order)},
        (1003,),
        engine=engine,
    )
    assert (result.given["o"] - result.taken["i"] == DilSequencer.latency).all()
    assert (np.diff(result.taken["i"]) == DilSequencer.latency + 1).all()
