import numpy as np
import pytest

from golden.receiver.reversal import R_FRAMES
from golden.receiver.reversal import RDetector as GoldenR
from hdl.receiver.reversal import RDetector
from sim.engines.compare import compare
from tests.hdl.support import FULL_SPEED


def periods(rng, frames):
    """Signs of data frames: R, R-bar and others, in runs about as long as those that matter."""
    parts = []
    while sum(map(len, parts)) < frames:
        row = [[1, 1, 1, 0, 0, 0], [0, 0, 0, 1, 1, 1], rng.integers(0, 2, 6)]
        row = row[rng.choice(3, p=[0.45, 0.45, 0.1])]
        parts.append(np.tile(row, (int(rng.choice([1, 2, 3, 15, 16, 17, 40])), 1)))
    return np.concatenate(parts)[:frames]


@pytest.mark.parametrize("engine, frames", [("cxxrtl", 6000), ("verilator", 600), ("icarus", 300)])
def test_r_and_its_reversal(engine, frames, rng):
    """At strobes that are near and far, from two stretches with a restart between them."""
    stretches = [periods(rng, frames), periods(rng, frames)]
    stretches[1][:R_FRAMES] = [1, 1, 1, 0, 0, 0]
    stretches[0][-R_FRAMES // 2 :] = [1, 1, 1, 0, 0, 0]
    gaps = rng.integers(1, 4, (2, frames, 6))
    gaps[..., 5] += 1
    at = 5 + np.concatenate([[0], np.cumsum(gaps.reshape(-1))])
    second = at[frames * 6]
    at[frames * 6 :] += 4
    cycles = int(at[-1]) + 2
    waves = {name: np.zeros(cycles, np.int64) for name in ("strobe", "sign", "restart")}
    waves["strobe"][at[:-1]] = 1
    waves["sign"] = rng.integers(0, 2, cycles)
    waves["sign"][at[:-1]] = np.concatenate(stretches).reshape(-1)
    waves["restart"][second] = 1
    (result,) = compare(
        RDetector(),
        {},
        {},
        engine=engine,
        patterns=[FULL_SPEED],
        cycles=cycles,
        waves=waves,
        probes=["sure", "turned"],
        drain=0,
    )
    ends = at[5:-1:6] + RDetector.latency
    sure, turned = [], []
    for n, signs in enumerate(stretches):
        found = GoldenR().process(signs)
        sure += [number + n * frames for number in found[0]]
        turned += [number + 1 + n * frames for number in found[1]]
    assert len(sure) > 5 and len(turned) > 5
    assert np.flatnonzero(result.probes["sure"][ends]).tolist() == sure
    assert np.flatnonzero(result.probes["turned"][ends]).tolist() == turned
