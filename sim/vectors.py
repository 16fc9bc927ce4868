"""Golden vectors for other implementations: NPZ for NumPy, hex for $readmemh, and a manifest.

Every vector is a set of arrays of unsigned integers. They are the same on every run: seeds are in
the manifest, and archives carry no time. ``manifest.json`` lists the vectors; each entry has

``name, clause, description``
    What it is, and where the Recommendation defines it.
``parameters, seed``
    What it was made with: mapping parameters as `v90` reads them, or the block's own; seed is null
    where nothing is random.
``file, sha256``
    The archive with all its arrays, and the SHA-256 of its octets.
``arrays``
    For each array its ``shape``, ``width`` in bits, and the ``file`` and ``sha256`` of its hex
    form: one word a line, last axis fastest.
"""

import hashlib
import io
import json
import math
import os
import secrets
import shutil
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from golden import crc, g711, hdlc
from golden.encoder import Encoder
from golden.errors import V90Error
from golden.mapper import Mapper
from golden.modulus import ModulusEncoder
from golden.parameters import DELAY_FRAMES, INTERVALS, TYPES, MappingParameters, rate_table
from golden.scrambler import GPA, GPC, Scrambler
from golden.shaper import Shaper
from golden.signs import DifferentialEncoder

#: Data frames in an encoder vector and in a shaper vector.
ENCODER_FRAMES = 24
SHAPER_FRAMES = 48

#: The shaper vectors' filters, a1 a2 b1 b2 in Q1.6: one pole at z = 1; two poles and a zero; all
#: four with fractions.
FILTERS = {"dc": (64, 0, 0, 0), "double": (64, 60, -64, 0), "full": (61, -37, 23, -65)}

#: M0 to M5 of the modulus vectors: equal, different, the extremes, and one that carries all.
MODULI = ((64,) * 6, (29, 28, 31, 30, 27, 32), (1, 128, 1, 128, 1, 128), (128, 1, 1, 1, 1, 2))


@dataclass(frozen=True)
class Vector:
    """One vector; ``arrays``: name to ``(array of unsigned integers, width in bits)``."""

    name: str
    clause: str
    description: str
    parameters: dict
    seed: int | None
    arrays: dict


def _seed(name):
    """A vector's seed depends on its name alone, so that adding one changes no other."""
    return zlib.crc32(name.encode())


def _random(name):
    seed = _seed(name)
    return seed, np.random.default_rng(seed)


def _bits(rng, *shape):
    return rng.integers(0, 2, shape, np.uint8)


def _some_parameters(kind, k, s, drn, rng):
    """Random parameters with this K and S: six constellations, sizes from the least on."""
    least = math.ceil(2 ** (k / INTERVALS))
    sizes = rng.integers(least, min(128, least + 8) + 1, INTERVALS)
    constellations = [np.sort(rng.choice(128, size, replace=False)).tolist() for size in sizes]
    sr = INTERVALS - s
    return MappingParameters.from_dict({
        "type": kind, "drn": drn, "sr": sr, "ld": int(rng.integers(0, 4)) if sr else 0,
        "law": g711.LAWS[int(rng.integers(0, 2))],
        "a1": 1.0 if sr else 0.0, "a2": 0.0, "b1": 0.0, "b2": 0.0,
        "interval_constellation": list(range(INTERVALS)), "constellations": constellations,
    })  # fmt: skip


def encoder_vector(name, parameters, seed, rng):
    """Bits to octets with everything between, from the initial state of 8.6.1."""
    p = parameters
    bits = _bits(rng, ENCODER_FRAMES * p.data_bits)
    # With look-ahead the last signs depend on what follows; ones do, as from an empty queue.
    sent = np.concatenate([bits, np.ones(DELAY_FRAMES * p.data_bits, np.uint8)])
    scrambled = Scrambler(GPC).process(sent).reshape(-1, p.data_bits)
    numbers = scrambled[:, p.s :].astype(np.int64) @ (np.int64(1) << np.arange(p.k))
    labels = ModulusEncoder(p.moduli).process(numbers)
    ucodes = Mapper(p.intervals).process(labels)
    initial = DifferentialEncoder(p.sr).process(scrambled[:, : p.s].reshape(-1))
    octets = Encoder(p).process(sent)[: ENCODER_FRAMES * INTERVALS].reshape(-1, INTERVALS)
    frames = slice(0, ENCODER_FRAMES)
    return Vector(
        name, "5.4", "data bits to octets, and every value between; a row is a data frame",
        p.to_dict(), seed,
        {
            "bits": (bits.reshape(-1, p.data_bits), 1),
            "scrambled": (scrambled[frames], 1),
            "numbers": (numbers[frames], p.k),
            "labels": (labels[frames], 7),
            "ucodes": (ucodes[frames], 7),
            "initial_signs": (initial.reshape(-1, INTERVALS)[frames], 1),
            "signs": (g711.sign(octets), 1),
            "octets": (octets, 8),
        },
    )  # fmt: skip


def encoder_vectors():
    """One for every K and S of Table 2 and Table 17."""
    for kind in TYPES:
        for k, s, _, drn in rate_table(kind):
            name = f"encoder/{kind}-K{k:02}-S{s}"
            seed, rng = _random(name)
            yield encoder_vector(name, _some_parameters(kind, k, s, drn, rng), seed, rng)


def shaper_vectors():
    """Every Sr and ld with each of ``FILTERS``."""
    ucodes = np.arange(40, 100, 2)
    for sr in (1, 2, 3):
        for ld in range(4):
            for title, (a1, a2, b1, b2) in FILTERS.items():
                name = f"shaper/Sr{sr}-ld{ld}-{title}"
                seed, rng = _random(name)
                count = SHAPER_FRAMES * INTERVALS
                # The look-ahead of the last frame is over what follows it, not over nothing.
                ahead = count + DELAY_FRAMES * INTERVALS
                t = _bits(rng, ahead)
                linear = g711.linear(rng.choice(ucodes, ahead), "mu")
                signs = Shaper(sr, ld, a1, a2, b1, b2).process(t, linear)[:count]
                yield Vector(
                    name, "5.4.5.5",
                    "initial signs t and linear values to signs; the last "
                    f"{DELAY_FRAMES} data frames are look-ahead only",
                    {"sr": sr, "ld": ld, "a1": a1 / 64, "a2": a2 / 64, "b1": b1 / 64,
                     "b2": b2 / 64},
                    seed,
                    {"initial_signs": (t, 1), "linear": (linear, 15), "signs": (signs, 1)},
                )  # fmt: skip


def sign_vectors():
    """The differential encoder for every Sr."""
    for sr in range(4):
        name = f"signs/Sr{sr}"
        seed, rng = _random(name)
        bits = _bits(rng, 64, INTERVALS - sr)
        out = DifferentialEncoder(sr).process(bits.reshape(-1)).reshape(-1, INTERVALS)
        yield Vector(
            name, "5.4.5.1 to 5.4.5.4",
            "sign input bits to the signs (Sr = 0) or initial signs t; a row is a data frame",
            {"sr": sr}, seed, {"bits": (bits, 1), "initial_signs": (out, 1)},
        )  # fmt: skip


def modulus_vectors():
    """R0 to labels for each of ``MODULI``: the smallest, the largest and random numbers."""
    for moduli in MODULI:
        name = "modulus/" + "-".join(map(str, moduli))
        seed, rng = _random(name)
        k = (math.prod(moduli)).bit_length() - 1
        numbers = np.concatenate([[0, 1, (1 << k) - 1], rng.integers(0, 1 << k, 125)])
        yield Vector(
            name, "5.4.3", "R0 to the labels K0 to K5; a row is a data frame",
            {"k": k, "moduli": list(moduli)}, seed,
            {"numbers": (numbers, max(k, 1)),
             "labels": (ModulusEncoder(moduli).process(numbers), 7)},
        )  # fmt: skip


def scrambler_vectors():
    """Both polynomials, from a state of zeros and from another."""
    for title, polynomial in (("GPC", GPC), ("GPA", GPA)):
        for initial in (0, 0x2B5A71):
            name = f"scrambler/{title}-{initial:06x}"
            seed, rng = _random(name)
            bits = np.concatenate([np.ones(128, np.uint8), _bits(rng, 896)])
            yield Vector(
                name, "5.3 and 6.5 (clause 7/V.34)",
                "128 ones and random bits, scrambled; bit i of the initial state is the line's bit "
                "i + 1 before the first",
                {"polynomial": list(polynomial), "initial": initial}, seed,
                {"bits": (bits, 1),
                 "scrambled": (Scrambler(polynomial, initial).process(bits), 1)},
            )  # fmt: skip


def hdlc_vectors():
    """Frames to bits."""
    cases = {"ones": b"\xff" * 32, "flags": b"\x7e" * 32, "zeros": bytes(32)}
    name = "hdlc/random"
    seed, rng = _random(name)
    cases["random"] = rng.bytes(128)
    for title, frame in cases.items():
        framer = hdlc.Framer()
        bits = framer.process([frame])
        yield Vector(
            f"hdlc/{title}", "8.1.1/V.42",
            "a frame's octets, its FCS as two octets, and the bits between and with its flags",
            {}, seed if title == "random" else None,
            {"octets": (np.frombuffer(frame, np.uint8), 8),
             "fcs": (np.frombuffer(crc.fcs(frame), np.uint8), 8), "bits": (bits, 1)},
        )  # fmt: skip


def table_vectors():
    """Table 1: octets and linear values of all Ucodes."""
    ucodes = np.arange(128)
    for law in g711.LAWS:
        yield Vector(
            f"g711/{law}", "Table 1", "octet (positive sign) and linear value of each Ucode",
            {"law": law}, None,
            {"octets": (g711.octet(ucodes, 1, law), 8), "linear": (g711.linear(ucodes, law), 15)},
        )  # fmt: skip


GROUPS = (
    table_vectors, scrambler_vectors, modulus_vectors, sign_vectors, shaper_vectors, hdlc_vectors,
    encoder_vectors,
)  # fmt: skip


def npz(arrays):
    """An .npz archive (bytes) that depends on nothing but ``arrays`` (name to array)."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name, array in arrays.items():
            member = io.BytesIO()
            np.lib.format.write_array(member, np.ascontiguousarray(array), (1, 0), False)
            entry = zipfile.ZipInfo(f"{name}.npy")  # its time is 1980
            entry.create_system = 3
            archive.writestr(entry, member.getvalue())
    return out.getvalue()


def hex_words(array, width):
    """Text for $readmemh: one word of ``width`` bits a line, last axis fastest."""
    digits = (width + 3) // 4
    return "".join(f"{int(word):0{digits}x}\n" for word in np.ravel(array)).encode()


def _smallest(array, width):
    kinds = (np.uint8, np.uint16, np.uint32, np.uint64)
    if array.size and (int(array.min()) < 0 or int(array.max()) >> width):
        raise ValueError(f"{array.min()} to {array.max()} do not fit {width} bits")
    return array.astype(next(kind for kind in kinds if np.iinfo(kind).bits >= width), order="C")


def make(progress=None):
    """All files: a dict of relative path to bytes, ``manifest.json`` last.

    ``progress(done, total)`` counts vectors; their total, None, is not known beforehand.
    """
    files, entries = {}, []
    for group in GROUPS:
        for vector in group():
            if progress:
                progress(len(entries), None)
            entries.append(_entry(vector, files))
    text = json.dumps({"vectors": entries}, indent=1) + "\n"
    files["manifest.json"] = text.encode()
    return files


def _entry(vector, files):
    def add(name, content):
        files[name] = content
        return {"file": name, "sha256": hashlib.sha256(content).hexdigest()}

    arrays = {name: (_smallest(a, width), width) for name, (a, width) in vector.arrays.items()}
    archive = npz({name: array for name, (array, _) in arrays.items()})
    return {
        "name": vector.name,
        "clause": vector.clause,
        "description": vector.description,
        "parameters": vector.parameters,
        "seed": vector.seed,
        **add(f"{vector.name}.npz", archive),
        "arrays": {
            name: {
                "shape": list(array.shape),
                "width": width,
                **add(f"{vector.name}.{name}.hex", hex_words(array, width)),
            }
            for name, (array, width) in arrays.items()
        },
    }


def write(folder, files, force=False):
    """Write files (relative path to bytes) into ``folder``, all of them or none.

    Raises :class:`~golden.errors.V90Error` when the folder is there and not empty, unless
    ``force``; then files of the same name are replaced and others stay.
    """
    check_folder(folder, force)
    folder = Path(folder)
    exists = folder.is_dir()
    work = (folder if exists else folder.absolute().parent) / f".v90-{secrets.token_hex(8)}"
    work.mkdir()
    try:
        for name, content in files.items():
            (work / name).parent.mkdir(parents=True, exist_ok=True)
            (work / name).write_bytes(content)
        if not exists:
            work.rename(folder)
            return
        for name in files:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            os.replace(work / name, folder / name)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def check_folder(folder, force=False):
    """Raise :class:`~golden.errors.V90Error` where :func:`write` would."""
    folder = Path(folder)
    if folder.exists() and not folder.is_dir():
        raise V90Error(f"{folder} is no folder")
    if folder.is_dir() and not force and any(folder.iterdir()):
        raise V90Error(f"{folder} is not empty; --force writes into it all the same")
