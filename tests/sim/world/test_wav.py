"""WAV in: rates, encodings, and each kind that is refused."""

import io
from contextlib import suppress

import numpy as np
import pytest
import soundfile

from golden.errors import V90Error
from sim.world import wav


def file(x, rate=16000, encoding="PCM_16", kind="WAV"):
    content = io.BytesIO()
    soundfile.write(content, x, rate, format=kind, subtype=encoding)
    return content.getvalue()


def tone(rate, seconds=0.5, frequency=1000.0, amplitude=0.3):
    return amplitude * np.sin(2 * np.pi * frequency * np.arange(int(rate * seconds)) / rate)


def test_what_is_written_is_read():
    x = np.random.default_rng(1).integers(-20000, 20000, 4000)
    x = np.concatenate([x, -x])
    back = wav.read(wav.write(x), "x")
    assert back.dtype == np.int64 and (back == x).all()


@pytest.mark.parametrize("rate", [8000, 11025, 16000, 22050, 32000, 44100, 48000])
@pytest.mark.parametrize("encoding", ["PCM_16", "FLOAT"])
def test_rates_and_encodings(rate, encoding):
    x = wav.read(file(tone(rate), rate, encoding), "x")
    assert len(x) == -(-int(rate * 0.5) * 16000 // rate)
    expected = 32768 * tone(16000)[: len(x)]
    inner = slice(400, len(x) - 400)
    assert np.abs(x[inner] - expected[inner]).max() < 32768 * 0.3 * 1e-3


@pytest.mark.parametrize("rate", [16000, 44100, 48000])
def test_words_for_a_codec(rate):
    x = wav.read(file(tone(rate), rate, "PCM_24"), "x", 48000, 24)
    expected = 2**23 * tone(48000)[: len(x)]
    inner = slice(1200, len(x) - 1200)
    assert len(x) == 24000 and np.abs(x[inner] - expected[inner]).max() < 2**23 * 0.3 * 1e-3


@pytest.mark.parametrize("encoding", ["PCM_16", "FLOAT", "DOUBLE", "PCM_24"])
def test_the_mean_goes(encoding):
    x = wav.read(file(tone(16000) + 0.2, encoding=encoding), "x")
    assert abs(x.mean()) < 0.6


def test_a_float_file_beyond_full_scale_is_made_smaller():
    x = wav.read(file(tone(16000, amplitude=7.0), encoding="FLOAT"), "x")
    assert np.abs(x).max() == 32767


def test_a_sine_at_full_scale_is_not_clipped():
    for rate in (8000, 16000, 48000):
        for frequency in (50.0, 300.0, 1000.0, 1020.0):
            assert wav.clips(np.rint(32767 * tone(rate, 1, frequency, 1.0)) / 32768) <= wav.CLIPS


@pytest.mark.parametrize("encoding", ["PCM_16", "FLOAT"])
def test_clipped(encoding):
    x = np.clip(tone(16000, amplitude=2.0), -1, 1)
    with pytest.raises(V90Error, match="x is clipped: .* in a row are at full scale"):
        wav.read(file(x, encoding=encoding), "x")


def test_a_float_file_clipped_beyond_1():
    x = np.clip(tone(16000, amplitude=4.0), -2, 2)
    with pytest.raises(V90Error, match="x is clipped"):
        wav.read(file(x, encoding="FLOAT"), "x")


def test_a_few_clips_are_borne():
    x = tone(16000)
    x[100:105] = x[300:305] = 1
    assert len(wav.read(file(x), "x"))


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"RIFF....WAVE", "x is no WAV file that can be read"),
        (b"", "x is no WAV file that can be read"),
        (file(np.zeros((800, 2))), "x has 2 channels; a recording of a line has one"),
        (file(tone(7999), 7999), "x has 7999 samples a second; it may have 8000 to 48000"),
        (file(tone(96000), 96000), "x has 96000 samples a second"),
        (file(np.zeros(16000)), "x is silent: its power is below -60 dB of full scale"),
        (file(np.full(16000, 0.5)), "x is silent"),
        (file(tone(16000, amplitude=1e-3)), "x is silent"),
        (file(np.zeros(0)), "x holds no samples"),
        (file(tone(16000))[:5001], "x ends after 5001 of the 16044 octets that it says it has"),
        (file(tone(16000, 0.05)), "x is too short: 0.050 s, and Sd and S-bar-d take 0.054 s"),
        (file(np.full(16000, np.nan), encoding="FLOAT"), "x holds values that are no numbers"),
        (file(tone(16000) * 1e300, encoding="DOUBLE"), "x holds values up to 3e+299"),
        (file(tone(16000), encoding="ULAW"), "x is ULAW; a recording is 16-bit or float"),
        (file(tone(16000), encoding="PCM_U8"), "x is PCM_U8; a recording is 16-bit or float"),
    ],
)
def test_refused(content, sentence):
    with pytest.raises(V90Error) as error:
        wav.read(content, "x")
    assert sentence in str(error.value) and error.value.status == 2


#: Fields of a WAV file's header: first octet, octets, and what is put there.
HEADERS = {
    "4 GB": (40, 4, 0xFFFFFFF0),
    "no data": (40, 4, 0),
    "less than none": (40, 4, 1 << 31),
    "no channel": (22, 2, 0),
    "all channels": (22, 2, 0xFFFF),
    "no rate": (24, 4, 0),
    "highest rate": (24, 4, 0xFFFFFFFF),
    "11 bits": (34, 2, 11),
    "no bits": (34, 2, 0),
    "65535 bits": (34, 2, 0xFFFF),
    "no octets a sample": (32, 2, 0),
    "a long fmt": (16, 4, 1 << 31),
    "no fmt": (16, 4, 0),
    "ADPCM": (20, 2, 2),
    "G.723.1": (20, 2, 0x42),
    "MP3": (20, 2, 0x55),
    "float of 16 bits": (20, 2, 3),
    "a kind that there is not": (20, 2, 0xABCD),
}


@pytest.mark.parametrize("name", HEADERS)
def test_headers_that_are_wrong(name, capfd):
    """Some are borne; of the others is one sentence, and none prints anything."""
    at, size, value = HEADERS[name]
    content = bytearray(file(tone(16000)))
    content[at : at + size] = value.to_bytes(size, "little")
    with suppress(V90Error):
        assert 0 < len(wav.read(bytes(content), "x")) <= 8 * len(content)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("kind", ["FLAC", "AIFF", "AU", "W64", "CAF"])
def test_what_libsndfile_reads_and_is_no_wav(kind):
    """A FLAC file of 6 kB may say that it has 68 719 476 735 samples, 550 GB of float64."""
    content = bytearray(file(tone(16000), kind=kind))
    if kind == "FLAC":
        content[21] |= 0x0F
        content[22:26] = b"\xff" * 4
    with pytest.raises(V90Error, match=f"x is {kind}, and no WAV file"):
        wav.read(bytes(content), "x")


def test_rf64_is_one():
    assert len(wav.read(file(tone(16000), kind="RF64"), "x")) == 8000
