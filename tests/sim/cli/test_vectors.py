"""`v90 vectors`."""

import json

import pytest

import v90
from sim.vectors import manifest as vectors


def test_vectors_writes_a_folder(place, monkeypatch):
    monkeypatch.setattr(vectors, "GROUPS", {"shaper": vectors.GROUPS["shaper"]})
    assert v90.main(["vectors", "-o", "v"]) == 0
    manifest = json.loads((place / "v" / "manifest.json").read_text())
    assert all((place / "v" / entry["file"]).is_file() for entry in manifest["vectors"])
    assert len(manifest["vectors"]) == 36


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["vectors"], "required: -o/--output"),
        (["vectors", "-o", "."], "not empty; --force"),
        (["vectors", "-o", "data"], "data is no folder"),
        (["vectors", "-o", "no/new"], "there is no folder"),
    ],
)
def test_bad_arguments(fails, arguments, sentence):
    assert sentence in fails(2, *arguments)
