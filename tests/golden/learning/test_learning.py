"""What DIL tells: explanations of networks, with and without noise, and the DIL to ask for."""

import numpy as np
import pytest

from golden.errors import V90Error
from golden.learning import learning
from golden.pcm import g711
from golden.signals import training
from golden.signals.sequences import DIL
from sim.world.network import Network, NetworkParameters, values

NETWORKS = {
    "clean": {},
    "pad 3": {"pad": 3.0},
    "pad 6": {"pad": 6.0},
    "pad 2.5": {"pad": 2.5},
    "one robbed": {"robbed": ("1", "", "", "", "", "")},
    "two robbed": {"robbed": ("", "01", "", "", "0", "")},
    "robbed and pad": {"robbed_after": ("", "01", "", "", "1", ""), "pad": 3.0},
    "robbed twice": {
        "robbed": ("0", "", "", "", "", ""),
        "pad": 2.0,
        "robbed_after": ("1", "", "", "", "", ""),
    },
    "other law": {"other": True},
    "other law and pad": {"other": True, "pad": 3.0},
}


def measured(name, law, sigma, rng, u_info=79):
    """``(Measurement, NetworkParameters)`` of the DIL asked for over a network of the table."""
    what = dict(NETWORKS[name])
    if what.pop("other", False):
        what["output_law"] = {"mu": "A", "A": "mu"}[law]
    parameters = NetworkParameters(law=law, **what)
    request = learning.dil_request(u_info)
    ucodes, signs = training.dil(request)
    octets = Network(parameters).process(g711.octet(ucodes, signs, law))
    soft = values(octets, parameters.law_out)
    soft *= g711.linear(u_info, law) / np.abs(soft[ucodes == u_info]).mean()
    soft += rng.normal(0, sigma, len(soft)) if sigma else 0
    # As DilAverager has it: training symbols alone, sums by segment.
    mine = np.resize(np.array(request["training_pattern"], bool), len(soft))
    segment = np.arange(len(soft)) // len(request["training_pattern"])
    sums, counts = np.zeros((2, request["segments"], 6, 2))
    where = segment[mine], (np.arange(len(soft)) % 6)[mine], signs[mine]
    np.add.at(sums, where, np.rint(16 * soft[mine]))
    np.add.at(counts, where, 1)
    # What came while nobody knew that this was DIL tells nothing.
    sums[: learning.LEAD] += rng.integers(-(10**6), 10**6, (learning.LEAD, 6, 2))
    made = learning.Measurement.of_segments(request, sums, counts.astype(int), sigma, learning.LEAD)
    return made, parameters


@pytest.mark.parametrize("law", g711.LAWS)
@pytest.mark.parametrize("sigma", [0, 10, 40])
@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_is_named(name, sigma, law, rng):
    measurement, p = measured(name, law, sigma, rng)
    found = learning.impairments(measurement, law)
    assert (found.law_out, found.pad) == (p.law_out, p.pad)
    assert (found.robbed, found.robbed_after) == (p.robbed, p.robbed_after)
    assert not found.departures
    assert found.misfit < (1.3 if sigma else 0.2)
    assert bool(found.sentences) == (name != "clean")
    # Levels are those of the network, exactly but for the one factor.
    octets = g711.octet(np.repeat(np.arange(128), 12), 1, law)
    level = np.abs(values(Network(p).process(octets), p.law_out)).reshape(128, 2, 6)
    assert np.allclose(found.least, found.gain * level.min(1).T)
    assert np.allclose(found.most, found.gain * level.max(1).T)


@pytest.mark.parametrize("law", g711.LAWS)
def test_levels_that_no_network_explains(law, rng):
    measurement, _ = measured("clean", law, 2, rng)
    grid = g711.linear(np.arange(128), law)
    measurement.mean[2, 60, 1] += grid[61] - grid[60]
    measurement.mean[3, 70] += grid[71] - grid[70]
    found = learning.impairments(measurement, law)
    assert found.departures == ((2, 60, 1), (3, 70, 0), (3, 70, 1))
    assert (found.codewords[2, 60, 0] == (60, 61)).all()
    assert "3 levels of Ucodes 60 to 70 arrive elsewhere, 1 for one sign only" in found.sentences
    assert found.least[2, 60] < found.most[2, 60] and found.least[3, 70] == found.most[3, 70]


def test_the_dil_measures_everything():
    for u_info in (67, 79, 110):
        request = learning.dil_request(u_info)
        assert DIL.parse(DIL.build(2, **request)) == request
        ucodes, signs = training.dil(request)
        lead = learning.LEAD * learning.SEGMENT * 6
        assert len(ucodes) == lead + 128 * learning.SEGMENT * 6 < 5 * 8000
        assert (ucodes[:lead] == u_info).all()
        mine = np.resize(np.array(request["training_pattern"], bool), len(ucodes))
        mine[:lead] = False
        frame, interval = np.divmod(np.arange(len(ucodes)), 6)
        # Each Ucode in each interval with each sign in even and odd data frames, once.
        seen = np.stack([ucodes, interval, signs, frame % 2])[:, mine]
        assert np.unique(seen, axis=1).shape[1] == seen.shape[1] == 128 * 6 * 2 * 2
        assert np.diff(np.flatnonzero(mine)).min() > 1
        # The power in any 50 ms (400 symbols) is within 2 dB of TRN1d's, or above it.
        power = np.convolve(g711.linear(ucodes, "A") ** 2.0, np.ones(400) / 400, "valid")
        assert 10 * np.log10(power.min() / g711.linear(u_info, "A") ** 2) > -2


def test_refusals(rng):
    with pytest.raises(V90Error, match="multiple of 12"):
        learning.dil_request(79, 13)
    measurement, _ = measured("clean", "A", 1, rng)
    measurement.count[:, 15:] = 0
    with pytest.raises(V90Error, match="15 Ucodes"):
        learning.impairments(measurement, "A")
