"""Filters of the codec, inside the masks of G.712, and of the client's A/D (float64)."""

from functools import lru_cache

import numpy as np
from scipy import signal

#: Rate in Hz of the signal that stands for the analogue one.
INNER = 32000

#: Highest frequency in Hz that the A/D's filter passes whole, and the lowest that it stops: 0.44
#: and 0.56 of its rate, so what is between 7 and 9 kHz folds onto itself.
AD_PASS, AD_STOP = 7000, 9000

#: Frequency in Hz from which the codec's filter has the loss of ``_STOP_LOSS`` dB, where the image
#: of 3400 Hz is; ripple of its pass band in dB.
_IMAGE, _STOP_LOSS, _RIPPLE = 4600, 36.0, 0.1

#: Most loss in dB that the codec's filter may have at 3400 Hz.
_LOSS_3400 = 0.6

# The A/D's filter: linear phase, 120 dB.
_AD_TAPS = 2 * int(np.ceil((120 - 7.95) / (14.36 * (AD_STOP - AD_PASS) / INNER) / 2)) + 1

#: Delay in seconds of the A/D's filter, which is part of every response here.
AD_DELAY = (_AD_TAPS - 1) / 2 / INNER


def _loss(zpk, f):
    """Loss in dB of an analogue filter at ``f`` rad/s."""
    return -20 * np.log10(np.abs(signal.freqs_zpk(*zpk, [f])[1][0]))


def _edge(zpk, loss, low, high):
    """The frequency between ``low`` and ``high`` where the filter's loss is ``loss`` dB."""
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if _loss(zpk, middle) < loss else (low, middle)
    return low


@lru_cache
def reconstruction(band_edge):
    """Zeros, poles (rad/s) and gain of the codec's low-pass: 3 dB at ``band_edge`` Hz.

    The elliptic filter of the least order that has 36 dB from 4600 Hz on and at most 0.6 dB at 3400
    Hz, with 0.1 dB ripple and a gain of 1 at 1020 Hz, the reference frequency of G.712.
    """
    for order in range(3, 12):
        z, p, k = signal.ellipap(order, _RIPPLE, _STOP_LOSS)
        first_zero = np.abs(z.imag).min()
        three = _edge((z, p, k), 3.0, 1.0, first_zero)
        stop = _edge((z, p, k), _STOP_LOSS, three, first_zero)
        at_3400 = _loss((z, p, k), 3400 / band_edge * three)
        if stop / three * band_edge <= _IMAGE and at_3400 <= _LOSS_3400:
            break
    scale = 2 * np.pi * band_edge / three
    z, p = z * scale, p * scale
    k /= np.abs(signal.freqs_zpk(z, p, k, [2 * np.pi * 1020])[1][0])
    return z, p, k


def low_pass(band_edge, f):
    """Response of the codec's low-pass at ``f`` in Hz."""
    return signal.freqs_zpk(*reconstruction(band_edge), 2 * np.pi * f)[1]


def high_pass(corners, f):
    """Response at ``f`` in Hz of one-pole high-passes with 3 dB at each of ``corners`` Hz."""
    response = np.ones(len(f), complex)
    for corner in corners:
        response *= 1j * f / (corner + 1j * f)
    return response


@lru_cache
def ad_taps():
    """The A/D's filter, at ``INNER``."""
    beta = 0.1102 * (120 - 8.7)
    return signal.firwin(_AD_TAPS, (AD_PASS + AD_STOP) / 2, window=("kaiser", beta), fs=INNER)
