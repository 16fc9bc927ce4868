"""Vectors of clause 5/V.90: tables, scrambler, encoder and decoder block by block, HDLC."""

import math

import numpy as np

from golden.bits import crc, hdlc
from golden.bits.scrambler import GPA, GPC, Scrambler
from golden.pcm import g711
from golden.pcm.decoder import Decoder
from golden.pcm.encoder import Encoder
from golden.pcm.mapper import Demapper, Mapper
from golden.pcm.modulus import ModulusDecoder, ModulusEncoder
from golden.pcm.parameters import DELAY_FRAMES, INTERVALS, TYPES, MappingParameters, rate_table
from golden.pcm.shaper import Shaper
from golden.pcm.signs import DifferentialDecoder, DifferentialEncoder
from sim.vectors.format import (
    BETWEEN,
    BIT,
    IN,
    OCTET,
    OUT,
    SEVEN,
    Array,
    Vector,
    random_bits,
    random_of,
    whole,
)

#: Data frames in an encoder vector, a shaper vector and a decoder vector.
ENCODER_FRAMES, SHAPER_FRAMES, DECODER_FRAMES = 24, 48, 64

#: The shaper vectors' filters, a1 a2 b1 b2 in Q1.6: one pole at z = 1; two poles and a zero; all
#: four with fractions.
SHAPER_FILTERS = {"dc": (64, 0, 0, 0), "double": (64, 60, -64, 0), "full": (61, -37, 23, -65)}

#: M0 to M5 of the modulus vectors: equal, different, the extremes, and one that carries all.
MODULUS_SETS = ((64,) * 6, (29, 28, 31, 30, 27, 32), (1, 128, 1, 128, 1, 128), (128, 1, 1, 1, 1, 2))

#: K and S of the decoder vectors, for every Sr; all are in Table 2.
DECODED = {0: (36, 6), 1: (30, 5), 2: (24, 4), 3: (18, 3)}

#: Table 1's linear value, without sign.
_LINEAR = whole(15)

_FRAMES = "a row is a data frame"


def some_parameters(kind, k, s, drn, rng):
    """Random parameters with this K and S: six constellations, sizes from the least on."""
    least = math.ceil(2 ** (k / INTERVALS))
    sizes = rng.integers(least, min(128, least + 8) + 1, INTERVALS)
    constellations = [np.sort(rng.choice(128, size, replace=False)).tolist() for size in sizes]
    sr = INTERVALS - s
    return MappingParameters.from_dict(
        {
            "type": kind,
            "drn": drn,
            "sr": sr,
            "ld": int(rng.integers(0, 4)) if sr else 0,
            "law": g711.LAWS[int(rng.integers(0, 2))],
            "a1": 1.0 if sr else 0.0,
            "a2": 0.0,
            "b1": 0.0,
            "b2": 0.0,
            "interval_constellation": list(range(INTERVALS)),
            "constellations": constellations,
        }
    )


def encoder_vector(name, parameters, seed, rng):
    """Bits to octets with all values between, from the initial state of 8.6.1."""
    p = parameters
    bits = random_bits(rng, ENCODER_FRAMES * p.data_bits)
    # With look-ahead the last signs depend on what follows; ones do, as from an empty queue.
    sent = np.concatenate([bits, np.ones(DELAY_FRAMES * p.data_bits, np.uint8)])
    scrambled = Scrambler(GPC).process(sent).reshape(-1, p.data_bits)
    numbers = scrambled[:, p.s :].astype(np.int64) @ (np.int64(1) << np.arange(p.k))
    labels = ModulusEncoder(p.moduli).process(numbers)
    ucodes = Mapper(p.intervals).process(labels)
    initial = DifferentialEncoder(p.sr).process(scrambled[:, : p.s].reshape(-1))
    octets = Encoder(p).process(sent)[: ENCODER_FRAMES * INTERVALS].reshape(-1, INTERVALS)
    frames = slice(0, ENCODER_FRAMES)
    initial = initial.reshape(-1, INTERVALS)[frames]
    return Vector(
        name,
        "5.4",
        f"data bits to octets from zero memories; {DELAY_FRAMES} data frames of ones follow, which "
        "the look-ahead sees and which are left out",
        p.to_dict(),
        seed,
        {
            "bits": Array(IN, bits.reshape(-1, p.data_bits), BIT, f"data bits; {_FRAMES}"),
            "scrambled": Array(BETWEEN, scrambled[frames], BIT, "S sign bits, then K bits"),
            "numbers": Array(BETWEEN, numbers[frames], whole(p.k), "R0 of each data frame"),
            "labels": Array(BETWEEN, labels[frames], SEVEN, "K0 to K5"),
            "ucodes": Array(BETWEEN, ucodes[frames], SEVEN, "Ucodes"),
            "initial_signs": Array(BETWEEN, initial, BIT, "signs before the shaper"),
            "signs": Array(BETWEEN, g711.sign(octets), BIT, "1 positive"),
            "octets": Array(OUT, octets, OCTET, f"PCM octets; {_FRAMES}"),
        },
    )


def encoder_vectors():
    """One for every K and S of Table 2 and Table 17."""
    for kind in TYPES:
        for k, s, _, drn in rate_table(kind):
            name = f"encoder/{kind}-K{k:02}-S{s}"
            seed, rng = random_of(name)
            yield encoder_vector(name, some_parameters(kind, k, s, drn, rng), seed, rng)


def decoder_vectors():
    """Every Sr in both laws, with octets in no constellation and numbers above 2^K."""
    for sr, (k, s) in DECODED.items():
        for law in g711.LAWS:
            name = f"decoder/Sr{sr}-{law}"
            seed, rng = random_of(name)
            drn = k + s - TYPES["CP"][0]
            p = some_parameters("CP", k, s, drn, rng).with_law(law)
            bits = random_bits(rng, (DECODER_FRAMES + DELAY_FRAMES) * p.data_bits)
            octets = Encoder(p).process(bits)[: DECODER_FRAMES * INTERVALS].copy()
            # A data frame of smallest points, whose labels are the largest, and some wrong octets.
            octets.reshape(-1, INTERVALS)[40] = g711.octet([row[0] for row in p.intervals], 1, law)
            wrong = rng.choice(len(octets) // 2, 8, replace=False)
            octets[wrong] ^= rng.integers(1, 256, len(wrong), np.uint8)
            yield decoder_vector(name, p, octets.reshape(-1, INTERVALS), seed)


def decoder_vector(name, parameters, octets, seed):
    """Octets to bits with all values between, from zero memories."""
    p = parameters
    ucodes, signs = g711.ucode(octets, p.law), g711.sign(octets)
    labels, known = Demapper(p.intervals).process(ucodes)
    numbers = ModulusDecoder(p.moduli).process(labels)
    low = (numbers[:, None] >> np.arange(p.k)) & 1
    sign_bits = DifferentialDecoder(p.sr).process(signs.reshape(-1)).reshape(-1, p.s)
    decoder = Decoder(p)
    bits = decoder.process(octets.reshape(-1)).reshape(-1, p.data_bits)
    return Vector(
        name,
        "5.4",
        "octets to data bits from zero memories, some octets damaged",
        {**p.to_dict(), "illegal": decoder.illegal, "overflows": decoder.overflows},
        seed,
        {
            "octets": Array(IN, octets, OCTET, f"PCM octets; {_FRAMES}"),
            "ucodes": Array(BETWEEN, ucodes, SEVEN, "Ucodes"),
            "signs": Array(BETWEEN, signs, BIT, "1 positive"),
            "known": Array(
                BETWEEN,
                known,
                BIT,
                "1: the Ucode is in its interval's constellation; else the nearest one "
                "counts, the smaller of two as near",
            ),
            "labels": Array(BETWEEN, labels, SEVEN, "K0 to K5"),
            "numbers": Array(BETWEEN, numbers, whole(42), "R0; its bits from K on are left out"),
            "scrambled": Array(
                BETWEEN,
                np.concatenate([sign_bits, low], axis=1),
                BIT,
                "S sign bits, then K bits, before the descrambler",
            ),
            "bits": Array(OUT, bits, BIT, f"data bits; {_FRAMES}"),
        },
    )


def shaper_vectors():
    """Every Sr and ld with each of ``SHAPER_FILTERS``."""
    ucodes = np.arange(40, 100, 2)
    for sr in (1, 2, 3):
        for ld in range(4):
            for title, (a1, a2, b1, b2) in SHAPER_FILTERS.items():
                name = f"shaper/Sr{sr}-ld{ld}-{title}"
                seed, rng = random_of(name)
                count = SHAPER_FRAMES * INTERVALS
                # The look-ahead of the last frame covers the frames that follow it.
                ahead = count + DELAY_FRAMES * INTERVALS
                t = random_bits(rng, ahead)
                linear = g711.linear(rng.choice(ucodes, ahead), "mu")
                signs = Shaper(sr, ld, a1, a2, b1, b2).process(t, linear)[:count]
                inverted = (signs ^ t[:count]).reshape(-1, INTERVALS // sr)
                yield Vector(
                    name,
                    "5.4.5.5",
                    "initial signs t and linear values to signs from zero memories; the last "
                    f"{DELAY_FRAMES} data frames are look-ahead only",
                    {
                        "sr": sr,
                        "ld": ld,
                        "a1": a1 / 64,
                        "a2": a2 / 64,
                        "b1": b1 / 64,
                        "b2": b2 / 64,
                    },
                    seed,
                    {
                        "initial_signs": Array(IN, t, BIT, "t, 1 positive"),
                        "linear": Array(IN, linear, _LINEAR, "linear values of Table 1"),
                        "inverts": Array(
                            BETWEEN,
                            inverted[:, 1],
                            BIT,
                            "1: rule B or D in this shaping frame, 0: A or C",
                        ),
                        "signs": Array(OUT, signs, BIT, "1 positive"),
                    },
                )


def sign_vectors():
    """The differential encoder for every Sr."""
    for sr in range(4):
        name = f"signs/Sr{sr}"
        seed, rng = random_of(name)
        bits = random_bits(rng, 64, INTERVALS - sr)
        out = DifferentialEncoder(sr).process(bits.reshape(-1)).reshape(-1, INTERVALS)
        yield Vector(
            name,
            "5.4.5.1 to 5.4.5.4",
            "sign input bits to the signs (Sr = 0) or initial signs t",
            {"sr": sr},
            seed,
            {
                "bits": Array(IN, bits, BIT, f"sign input bits; {_FRAMES}"),
                "initial_signs": Array(OUT, out, BIT, f"1 positive; {_FRAMES}"),
            },
        )


def modulus_vectors():
    """R0 to labels for each of ``MODULUS_SETS``: the smallest, the largest and random numbers."""
    for moduli in MODULUS_SETS:
        name = "modulus/" + "-".join(map(str, moduli))
        seed, rng = random_of(name)
        k = (math.prod(moduli)).bit_length() - 1
        numbers = np.concatenate([[0, 1, (1 << k) - 1], rng.integers(0, 1 << k, 125)])
        labels = ModulusEncoder(moduli).process(numbers)
        yield Vector(
            name,
            "5.4.3",
            "R0 to the labels K0 to K5",
            {"k": k, "moduli": list(moduli)},
            seed,
            {
                "numbers": Array(IN, numbers, whole(max(k, 1)), "R0 of each data frame"),
                "labels": Array(OUT, labels, SEVEN, f"K0 to K5; {_FRAMES}"),
            },
        )


def scrambler_vectors():
    """Both polynomials, from a state of zeros and from another."""
    for title, polynomial in (("GPC", GPC), ("GPA", GPA)):
        for initial in (0, 0x2B5A71):
            name = f"scrambler/{title}-{initial:06x}"
            seed, rng = random_of(name)
            bits = np.concatenate([np.ones(128, np.uint8), random_bits(rng, 896)])
            scrambled = Scrambler(polynomial, initial).process(bits)
            yield Vector(
                name,
                "5.3 and 6.5 (clause 7/V.34)",
                "128 ones and random bits, scrambled; bit i of the initial state is the line's bit "
                "i + 1 before the first",
                {"polynomial": list(polynomial), "initial": initial},
                seed,
                {
                    "bits": Array(IN, bits, BIT, "first in time first"),
                    "scrambled": Array(OUT, scrambled, BIT, "as many"),
                },
            )


def hdlc_vectors():
    """Frames to bits."""
    cases = {"ones": b"\xff" * 32, "flags": b"\x7e" * 32, "zeros": bytes(32)}
    name = "hdlc/random"
    seed, rng = random_of(name)
    cases["random"] = rng.bytes(128)
    for title, frame in cases.items():
        framer = hdlc.Framer()
        bits = framer.process([frame])
        yield Vector(
            f"hdlc/{title}",
            "8.1.1/V.42",
            "a frame's octets to the bits between and with its flags",
            {},
            seed if title == "random" else None,
            {
                "octets": Array(IN, np.frombuffer(frame, np.uint8), OCTET, "first in time first"),
                "fcs": Array(
                    BETWEEN,
                    np.frombuffer(crc.fcs(frame), np.uint8),
                    OCTET,
                    "the frame check sequence, first octet first",
                ),
                "bits": Array(OUT, bits, BIT, "first in time first, zeroes inserted"),
            },
        )


def table_vectors():
    """Table 1: octets and linear values of all Ucodes."""
    ucodes = np.arange(128)
    for law in g711.LAWS:
        yield Vector(
            f"g711/{law}",
            "Table 1",
            "octets and linear values of Ucodes 0 to 127",
            {"law": law},
            None,
            {
                "octets": Array(
                    OUT,
                    g711.octet(ucodes, 1, law),
                    OCTET,
                    "with positive sign; the negative one has bit 7 turned",
                ),
                "linear": Array(OUT, g711.linear(ucodes, law), _LINEAR, "without sign"),
            },
        )
