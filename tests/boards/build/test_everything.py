"""The document of what tops take, from results as the tools give them."""

import json
from xml.etree import ElementTree

import pytest

from boards.build import everything, parts


def netlist(path, names):
    """A netlist of look-up tables and registers with these names, and one cell that is neither."""
    cells = {name: {"type": "SB_LUT4" if n % 2 else "SB_DFFE"} for n, name in enumerate(names)}
    cells["component.a.other"] = {"type": "SB_CARRY"}
    path.write_text(json.dumps({"modules": {"top": {"cells": cells}}}))
    return path


def test_large_parts_are_listed_by_their_own(tmp_path):
    names = [f"component.a.x.cell{n}" for n in range(40)]
    names += [f"component.a.y$12.cell{n}" for n in range(25)] + [f"component.a.{n}" for n in "pqr"]
    names += [f"component.b.z.cell{n}" for n in range(30)] + ["component.c.tiny", "pin"]
    listed = parts.parts(netlist(tmp_path / "top.json", names), "up5k")
    assert listed == {"a.x": 40, "b": 30, "a.y": 25, "a": 3, "rest": 2}
    assert list(listed) == ["a.x", "b", "a.y", "a", "rest"]


@pytest.fixture
def results():
    rows = {"luts": [2735, None], "cells": [4222, 5280], "multipliers": [6, 8]}
    good = {
        "rows": rows,
        "reached": 24.816,
        "asked": 24.0,
        "failed": "",
        "seconds": {"synthesis": 31.2, "place and route": 80.0},
        "parts": {"encoder": 4000, "rest": 191},
    }
    bad = {**good, "failed": "does not fit", "seconds": {}, "parts": {}}
    return {"icebreaker-bank": good, "receiver-up5k": good, "ulx3s-bank": bad}


def test_the_document_is_what_was_measured(results, tmp_path, monkeypatch):
    for name in ("DOCUMENT", "SHARES_PICTURE", "PARTS_PICTURE"):
        monkeypatch.setattr(everything, name, tmp_path / getattr(everything, name).name)
    everything.write_document(results)
    text = everything.DOCUMENT.read_text()
    row = "4222 of 5280 | 2735 |  | 6 of 8 |  |  | 24.82 | 24 | 111 |\n"
    assert f"| icebreaker | bank | up5k | {row}" in text and f"| receiver | up5k | {row}" in text
    assert "| ulx3s | bank | ecp5-85 | 4222 of 5280 |" in text
    assert "| does not fit | 24 |  |\n" in text
    before = [path.read_bytes() for path in (everything.SHARES_PICTURE, everything.PARTS_PICTURE)]
    for content in before:
        assert ElementTree.fromstring(content).tag.endswith("svg")
    everything.write_document(results)
    assert before == [
        path.read_bytes() for path in (everything.SHARES_PICTURE, everything.PARTS_PICTURE)
    ]
