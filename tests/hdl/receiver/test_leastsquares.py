import numpy as np
import pytest

from golden.receiver.leastsquares import MOST_OFF
from hdl.receiver.leastsquares import ACCUMULATE, FINISH, REMEMBER, Correlator
from hdl.receiver.solver import Solver
from sim.engines.compare import compare
from sim.engines.gateware import Gateware
from tests.hdl.receiver.support import ENGINES_AND_SIZES, SIZES, any_line
from tests.hdl.support import (
    WithMultiplier,
    check_refused,
    patterns_of,
)


def joined(*parts):
    """Items one after another."""
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def any_items(rng, count, modes):
    samples = rng.integers(-(2**15), 2**15, (2, count))
    return {
        "older": samples[0],
        "newer": samples[1],
        "sign": rng.integers(2, size=count),
        "above": rng.integers(-MOST_OFF, MOST_OFF + 1, count),
        "mode": rng.choice(modes, count),
    }


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
            WithMultiplier(Correlator(*size)),
            {"i": items},
            {"o": expected},
            engine=engine,
            patterns=patterns_of(engine),
            reset_at=reset_at,
            cycles=3_000_000,
        )


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


def test_sizes_are_refused():
    for size in ((7, 4), (2, 4), (8, 1)):
        for block in (Correlator, Solver):
            check_refused(ValueError, "forward is even", block, *size)
