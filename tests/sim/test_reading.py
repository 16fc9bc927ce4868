"""Recordings of downstreams read back: real calls, our own modem's over networks, and lines."""

from functools import cache

import numpy as np
import pytest

from golden import g711
from golden.digital import DigitalModem, Upstream
from golden.encoder import B1D_FRAMES
from golden.errors import CallFailed
from golden.hdlc import Framer
from golden.learning import dil_request
from golden.parameters import INTERVALS, MappingParameters
from golden.sequences import CP, DIL, cp_fields
from sim import reading
from sim.network import Network, NetworkParameters
from sim.reading_calls import real_call_rows

U_INFO = 79

#: Points far apart, so that no network makes one of two.
TRAINED = MappingParameters("CPt", 9, 1, 0, "A", 64, 0, 0, 0, (0,) * 6, ((42, 67, 80, 87),))
ASKED = MappingParameters(
    "CP", 8, 1, 0, "A", 64, 0, 0, 0, (0, 1) * 3,
    (tuple(range(30, 88, 4)), tuple(range(32, 90, 4))),
)  # fmt: skip


def sequence(parameters, **fields):
    return CP.build(**cp_fields(parameters, **fields))


@cache
def sent(law, renegotiates=False, trn1d=2040, asked=ASKED):
    """``(octets, timeline)`` of a whole call of our own digital modem.

    Behind data there are a rate renegotiation and data again, where ``renegotiates``.
    """
    cpt, cp = TRAINED.with_law(law), asked.with_law(law)
    modem = DigitalModem(law, U_INFO, power=-0.5, at_codec=False, trn1d=trn1d)
    rng = np.random.default_rng(7)
    frames = [rng.bytes(int(n)) for n in rng.integers(20, 90, 200)]
    modem.send(np.concatenate([Framer().process(frames), Framer.fill(100)]))
    ja = DIL.build(**dil_request(U_INFO))
    steps = [
        (100, Upstream.S, None), (1, Upstream.S_BAR, None), (20, Upstream.JA, ja),
        (260 + trn1d // INTERVALS, Upstream.S, None), (1800, Upstream.S_BAR, None),
        (60, Upstream.S, None), (1, Upstream.S_BAR, None), (20, Upstream.CP, sequence(cpt)),
        (700, Upstream.CP, sequence(cp)), (150, Upstream.CP, sequence(cp, acknowledge=1)),
        (40, Upstream.E, None), (700, Upstream.B1, None),
    ]  # fmt: skip
    if renegotiates:
        steps += [
            (20, Upstream.S, None), (1, Upstream.S_BAR, None),
            (700, Upstream.CP, sequence(cp)), (150, Upstream.CP, sequence(cp, acknowledge=1)),
            (40, Upstream.E, None), (300, Upstream.B1, None),
        ]  # fmt: skip
    parts = []
    for wait, upstream, bits in steps:
        parts.append(modem.frames(wait))
        modem.receive(upstream, bits)
    parts.append(modem.frames(300))
    return np.concatenate(parts), modem.timeline


def named(found, name, training=0):
    """All signals of a name in one training."""
    return [one for one in found.trainings[training].signals if one.name == name]


def places(timeline):
    """Begin and length in octets by signal of the digital modem's timeline, MP with MP'."""
    found = {}
    for one in timeline:
        if one.signal == "MP'":
            first, frames = found["MP"][-1]
            found["MP"][-1] = first, frames + one.frames * INTERVALS
            continue
        found.setdefault(one.signal, []).append((one.first * INTERVALS, one.frames * INTERVALS))
    return found


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
    jd, = named(found, "Jd")
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
    jd, = named(found, "Jd")
    assert jd.fields["good"] == jd.fields["count"]
    one, = named(found, "DIL")
    assert one.fields["equal"] == one.fields["ja_equal"] == 1


@pytest.mark.parametrize("begins", [6000, 9000])
def test_where_a_high_pass_begins(begins):
    octets, timeline = sent("A")
    parameters = NetworkParameters(law="A", high_pass=0.953, high_pass_at=begins)
    found = reading.read(Network(parameters).process(octets))
    (first, _), = places(timeline)["DIL"]
    assert abs(first + INTERVALS * found.trainings[0].high_pass_at - begins) < 8 * INTERVALS


def test_a_wrong_octet_in_jd_costs_one_crc():
    octets, timeline = sent("A")
    (first, length), = places(timeline)["Jd"]
    octets = octets.copy()
    octets[first + 3 * 72 + 30] ^= 0x80
    jd, = named(reading.read(octets), "Jd")
    assert jd.symbols == length
    # The scrambler spreads it over three places, and signs are differential.
    assert jd.fields["count"] - 2 <= jd.fields["good"] < jd.fields["count"]


def test_two_trainings():
    octets, timeline = sent("A")
    (first, _), = places(timeline)["Sd"]
    found = reading.read(np.concatenate([octets, octets]))
    assert len(found.trainings) == 2
    assert named(found, "Sd", 1)[0].first == len(octets) + first
    assert [one.name for one in found.trainings[0].signals] == [
        one.name for one in found.trainings[1].signals
    ]


@pytest.mark.parametrize("signal", ["Sd", "TRN1d", "Jd", "DIL", "Ri", "TRN2d", "MP", "B1d", "data"])
def test_what_is_cut_gives_what_there_is(signal):
    octets, timeline = sent("A")
    (first, length), = places(timeline)[signal]
    cut = octets[: first + length // 2]
    if signal == "Sd":
        with pytest.raises(CallFailed, match="no Sd with a TRN1d"):
            reading.read(cut)
        return
    found = reading.read(cut)
    names = [one.name for one in found.signals]
    whole = ["Sd", "S-bar-d", "TRN1d", "Jd", "Jd'", "DIL", "Ri", "R-bar-i", "TRN2d", "MP", "Ed",
             "B1d", "data"]  # fmt: skip
    # R is not told before its reversal, and passes for DIL.
    at = whole.index("DIL" if signal == "Ri" else signal)
    assert names == whole[: at + 1]
    assert all(one.end <= len(cut) for one in found.signals)


@pytest.mark.parametrize("octets", [
    np.zeros(0, np.uint8), np.zeros(100000, np.uint8),
    np.random.default_rng(3).integers(0, 256, 60000, np.uint8),
])  # fmt: skip
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
