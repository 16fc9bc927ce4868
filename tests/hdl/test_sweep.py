"""Encoder and decoder gateware against golden over many parameter sets, in banks of 30.

`make bench` does the same over 10 000.
"""

import json

import numpy as np
import pytest

from golden.parameters import MappingParameters
from sim.parameter_sets import EXTREMES, random_parameters
from sim.pcm import compare_bank

CHANNELS = 30


def demand_all_equal(sets, frames, seed):
    """Sets in banks of 30, the last one filled up with the first sets again."""
    sets = sets + sets[: -len(sets) % CHANNELS]
    sets = sets + sets[:1] * (-len(sets) % CHANNELS)
    for at in range(0, len(sets), CHANNELS):
        assert compare_bank(sets[at : at + CHANNELS], frames, seed=seed + at) == []


@pytest.mark.parametrize("seed", range(8))
def test_240_random_sets(seed):
    rng = np.random.default_rng(seed)
    demand_all_equal([random_parameters(rng) for _ in range(CHANNELS)], 24, seed)


def test_extremes():
    demand_all_equal(list(EXTREMES.values()), 40, 1)


def test_parameters_of_the_real_calls(real_calls):
    """Every cp and cpt as the file has it, and for an A-law line."""
    sets = []
    for path in sorted(real_calls.glob("*/call.json")):
        call = json.loads(path.read_text())
        for name in ("cpt", "cp"):
            if call[name]:
                p = MappingParameters.from_dict(call[name])
                sets += [p, p.with_law("A")]
    assert len(sets) >= 30
    demand_all_equal(sets, 24, 2)
