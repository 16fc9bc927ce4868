import math

import numpy as np

from hdl.receiver.arithmetic import Arithmetic, Operation
from sim.engines.gateware import Gateware


def test_roots(rng):
    """Whole parts, never 0."""
    size = 5
    numbers = np.concatenate(
        [
            [0, 1, 3, 4, 8, 9],
            (1 << np.arange(45)),
            (1 << np.arange(2, 45)) - 1,
            rng.integers(0, 1 << 45, 100),
        ]
    )
    # 2**31 into memory, then for each number: read 2**31, load, find the root.
    operation = [{"load": 1}, {"write": 1, "high": 1}]
    word = [-(1 << 47), 0]
    for number in numbers:
        operation += [{"multiplicand": 1, "divisor": 1, "clear": 1}, {"load": 1}]
        operation += 33 * [{"shift": 1, "divide": 1, "root": 1}] + [{}]
        word += [0, number] + 34 * [0]
    names = Operation(1).members
    waves = {
        f"operation__{name}": np.array([step.get(name, 0) for step in operation]) for name in names
    }
    got = (
        Gateware(Arithmetic(size, 5))
        .run(waves={**waves, "word_in": word}, cycles=len(word), probes=["word"])
        .probes["word"][37::36]
    )
    exact = [max(1, math.isqrt(int(number) << 16)) for number in numbers]
    assert got.tolist() == exact
