"""The whole decoder after the whole encoder, but for mapper and demapper: bounded proofs.

Parameters are numbers, configuration words sent after power-on; data bits may be anything, and so
may what the spectral shaper chooses. Labels stand for Ucodes, since a mapper's time depends on
them: that a demapper gives them back is in test_bounded.py. Octets and bits are taken at once:
that waiting changes nothing is the contract of streams.
"""

import pytest
from amaranth.hdl import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from golden.parameters import INTERVALS, MappingParameters
from hdl.csr import ADDRESS_BITS, WORD_BITS, ConfiguredBlock, configuration_words, word_layout
from hdl.mapper import UCODES
from hdl.modulus import LABELS
from tests.formal.proof import planted
from tests.formal.unrolled import Graph, Unrolled

#: Points of the constellations, by turns, whose product is 2^K at least, and K.
POINTS, K = (6, 7), 15
FRAMES = 2
#: More than all data frames take.
CYCLES = 3000

#: The shaper's choice among its leaves is any.
ANY_LEAF = (
    ("from amaranth.lib import data, wiring",
     "from amaranth.hdl._ast import AnySeq\nfrom amaranth.lib import data, wiring"),
    ("smaller = (leaves.metric - best_metric)[METRIC_BITS - 1]", "smaller = AnySeq(1)"),
)  # fmt: skip


class Straight(ConfiguredBlock):
    """In a mapper's place: labels are Ucodes."""

    def __init__(self, channels=1, tag=1):
        super().__init__(channels, tag, {"labels": LABELS}, {"ucodes": UCODES})

    def elaborate(self, platform):
        m = Module()
        i, o = self.i.payload, self.o.payload
        m.d.comb += [
            self.i_configuration.ready.eq(1), self.i.ready.eq(self.o.ready),
            self.o.valid.eq(self.i.valid), o.ucodes.eq(i.labels),
            *(o[name].eq(i[name]) for name in ("channel", "half", "tag")),
        ]  # fmt: skip
        return m


class Chain(wiring.Component):
    """An encoder of one channel, and a decoder of its octets from the first encoded one on."""

    def __init__(self, encoder, decoder):
        self.encoder, self.decoder = encoder, decoder
        words = stream.Signature(word_layout())
        super().__init__(
            {
                "i_configuration": In(words),
                "i_theirs": In(words),
                "i_data": In(stream.Signature(8)),
                "o": Out(decoder.o.signature),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.encoder, m.submodules.decoder = encoder, decoder = self.encoder, self.decoder
        pcm, symbol, begun, here = encoder.o.payload, decoder.i.payload, Signal(), Signal()
        ours = encoder.i_configuration
        m.d.sync += begun.eq(here)
        m.d.comb += [
            here.eq(begun | (encoder.o.valid & pcm.start)),
            decoder.i.valid.eq(encoder.o.valid & here),
            encoder.o.ready.eq(decoder.i.ready | ~here),
            # The law is mu.
            symbol.label.eq(~pcm.octet[:7]), symbol.sign.eq(pcm.octet[7]),
            symbol.first.eq(pcm.interval == 0),
            ours.valid.eq(self.i_configuration.valid),
            ours.payload.address.eq(self.i_configuration.payload.address),
            ours.payload.data.eq(self.i_configuration.payload.data),
            self.i_configuration.ready.eq(ours.ready),
            encoder.i_data.valid.eq(self.i_data.valid),
            encoder.i_data.payload.octet.eq(self.i_data.payload),
            self.i_data.ready.eq(encoder.i_data.ready),
        ]  # fmt: skip
        connect(m, flipped(self.i_theirs), decoder.i_configuration)
        connect(m, decoder.o, flipped(self.o))
        return m


def chain(**changes):
    """A chain, with a change ``(old, new)`` of a module's text by its name."""
    names = "scrambler", "signs", "modulus", "shaper", "multiplexer", "sequencer", "stream"
    made = {
        name: planted(
            f"hdl.{name}", *ANY_LEAF * (name == "shaper"), *[changes.get(name)] * (name in changes)
        )
        for name in (*names, "encoder", "decoder")
    }
    for user in made["encoder"], made["decoder"]:
        for module in map(made.get, names):
            for name, value in vars(module).items():
                if getattr(value, "__module__", "") == module.__name__ and name in vars(user):
                    setattr(user, name, value)
    made["encoder"].Mapper = Straight
    return Chain(made["encoder"].Encoder(1, 8), made["decoder"].Decoder())


def parameters(sr, ld):
    constellations = tuple(tuple(range(points)) for points in POINTS)
    return MappingParameters(
        type="CPt", drn=K + INTERVALS - sr - 8, sr=sr, ld=ld, law="mu", a1=0, a2=0, b1=0, b2=0,
        interval_constellation=(0, 1) * 3, constellations=constellations,
    )  # fmt: skip


def chain_holds(folder, sr, ld, **changes):
    """Whether bits come out as they went in, each frame's first marked, whatever they are."""
    mapping = parameters(sr, ld)
    width = ADDRESS_BITS + WORD_BITS
    words = [
        [(address | value << ADDRESS_BITS) >> bit & 1 for bit in range(width)]
        for address, value in configuration_words(mapping)
    ]
    graph = Graph()
    unrolled = Unrolled(folder, chain(**changes), graph)
    waiting = {"i_configuration": list(words), "i_theirs": list(words)}
    count = FRAMES * mapping.data_bits
    sent, octet, received = [], graph.unknowns(8), []
    for _ in range(CYCLES):
        if len(received) == count:
            break
        given = {f"{name}__payload": left[0] for name, left in waiting.items() if left}
        given |= {f"{name}__valid": [1] for name, left in waiting.items() if left}
        seen = unrolled.step(i_data__payload=octet, i_data__valid=[1], o__ready=[1], **given)
        if not {*seen["o__valid"], *seen["i_data__ready"]} <= {0, 1}:
            return False  # When something comes depends on data.
        for name, left in waiting.items():
            if left and seen[f"{name}__ready"] == [1]:
                left.pop(0)
        if seen["i_data__ready"] == [1]:
            sent, octet = [*sent, *octet], graph.unknowns(8)
        if seen["o__valid"] == [1]:
            received.append(seen["o__payload"])
    return len(received) == count and not any(
        first != (number % mapping.data_bits == 0)
        or graph.possible(folder, graph.differ(bit, sent[number]))
        for number, (bit, first) in enumerate(received)
    )


@pytest.mark.long
@pytest.mark.parametrize("sr, ld", [(0, 0), (1, 3), (2, 1), (3, 2)])
def test_decoder_after_encoder(sr, ld, tmp_path):
    assert chain_holds(tmp_path, sr, ld)


@pytest.mark.long
@pytest.mark.parametrize(
    "sr, module, change",
    [(0, "stream", ("position.eq(row.read + taking)", "position.eq(row.read + 1)")),
     (0, "scrambler", ("running & out", "out")),
     (0, "modulus", ("number.eq(product + labels[-7:])", "number.eq(product)")),
     (1, "encoder", ("number.eq(p.data[INTERVALS - sr :])", "number.eq(p.data[INTERVALS:])")),
     (2, "decoder", ("Cat(bits[: INTERVALS - sr], number)", "Cat(bits, number)")),
     (1, "multiplexer", ("inversions.bit_select(before, 1)", "inversions.bit_select(interval, 1)")),
     (3, "shaper", ("even = self.beta ^ self.state.before", "even = self.beta"))],
)  # fmt: skip
def test_errors_of_the_chain_are_found(sr, module, change, tmp_path):
    assert not chain_holds(tmp_path, sr, 1 if sr else 0, **{module: change})
