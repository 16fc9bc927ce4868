"""`v90 transmit`, and with it `v90 receive` of octets: files there and back, and bad input."""

import io
import sys
from pathlib import Path

import pytest

import v90
from golden.pcm.parameters import MappingParameters
from sim import files
from sim.calls import pcm
from tests.sim.cli.support import DATA, parameters
from tests.support import EXAMPLES


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


def test_no_compiler_for_gateware(fails, monkeypatch, tmp_path_factory):
    monkeypatch.setenv("CXX", "no-such-compiler")
    monkeypatch.setenv("V90_CACHE", str(tmp_path_factory.mktemp("cache")))
    for option in ("--gateware", "--check"):
        for command in ("transmit", "receive"):
            options = ["line", "-o", "new", "--parameters", "p.json", option]
            assert "no-such-compiler" in fails(2, command, *options)


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


def test_examples_read():
    assert len([MappingParameters.from_json(p.read_text()) for p in EXAMPLES.glob("*.json")]) >= 3
