"""CPt and CP for what was learnt: sequences, levels, power, as the digital modem takes them."""

from dataclasses import replace

import numpy as np
import pytest

from golden.errors import CallFailed, V90Error
from golden.learning import learning
from golden.learning.proposal import Proposal
from golden.modem.digital import ALL_RATES, DigitalModem
from golden.signals.sequences import CP, mapping_parameters
from sim.calls import design
from sim.world.network import NetworkParameters

JD = {"rates": ALL_RATES, "training": 0, "renegotiation": 0, "look_ahead": 2}


def proposal(at_codec=True, jd=JD, power=-12.0, sr=0, law="A", **network):
    """A proposal for a network of which everything was learnt."""
    parameters = NetworkParameters(law=law, **network)
    least, most = design.arrivals(parameters)
    mean = np.repeat(((least + most) / 2)[..., None], 2, -1)
    count = np.full(mean.shape, 100)
    measured = learning.Measurement(mean, count, np.ones(6))
    return Proposal(learning.impairments(measured, law), jd, power, at_codec, 79, sr)


def codewords(one, parameters):
    """What CP should say of the codec's output: six lists of Ucodes."""
    return [one.codewords[i, list(u)].tolist() for i, u in enumerate(parameters.intervals)]


NETWORKS = {
    "clean": {},
    "robbed": {"robbed": ("0", "", "", "", "", "")},
    "robbed in turn": {"robbed": ("", "01", "", "", "", "")},
    "pad": {"pad": 6.0},
    "converted": {"output_law": "mu"},
}


@pytest.mark.parametrize("at_codec", [True, False])
@pytest.mark.parametrize("name", NETWORKS)
def test_cp_says_what_is_sent_and_what_comes_out(name, at_codec):
    one = proposal(at_codec, **NETWORKS[name])
    cpt = one.cpt(np.full(6, 30.0), 1.0)
    for p in (cpt, one.cp(np.full(6, 30.0), 1.0, cpt=cpt)):
        fields = CP.parse(one.sequence(p, 1))
        assert mapping_parameters(fields).with_law("A") == p and fields["acknowledge"] == 1
        assert fields["law"] == (name != "converted")
        assert fields["codec_differs"] == (
            codewords(one, p) != [list(u) for u in p.intervals] or name == "converted"
        )
        if fields["codec_differs"]:
            masks = fields["codec_constellations"]
            said = [
                [u for u in range(128) if masks[index] >> u & 1]
                for index in fields["interval_constellation"]
            ]
            assert said == codewords(one, p)
        modem = DigitalModem("A", power=-12.0, at_codec=at_codec)
        assert modem.accepted(fields) == p and modem.refused is None
    assert CP.parse(one.sequence(p, cleardown=True))["drn"] == 0


def test_data_have_3_db_more_power_than_training_at_most():
    loud, noise = proposal(power=-8.0), np.full(6, 20.0)
    quiet = proposal(power=-16.0).cpt(noise, 1.0)
    free, held = loud.cp(noise, 1.0), loud.cp(noise, 1.0, cpt=quiet)
    limit = 10**0.3 * float(quiet.average_power)
    assert held.average_power <= limit < free.average_power
    # What is allowed is used.
    assert held.average_power > 0.8 * limit and held.data_bits < free.data_bits


def test_rates_and_look_ahead_are_those_of_jd():
    few = {**JD, "rates": 1 << 3 | 1 << 9}
    assert proposal(jd=few).cp(np.full(6, 20.0), 0.0).data_bits == 30
    assert proposal(jd=few).cp(np.full(6, 20.0), 0.0, most=29).data_bits == 24
    assert proposal(sr=1).cp(np.full(6, 20.0), 0.0).ld == 2
    with pytest.raises(CallFailed, match="lowest rate"):
        proposal(jd=few).cp(np.full(6, 2000.0), 0.0)


def test_levels_are_where_points_arrive():
    one = proposal(robbed=("", "01", "", "", "", ""))
    p = one.cp(np.full(6, 30.0), 1.0)
    levels = one.levels(p.intervals)
    for i, ucodes in enumerate(p.intervals):
        arrived = {
            (int(np.rint(x[i, u])), u)
            for u in ucodes
            for x in (one.impairments.least, one.impairments.most)
        }
        assert set(zip(levels.values[i], levels.ucodes[i], strict=True)) == arrived
        assert (len(levels.values[i]) > len(ucodes)) == (i == 1)
    assert one.room(p, np.full(6, 30.0)) >= 1.0 > one.room(p, np.full(6, 60.0))
    # Where two Ucodes arrive as one there are no such levels.
    same = proposal(robbed=("1", "", "", "", "", ""))
    both = replace(p, interval_constellation=(0,) * 6, constellations=(tuple(range(40, 72)),))
    with pytest.raises(V90Error, match="ascend"):
        same.levels(both.intervals)
