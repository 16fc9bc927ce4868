"""PLLs of the iCE40 within its ranges, and the reset that lasts until clock and memories are there.

The ECP5's are in test_build.
"""

import gc

import pytest
from amaranth.hdl import Module, ResetSignal, Signal
from amaranth.sim import Simulator

from boards.build import clocks
from boards.build.catalogue import BOARDS

#: Upper ends, in MHz, of the phase detector's frequencies for FILTER_RANGE 1 and on, from Lattice's
#: TN1251.
FILTERS = (17, 26, 44, 66, 101, 133)


@pytest.mark.parametrize("own, made", clocks.ICE40)
def test_plls_of_an_ice40(own, made):
    """FEEDBACK_PATH is SIMPLE: the oscillator is the input, times DIVF + 1, by DIVR + 1."""
    settings = clocks.ICE40[own, made]
    detector = own / (settings["DIVR"] + 1)
    oscillator = detector * (settings["DIVF"] + 1)
    assert 10 <= detector <= 133 and 533 <= oscillator <= 1066
    assert oscillator / 2 ** settings["DIVQ"] == pytest.approx(made, rel=1e-12)
    assert settings["FILTER_RANGE"] == 1 + sum(detector >= end for end in FILTERS[:-1])


def test_every_top_has_its_clock():
    """The board's own, or one that a PLL makes of it."""
    for board in BOARDS.values():
        own = board.platform().default_clk_frequency
        table = clocks.ICE40 if board.family == "up5k" else clocks.ECP5
        for options in board.tops.values():
            made = options["frequency"]
            assert made == own or (own / 1e6, made / 1e6) in table


@pytest.mark.filterwarnings("ignore::amaranth.hdl.UnusedElaboratable")
@pytest.mark.parametrize("pll", ["_ice40_pll", "_ecp5_pll"])
def test_reset_lasts_until_the_pll_has_locked_and_memories_can_be_read(pll, monkeypatch):
    """15 us of a clock that is there, whether the lock comes at once or late."""
    clock, lock = Signal(), Signal()
    monkeypatch.setattr(clocks, pll, lambda *_: (clock, lock))
    name, frequency = ("icebreaker", 24e6) if pll == "_ice40_pll" else ("ulx3s", 50e6)
    platform = BOARDS[name].platform()
    m = Module()
    platform.request = lambda *_, **__: None
    constrained = []
    platform.add_clock_constraint = lambda signal, hertz: constrained.append((signal, hertz))
    clocks.add_clock(m, platform, frequency)
    assert len(constrained) == 1 and constrained[0][0] is clock and constrained[0][1] == frequency
    reset = Signal()
    m.d.comb += reset.eq(ResetSignal("sync"))

    async def bench(context):
        async def cycles(count):
            for _ in range(count):
                context.set(clock, 1)
                await context.delay(1e-9)
                context.set(clock, 0)
                await context.delay(1e-9)

        await cycles(3 * round(15e-6 * frequency))
        assert context.get(reset), "no lock yet"
        context.set(lock, 1)
        await cycles(round(15e-6 * frequency) - 1)
        assert context.get(reset), "too early for the memories"
        await cycles(6)
        assert not context.get(reset)

    simulator = Simulator(m)
    simulator.add_testbench(bench)
    simulator.run()
    gc.collect()
