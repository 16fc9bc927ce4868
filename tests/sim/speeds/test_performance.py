"""Measurements of `make bench`: speeds, tables, the document and when it is written."""

import os
import time

import numpy as np
import pytest

from golden.errors import V90Error
from sim.engines import measuring
from sim.engines.measuring import Block, Simulated, Speed, Timed
from sim.figures.row import Row
from sim.speeds import (
    benchmark,
    growth,
    performance,
    profiling,
)
from sim.speeds import (
    pcm as speeds_pcm,
)
from sim.speeds import (
    receiver as speeds_receiver,
)
from sim.speeds.performance import PageSection, Plot, Table, told

BLOCKS = {block.name: block for block in speeds_pcm.PCM_BLOCKS + speeds_receiver.RECEIVER_BLOCKS}


# --- Measuring -----------------------------------------------------------------------------------


def test_the_best_of_all_runs_counts(monkeypatch):
    clock = iter([0, 0, 5, 5, 7, 7, 10, 10])
    monkeypatch.setattr(measuring.time, "process_time", lambda: next(clock))
    results = iter("abc")
    spent = measuring.best(lambda: next(results), repeats=3)
    assert (spent.seconds, spent.result) == (2, "b")


def test_what_is_short_is_measured_longer():
    runs = []
    measuring.best(lambda: runs.append(0), repeats=2, least=0.01)
    assert len(runs) > 2


def test_a_busy_machine_is_told():
    assert measuring.busy(1.0, 2) is None
    assert "load 1.01 on 2 cores" in measuring.busy(1.01, 2)
    assert os.cpu_count() and "cores, load" in measuring.machine()


def test_multiples_are_of_all_channels_in_sum():
    block = Block(
        "made up",
        lambda n: (lambda: time.sleep(0), n * 8000),
        lambda n: Simulated(lambda: 24_000 * n, n * 8000),
        (1, 8),
    )
    speed = measuring.measure(block, (1, 8, 64))
    assert set(speed.golden) == {1, 8, 64} and set(speed.gateware) == {1, 8}
    assert {cycles for cycles, _ in speed.cycles.values()} == {3.0}
    assert measuring.times(16_000, 4.0) == 0.5
    alone = measuring.measure(Block("alone", block.golden, single=True), (1, 8))
    assert set(alone.golden) == {1} and alone.gateware == {}


@pytest.mark.parametrize(
    "name, cycles",
    [
        ("scrambler", 42 + 3),
        ("DIL averaging", 6 * 9),
        ("sequences: framer, MP", measuring.example("45333").data_bits),
    ],
)
def test_blocks_take_the_cycles_that_they_say(name, cycles):
    """A data frame: its 42 bits and 3; 9 a decision, of at most 16; a bit a cycle."""
    speed = measuring.measure(BLOCKS[name], (1,))
    found, _ = speed.cycles[1]
    assert found * 6 == pytest.approx(cycles, rel=0.01)
    assert speed.golden[1] > 0


def test_every_block_has_golden_for_its_channels():
    for block in BLOCKS.values():
        function, symbols = block.golden(1)
        assert callable(function) and symbols > 0, block.name
        assert block.gateware is not None and 1 in block.channels, block.name
    # A receiver's blocks have one line; what has a bank is measured with many.
    assert {block.channels for block in BLOCKS.values()} == {(1,), measuring.CHANNELS}


def test_the_methods_of_several_are_added_up(monkeypatch):
    monkeypatch.setattr(measuring.time, "process_time", iter(range(100)).__next__)

    class Thing:
        def work(self, x, more=0):
            return x + more

    timed, things = Timed(), (Thing(), Thing())
    for thing in things:
        timed.wrap("both", thing, "work")
    assert things[0].work(1, more=2) == 3 and things[1].work(4) == 4
    assert timed.spent == {"both": 2}


def test_profiles_name_nothing_of_this_machine():
    rows = profiling.profile(lambda: speeds_pcm.encoding("45333", 1, 20)[0]())
    assert len(rows) == profiling.PROFILED_FUNCTIONS and sum(share for *_, share in rows) <= 1
    assert any(name.startswith("golden/pcm/shaper.py: ") for name, *_ in rows)
    assert not any(name.startswith("/") for name, *_ in rows)


def test_a_start_up_comes_to_data_or_is_not_measured(monkeypatch):
    monkeypatch.setattr(growth, "START_UP", 0.2)
    with pytest.raises(AssertionError, match="came to no data"):
        growth.start_up(1)


# --- The document --------------------------------------------------------------------------------


def test_numbers_have_three_digits():
    assert [told(x) for x in (0.0, 0.01234, 1.0, 12.34, 123.4, 12345.6)] == [
        "0",
        "0.0123",
        "1.00",
        "12.3",
        "123",
        "12346",
    ]
    assert [told(x) for x in (None, 7, "a|b")] == ["", "7", "a\\|b"]
    assert told(99.96) == "100"


def test_a_table_is_markdown():
    table = Table(("what", "times"), [("one", 1.5), ("two", None)])
    assert table.lines() == ["| what | times |", "| --- | ---: |", "| one | 1.50 |", "| two |  |"]
    with pytest.raises(ValueError, match="not as long"):
        Table(("what", "times"), [("one",)]).lines()


def test_a_block_without_a_bank_leaves_columns_empty():
    speed = Speed("decoder", {1: 5000.0, 8: 6000.0, 64: 7000.0}, {1: 200.0}, {1: (10.0, 16.0)})
    (row,) = performance.speeds_table([speed]).lines()[2:]
    assert row == "| decoder | 5000 | 6000 | 7000 | 200 |  |  | 10.0 | 16.0 |"


def test_cells_come_from_what_make_boards_wrote():
    tops, blocks = performance.resources((performance.DOCS / "resources.md").read_text())
    assert tops.headings[0] == "board" and blocks.headings[0] == "block"
    for table in (tops, blocks):
        fmax = table.headings.index("Fmax, MHz")
        assert table.rows and all(float(row[fmax]) > 1 for row in table.rows)
    with pytest.raises(V90Error, match="no table with Fmax"):
        performance.resources("| a | b |\n| --- | --- |\n| 1 | 2 |\n")


def sections():
    plot = Plot("growth", "channels", "ms", {"golden": [(1, 2.0), (64, 0.5)]})
    return [PageSection("Blocks", ["Some text.", Table(("a", "b"), [("x", 1.0)])], [plot])]


def test_the_document_says_when_it_was_busy():
    known = performance.facts((0.1, 0.2, 0.3), (1.0, 1.0, 1.0), 2, 90)
    quiet = performance.document(known, sections())
    for text in (
        "0.10, 0.20, 0.30",
        "1.5 minutes",
        "NumPy",
        "Amaranth",
        "yosys",
        "## Blocks",
        "![ms, by channels](growth.svg)",
        "Some text.",
    ):
        assert text in quiet
    assert "**" not in quiet
    assert "**It was busy.**" in performance.document(known, sections(), "It was busy.")


def test_the_same_document_is_the_same_files(tmp_path):
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        performance.write([("date", "today")], sections(), tmp_path / folder)
    files = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert files == ["growth.svg", "performance.md"]
    for name in files:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_a_run_that_is_cut_leaves_the_old_document(tmp_path, monkeypatch):
    old = tmp_path / "performance.md"
    old.write_text("old")

    def cut(show):
        show("blocks")
        raise KeyboardInterrupt

    monkeypatch.setattr(benchmark, "measure", cut)
    with pytest.raises(KeyboardInterrupt):
        benchmark.main(["--folder", str(tmp_path)])
    assert old.read_text() == "old" and list(tmp_path.iterdir()) == [old]


def test_a_picture_that_fails_leaves_the_old_document(tmp_path, monkeypatch):
    (tmp_path / "performance.md").write_text("old")

    def fail(plot, path):
        path.write_text("half")
        raise OSError("no room")

    monkeypatch.setattr(performance, "draw", fail)
    with pytest.raises(OSError, match="no room"):
        performance.write([], sections(), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["performance.md"]
    assert (tmp_path / "performance.md").read_text() == "old"


def test_a_whole_run_writes_and_tells(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(benchmark, "measure", lambda show: show("all") or sections())
    monkeypatch.setattr(benchmark.os, "getloadavg", lambda: (3.0, 2.0, 1.0))
    monkeypatch.setattr(benchmark.os, "cpu_count", lambda: 2)
    assert benchmark.main(["--folder", str(tmp_path)]) == 0
    written, printed = (tmp_path / "performance.md").read_text(), capsys.readouterr().out
    assert "busy with other work (load 3.00 on 2 cores)" in written
    assert "busy with other work" in printed and "## Blocks" in printed


def test_rates_stand_beside_their_bounds():
    values = {
        "law": "A",
        "network": "clean",
        "SNR": 40.0,
        "bound": 50666.7,
        "no margin": 49333.3,
        "rate": 46666.7,
        "bits": 1,
        "wrong": 0,
        "Sd to data s": 3.1,
    }
    (row,) = performance.rates([Row("codec", values)]).lines()[2:]
    assert row == "| codec | A | clean | 40.0 | 50667 | 49333 | 46667 | 3.10 | 0 |"


def test_growth_with_look_ahead_is_that_of_the_shapers():
    shapers = {
        f"shaper, Sr {sr}, ld {ld}": Speed(
            "", {1: 10.0, 64: 100.0 / (1 << ld)}, {1: 50.0}, {1: (12.0, 5.0)}
        )
        for sr in (1, 2, 3)
        for ld in range(4)
    }
    small = {
        "channels": [(1, 20.0, 10.0), (64, 400.0, None)],
        "taps": [(64, 32, 4.0, 50.0, 0.4, 500.0), (128, 64, 3.0, 20.0, None, None)],
        "lengths": [(1, 4000.0, 20.0, 4.0)],
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, rows in small.items():
            patch.setattr(growth, name, lambda rows=rows: rows)
        section = benchmark.growing(lambda what: None, shapers)
    plots = {plot.name.removeprefix("performance-"): plot.curves for plot in section.plots}
    assert plots["look-ahead"]["golden, 64"] == [(2, 10.0), (4, 20.0), (8, 40.0), (16, 80.0)]
    assert plots["taps"]["gateware"] == [(96, 2500.0)]
    assert plots["channels"]["gateware"] == [(1, 100.0)]
    assert np.allclose(plots["length"]["receive"], [(1, 0.25)])
    assert "| Sr 3 | 10.0 | 100 |" in performance.document([], [section])
