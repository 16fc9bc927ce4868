"""`v90 read`: what it prints and writes, and what it says of what it cannot read."""

import json
import re

import numpy as np
import pytest

from golden.learning.learning import dil_request
from golden.pcm.parameters import INTERVALS
from golden.signals.sequences import DIL
from sim.world.network import Network, NetworkParameters
from tests.sim.reading.support import ASKED, TRAINED, U_INFO, places, sent
from tests.support import ROOT
from v90 import main


@pytest.fixture
def line(tmp_path):
    """A file of octets of a call over a robbed bit."""
    octets, _ = sent("A", renegotiates=True)
    network = Network(NetworkParameters(law="A", robbed=("", "", "1", "", "", "")))
    path = tmp_path / "down.al"
    path.write_bytes(network.process(octets).tobytes())
    return path


def test_the_timeline_has_every_signal_and_what_it_says(line, capsys):
    assert main(["read", str(line)]) == 0
    out = capsys.readouterr().out
    _, timeline = sent("A", renegotiates=True)
    for name, where in places(timeline).items():
        if name == "silence":
            continue
        for first, symbols in where:
            row = rf"^ *{first / 8000:.3f} +{first} +{symbols} +[\d.]+ m?s +{re.escape(name)}( |$)"
            assert re.search(row, out, re.MULTILINE), name
    assert "37333 bit/s" in out and "every CRC good" in out
    assert "Robbed bit 1 in interval 2." in out
    assert "HDLC frames" in out
    assert max(map(len, out.splitlines())) <= 100


def test_a_name_is_shown_as_it_is(line, tmp_path, capsys):
    """Neither markup nor octets that are no UTF-8 are anything but a name."""
    other = line.rename(tmp_path / "[bold]\udcff.al")
    assert main(["read", str(other)]) == 0
    assert re.match(r"\[bold\].\.al: \d+ octets of A-law", capsys.readouterr().out)


def test_json_holds_all_fields(line, tmp_path, capsys):
    path = tmp_path / "reading.json"
    assert main(["read", str(line), "--json", str(path)]) == 0
    found = json.loads(path.read_text())
    assert found["law"] == "A" and found["octets"] == line.stat().st_size
    (training,) = found["trainings"]
    assert training["network"]["robbed_after"] == ["", "", "1", "", "", ""]
    assert training["network"]["u_info"] and U_INFO in training["network"]["u_info"]
    signals = {one["signal"]: one for one in training["signals"]}
    assert signals["Jd"]["rates"] == 0x3FFFFF and signals["Jd"]["good"] == signals["Jd"]["count"]
    assert signals["B1d"]["rate"] == float(ASKED.rate)
    assert len(signals["DIL"]["arrived"]) == INTERVALS
    # In the interval with the robbed bit every second Ucode is missing.
    assert len(signals["DIL"]["arrived"][2]) == 64 and len(signals["DIL"]["arrived"][1]) == 128
    assert training["cpt"]["drn"] == TRAINED.drn
    snrs = [one["snr"] for one in training["rates"]]
    rates = [one["rate"] for one in training["rates"]]
    assert snrs == sorted(snrs) and rates == sorted(rates) and rates[-1] > rates[0] > 0
    # Once more refuses, and --force does not.
    assert main(["read", str(line), "--json", str(path)]) == 2
    assert "exists; --force overwrites it" in capsys.readouterr().err
    assert main(["read", str(line), "--json", str(path), "--force"]) == 0


def test_json_to_stdout_leaves_the_timeline_to_stderr(line, capsys):
    assert main(["read", str(line), "--json", "-"]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["trainings"] and "TRN2d" in err


def test_the_picture_is_one(line, tmp_path):
    path = tmp_path / "reading.png"
    assert main(["read", str(line), "--picture", str(path)]) == 0
    from matplotlib.image import imread

    pixels = imread(path)
    assert pixels.shape[0] > 600 and pixels.shape[1] > 1000 and len(np.unique(pixels)) > 50


def test_ja_is_compared(line, tmp_path, capsys):
    bits = "".join(map(str, DIL.build(**dil_request(U_INFO))))
    octets, timeline = sent("A", renegotiates=True)
    ((first, length),) = places(timeline)["DIL"]
    part = slice(first, first + length)
    share = np.mean(octets[part] == np.fromfile(line, np.uint8)[part])
    assert 0.8 < share < 0.95
    for name, text in (("ja.txt", bits), ("ja.json", json.dumps({"ja": {"bits": bits}}))):
        path = tmp_path / name
        path.write_text(text)
        assert main(["read", str(line), "--ja", str(path)]) == 0
        words = " ".join(capsys.readouterr().out.split())
        assert f"{share:.1%} of the symbols as Ja asks" in words


@pytest.mark.parametrize(
    "name, text, sentence",
    [
        ("--ja", "0110", "a DIL descriptor is text of 0 and 1, or JSON with ja.bits"),
        ("--ja", "01" * 200, "no DIL descriptor with a good CRC"),
        ("--ja", "{", "not JSON"),
        ("--ja", '{"ja": 5}', "a DIL descriptor is text"),
        ("--cpt", "{", "not JSON"),
        ("--cpt", "[]", "mapping parameters are a JSON object"),
        ("--cpt", '{"type": "CP"}', "mapping parameters lack the key"),
    ],
)
def test_wrong_files_are_told(line, tmp_path, capsys, name, text, sentence):
    path = tmp_path / "wrong"
    path.write_text(text)
    assert main(["read", str(line), name, str(path)]) == 2
    err = capsys.readouterr().err
    assert sentence in err and err.startswith("v90: error: ") and err.count("\n") == 1


def test_parameters_that_are_given_decode_what_is_too_short(real_calls, capsys):
    """61 data frames do not show all points of six constellations; a file has them."""
    folder = real_calls / "usr-sportster"
    if not folder.is_dir():
        pytest.skip(f"no call usr-sportster in {real_calls}")
    assert main(["read", str(folder / "down.al")]) == 0
    assert "not decoded" in " ".join(capsys.readouterr().out.split())
    assert main(["read", str(folder / "down.al"), "--cpt", str(folder / "call.json")]) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert "not decoded" not in out and "no HDLC frames" in out


def test_what_is_no_v90(tmp_path, capsys):
    path = tmp_path / "noise"
    path.write_bytes(np.random.default_rng(1).integers(0, 256, 20000, np.uint8).tobytes())
    assert main(["read", str(path)]) == 1
    err = capsys.readouterr().err
    assert "no Sd with a TRN1d behind it" in err and err.count("\n") == 1
    path.write_bytes(b"")
    assert main(["read", str(path)]) == 1
    assert main(["read", str(tmp_path / "nothing")]) == 2


def test_the_recording_of_the_default_call_is_read(place, capsys):
    """A line that passes no DC, and nothing said: every signal is found, and data."""
    assert main(["call", str(ROOT / "LICENSE"), "--recording", "x.wav"]) == 0
    assert main(["read", "x.wav", "--json", "x.json"]) == 0
    capsys.readouterr()
    (training,) = json.loads((place / "x.json").read_text())["trainings"]
    signals = {}
    for one in training["signals"]:
        signals.setdefault(one["signal"], one)
    assert signals["TRN1d"]["symbols"] == 2040
    for name, least in (("Jd", 50), ("MP", 10)):
        assert signals[name]["good"] == signals[name]["count"] > least
    assert signals["TRN2d"]["ones"] == signals["B1d"]["ones"] == 1
    assert signals["B1d"]["rate"] == signals["data"]["rate"] > 45000
    # The file's 1313 octets are 11 frames of at most 128.
    assert (signals["data"]["hdlc_good"], signals["data"]["hdlc_bad"]) == (11, 0)
