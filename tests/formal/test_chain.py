"""Encoder and decoder as wholes, but for mapper and demapper: bounded proofs.

The decoder gives back an encoder's data, and no octet of a bank's channel is made of another one's.

Parameters are numbers, configuration words sent after power-on; data bits may be anything, and so
may what the spectral shaper chooses. Labels stand for Ucodes, since a mapper's time depends on
them: that a demapper gives them back is in test_bounded.py. Octets and bits are taken at once:
that waiting changes nothing is the contract of streams.
"""

from dataclasses import dataclass

import pytest
from amaranth.hdl import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from golden.pcm.parameters import INTERVALS, MappingParameters
from hdl.pcm.csr import ADDRESS_BITS, WORD_BITS, ConfiguredBlock, configuration_words, word_layout
from hdl.pcm.mapper import UCODES_LAYOUT
from hdl.pcm.modulus import LABELS_LAYOUT
from tests.formal.proof import planted
from tests.formal.unrolled import Graph, Unrolled

FRAMES = 2
#: More than it takes.
CYCLES = 9000

#: The shaper's choice among its leaves is any.
ANY_LEAF = (
    (
        "from amaranth.lib import wiring",
        "from hdl.core.amaranth_private import AnySeq\nfrom amaranth.lib import wiring",
    ),
    ("smaller = (leaves.metric - best_metric)[METRIC_BITS - 1]", "smaller = AnySeq(1)"),
)


class Straight(ConfiguredBlock):
    """In a mapper's place: labels are Ucodes."""

    def __init__(self, channels=1, tag=1):
        super().__init__(channels, tag, {"labels": LABELS_LAYOUT}, {"ucodes": UCODES_LAYOUT})

    def elaborate(self, platform):
        m = Module()
        i, o = self.i.payload, self.o.payload
        m.d.comb += [
            self.i_configuration.ready.eq(1),
            self.i.ready.eq(self.o.ready),
            self.o.valid.eq(self.i.valid),
            o.ucodes.eq(i.labels),
            *(o[name].eq(i[name]) for name in ("channel", "half", "tag")),
        ]
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
            symbol.label.eq(~pcm.octet[:7]),
            symbol.sign.eq(pcm.octet[7]),
            symbol.first.eq(pcm.interval == 0),
            ours.valid.eq(self.i_configuration.valid),
            ours.payload.address.eq(self.i_configuration.payload.address),
            ours.payload.data.eq(self.i_configuration.payload.data),
            self.i_configuration.ready.eq(ours.ready),
            encoder.i_data.valid.eq(self.i_data.valid),
            encoder.i_data.payload.octet.eq(self.i_data.payload),
            self.i_data.ready.eq(encoder.i_data.ready),
        ]
        connect(m, flipped(self.i_theirs), decoder.i_configuration)
        connect(m, decoder.o, flipped(self.o))
        return m


#: Modules of an encoder and a decoder.
PARTS = (
    *("core.stream", "bits.scrambler", "pcm.signs", "pcm.modulus", "pcm.leaves", "pcm.shaper"),
    *("pcm.multiplexer", "pcm.sequencer"),
)


def blocks(**changes):
    """The encoder's and the decoder's modules, with changes ``(old, new)`` by a module's name."""
    made = {}
    for name in (*PARTS, "pcm.encoder", "pcm.decoder"):
        stem = name.rpartition(".")[2]
        planting = [changes.get(stem)] * (stem in changes)
        made[stem] = planted(f"hdl.{name}", *ANY_LEAF * (stem == "leaves"), *planting)
    encoder, decoder = made["encoder"], made["decoder"]
    for user in made.values():
        for module in made.values():
            for name, value in vars(module).items():
                if getattr(value, "__module__", "") == module.__name__ and name in vars(user):
                    setattr(user, name, value)
    encoder.Mapper = Straight
    return encoder, decoder


@dataclass(frozen=True)
class Size:
    """Sr, ld, K, and the points of the constellations by turns, whose product is 2^K at least."""

    sr: int
    ld: int
    k: int = 15
    points: tuple = (6, 7)

    def parameters(self):
        # CPt has the smaller K.
        kind, offset = ("CPt", 8) if self.k <= 24 else ("CP", 20)
        return MappingParameters(
            type=kind,
            drn=self.k + INTERVALS - self.sr - offset,
            sr=self.sr,
            ld=self.ld,
            law="mu",
            a1=0,
            a2=0,
            b1=0,
            b2=0,
            interval_constellation=(0, 1) * 3,
            constellations=tuple(tuple(range(points)) for points in self.points),
        )


def bits(value, width):
    return [value >> bit & 1 for bit in range(width)]


def chain_holds(folder, size, **changes):
    """Whether bits come out as they went in, each frame's first marked, whatever they are."""
    mapping = size.parameters()
    words = [
        bits(address | value << ADDRESS_BITS, ADDRESS_BITS + WORD_BITS)
        for address, value in configuration_words(mapping)
    ]
    encoder, decoder = blocks(**changes)
    graph = Graph()
    unrolled = Unrolled(folder, Chain(encoder.Encoder(1, 8), decoder.Decoder()), graph)
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


#: The last one has 56 000 bit/s.
SIZES = Size(0, 0), Size(1, 3), Size(2, 1), Size(3, 2), Size(3, 1, 39, (128, 128))


@pytest.mark.long
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_decoder_after_encoder(size, tmp_path):
    assert chain_holds(tmp_path, size)


#: Sr, the module, and an error planted in it.
CHAIN_ERRORS = [
    (0, "stream", ("position.eq(row.read + taking)", "position.eq(row.read + 1)")),
    (0, "scrambler", ("running & out", "out")),
    (0, "modulus", ("number.eq(product + labels[-7:])", "number.eq(product)")),
    (1, "encoder", ("number.eq(p.data[INTERVALS - sr :])", "number.eq(p.data[INTERVALS:])")),
    (2, "decoder", ("Cat(bits[: INTERVALS - sr], number)", "Cat(bits, number)")),
    (1, "multiplexer", ("inversions.bit_select(before, 1)", "inversions.bit_select(interval, 1)")),
    (3, "shaper", ("even = self.beta ^ self.state.before", "even = self.beta")),
]


@pytest.mark.long
@pytest.mark.parametrize("sr, module, change", CHAIN_ERRORS)
def test_errors_of_the_chain_are_found(sr, module, change, tmp_path):
    assert not chain_holds(tmp_path, Size(sr, 0), **{module: change})


#: Channels of a bank, and encoded data frames of each.
CHANNELS, BANK_FRAMES = 3, 4


def bank_holds(folder, size, **changes):
    """Whether no octet of a channel is made of another's data bits."""
    graph = Graph()
    unrolled = Unrolled(folder, blocks(**changes)[0].Encoder(CHANNELS, 8), graph)
    number = (CHANNELS - 1).bit_length()
    words = [
        bits(
            channel | address << number | value << number + ADDRESS_BITS,
            number + ADDRESS_BITS + WORD_BITS,
        )
        for channel in range(CHANNELS)
        for address, value in configuration_words(size.parameters())
    ]
    own = [set() for _ in range(CHANNELS)]
    # An octet for each channel, again and again.
    turn, octet, seen_of = 0, graph.unknowns(8), [0] * CHANNELS
    for _ in range(CYCLES):
        if min(seen_of) == BANK_FRAMES * INTERVALS:
            return True
        given = {"i_configuration__payload": words[0]} if words else {}
        seen = unrolled.step(
            i_data__payload=[*bits(turn, number), *octet],
            i_data__valid=[1],
            o__ready=[1],
            i_configuration__valid=[int(bool(words))],
            **given,
        )
        if not {*seen["o__valid"], *seen["i_data__ready"], *seen["o__payload"][:number]} <= {0, 1}:
            return False
        if words and seen["i_configuration__ready"] == [1]:
            words.pop(0)
        if seen["i_data__ready"] == [1]:
            own[turn] |= {one >> 1 for one in octet}
            turn, octet = (turn + 1) % CHANNELS, graph.unknowns(8)
        if seen["o__valid"] == [1]:
            channel = sum(bit << n for n, bit in enumerate(seen["o__payload"][:number]))
            behind = set().union(*map(graph.behind, seen["o__payload"][number:]))
            others = set().union(*own[:channel], *own[channel + 1 :])
            if behind & others:
                return False
            seen_of[channel] += bool(behind & own[channel])
    return False


@pytest.mark.long
@pytest.mark.parametrize("size", [Size(0, 0), Size(1, 3)], ids=str)
def test_octets_are_made_of_their_channels_data(size, tmp_path):
    assert bank_holds(tmp_path, size)


#: The module, and an error planted in it that mixes channels.
BANK_ERRORS = [
    ("stream", ("addr.eq(Cat(row.written[:index], channel))", "addr.eq(row.written[:index])")),
    ("scrambler", ("read.addr.eq(self.i.payload.channel)", "read.addr.eq(token.channel)")),
    ("multiplexer", ("(frame + 1)[:2], token.channel))", "(frame + 1)[:2]))")),
]


@pytest.mark.long
@pytest.mark.parametrize("module, change", BANK_ERRORS)
def test_errors_of_a_bank_are_found(module, change, tmp_path):
    assert not bank_holds(tmp_path, Size(0, 0), **{module: change})


def test_errors_can_be_planted():
    """In the blocks as they are, though only long proofs plant them."""
    for *_, module, change in (*CHAIN_ERRORS, *BANK_ERRORS):
        blocks(**{module: change})
