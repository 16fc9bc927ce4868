"""Levels before there are constellations, against Table 1 and what is put in."""

import numpy as np
import pytest

from golden.pcm import g711
from golden.pcm.parameters import INTERVALS
from golden.receiver.slicer import MOST_LEVELS
from golden.receiver.training_levels import codeword_levels, own_levels, training_levels

#: U_INFO, and TRN1d's level in an interval whose robbed bit takes turns.
U_INFO, OTHER = 79, 3900


def heard(rng, noise=20.0, frames=64):
    """Magnitudes of TRN1d, interval 2 with two levels in turn, and their data frames' numbers."""
    level = int(g711.linear(U_INFO, "A"))
    soft = np.full((frames, INTERVALS), float(level))
    number = np.arange(37, 37 + frames)
    soft[number % 2 == 1, 2] = OTHER
    return soft + noise * rng.standard_normal(soft.shape), number, level


@pytest.mark.parametrize("law", g711.LAWS)
def test_trn1d_has_the_level_of_table_1(law):
    levels = training_levels(U_INFO, law)
    assert levels.values == ((int(g711.linear(U_INFO, law)),),) * INTERVALS
    assert levels.single and not levels.guess


def test_levels_in_turn_are_told_from_noise(rng):
    soft, number, level = heard(rng)
    reference, levels = own_levels(soft, number, U_INFO)
    # Noise of 20 over 32 values: 3.5, of which five.
    assert np.abs(reference - [[level, level]]).max(1)[[0, 1, 3, 4, 5]].max() < 18
    assert np.abs(reference[2] - [level, OTHER]).max() < 18
    assert [len(values) for values in levels.values] == [1, 1, 2, 1, 1, 1]
    assert levels.ucodes[2] == (U_INFO, U_INFO) and levels.single


@pytest.mark.parametrize("law, gain", [("A", 1.0), ("mu", 1.0), ("A", 0.7), ("mu", 1.3)])
def test_all_codewords_but_those_beside_a_sure_level(law, gain, rng):
    soft, number, _ = heard(rng)
    _, own = own_levels(gain * soft, number, U_INFO)
    levels = codeword_levels(law, gain, own, U_INFO)
    assert levels.guess and levels.loss == 2**32 - 1
    every = g711.linear(np.arange(128), law) * gain
    for sure, values, ucodes in zip(own.values, levels.values, levels.ucodes, strict=True):
        assert len(values) <= MOST_LEVELS
        assert {v for v, ucode in zip(values, ucodes, strict=True) if ucode} == {*sure}
        for value in values:
            assert value in sure or np.abs(every - value).min() <= 0.5
        # A codeword that is heard a little off is there once, not twice.
        near = np.abs(np.array(values) - sure[0])
        assert np.sort(near)[1] > 30 * gain
