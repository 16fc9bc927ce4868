"""Recordings of analogue lines read back: our own modem's calls and real ones, told nothing."""

import json
from functools import cache

import numpy as np
import pytest

from golden.errors import CallFailed
from golden.learning.learning import dil_request
from golden.pcm import g711
from golden.pcm.parameters import MappingParameters
from golden.signals.sequences import DIL
from golden.signals.training import dil
from sim.calls import design
from sim.figures import real_calls_on_lines
from sim.reading import octets as reading
from sim.reading import points
from sim.reading import samples as reading_samples
from sim.world import wav
from sim.world.conditions import Conditions
from sim.world.network import NetworkParameters
from tests.sim.reading.support import TRAINED, U_INFO, named, places, sent
from v90 import main

#: Points that stay apart at 45 dB.
ASKED = MappingParameters("CP", 4, 1, 0, "A", 64, 0, 0, 0, (0,) * 6, (tuple(range(50, 90, 4)),))

#: Octets by which a line and its A/D are late, at most.
LATE = 40


def samples_of(octets, line, u_info=U_INFO, snr=45.0, law="A"):
    """Samples (int64) of octets behind a line."""
    parameters = NetworkParameters(law=law)
    conditions = Conditions(snr=snr, ppm=40.0)
    through = design.line_at(line, parameters, conditions, u_info).process(octets)
    return np.clip(np.rint(through * (1 << (design.CONVERTER_BITS - 1))), -32768, 32767).astype(
        np.int64
    )


@cache
def recording(line):
    octets, _ = sent("A", True, 8040, ASKED)
    return samples_of(octets, line)


@pytest.mark.parametrize("line", ["codec", pytest.param("26awg-6kft", marks=pytest.mark.long)])
def test_a_call_with_a_renegotiation_is_read_to_its_data(line):
    _, timeline = sent("A", True, 8040, ASKED)
    found = reading_samples.read(recording(line))
    assert found.line.law == "A" and found.samples == len(recording(line))
    expected = places(timeline)
    del expected["silence"]
    got = {}
    for one in found.signals:
        got.setdefault(one.name, []).append((one.first, one.symbols))
    assert got.keys() == expected.keys()
    late = got["Sd"][0][0] - expected["Sd"][0][0]
    print(line, "late by", late)
    assert 0 <= late < LATE
    # The last data frames are still in the line.
    ((first, symbols),) = expected["data"][1:]
    ((begin, heard),) = got["data"][1:]
    assert begin == first + late and symbols - 60 < heard <= symbols
    del expected["data"][1:], got["data"][1:]
    assert got == {
        name: [(first + late, n) for first, n in each] for name, each in expected.items()
    }
    for name in ("Jd", "MP"):
        assert all(one.fields["good"] == one.fields["count"] for one in named(found, name))
    for one in named(found, "TRN2d"):
        assert one.fields["constellations"] == [list(points) for points in TRAINED.intervals]
    for one in named(found, "B1d"):
        assert one.fields["ones"] == 1 and one.fields["rate"] == float(ASKED.rate)
    for one in named(found, "data"):
        assert one.fields["hdlc_good"] > 20 and one.fields["hdlc_bad"] == 0
    assert 43 < found.trainings[0].snr < 49
    # DIL or TRN2d shows law and U_INFO, without DC too.
    assert not any("Neither DIL" in text for text in found.trainings[0].remarks)


@pytest.mark.long
def test_a_retrain_is_read():
    """Silence in data, and a whole start-up again."""
    octets, _ = sent("A", True, 8040, ASKED)
    silence = np.full(2400, g711.octet(0, 1, "A"), np.uint8)
    found = reading_samples.read(samples_of(np.concatenate([octets, silence, octets]), "codec"))
    first, second = found.trainings
    assert [one.name for one in first.signals] == [one.name for one in second.signals]
    moved = {b.first - a.first for a, b in zip(first.signals, second.signals, strict=True)}
    assert len(moved) == 1 and abs(moved.pop() - len(octets) - len(silence)) < 4
    for name in ("Jd", "MP"):
        assert all(one.fields["good"] == one.fields["count"] for one in named(found, name, 1))
    assert named(found, "data", 1)[-1].fields["hdlc_good"] > 20


def test_ja_tells_the_network():
    found = reading_samples.read(recording("26awg-6kft"), ja=dil_request(U_INFO))
    training = found.trainings[0]
    assert training.network.sentences == [] and training.network.u_info == (U_INFO,)
    assert real_calls_on_lines.named(dil_request(U_INFO), training) == (6 * 128 * 2, 6 * 128 * 2)
    (one,) = named(found, "DIL")
    # Small Ucodes are lost in noise, references are not.
    assert one.fields["ja_equal"] > 0.8
    ((_, rate),) = training.network.rates(training.jd, (training.snr,))
    # As the octets themselves say at this SNR, but for a step of 8000/6 bit/s: a small Ucode that
    # noise moves is a point less.
    exact = reading.read(sent("A", True, 8040, ASKED)[0], ja=dil_request(U_INFO)).trainings[0]
    ((_, most),) = exact.network.rates(exact.jd, (training.snr,))
    assert most - 1334 < rate <= most


@pytest.mark.parametrize("u_info, law", [(74, "A"), (90, "mu")])
def test_law_and_u_info_are_told_by_dil(u_info, law):
    rng = np.random.default_rng(3)
    ucodes, signs = dil(dil_request(u_info))
    values = g711.linear(ucodes, law) * np.where(signs == 1, 1.0, -1.0)
    deviation = 18 / g711.linear(points.U_INFO, points.LAW)
    scaled = values / g711.linear(u_info, law) + rng.normal(0, deviation, len(values))
    # Values of TRN1d's level, which are most of them, are one whatever law and U_INFO there are.
    others = scaled[(np.abs(scaled) < points.OWN[0]) | (np.abs(scaled) > points.OWN[1])]
    found = points.scale_of(others, deviation)
    assert (found.law, found.u_info) == (law, u_info)


def test_a_real_call_through_a_line(real_calls):
    """All but DIL of it, told nothing."""
    folder = real_calls / "acer-surf56"
    if not folder.is_dir():
        pytest.skip(f"no call acer-surf56 in {real_calls}")
    facts = json.loads((folder / "call.json").read_text())
    start = facts["samples"]["sd"] - 8000
    octets = np.fromfile(folder / "down.al", np.uint8)[start:]
    found = reading_samples.read(samples_of(octets, "codec", facts["u_info_received"]))
    signals = {one.name: one for one in found.signals}
    late = signals["Sd"].first - 8000
    for name, key in (("TRN1d", "trn1d"), ("Jd", "jd"), ("TRN2d", "trn2d"), ("B1d", "b1d")):
        assert signals[name].first - late == facts["samples"][key] - start, name
    jd, mp = signals["Jd"].fields, signals["MP"].fields
    assert jd["good"] == jd["count"] == facts["jd_frames"]
    assert mp["good"] == mp["count"] == facts["mp_frames"]
    assert int(signals["B1d"].fields["rate"]) == facts["downstream_rate"]


def test_silence_is_no_v90():
    with pytest.raises(CallFailed, match="no downstream of V.90"):
        reading_samples.read(np.zeros(64000, np.int64))


def test_a_cut_recording_gives_what_there_is():
    samples = recording("codec")
    ((first, symbols),) = places(sent("A", True, 8040, ASKED)[1])["DIL"]
    found = reading_samples.read(samples[: 2 * (first + symbols // 2)])
    assert [one.name for one in found.signals][-2:] == ["Jd'", "DIL"]
    # Within TRN1d, before there are taps, nothing was heard.
    with pytest.raises(CallFailed, match=reading.NOTHING.split(":")[0]):
        reading_samples.read(samples[:4000])


def test_the_command_reads_wav(tmp_path, capsys):
    path, ja = tmp_path / "line.wav", tmp_path / "ja"
    path.write_bytes(wav.write(recording("26awg-6kft")))
    ja.write_text("".join(map(str, DIL.build(**dil_request(U_INFO)))))
    assert main(["read", str(path), "--ja", str(ja), "--json", str(tmp_path / "a.json")]) == 0
    words = " ".join(capsys.readouterr().out.split())
    assert "behind the equaliser" in words and "the client could have chosen" in words
    (training,) = json.loads((tmp_path / "a.json").read_text())["trainings"]
    assert 43 < training["snr"] < 49 and training["signals"][-1]["hdlc_good"] > 20
