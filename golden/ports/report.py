"""Lines of text about a receiver: decimal numbers, decibels, the clock's offset."""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from golden.errors import V90Error
from golden.receiver.timetable import SLOW_BITS

#: Bits of a number in a report.
NUMBER_BITS = 40

#: Divisor that makes tenths of ppm of 256 times a step in Q32; 2**40 / 10**7 is 109951.16.
PPM_DIVISOR, PPM_SHIFT = 109951, 8

#: Bits of a sum of squared errors, those of its logarithm's table, and fraction bits of tenths of a
#: decibel in between.
SUM_BITS, TABLE_BITS, TENTHS_FRACTION = 39, 6, 8

#: Tenths of a decibel that a factor of two is, with that fraction.
OCTAVE = round(100 * np.log10(2) * (1 << TENTHS_FRACTION))


class Kind(IntEnum):
    """How a value is written: 123; 12.3 for 123; +12.3 for a step in Q32 that is 12.3 ppm."""

    NUMBER = 0
    TENTHS = 1
    OFFSET = 2


@dataclass(frozen=True)
class Field:
    """A value's place in a text: its number among the values, 0 to 15, and how it is written."""

    number: int
    kind: Kind = Kind.NUMBER


class Reporter:
    """Texts with values in them.

    Parameters: ``templates``, each a tuple of ASCII strings and :class:`Field`.
    ``process(template, values)``: the octets of the text of that number.
    """

    def __init__(self, templates):
        self.templates = templates

    def process(self, template, values):
        """See the class."""
        parts = self.templates[template]
        return "".join(
            part if isinstance(part, str) else written(int(values[part.number]), part.kind)
            for part in parts
        ).encode("ascii")


def written(value, kind):
    """A value (an int) as text."""
    if not -1 << 31 <= value < 1 << NUMBER_BITS:
        raise V90Error(f"a report's numbers have {NUMBER_BITS} bits, {value} has more")
    if kind == Kind.NUMBER:
        return str(value)
    sign = ""
    if kind == Kind.OFFSET:
        sign = "-" if value < 0 else "+"
        value = ((abs(value) << PPM_SHIFT) + PPM_DIVISOR // 2) // PPM_DIVISOR
    return f"{sign}{value // 10}.{value % 10}"


def decibels_start(power):
    """What :class:`Decibels` begins with: that of the largest sum that is a power of two."""
    full = 100 * np.log10(power) - 100 * np.log10(2) * (SUM_BITS - 1)
    return round(full * (1 << TENTHS_FRACTION))


def decibels_table():
    """What the bits below a sum's first take away, of the middle of what they stand for."""
    mantissa = 1 + (np.arange(1 << TABLE_BITS) + 0.5) / (1 << TABLE_BITS)
    return np.rint(100 * np.log10(mantissa) * (1 << TENTHS_FRACTION)).astype(np.int64)


#: The same as a table for gateware.
DECIBELS = tuple(decibels_table().tolist())


class Decibels:
    """A power over a sum of squares in tenths of a decibel, 0 at least.

    ``process(total)``: an int below 2**SUM_BITS; 0 counts as less than 1. Within 0.1 dB.
    """

    def __init__(self, power):
        self.start, self._table = decibels_start(power), decibels_table()

    def process(self, total):
        """See the class."""
        total = int(total)
        moves = SUM_BITS - total.bit_length()
        mantissa = ((total << moves) >> (SUM_BITS - 1 - TABLE_BITS)) & ((1 << TABLE_BITS) - 1)
        tenths = self.start + moves * OCTAVE - int(self._table[mantissa])
        return max(0, (tenths + (1 << (TENTHS_FRACTION - 1))) >> TENTHS_FRACTION)


def error_power(level, fine, symbols):
    """The power for :class:`Decibels` of PCM value ``level``.

    The sum is then that of as many slow means of squared errors as there are ``symbols``, with
    ``fine`` fraction bits (``golden.receiver.decisions.Decisions.quality``).
    """
    return level**2 * 4.0**fine * (1 << SLOW_BITS) * symbols
