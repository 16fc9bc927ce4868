"""Networks told from the octets that come out of them, with Ja and without it."""

import numpy as np
import pytest

from golden.learning.learning import dil_request
from golden.pcm.parameters import INTERVALS
from golden.signals.training import ABOVE, dil
from sim.reading import network as reading_network
from sim.reading import octets as reading
from sim.world.network import Network, NetworkParameters
from tests.sim.reading.support import ASKED, U_INFO, named, places, sent

#: What a network does, and what must be said of it.
NETWORKS = {
    "polarity": ("A", {"invert": True}, []),
    "robbed": (
        "mu",
        {"robbed": ("", "01", "", "", "0", "")},
        ["robbed bit 0 in interval 4", "robbed bit 0 and 1 in turn in interval 1"],
    ),
    "pad": ("A", {"pad": 3.0}, ["a digital pad of 3 dB"]),
    "pad of 6 dB": ("A", {"pad": 6.0}, ["a digital pad of 6 dB"]),
    "mu to A": ("mu", {"output_law": "A"}, ["mu-law is converted to A-law"]),
    "A to mu": ("A", {"output_law": "mu"}, ["A-law is converted to mu-law"]),
    "pad, robbed in front, conversion": (
        "mu",
        {"output_law": "A", "pad": 3.0, "robbed": ("", "", "1", "", "", "")},
        [
            "mu-law is converted to A-law",
            "a digital pad of 3 dB",
            "robbed bit 1 in interval 2, before the pad",
        ],
    ),
    "pad, robbed behind": (
        "A",
        {"pad": 4.0, "robbed_after": ("1", "", "", "", "", "")},
        ["a digital pad of 4 dB", "robbed bit 1 in interval 0, behind the pad"],
    ),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_networks_are_named_and_everything_is_read_behind_them(name):
    law, changes, sentences = NETWORKS[name]
    octets, timeline = sent(law)
    out = Network(NetworkParameters(law=law, **changes)).process(octets)
    found = reading.read(out)
    training = found.trainings[0]
    assert training.network.sentences == sentences
    assert training.network.law == law and U_INFO in training.network.u_info
    assert training.inverted == training.sd_inverted == bool(changes.get("invert"))
    assert found.line.law == changes.get("output_law", law)
    for signal in ("Sd", "TRN1d", "Jd", "DIL", "Ri", "TRN2d", "MP", "Ed", "B1d", "data"):
        (one,) = named(found, signal)
        assert [(one.first, one.symbols)] == places(timeline)[signal]
    for signal in ("Jd", "MP"):
        (one,) = named(found, signal)
        assert one.fields["good"] == one.fields["count"]
    (b1d,) = named(found, "B1d")
    assert b1d.fields["ones"] == 1 and b1d.fields["rate"] == float(ASKED.rate)
    (data,) = named(found, "data")
    assert data.fields["hdlc_good"] > 20 and data.fields["hdlc_bad"] == 0


def test_with_ja_the_network_is_what_it_makes_of_what_was_asked():
    octets, _ = sent("mu")
    changes = {"output_law": "A", "pad": 2.5}
    out = Network(NetworkParameters(law="mu", **changes)).process(octets)
    found = reading.read(out, ja=dil_request(U_INFO))
    assert found.trainings[0].network.sentences == [
        "mu-law is converted to A-law",
        "a digital pad of 2.5 dB",
    ]
    (one,) = named(found, "DIL")
    assert one.fields["ja_equal"] < 0.2
    clean = reading.read(octets, ja=dil_request(U_INFO))
    assert named(clean, "DIL")[0].fields["ja_equal"] == 1


def test_a_sparse_dil_is_no_network():
    """A client that asks for every third Ucode leaves two thirds out; no pad explains them."""
    asked = dil_request(U_INFO)
    asked["training_ucodes"] = list(range(20, 110, 3))
    asked["segments"] = len(asked["training_ucodes"])
    ucodes = dil(asked)[0].reshape(-1, INTERVALS)
    found = reading_network.find(ucodes, ucodes, "A", U_INFO, U_INFO + ABOVE)
    assert (found.law, found.pad, found.sentences) == ("A", 0, [])
    assert found.u_info == (U_INFO,)
    measured = np.flatnonzero(found.measured).tolist()
    assert measured == sorted({*asked["training_ucodes"], U_INFO})


def test_codewords_are_what_the_network_makes():
    changes = {"robbed": ("", "1", "", "", "", ""), "pad": 3.0}
    octets, _ = sent("mu")
    network = NetworkParameters(law="mu", output_law="A", **changes)
    found = reading.read(Network(network).process(octets)).trainings[0].network
    from golden.pcm import g711

    every = np.repeat(g711.octet(np.arange(128), 1, "mu"), INTERVALS)
    out = g711.ucode(Network(network).process(every), "A").reshape(128, INTERVALS)
    assert np.array_equal(found.codewords[..., 0], out.T)
    assert np.array_equal(found.impairments.codewords[..., 1, 1], out.T)


def test_rates_rise_with_the_snr_and_fall_with_a_robbed_bit():
    octets, _ = sent("A")
    rates = {}
    for name, robbed in (("clean", ("",) * 6), ("robbed", ("1", "1", "", "", "", ""))):
        found = reading.read(Network(NetworkParameters(law="A", robbed=robbed)).process(octets))
        training = found.trainings[0]
        rates[name] = [rate for _, rate in training.network.rates(training.jd)]
        assert rates[name] == sorted(rates[name]) and rates[name][0] > 28000
    assert all(a >= b for a, b in zip(rates["clean"], rates["robbed"], strict=True))
    assert rates["clean"][-1] > rates["robbed"][-1]
