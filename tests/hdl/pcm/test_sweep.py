"""Encoder bank and decoder over many mapping parameters: those of calls, corners, random ones.

`make figures` does the same over 10 000.
"""

import json

import pytest

from golden.pcm.parameters import MappingParameters
from sim.calls.parameter_sets import EXTREMES, random_parameters
from sim.calls.pcm import compare_bank

#: An E1's.
CHANNELS = 30
FRAMES = 24


def check(rng, sets):
    """Compare golden and gateware on all of the sets, with random ones to fill the last bank."""
    sets = list(sets)
    seed = int(rng.integers(1 << 31))
    sets += [random_parameters(rng) for _ in range(-len(sets) % CHANNELS)]
    for at in range(0, len(sets), CHANNELS):
        differences = compare_bank(sets[at : at + CHANNELS], FRAMES, seed + at)
        for index, sentence in differences:
            print(f"{sets[at + index]}: {sentence}")
        assert not differences


@pytest.mark.parametrize("number", range(8))
def test_random_parameters(number, rng):
    check(rng, [random_parameters(rng) for _ in range(CHANNELS)])


def test_extremes_under_both_laws(rng):
    check(rng, [p.with_law(law) for p in EXTREMES.values() for law in ("mu", "A")])


def test_parameters_of_real_calls(real_calls, rng):
    """As the client asked for them, and for the law of the line."""
    sets = []
    for path in sorted(real_calls.glob("*/call.json")):
        call = json.loads(path.read_text())
        # A call that ended early has no CP.
        sets += [MappingParameters.from_dict(call[kind]) for kind in ("cpt", "cp") if call[kind]]
    assert len(sets) >= 9
    check(rng, [*sets, *(p.with_law("A") for p in sets)])
