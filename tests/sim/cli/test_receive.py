"""`v90 receive`: damaged lines, wrong parameters, and recordings that hold no call."""

import re

import numpy as np
import pytest
import soundfile

from tests.support import EXAMPLES


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


@pytest.mark.parametrize("at", [0, 1, 5, 6, 100, 288, 300, 320, 400, 1000, -7, -6, -1])
def test_a_truncated_line(fails, place, at):
    (place / "cut").write_bytes((place / "line").read_bytes()[:at])
    err = fails(2, "receive", "cut", "-o", "new", "--parameters", "p.json")
    assert "the line ends before the file does" in err


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
