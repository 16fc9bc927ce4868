"""Vectors of the sequences: read by what the manifest says alone, and as odd as they can be."""

import pytest

from sim.vectors import manifest as vectors
from sim.vectors import sequences as vectors_sequences
from tests.golden.bits.support import long_division
from tests.sim.vectors.support import arrays, entries


@pytest.fixture(scope="module")
def files():
    return vectors.make(kinds=["sequence"])


@pytest.fixture(scope="module")
def manifest(files):
    return entries(files)


#: Lists whose items are bits: a row has as many items as bits.
BITWISE = ("sign_pattern", "training_pattern")


def fixed(what, length, info):
    """Bits of what is no field, as docs/vectors.md has them; None: they are a field's."""
    if what == "frame sync":
        return [0, 1, 1, 1, 0, 0, 1, 0] if info else [1] * 17
    return {"start bit": [0], "fill bits": [int(info)] * length}.get(what)


def read(rows, bits, info):
    """Fields by ``rows``, the bits that the CRC is over, and those of the CRC."""
    found, covered, crc = {}, [], None
    for first, last, what, *item in rows:
        part = bits[first : last + 1]
        known = fixed(what, len(part), info)
        if what == "CRC":
            crc = part
        elif known:
            assert part == known
        else:
            covered += part
            for n, bit in enumerate(part):
                at = item[0] + n * (what in BITWISE) if item else None
                found.setdefault(what, {}).setdefault(at, []).append(bit)
    numbers = {
        what: {at: sum(bit << n for n, bit in enumerate(own)) for at, own in items.items()}
        for what, items in found.items()
    }
    assert not numbers.pop("reserved", {None: 0})[None]
    return (
        {
            what: items[None] if None in items else [items[at] for at in sorted(items)]
            for what, items in numbers.items()
        },
        covered,
        crc,
    )


def test_sequences_are_read_by_the_rows_in_the_manifest(files, manifest):
    """By nothing else of the project, the CRC included."""
    names = set()
    for name, entry in manifest.items():
        how, a = entry["parameters"], arrays(files, entry)
        bits = a["bits"].tolist()
        if "rows" not in how:
            assert bits == {"E": [1] * 20, "Jd-end": [0] * 12}[how["sequence"]]
            continue
        fields, covered, crc = read(how["rows"], bits, how["sequence"].startswith("INFO"))
        for masks in ("constellations", "codec_constellations"):
            if masks in fields:
                fields[masks] = [f"{mask:032x}" for mask in fields[masks]]
        assert fields == how["fields"], name
        assert crc == a["crc"].tolist() == long_division(covered)
        assert len(bits) % how["multiple"] == 0 and not any(bits[how["rows"][-1][1] + 1 :])
        names.add(how["sequence"])
    assert names == {
        "INFO0d",
        "INFO0a",
        "INFO1d",
        "INFO1a",
        "INFO1a for V.34",
        "Jd",
        "DIL descriptor",
        "CP",
        "MP",
    }


def test_odd_descriptors_are_there(manifest):
    asked = [
        entry["parameters"]["fields"]
        for entry in manifest.values()
        if entry["parameters"]["sequence"] == "DIL descriptor"
    ]
    assert {0, 1, 255} <= {fields["segments"] for fields in asked}
    for name in ("sign_length", "training_length"):
        assert {0, 127} <= {fields[name] for fields in asked}
    mps = [
        entry["parameters"]["fields"]
        for name, entry in manifest.items()
        if name.startswith("sequence/MP")
    ]
    assert {(m["type"], m["acknowledge"]) for m in mps} == {(0, 0), (0, 1), (1, 0), (1, 1)}
    cps = [
        entry["parameters"]["fields"]
        for entry in manifest.values()
        if entry["parameters"]["sequence"] == "CP"
    ]
    assert {len(c["constellations"]) for c in cps} >= {1, 2, 3, 6}
    assert {(c["type"], c["silence"], c["acknowledge"]) for c in cps} >= {
        (0, 0, 0),
        (1, 0, 0),
        (1, 0, 1),
        (1, 1, 0),
        (1, 1, 1),
    }
    assert any(c["codec_differs"] for c in cps) and any(c["drn"] == 0 for c in cps)


def test_descriptors_are_the_same_again():
    descriptors = dict(vectors_sequences.descriptors())
    assert len(descriptors) == 8 and descriptors == dict(vectors_sequences.descriptors())
