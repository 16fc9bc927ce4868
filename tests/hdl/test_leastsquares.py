
import numpy as np
import pytest
from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import connect, flipped

from golden import leastsquares as golden
from golden.formats import SOLUTION, TRAINING_LEVEL
from golden.leastsquares import MOST_OFF
from hdl.leastsquares import ACCUMULATE, FINISH, REMEMBER, Correlator, Solver
from sim.engines import ENGINES, compare
from sim.gateware import Gateware
from tests.hdl.support import (
    FULL_SPEED,
    IDLE_AND_STALL,
    WithMultiplier,
    check_refused,
    patterns_of,
)

SIZES = [(8, 4), (16, 5), (64, 32)]
ENGINES_AND_SIZES = [
    *(("cxxrtl", size) for size in [*SIZES, (4, 2), (6, 9), (32, 32)]),
    ("verilator", (8, 4)), ("icarus", (8, 4)),
]  # fmt: skip

KINDS = ("channel", "clipped", "faint", "echo", "noise", "nothing")


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


class Line:
    """Samples (two a symbol) and symbols, and the regressors that they make.

    ``before`` symbols come before the stretch of ``count``.
    """

    def __init__(self, samples, signs, forward, feedback, before):
        self.forward, self.feedback, self.before = forward, feedback, before
        self.samples, self.signs = samples, signs

    def regressors(self, symbol):
        """Samples, newest first, and symbols, latest first, at a symbol."""
        newest = 2 * symbol + 1
        return (
            self.samples[newest - self.forward + 1 : newest + 1][::-1],
            self.signs[symbol - self.feedback : symbol + 1][::-1],
        )

    def windows(self):
        """What golden's Correlator takes."""
        every = [self.regressors(n) for n in range(self.before, len(self.signs))]
        return tuple(np.array(part) for part in zip(*every, strict=True))

    def items(self):
        """What the gateware's Correlator takes."""
        count = len(self.signs)
        mode = np.where(np.arange(count) < self.before, REMEMBER, ACCUMULATE)
        mode[-1] = FINISH
        older, newer = self.samples.reshape(-1, 2).T
        above = np.rint(TRAINING_LEVEL * (np.abs(self.signs) - 1)).astype(int)
        return {"older": older, "newer": newer, "sign": (self.signs > 0).astype(int),
                "above": above, "mode": mode}  # fmt: skip

    def words(self):
        """What it gives, from the whole of the normal equations."""
        forward, signs = self.windows()
        matrix = golden.Correlator().process(forward, signs)
        # Symbol 0 behind the samples.
        order = np.r_[: self.forward, -1, self.forward : len(matrix) - 1]
        matrix = matrix[np.ix_(order, order)]
        edges = [
            np.concatenate([samples, TRAINING_LEVEL * symbols])
            for samples, symbols in (
                self.regressors(self.before - 1), self.regressors(len(self.signs) - 1),
            )
        ]  # fmt: skip
        f = self.forward
        return np.concatenate([
            matrix.diagonal()[[0, 1, f]], *edges,
            matrix[0, :f], matrix[1, 1:f], matrix[f, :f],
            matrix[0, f:], matrix[1, f:], matrix[f, f:],
        ]).astype(np.int64)  # fmt: skip


def any_line(rng, size, count, kind=None):
    """A line: a channel, full of clipped samples, faint, with an echo, or of noise only.

    Faint ones have solutions out of range, and an echo has a feedback tap out of range.
    """
    forward, feedback = size
    before = max(forward // 2, feedback + 1)
    total = before + count
    kind = kind or rng.choice(KINDS)
    signs = rng.choice((-1, 1), total)
    pulses = np.zeros(2 * total)
    pulses[::2] = signs
    if kind == "channel":
        response = rng.normal(size=6) * np.hanning(8)[1:-1]
        samples = 3000 * np.convolve(pulses, response)[: 2 * total]
        samples += 10 ** rng.uniform(0, 2) * rng.normal(size=2 * total)
    elif kind == "clipped":
        samples = rng.choice((-(2**15), 2**15 - 1), 2 * total)
    elif kind == "faint":
        samples = np.roll(pulses, 1) * rng.integers(2, 20)
    elif kind == "echo":
        samples = 400 * (np.roll(pulses, 1) + rng.choice((-4, 4)) * np.roll(pulses, 3))
        samples += 20 * rng.normal(size=2 * total)
    elif kind == "noise":
        samples = rng.normal(size=2 * total) * 10 ** rng.uniform(0, 4)
    else:
        samples = np.zeros(2 * total)
    samples = np.clip(np.rint(samples), -(2**15), 2**15 - 1).astype(np.int64)
    if rng.random() < 0.5:
        # Levels that differ, as where bits are robbed.
        signs = signs * (1 + rng.integers(-MOST_OFF, MOST_OFF + 1, total) / TRAINING_LEVEL)
    return Line(samples, signs, forward, feedback, before)


def joined(*parts):
    """Items one after another."""
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def any_items(rng, count, modes):
    samples = rng.integers(-(2**15), 2**15, (2, count))
    return {
        "older": samples[0], "newer": samples[1], "sign": rng.integers(2, size=count),
        "above": rng.integers(-MOST_OFF, MOST_OFF + 1, count),
        "mode": rng.choice(modes, count),
    }  # fmt: skip


@pytest.mark.parametrize("engine, size", ENGINES_AND_SIZES)
def test_sums_equal_to_golden(engine, size, rng):
    """Two stretches; what comes while the first one's sums are given, is dropped."""
    count = 200 if engine == "cxxrtl" else 3
    first, second = any_line(rng, size, count, "clipped"), any_line(rng, size, count)
    words = len(first.words())
    # So few that none is left when all the sums are given.
    dropped = any_items(rng, words // 2, (REMEMBER, ACCUMULATE, FINISH))
    between = any_items(rng, 8 * words, (REMEMBER,))
    items = joined(first.items(), dropped, between, second.items())
    expected = np.concatenate([first.words(), second.words()])
    for reset_at in (None, 3000) if engine == "cxxrtl" else (700,):
        compare(
            WithMultiplier(Correlator(*size)), {"i": items}, {"o": expected}, engine=engine,
            patterns=patterns_of(engine), reset_at=reset_at, cycles=3_000_000,
        )  # fmt: skip


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_cycles_of_an_item_and_a_word(size, rng):
    line = any_line(rng, size, 5, "channel")
    words = line.words()
    result = Gateware(WithMultiplier(Correlator(*size))).run({"i": line.items()}, {"o": len(words)})
    assert np.array_equal(result.outputs["o"], words)
    # One cycle more than the docstring's, from one item's to the next one's.
    taken = np.diff(result.taken["i"])
    assert (taken[: line.before - 1] == 5 * sum(size) + 14).all()
    assert (taken[line.before - 1 :] == 3 * sum(size) + 9).all()
    assert taken.max() < 750
    assert (np.diff(result.given["o"]) == 3).all()


def solved(matrix, forward, level):
    """What the gateware's Solver gives, by golden."""
    with np.errstate(over="ignore"):
        taps, drop, feedback, good = golden.Solver().process(matrix, forward, level)
    return np.concatenate([taps, feedback, [int(drop) | int(good) << 8]])


def solved_line(line, level):
    return solved(golden.Correlator().process(*line.windows()), line.forward, level)


@pytest.mark.parametrize("engine, held", [*((engine, False) for engine in ENGINES),
                                          ("cxxrtl", True)])  # fmt: skip
def test_taps_equal_to_golden(engine, held, rng):
    lines = [any_line(rng, (8, 4), 200) for _ in range(40 if engine == "cxxrtl" else 2)]
    level = int(rng.integers(1, 1 << 15))
    compare(
        Solver(8, 4, held), {"i": np.concatenate([line.words() for line in lines])},
        {"o": np.concatenate([solved_line(line, level) for line in lines])}, engine=engine,
        patterns=patterns_of(engine) if engine == "cxxrtl" else [IDLE_AND_STALL],
        reset_at=5000, cycles=2_000_000, waves={"level": level},
    )  # fmt: skip


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
        Solver(held=held), {"i": words}, {"o": want}, patterns=[FULL_SPEED], cycles=700_000,
        waves={"level": 3000},
    )  # fmt: skip
    assert result.given["o"][-1] - result.taken["i"][0] < (605_000 if held else 590_000)


def test_correlator_and_solver_together(rng):
    """At the Correlator's pace, which gives a word every 3 cycles."""
    line = any_line(rng, (16, 5), 300, "channel")
    (result,) = compare(
        Together(16, 5), {"i": line.items()}, {"o": solved_line(line, 77)},
        patterns=[FULL_SPEED], cycles=200_000, waves={"level": 77},
    )  # fmt: skip
    assert len(result.taken["i"]) == len(line.signs)


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("odd", [(1 << 20) + 1, (1 << 20) + 3])
def test_ties_are_rounded_away_from_nought(sign, odd):
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
    words = np.concatenate([
        [one - golden.RIDGE, one - golden.RIDGE, one], np.zeros(2 * sum(size) + 2, np.int64),
        with_samples[0], with_samples[1, 1:], with_samples[2], *with_symbols,
    ])  # fmt: skip
    compare(
        Solver(*size), {"i": words}, {"o": solved(matrix, forward, 1000)}, patterns=[FULL_SPEED],
        waves={"level": 1000},
    )  # fmt: skip


def test_sizes_are_refused():
    for size in ((7, 4), (2, 4), (8, 1)):
        for block in (Correlator, Solver):
            check_refused(ValueError, "forward is even", block, *size)
