"""Mapping parameters (5.4.1/V.90): one immutable value, its rates, its power, its JSON form.

Clauses: 5.1 and Table 2 (data mode), Table 17 (phase 4), 8.5.2 with Tables 14 and 15 (CP and the
transmit power).
"""

import json
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache

from golden.errors import V90Error, short
from golden.formats import COEFFICIENT
from golden.pcm import g711

#: Octets a second, which are PCM symbols (5.1).
OCTET_RATE = 8000

#: Data frame intervals in a data frame, and data frames a second (5.1).
INTERVALS = 6
FRAMES_A_SECOND = OCTET_RATE / INTERVALS

#: Per type: what drn adds to in D = drn + offset (Table 14), and the K of Tables 2 and 17.
TYPES = {"CP": (20, range(15, 40)), "CPt": (8, range(6, 25))}

#: drn of Table 14; 0 is cleardown and carries no mapping.
DRN = range(1, 23)

#: Table 15/V.90: maximum digital modem transmit power in dBm0 -> root of the limit.
POWER_LIMITS = {
    -0.5 * (step + 1): root
    for step, root in enumerate(
        (
            15124,
            14276,
            13480,
            12724,
            12012,
            11340,
            10708,
            10108,
            9544,
            9008,
            8504,
            8028,
            7580,
            7156,
            6756,
            6380,
            6020,
            5684,
            5368,
            5068,
            4784,
            4516,
            4264,
            4024,
            3800,
            3588,
            3388,
            3196,
            3020,
            2852,
            2692,
            2540,
        )
    )
}

#: How many data frames after it a data frame leaves an encoder that answers every data frame with
#: one: with ld = 3 and Sr = 1 that many must be known to decide it.
DELAY_FRAMES = 3


def sections(a1, a2, b1, b2):
    """The shaper's coefficients in the order it uses them: the pole of larger magnitude first."""
    return (a1, a2, b1, b2) if abs(a1) >= abs(a2) else (a2, a1, b1, b2)


def rate(bits):
    """Data signalling rate in bit/s (a Fraction) of ``bits`` = D per data frame (5.1/V.90)."""
    return Fraction(OCTET_RATE * bits, INTERVALS)


def rate_table(kind):
    """Rows ``(K, S, D, drn)`` that Table 2 (``kind`` "CP") or Table 17 ("CPt") allows."""
    offset, ks = TYPES[kind]
    return [(k, s, k + s, k + s - offset) for k in ks for s in range(3, 7) if k + s - offset in DRN]


@dataclass(frozen=True)
class MappingParameters:
    """The mapping parameters of one direction of one call.

    Fields: ``type`` "CP" (data mode) or "CPt" (phase 4); ``drn`` 1 to 22; ``sr`` 0 to 3; ``ld`` 0
    to 3; ``law`` "mu" or "A"; ``a1 a2 b1 b2`` integers in Q1.6 (-128 to 127);
    ``interval_constellation`` six indices into ``constellations``; ``constellations`` up to six
    strictly ascending tuples of Ucodes.

    Raises :class:`~golden.errors.V90Error` with one sentence for anything that Tables 2, 14 and
    17 and the rule 2^K <= M0 M1 M2 M3 M4 M5 do not allow.
    """

    type: str
    drn: int
    sr: int
    ld: int
    law: str
    a1: int
    a2: int
    b1: int
    b2: int
    interval_constellation: tuple
    constellations: tuple

    def __post_init__(self):
        def demand(holds, sentence):
            if not holds:
                raise V90Error(sentence)

        def whole(value):
            return isinstance(value, int) and not isinstance(value, bool)

        demand(
            isinstance(self.type, str) and self.type in TYPES,
            f"type is CP or CPt, not {short(self.type)}",
        )
        g711.check_law(self.law)
        demand(
            whole(self.drn) and self.drn in DRN,
            f"drn is a whole number from 1 to 22, not {short(self.drn)}",
        )
        for name in ("sr", "ld"):
            value = getattr(self, name)
            demand(
                whole(value) and 0 <= value <= 3,
                f"{name} is a whole number from 0 to 3, not {short(value)}",
            )
        for name in ("a1", "a2", "b1", "b2"):
            value = getattr(self, name)
            demand(
                whole(value) and COEFFICIENT.min <= value <= COEFFICIENT.max,
                f"{name} does not fit the 8 bits of Q1.6",
            )
        demand(
            1 <= len(self.constellations) <= INTERVALS,
            f"there are 1 to 6 constellations, not {len(self.constellations)}",
        )
        for number, constellation in enumerate(self.constellations):
            demand(
                constellation
                and all(whole(ucode) and 0 <= ucode < 128 for ucode in constellation)
                and all(a < b for a, b in zip(constellation, constellation[1:], strict=False)),
                f"constellation {number} is not a strictly increasing list of Ucodes 0 to 127",
            )
        demand(
            len(self.interval_constellation) == INTERVALS
            and all(
                whole(index) and 0 <= index < len(self.constellations)
                for index in self.interval_constellation
            ),
            "interval_constellation is not six indices of the "
            f"{len(self.constellations)} constellations",
        )
        demand(
            self.k in TYPES[self.type][1],
            f"{self.type} with drn {self.drn} and Sr {self.sr} has K = {self.k}, which is not in "
            f"Table {'2' if self.type == 'CP' else '17'}/V.90",
        )
        demand(
            1 << self.k <= self.modulus_product,
            f"2^K = 2^{self.k} is above the product {self.modulus_product} of the constellation "
            "sizes",
        )

    @property
    def data_bits(self):
        """D, the data bits of a data frame (5.4.2)."""
        return self.drn + TYPES[self.type][0]

    @property
    def s(self):
        """S, the sign bits of a data frame that carry data (5.4.1)."""
        return INTERVALS - self.sr

    @property
    def k(self):
        """K, the modulus encoder's bits of a data frame (5.4.1)."""
        return self.data_bits - self.s

    @property
    def rate(self):
        """Data signalling rate in bit/s, a Fraction."""
        return rate(self.data_bits)

    @property
    def intervals(self):
        """The six PCM code sets: for each data frame interval its ascending Ucodes."""
        return tuple(self.constellations[index] for index in self.interval_constellation)

    @property
    def moduli(self):
        """M0 to M5 (5.4.3)."""
        return tuple(len(constellation) for constellation in self.intervals)

    @property
    def modulus_product(self):
        """M0 M1 M2 M3 M4 M5."""
        product = 1
        for modulus in self.moduli:
            product *= modulus
        return product

    @property
    def average_power(self):
        """Average power of the constellation set, exactly as in 8.5.2 (a Fraction).

        The unit is the square of Table 1's linear value.
        """
        squares = _squares(self.law)
        r, below, total = (1 << self.k) - 1, 1, 0
        for constellation in self.intervals:
            modulus = len(constellation)
            label, above = r % modulus, r // modulus
            # n(i, j): how many of the 2^K frames put label j into interval i. The part of R0 below
            # interval i takes A(i) values, the part above it those up to R(i+1).
            for j, ucode in enumerate(reversed(constellation)):
                count = below * (above + 1)
                if j == label:
                    count = (1 << self.k) - below * (r - above)
                elif j > label:
                    count = below * above
                total += squares[ucode] * count
            r, below = above, below * modulus
        return Fraction(total, INTERVALS << self.k)

    def exceeds(self, limit):
        """Tell whether the average power is above the limit of Table 15 for ``limit`` dBm0.

        Raises :class:`~golden.errors.V90Error` for a power that Table 15 does not list.
        """
        if limit not in POWER_LIMITS:
            raise V90Error(
                f"Table 15/V.90 has no power {limit:g} dBm0: it goes from -0.5 to -16 in steps of "
                "0.5"
            )
        return self.average_power > POWER_LIMITS[limit] ** 2

    def with_law(self, law):
        """The same parameters for the other law."""
        return replace(self, law=law)

    @classmethod
    def from_dict(cls, values):
        """Build from an object with the keys of :meth:`to_dict`; further keys are ignored.

        Raises :class:`~golden.errors.V90Error` for a missing key or a wrong value.
        """
        if not isinstance(values, dict):
            raise V90Error("mapping parameters are a JSON object")
        fields = cls.__dataclass_fields__
        missing = [name for name in fields if name not in values]
        if missing:
            raise V90Error(f"mapping parameters lack the key {missing[0]!r}")
        taken = {name: values[name] for name in fields}
        for name in ("a1", "a2", "b1", "b2"):
            taken[name] = _coefficient(name, taken[name])
        for name in ("interval_constellation", "constellations"):
            if not isinstance(taken[name], list | tuple):
                raise V90Error(f"{name} is not a list")
        if not all(isinstance(item, list | tuple) for item in taken["constellations"]):
            raise V90Error("constellations is not a list of lists of Ucodes")
        taken["interval_constellation"] = tuple(taken["interval_constellation"])
        taken["constellations"] = tuple(tuple(item) for item in taken["constellations"])
        return cls(**taken)

    def to_dict(self):
        """The parameters as a JSON-ready object; ``from_dict`` reads it back."""
        values = {name: getattr(self, name) for name in self.__dataclass_fields__}
        for name in ("a1", "a2", "b1", "b2"):
            values[name] = values[name] / (1 << COEFFICIENT.fraction)
        values["interval_constellation"] = list(self.interval_constellation)
        values["constellations"] = [list(item) for item in self.constellations]
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


@cache
def _squares(law):
    """Squares of Table 1's values, by Ucode."""
    return tuple(value**2 for value in g711.linear(range(128), law).tolist())


def renegotiated(cpt, before):
    """Mapping parameters of TRN2d, MP and Ed in a rate renegotiation (8.6).

    The constellations and the K of ``cpt``, with the shaping of the data mode ``before``.
    """
    shaping = {name: getattr(before, name) for name in ("sr", "ld", "a1", "a2", "b1", "b2")}
    return replace(cpt, drn=cpt.k + INTERVALS - before.sr - TYPES["CPt"][0], **shaping)


def _coefficient(name, value):
    scale = 1 << COEFFICIENT.fraction
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise V90Error(f"{name} is a number, not {short(value)}")
    if not COEFFICIENT.min <= value * scale <= COEFFICIENT.max or value * scale % 1:
        raise V90Error(
            f"{name} = {short(value)} is not a multiple of 1/64 from -2 to 1.984375, as CP "
            "carries it"
        )
    return int(value * scale)
