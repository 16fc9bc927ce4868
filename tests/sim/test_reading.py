"""Recordings of downstreams read back: real calls, our own modem's over networks, and lines."""

import json
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
def sent(law, renegotiates=False):
    """``(octets, timeline)`` of a whole call of our own digital modem.

    Behind data there are a rate renegotiation and data again, where ``renegotiates``.
    """
    cpt, cp = TRAINED.with_law(law), ASKED.with_law(law)
    modem = DigitalModem(law, U_INFO, power=-0.5, at_codec=False)
    rng = np.random.default_rng(7)
    frames = [rng.bytes(int(n)) for n in rng.integers(20, 90, 200)]
    modem.send(np.concatenate([Framer().process(frames), Framer.fill(100)]))
    ja = DIL.build(**dil_request(U_INFO))
    steps = [
        (100, Upstream.S, None), (1, Upstream.S_BAR, None), (20, Upstream.JA, ja),
        (600, Upstream.S, None), (1800, Upstream.S_BAR, None),
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


def test_the_dil_is_taken_apart():
    octets, _ = sent("A")
    dil_signal, = named(reading.read(octets), "DIL")
    asked, fields = dil_request(U_INFO), dil_signal.fields
    assert fields["equal"] == 1
    for name in ("segments", "H", "REF", "training_ucodes"):
        assert fields[name] == asked[name], name
    # Patterns are told up to what makes the same DIL.
    length = 12 * INTERVALS
    assert np.array_equal(np.resize(fields["training_pattern"], length), asked["training_pattern"])
    signs = np.resize(fields["sign_pattern"], length) == asked["sign_pattern"]
    assert signs.all()


#: What a network does, and what must be said of it.
NETWORKS = {
    "polarity": ("A", {"invert": True}, []),
    "robbed": ("mu", {"robbed": ("", "01", "", "", "0", "")},
               ["robbed bit 0 in interval 4", "robbed bit 0 and 1 in turn in interval 1"]),
    "pad": ("A", {"pad": 3.0}, ["a digital pad of 3 dB"]),
    "pad of 6 dB": ("A", {"pad": 6.0}, ["a digital pad of 6 dB"]),
    "mu to A": ("mu", {"output_law": "A"}, ["mu-law is converted to A-law"]),
    "A to mu": ("A", {"output_law": "mu"}, ["A-law is converted to mu-law"]),
    "pad, robbed in front, conversion": (
        "mu", {"output_law": "A", "pad": 3.0, "robbed": ("", "", "1", "", "", "")},
        ["mu-law is converted to A-law", "a digital pad of 3 dB",
         "robbed bit 1 in interval 2, before the pad"]),
    "pad, robbed behind": (
        "A", {"pad": 4.0, "robbed_after": ("1", "", "", "", "", "")},
        ["a digital pad of 4 dB", "robbed bit 1 in interval 0, behind the pad"]),
}  # fmt: skip


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
        one, = named(found, signal)
        assert [(one.first, one.symbols)] == places(timeline)[signal]
    for signal in ("Jd", "MP"):
        one, = named(found, signal)
        assert one.fields["good"] == one.fields["count"]
    b1d, = named(found, "B1d")
    assert b1d.fields["ones"] == 1 and b1d.fields["rate"] == float(ASKED.rate)
    data, = named(found, "data")
    assert data.fields["hdlc_good"] > 20 and data.fields["hdlc_bad"] == 0


@pytest.mark.parametrize("law", g711.LAWS)
def test_a_high_pass_is_found_and_taken_out(law):
    octets, timeline = sent(law)
    begins = 9000
    parameters = NetworkParameters(law=law, high_pass=0.953, high_pass_at=begins)
    found = reading.read(Network(parameters).process(octets))
    training = found.trainings[0]
    assert abs(training.high_pass - 0.953) < 0.005
    dil_signal, = named(found, "DIL")
    assert abs(dil_signal.first + INTERVALS * training.high_pass_at - begins) < 10 * INTERVALS
    trn2d, = named(found, "TRN2d")
    mp, = named(found, "MP")
    assert trn2d.fields["ones"] == 1 and mp.fields["good"] == mp.fields["count"]
    b1d, = named(found, "B1d")
    assert [(b1d.first, b1d.symbols)] == places(timeline)["B1d"]
    assert b1d.fields["rate"] == float(ASKED.rate)
    assert training.network.sentences == []


def test_with_ja_the_network_is_what_it_makes_of_what_was_asked():
    octets, _ = sent("mu")
    changes = {"output_law": "A", "pad": 2.5}
    out = Network(NetworkParameters(law="mu", **changes)).process(octets)
    found = reading.read(out, ja=dil_request(U_INFO))
    assert found.trainings[0].network.sentences == [
        "mu-law is converted to A-law", "a digital pad of 2.5 dB",
    ]  # fmt: skip
    one, = named(found, "DIL")
    assert one.fields["ja_equal"] < 0.2
    clean = reading.read(octets, ja=dil_request(U_INFO))
    assert named(clean, "DIL")[0].fields["ja_equal"] == 1


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


def test_constellations_of_real_calls(real_calls):
    """TRN2d's constellations are CPt's, but for Ucodes that never come or the network moves."""
    for name in ("conexant-hcf", "ess-teledrive", "swann-speeddemon", "usr-sportster"):
        folder = real_calls / name
        if not folder.is_dir():
            pytest.skip(f"no call {name} in {real_calls}")
        facts = json.loads((folder / "call.json").read_text())
        asked = MappingParameters.from_dict(facts["cpt"]).with_law("A")
        training = reading.read(np.fromfile(folder / "down.al", np.uint8)).trainings[-1]
        assert training.cpt.intervals == asked.intervals, name
        assert (training.cpt.drn, training.cpt.sr) == (asked.drn, asked.sr)
