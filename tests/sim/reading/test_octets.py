"""Recordings of downstreams read back: real calls, our own modem's over networks, and lines."""

import numpy as np
import pytest

from golden.errors import CallFailed
from golden.learning.learning import dil_request
from golden.pcm import g711
from golden.pcm.encoder import B1D_FRAMES
from golden.pcm.parameters import INTERVALS
from sim.figures.real_calls import real_call_rows
from sim.reading import octets as reading
from sim.world.network import Network, NetworkParameters
from tests.sim.reading.support import ASKED, TRAINED, U_INFO, named, places, sent

# --- Our own modem -------------------------------------------------------------------------------


@pytest.mark.parametrize("law", g711.LAWS)
def test_every_signal_of_a_call_with_a_renegotiation(law):
    octets, timeline = sent(law, renegotiates=True)
    found = reading.read(octets)
    assert found.line.law == law and len(found.trainings) == 1
    expected = places(timeline)
    del expected["silence"]
    got = {}
    for one in found.signals:
        got.setdefault(one.name, []).append((one.first, one.symbols))
    assert got == expected
    (jd,) = named(found, "Jd")
    assert jd.fields["good"] == jd.fields["count"] == jd.symbols // 72
    assert jd.fields["rates"] == 0x3FFFFF and jd.fields["look_ahead"] == 3
    for mp in named(found, "MP"):
        assert mp.fields["good"] == mp.fields["count"] == mp.symbols // (6 * INTERVALS)
        assert 0 < mp.fields["acknowledged"] < mp.fields["count"]
    for trn2d in named(found, "TRN2d"):
        assert trn2d.fields["ones"] == 1 and trn2d.fields["from_start"]
        assert trn2d.fields["constellations"] == [list(one) for one in TRAINED.intervals]
    for b1d, data in zip(named(found, "B1d"), named(found, "data"), strict=True):
        assert b1d.symbols == B1D_FRAMES * INTERVALS and b1d.fields["ones"] == 1
        assert b1d.fields["rate"] == float(ASKED.rate) and b1d.fields["whole"]
        # The largest labels that K bits never reach are no part of what is found.
        for points, asked in zip(b1d.fields["constellations"], ASKED.intervals, strict=True):
            assert points == list(asked[len(asked) - len(points) :])
        assert data.fields["hdlc_good"] > 20 and data.fields["hdlc_bad"] == 0
    assert found.trainings[0].network.sentences == []


def test_polarity_of_trn1d_and_dil_against_sd():
    """As over networks of two of the real calls."""
    octets, timeline = sent("A")
    where = places(timeline)
    octets = octets.copy()
    octets[where["TRN1d"][0][0] : where["Ri"][0][0]] ^= 0x80
    found = reading.read(octets, ja=dil_request(U_INFO))
    training = found.trainings[0]
    assert training.inverted and not training.sd_inverted
    (jd,) = named(found, "Jd")
    assert jd.fields["good"] == jd.fields["count"]
    (one,) = named(found, "DIL")
    assert one.fields["equal"] == one.fields["ja_equal"] == 1


@pytest.mark.parametrize("begins", [6000, 9000])
def test_where_a_high_pass_begins(begins):
    octets, timeline = sent("A")
    parameters = NetworkParameters(law="A", high_pass=0.953, high_pass_at=begins)
    found = reading.read(Network(parameters).process(octets))
    ((first, _),) = places(timeline)["DIL"]
    assert abs(first + INTERVALS * found.trainings[0].high_pass_at - begins) < 8 * INTERVALS


def test_a_wrong_octet_in_jd_costs_one_crc():
    octets, timeline = sent("A")
    ((first, length),) = places(timeline)["Jd"]
    octets = octets.copy()
    octets[first + 3 * 72 + 30] ^= 0x80
    (jd,) = named(reading.read(octets), "Jd")
    assert jd.symbols == length
    # The scrambler spreads it over three places, and signs are differential.
    assert jd.fields["count"] - 2 <= jd.fields["good"] < jd.fields["count"]


def test_two_trainings():
    octets, timeline = sent("A")
    ((first, _),) = places(timeline)["Sd"]
    found = reading.read(np.concatenate([octets, octets]))
    assert len(found.trainings) == 2
    assert named(found, "Sd", 1)[0].first == len(octets) + first
    assert [one.name for one in found.trainings[0].signals] == [
        one.name for one in found.trainings[1].signals
    ]


@pytest.mark.parametrize("signal", ["Sd", "TRN1d", "Jd", "DIL", "Ri", "TRN2d", "MP", "B1d", "data"])
def test_what_is_cut_gives_what_there_is(signal):
    octets, timeline = sent("A")
    ((first, length),) = places(timeline)[signal]
    cut = octets[: first + length // 2]
    if signal == "Sd":
        with pytest.raises(CallFailed, match="no Sd with a TRN1d"):
            reading.read(cut)
        return
    found = reading.read(cut)
    names = [one.name for one in found.signals]
    whole = [
        "Sd",
        "S-bar-d",
        "TRN1d",
        "Jd",
        "Jd'",
        "DIL",
        "Ri",
        "R-bar-i",
        "TRN2d",
        "MP",
        "Ed",
        "B1d",
        "data",
    ]
    # R is not told before its reversal, and passes for DIL.
    at = whole.index("DIL" if signal == "Ri" else signal)
    assert names == whole[: at + 1]
    assert all(one.end <= len(cut) for one in found.signals)


@pytest.mark.parametrize(
    "octets",
    [
        np.zeros(0, np.uint8),
        np.zeros(100000, np.uint8),
        np.random.default_rng(3).integers(0, 256, 60000, np.uint8),
    ],
)
def test_what_is_no_v90_is_told(octets):
    with pytest.raises(CallFailed, match="no downstream of V.90"):
        reading.read(octets)


# --- Real calls ----------------------------------------------------------------------------------


def test_real_calls(real_calls):
    rows = real_call_rows(real_calls)
    if not rows:
        pytest.skip(f"no calls in {real_calls}")
    for row in rows:
        print(row.what, row.values)
    assert all(row.met for row in rows), [row.what for row in rows if not row.met]
    assert len(rows) == 9
