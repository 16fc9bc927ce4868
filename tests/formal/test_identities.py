"""Decoders after encoders give back what went in (clauses 5.3, 5.4.3, 5.4.5/V.90).

Each proof is a step of an induction over tokens. The memories begin with any contents in which
what they keep of each channel agrees, as zeros do, which they hold at first and after a token with
``initialise``; a token of any channel, any contents, passes; it comes out as it went in, in its
cycle, and what the memories keep agrees again, of all channels. So it does after every token. That
waiting changes no token is the contract of streams. Sizes are those that the tests state.
"""

from dataclasses import dataclass

import pytest
from amaranth.hdl import Assert, Assume, Cat, Const, Module, Mux, ResetSignal, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import Out

from golden.bits.scrambler import GPA, GPC
from golden.pcm.parameters import INTERVALS
from hdl.pcm.encoder import DATA_BITS
from tests.formal.proof import Free, holds, holds_in_sat, planted


class Pair(wiring.Component):
    """An encoder, and a decoder of its tokens; ``between(m, encoder.o, decoder.i)`` joins them."""

    def __init__(self, encoder, decoder, between=None):
        self.encoder, self.decoder, self.between = encoder, decoder, between
        super().__init__({"i": encoder.signature.members["i"], "o": Out(decoder.o.signature)})

    def elaborate(self, platform):
        m = Module()
        m.submodules.encoder, m.submodules.decoder = encoder, decoder = self.encoder, self.decoder
        wiring.connect(m, wiring.flipped(self.i), encoder.i)
        wiring.connect(m, decoder.o, wiring.flipped(self.o))
        m.d.comb += [
            decoder.i.valid.eq(encoder.o.valid),
            encoder.o.ready.eq(decoder.i.ready),
            decoder.i.payload.eq(encoder.o.payload),
        ]
        if self.between:
            self.between(m, encoder.o.payload, decoder.i.payload)
        return m


def one_token(m, pair, latency):
    """A token in the first cycle; it, and whether it comes now, comes out, and has come out."""
    time, token = Signal(range(latency + 3)), Signal.like(pair.i.payload)
    first, comes, after = (time == at for at in (0, latency, latency + 1))
    m.d.sync += time.eq(Mux(time == latency + 2, time, time + 1))
    with m.If(first):
        m.d.sync += token.eq(pair.i.payload)
    m.d.comb += [
        Assume(~ResetSignal()),
        Assume(pair.i.valid == first),
        Assume(pair.o.ready),
        Assert(pair.o.valid == comes),
    ]
    return token, first, comes, after


def rows(m, inside, channels):
    """The state that encoder and decoder keep of each channel."""
    found = []
    for channel in range(channels):
        for name in ("encoder.memory", "decoder.memory"):
            reads, row = inside.content(name, channel)
            m.d.comb += reads
            found.append(row)
    return list(zip(found[::2], found[1::2], strict=True))


@dataclass(frozen=True)
class Size:
    """Of a scrambler: ``width``, most bits of a token; its polynomial's delays."""

    width: int
    polynomial: tuple


def scramblers(module, size, channels=2):
    options = {"polynomial": size.polynomial, "width": size.width}
    return Pair(module.Scrambler(channels, **options), module.Descrambler(channels, **options))


def scrambled(latency, channels=2):
    """The claims: bits come out as they went in, and the bits remembered are the same ones."""

    def claims(m, pair, inside):
        token, first, comes, after = one_token(m, pair, latency)
        used = (1 << token.count) - 1
        with m.If(comes):
            m.d.comb += [
                Assert(pair.o.payload.data == (token.data & used)),
                Assert(pair.o.payload.channel == token.channel),
            ]
        with m.If(first):
            m.d.comb += Assume(pair.i.payload.count <= len(token.data))
        for channel, (ours, theirs) in enumerate(rows(m, inside, channels)):
            # A token that initialises does not look at what was there.
            fresh = (pair.i.payload.channel == channel) & pair.i.payload.initialise
            m.d.comb += [
                Assume(~first | fresh | (ours == theirs)),
                Assert(~after | (ours == theirs)),
            ]

    return claims


SMALL = Size(4, (2, 3))
SCRAMBLERS = [
    SMALL,
    pytest.param(Size(DATA_BITS, GPC), marks=pytest.mark.long, id="GPC"),
    pytest.param(Size(DATA_BITS, GPA), marks=pytest.mark.long, id="GPA"),
]


def scrambler_holds(folder, module, size):
    latency = 2 * (size.width + 2)
    free = Free(scramblers(module, size), scrambled(latency), inside=True)
    return holds_in_sat(folder, free, latency + 2, filled=False)


@pytest.mark.parametrize("size", SCRAMBLERS)
def test_descrambler_after_scrambler(size, tmp_path):
    assert scrambler_holds(tmp_path, planted("hdl.bits.scrambler"), size)


@pytest.mark.parametrize(
    "change",
    [
        ("running = step < token.count", "running = step <= token.count"),
        ("read.addr.eq(self.i.payload.channel)", "read.addr.eq(token.channel)"),
        ("Mux(token.initialise, 0, read.data)", "read.data"),
    ],
)
def test_errors_of_scramblers_are_found(change, tmp_path):
    assert not scrambler_holds(tmp_path, planted("hdl.bits.scrambler", change), SMALL)


INVERSIONS = data.StructLayout({f"beta_{part}": 1 for part in range(3)})


def pattern(before, betas, sr):
    """Inversions of a data frame's intervals by the betas of its shaping frames (5.4.5.5)."""
    length, bits = INTERVALS // sr, []
    for beta in betas[:sr]:
        bits += [beta if place % 2 else beta ^ before for place in range(length)]
        before = beta
    return Cat(*bits)


def agrees(ours, theirs, before, last, sr):
    """Whether rows agree where the last betas were ``before`` and then ``last``."""
    if not sr:
        return ours[-1] == theirs[-1]
    length = INTERVALS // sr
    turned = Cat(last if place % 2 else last ^ before for place in range(length))
    return (theirs[:length] == ours[:length] ^ turned) & (theirs[-1] == ours[-1] ^ last ^ before)


def signs(sr, channels=2):
    """The claims for a data frame of any bits and any betas; channel 0 is the one it is of."""

    def claims(m, pair, inside, state, betas):
        token, first, comes, after = one_token(m, pair, 4)
        held, chosen = Signal.like(state), Signal.like(betas)
        with m.If(first):
            m.d.sync += [held.eq(state), chosen.eq(betas)]
        initialise = Mux(first, pair.i.payload.initialise, token.initialise)
        states, all_betas = Mux(first, state, held), Mux(first, betas, chosen)
        # Of each channel, the betas of its last two shaping frames.
        begins = [states[2 * channel : 2 * channel + 2] for channel in range(channels)]
        own = Mux(initialise, 0, begins[0])
        turned = pattern(own[1], all_betas, sr) if sr else 0
        m.d.comb += [
            Assume(~first | (pair.i.payload.sr == sr)),
            Assume(~first | (pair.i.payload.channel == 0)),
            pair.inversions.eq(turned),
        ]
        meant = token.bits[: INTERVALS - sr]
        m.d.comb += Assert(~comes | (pair.o.payload.bits == meant))
        ends = [Cat(own[1], all_betas[0]) if sr == 1 else all_betas[max(0, sr - 2) : sr], begins[1]]
        for channel, (ours, theirs) in enumerate(rows(m, inside, channels)):
            fresh = initialise & (channel == 0)
            was = agrees(ours, theirs, begins[channel][0], begins[channel][1], sr)
            now = agrees(ours, theirs, ends[channel][0], ends[channel][1], sr) if sr else was
            m.d.comb += [Assume(~first | fresh | was), Assert(~after | now)]

    return claims


def signs_hold(folder, module, sr, channels=2):
    pair = Pair(module.DifferentialEncoder(channels), module.DifferentialDecoder(channels))
    pair.inversions = inversions = Signal(INTERVALS)

    def invert(m, source, target):
        m.d.comb += target.bits.eq(source.bits ^ inversions)

    pair.between = invert
    free = Free(pair, signs(sr), inside=True, state=2 * channels, betas=3)
    return holds(folder, free, 6, filled=False)


@pytest.mark.parametrize("sr", range(4))
def test_decoder_after_differential_encoder(sr, tmp_path):
    """Whatever the spectral shaper chooses to invert."""
    assert signs_hold(tmp_path, planted("hdl.pcm.signs"), sr)


@pytest.mark.parametrize(
    "sr, change",
    [
        (0, ("m.d.comb += out[carried].eq(sign ^ chain)", "m.d.comb += out[carried].eq(sign)")),
        (1, ("bit, chain = difference ^ chain, difference", "bit, chain = difference ^ chain, 0")),
        (2, ("bit = difference ^ change", "bit = difference")),
        (3, ("bit ^= change", "pass")),
    ],
)
def test_errors_of_signs_are_found(sr, change, tmp_path):
    assert not signs_hold(tmp_path, planted("hdl.pcm.signs", change), sr)


def modulus(intervals, most, latency):
    """The claims for numbers below the product of the moduli, which are one to ``most``."""

    def claims(m, pair, inside):
        token, first, comes, _ = one_token(m, pair, latency)
        product = Const(1, 1)
        for interval in range(intervals):
            at = Cat(Const(interval, 3), pair.i.payload.half, pair.i.payload.channel)
            values = []
            for name in ("encoder.moduli", "decoder.moduli"):
                reads, value = inside.content(name, at)
                m.d.comb += [reads, Assume(~first | ((value >= 1) & (value <= most)))]
                values.append(value)
            m.d.comb += Assume(~first | (values[0] == values[1]))
            product = product * values[0][: most.bit_length()]
        m.d.comb += [
            Assume(~first | (pair.i.payload.number < product)),
            Assume(~pair.encoder.i_configuration.valid),
            Assert(~comes | (pair.o.payload.number == token.number)),
        ]

    return claims


#: A modulus encoder and decoder of two data frame intervals and numbers of six bits.
SMALLER = (
    ("from golden.pcm.parameters import INTERVALS", "INTERVALS = 2"),
    # Its addresses have three bits of an interval.
    ("interval = Signal(range(INTERVALS))\n        # The", "interval = Signal(3)\n        # The"),
    ("interval = Signal(range(INTERVALS))\n        step", "interval = Signal(3)\n        step"),
    ("NUMBER_BITS = 39", "NUMBER_BITS = 6"),
    ("DECODED_BITS = 42", "DECODED_BITS = 7"),
)


def modulus_holds(folder, *change, most=15):
    module = planted("hdl.pcm.modulus", *SMALLER, *change)
    pair = Pair(module.ModulusEncoder(2), module.ModulusDecoder(2))
    latency = module.ModulusEncoder.latency + module.ModulusDecoder.latency
    free = Free(pair, modulus(2, most, latency), inside=True)
    return holds(folder, free, latency + 1, filled=False)


@pytest.mark.long
def test_modulus_decoder_after_encoder(tmp_path):
    assert modulus_holds(tmp_path)


@pytest.mark.long
@pytest.mark.parametrize(
    "change",
    [
        ("quotient.insert(0, ~difference[-1])", "quotient.insert(0, difference[-1])"),
        ("number.eq(product + labels[-7:])", "number.eq(product)"),
    ],
)
def test_errors_of_modulus_are_found(change, tmp_path):
    assert not modulus_holds(tmp_path, change)
