"""The document of what tops take, from results as the tools give them."""

import json
from xml.etree import ElementTree

import pytest

from boards.build import everything, parts, pictures
from boards.build.build import BuildResult
from boards.build.catalogue import BOARDS
from golden.errors import CallFailed, V90Error


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


@pytest.fixture
def drawn(monkeypatch):
    """Figures that pictures would save."""
    figures = []
    monkeypatch.setattr(pictures, "_save", lambda figure, path: figures.append(figure))
    return figures


def test_bars_are_shares_of_the_chip(drawn, results):
    """A kind of cell each; none for one without a total."""
    rows = {"luts": [9, None], "cells": [1320, 5280], "ram": [3, 30], "spram": [1, None]}
    pictures.draw_shares([("a", rows), ("b", {"cells": [5280, 5280]})], "x")
    (axes,) = drawn[0].axes
    bars = {one.get_label(): one for one in axes.containers}
    assert set(bars) == {"logic cells", "DSP", "block RAM", "SPRAM"}
    assert [bar.get_width() for bar in bars["logic cells"]] == [25.0, 100.0]
    assert [bar.get_width() for bar in bars["block RAM"]] == [10.0]
    assert not bars["SPRAM"].patches and not bars["DSP"].patches
    for at, bar in enumerate(bars["logic cells"]):
        assert abs(bar.get_y() + bar.get_height() / 2 - at) < 0.5
    assert [label.get_text() for label in axes.get_yticklabels()] == ["a", "b"]
    assert axes.yaxis_inverted() and axes.get_xlim() == (0, 100)


def test_bars_of_parts_are_their_cells(drawn):
    pictures.draw_parts([("one", {"x": 30, "rest": 4}), ("two", {"y": 7})], "x")
    for axes, wanted in zip(drawn[0].axes, ({"x": 30, "rest": 4}, {"y": 7}), strict=True):
        labels = [label.get_text() for label in axes.get_yticklabels()]
        assert dict(zip(labels, (bar.get_width() for bar in axes.patches), strict=True)) == wanted


@pytest.fixture
def world(monkeypatch, tmp_path):
    """`make boards` without tools: what is built is what ``world.made`` says of each top."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(everything, "RESULTS", tmp_path / "build" / "boards.json")
    for name in ("DOCUMENT", "SHARES_PICTURE", "PARTS_PICTURE"):
        monkeypatch.setattr(everything, name, tmp_path / getattr(everything, name).name)
    monkeypatch.setattr(everything, "ALONE", (("mapper", "up5k"),))
    few = {name: BOARDS[name] for name in ("icebreaker",)}
    monkeypatch.setattr(everything, "BOARDS", few)
    monkeypatch.setattr(everything.parts, "parts", lambda path, family: {"rest": 1})
    limits = {"tops": {"bank": {"icebreaker": {"luts": 10}}}, "blocks": {"mapper": {"up5k": {}}}}
    monkeypatch.setattr(everything.sizes, "ceilings", lambda: limits)

    def made(name, top):
        fast, luts = world.made.get(f"{name}-{top}", (30.0, 10))
        if fast is None:
            raise CallFailed("nextpnr failed")
        return BuildResult(name, top, None, {"luts": (luts, None)}, fast, 24.0, {"all": 1.0})

    def build(name, top, force, stage):
        stage("synthesis")
        work = tmp_path / "build" / f"{name}-{top}" / "work"
        work.mkdir(parents=True, exist_ok=True)
        (work / "top.json").write_text("{}")
        return made(name, top)

    def world(*words):
        monkeypatch.setattr("sys.argv", ["everything", *words])
        return everything.main()

    monkeypatch.setattr(everything, "build", build)
    monkeypatch.setattr(
        everything, "build_alone", lambda name, top: (made(name, top), tmp_path / "build")
    )
    world.made = {}
    return world


def test_all_tops_make_the_document(world, capsys):
    assert world() == 0 and everything.DOCUMENT.exists()
    results = json.loads(everything.RESULTS.read_text())
    assert set(results) == {"icebreaker-bank", "icebreaker-signals", "mapper-up5k"}
    assert results["icebreaker-bank"]["parts"] == {"rest": 1}
    assert "error" not in capsys.readouterr().err


@pytest.mark.parametrize(
    "made, sentence",
    [
        ((30.0, 11), "icebreaker-bank: luts 11, 10 allowed"),
        ((23.5, 10), "icebreaker-bank: 23.50 MHz, 24 asked"),
        ((None, 0), "icebreaker-bank: nextpnr failed"),
    ],
)
def test_what_fails_is_said_and_the_rest_is_built(world, capsys, made, sentence):
    world.made["icebreaker-bank"] = made
    assert world() == 1 and f"v90: error: {sentence}\n" in capsys.readouterr().err
    assert set(json.loads(everything.RESULTS.read_text())) > {"icebreaker-signals"}


def test_some_tops_keep_the_others_results(world, capsys):
    """The document waits until all were built once."""
    assert world("--only", "icebreaker-bank") == 0 and not everything.DOCUMENT.exists()
    assert "not all tops were built yet" in capsys.readouterr().err
    world.made["icebreaker-bank"] = (31.0, 9)
    assert world("--only", "icebreaker-signals", "mapper-up5k") == 0
    assert everything.DOCUMENT.exists()
    results = json.loads(everything.RESULTS.read_text())
    assert results["icebreaker-bank"]["reached"] == 30.0 and len(results) == 3
    # All of them begin anew.
    assert world() == 0
    assert json.loads(everything.RESULTS.read_text())["icebreaker-bank"]["reached"] == 31.0
    with pytest.raises(V90Error, match="there is no top toaster-bank"):
        world("--only", "toaster-bank")


@pytest.mark.parametrize("text", ["{", "[]"])
def test_results_that_are_none_are_said_before_work(world, text):
    everything.RESULTS.parent.mkdir()
    everything.RESULTS.write_text(text)
    with pytest.raises(V90Error, match="remove it and build all tops"):
        world("--only", "icebreaker-bank")
