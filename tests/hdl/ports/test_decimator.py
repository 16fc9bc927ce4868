"""The decimator against its model: every sample, and when it comes."""

import numpy as np
import pytest

from golden.ports import decimator as golden
from hdl.ports.decimator import Decimator
from sim.engines.compare import compare
from sim.engines.gateware import Gateware
from tests.hdl.support import IDLE_AND_STALL, compare_resetting, scaled

EACH = pytest.mark.parametrize("factor, latency", [(3, 38), (2, 26)])


def samples_of(rng, count, factor):
    """Noise, a tone, and what overflows."""
    taps = golden.taps_of(factor)
    loud = np.tile(np.where(taps > 0, 32767, -32768), 2)
    third = np.rint(30000 * np.cos(0.2 * np.arange(count // 3))).astype(np.int64)
    return np.concatenate([rng.integers(-32768, 32768, count // 3), third, loud, ~loud])


@pytest.mark.parametrize(
    "engine, factor, latency",
    [("cxxrtl", 3, 38), ("cxxrtl", 2, 26), ("verilator", 3, 38), ("icarus", 2, 26)],
)
def test_every_sample(engine, factor, latency, rng):
    x = samples_of(rng, scaled(engine, 3000, 90), factor)
    expected = golden.Decimator(factor).process(x)
    if engine == "cxxrtl":
        assert expected.max() == 32767 and expected.min() == -32768
    result = compare_resetting(
        Decimator(factor), {"i": x}, {"o": expected}, [70, 200], engine=engine
    )
    block = Decimator(factor)
    assert block.latency == latency
    taken = result.taken["i"]
    lasts = taken[factor - 1 :: factor][: len(expected)]
    assert (result.given["o"] - lasts == latency).all()
    # One a cycle, but for the sum, which is offered for a cycle; the first after the zeros.
    between = np.diff(taken)
    assert set(between[factor - 1 :: factor]) == {latency + 1}
    assert set(np.delete(between, np.s_[factor - 1 :: factor])) == {1}


@EACH
def test_at_a_codec_s_pace(factor, latency, rng):
    """Samples as far apart as is said are all taken at once."""
    x, apart = samples_of(rng, 600, factor), latency + 2
    block, gateware = Decimator(factor), Gateware(Decimator(factor))
    result = gateware.run({"i": x}, {"o": len(x) // factor})
    assert np.array_equal(result.outputs["o"], golden.Decimator(factor).process(x))
    gateware.reset()
    gateware.run({}, {}, 64, reset=False)
    got = []
    for sample in x[: 40 * factor]:
        result = gateware.run({"i": [sample]}, {}, apart, reset=False, drain=apart - 1)
        assert result.taken["i"].tolist() == [0] and result.cycles == apart
        got += result.outputs["o"].tolist()
    assert got == golden.Decimator(factor).process(x[: 40 * factor]).tolist()
    assert block.latency + 2 < 512  # cycles of a sample at 24.576 MHz and 48 kHz


def test_a_sum_waits_for_who_takes_it(rng):
    x = samples_of(rng, 300, 3)
    compare(
        Decimator(3), {"i": x}, {"o": golden.Decimator(3).process(x)}, patterns=[IDLE_AND_STALL]
    )
