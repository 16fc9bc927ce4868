"""Profiles of golden and of the simulators, and bounds of what NumPy or the engine could do.

A bound is measured, too: the same sums as plain matrix products or passes over arrays, or the
simulation alone.
"""

import cProfile
import pstats
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from golden.pcm.parameters import FRAMES_A_SECOND, INTERVALS
from golden.receiver import timing
from golden.receiver.equalizer import FEEDBACK, FORWARD
from golden.receiver.leastsquares import Correlator
from golden.receiver.receiver import Receiver
from golden.receiver.slicer import Slicer
from golden.receiver.solver import Solver
from golden.receiver.timetable import TRAINED
from sim.calls.design import USUAL_SNR
from sim.calls.session import Session
from sim.engines.measuring import best, example, random
from sim.files import ROOT
from sim.speeds import growth
from sim.speeds.pcm import PCM_BLOCKS as PCM
from sim.speeds.pcm import encoding, shaping
from sim.speeds.receiver import equalizer_of, levels_of

#: Functions that a profile shows.
PROFILED_FUNCTIONS = 5

#: Lines and channels side by side in measurements of bounds.
MANY = 64


@dataclass(frozen=True)
class Bound:
    """Work that takes ``taken`` seconds, and ``least`` in the way of the sentence ``how``."""

    what: str
    taken: float
    least: float
    how: str

    @property
    def factor(self):
        """The ratio of both times."""
        return self.taken / self.least


def profile(function):
    """``[(function, calls, share of the time)]`` of the functions that themselves take most."""
    profiler = cProfile.Profile()
    profiler.runcall(function)
    stats = pstats.Stats(profiler)
    rows = sorted(stats.stats.items(), key=lambda item: -item[1][2])[:PROFILED_FUNCTIONS]
    return [(_name(*key), row[1], row[2] / stats.total_tt) for key, row in rows]


def _name(path, line, function):
    """A function's place, without the machine's own folders."""
    if path == "~":
        return function.strip("<>").removeprefix("built-in method ").strip()
    place = Path(path)
    if place.is_relative_to(ROOT) and ".venv" not in place.parts:
        place = place.relative_to(ROOT)
    else:
        place = Path(*place.parts[-2:])
    return f"{place}: {function}"


def profiles():
    """``{what: rows of profile}`` of golden and of the simulations."""
    block = {block.name: block for block in PCM}
    decode = block["decoder, 45 333 bit/s, Sr 1"].golden(MANY)[0]
    rows = growth.trials.together([growth.samples()] * 8)
    session = _session(8)
    made = block["encoder, 45 333 bit/s, Sr 1, ld 3"].gateware(8).run
    return {
        "golden encoder, 45 333 bit/s, one channel": profile(encoding("45333", 1)[0]),
        f"golden shaper, Sr 1, ld 3, {MANY} channels": profile(shaping(1, 3)(MANY)[0]),
        f"golden decoder, 45 333 bit/s, {MANY} channels": profile(decode),
        "golden receiver, 8 lines": profile(
            lambda: Receiver(growth.GROWTH_LEVELS, lines=len(rows)).process(rows)
        ),
        "start-ups, 8 side by side: both modems, network, line": profile(
            lambda: session.run(int(growth.START_UP * FRAMES_A_SECOND))
        ),
        "gateware encoder under CXXRTL, 8 channels": profile(made),
    }


def _session(lines):
    cases = growth.startup.start_ups((growth.GROWTH_LINE,), ("A",), ("clean",), (USUAL_SNR,))
    call = cases[0][-1]
    return Session([call] * lines)


# --- Bounds --------------------------------------------------------------------------------------


def _seconds(function):
    return best(function, 20, 0.1).seconds


def _shaper():
    """A shaping frame of Sr 1 and ld 3: 16 sequences of rules a channel."""
    function, symbols = shaping(1, 3)(MANY)
    taken = best(function).seconds / (symbols / MANY / INTERVALS)
    numbers = np.ones(16 * MANY, np.int64)
    # A symbol of a sequence: the sign, b1 x, x to s, three products and a sum, less b1 x; half,
    # shift and two limits of s and of r; r in y's fraction, y + r, half, shift and two limits of
    # it; the square and its sum.
    passes = 3 + 4 + 1 + 2 * 4 + 2 + 4 + 2
    least = _seconds(lambda: [np.add(numbers, numbers, numbers) for _ in range(passes)])
    return Bound(
        f"shaper, Sr 1, ld 3, {MANY} channels: a data frame",
        taken,
        INTERVALS * least,
        f"{passes} passes a symbol over 16 sequences of all channels",
    )


def _equalizer():
    """A data frame of many lines."""
    equalizer, lines = equalizer_of(MANY)
    slicer = Slicer([levels_of(example("45333"))] * MANY)
    halves = random().integers(-4000, 4000, (MANY, timing.HALVES))
    zero, no, bits = np.zeros(MANY, np.int64), np.zeros(MANY, bool), np.full(MANY, 22)

    def frame():
        equalizer.process(halves, slicer, lines, zero, no, no)
        equalizer.adapt(~no, bits, bits, lines, no, no)

    windows, taps = np.ones((MANY, timing.HALVES, FORWARD)), np.ones((MANY, FORWARD, 1))
    error, back = np.ones((MANY, 1, INTERVALS)), np.ones((MANY, INTERVALS, FEEDBACK))
    past, few = np.ones((MANY, FEEDBACK)), np.ones(MANY, np.int64)
    every = np.ones((MANY, FORWARD + FEEDBACK), np.int64)

    def least():
        # Both parts' sums and both parts' changes of taps.
        windows @ taps, error @ windows[:, ::2], error @ back
        for _ in range(INTERVALS):
            np.vecdot(past, past)
            for _ in range(_STEPS):
                np.add(few, few)
        for _ in range(_ONCE):
            np.add(few, few)
        for _ in range(_PASSES):
            np.add(every, every, every)

    return Bound(
        f"equaliser, {MANY} lines: a data frame decided, taps moved",
        _seconds(frame),
        _seconds(least),
        f"its products as matrix products, {_PASSES} passes over all taps, {_ONCE} steps over all "
        f"lines, and {_STEPS} for each symbol, which needs the decision before",
    )


#: Operations of a symbol that need the one before, as golden defines them: 4 of the drift, 3 of its
#: growth, 5 of the feedback part, 5 of the soft value, 8 of the slicer, 1 of the past, 5 of the
#: error, 8 of the next drift, and 4 to store numbers with the data frame's.
_STEPS = 43

#: Operations once a data frame: 13 that take, join and put back samples, decisions and state of a
#: line, 7 from sums to soft values, 9 of slopes, 5 of the two products that move the errors' and
#: the drift's tap, 6 of shifts.
_ONCE = 40

#: Operations on a tap: take, cut, make a float; make its change whole, shift left, add a half,
#: shift right; add, hold to two limits, put back.
_PASSES = 11


def _correlator():
    rng = random()
    symbols = TRAINED * INTERVALS
    forward = rng.integers(-32768, 32768, (symbols, FORWARD))
    values = rng.choice([-1, 1], (symbols, FEEDBACK + 1))
    rows = np.ones((symbols, FORWARD + FEEDBACK + 1))
    return Bound(
        "normal equations over TRN1d's 1944 symbols",
        _seconds(lambda: Correlator().process(forward, values)),
        _seconds(lambda: rows.T @ rows),
        "one matrix product in float64",
    )


def _solver():
    """Taps of one line."""
    rng = random()
    rows = rng.integers(-2000, 2000, (TRAINED * INTERVALS, FORWARD + FEEDBACK + 1))
    matrix = rows.T @ rows
    factor, count = np.ones(matrix.shape, np.int64), len(matrix)
    solution, half, root = factor[0], 1 << 28, (1 << 29) + 1

    def least():
        for n in range(count):
            left = solution[n:] - factor[n:, :n].dot(factor[n, :n])
            np.floor_divide(left + half, root, out=left)
            solution[:n] - factor[n, :n] * solution[n]

    return Bound(
        "solution of one line's normal equations",
        _seconds(lambda: Solver().process(matrix, FORWARD, 2000)),
        _seconds(least),
        "column after column, in whole numbers: sums of products and quotients of the one "
        "substitution, products and sums of the other",
    )


def _engine():
    """CXXRTL's evaluation alone: the clock domain's reset is held."""
    from hdl.receiver.receiver import Receiver as Gateware
    from sim.engines.gateware import Gateware as Engine

    engine, cycles = Engine(Gateware()), 100_000
    bare = best(lambda: engine._lib.v90_reset(engine._design, cycles), 3).seconds
    run = best(lambda: engine.run({}, {}, cycles, reset=False), 3).seconds
    return Bound(
        f"CXXRTL, receiver: {cycles} cycles, streams looked at",
        run,
        bare,
        "evaluation alone, in reset",
    )


def bounds():
    """A list of :class:`Bound`, the furthest away first."""
    found = [make() for make in (_shaper, _equalizer, _correlator, _solver, _engine)]
    return sorted(found, key=lambda bound: -bound.factor)
