"""Training signals of the digital modem (8.4.1 to 8.4.5, 8.6.4/V.90): sent, and received.

Each function returns ``(ucodes, signs)``, uint8 arrays of one entry a symbol; a sign of 1 is
positive. :func:`golden.pcm.g711.octet` makes octets of them in either law. The classes do their
work in pieces.
"""

from typing import NamedTuple

import numpy as np

from golden.bits.scrambler import GPC, Scrambler
from golden.errors import V90Error, short
from golden.pcm.parameters import INTERVALS
from golden.signals.sequences import DIL

#: Ucodes that W of Sd is above U_INFO (8.4.4).
ABOVE = 16

#: Repetitions of six symbols of Sd and of S-bar-d (8.4.4).
SD, SD_BAR = 64, 8

#: Repetitions of six symbols of R-bar (8.6.4).
R_BAR = 4

#: Data frames of Ri at least (9.4.1.1), of Rd and of Rt (9.6.1.1.1, 9.6.1.2.6), and of Ed (8.6.2).
RI_FRAMES, RD_FRAMES, ED_FRAMES = 192 // INTERVALS, 384 // INTERVALS, 2

#: Signs of a period of Sd and of R (8.4.4, 8.6.4).
_PERIOD = np.array([1, 1, 1, 0, 0, 0], np.uint8)


def sd(u_info):
    """Sd and S-bar-d, 432 symbols (8.4.4)."""
    w = u_info + ABOVE
    signs = np.tile(_PERIOD, SD + SD_BAR)
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


def dil_lengths(descriptor):
    """Symbols (int64) of each DIL-segment (8.4.1), one an entry of ``training_ucodes``."""
    uchord = np.array(descriptor["training_ucodes"], np.int64) >> 4
    return (np.array(descriptor["H"])[uchord] + 1) * INTERVALS


def dil(descriptor, segments=None):
    """DIL (8.4.1): ``segments`` of its segments, all of them again and again; None: each once.

    ``descriptor``: fields of :data:`golden.signals.sequences.DIL`. Without segments (N = 0) it is
    empty.
    """
    training = np.array(descriptor.get("training_pattern", [0]), bool)
    ucodes, signs = [np.zeros(0, np.uint8)], [np.zeros(0, np.uint8)]
    asked = descriptor.get("training_ucodes", [])
    parts = list(zip(asked, dil_lengths(descriptor), strict=True)) if asked else []
    for n in range(len(parts) if segments is None or not parts else segments):
        # Both patterns begin with the segment, and repeat each for itself.
        ucode, length = parts[n % len(parts)]
        reference = descriptor["REF"][ucode >> 4]
        ucodes.append(np.where(np.resize(training, length), ucode, reference).astype(np.uint8))
        signs.append(np.resize(np.array(descriptor["sign_pattern"], np.uint8), length))
    return np.concatenate(ucodes), np.concatenate(signs)


def r(ucodes, periods):
    """R and R-bar behind it (8.6.4): ``periods`` of six symbols, then R_BAR with signs turned.

    ``ucodes``: one for all data frame intervals (Ri), or six: Rd has the greatest of the
    constellations of CP, Rt those of CPt.
    """
    signs = np.tile(_PERIOD, periods + R_BAR)
    signs[periods * INTERVALS :] ^= 1
    row = np.broadcast_to(np.asarray(ucodes, np.uint8), INTERVALS)
    return np.tile(row, periods + R_BAR), signs


class DilSymbols(NamedTuple):
    """Symbols of DIL (8.4.1), an entry each of arrays of one length.

    ``ucodes`` and ``signs`` (uint8; 1 positive) are what is sent. ``training`` (bool): a training
    symbol, not the reference. ``segments`` (int64): number of the DIL-segment, from 0. ``last``
    (bool): the last symbol of its DIL-segment, behind which DIL may end.
    """

    ucodes: np.ndarray
    signs: np.ndarray
    training: np.ndarray
    segments: np.ndarray
    last: np.ndarray


class DilSequencer:
    """The symbols of DIL one after the other, the whole again and again (8.4.1).

    Parameters: ``descriptor``, fields of :data:`golden.signals.sequences.DIL`.

    Raises :class:`~golden.errors.V90Error` for a descriptor that is none.
    """

    def __init__(self, descriptor):
        check_descriptor(descriptor)
        lengths = dil_lengths(descriptor)
        segments = np.repeat(np.arange(len(lengths)), lengths)
        ends = np.cumsum(lengths)
        position = np.arange(ends[-1]) - (ends - lengths)[segments]
        pattern = np.array(descriptor["training_pattern"], bool)
        self._once = DilSymbols(
            *dil(descriptor),
            pattern[position % len(pattern)],
            segments,
            position == lengths[segments] - 1,
        )
        self.reset()

    def reset(self):
        """Begin anew."""
        self._at = 0

    def process(self, count):
        """The next ``count`` symbols, :class:`DilSymbols`."""
        length = len(self._once.ucodes)
        which = (self._at + np.arange(count)) % length
        self._at = (self._at + count) % length
        return DilSymbols(*(part[which] for part in self._once))


def check_descriptor(descriptor):
    """Raise :class:`~golden.errors.V90Error` unless a DIL can be made of the fields."""
    lists = {
        name: descriptor.get(name, ())
        for name in ("sign_pattern", "training_pattern", "H", "REF", "training_ucodes")
    }
    for name, one in lists.items():
        if not isinstance(one, list | tuple | np.ndarray):
            raise V90Error(f"{name} of a DIL is a list, not {short(one)}")
    if not len(lists["training_ucodes"]):
        raise V90Error("a DIL has 1 to 255 segments; without any (N = 0) it is not transmitted")
    DIL.build(
        segments=len(lists["training_ucodes"]),
        sign_length=len(lists["sign_pattern"]) - 1,
        training_length=len(lists["training_pattern"]) - 1,
        **lists,
    )
