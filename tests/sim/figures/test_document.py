"""The tables of docs/figures.md come from what the commands wrote."""

import json

import pytest

from golden.errors import V90Error
from sim.figures import document


@pytest.fixture
def file(tmp_path, monkeypatch):
    """A file of one's own."""
    monkeypatch.setattr(document, "FILE", tmp_path / "figures.json")
    return tmp_path / "figures.json"


def test_sections_are_kept_beside_each_other(file):
    document.record("sweep", {"sets": 10, "frames": 32, "differ": 0})
    document.record(
        "figures", [{"title": "SNR", "met": 3, "of": 4, "worst": "lacks: 1", "at": "x"}]
    )
    document.record("sweep", {"sets": 20, "frames": 32, "differ": 1})
    assert set(json.loads(file.read_text())) == {"sweep", "figures"}
    assert document.figures()[2:] == ["| SNR | 3 of 4 | lacks: 1 (x) |"]
    assert "over 20 random parameter sets of 32 data frames: 1 differ" in document.sweep()[0]


def test_soaks(file):
    values = {
        "calls": 500,
        "seed": 7,
        "recovered": 476,
        "silent": 22,
        "lost": 2,
        "failed": 0,
        "away": "6.5",
        "recovery": "4.3",
        "slowest": "26.4",
    }
    document.record("soak", values)
    document.record("soak with gateware", {**values, "calls": 50})
    assert document.soak()[2:] == [
        "| 500 from seed 7 | 476 | 22 | 2 | 0 | 6.5 | 4.3, at most 26.4 |",
        "| 50 from seed 7, gateware beside golden | 476 | 22 | 2 | 0 | 6.5 | 4.3, at most 26.4 |",
    ]


def test_nothing_was_measured(file):
    assert len(document.figures()) == len(document.soak()) == 2
    assert "have not been compared" in document.sweep()[0]


def test_there_is_no_such_folder(file, monkeypatch):
    monkeypatch.setattr(document, "FILE", file / "docs" / "figures.json")
    with pytest.raises(V90Error, match="there is no folder"):
        document.record("sweep", {})
