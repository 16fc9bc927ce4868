"""The golden vectors: complete, repeatable, and the same in every form."""

import hashlib
import io
import json

import numpy as np
import pytest

from golden.decoder import Decoder
from golden.parameters import TYPES, MappingParameters, rate_table
from golden.scrambler import Descrambler
from golden.signs import DifferentialDecoder
from sim import vectors


@pytest.fixture(scope="module")
def files():
    return vectors.make()


@pytest.fixture(scope="module")
def manifest(files):
    return {entry["name"]: entry for entry in json.loads(files["manifest.json"])["vectors"]}


def arrays(files, entry):
    with np.load(io.BytesIO(files[entry["file"]]), allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files}


def test_two_runs_are_equal(files):
    again = vectors.make()
    assert again.keys() == files.keys()
    assert all(again[name] == content for name, content in files.items())


def test_the_manifest_lists_every_file_with_its_hash(files, manifest):
    listed = {"manifest.json"}
    for entry in manifest.values():
        assert {"name", "clause", "description", "parameters", "seed", "arrays"} <= entry.keys()
        for item in (entry, *entry["arrays"].values()):
            assert hashlib.sha256(files[item["file"]]).hexdigest() == item["sha256"]
            listed.add(item["file"])
    assert listed == set(files)


def test_hex_and_archive_are_the_same(files, manifest):
    count = 0
    for entry in manifest.values():
        stored = arrays(files, entry)
        assert stored.keys() == entry["arrays"].keys()
        for name, item in entry["arrays"].items():
            lines = files[item["file"]].decode().splitlines()
            assert all(len(line) == (item["width"] + 3) // 4 for line in lines)
            words = np.array([int(line, 16) for line in lines], np.uint64).reshape(item["shape"])
            assert stored[name].dtype.kind == "u"
            assert np.array_equal(words, stored[name])
            assert not words.size or int(words.max()) < 1 << item["width"]
            count += words.size
    assert count > 100_000


def test_every_row_of_tables_2_and_17_is_there(manifest):
    wanted = {f"encoder/{kind}-K{k:02}-S{s}" for kind in TYPES for k, s, *_ in rate_table(kind)}
    assert wanted == {name for name in manifest if name.startswith("encoder/")}
    # Table 2 has drn 1 to 22 for each S, as far as K stays from 15 to 39; Table 17 likewise.
    assert len(wanted) == sum(len(rate_table(kind)) for kind in TYPES) > 150
    shapers = [name for name in manifest if name.startswith("shaper/")]
    assert len(shapers) == 3 * 4 * len(vectors.FILTERS)


def test_encoder_vectors_decode(files, manifest):
    for name, entry in manifest.items():
        if not name.startswith("encoder/"):
            continue
        p = MappingParameters.from_dict(entry["parameters"])
        a = arrays(files, entry)
        decoder = Decoder(p)
        assert np.array_equal(decoder.process(a["octets"].reshape(-1)), a["bits"].reshape(-1))
        assert decoder.illegal == 0
        assert (a["labels"] < np.array(p.moduli)).all()
        for interval, ucodes in enumerate(p.intervals):
            # Label 0 is the largest Ucode (5.4.4).
            table = np.array(ucodes[::-1])
            assert np.array_equal(table[a["labels"][:, interval]], a["ucodes"][:, interval])


def test_other_vectors_go_back_too(files, manifest):
    checked = 0
    for name, entry in manifest.items():
        a, how = arrays(files, entry), entry["parameters"]
        if name.startswith("scrambler/"):
            line = Descrambler(how["polynomial"], how["initial"])
            assert np.array_equal(line.process(a["scrambled"]), a["bits"])
        elif name.startswith("signs/"):
            decoder = DifferentialDecoder(how["sr"])
            assert np.array_equal(decoder.process(a["initial_signs"].ravel()), a["bits"].ravel())
        elif name.startswith("shaper/"):
            n = len(a["signs"])
            before = DifferentialDecoder(how["sr"]).process(a["initial_signs"][:n])
            assert np.array_equal(before, DifferentialDecoder(how["sr"]).process(a["signs"]))
        elif name.startswith("modulus/"):
            back, weight = 0, 1
            for i, modulus in enumerate(how["moduli"]):
                back = back + a["labels"][:, i].astype(np.uint64) * np.uint64(weight)
                weight *= modulus
            assert np.array_equal(back, a["numbers"])
        else:
            continue
        checked += 1
    assert checked == 4 + 4 + 36 + 4
