"""A sequence of bits as a table of bit ranges, as the Recommendation prints it (8.2.3 to 8.6.3).

Building and parsing know tables only. The least significant bit of each range, and bit 0 of the
sequence, is sent first.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from golden.bits.crc import crc_bits
from golden.errors import V90Error, short

#: What a range may be besides a field of the sequence's own: ones and zeroes by which it is found,
#: a zero, what a receiver does not interpret and a sender leaves zero, the CRC of 10.1.2.3.2/V.34,
#: and zeroes after it.
SYNC, START, RESERVED, CRC, FILL = "frame sync", "start bit", "reserved", "CRC", "fill bits"

_NOT_FIELDS = (SYNC, START, RESERVED, CRC, FILL)


@dataclass(frozen=True)
class Bits:
    """A row of a sequence's table: bits ``first`` to ``last``, both included.

    ``field`` is the name of what they carry, or one of ``SYNC``, ``START``, ``RESERVED``, ``CRC``,
    ``FILL``. A field of several rows has its low bits in the first of them. ``values`` are those
    that the Recommendation allows, None: all; of ``SYNC`` and ``FILL`` the bits, first sent first,
    None: ones and zeroes. ``item``, where the field is a list: which of its items these bits are
    of, or the first of as many as there are bits, where ``each`` is 1.
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
    """What building and parsing need of rows that lie end to end from bit 0 on."""

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
        known = [row for row in self.rows if row.field in (SYNC, START)]
        #: The bits of SYNC and START, and what they are.
        self.frame = np.concatenate([_places(row) for row in known])
        self.frame_bits = np.concatenate([_fixed(row) for row in known])
        crc = [row for row in self.rows if row.field == CRC]
        if crc:
            #: Bits up to the CRC's last: what says whether a sequence is good.
            self.checked = crc[0].last + 1
            self.crc = slice(crc[0].first, crc[0].last + 1)
            fill = [_places(row) for row in self.rows if row.field == FILL]
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
    """Bits of what is no field."""
    if row.values is not None:
        return np.array(row.values, np.uint8)
    return np.full(row.length, row.field == SYNC, np.uint8)


class Sequence:
    """A sequence by its table.

    Parameters: ``name``; ``rows``, tuple of :class:`Bits` that lie end to end from bit 0 on;
    ``continued``, a function that gives the rows behind them for the values in them (a dict), where
    what follows depends on these.

    ``build`` and ``parse`` are inverse to each other. The CRC is over all bits before it but those
    of frame sync, start and fill bits, as V.34 has it.
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
        """Bits (uint8) of a sequence with these fields, whole numbers from 0, or lists of them.

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
            if row.field in (SYNC, START, FILL):
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
        that :meth:`build` refuses: what that means is for the caller to say.
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
