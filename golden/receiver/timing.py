"""Sample clock recovery of the analogue modem: interpolator, error detector, second-order loop.

The A/D's clock is free and 16 kHz within some hundred ppm; the network's symbols come at 8 kHz
exactly (5.2/V.90). Twelve samples at half symbols are interpolated for each data frame, and the
loop moves them once a data frame by what the equaliser's error says about their instants.
"""

import numpy as np

from golden.formats import INTERPOLATED, INTERPOLATOR_TAP

#: Samples of the A/D a second.
SAMPLE_RATE = 16000

#: Taps of the interpolator, of which ``TAPS_BEFORE`` are at or before the instant.
TAPS, TAPS_BEFORE = 12, 6

#: Phases between two samples for which the taps stand in the table; between them taps are linear.
PHASES, PHASE_BITS = 64, 6

#: Fraction bits of the place between two phases.
PLACE_BITS = 10

#: Fraction bits of an instant.
INSTANT_FRACTION = 32

#: Half symbols of a data frame.
HALVES = 12


def _table():
    # A Kaiser window on a sinc that is 6 dB down at the middle of 4 to 12 kHz, where the signal
    # ends and where its image begins: less than -74 dB of error up to 4 kHz.
    at = np.arange(PHASES + 1)[:, None] / PHASES - np.arange(
        -TAPS_BEFORE + 1, TAPS - TAPS_BEFORE + 1
    )
    reach = np.sqrt(np.maximum(0, 1 - (at / TAPS_BEFORE) ** 2))
    taps = np.sinc(at) * np.i0(_BETA * reach) / np.i0(_BETA)
    taps /= taps.sum(-1, keepdims=True)
    return np.minimum(np.rint(taps * 32768), 32767).astype(np.int64)


_BETA = 8.0

#: Row p has the taps for an instant p/64 behind sample 5 of 12, in Q0.15.
TABLE = _table()
_STEP = np.diff(TABLE, axis=0)


def instants(start, step):
    """Instants (Q32, ``(..., 12)``) of a data frame's half symbols from ``start`` on."""
    return start[..., None] + np.arange(HALVES) * ((1 << INSTANT_FRACTION) + step[..., None])


class Interpolator:
    """Samples between samples, brought to the working level.

    ``process(windows, fraction, shift)``: ``windows`` (int64, ``(..., 12)``) are the samples from 5
    before the instant's whole part to 6 behind it, ``fraction`` (``(...)``) the instant's lower 32
    bits, ``shift`` (broadcast) the left shift of the level. Returns INTERPOLATED, ``(...)``.

    Taps are rounded after interpolation between two phases; sums are exact, shifted and rounded
    once.
    Off from the ideal by less than -74 dB of the signal for frequencies up to 4 kHz.
    """

    def process(self, windows, fraction, shift):
        """See the class."""
        fine = fraction >> (INSTANT_FRACTION - PHASE_BITS - PLACE_BITS)
        phase, place = fine >> PLACE_BITS, fine & ((1 << PLACE_BITS) - 1)
        half = 1 << (PLACE_BITS - 1)
        taps = TABLE[phase] + ((_STEP[phase] * place[..., None] + half) >> PLACE_BITS)
        total = (windows * taps).sum(-1)
        drop = INTERPOLATOR_TAP.fraction - shift
        total = (total + (1 << (drop - 1))) >> drop
        return np.clip(total, INTERPOLATED.min, INTERPOLATED.max)


def interpolate_reference(samples, at):
    """Samples (float64) at instants ``at`` by a windowed sinc 10 times as long."""
    samples, at = np.asarray(samples, np.float64), np.asarray(at, np.float64)
    reach = 10 * TAPS // 2
    whole = np.floor(at).astype(np.int64)
    offset = np.arange(-reach + 1, reach + 1)
    index = whole[..., None] + offset
    distance = (at - whole)[..., None] - offset
    window = np.i0(10 * np.sqrt(np.maximum(0, 1 - (distance / reach) ** 2))) / np.i0(10)
    inside = (index >= 0) & (index < len(samples))
    values = samples[np.clip(index, 0, len(samples) - 1)] * inside
    return (values * np.sinc(distance) * window).sum(-1)
