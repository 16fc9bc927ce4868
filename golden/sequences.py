"""Sequences of bits that the modems tell each other things with (8.4.2/V.90).

A sequence is a table of bit ranges as the Recommendation prints it; building and parsing know
tables only. The least significant bit of each range, and bit 0 of the sequence, is sent first.
"""

from dataclasses import dataclass

import numpy as np

from golden.crc import crc_bits
from golden.errors import V90Error

#: What a range may be besides a field of the sequence's own: 17 ones, a zero, what a receiver does
#: not interpret and a sender leaves zero, the CRC of 10.1.2.3.2/V.34, and zeroes after it.
SYNC, START, RESERVED, CRC, FILL = "frame sync", "start bit", "reserved", "CRC", "fill bits"

_NOT_FIELDS = (SYNC, START, RESERVED, CRC, FILL)


@dataclass(frozen=True)
class Bits:
    """A row of a sequence's table: bits ``first`` to ``last``, both included.

    ``field`` is the name of what they carry, or one of ``SYNC``, ``START``, ``RESERVED``, ``CRC``,
    ``FILL``. A field of several rows has its low bits in the first of them. ``values`` are those
    that the Recommendation allows, None: all.
    """

    first: int
    last: int
    field: str
    meaning: str
    clause: str
    values: range | None = None

    @property
    def length(self):
        """How many bits."""
        return self.last - self.first + 1


class Sequence:
    """A sequence by its table.

    Parameters: ``name``; ``rows``, tuple of :class:`Bits` that lie end to end from bit 0 on.

    ``build`` and ``parse`` are inverse to each other. The CRC is over all bits before it but those
    of frame sync and the start bits, as V.34 has it.
    """

    def __init__(self, name, rows):
        self.name, self.rows = name, tuple(rows)
        ends = [0] + [row.last + 1 for row in self.rows]
        if any(row.first != end for row, end in zip(self.rows, ends, strict=False)):
            raise ValueError(f"rows of {name} do not lie end to end")
        self.length = ends[-1]
        self.fields = {}
        for row in self.rows:
            if row.field not in _NOT_FIELDS:
                self.fields.setdefault(row.field, []).append(row)
        (crc,) = (row for row in self.rows if row.field == CRC)
        #: Bits up to the CRC's last: what says whether a sequence is good.
        self.checked = crc.last + 1
        self._crc = slice(crc.first, crc.last + 1)
        #: The bits of SYNC and START, and what they are.
        known = [row for row in self.rows if row.field in (SYNC, START)]
        self._frame = np.concatenate([np.arange(row.first, row.last + 1) for row in known])
        self._frame_bits = np.concatenate(
            [np.full(row.length, row.field == SYNC, np.uint8) for row in known]
        )
        self._covered = np.setdiff1d(np.arange(crc.first), self._frame)

    def build(self, **values):
        """Bits (uint8, ``(length,)``) of a sequence with these fields, whole numbers from 0."""
        if set(values) != set(self.fields):
            raise V90Error(f"{self.name} has the fields {', '.join(self.fields)}")
        bits = np.zeros(self.length, np.uint8)
        bits[self._frame] = self._frame_bits
        for name, value in values.items():
            rows = self.fields[name]
            self._check(name, value, rows)
            for row in rows:
                bits[row.first : row.last + 1] = value >> np.arange(row.length) & 1
                value >>= row.length
        bits[self._crc] = crc_bits(bits[self._covered])
        return bits

    def _check(self, name, value, rows):
        if isinstance(value, bool) or not isinstance(value, int | np.integer):
            raise V90Error(f"{name} of {self.name} is a whole number, not {value!r}")
        allowed = rows[0].values or range(1 << sum(row.length for row in rows))
        if value not in allowed:
            raise V90Error(
                f"{name} of {self.name} is {allowed[0]} to {allowed[-1]}, not {value}"
            )

    def parse(self, bits):
        """Fields (dict) of the sequence that ``bits`` begin with; None where they do not.

        Frame sync, start bits and CRC decide; fill bits need not be there. A field may have a value
        that :meth:`build` refuses: what that means is for the caller to say.
        """
        bits = np.asarray(bits[: self.checked], np.uint8)
        if len(bits) < self.checked or not np.array_equal(bits[self._frame], self._frame_bits):
            return None
        if not np.array_equal(crc_bits(bits[self._covered]), bits[self._crc]):
            return None
        values = {}
        for name, rows in self.fields.items():
            parts = np.concatenate([bits[row.first : row.last + 1] for row in rows])
            values[name] = int(parts @ (np.int64(1) << np.arange(len(parts))))
        return values

    def find(self, bits):
        """Pairs ``(position, fields)`` of all sequences in ``bits`` (uint8, ``(n,)``).

        They do not overlap, and need not follow each other.
        """
        bits, found, end = np.asarray(bits, np.uint8), [], 0
        if len(bits) < self.checked:
            return found
        windows = np.lib.stride_tricks.sliding_window_view(bits, self.checked)
        framed = (windows[:, self._frame] == self._frame_bits).all(axis=1)
        for at in np.flatnonzero(framed):
            if at >= end and (values := self.parse(bits[at:])) is not None:
                found.append((int(at), values))
                end = at + self.checked
        return found


#: Jd (8.4.2, Table 13/V.90). Bit i of ``rates``: 28 000 + i * 8000 / 6 bit/s. ``training`` and
#: ``renegotiation``: constellation of CP, E and SCR, 0 for 4 points, 1 for 16.
JD = Sequence("Jd", (
    Bits(0, 16, SYNC, "frame sync", "Table 13/V.90"),
    Bits(17, 17, START, "start bit", "Table 13/V.90"),
    Bits(18, 33, "rates", "data signalling rates, 28 000 to 48 000 bit/s", "Table 13/V.90"),
    Bits(34, 34, START, "start bit", "Table 13/V.90"),
    Bits(35, 40, "rates", "the same, 49 333 to 56 000 bit/s", "Table 13/V.90"),
    Bits(41, 46, RESERVED, "for the ITU", "Table 13/V.90"),
    Bits(47, 47, "training", "points of CP, E and SCR in training", "Table 13/V.90"),
    Bits(48, 48, "renegotiation", "points of CP, E and SCR in renegotiation", "Table 13/V.90"),
    Bits(49, 50, "look_ahead", "the shaper's most look-ahead", "Table 13/V.90", range(1, 4)),
    Bits(51, 51, START, "start bit", "Table 13/V.90"),
    Bits(52, 67, CRC, "CRC of 10.1.2.3.2/V.34", "Table 13/V.90"),
    Bits(68, 71, FILL, "fill bits", "Table 13/V.90"),
))  # fmt: skip

#: Zeroes of Jd', which ends Jd (8.4.3/V.90).
JD_END = 12
