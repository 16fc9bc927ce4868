"""Vectors of the sequences: fields to bits, and back (8.2.3 to 8.6.3/V.90)."""

from dataclasses import replace

import numpy as np

from golden.bits.bit_table import CRC, FILL_BITS, FRAME_SYNC, START_BIT
from golden.bits.crc import crc_bits
from golden.learning.learning import dil_request
from golden.pcm.parameters import INTERVALS, TYPES
from golden.signals.sequences import (
    CP,
    DIL,
    INFO0A,
    INFO0D,
    INFO1A,
    INFO1A_V34,
    INFO1D,
    JD,
    JD_END,
    MP,
    cp_fields,
)
from sim.vectors.format import BETWEEN, BIT, OUT, Array, Vector, random_of
from sim.vectors.pcm import some_parameters

#: Sequences whose fields are numbers, each with the fields at their least, at their most, and at
#: random twice.
PLAIN_DIL = {
    "INFO0d": INFO0D,
    "INFO0a": INFO0A,
    "INFO1d": INFO1D,
    "INFO1a": INFO1A,
    "INFO1a-V34": INFO1A_V34,
    "Jd": JD,
}

#: Ja by name: N, LSP, LTP, and the most H, which keeps a DIL short.
DESCRIPTORS = {
    "N0": (0, 1, 1, 127),
    "N1": (1, 1, 1, 0),
    "N2": (2, 16, 17, 3),
    "N3": (3, 12, 6, 20),
    "N5-SP128-TP128": (5, 128, 128, 30),
    "N125-SP15-TP33": (125, 15, 33, 1),
    "N255": (255, 127, 2, 0),
}

#: CP by name: type, K, S, how many constellations, options of
#: :func:`golden.signals.sequences.cp_fields`.
CP_FIELD_SETS = {
    "CPt": ("CPt", 12, 6, 1, {}),
    "CPt-Sr3": ("CPt", 9, 3, 2, {}),
    "CP-one": ("CP", 36, 6, 1, {}),
    "CP-six": ("CP", 30, 5, 6, {"rms_ratio": 0xFFFF}),
    "CP-codec": ("CP", 24, 4, 3, {"codec": True}),
    "CP-acknowledge": ("CP", 18, 3, 5, {"acknowledge": 1, "upstream_rates": 0x1FFF}),
    "CPs": ("CP", 20, 6, 2, {"silence": 1}),
    "CPs-acknowledge": ("CP", 20, 4, 4, {"silence": 1, "acknowledge": 1, "codec": True}),
}

#: MP by name: type, acknowledge, D (its bits are whole data frames), drn. 0 is cleardown.
MP_FIELD_SETS = {
    "MP-type0": (0, 0, 18, 14),
    "MP-type0-acknowledge": (0, 1, 18, 14),
    "MP-type1": (1, 0, 24, 1),
    "MP-type1-acknowledge": (1, 1, 30, 9),
    "MP-cleardown": (0, 0, 13, 0),
}

#: Sequences without fields: bits, clause, what they are.
CONSTANT = {
    "E": (np.ones(20, np.uint8), "8.5.3 (10.1.3.2/V.34)", "ends CP; before the scrambler"),
    "Jd-end": (np.zeros(JD_END, np.uint8), "8.4.3", "Jd', which ends Jd; before the scrambler"),
}


def _clause(sequence):
    return sequence.rows[0].clause.removesuffix("/V.90")


def _plain(sequence, choose):
    """Fields of a sequence without lists; ``choose(range)`` gives each its value."""
    fields = {}
    for row in sequence.rows:
        if row.field in (FRAME_SYNC, START_BIT, CRC, FILL_BITS, "reserved"):
            continue
        width = sum(r.length for r in sequence.rows if r.field == row.field)
        fields[row.field] = int(choose(row.values or range(1 << width)))
    return fields


def descriptors():
    """Pairs of a name and a DIL descriptor's fields: ``DESCRIPTORS`` and our client's request."""
    for title, (count, signs, training, most) in DESCRIPTORS.items():
        _, rng = random_of(f"sequence/Ja-{title}")
        fields = {
            "segments": count,
            "sign_length": signs - 1,
            "training_length": training - 1,
            "sign_pattern": rng.integers(0, 2, signs).tolist(),
            "training_pattern": rng.integers(0, 2, training).tolist(),
            "H": rng.integers(0, most + 1, 8).tolist(),
            "REF": rng.integers(0, 128, 8).tolist(),
        }
        if count:
            fields["training_ucodes"] = rng.integers(0, 128, count).tolist()
        yield title, fields
    yield "U79", dil_request(79)


def _cp_vectors():
    for title, (kind, k, s, count, options) in CP_FIELD_SETS.items():
        seed, rng = random_of(f"sequence/{title}")
        p = some_parameters(kind, k, s, k + s - TYPES[kind][0], rng)
        index = tuple(i % count for i in range(INTERVALS))
        p = replace(p, interval_constellation=index, constellations=p.constellations[:count])
        options = {**options, "codec": p.constellations[::-1] if "codec" in options else ()}
        yield _vector(title, CP, cp_fields(p, **options), seed)
    cleardown = {**cp_fields(p, **options), "drn": 0}
    yield _vector("CP-cleardown", CP, cleardown, seed)


def sequence_vectors():
    """Every sequence several times, odd ones among them."""
    for title, sequence in PLAIN_DIL.items():
        least, most = (_plain(sequence, end) for end in (lambda r: r[0], lambda r: r[-1]))
        yield _vector(title + "-least", sequence, least)
        yield _vector(title + "-most", sequence, most)
        for number in (1, 2):
            seed, rng = random_of(f"sequence/{title}-{number}")
            fields = _plain(sequence, lambda r, rng=rng: rng.integers(r[0], r[-1] + 1))
            yield _vector(f"{title}-{number}", sequence, fields, seed)
    for title, fields in descriptors():
        seed = random_of(f"sequence/Ja-{title}")[0] if title in DESCRIPTORS else None
        yield _vector(f"Ja-{title}", DIL, fields, seed)
    yield from _cp_vectors()
    for title, (kind, acknowledge, d, drn) in MP_FIELD_SETS.items():
        seed, rng = random_of(f"sequence/{title}")
        fields = {
            "type": kind,
            "drn": drn,
            "trellis": int(rng.integers(3)),
            "nonlinear": 1 - kind,
            "shaping": kind,
            "acknowledge": acknowledge,
            "upstream_rates": int(rng.integers(1 << 13)),
        }
        if kind:
            fields["precoding"] = rng.integers(0, 1 << 16, 6).tolist()
        yield _vector(title, MP, fields, seed, d)
    for title, (bits, clause, what) in CONSTANT.items():
        yield Vector(
            f"sequence/{title}",
            clause,
            what,
            {"sequence": title, "fields": {}},
            None,
            {"bits": Array(OUT, bits, BIT, "first in time first")},
        )


def _vector(title, sequence, fields, seed=None, multiple=1):
    """A sequence's fields, the rows of its table, its bits, and the CRC alone."""
    rows = sequence.rows_of(**fields)
    bits = sequence.build(multiple, **fields)
    covered = np.concatenate(
        [
            np.arange(r.first, r.last + 1)
            for r in rows
            if r.field not in (FRAME_SYNC, START_BIT, CRC, FILL_BITS)
        ]
    )
    end = next(r.first for r in rows if r.field == CRC)
    crc = crc_bits(bits[covered[covered < end]])
    return Vector(
        f"sequence/{title}",
        _clause(sequence),
        f"fields of {sequence.name} to its bits, and back",
        {
            "sequence": sequence.name,
            "fields": {name: _json(name, value) for name, value in fields.items()},
            "rows": [
                [r.first, r.last, r.field, *([] if r.item is None else [r.item])] for r in rows
            ],
            "multiple": multiple,
        },
        seed,
        {
            "crc": Array(BETWEEN, crc, BIT, "the CRC of 10.1.2.3.2/V.34, first in time first"),
            "bits": Array(OUT, bits, BIT, "first in time first, before the scrambler"),
        },
    )


def _json(name, value):
    """Masks of 128 bits as hexadecimal digits: many readers of JSON have numbers of 53 bits."""
    if name in ("constellations", "codec_constellations"):
        return [f"{mask:032x}" for mask in value]
    return [int(one) for one in value] if isinstance(value, list | tuple) else int(value)
