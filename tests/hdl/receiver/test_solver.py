import numpy as np
import pytest
from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import connect, flipped

from golden.formats import SOLUTION
from golden.receiver import solver as golden
from golden.receiver.leastsquares import Correlator as Sums
from hdl.receiver.leastsquares import Correlator
from hdl.receiver.solver import Solver
from sim.engines.compare import ENGINES, compare
from sim.engines.gateware import Gateware
from tests.hdl.receiver.support import KINDS, any_line
from tests.hdl.support import (
    FULL_SPEED,
    IDLE_AND_STALL,
    WithMultiplier,
    patterns_of,
)


class Together(wiring.Component):
    """Items to taps."""

    def __init__(self, *size):
        self.sums, self.solver = WithMultiplier(Correlator(*size)), Solver(*size)
        members = self.solver.signature.members
        super().__init__(
            {"i": self.sums.signature.members["i"], "o": members["o"], "level": members["level"]}
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.sums, m.submodules.solver = self.sums, self.solver
        connect(m, flipped(self.i), self.sums.i)
        connect(m, self.sums.o, self.solver.i)
        connect(m, self.solver.o, flipped(self.o))
        m.d.comb += self.solver.level.eq(self.level)
        return m


def solved(matrix, forward, level):
    """Words of the gateware's Solver, by golden."""
    with np.errstate(over="ignore"):
        taps, drop, feedback, good = golden.Solver().process(matrix, forward, level)
    return np.concatenate([taps, feedback, [int(drop) | int(good) << 8]])


def solved_line(line, level):
    return solved(Sums().process(*line.windows()), line.forward, level)


@pytest.mark.parametrize(
    "engine, held", [*((engine, False) for engine in ENGINES), ("cxxrtl", True)]
)
def test_taps_equal_to_golden(engine, held, rng):
    lines = [any_line(rng, (8, 4), 200) for _ in range(40 if engine == "cxxrtl" else 2)]
    level = int(rng.integers(1, 1 << 15))
    compare(
        Solver(8, 4, held),
        {"i": np.concatenate([line.words() for line in lines])},
        {"o": np.concatenate([solved_line(line, level) for line in lines])},
        engine=engine,
        patterns=patterns_of(engine) if engine == "cxxrtl" else [IDLE_AND_STALL],
        reset_at=5000,
        cycles=2_000_000,
        waves={"level": level},
    )


@pytest.mark.parametrize(
    "size", [(4, 2), (6, 9), (16, 5), (30, 8), (64, 32), (64, 32, True)], ids=str
)
def test_every_kind_of_line(size, rng):
    gateware, size = Gateware(Solver(*size)), size[:2]
    clipped = 0
    for kind in KINDS:
        for _ in range(2 if size == (64, 32) else 10):
            count = int(rng.integers(max(32, sum(size)), 500))
            line = any_line(rng, size, count, kind)
            level = int(rng.integers(1, 1 << rng.integers(1, 16)))
            want = solved_line(line, level)
            result = gateware.run(
                {"i": line.words()}, {"o": len(want)}, cycles=1_000_000, waves={"level": level}
            )
            assert np.array_equal(result.outputs["o"], want), kind
            clipped += (np.abs(want[size[0] : -1]) >= 2**31 - 1).any()
    assert clipped


@pytest.mark.parametrize("held", [False, True])
def test_a_solution_takes_so_many_cycles(held, rng):
    """The longest stretch, of the receiver's size: 66 of the 100 data frames that there are."""
    line = any_line(rng, (64, 32), 3888, "channel")
    words, want = line.words(), solved_line(line, 3000)
    assert want[-1] >> 8
    (result,) = compare(
        Solver(held=held),
        {"i": words},
        {"o": want},
        patterns=[FULL_SPEED],
        cycles=700_000,
        waves={"level": 3000},
    )
    assert result.given["o"][-1] - result.taken["i"][0] < (605_000 if held else 590_000)


def test_correlator_and_solver_together(rng):
    """At the Correlator's pace, which gives a word every 3 cycles."""
    line = any_line(rng, (16, 5), 300, "channel")
    (result,) = compare(
        Together(16, 5),
        {"i": line.items()},
        {"o": solved_line(line, 77)},
        patterns=[FULL_SPEED],
        cycles=200_000,
        waves={"level": 77},
    )
    assert len(result.taken["i"]) == len(line.signs)


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("odd", [(1 << 20) + 1, (1 << 20) + 3])
def test_ties_are_rounded_away_from_zero(sign, odd):
    """Sample 0's tap is a half in SOLUTION's last place, and so is nothing else."""
    forward, feedback = size = (4, 2)
    one, product = 1 << 28, sign * 8 * odd
    # Edges of zeros, so that a displacement changes nothing.
    matrix = np.eye(sum(size) + 1, dtype=np.int64) * one
    matrix[np.arange(forward), np.arange(forward)] -= golden.RIDGE
    for sample, symbol in ((0, -1), (2, forward)):
        matrix[sample, symbol] = matrix[symbol, sample] = product
    factor, _ = golden.cholesky(golden.normalised(matrix[None])[0])
    # Its column has nothing below the diagonal but the target: 2**25 of these are one.
    assert factor[0, 0] == 1 << 29 and not factor[1:-1, 0].any()
    assert factor[-1, 0] << SOLUTION.fraction == sign * odd << 28
    assert golden.substitute(factor)[0] == sign * (odd + 1) // 2
    with_samples = np.zeros((3, forward), np.int64)
    with_samples[[0, 1], [0, 1]] = one - golden.RIDGE
    with_samples[2, 0] = product
    with_symbols = np.zeros((3, feedback + 1), np.int64)
    with_symbols[0, 0] = product
    with_symbols[2, 0] = one
    words = np.concatenate(
        [
            [one - golden.RIDGE, one - golden.RIDGE, one],
            np.zeros(2 * sum(size) + 2, np.int64),
            with_samples[0],
            with_samples[1, 1:],
            with_samples[2],
            *with_symbols,
        ]
    )
    compare(
        Solver(*size),
        {"i": words},
        {"o": solved(matrix, forward, 1000)},
        patterns=[FULL_SPEED],
        waves={"level": 1000},
    )
