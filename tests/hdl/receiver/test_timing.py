import numpy as np
import pytest

from golden.receiver import timing as golden
from hdl.receiver.timing import Interpolator, folded
from sim.engines.compare import ENGINES, compare
from sim.engines.gateware import Gateware
from tests.hdl.receiver.support import DONE, PERIOD, Call, check, half_symbols
from tests.hdl.support import FULL_SPEED, WithMultiplier, patterns_of, scaled


@pytest.fixture(scope="module")
def gateware():
    return Gateware(WithMultiplier(Interpolator()))


def test_table_is_golden_s():
    table = folded()
    distance = np.arange(golden.PHASES + 1)[:, None] - golden.PHASES * np.arange(-5, 7)
    assert np.array_equal(np.array(table)[np.abs(distance)], golden.TABLE)


def test_equal_to_golden(gateware, rng):
    count = saturated = 0
    for _ in range(12):
        call = Call(rng, 1500)
        result = call.run(gateware)
        check(call, result)
        last = result.given["o"][golden.HALVES - 1 :: golden.HALVES]
        assert np.array_equal(result.probes["step"][last], call.steps[: len(last)])
        count += len(call.halves)
        saturated += np.isin(call.halves, (-32768, 32767)).sum()
    assert count > 12 * 1100 and 50 < saturated < count / 2


@pytest.mark.parametrize("shift", range(-5, 7))
def test_every_shift_at_the_clock_s_limits(gateware, rng, shift):
    for step in (-(1 << 23), (1 << 23) - 1):
        call = Call(rng, 500, shift=shift, step=step, corrections=False)
        check(call, call.run(gateware))


@pytest.mark.parametrize("engine", ENGINES)
def test_engines_and_stalls(engine, rng):
    call = Call(rng, 270 + scaled(engine, 600, 20))
    results = compare(
        WithMultiplier(Interpolator()),
        {},
        {"o": call.expected},
        engine=engine,
        patterns=patterns_of(engine),
        waves=call.waves,
        cycles=len(call.waves["strobe"]) + 2 * PERIOD,
    )
    assert results[0].pattern == FULL_SPEED


def test_numbers_wrap(gateware, rng):
    """A start on each side of sample 65536, and one across it."""
    for first in (65536 - 400, 65536 - 250, 65536 + 100):
        # Nothing runs, so these may come in every cycle.
        gateware.run(waves={"strobe": 1, "sample": 0, "start": 0}, cycles=first)
        call = Call(rng, 700, first=first)
        check(call, call.run(gateware, reset=False))


def test_cycles(gateware, rng):
    call = Call(rng, 800)
    result = call.run(gateware)
    late = result.given["o"] - call.at[call.needed]
    # The second of two half symbols of a sample begins where the first one has ended.
    alone = np.diff(call.needed, prepend=-1) > 0
    last = call.expected["index"] == golden.HALVES - 1
    assert (late[alone & ~last] == Interpolator.latency).all()
    assert (late[alone & last] == Interpolator.latency + 5).all()
    assert (late <= 2 * Interpolator.latency + 6).all() and (late < DONE).all()
    busy = result.probes["busy"]
    assert busy[: call.began].sum() == 0
    assert busy[call.began + 1 : call.began + 541].all() and not busy[call.began + 541]
    for at, cycles in zip(call.at[call.needed][alone & ~last], late[alone & ~last], strict=True):
        assert busy[at + 1 : at + cycles + 1].all() and not busy[at]


def test_two_half_symbols_of_a_sample(gateware, rng):
    # Half a per mille slow: now and then a sample has two, or with a fast clock none.
    for step, jump in ((-(1 << 23), 2), ((1 << 23) - 1, 2)):
        call = Call(rng, 1900, step=step, corrections=False)
        check(call, call.run(gateware))
        steps = np.diff(call.needed)
        assert (steps == (0 if step < 0 else jump)).any()


def test_stop_and_start_again(gateware, rng):
    call = Call(rng, 900)
    stop = call.at[500] + 30  # while the half symbol is computed, which still comes
    call.waves["stop"] = (np.arange(len(call.waves["strobe"])) == stop).astype(np.int64)
    result = call.run(gateware)
    count = int((call.needed <= 500).sum())
    assert np.array_equal(result.outputs["o"]["half"], call.halves[:count])
    # Corrections that had come for the old clock are not for the new one.
    call = Call(rng, 900, corrections=False)
    call.correct(call.began - 50, 1 << 30, -(1 << 17))
    check(call, call.run(gateware))


def test_start_while_running_starts_anew(gateware, rng):
    call = Call(rng, 900, corrections=False)
    call.waves["start"][call.at[600] + DONE] = 1
    call.waves["detection__reversal"] = np.where(
        np.arange(len(call.waves["strobe"])) < call.at[600], call.reversal, 395
    )
    result = call.run(gateware)
    before = int((call.needed <= 600).sum())
    again, needed, _ = half_symbols(call.samples, 0, 395, call.shift, call.step, [])
    got = result.outputs["o"]
    assert np.array_equal(got["half"], np.concatenate([call.halves[:before], again]))
    assert np.array_equal(got["index"][before:], np.arange(len(again)) % golden.HALVES)
    assert needed[0] > 600
