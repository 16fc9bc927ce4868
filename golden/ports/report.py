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

#: Bits of a sum of squared errors, bits of its mantissa that address the logarithm's table, and
#: fraction bits of intermediate tenths of a decibel.
ERROR_SUM_BITS, TABLE_BITS, TENTHS_FRACTION = 39, 6, 8

#: A factor of two in tenths of a decibel, with that fraction.
OCTAVE = round(100 * np.log10(2) * (1 << TENTHS_FRACTION))


class FieldKind(IntEnum):
    """Notation of a value: 123; 12.3 for 123; +12.3 for a step of 12.3 ppm in ``2**-32``."""

    NUMBER = 0
    TENTHS = 1
    OFFSET = 2


@dataclass(frozen=True)
class Field:
    """A value's place in a text: its number among the values, 0 to 15, and how it is written."""

    number: int
    kind: FieldKind = FieldKind.NUMBER


class Reporter:
    """Texts with values in them.

    ``process(template, values)``: the octets (bytes) of the text with that number.

    Parameters: ``templates``, each a tuple of ASCII strings and :class:`Field`.

    Raises :class:`~golden.errors.V90Error` for a value that NUMBER_BITS do not hold.
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
    if kind == FieldKind.NUMBER:
        return str(value)
    sign = ""
    if kind == FieldKind.OFFSET:
        sign = "-" if value < 0 else "+"
        value = ((abs(value) << PPM_SHIFT) + PPM_DIVISOR // 2) // PPM_DIVISOR
    return f"{sign}{value // 10}.{value % 10}"


def decibels_start(power):
    """Decibels of the largest sum that is a power of two; :class:`Decibels` counts up from it."""
    full = 100 * np.log10(power) - 100 * np.log10(2) * (ERROR_SUM_BITS - 1)
    return round(full * (1 << TENTHS_FRACTION))


def decibels_table():
    """Decibels to subtract for the bits after a sum's first one, each for the middle of its range.

    With TENTHS_FRACTION fraction bits.
    """
    mantissa = 1 + (np.arange(1 << TABLE_BITS) + 0.5) / (1 << TABLE_BITS)
    return np.rint(100 * np.log10(mantissa) * (1 << TENTHS_FRACTION)).astype(np.int64)


#: The same as a table for gateware.
DECIBELS = tuple(decibels_table().tolist())


class Decibels:
    """A power over a sum of squares in tenths of a decibel, 0 at least; within 0.1 dB.

    ``process(total)``: an int below ``2**ERROR_SUM_BITS``; 0 counts as less than 1.

    Parameters: ``power``, such as :func:`error_power` gives.
    """

    def __init__(self, power):
        self.start, self._table = decibels_start(power), decibels_table()

    def process(self, total):
        """See the class."""
        total = int(total)
        moves = ERROR_SUM_BITS - total.bit_length()
        mantissa = ((total << moves) >> (ERROR_SUM_BITS - 1 - TABLE_BITS)) & ((1 << TABLE_BITS) - 1)
        tenths = self.start + moves * OCTAVE - int(self._table[mantissa])
        return max(0, (tenths + (1 << (TENTHS_FRACTION - 1))) >> TENTHS_FRACTION)


def error_power(level, fine, symbols):
    """The power for :class:`Decibels` of PCM value ``level``.

    It is for sums of ``symbols`` slow means of squared errors, with ``fine`` fraction bits
    (:attr:`golden.receiver.decisions.Decisions.quality`).
    """
    return level**2 * 4.0**fine * (1 << SLOW_BITS) * symbols
