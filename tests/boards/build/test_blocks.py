"""Blocks alone: everything that goes in and out counts, and what the tools say is read."""

import numpy as np
import pytest
from amaranth.hdl import Module
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out
from amaranth.sim import Simulator

from boards.build import blocks, size, toolchain
from boards.build.blocks import Pins, route, write_block
from golden.errors import CallFailed


class Through(wiring.Component):
    """All inputs to outputs, a stream's too."""

    def __init__(self):
        super().__init__({"i": In(stream.Signature(5)), "a": In(3), "o": Out(9), "p": Out(1)})

    def elaborate(self, platform):
        m = Module()
        m.d.comb += [
            self.o.eq(self.i.payload * 8 + self.a),
            self.p.eq(self.i.valid),
            self.i.ready.eq(self.a[0]),
        ]
        return m


def test_two_pins_reach_every_input_and_see_every_output(rng):
    """The parity of all outputs is one cycle after the shift register, which has all inputs."""
    top = Pins(Through())
    host, answer = top.ports
    given = rng.integers(2, size=300)
    seen = []

    async def bench(context):
        for bit in given.tolist():
            context.set(host, bit)
            await context.tick()
            seen.append(context.get(answer))

    simulator = Simulator(top)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    # Of nine inputs each goes out once, and a[0] twice, as ready: the parity is that of all but
    # a[0]. Where it is in the register is Amaranth's matter.
    window = np.lib.stride_tricks.sliding_window_view(np.concatenate([np.zeros(9, int), given]), 9)
    window = window[: len(seen)]
    twice = np.array(seen) ^ (window.sum(axis=1) % 2)
    assert sum(np.array_equal(twice, window[:, n]) for n in range(9)) == 1


def test_a_count_is_that_of_the_block(tmp_path):
    texts = []
    for count in (None, 1, 3):
        write_block(tmp_path / str(count), "scrambler", count)
        texts.append((tmp_path / str(count) / "top.il").read_text())
    assert texts[0] == texts[1] != texts[2]


LOG = """Info: Device utilisation:
Info: \t         ICESTORM_LC:    4476/   5280    84%
Info: \t        ICESTORM_DSP:       9/      8   112%
Info: Max frequency for clock 'a': 40.00 MHz (PASS at 12.00 MHz)
Info: Max frequency for clock 'b': 30.00 MHz (PASS at 12.00 MHz)
{}"""
DONE = "Info: Routing complete.\n"


@pytest.fixture
def router(monkeypatch, tmp_path):
    """What nextpnr prints, and whether it fails; it keeps its arguments."""

    def put(printed, fails=False):
        def run(tool, arguments, folder, log):
            put.arguments = [tool, *arguments]
            (tmp_path / log).write_text(printed)
            if fails:
                raise CallFailed("nextpnr failed")
            return printed

        monkeypatch.setattr(toolchain, "run", run)
        return tmp_path

    return put


def test_the_slowest_clock_counts(router):
    folder = router(LOG.format(DONE))
    rows, reached = route(folder, "up5k", "mapper")
    assert rows == {"cells": (4476, 5280), "multipliers": (9, 8)} and reached == 30.0
    assert router.arguments[router.arguments.index("--seed") + 1] == str(toolchain.SEED)
    route(folder, "up5k", "receiver")
    seed = router.arguments[router.arguments.index("--seed") + 1]
    assert seed == str(blocks.SEEDS["receiver", "up5k"]) != str(toolchain.SEED)


def test_a_block_that_does_not_fit_has_no_clock(router):
    """Estimates before routing are none; a tool that fails for another reason is an error."""
    assert route(router(LOG.format("")), "up5k", "mapper")[1] is None
    rows, reached = route(router(LOG.format(""), fails=True), "up5k", "mapper")
    assert rows["multipliers"] == (9, 8) and reached is None
    with pytest.raises(CallFailed, match="nextpnr failed"):
        route(router("no table", fails=True), "up5k", "mapper")


@pytest.mark.parametrize("reached, status", [(13.5, 0), (None, 1)])
def test_make_size(reached, status, monkeypatch, capsys, tmp_path):
    written = []
    monkeypatch.setattr(size, "BUILD", tmp_path)
    monkeypatch.setattr(size, "write_block", lambda *given: written.append(given))
    monkeypatch.setattr(size, "synthesise", lambda folder, chip: {"luts": 115})
    monkeypatch.setattr(
        size, "route", lambda folder, chip, block: ({"cells": (9, 20), "ram": (1, None)}, reached)
    )
    words = ["size", "--block", "mapper", "--chip", "up5k", "--count", "4"]
    monkeypatch.setattr("sys.argv", words)
    assert size.main() == status
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert written == [(tmp_path / "up5k-mapper", "mapper", 4)]
    assert lines[:3] == [["luts", "115", "synthesised"], ["cells", "9", "of", "20"], ["ram", "1"]]
    assert lines[3] == (
        ["MHz", "13.5", "of", "12"] if reached else "mapper does not fit the up5k".split()
    )
    monkeypatch.setattr("sys.argv", [*words, "--synthesis"])
    monkeypatch.setattr(size, "route", None)
    assert size.main() == 0
