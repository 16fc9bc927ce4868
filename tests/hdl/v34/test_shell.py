"""Shell mapper and demapper against their model: every K and M, and how long they take."""

import numpy as np
import pytest

from golden.v34 import shell as golden
from golden.v34.parameters import framings
from hdl.v34.shell import ShellDemapper, ShellMapper
from tests.hdl.support import columns, compare_resetting, scaled

#: Every M and K of Table 10.
PAIRS = sorted({(row.rings(more), row.k) for row in framings() for more in (False, True)})


def _numbers(rng, count):
    """R0 and M: the ends of every K, and random ones."""
    rows = [(rings, number) for rings, bits in PAIRS for number in {0, (1 << bits) - 1}]
    for _ in range(count):
        rings, bits = PAIRS[rng.integers(len(PAIRS))]
        rows.append((rings, int(rng.integers(1 << bits))))
    return [rows[n] for n in rng.permutation(len(rows))[: max(count, 20)]]


def _mapped(rng, count):
    sent, expected = [], []
    for rings, number in _numbers(rng, count):
        tag = int(rng.integers(2))
        indices = golden.ShellMapper(rings).process(number).tolist()
        sent.append({"rings": rings, "number": number, "tag": tag})
        expected.append({"indices": indices, "tag": tag})
    return sent, expected


def _demapped(rng, count):
    """Half of it are rings of an R0, the others any."""
    sent, expected = [], []
    for rings, number in _numbers(rng, count):
        tag = int(rng.integers(2))
        indices = golden.ShellMapper(rings).process(number)
        if rng.integers(2):
            indices = rng.integers(int(rng.integers(rings)), rings, 8)
        number = int(golden.ShellDemapper(rings).process(indices)) % (1 << 31)
        sent.append({"rings": rings, "indices": indices.tolist(), "tag": tag})
        expected.append({"number": number, "tag": tag})
    return sent, expected


@pytest.mark.parametrize("engine", ["cxxrtl", "verilator", "icarus"])
@pytest.mark.parametrize("block, workload", [(ShellMapper, _mapped), (ShellDemapper, _demapped)])
def test_equal_to_golden(engine, block, workload, rng):
    """Bit for bit; a mapping frame takes at most 300 cycles."""
    sent, expected = workload(rng, scaled(engine, 1000, 20))
    full = compare_resetting(
        block(), {"i": columns(sent)}, {"o": columns(expected)}, (77, 333), engine=engine
    )
    cycles = full.given["o"] - full.taken["i"]
    assert cycles.max() <= block.latency <= 300
    assert np.array_equal(np.diff(full.taken["i"]), cycles[:-1] + 1)


def _steps(block, indices):
    """Cycles by the sums A, B, C and D of rings."""
    indices = np.array(indices)
    a, b, c, d = (indices[:, part].sum(axis=1) for part in map(slice, (0, 0, 0, 4), (8, 4, 2, 6)))
    return 58 + a + b + c + d if block is ShellMapper else 16 + b + c + d


@pytest.mark.parametrize("block, workload", [(ShellMapper, _mapped), (ShellDemapper, _demapped)])
def test_cycles(block, workload, rng):
    """As many as the docstring says, and the most is what any sums can need."""
    sent, expected = workload(rng, 400)
    full = compare_resetting(
        block(), {"i": columns(sent)}, {"o": columns(expected)}, (77,), engine="cxxrtl"
    )
    indices = [row["indices"] for row in (expected if block is ShellMapper else sent)]
    assert np.array_equal(full.given["o"] - full.taken["i"], _steps(block, indices))


def test_latency():
    """No sums of Table 10 need more."""
    needed = {ShellMapper: 0, ShellDemapper: 0}
    for rings, bits in PAIRS:
        total = golden.ShellMapper(rings).process((1 << bits) - 1).sum()
        pair, four = 2 * (rings - 1), 4 * (rings - 1)
        a, b = np.meshgrid(np.arange(total + 1), np.arange(four + 1))
        c, d = np.minimum(b, pair), np.minimum(a - b, pair)
        possible = (b <= a) & (a - b <= four)
        most = int((a + b + c + d)[possible].max())
        needed[ShellMapper] = max(needed[ShellMapper], 58 + most)
        needed[ShellDemapper] = max(needed[ShellDemapper], 16 + four + 2 * pair)
    assert needed == {block: block.latency for block in needed}
