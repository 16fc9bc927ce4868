"""Training signals of the digital modem as PCM octets (8.4.2 to 8.4.5/V.90).

Each function returns ``(ucodes, signs)``, uint8 arrays of one entry a symbol; a sign of 1 is
positive. :func:`golden.g711.octet` makes octets of them in either law.
"""

import numpy as np

from golden.scrambler import GPC, Scrambler

#: Ucodes that W of Sd is above U_INFO (8.4.4).
ABOVE = 16

#: Repetitions of six symbols of Sd and of S-bar-d (8.4.4).
SD, SD_BAR = 64, 8


def sd(u_info):
    """Sd and S-bar-d, 432 symbols (8.4.4)."""
    w = u_info + ABOVE
    signs = np.tile(np.array([1, 1, 1, 0, 0, 0], np.uint8), SD + SD_BAR)
    signs[SD * 6 :] ^= 1
    return np.tile(np.array([w, 0, w], np.uint8), 2 * (SD + SD_BAR)), signs


def trn1d(u_info, symbols):
    """TRN1d, ``symbols`` of them, a multiple of 6 (8.4.5)."""
    if symbols % 6:
        raise ValueError(f"TRN1d is a multiple of 6 symbols long, {symbols} is none")
    signs = Scrambler(GPC).process(np.ones(symbols, np.uint8))
    return np.full(symbols, u_info, np.uint8), signs


def after_trn1d(u_info, bits, signs):
    """Jd and Jd' (8.4.2, 8.4.3): ``bits`` scrambled and differentially encoded.

    ``signs`` are those of the whole TRN1d before, whose scrambler and last symbol go on.
    """
    scrambler = Scrambler(GPC)
    scrambler.process(np.ones(len(signs), np.uint8))
    scrambled = scrambler.process(np.asarray(bits, np.uint8))
    coded = np.bitwise_xor.accumulate(np.concatenate([signs[-1:], scrambled]))[1:]
    return np.full(len(coded), u_info, np.uint8), coded
