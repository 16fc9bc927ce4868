"""Recordings: WAV whose header or samples are wrong, and octets of a downstream, spoilt."""

import io
import subprocess
import sys
from contextlib import suppress
from functools import cache

import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from golden.errors import V90Error
from golden.pcm.parameters import MappingParameters
from sim.calls import pcm, transfer
from sim.calls.parameter_sets import EXTREMES
from sim.reading import octets as reading
from sim.reports import reading as reading_report
from sim.world import wav
from sim.world.network import Network, NetworkParameters
from tests.fuzz.edits import edited
from tests.fuzz.limits import deadline, peak
from tests.fuzz.support import edits
from tests.sim.reading.support import sent
from tests.support import ROOT

#: Octets of a WAV file's header that are edited most.
HEADER = 80

#: Octets of memory for one of a file, and besides. A sample of 16 bits at 8000 Hz becomes two of
#: 64, and there are three copies of those at once: 24. A filter for 47 999 Hz, which has no factor
#: in common with 16 000, has a million taps: six arrays of 8 octets each. A third more of both.
WAV_MEMORY, WAV_MORE = 32, 64 << 20

quick = settings(suppress_health_check=list(HealthCheck), database=None, max_examples=150)


@cache
def waves():
    """Octets of a short recording in every encoding that libsndfile writes into WAV, and others."""
    x = 0.3 * np.sin(np.arange(1200) / 3)
    found = []
    for kind in ("WAV", "WAVEX", "RF64", "FLAC", "AIFF", "AU"):
        for encoding in soundfile.available_subtypes(kind):
            with suppress(soundfile.LibsndfileError, ValueError):
                file = io.BytesIO()
                soundfile.write(file, x, 16000, format=kind, subtype=encoding)
                found.append(file.getvalue())
    return found


@st.composite
def spoilt(draw):
    """A recording whose header, whose samples or whose end is not what it was."""
    content = draw(st.sampled_from(waves()))
    head = edited(content[:HEADER], draw(edits))
    if draw(st.booleans()):
        at = draw(st.sampled_from([4, 16, 20, 22, 24, 28, 32, 34, 40]))
        size = draw(st.sampled_from([2, 4]))
        value = draw(st.sampled_from([0, 1, 3, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0xFFFFFFFE]))
        head = head[:at] + (value % (1 << 8 * size)).to_bytes(size, "little") + head[at + size :]
    return head + edited(content[HEADER:], draw(edits))


@quick
@given(spoilt())
def test_wav(content):
    with deadline(), suppress(V90Error):
        x = wav.read(content, "x")
        assert x.dtype == np.int64 and len(x) and np.abs(x).max() < 1 << 15


def test_wav_prints_nothing(capfd):
    """Not by libsndfile, nor by what calls it: headers that lead it to a place before the file."""
    for content in waves():
        for at in range(12, min(HEADER, len(content)), 2):
            for value in (b"\xff\xff\xff\xff", b"\0\0\0\x80", b"\0\0\0\0"):
                with suppress(V90Error):
                    wav.read(content[:at] + value + content[at + 4 :], "x")
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("rate", [8000, 44100, 47999])
def test_memory_of_wav_is_bounded(rate):
    file = io.BytesIO()
    soundfile.write(file, 0.3 * np.sin(np.arange(200_000) / 3), rate, format="WAV")
    content = file.getvalue()
    wav.read(content, "x")
    with deadline():
        assert peak(wav.read, content, "x") < WAV_MORE + WAV_MEMORY * len(content)


_MEMORY = """
import resource, sys
from golden.errors import V90Error
from sim.world import wav
wav.read(wav.write([(-1) ** n * n % 9999 for n in range(2000)]), "x")
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
line = sys.stdin.buffer.read()
while line:
    size = int.from_bytes(line[:4], "little")
    try:
        wav.read(line[4 : 4 + size], "x")
    except V90Error:
        pass
    line = line[4 + size :]
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def test_claims_of_gigabytes_take_no_memory():
    """That of libsndfile too, which Python does not count: of a process of its own."""
    claims = b""
    for content in waves():
        for at in range(4, min(HEADER, len(content)) - 3, 2):
            claim = content[:at] + b"\xff\xff\xff\x7f" + content[at + 4 :]
            claims += len(claim).to_bytes(4, "little") + claim
    done = subprocess.run(
        [sys.executable, "-c", _MEMORY],
        input=claims,
        capture_output=True,
        check=True,
        timeout=120,
        cwd=ROOT,
    )
    assert done.stderr == b""
    # In kB. What is read has a few kB, and its copies are some MB with all that was sent here.
    assert int(done.stdout) < 64 << 10


# --- Octets --------------------------------------------------------------------------------------


@cache
def lines():
    """Downstreams of the digital modem, some through a network that changes them."""
    whole, _ = sent("A", renegotiates=True)
    mu, _ = sent("mu")
    changes = (
        {},
        {"robbed": ("1", "", "", "01", "", "")},
        {"pad": 3.0, "invert": True},
        {"high_pass": 0.97},
    )
    return [
        whole.tobytes(),
        mu.tobytes(),
        *(
            Network(NetworkParameters(law="A", **one)).process(whole).tobytes()
            for one in changes[1:]
        ),
    ]


@st.composite
def downstreams(draw):
    """As on a line: octets lost and doubled by slips, gone dead, inverted, of anything; it ends."""
    line = np.frombuffer(draw(st.sampled_from(lines())), np.uint8).copy()
    for _ in range(draw(st.integers(0, 5))):
        at = draw(st.integers(0, len(line)))
        size = draw(st.sampled_from([1, 3, 6, 30, 401]))
        kind = draw(st.sampled_from(["lost", "twice", "dead", "noise", "inverted", "end"]))
        if kind == "lost":
            line = np.delete(line, slice(at, at + size))
        elif kind == "twice":
            line = np.insert(line, at, line[at : at + size])
        elif kind == "dead":
            line[at : at + size] = draw(st.sampled_from([0, 0x55, 0x80, 0xD5, 0xFF]))
        elif kind == "noise":
            line[at : at + size] ^= np.uint8(draw(st.integers(1, 255)))
        elif kind == "inverted":
            line[at:] ^= 0x80
        else:
            line = line[:at]
    return line


def read_all(octets):
    """`v90 read` of them, up to what is written; whether there was a start-up."""
    try:
        found = reading.read(octets)
    except V90Error:
        return False
    assert reading_report.as_json(found, "x").startswith("{")
    assert list(reading_report.text(found, "x"))
    return True


@settings(quick, max_examples=10)
@given(downstreams())
def test_spoilt_downstreams(octets):
    with deadline():
        read_all(octets)


def test_only_what_follows_a_renegotiation_is_decoded():
    """The first B1d says nothing of its mapping, which was asked for all the same."""
    octets, timeline = sent("A", renegotiates=True)
    octets = octets.copy()
    first = next(one.first for one in timeline if one.signal == "B1d") * 6
    found = [one for one in timeline if one.signal == "data"]
    for n in (0, 1, 9, 30):
        spoilt = octets.copy()
        spoilt[first + 6 * n : found[0].first * 6 + found[0].frames * 6 - 60] = 0xD5
        with deadline():
            assert read_all(spoilt)


@pytest.mark.long
@settings(quick, max_examples=200)
@given(downstreams())
def test_spoilt_downstreams_at_length(octets):
    with deadline():
        read_all(octets)


@settings(quick, max_examples=40)
@given(st.binary(max_size=3000))
def test_octets_that_are_no_downstream(octets):
    with deadline():
        assert not read_all(np.frombuffer(octets, np.uint8))


#: Octets of memory for one of a recording: some 27 arrays of 8 octets (220 measured); twice that.
OCTETS_MEMORY = 440


def test_memory_of_octets_is_bounded():
    octets = np.frombuffer(lines()[0], np.uint8)
    with deadline():
        used = peak(read_all, octets)
        assert used < OCTETS_MEMORY * len(octets)
        # And no more for each of three times as many.
        noise = np.random.default_rng(1).integers(0, 256, 3 * len(octets), np.uint8)
        assert peak(read_all, noise) < OCTETS_MEMORY * len(noise)


@settings(quick, max_examples=60)
@given(st.sampled_from(sorted(EXTREMES)), st.binary(max_size=60), edits, st.booleans())
def test_a_file_on_a_spoilt_line(name, data, spoils, repeats):
    """`v90 transmit`, a line, `v90 receive`: the file, or an error, and never another file."""
    p: MappingParameters = EXTREMES[name]
    line = pcm.encode(p, transfer.file_bits(data, p.data_bits)).tobytes()
    receiver = transfer.FileReceiver(repeats)
    with deadline():
        receiver.process(pcm.decode(p, np.frombuffer(edited(line, spoils), np.uint8)))
        with suppress(V90Error):
            assert receiver.file() == data
