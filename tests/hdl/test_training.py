import numpy as np
import pytest
from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out, connect, flipped

from golden import training as golden
from golden.parameters import INTERVALS
from hdl.training import (
    DIL_ADDRESS_BITS,
    DIL_STATE,
    DIL_SYMBOL,
    DIL_WORD,
    DIL_WORD_BITS,
    DilSequencer,
    descriptor_words,
)
from tests.hdl.support import columns, compare_resetting, scaled

ENGINES = ("cxxrtl", "verilator", "icarus")


def descriptor(rng, segments, signs, training, most=20):
    """A DIL descriptor, with DIL-segments of up to ``most`` data frames."""
    return {
        "training_ucodes": rng.integers(0, 128, segments).tolist(),
        "sign_pattern": rng.integers(0, 2, signs).tolist(),
        "training_pattern": rng.integers(0, 2, training).tolist(),
        "H": rng.integers(0, most, 8).tolist(), "REF": rng.integers(0, 128, 8).tolist(),
    }  # fmt: skip


def words_of(descriptor):
    return columns([{"address": a, "data": word} for a, word in descriptor_words(descriptor)])


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


def places(descriptor, count):
    """States (a dict of arrays) of DIL's first ``count`` symbols, from the lengths alone."""
    lengths = np.resize(golden.dil_lengths(descriptor), count)
    number = np.repeat(np.arange(len(lengths)), lengths)[:count]
    at = np.arange(count) - (np.cumsum(lengths) - lengths)[number]
    return {
        "segment": number % len(descriptor["training_ucodes"]),
        "frame": at // INTERVALS,
        "interval": at % INTERVALS,
        "sign_place": at % len(descriptor["sign_pattern"]),
        "training_place": at % len(descriptor["training_pattern"]),
    }


def symbols(descriptor, count):
    """``(states, symbols)`` of DIL's first ``count``, dicts of arrays."""
    state = places(descriptor, count + 1)
    got = golden.DilSequencer(descriptor).process(count)
    following = {name: values[1:] for name, values in state.items()}
    return {name: values[:-1] for name, values in state.items()}, {
        "ucode": got.ucodes, "sign": got.signs, "training": got.training.astype(int),
        "segment": got.segments, "last": got.last.astype(int), "state": following,
    }  # fmt: skip


def chosen(tree, which):
    return {n: chosen(v, which) if isinstance(v, dict) else v[which] for n, v in tree.items()}


def joined(trees):
    return {
        name: joined([tree[name] for tree in trees]) if isinstance(value, dict)
        else np.concatenate([tree[name] for tree in trees])
        for name, value in trees[0].items()
    }  # fmt: skip


@pytest.mark.parametrize("engine", ENGINES)
def test_dil_sequencer_equal_to_golden(engine, rng):
    """Symbols at any place of the DIL of four lines, the last of each among them."""
    asked = [descriptor(rng, *sizes) for sizes in ((1, 1, 1), (6, 128, 7), (255, 5, 128),
                                                   (17, 33, 66))]  # fmt: skip
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
        Rows(4, len(words["line"])), {"word": words, "i": chosen(requests, order)},
        {"o": chosen(answers, order)}, (1003,), engine=engine,
    )  # fmt: skip
    assert (result.given["o"] - result.taken["i"] == DilSequencer.latency).all()
    assert (np.diff(result.taken["i"]) == DilSequencer.latency + 1).all()
