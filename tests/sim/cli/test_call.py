"""`v90 call`: with and without given parameters, what it writes, and bad input."""

import re

import pytest
import soundfile
from scipy.signal import resample_poly

import v90
from golden.pcm.parameters import MappingParameters
from sim.calls import start_up
from sim.reports import call_pictures
from tests.sim.cli.support import DATA
from tests.support import EXAMPLES


def test_a_call_its_recording_and_its_report(place, capsys, monkeypatch):
    # Drawing takes longer than the call; tests/sim/reports/test_call.py does it.
    monkeypatch.setattr(call_pictures, "pictures", lambda outcome: [("Line", b"picture")])
    options = ["--training-symbols", "2664"]
    call = [
        "call",
        "data",
        *options,
        "--line",
        "26awg-3kft",
        "--ppm",
        "-120",
        "--seed",
        "2",
        "--parameters",
        str(EXAMPLES / "28000.json"),
    ]
    written = ["-o", "back", "--recording", "x.wav", "--write-parameters", "q.json"]
    assert "there is no folder" in error_of(
        v90.main([*call, *written, "--report", "new/report"]), capsys
    )
    assert v90.main([*call, *written, "--report", "report"]) == 0
    out, _ = capsys.readouterr()
    assert (place / "back").read_bytes() == DATA
    assert "the file arrived" in out and "1000 in, 1000 out" in out
    page = (place / "report" / "report.html").read_text()
    assert page.count("<img") == 1 and "26awg-3kft" in page
    for name in (*written[1::2], "report"):
        assert "; --force" in error_of(v90.main([*call, f"--{OPTIONS[name]}", name]), capsys)
    receive = ["receive", "x.wav", "-o", "b", "--parameters", "q.json"]
    assert v90.main([*receive, *options]) == 0
    assert (place / "b").read_bytes() == DATA
    err = capsys.readouterr().err
    assert re.search(r"1000 octets in 8 frames out of \d+ samples, \d\.\d s", err)
    samples, _ = soundfile.read("x.wav")
    # Of another rate and kind, and under a name that says nothing.
    loud = resample_poly(samples, 3, 1, window=("kaiser", 10.0)) * 0.7
    soundfile.write("y", loud, 48000, format="WAV", subtype="FLOAT")
    receive[1:4] = "y", "-o", "c"
    assert v90.main([*receive, *options]) == 0
    assert (place / "c").read_bytes() == DATA


#: Options of `v90 call` by what the test above writes with them.
OPTIONS = {
    "back": "output",
    "x.wav": "recording",
    "q.json": "write-parameters",
    "report": "report",
}


def error_of(status, capsys):
    assert status == 2
    return capsys.readouterr().err


def test_a_call_with_given_parameters_over_a_network(place, capfdbinary):
    assert (
        v90.main(
            [
                "call",
                "data",
                "-o",
                "-",
                "--parameters",
                str(EXAMPLES / "28000.json"),
                "--u-info",
                "78",
                "--training-symbols",
                "2664",
                "--robbed",
                ",,,,,",
                "--pad",
                "2",
                "--invert",
                "--snr",
                "52",
                "--output-law",
                "A",
            ]
        )
        == 0
    )
    out, err = capfdbinary.readouterr()
    assert out == DATA and b"the file arrived" in err
    assert b"mu-law to A-law, 2 dB pad, inverted" in err


def test_a_call_that_fails(place, capsys):
    options = ["--parameters", str(EXAMPLES / "56000.json"), "--training-symbols", "2664"]
    assert v90.main(["call", "data", *options, "-o", "back"]) == 1
    _, err = capsys.readouterr()
    assert re.fullmatch(r"v90: error: the file did not arrive whole: [^\n]+\n", err)
    assert not (place / "back").exists()


def test_a_call_that_starts_up(place, capsys, monkeypatch):
    monkeypatch.setattr(call_pictures, "pictures", lambda outcome: [("Line", b"picture")])
    options = ["--line", "codec", "--rate", "45333", "--pad", "3", "--power", "-10", "--sr", "1"]
    written = ["-o", "back", "--recording", "x.wav", "--write-parameters", "q.json"]
    assert v90.main(["call", "data", *options, *written, "--report", "report"]) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert (place / "back").read_bytes() == DATA
    assert "the file arrived" in out and "a digital pad of 3 dB" in out
    for signal in ("Sd", "Jd'", "DIL", "R-bar-i", "TRN2d", "MP'", "B1d"):
        assert f" {signal} " in out
    asked = MappingParameters.from_json((place / "q.json").read_text())
    assert asked.sr == 1 and asked.rate <= 45334
    assert (place / "report" / "report.html").read_text().count("<img") == 1
    # What was recorded is a V.90 downstream.
    assert v90.main(["read", "x.wav"]) == 0
    assert "TRN1d" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--line", "x"], "no line is called x: there are codec, "),
        (["--rate", "30000"], "no rate is 30000 bit/s: there are 28000, "),
        (["--rate", "28000", "--parameters", "p.json"], "not allowed with argument"),
        (["--parameters", "p.json", "--sr", "1"], "--sr is for a start-up, and --parameters"),
        (["--parameters", "p.json", "--power", "-9"], "--power is for a start-up"),
        (["--parameters", "p.json", "--at-codec"], "--at-codec is for a start-up"),
        (["--parameters", "p.json", "--training-symbols", "60000000"], "2664 to 32760 symbols"),
        (["--high-pass-at", "7"], "--high-pass-at is for the filter of --high-pass"),
        (["--sr", "0", "--ld", "3"], "--ld is for a shaper, and with --sr 0 there is none"),
        (["--force"], "--force overwrites files, and none is to be written"),
        (["--ppm", "-1e4"], "ppm is -1000 to 1000"),
        (["--power", "-9.1"], "INFO0d has powers of -0.5 to -16 dBm0 in steps of 0.5"),
        (["--parameters", "absent"], "absent: No such file"),
        (["--law", "B"], "invalid choice: 'B'"),
        (["--sr", "4"], "invalid choice: 4"),
        (["--snr", "nan"], "snr is -50 to 200, not nan"),
        (["--ppm", "2000"], "ppm is -1000 to 1000"),
        (["--drift", "x"], "invalid float value"),
        (["--seed", "-1"], "the seed is a whole number from 0, not -1"),
        (["--margin", "-2"], "the margin is 0 to 40 dB"),
        (["--pad", "31"], "pad is 0 to 30 dB"),
        (["--robbed", "1,1"], "robbed bits are six patterns"),
        (["--robbed-after", "1,,,2,,"], "a robbed-bit pattern is text of 0 and 1"),
        (["--high-pass", "1"], "high_pass is a pole above 0 and below 1"),
        (["--drop", "-1"], "a slip's position is a whole number from 0"),
        (["--drop", "5", "--repeat", "5"], "two slips have the same position"),
        (["--training-symbols", "2000"], "TRN1d is 2040 to 32760 symbols, whole data frames"),
        (["--u-info", "112"], "U_INFO is 1 to 111"),
        (["-o", "data"], "data exists; --force overwrites it"),
        (["-o", "new", "--recording", "new"], "two of the files to write are one: new and new"),
        (["-o", "new", "--write-parameters", "./new"], "are one: new and ./new"),
        (["--report", "new", "-o", "new/report.html"], "are one: new/report.html and new/report"),
        (["--report", "data"], "data is no folder"),
        (["--report", "."], ". is not empty; --force"),
        (["--recording", "no/x.wav"], "there is no folder"),
    ],
)
def test_bad_calls(fails, options, sentence):
    assert sentence in fails(2, "call", "data", *options)


def test_bad_calls_of_no_file(fails):
    assert "files to read are stdin" in fails(2, "call", "-", "--parameters", "-")
    assert "absent: No such file" in fails(2, "call", "absent")
    assert "required: FILE" in fails(2, "call")


def test_a_noise_that_no_rate_bears(fails, monkeypatch):
    monkeypatch.setattr(start_up, "SECONDS_TO_DATA", 8.0)
    err = fails(1, "call", "data", "--snr", "20")
    assert "never bore the lowest rate of V.90" in err
