"""A sequence of bits as a table of bit ranges, as the Recommendation prints it (8.2.3 to 8.6.3).

Sequences are built and parsed by their tables alone. Bit 0 of the sequence is sent first, and of
each range the least significant bit.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from golden.bits.crc import crc_bits
from golden.errors import V90Error, short

#: Ranges that carry no field of the sequence's own. The frame sync are ones and zeroes by which a
#: sequence is found; the start bit is zero. A sender leaves reserved bits zero, and a receiver does
#: not interpret them. The CRC is that of 10.1.2.3.2/V.34; fill bits are zeroes after it.
FRAME_SYNC, START_BIT = "frame sync", "start bit"
RESERVED, CRC, FILL_BITS = "reserved", "CRC", "fill bits"

_NOT_FIELDS = (FRAME_SYNC, START_BIT, RESERVED, CRC, FILL_BITS)


@dataclass(frozen=True)
class Bits:
    """A row of a sequence's table: bits ``first`` to ``last``, both included.

    Fields
    ------
    field : name of the field that they carry, or one of ``FRAME_SYNC``, ``START_BIT``,
        ``RESERVED``, ``CRC``, ``FILL_BITS``; a field of several rows has its low bits in the first
    values : values that the Recommendation allows, None: all; for ``FRAME_SYNC`` and ``FILL_BITS``
        the bits, first sent first, None: ones and zeroes
    item : where the field is a list, the item that these bits belong to
    each : each bit is an item of its own, ``item`` the first of them
    """

    first: int
    last: int
    field: str
    meaning: str
    clause: str
    values: range | tuple | None = None
    item: int | None = None
    each: bool = False

    @property
    def length(self):
        """How many bits."""
        return self.last - self.first + 1


class _Layout:
    """Rows that lie end to end from bit 0 on, sorted into what building and parsing need."""

    def __init__(self, name, rows):
        self.rows = tuple(rows)
        ends = [0] + [row.last + 1 for row in self.rows]
        if any(row.first != end for row, end in zip(self.rows, ends, strict=False)):
            raise ValueError(f"rows of {name} do not lie end to end")
        self.length = ends[-1]
        self.fields = {}
        for row in self.rows:
            if row.field not in _NOT_FIELDS:
                self.fields.setdefault(row.field, []).append(row)
        known = [row for row in self.rows if row.field in (FRAME_SYNC, START_BIT)]
        #: Places of the frame sync and of start bits, and what they are.
        self.frame = np.concatenate([_places(row) for row in known])
        self.frame_bits = np.concatenate([_fixed(row) for row in known])
        crc = [row for row in self.rows if row.field == CRC]
        if crc:
            #: Bits up to the CRC's last, which decide whether a sequence is good.
            self.checked = crc[0].last + 1
            self.crc = slice(crc[0].first, crc[0].last + 1)
            fill = [_places(row) for row in self.rows if row.field == FILL_BITS]
            self.covered = np.setdiff1d(
                np.arange(crc[0].first), np.concatenate([self.frame, *fill])
            )

    def items(self, name):
        """How many items a list has; None for what is no list."""
        row = self.fields[name][-1]
        return None if row.item is None else row.item + (row.length if row.each else 1)

    def get(self, name, bits):
        """A field's value in ``bits``."""
        count = self.items(name)
        values, places = [0] * (count or 1), [0] * (count or 1)
        for row in self.fields[name]:
            for n, bit in enumerate(bits[row.first : row.last + 1].tolist()):
                item = (row.item or 0) + (n if row.each else 0)
                values[item] |= bit << places[item]
                places[item] += 1
        return values[0] if count is None else values

    def put(self, name, value, bits):
        """Write a field's value into ``bits``."""
        left = [value] if self.items(name) is None else list(value)
        for row in self.fields[name]:
            for n in range(row.length):
                item = (row.item or 0) + (n if row.each else 0)
                bits[row.first + n] = left[item] & 1
                left[item] >>= 1


def _places(row):
    return np.arange(row.first, row.last + 1)


def _fixed(row):
    """Bits of a row that carries no field."""
    if row.values is not None:
        return np.array(row.values, np.uint8)
    return np.full(row.length, row.field == FRAME_SYNC, np.uint8)


class Sequence:
    """A kind of sequence, by its table: builds its bits, parses them, and finds them in others.

    ``build`` and ``parse`` are inverse to each other. The CRC covers all bits before it except
    frame sync, start bits and fill bits, as in V.34.

    Parameters
    ----------
    name : str
    rows : tuple of :class:`Bits`, end to end from bit 0 on
    continued : function, optional
        For sequences of several lengths: takes the values in ``rows`` (a dict), and returns the
        rows after them.

    ``build`` raises :class:`~golden.errors.V90Error` for fields or values that the table does not
    have.
    """

    def __init__(self, name, rows, continued: Callable | None = None):
        self.name = name
        self._head = _Layout(name, rows)
        self._continued = continued
        self._layout = lru_cache(64)(self._whole) if continued else lambda values: self._head

    def _whole(self, values):
        values = {name: list(v) if isinstance(v, tuple) else v for name, v in values}
        return _Layout(self.name, (*self._head.rows, *self._continued(values)))

    def _shape(self, values):
        """The layout of a sequence whose first rows carry ``values``."""
        return self._layout(
            tuple(
                (name, tuple(values[name]) if self._head.items(name) is not None else values[name])
                for name in self._head.fields
            )
        )

    @property
    def rows(self):
        """The rows that are the same for all."""
        return self._head.rows

    @property
    def length(self):
        """Bits of a sequence that has one length."""
        return self._head.length

    def rows_of(self, **values):
        """All rows of the sequence with these fields."""
        return self._shape(self._good(values, self._head)).rows

    def build(self, multiple=1, **values):
        """Bits (uint8) of a sequence; each field is a whole number from 0, or a list of them.

        Fill bits follow until the length is a multiple of ``multiple``.
        """
        self._good(values, self._head)
        layout = self._shape(values)
        self._good(values, layout)
        for name in values:
            if name not in layout.fields:
                raise V90Error(f"{self.name} has the fields {', '.join(layout.fields)}")
        bits = np.zeros(layout.length + -layout.length % multiple, np.uint8)
        for row in layout.rows:
            if row.field in (FRAME_SYNC, START_BIT, FILL_BITS):
                bits[row.first : row.last + 1] = _fixed(row)
        for name, value in values.items():
            layout.put(name, value, bits)
        bits[layout.crc] = crc_bits(bits[layout.covered])
        return bits

    def _good(self, values, layout):
        if any(name not in values for name in layout.fields):
            raise V90Error(f"{self.name} has the fields {', '.join(layout.fields)}")
        for name, rows in layout.fields.items():
            value, count = values[name], layout.items(name)
            if count is None:
                self._check(name, value, rows)
                continue
            if not isinstance(value, list | tuple | np.ndarray) or len(value) != count:
                raise V90Error(f"{name} of {self.name} are {count} whole numbers here")
            for item, one in enumerate(value):
                own = [row for row in rows if row.each or row.item == item]
                self._check(name, one, own)
        return values

    def _check(self, name, value, rows):
        if isinstance(value, bool) or not isinstance(value, int | np.integer):
            raise V90Error(f"{name} of {self.name} is a whole number, not {short(value)}")
        bits = 1 if rows[0].each else sum(row.length for row in rows)
        allowed = rows[0].values or range(1 << bits)
        if not (allowed[0] <= value <= allowed.stop - 1):
            raise V90Error(
                f"{name} of {self.name} is {allowed[0]} to {allowed.stop - 1}, not {short(value)}"
            )

    def parse(self, bits):
        """Fields (dict) of the sequence that ``bits`` begin with; None where they do not.

        Frame sync, start bits and CRC decide; fill bits need not be there. A field may have a value
        that :meth:`build` refuses. The caller decides what that means.
        """
        return self._read(bits)[0]

    def _read(self, bits):
        """Fields and how many bits they were read from; None and 0 where there is no sequence."""
        nothing = None, 0
        bits, head = np.asarray(bits, np.uint8), self._head
        least = head.length if self._continued else head.checked
        if len(bits) < least or not np.array_equal(bits[head.frame], head.frame_bits):
            return nothing
        try:
            layout = self._shape({name: head.get(name, bits) for name in head.fields})
        except V90Error:
            return nothing
        if len(bits) < layout.checked or not np.array_equal(bits[layout.frame], layout.frame_bits):
            return nothing
        if not np.array_equal(crc_bits(bits[layout.covered]), bits[layout.crc]):
            return nothing
        return {name: layout.get(name, bits) for name in layout.fields}, layout.checked

    def find(self, bits):
        """Pairs ``(position, fields)`` of all sequences in ``bits`` (uint8, ``(n,)``).

        They do not overlap, and need not follow each other.
        """
        bits, found, end = np.asarray(bits, np.uint8), [], 0
        head = self._head
        least = head.length if self._continued else head.checked
        if len(bits) < least:
            return found
        windows = np.lib.stride_tricks.sliding_window_view(bits, least)
        framed = (windows[:, head.frame] == head.frame_bits).all(axis=1)
        for at in np.flatnonzero(framed):
            if at >= end:
                values, checked = self._read(bits[at:])
                if values is not None:
                    found.append((int(at), values))
                    end = at + checked
        return found
