"""Levels at the exchange, and lines that bring TRN1d to a level."""

import numpy as np
import pytest

from golden.pcm import g711
from golden.signals.training import trn1d
from sim.calls import design
from sim.world.conditions import Conditions
from sim.world.network import NetworkParameters


def test_without_a_network_ucodes_arrive_as_sent():
    for law in g711.LAWS:
        least, most = design.arrivals(NetworkParameters(law=law))
        assert (least == most).all() and (least == g711.linear(np.arange(128), law)).all()


def test_a_robbed_bit_that_changes_has_two_levels():
    network = NetworkParameters(robbed=("", "01", "", "", "", ""), high_pass=0.9, slips=((5, 1),))
    least, most = design.arrivals(network)
    assert [int(row.sum()) for row in (least != most)] == [0, 128, 0, 0, 0, 0]
    assert (least <= most).all()


@pytest.mark.parametrize("level", [-22.0, -30.0])
@pytest.mark.parametrize("network", [{}, {"pad": 6.0}, {"output_law": "mu"}])
def test_trn1d_has_its_level_at_the_converter(level, network):
    network = NetworkParameters(**network)
    line = design.line_at("26awg-6kft", network, Conditions(), 79, level, None)
    octets = g711.octet(*trn1d(79, 8040), "A")
    values = design.arriving(network, octets) * np.where(g711.sign(octets) == 1, 1.0, -1.0)
    samples = line.process_values(values / 32768)[2000:]
    assert 10 * np.log10(np.mean(samples**2)) == pytest.approx(level, abs=0.3)


def test_noise_refers_to_trn1d():
    """Without a signal there is noise of as many dB below TRN1d."""
    conditions = Conditions(snr=20.0, power=1.0, level=-3.0, bits=8)
    line = design.line_at("codec", NetworkParameters(), conditions, 79)
    samples = line.process_values(np.zeros(16000))
    assert 10 * np.log10(np.mean(samples**2)) == pytest.approx(-42.0, abs=0.2)
    assert line.conditions.bits == 16
