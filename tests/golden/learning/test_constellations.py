"""Constellations for a noise: distances as they arrive, power, rates."""

import numpy as np
import pytest

from golden.errors import CallFailed, V90Error
from golden.learning import constellations
from golden.pcm import g711
from golden.pcm.parameters import rate
from sim.calls import design
from sim.world.network import Network, NetworkParameters, values

NETWORKS = {
    "nothing": NetworkParameters(),
    "mu": NetworkParameters(law="mu"),
    "robbed": NetworkParameters(robbed=("1", "", "", "0", "", "")),
    "in turn": NetworkParameters(
        robbed=("01", "", "", "", "1", ""), robbed_after=("", "", "", "", "", "1")
    ),
    "mu to A": NetworkParameters(law="mu", output_law="A"),
    "pad": NetworkParameters(pad=3.0, invert=True),
}


def designer(network, sigma, margin=0.5, **options):
    least = constellations.distances(np.broadcast_to(sigma, 6), margin)
    return constellations.Designer(design.arrivals(network), network.law, least, **options)


@pytest.mark.parametrize("name", NETWORKS)
def test_arrivals_are_what_the_network_does(name):
    network = NETWORKS[name]
    rng = np.random.default_rng(1)
    ucodes, signs = rng.integers(0, 128, 6000), rng.integers(0, 2, 6000)
    octets = g711.octet(ucodes, signs, network.law)
    arrived = np.abs(values(Network(network).process(octets), network.law_out))
    least, most = (level[np.arange(6000) % 6, ucodes] for level in design.arrivals(network))
    assert ((least <= arrived) & (arrived <= most)).all()
    assert ((least == arrived) | (most == arrived)).all()
    assert (design.arriving(network, octets) == arrived).all()


def test_arrivals_leave_high_pass_and_slips_out():
    still = design.arrivals(NetworkParameters())
    moving = design.arrivals(NetworkParameters(high_pass=0.9, slips=((3, 1),)))
    assert (still[0] == moving[0]).all() and (still[1] == moving[1]).all()


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("sigma", [12.0, 45.0])
def test_points_arrive_apart_and_keep_the_power(name, sigma):
    network = NETWORKS[name]
    p = designer(network, sigma, 1.0).best()
    assert p.law == network.law and not p.exceeds(-12)
    arrived = design.arrivals(network)
    assert (constellations.margins(arrived, p, np.full(6, sigma)) >= 1.0 - 1e-9).all()
    levels = constellations.data_levels(arrived, p)
    distance = constellations.distances(np.full(6, sigma), 1.0)[0]
    for i in range(6):
        low, high = (level[i, list(p.intervals[i])] for level in arrived)
        assert (low[1:] - high[:-1] >= distance - 1e-6).all() and 2 * low[0] >= distance
        assert levels.ucodes[i] == p.intervals[i]


def test_the_rate_is_the_highest():
    network, sigma = NetworkParameters(), 30.0
    best = designer(network, sigma)
    p = best.best()
    higher = constellations.Designer(best.arrived, "A", best.least).at_rate(p.data_bits + 1)
    assert constellations.margins(best.arrived, higher, np.full(6, sigma)).min() < 0.5
    # At its rate points are as far apart as can be: more would not carry it.
    assert constellations.margins(best.arrived, p, np.full(6, sigma)).min() > 0.5


def test_noise_by_interval_makes_different_constellations():
    sigma = np.array([15.0, 15, 15, 60, 15, 15])
    p = designer(NetworkParameters(), sigma).best()
    assert p.moduli[3] < min(p.moduli[:3])
    assert (constellations.margins(design.arrivals(NetworkParameters()), p, sigma) >= 0.5).all()


@pytest.mark.parametrize("d", [21, 30, 36, 42])
def test_a_rate_that_is_asked_for(d):
    arrived = design.arrivals(NetworkParameters(law="mu"))
    p = constellations.Designer(arrived, "mu", np.full(6, 500.0)).at_rate(d)
    assert p.data_bits == d and p.type == "CP" and not p.exceeds(-12)
    # No larger than it must be.
    assert p.modulus_product < 8 << p.k


@pytest.mark.parametrize("sr", range(4))
def test_shaping_takes_bits(sr):
    p = designer(NetworkParameters(), 20.0, sr=sr, ld=2).best()
    assert (p.sr, p.ld, p.s) == (sr, 2, 6 - sr)
    assert (p.a1 != 0) == (sr > 0)


def test_what_cannot_be():
    with pytest.raises(CallFailed, match="does not carry the lowest rate"):
        designer(NetworkParameters(), 500.0).best()
    robbed = NetworkParameters(robbed=("1",) * 6, pad=6.0)
    with pytest.raises(V90Error, match="no points carry 56000 bit/s"):
        designer(robbed, 10.0).at_rate(42)
    with pytest.raises(V90Error, match="26666 bit/s is not possible with Sr 0"):
        constellations.Designer(design.arrivals(robbed), "A", np.ones(6)).at_rate(20)
    p = designer(NetworkParameters(), 1.0).at_rate(42)
    with pytest.raises(V90Error, match=r"Ucodes \d+ and \d+ of data frame interval 0 arrive at"):
        constellations.data_levels(design.arrivals(robbed), p)


def test_rates_by_their_number():
    assert constellations.data_bits_of(28000) == 21 and constellations.data_bits_of(56000) == 42
    for d in range(21, 43):
        assert constellations.data_bits_of(float(rate(d))) == d
        assert constellations.data_bits_of(int(rate(d))) == d
        assert constellations.data_bits_of(round(float(rate(d)))) == d
    for wrong in (0, 27000, 30000, 57333, float("nan"), float("inf")):
        with pytest.raises(V90Error, match="there are 28000, 29333, .*, 56000"):
            constellations.data_bits_of(wrong)


def test_training_has_one_level():
    levels = design.training_levels(design.arrivals(NetworkParameters()), 79)
    assert levels.values == ((int(g711.linear(79, "A")),),) * 6 and levels.ucodes == ((79,),) * 6
