"""Recordings of an analogue line as samples of the A/D: WAV in, 16 bits at 16 kHz out, and back."""

import io
from math import gcd

import numpy as np
from scipy.signal import resample_poly

from golden.errors import V90Error
from golden.pcm.parameters import INTERVALS, OCTET_RATE
from golden.receiver.timing import SAMPLE_RATE
from golden.signals.training import SD, SD_BAR

#: Lowest and highest rate in Hz of a recording.
RATES = (8000, 48000)

#: Formats that are WAV, by libsndfile's names; it would read many others, whatever the name says.
FORMATS = ("WAV", "WAVEX", "RF64")

#: Encodings that keep at least 16 bits, by libsndfile's names.
ENCODINGS = ("PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE")

#: Seconds that a recording has at least: Sd and S-bar-d alone take as long (8.4.4/V.90).
SHORTEST = (SD + SD_BAR) * INTERVALS / OCTET_RATE

#: RIFF sizes from here on are those of programs that could not know how much would come.
_UNKNOWN = 0x7FFFF000

#: Largest value of a float file: some have the whole numbers of 32 bits.
LARGEST = float(1 << 31)

#: Power in dB below full scale that a recording has at least.
SILENT = -60.0

#: A recording is clipped when more than ``CLIPS`` times ``RUN`` or more samples in a row are at
#: full scale with one sign. A sine at full scale has no such run above 42 Hz, at any rate here.
CLIPS, RUN = 4, 3

#: What counts as full scale: the last step of 16 bits.
_FULL = 32767 / 32768


class _Content(io.BytesIO):
    """A file's octets; libsndfile asks for places before the first where a header is wrong."""

    def seek(self, offset, whence=io.SEEK_SET):
        """Stay there for a place that there is not: what is then read is no header either."""
        try:
            return super().seek(offset, whence)
        except ValueError:
            return self.tell()


def _opened(file, content, name):
    """Samples (float64, one channel) and rate of an open file, refused before they are read."""
    rate, channels, encoding = file.samplerate, file.channels, file.subtype
    if file.format not in FORMATS:
        raise V90Error(f"{name} is {file.format}, and no WAV file")
    if channels != 1:
        raise V90Error(f"{name} has {channels} channels; a recording of a line has one")
    if encoding not in ENCODINGS:
        raise V90Error(f"{name} is {encoding}; a recording is 16-bit or float")
    if not RATES[0] <= rate <= RATES[1]:
        raise V90Error(f"{name} has {rate} samples a second; it may have {RATES[0]} to {RATES[1]}")
    if 2 * file.frames > len(content):
        raise V90Error(f"{name} says that it has {file.frames} samples, more than are in it")
    return file.read(dtype="float64"), rate


def read(content, name, to=SAMPLE_RATE, bits=16):
    """Samples (int64 within ``bits``, ``to`` Hz, without DC) of a WAV file's octets (bytes).

    1.0 of a float file is full scale; one that goes beyond it is made smaller to fit. Raises
    :class:`~golden.errors.V90Error`, with ``name``, for what is no such recording of one line.
    """
    import soundfile

    try:
        with soundfile.SoundFile(_Content(content)) as file:
            x, rate = _opened(file, content, name)
    except (soundfile.LibsndfileError, RuntimeError):
        raise V90Error(f"{name} is no WAV file that can be read") from None
    if not len(x):
        raise V90Error(f"{name} holds no samples")
    said = int.from_bytes(content[4:8], "little") + 8
    # Some programs count a last octet that they do not write.
    if content[:4] == b"RIFF" and len(content) + 1 < said < _UNKNOWN:
        raise V90Error(f"{name} ends after {len(content)} of the {said} octets that it says it has")
    if len(x) < SHORTEST * rate:
        raise V90Error(
            f"{name} is too short: {len(x) / rate:.3f} s, and Sd and S-bar-d take {SHORTEST:.3f} s"
        )
    if not np.isfinite(x).all():
        raise V90Error(f"{name} holds values that are no numbers")
    if np.abs(x).max() > LARGEST:
        raise V90Error(f"{name} holds values up to {np.abs(x).max():.3g}; full scale is 1")
    if clips(x) > CLIPS:
        raise V90Error(
            f"{name} is clipped: {clips(x)} times {RUN} or more samples in a row are at full scale"
        )
    x = x - x.mean()
    power = float(np.mean(x**2))
    if power < 10 ** (SILENT / 10):
        raise V90Error(f"{name} is silent: its power is below {SILENT:g} dB of full scale")
    x = resample(x, rate, to)
    x *= min(1.0, _FULL / np.abs(x).max())
    return np.rint(x * (1 << (bits - 1))).astype(np.int64)


def clips(x):
    """How many runs of ``RUN`` or more samples of one sign are at exactly full scale.

    A float file that goes beyond 1 was not cut there, unless its largest value is the cut.
    """
    full = max(_FULL, np.abs(x).max() * _FULL)
    count = 0
    for sign in (1, -1):
        at = np.concatenate([[False], sign * x >= full, [False]])
        edges = np.flatnonzero(at[1:] != at[:-1]).reshape(-1, 2)
        count += int(np.count_nonzero(edges[:, 1] - edges[:, 0] >= RUN))
    return count


def resample(x, rate, to=SAMPLE_RATE):
    """Samples (float64) at ``rate`` Hz as samples at ``to`` Hz, by the exact ratio."""
    if rate == to:
        return x
    common = gcd(rate, to)
    # 80 dB for what is above the band that both rates have.
    return resample_poly(x, to // common, rate // common, window=("kaiser", 8.0))


def write(samples):
    """A WAV file (bytes): samples of the A/D (within 16 bits), 16 kHz, 16-bit."""
    import soundfile

    file = io.BytesIO()
    soundfile.write(
        file, np.asarray(samples, np.int16), SAMPLE_RATE, format="WAV", subtype="PCM_16"
    )
    return file.getvalue()
