"""Framing and mapping parameters of V.34 (clauses 8, 9.2 and 10.1.3.9/V.34).

:class:`Framing` holds a row of Tables 7, 8 and 10; :func:`framings` lists all rows.
:class:`ModulationParameters` is one direction's data mode as an MP sequence selects it.

Only the primary channel is carried. Left out are the auxiliary channel (8.3; 6.1/V.90 has none),
so that no rate has its 200 bit/s, and the choice of a different rate for each direction, which is
the business of whoever exchanges MP.
"""

import json
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import isqrt

from golden.errors import V90Error, short
from golden.v34.formats import CHANNEL_POINT, PRECODER_TAP

#: Symbol rate as it is named: a and c of S = 2400 a/c (Table 1), J and P (Table 7).
SYMBOL_RATES = {
    2400: (1, 1, 7, 12),
    2743: (8, 7, 8, 12),
    2800: (7, 6, 7, 14),
    3000: (5, 4, 7, 15),
    3200: (4, 3, 7, 16),
    3429: (10, 7, 8, 15),
}

#: Points of the superconstellation (9.1).
POINTS = 1664

#: A rate beyond all others: its mapping frames would want more than 1664 points everywhere.
BEYOND = 36000

#: 4D symbol intervals in a mapping frame, and 2D symbol intervals in it (8.1).
SYMBOLS_4D, SYMBOLS_2D = 4, 8

#: Bits of a mapping frame up to which none goes into the shell mapper, and the fewest that
#: 9.3.2 has a layout for.
UNSHAPED_BITS, FEWEST_BITS = 12, 8

#: The largest K that each M has in Table 10, by M from 0 on; M is never 16.
MOST_SHELL_BITS = (0, 0, 8, 12, 16, 18, 20, 22, 24, 25, 26, 27, 28, 29, 30, 31, 0, 30, 31)

#: States of the convolutional encoders (9.6.3.2), in the order of MP's bits 29:30.
TRELLISES = (16, 32, 64)

#: The two values of Theta (9.7), as MP's bit 31 selects them.
THETAS = (Fraction(0), Fraction(5, 16))

#: Bit inversion patterns of Table 12 by J, for each half data frame of a superframe.
INVERSIONS = {8: "0111011111111010", 7: "01110111111110"}


def symbol_rate(name):
    """Symbols a second (a Fraction) of the symbol rate named ``name``, such as 3429."""
    a, c, *_ = SYMBOL_RATES[name]
    return Fraction(2400 * a, c)


@dataclass(frozen=True)
class Framing:
    """A row of Tables 7, 8 and 10: how a data rate is carried at a symbol rate.

    Fields: ``symbol_rate`` as it is named, a key of ``SYMBOL_RATES``; ``rate`` in bit/s, with the
    auxiliary channel's 200 where there is one, as the tables list it.

    Raises :class:`~golden.errors.V90Error` for a symbol rate that does not exist, or a rate that
    it does not have.
    """

    symbol_rate: int
    rate: int

    def __post_init__(self):
        if not _whole(self.symbol_rate) or self.symbol_rate not in SYMBOL_RATES:
            raise V90Error(
                "a symbol rate is 2400, 2743, 2800, 3000, 3200 or 3429, not "
                f"{short(self.symbol_rate)}"
            )
        if not _whole(self.rate) or self.rate < 1 or self.rate % 2400 not in (0, 200):
            raise V90Error(f"a data rate is a multiple of 2400 bit/s, not {short(self.rate)}")
        if not self._exists():
            rates = [row.rate for row in framings() if row.symbol_rate == self.symbol_rate]
            raise V90Error(
                f"symbol rate {self.symbol_rate} carries {min(rates)} to {max(rates) - 200} "
                f"bit/s, not {short(self.rate)}"
            )

    def _exists(self):
        # A rate with the auxiliary channel is listed where the one without it is.
        primary = self.rate // 2400 * 2400 * 28 // (100 * self.data_frames)
        enough = primary > (FEWEST_BITS - 1) * self.mapping_frames
        return enough and self.rate < BEYOND and self.points(expanded=True) <= POINTS

    @property
    def data_frames(self):
        """J, data frames in a superframe."""
        return SYMBOL_RATES[self.symbol_rate][2]

    @property
    def mapping_frames(self):
        """P, mapping frames in a data frame."""
        return SYMBOL_RATES[self.symbol_rate][3]

    @property
    def bits(self):
        """N, bits of a data frame (8-1)."""
        return self.rate * 28 // (100 * self.data_frames)

    @property
    def b(self):
        """Bits of a high mapping frame; a low one has one less (8.2)."""
        return -(-self.bits // self.mapping_frames)

    @property
    def r(self):
        """High mapping frames in a data frame (8-2)."""
        return self.bits - (self.b - 1) * self.mapping_frames

    @property
    def high(self):
        """For each mapping frame of a data frame, whether it is high: SWP by its counter."""
        # The counter passes P as often as r times the mapping frames so far does.
        turns = [self.r * count // self.mapping_frames for count in range(self.mapping_frames + 1)]
        return tuple(after > before for before, after in zip(turns, turns[1:], strict=False))

    @property
    def swp(self):
        """SWP as Table 8 prints it: the first mapping frame is the highest bit."""
        return int("".join(str(int(high)) for high in self.high), 2)

    @property
    def q(self):
        """Bits of a 2D symbol beside its ring (9.2)."""
        return max(0, -(-(self.b - UNSHAPED_BITS - 31) // 8))

    @property
    def k(self):
        """K, bits of a mapping frame that the shell mapper takes (9-1)."""
        return max(0, self.b - UNSHAPED_BITS - 8 * self.q)

    def rings(self, expanded):
        """M, minimum or expanded: the least integer from 2^(K/8), the nearest to 1.25 2^(K/8)."""
        least = next(m for m in range(1, 20) if m**8 >= 1 << self.k)
        # n is the nearest, or below it, while 4 n - 2 <= 5 2^(K/8).
        nearest = max(n for n in range(1, 24) if (4 * n - 2) ** 8 <= 5**8 << self.k)
        return max(least, nearest) if expanded else least

    def points(self, expanded):
        """L, points of the 2D constellation (9-2)."""
        return 4 * self.rings(expanded) << self.q


def framings():
    """Every row of Tables 8 and 10, rates with the auxiliary channel's 200 bit/s among them."""
    rows = []
    for name in SYMBOL_RATES:
        for rate in range(2400, BEYOND, 2400):
            for total in (rate, rate + 200):
                row = object.__new__(Framing)
                object.__setattr__(row, "symbol_rate", name)
                object.__setattr__(row, "rate", total)
                if row._exists():
                    rows.append(row)
    return rows


def rates(name):
    """Data rates of the primary channel at the symbol rate ``name``, ascending."""
    return [row.rate for row in framings() if row.symbol_rate == name and row.rate % 2400 == 0]


@dataclass(frozen=True)
class ModulationParameters:
    """One direction's data mode: what phase 2 and an MP sequence select (10.1.3.9/V.34).

    Fields: ``symbol_rate`` as it is named; ``rate`` in bit/s, a multiple of 2400; ``trellis``, 16,
    32 or 64 states; ``nonlinear``, whether Theta is 0.3125 and not 0; ``expanded``, whether M is
    the larger one of Table 10; ``precoder``, h(1), h(2) and h(3) as pairs (real, imaginary) of
    integers in Q2.14.

    Raises :class:`~golden.errors.V90Error` with one sentence for a rate that the symbol rate does
    not have, an unknown trellis, taps that do not fit 16 bits, and taps with which a channel
    output can pass 255 in magnitude (9.6.2).
    """

    symbol_rate: int
    rate: int
    trellis: int = 16
    nonlinear: bool = False
    expanded: bool = False
    precoder: tuple = ((0, 0), (0, 0), (0, 0))

    def __post_init__(self):
        if self.framing.rate % 2400:
            raise V90Error(f"a data rate is a multiple of 2400 bit/s, not {self.rate}")
        if not _whole(self.trellis) or self.trellis not in TRELLISES:
            raise V90Error(f"a trellis has 16, 32 or 64 states, not {short(self.trellis)}")
        for name in ("nonlinear", "expanded"):
            if not isinstance(getattr(self, name), bool):
                raise V90Error(f"{name} is true or false, not {short(getattr(self, name))}")
        form = PRECODER_TAP
        taps = [part for tap in self.precoder for part in tap]
        if len(self.precoder) != 3 or len(taps) != 6:
            raise V90Error("a precoder has three taps, each a real and an imaginary part")
        if not all(_whole(part) and form.min <= part <= form.max for part in taps):
            raise V90Error("a precoder's tap does not fit the 16 bits of Q2.14, from -2 to 2")
        if self.largest_output > CHANNEL_POINT.max:
            raise V90Error(
                "the precoder's taps are too large: a channel output can reach "
                f"{self.largest_output}, and 255 is the most"
            )

    @cached_property
    def framing(self):
        """The row of Tables 7, 8 and 10."""
        return Framing(self.symbol_rate, self.rate)

    @property
    def rings(self):
        """M, minimum or expanded."""
        return self.framing.rings(self.expanded)

    @property
    def points(self):
        """L, points of the 2D constellation."""
        return self.framing.points(self.expanded)

    @property
    def theta(self):
        """Theta of 9.7, a Fraction."""
        return THETAS[self.nonlinear]

    @property
    def w(self):
        """The scale factor of (9-29): c is a multiple of 2^w."""
        return 1 if self.framing.b < 56 else 2

    @property
    def precoded(self):
        """Whether the precoder does anything: a tap is not zero."""
        return any(part for tap in self.precoder for part in tap)

    @property
    def largest_output(self):
        """A bound for the components of y(n), whatever is sent.

        A component of u is at most 45, and u is at most 46 from the origin (point 415). A
        component of x differs from u's by no more than half of 2^w and of 2^-7, so that x is at
        most 49 from the origin. The filter's output is then below 49 times the sum of the taps'
        magnitudes, and c within half of 2^w of it.
        """
        if not self.precoded:
            return 45
        total = sum(isqrt(real * real + imag * imag) + 1 for real, imag in self.precoder)
        return 45 + 2 + -(-49 * total // (1 << PRECODER_TAP.fraction))

    @classmethod
    def from_dict(cls, values):
        """Build from an object with the keys of :meth:`to_dict`; further keys are ignored.

        Raises :class:`~golden.errors.V90Error` for a missing key or a wrong value.
        """
        if not isinstance(values, dict):
            raise V90Error("modulation parameters are a JSON object")
        fields = cls.__dataclass_fields__
        for name in fields:
            if name not in values:
                raise V90Error(f"modulation parameters lack the key {name!r}")
        taken = {name: values[name] for name in fields}
        taps = taken["precoder"]
        pairs = isinstance(taps, list | tuple) and all(isinstance(t, list | tuple) for t in taps)
        if not pairs or [len(tap) for tap in taps] != [2, 2, 2]:
            raise V90Error("precoder is not a list of three pairs of numbers")
        taken["precoder"] = tuple(tuple(_tap(part) for part in tap) for tap in taps)
        return cls(**taken)

    def to_dict(self):
        """The parameters as a JSON-ready object; ``from_dict`` reads it back."""
        values = {name: getattr(self, name) for name in self.__dataclass_fields__}
        scale = 1 << PRECODER_TAP.fraction
        values["precoder"] = [[part / scale for part in tap] for tap in self.precoder]
        return values

    @classmethod
    def from_json(cls, text):
        """Read the JSON form; raises :class:`~golden.errors.V90Error` where it is not that."""
        try:
            values = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise V90Error(f"not JSON: {error}") from None
        return cls.from_dict(values)

    def to_json(self):
        """The JSON form, one line."""
        return json.dumps(self.to_dict())


def _whole(value):
    return isinstance(value, int) and not isinstance(value, bool)


def _tap(value):
    """A part of a tap in Q2.14 from its number; the range is checked with the others."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise V90Error(f"a precoder's tap is a pair of numbers, not {short(value)}")
    scaled = value * (1 << PRECODER_TAP.fraction)
    if scaled != scaled or abs(scaled) > 1 << 32 or scaled % 1:
        raise V90Error(f"a precoder's tap is a multiple of 1/16384 from -2 to 2, not {value}")
    return int(scaled)
