"""Golden vectors for other implementations: NPZ for NumPy, hex for $readmemh, and a manifest.

Every vector is a set of arrays of integers. They are the same on every run: seeds are in the
manifest, and archives carry no time. docs/vectors.md says how they are used. ``manifest.json`` has

``version, project``
    The set's own (:data:`FORMAT_VERSION`), and the project that made it.
``contents``
    A hash that two sets with the same vectors have in common (:func:`contents`).
``vectors``
    A list; each entry suffices to read its vector alone:

    ``name, clause, description``
        The vector, and the clause of the Recommendation that defines it.
    ``parameters, seed``
        Mapping parameters as `v90` reads them, fields of a sequence, or the block's own. The seed
        is null if nothing is random.
    ``file, sha256``
        The archive with all its arrays, and the SHA-256 of its octets.
    ``arrays``
        For each array its ``role`` (in, between or out), ``meaning``, ``shape``, number format
        (``signed``, ``width`` in bits, of which ``fraction`` are after the point), and the
        ``file`` and ``sha256`` of its hex form: one word a line, two's complement, last axis
        fastest.
"""

import hashlib
import json
from collections import Counter

from golden import __version__
from sim.vectors import (
    format as vectors_format,
)
from sim.vectors import (
    pcm,
    sequences,
    training,
)
from sim.vectors import (
    receiver as vectors_receiver,
)

#: The set's version, "major.minor". A vector or key that was there and changes, or goes, raises
#: the major number; one that is added, the minor one.
FORMAT_VERSION = "1.0"

#: Kinds of vectors, with which their names begin, and the functions that make them.
GROUPS = {
    "g711": pcm.table_vectors,
    "scrambler": pcm.scrambler_vectors,
    "modulus": pcm.modulus_vectors,
    "signs": pcm.sign_vectors,
    "shaper": pcm.shaper_vectors,
    "encoder": pcm.encoder_vectors,
    "decoder": pcm.decoder_vectors,
    "hdlc": pcm.hdlc_vectors,
    "sequence": sequences.sequence_vectors,
    "signal": training.signal_vectors,
    "receiver": vectors_receiver.receiver_vectors,
    "equalizer": vectors_receiver.equalizer_vectors,
    "call": vectors_receiver.call_vectors,
}


def make(progress=None, kinds=None):
    """All files of ``kinds``, None: of all; a dict of relative path to bytes, the manifest last.

    ``progress(done, total)`` counts vectors; their total, None, is not known beforehand.
    """
    files, entries = {}, []
    for kind in kinds or GROUPS:
        for vector in GROUPS[kind]():
            if progress:
                progress(len(entries), None)
            entries.append(vectors_format.entry(vector, files))
    head = {
        "version": FORMAT_VERSION,
        "project": f"v90-gateware {__version__}",
        "contents": contents(entries),
    }
    # An entry has a line: a change between two sets is a line of a diff.
    lines = ",\n".join(json.dumps(entry) for entry in entries)
    text = f'{json.dumps(head)[:-1]}, "vectors": [\n{lines}\n]}}\n'
    files["manifest.json"] = text.encode()
    return files


def contents(entries):
    """SHA-256 (hexadecimal) of the contents of ``entries``: sentences and archives are left out."""
    said = [
        [
            entry["name"],
            entry["parameters"],
            entry["seed"],
            [
                [
                    name,
                    array["role"],
                    array["shape"],
                    array["signed"],
                    array["width"],
                    array["fraction"],
                    array["sha256"],
                ]
                for name, array in entry["arrays"].items()
            ],
        ]
        for entry in entries
    ]
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def table(entries):
    """A Markdown table of the kinds in ``entries``, with their inputs and outputs."""
    kinds = Counter(entry["name"].split("/")[0] for entry in entries)
    rows = ["| kind | vectors | clause | in | between | out |", "| --- " * 6 + "|"]
    for kind, count in kinds.items():
        own = [entry for entry in entries if entry["name"].startswith(kind + "/")]
        clauses = dict.fromkeys(part for entry in own for part in entry["clause"].split(", "))
        roles = {role: {} for role in ("in", "between", "out")}
        for entry in own:
            for name, array in entry["arrays"].items():
                roles[array["role"]][f"`{name}`"] = None
        cells = [f"`{kind}`", str(count), ", ".join(clauses), *map(", ".join, roles.values())]
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows) + "\n"
