import numpy as np
import pytest

from golden import formats
from golden.fixed import Overflow, Rounding, requant
from golden.pcm import g711
from golden.pcm.parameters import INTERVALS
from golden.pcm.shaper import LINEAR_STEP
from hdl.pcm.g711 import LAW_BITS
from hdl.pcm.leaves import LEAF_BITS, LeafPipeline, LeafWalk
from sim.engines.gateware import Gateware
from tests.hdl.pcm.support import SR_LD

SATURATE = (Rounding.HALF_UP, Overflow.SAT)


FORBID = (Rounding.HALF_UP, Overflow.FORBID)


def metrics_of(x, a1, a2, b1, b2):
    """The metric after each symbol of ``x`` (symbols, leaves), by the formulas in the formats."""
    s = r = w = np.zeros(x.shape[1], np.int64)
    align = formats.SHAPER_SECOND.fraction - formats.SHAPER_FIRST.fraction
    rows = []
    for symbol in x << formats.SHAPER_FIRST.fraction:
        y = symbol + s
        v = (y << align) + r
        operand = requant(v, formats.SHAPER_SECOND_OUTPUT, formats.SHAPER_METRIC_OPERAND, *FORBID)
        w = w + operand**2
        s = requant(
            a1 * y - b1 * symbol, formats.SHAPER_FIRST_PRODUCT, formats.SHAPER_FIRST, *SATURATE
        )
        r = requant(
            a2 * v - (b2 * y << align),
            formats.SHAPER_SECOND_PRODUCT,
            formats.SHAPER_SECOND,
            *SATURATE,
        )
        rows.append(w)
    return np.array(rows)


@pytest.fixture(scope="module")
def pipeline():
    return Gateware(LeafPipeline(2))


@pytest.mark.parametrize("leaves, cycles", [(1, 10), (3, 4), (5, 2), (16, 2)])
@pytest.mark.parametrize("largest", [False, True])
def test_leaf_pipeline(pipeline, leaves, cycles, largest, rng):
    """As many leaves on the way as there can be, one symbol of each by turns."""
    symbols, count, rows = 8, 8 * leaves, 2 << LEAF_BITS
    begins = rows + cycles * np.arange(count)
    at = np.arange(begins[-1] + LeafPipeline.latency + 2)
    assert leaves * cycles >= LeafPipeline.latency
    for law in 4 * g711.LAWS:
        coefficients = rng.choice((-128, 127), 4) if largest else rng.integers(-128, 128, 4)
        names = np.tile(rng.permutation(1 << LEAF_BITS)[:leaves], symbols)
        items = {
            "start": np.ones(count, int),
            "leaf": names,
            "parent": names,
            "tag": at[:count] % 4,
            "sign": rng.integers(2, size=count),
            "ucode": rng.integers(128, size=count),
        }
        if largest:
            items["ucode"][:] = 127
        # First zeros into every row of both channels, then each item for both phases.
        waves = {name: np.zeros(len(at), int) for name in items}
        for name, values in items.items():
            for phase in range(2):
                waves[name][begins + phase] = values
        waves["clear"] = (at < rows).astype(int)
        waves["channel"] = np.where(at < rows, at >> LEAF_BITS, int(rng.integers(2)))
        waves["leaf"][:rows] = at[:rows] % (1 << LEAF_BITS)
        waves |= {"phase": at & 1, "law": LAW_BITS[law]}
        waves |= dict(zip(("a1", "a2", "b1", "b2"), coefficients, strict=True))
        probes = ("done", "done_leaf", "done_tag", "metric")
        got = pipeline.run(waves=waves, cycles=len(at), probes=probes).probes
        done = np.flatnonzero(got["done"])
        assert np.array_equal(done, begins + 9)
        assert np.array_equal(got["done_leaf"][done], names)
        assert np.array_equal(got["done_tag"][done], items["tag"])
        x = g711.linear(items["ucode"], law) // LINEAR_STEP * (2 * items["sign"] - 1)
        expected = metrics_of(x.reshape(symbols, leaves), *coefficients)
        assert np.array_equal(got["metric"][done], expected.reshape(-1))


def test_leaf_walk_takes_the_cycles_it_says():
    gateware = Gateware(LeafWalk())
    for sr, ld in SR_LD[1:]:
        waves = {
            "start": [0, 1, 0],
            "length": INTERVALS // sr,
            "fresh": 1,
            "place": 0,
            "frame": {"data_bits": 0, "sr": sr, "ld": ld, "law": 0},
        }
        done = gateware.run(waves=waves, cycles=400, probes=["done"]).probes["done"]
        symbol = max(LeafPipeline.latency, 4 << ld)
        (end,) = np.flatnonzero(done)
        assert 0 < end - 1 - INTERVALS // sr * symbol <= 10
