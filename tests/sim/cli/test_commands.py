"""The `v90` command: what it does, and that bad input is one sentence that overwrites nothing."""

import io
import json
import re
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from scipy.signal import resample_poly

import v90
from golden.pcm.parameters import MappingParameters, rate_table
from sim import files, terminal
from sim.calls import pcm, start_up
from sim.reports import call_pictures
from sim.vectors import manifest as vectors
from tests.support import ROOT

EXAMPLES = ROOT / "examples"
DATA = np.random.default_rng(3).bytes(1000)


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder to work in, with parameters ``p.json``, a file ``data``, and its line ``line``."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "p.json").write_text((EXAMPLES / "45333.json").read_text())
    (tmp_path / "data").write_bytes(DATA)
    assert v90.main(["transmit", "data", "-o", "line", "--parameters", "p.json"]) == 0
    return tmp_path


def contents(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def fails(place, capsys):
    """Run a command that must fail: one sentence, the status, and not a file changed."""

    def run(status, *argv):
        before = contents(place)
        capsys.readouterr()
        assert v90.main([str(argument) for argument in argv]) == status
        out, err = capsys.readouterr()
        assert out == ""
        assert re.fullmatch(r"v90: error: [^\n]+\n", err)
        assert contents(place) == before
        return err

    return run


def parameters(**changes):
    values = json.loads((EXAMPLES / "45333.json").read_text())
    return json.dumps({**values, **changes})


# --- What it does --------------------------------------------------------------------------------


@pytest.mark.parametrize("rate", ["56000", "45333", "28000"])
@pytest.mark.parametrize("law", [None, "mu", "A"])
def test_a_file_comes_back(place, rate, law):
    options = ["--parameters", str(EXAMPLES / f"{rate}.json"), *(["--law", law] if law else [])]
    assert v90.main(["transmit", "data", "-o", "l", *options]) == 0
    assert v90.main(["receive", "l", "-o", "back", *options]) == 0
    assert (place / "back").read_bytes() == DATA
    assert {path.name for path in place.iterdir()} == {"p.json", "data", "line", "l", "back"}


def test_law_replaces_the_parameters_law(place):
    # A client that sends codec type mu on an A-law line: the parameters say mu, the octets are A.
    (place / "mu.json").write_text(parameters(law="mu"))
    said = ["--parameters", "mu.json"]
    assert v90.main(["transmit", "data", "-o", "l", *said, "--law", "A"]) == 0
    assert (place / "l").read_bytes() == (place / "line").read_bytes()
    assert v90.main(["receive", "l", "-o", "back", *said]) == 1
    assert not (place / "back").exists()
    assert v90.main(["receive", "l", "-o", "back", *said, "--law", "A"]) == 0
    assert (place / "back").read_bytes() == DATA


def test_an_empty_file_comes_back(place):
    (place / "none").write_bytes(b"")
    assert v90.main(["transmit", "none", "-o", "l", "--parameters", "p.json"]) == 0
    assert v90.main(["receive", "l", "-o", "back", "--parameters", "p.json"]) == 0
    assert (place / "back").read_bytes() == b""


def test_stdin_and_stdout(place, monkeypatch, capfdbinary):
    stdin = io.TextIOWrapper(io.BytesIO(DATA))
    monkeypatch.setattr(sys, "stdin", stdin)
    assert v90.main(["transmit", "-", "-o", "-", "--parameters", "p.json"]) == 0
    assert capfdbinary.readouterr().out == (place / "line").read_bytes()


def test_force_replaces_and_keeps_links_and_modes(place):
    (place / "kept").write_bytes(b"old")
    (place / "kept").chmod(0o640)
    (place / "link").symlink_to("kept")
    command = ["transmit", "data", "-o", "link", "--parameters", "p.json", "--force"]
    assert v90.main(command) == 0
    assert (place / "link").is_symlink()
    assert (place / "kept").read_bytes() == (place / "line").read_bytes()
    assert (place / "kept").stat().st_mode & 0o777 == 0o640
    assert v90.main([*command[:3], "/dev/null", *command[4:]]) == 0
    assert Path("/dev/null").is_char_device()


def test_rates_has_every_row(capsys):
    assert v90.main(["rates"]) == 0
    lines = [line.split("│")[1:-1] for line in capsys.readouterr().out.splitlines()]
    rows = [[cell.strip() for cell in line] for line in lines if len(line) == 9]
    shown = {"CP": set(), "CPt": set()}
    bits = speed = 0
    for rate, d, s, sr, k, power, m, cp, cpt in rows:
        bits, speed = (int(d), int(rate)) if d else (bits, speed)
        assert bits == int(s) + int(k) and int(s) + int(sr) == 6
        assert speed == round(8000 * bits / 6)
        assert int(power) == 2 ** int(k)
        assert (int(m) - 1) ** 6 < int(power) <= int(m) ** 6
        for kind, drn in (("CP", cp), ("CPt", cpt)):
            if drn:
                shown[kind].add((int(k), int(s), bits, int(drn)))
    assert shown == {kind: set(rate_table(kind)) for kind in shown}


def test_vectors_writes_a_folder(place, monkeypatch):
    monkeypatch.setattr(vectors, "GROUPS", {"shaper": vectors.GROUPS["shaper"]})
    assert v90.main(["vectors", "-o", "v"]) == 0
    manifest = json.loads((place / "v" / "manifest.json").read_text())
    assert all((place / "v" / entry["file"]).is_file() for entry in manifest["vectors"])
    assert len(manifest["vectors"]) == 36


def test_progress_is_drawn_on_a_terminal_after_its_patience(monkeypatch, capsys):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    for patience, drawn in ((0.0, True), (60.0, False)):
        stderr = Terminal()
        monkeypatch.setattr(sys, "stderr", stderr)
        monkeypatch.setattr(terminal, "_PATIENCE", patience)
        monkeypatch.setenv("TERM", "xterm")
        with terminal.progress("encoding") as show:
            show(1, 2)
            while drawn and "encoding" not in stderr.getvalue():
                show(2, 2)
        assert ("encoding" in stderr.getvalue()) == drawn
    with pytest.raises(KeyboardInterrupt), terminal.progress("encoding"):
        raise KeyboardInterrupt


# --- Calls ---------------------------------------------------------------------------------------


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
        (["-o", "new", "--recording", "new"], "two of the files to write have the same name"),
        (["--report", "data"], "data is no folder"),
        (["--report", "."], ". is not empty; --force"),
        (["--recording", "no/x.wav"], "there is no folder"),
    ],
)
def test_bad_calls(fails, options, sentence):
    assert sentence in fails(2, "call", "data", *options)


def test_bad_calls_of_no_file(fails):
    assert "absent: No such file" in fails(2, "call", "absent")
    assert "required: FILE" in fails(2, "call")


def test_a_noise_that_no_rate_bears(fails, monkeypatch):
    monkeypatch.setattr(start_up, "SECONDS_TO_DATA", 8.0)
    err = fails(1, "call", "data", "--snr", "20")
    assert "never bore the lowest rate of V.90" in err


@pytest.mark.parametrize(
    ("samples", "sentence"),
    [
        (np.zeros((20000, 2)), "x.wav has 2 channels"),
        (np.zeros(20000), "x.wav is silent"),
        (np.clip(3 * np.sin(np.arange(30000) / 4), -1, 1), "x.wav is clipped"),
        (np.sin(np.arange(9000) / 4) / 2, "the recording is too short: 0.56 s, and Sd, TRN1d and"),
        (np.sin(np.arange(30000) / 4) / 2, "the recording holds no Sd"),
    ],
)
def test_bad_recordings(place, fails, samples, sentence):
    soundfile.write("x.wav", samples, 16000)
    options = ["-o", "new", "--parameters", "p.json"]
    assert sentence in fails(2, "receive", "x.wav", *options)
    (place / "line.wav").write_bytes((place / "line").read_bytes())
    assert "line.wav is no WAV file" in fails(2, "receive", "line.wav", *options)
    assert "are for a WAV file" in fails(2, "receive", "line", *options, "--u-info", "79")


# --- Bad input: exit status 2 --------------------------------------------------------------------


@pytest.mark.parametrize("command", ["transmit", "receive"])
@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["absent", "-o", "new", "--parameters", "p.json"], "absent: No such file"),
        ([".", "-o", "new", "--parameters", "p.json"], "Is a directory"),
        (["data", "-o", "new", "--parameters", "absent"], "absent: No such file"),
        (["line", "-o", "data", "--parameters", "p.json"], "data exists; --force overwrites it"),
        (["line", "-o", ".", "--parameters", "p.json"], "is a folder"),
        (["line", "-o", ".", "--force", "--parameters", "p.json"], "is a folder"),
        (["line", "-o", "no/new", "--parameters", "p.json"], "there is no folder"),
        (["line", "-o", "data/new", "--parameters", "p.json"], "there is no folder"),
        (["line", "-o", "new", "--parameters", "line"], "line: not JSON: it is not UTF-8 text"),
        (["line", "--parameters", "p.json"], "required: -o/--output"),
        (["line", "-o", "new"], "required: --parameters"),
        (["line", "-o", "new", "--parameters", "p.json", "--law", "B"], "choose from"),
        (["line", "-o", "new", "--parameters", "p.json", "--hurry"], "unrecognized arguments"),
        (["a\nb\x1b[1m", "-o", "new", "--parameters", "p.json"], "a b [1m: No such file"),
        (["\udcff", "-o", "new", "--parameters", "p.json"], "No such file"),
    ],
)
def test_bad_arguments(fails, command, arguments, sentence):
    assert sentence in fails(2, command, *arguments)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "not JSON"),
        ("{", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("[]", "a JSON object"),
        ("{}", "lack the key 'type'"),
        (parameters(law="a"), "unknown law 'a'"),
        (parameters(type="cp"), "type is CP or CPt"),
        (parameters(drn=23), "drn is a whole number from 1 to 22"),
        (parameters(drn="14"), "drn is a whole number from 1 to 22"),
        (parameters(sr=4), "sr is a whole number from 0 to 3"),
        (parameters(ld=1.5), "ld is a whole number from 0 to 3"),
        (parameters(a1=2), "a1 = 2 is not a multiple of 1/64"),
        (parameters(b2="x"), "b2 is a number"),
        (parameters(interval_constellation=[0] * 5), "interval_constellation is not six indices"),
        (parameters(interval_constellation=[1] * 6), "interval_constellation is not six indices"),
        (parameters(constellations=[[3, 2, 1]]), "not a strictly increasing list of Ucodes"),
        (parameters(constellations=[[1, 1, 2]]), "not a strictly increasing list of Ucodes"),
        (parameters(constellations=[[1, 2, 128]]), "not a strictly increasing list of Ucodes"),
        (parameters(constellations=[[]]), "not a strictly increasing list of Ucodes"),
        (parameters(constellations=7), "constellations is not a list"),
        (parameters(constellations=[list(range(28))]), "2^K = 2^29 is above the product 481890304"),
        (parameters(a1=float("nan")), "a1 = nan is not a multiple of 1/64"),
        (parameters(type="CPt", drn=22), "K = 25, which is not in Table 17/V.90"),
    ],
)
@pytest.mark.parametrize("command", ["transmit", "receive"])
def test_bad_parameters(place, fails, command, text, sentence):
    (place / "bad.json").write_text(text)
    err = fails(2, command, "line", "-o", "new", "--parameters", "bad.json")
    assert "bad.json: " in err and sentence in err


def test_power_limit(fails, place):
    options = ["data", "-o", "new", "--parameters", "p.json", "--power-limit"]
    assert "is above the limit of -13 dBm0" in fails(2, "transmit", *options, "-13")
    assert "Table 15/V.90 has no power -12.2 dBm0" in fails(2, "transmit", *options, "-12.2")
    assert "has no power nan" in fails(2, "transmit", *options, "nan")
    assert "invalid float value" in fails(2, "transmit", *options, "loud")
    assert v90.main(["transmit", *options, "-12"]) == 0


@pytest.mark.parametrize("at", [0, 1, 5, 6, 100, 288, 300, 320, 400, 1000, -7, -6, -1])
def test_a_truncated_line(fails, place, at):
    (place / "cut").write_bytes((place / "line").read_bytes()[:at])
    err = fails(2, "receive", "cut", "-o", "new", "--parameters", "p.json")
    assert "the line ends before the file does" in err


def test_no_compiler_for_gateware(fails, monkeypatch, tmp_path_factory):
    monkeypatch.setenv("CXX", "no-such-compiler")
    monkeypatch.setenv("V90_CACHE", str(tmp_path_factory.mktemp("cache")))
    for option in ("--gateware", "--check"):
        for command in ("transmit", "receive"):
            options = ["line", "-o", "new", "--parameters", "p.json", option]
            assert "no-such-compiler" in fails(2, command, *options)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "required: COMMAND"),
        (["hang-up"], "invalid choice: 'hang-up'"),
        (["vectors"], "required: -o/--output"),
        (["vectors", "-o", "."], "not empty; --force"),
        (["vectors", "-o", "data"], "data is no folder"),
        (["vectors", "-o", "no/new"], "there is no folder"),
        (["verilog", "adder", "-o", "new.v"], "no block is called adder: there are "),
        (["verilog", "scrambler", "-o", "data"], "data exists"),
        (["verilog", "scrambler", "-o", "new.v", "--channels", "0"], "--channels is 1 to 256"),
        (["verilog", "scrambler", "-o", "new.v", "--channels", "257"], "--channels is 1 to 256"),
        (["verilog", "scrambler", "-o", "new.v", "--channels", "x"], "invalid int value"),
        (["verilog", "decoder", "-o", "new.v", "--channels", "2"], "takes no --channels"),
        (["verilog", "bank", "-o", "new.v", "--channels", "31"], "has room for 30 channels"),
    ],
)
def test_bad_arguments_of_the_other_commands(fails, arguments, sentence):
    assert sentence in fails(2, *arguments)


def test_a_full_disk(place, fails, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.os, "replace", full)
    for command in ("transmit", "receive"):
        err = fails(2, command, "line", "-o", "data", "--force", "--parameters", "p.json")
        assert "No space left" in err
    if Path("/dev/full").exists():
        err = fails(2, "transmit", "data", "-o", "/dev/full", "--force", "--parameters", "p.json")
        assert "No space left" in err


def test_running_out_of_memory_and_interrupts(fails, monkeypatch):
    command = ["transmit", "data", "-o", "new", "--parameters", "p.json"]
    for error, status in ((MemoryError, 2), (KeyboardInterrupt, 130)):

        def stop(*_, error=error):
            raise error

        monkeypatch.setattr(pcm, "encode", stop)
        fails(status, *command)


# --- A call that failed: exit status 1 -----------------------------------------------------------


def test_a_damaged_line(fails, place):
    line = bytearray((place / "line").read_bytes())
    line[len(line) // 2] ^= 0x80
    (place / "bad").write_bytes(line)
    err = fails(1, "receive", "bad", "-o", "new", "--parameters", "p.json")
    assert "did not arrive whole" in err


@pytest.mark.parametrize("shift", [1, 2, 3, 4, 5])
def test_a_line_that_starts_in_another_interval(fails, place, shift):
    (place / "late").write_bytes((place / "line").read_bytes()[shift:])
    err = fails(1, "receive", "late", "-o", "new", "--parameters", "p.json")
    assert "does not fit the parameters" in err


@pytest.mark.parametrize("other", ["56000", "28000"])
def test_other_parameters_than_the_lines(fails, place, other):
    err = fails(1, "receive", "line", "-o", "new", "--parameters", EXAMPLES / f"{other}.json")
    assert re.search(r"does not fit the parameters.* 0 frames arrived, and \d+\.\d% of its", err)


def test_the_wrong_law(fails):
    err = fails(1, "receive", "line", "-o", "new", "--parameters", "p.json", "--law", "mu")
    assert "does not fit the parameters" in err


def test_noise(fails, place):
    (place / "noise").write_bytes(np.random.default_rng(4).bytes(5000))
    fails(1, "receive", "noise", "-o", "new", "--parameters", "p.json")


def test_a_difference_between_golden_and_gateware(fails, monkeypatch):
    def wrong_octet(p, bits, show):
        octets = pcm.encode(p, bits)
        octets[77] ^= 1
        return octets

    def wrong_bit(p, octets, show):
        bits = pcm.decode(p, octets)
        bits[400] ^= 1
        return bits

    monkeypatch.setattr(pcm, "encode_gateware", wrong_octet)
    monkeypatch.setattr(pcm, "decode_gateware", wrong_bit)
    options = ["-o", "new", "--parameters", "p.json", "--check"]
    assert "first in octet 77 (number 5 of data frame 12)" in fails(1, "transmit", "data", *options)
    assert "first in bit 400 (number 26 of data frame 11)" in fails(1, "receive", "line", *options)


# --- Gateware ------------------------------------------------------------------------------------


@pytest.mark.parametrize("rate", ["56000", "45333", "28000"])
def test_gateware_carries_a_file_and_equals_golden(place, capsys, rate):
    given = ["--parameters", str(EXAMPLES / f"{rate}.json")]
    assert v90.main(["transmit", "data", "-o", "golden", *given]) == 0
    assert v90.main(["transmit", "data", "-o", "gateware", *given, "--gateware"]) == 0
    assert v90.main(["transmit", "data", "-o", "both", *given, "--check"]) == 0
    golden = (place / "golden").read_bytes()
    assert golden == (place / "gateware").read_bytes() == (place / "both").read_bytes()
    assert v90.main(["receive", "gateware", "-o", "back", *given, "--gateware"]) == 0
    assert (place / "back").read_bytes() == DATA
    assert v90.main(["receive", "gateware", "-o", "checked", *given, "--check"]) == 0
    assert "golden and gateware, equal" in capsys.readouterr().err


def test_verilog_channels(place):
    assert v90.main(["verilog", "encoder", "-o", "one.v"]) == 0
    assert v90.main(["verilog", "encoder", "-o", "many.v", "--channels", "30"]) == 0
    assert "[4:0]    channel: 5 bits" in (place / "many.v").read_text()
    assert "[0]      channel: 1 bit" in (place / "one.v").read_text()


def test_examples_read():
    assert len([MappingParameters.from_json(p.read_text()) for p in EXAMPLES.glob("*.json")]) >= 3
