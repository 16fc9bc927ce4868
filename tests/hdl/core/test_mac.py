import numpy as np
import pytest

from hdl.core.mac import Multiplier
from sim.engines.compare import ENGINES, compare
from sim.engines.pattern import Pattern

EDGES = (-(2**15), -(2**15) + 1, -1, 0, 1, 2**15 - 1)


@pytest.mark.parametrize("engine", ENGINES)
def test_products_a_cycle_later(engine, rng):
    a, b = np.array([(a, b) for a in EDGES for b in EDGES]).T
    a, b = (np.concatenate([x, rng.integers(-(2**15), 2**15, 500)]) for x in (a, b))
    (result,) = compare(
        Multiplier(),
        {},
        {},
        engine=engine,
        waves={"a": a, "b": b},
        probes=["product"],
        patterns=[Pattern()],
        cycles=len(a) + Multiplier.latency,
        drain=0,
    )
    product = result.probes["product"]
    assert len(product) == len(a) + Multiplier.latency
    assert np.array_equal(product[Multiplier.latency :], a * b)
