"""The form of a golden vector: arrays with their number formats, and the files that hold them.

The vectors themselves are in :mod:`sim.vectors.manifest`.
"""

import hashlib
import io
import zipfile
import zlib
from dataclasses import dataclass

import numpy as np

from golden.formats import Q

#: The role of an array for somebody who checks an own modem: an input, a value in between, or the
#: output that must come.
IN, BETWEEN, OUT = "in", "between", "out"

#: The formats of bits and signs, labels and Ucodes, and octets.
BIT, SEVEN, OCTET = Q(0, 1, 0), Q(0, 7, 0), Q(0, 8, 0)


def whole(width):
    """The format of integers from 0 on with so many bits."""
    return Q(0, width, 0)


@dataclass(frozen=True)
class Array:
    """``values``, integers of ``form`` (:class:`~golden.formats.Q`) in any shape.

    ``role`` is IN, BETWEEN or OUT, ``meaning`` what they are and along which axes.
    """

    role: str
    values: np.ndarray
    form: Q
    meaning: str


@dataclass(frozen=True)
class Vector:
    """One vector; ``name`` is its kind, a slash, and which; ``arrays``: name to :class:`Array`."""

    name: str
    clause: str
    description: str
    parameters: dict
    seed: int | None
    arrays: dict


def random_of(name):
    """A vector's seed and generator: its name's alone, so that adding one changes no other."""
    seed = zlib.crc32(name.encode())
    return seed, np.random.default_rng(seed)


def random_bits(rng, *shape):
    """Bits (uint8) of that shape."""
    return rng.integers(0, 2, shape, np.uint8)


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
    """Text for $readmemh: a word of ``width`` bits a line, two's complement, last axis fastest."""
    digits, mask = (width + 3) // 4, (1 << width) - 1
    return "".join(f"{int(word) & mask:0{digits}x}\n" for word in np.ravel(array)).encode()


def smallest(array, form):
    """``array`` in the smallest type that holds ``form``; ValueError where it does not fit."""
    array = np.atleast_1d(array)
    if array.size and (int(array.min()) < form.min or int(array.max()) > form.max):
        raise ValueError(f"{array.min()} to {array.max()} do not fit {form}")
    kind = next(kind for kind in (8, 16, 32, 64) if kind >= form.width)
    return array.astype(f"{'ui'[form.signed]}{kind // 8}", order="C")


def entry(vector, files):
    """The manifest's entry of a vector, whose files are added to ``files`` (name to bytes)."""

    def add(name, content):
        files[name] = content
        return {"file": name, "sha256": hashlib.sha256(content).hexdigest()}

    stored = {name: smallest(a.values, a.form) for name, a in vector.arrays.items()}
    return {
        "name": vector.name,
        "clause": vector.clause,
        "description": vector.description,
        "parameters": vector.parameters,
        "seed": vector.seed,
        **add(f"{vector.name}.npz", npz(stored)),
        "arrays": {
            name: {
                "role": a.role,
                "meaning": a.meaning,
                "shape": list(stored[name].shape),
                "signed": bool(a.form.signed),
                "width": a.form.width,
                "fraction": a.form.fraction,
                **add(f"{vector.name}.{name}.hex", hex_words(stored[name], a.form.width)),
            }
            for name, a in vector.arrays.items()
        },
    }
