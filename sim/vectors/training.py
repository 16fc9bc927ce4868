"""Vectors of the digital modem's signals in phases 3 and 4 (8.4 and 8.6/V.90)."""

from dataclasses import replace

import numpy as np

from golden.bits.scrambler import GPC, Scrambler
from golden.modem.digital import MP_FIELDS
from golden.pcm import g711
from golden.pcm.encoder import B1D_FRAMES, Encoder
from golden.pcm.parameters import DELAY_FRAMES, INTERVALS, TYPES, renegotiated
from golden.signals import training
from golden.signals.sequences import JD, JD_END, MP
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
)
from sim.vectors.pcm import some_parameters
from sim.vectors.sequences import descriptors

#: U_INFO of Sd: the least that INFO1a has, that of our calls, the most whose W is a Ucode.
SD_U_INFOS = (67, 79, 111)

#: Symbols of TRN1d, the least; repetitions of Jd; data frames of TRN2d and of data.
TRN1D_COUNT, JD_COUNT, TRN2D_FRAMES, TRAINED_DATA_FRAMES = 2040, 3, 340, 12

#: MP that are sent, and MP'.
MP_COUNT = 2

#: K and S of CPt and of CP, by Sr.
PHASE_4 = {0: ((12, 6), (36, 6)), 1: ((10, 5), (30, 5)), 2: ((9, 4), (24, 4)), 3: ((8, 3), (18, 3))}


def _symbols(name, clause, description, parameters, ucodes, signs, seed=None, **more):
    """A vector of Ucodes and signs, and their octets in both laws."""
    octets = {
        f"octets_{law}": Array(OUT, g711.octet(ucodes, signs, law), OCTET, f"in {law}-law")
        for law in g711.LAWS
    }
    return Vector(
        f"signal/{name}",
        clause,
        description,
        parameters,
        seed,
        {
            **more,
            "ucodes": Array(OUT, ucodes, SEVEN, "a symbol each"),
            "signs": Array(OUT, signs, BIT, "1 positive"),
            **octets,
        },
    )


def signal_vectors():
    """All signals, one by one, then phase 4 and a rate renegotiation as a whole."""
    for u_info in SD_U_INFOS:
        yield _symbols(
            f"Sd-U{u_info}", "8.4.4", "Sd and S-bar-d", {"U_INFO": u_info}, *training.sd(u_info)
        )
    yield _trn1d_and_jd()
    for title, fields in descriptors():
        seed = None if title == "U79" else random_of(f"sequence/Ja-{title}")[0]
        yield _symbols(
            f"DIL-{title}",
            "8.4.1",
            "DIL once, each of its segments; none where N is 0",
            fields,
            *training.dil(fields),
            seed,
        )
    for title, periods, what in (
        ("Ri", training.RI_FRAMES, "Ri as long as it is at least, and R-bar-i: U_INFO 79"),
        ("Rd", training.RD_FRAMES, "Rd and R-bar-d: the greatest Ucode of each interval of CP"),
        ("Rt", training.RD_FRAMES, "Rt and R-bar-t: the same of CPt"),
    ):
        seed, rng = random_of(f"signal/{title}")
        ucodes = np.full(6, 79) if title == "Ri" else rng.integers(90, 128, INTERVALS)
        yield _symbols(
            title,
            "8.6.4",
            what,
            {"ucodes": ucodes.tolist(), "periods": periods},
            *training.r(ucodes, periods),
            None if title == "Ri" else seed,
        )
    for law in g711.LAWS:
        for sr in PHASE_4:
            yield _phase_4(law, sr)
        yield _phase_4(law, 1, again=True)


def _trn1d_and_jd():
    jd = JD.build(rates=(1 << 22) - 1, training=0, renegotiation=1, look_ahead=3)
    bits = np.concatenate([np.tile(jd, JD_COUNT), np.zeros(JD_END, np.uint8)])
    first = training.trn1d(79, TRN1D_COUNT)
    then = training.after_trn1d(79, bits, first[1])
    sent = np.concatenate([np.ones(TRN1D_COUNT, np.uint8), bits])
    segments = [
        ["TRN1d", 0, TRN1D_COUNT],
        ["Jd", TRN1D_COUNT, JD_COUNT * JD.length],
        ["Jd'", TRN1D_COUNT + JD_COUNT * JD.length, JD_END],
    ]
    return _symbols(
        "TRN1d-Jd",
        "8.4.5, 8.4.2, 8.4.3",
        "TRN1d from a scrambler of zeroes, Jd and Jd' with the same scrambler, differentially "
        "encoded from TRN1d's last sign on",
        {"U_INFO": 79, "segments": segments},
        *map(np.concatenate, zip(first, then, strict=True)),
        bits=Array(IN, sent, BIT, "before the scrambler"),
        scrambled=Array(BETWEEN, Scrambler(GPC).process(sent), BIT, "behind it"),
    )


def _phase_4(law, sr, again=False):
    """TRN2d to data; ``again``: after data, Rd and R-bar-d, with the shaping of these data."""
    name = f"signal/renegotiation-{law}" if again else f"signal/phase4-{law}-Sr{sr}"
    seed, rng = random_of(name)
    # The longest look-ahead, so that its end matters.
    ld = 3 if sr else 0
    own, cp, before = (
        replace(some_parameters(kind, k, s, k + s - TYPES[kind][0], rng), law=law, ld=ld)
        for kind, (k, s) in zip(("CPt", "CP", "CP"), (*PHASE_4[sr], (24, 4)), strict=True)
    )
    greatest = [row[-1] for row in before.intervals]
    fields = {**MP_FIELDS, "upstream_rates": int(rng.integers(1 << 13))}
    cpt = renegotiated(own, before) if again else own
    mp, acknowledge = (
        np.tile(MP.build(cpt.data_bits, **fields, acknowledge=one), MP_COUNT) for one in (0, 1)
    )
    first = {
        "TRN2d": np.ones(TRN2D_FRAMES * cpt.data_bits, np.uint8),
        "MP": mp,
        "MP'": acknowledge,
        "Ed": np.zeros(training.ED_FRAMES * cpt.data_bits, np.uint8),
    }
    then = {
        "B1d": np.ones(B1D_FRAMES * cp.data_bits, np.uint8),
        "data": random_bits(rng, TRAINED_DATA_FRAMES * cp.data_bits),
    }
    frames = {"Rd": training.RD_FRAMES, "R-bar-d": training.R_BAR} if again else {}
    parts = [g711.octet(*training.r(greatest, training.RD_FRAMES), law)] if again else []
    bits = {}
    for what, p, signals in (("training", cpt, first), ("data", cp, then)):
        encoder, bits[what] = Encoder(p), np.concatenate(list(signals.values()))
        # Ed's look-ahead ends with Ed, the data's goes on.
        ahead = np.ones(DELAY_FRAMES * p.data_bits * (what == "data"), np.uint8)
        octets = [encoder.process(np.concatenate([bits[what], ahead])), encoder.flush()]
        bits[what] = bits[what].reshape(-1, p.data_bits)
        parts.append(np.concatenate(octets)[: len(bits[what]) * INTERVALS])
        frames |= {signal: len(sent) // p.data_bits for signal, sent in signals.items()}
    lengths = INTERVALS * np.array(list(frames.values()))
    starts = np.cumsum(lengths) - lengths
    return Vector(
        name,
        "8.6",
        (
            "a rate renegotiation, Rd to data; the shaping of TRN2d to Ed is that of data before; "
            if again
            else "TRN2d to data; "
        )
        + "all memories are zero at TRN2d and at B1d; Ed's look-ahead ends with Ed; behind data "
        f"there are {DELAY_FRAMES} data frames of ones that are left out",
        {
            "training": cpt.to_dict(),
            "data": cp.to_dict(),
            "MP": fields,
            **({"R": greatest, "before": before.to_dict()} if again else {}),
            "segments": [
                list(one) for one in zip(frames, starts.tolist(), lengths.tolist(), strict=True)
            ],
        },
        seed,
        {
            "bits_training": Array(
                IN, bits["training"], BIT, "TRN2d to Ed before the scrambler; a row is a data frame"
            ),
            "bits_data": Array(
                IN, bits["data"], BIT, "B1d and data before the scrambler; a row is a data frame"
            ),
            "octets": Array(
                OUT,
                np.concatenate(parts).reshape(-1, INTERVALS),
                OCTET,
                "all segments; a row is a data frame",
            ),
        },
    )
