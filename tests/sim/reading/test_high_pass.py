"""A network's high-pass told from R and taken out of what follows."""

import numpy as np
import pytest

from golden.pcm import g711
from golden.pcm.parameters import INTERVALS
from golden.signals.training import r
from sim.reading import high_pass as reading_highpass
from sim.reading import octets as reading
from sim.world.network import Network, NetworkParameters, values
from tests.sim.reading.support import ASKED, named, places, sent

LEVEL = float(g711.linear(79, "A"))


@pytest.mark.parametrize("law", g711.LAWS)
def test_a_high_pass_is_found_and_taken_out(law):
    octets, timeline = sent(law)
    begins = 9000
    parameters = NetworkParameters(law=law, high_pass=0.953, high_pass_at=begins)
    found = reading.read(Network(parameters).process(octets))
    training = found.trainings[0]
    assert abs(training.high_pass - 0.953) < 0.005
    (dil_signal,) = named(found, "DIL")
    assert abs(dil_signal.first + INTERVALS * training.high_pass_at - begins) < 10 * INTERVALS
    (trn2d,) = named(found, "TRN2d")
    (mp,) = named(found, "MP")
    assert trn2d.fields["ones"] == 1 and mp.fields["good"] == mp.fields["count"]
    (b1d,) = named(found, "B1d")
    assert [(b1d.first, b1d.symbols)] == places(timeline)["B1d"]
    assert b1d.fields["rate"] == float(ASKED.rate)
    assert training.network.sentences == []


@pytest.mark.parametrize("pole", [None, 0.9, 0.953, 0.98])
def test_the_pole_is_found_in_r(pole):
    octets = g711.octet(*r(79, 60), "A")
    out = Network(NetworkParameters(law="A", high_pass=pole)).process(octets)
    found = reading_highpass.find(values(out, "A")[-14 * INTERVALS :], LEVEL)
    assert found is None if pole is None else abs(found - pole) < 0.006


def test_what_was_sent_comes_out():
    """Random points of constellations that differ by interval, behind R."""
    rng = np.random.default_rng(5)
    points = [np.array([47, 70, 81, 88]), np.array([53, 74, 85])] * 3
    before = g711.octet(*r(79, 60), "A")
    ucodes = np.stack([rng.choice(one, 2000) for one in points], axis=1).reshape(-1)
    octets = g711.octet(ucodes, rng.integers(0, 2, len(ucodes)), "A")
    out = Network(NetworkParameters(law="A", high_pass=0.953)).process(
        np.concatenate([before, octets])
    )[len(before) :]
    assert np.mean(out == octets) < 0.6
    got = reading_highpass.removed(values(out, "A"), values(before, "A"), 0.953, "A")
    assert np.array_equal(got, octets)
