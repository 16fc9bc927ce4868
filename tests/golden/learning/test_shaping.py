"""What shaping is worth: errors in step with low frequencies, and what is chosen for them."""

import numpy as np
import pytest
from scipy.signal import lfilter

from golden.errors import CallFailed
from golden.learning import shaping
from golden.pcm.parameters import INTERVALS, MappingParameters

LEVEL, NOISE = 4000, 10.0


def made(sr=0, filter=(0, 0, 0, 0), drn=14):
    """Mapping parameters of 60 points."""
    points = tuple(range(28, 88))
    return MappingParameters(
        "CP", drn, sr, 3 if sr else 0, "A", *filter, (0,) * INTERVALS, (points,)
    )


def training(count=4000, seed=1):
    """TRN1d's values, and noise."""
    rng = np.random.default_rng(seed)
    return rng.choice([-LEVEL, LEVEL], count), rng.normal(0, NOISE, count)


def tail(values, pole, size):
    """What is left of symbols more than 32 before: at DC for a positive pole, else at the edge."""
    return lfilter(np.r_[np.zeros(33), size], [1, -pole], values)


def test_noise_alone_is_not_in_step():
    residue = shaping.Residue(*training())
    # A deviation from 3840 values is right within 1.2 %; 3 of these.
    assert residue.apart == pytest.approx(NOISE, rel=0.035)
    assert residue.deviation() == pytest.approx(NOISE, rel=0.035)
    asked = []
    assert shaping.choice(residue, lambda *a: asked.append(a))[0] == 0 and not asked


def test_noise_alone_is_not_looked_at():
    """Over as many symbols as a start-up has: what sums claim by chance is taken off."""
    asked = []
    for seed in range(100):
        shaping.choice(shaping.Residue(*training(768 + 160, seed)), lambda *a: asked.append(a))
    assert not asked


@pytest.mark.parametrize("pole, filter", [(0.97, "DC"), (-0.97, "band edge")])
def test_what_is_in_step_is_found_and_predicted(pole, filter):
    values, noise = training()
    wrong = tail(values, pole, 0.0012)
    residue = shaping.Residue(values, noise + wrong)
    # 20 sums describe most of an exponential: what they leave is 5 % of its power.
    assert residue.apart == pytest.approx(NOISE, rel=0.1)
    assert residue.deviation() == pytest.approx(np.hypot(NOISE, wrong.std()), rel=0.06)
    for sr in (1, 2, 3):
        signal = shaping.signal(made(sr, shaping.FILTERS[filter], 15 - sr))
        signal *= LEVEL / np.sqrt(np.mean(signal**2))
        there = np.hypot(NOISE, tail(signal, pole, 0.0012).std())
        assert residue.deviation(signal) == pytest.approx(there, rel=0.08)
        assert there < 0.85 * residue.deviation()


def design(worth):
    """A design: bits, ``worth`` more for each dB less noise, one less for each Sr; what is left."""

    def one(sr, filter, factor):
        bits, left = divmod(28 - sr - worth * 20 * np.log10(factor), 1)
        if bits < 21:
            raise CallFailed("none")
        return made(sr, filter if sr else (0, 0, 0, 0), int(bits) - 20), left / worth

    return one


@pytest.mark.parametrize("pole, filter", [(0.97, "DC"), (-0.97, "band edge")])
def test_shaping_is_chosen_where_it_is_worth_more_than_it_costs(pole, filter):
    values, noise = training()
    residue = shaping.Residue(values, noise + tail(values, pole, 0.0012))
    sr, chosen = shaping.choice(residue, design(1.2))
    assert sr > 0 and chosen == shaping.FILTERS[filter]
    assert shaping.choice(residue, design(0.1))[0] == 0


def test_room_decides_between_equal_rates():
    values, noise = training()
    residue = shaping.Residue(values, noise + tail(values, 0.97, 0.0012))

    def same(sr, filter, factor):
        return made(sr, filter if sr else (0, 0, 0, 0), 8), 3.0 - 20 * np.log10(factor) - sr * less

    less = 1.0
    assert shaping.choice(residue, same) == (1, shaping.FILTERS["DC"])
    less = 8.0
    assert shaping.choice(residue, same)[0] == 0


def test_both_nulls_where_both_are_in_step():
    values, noise = training()
    wrong = tail(values, 0.97, 0.0012) + tail(values, -0.97, 0.0012)
    sr, chosen = shaping.choice(shaping.Residue(values, noise + wrong), design(1.2))
    assert sr > 0 and chosen == shaping.FILTERS["DC and band edge"]


def test_a_signal_has_the_null_of_its_filter():
    for name, filter in shaping.FILTERS.items():
        values = shaping.signal(made(2, filter, 13))
        spectrum = np.abs(np.fft.rfft(values[:2160].reshape(-1, 240) * np.hanning(240))) ** 2
        power = spectrum.mean(0) / spectrum.mean()
        assert (power[1] < 0.1) == ("DC" in name) and (power[-2] < 0.1) == ("band" in name), name
