"""The subscriber loop: cables by their primary constants, bridged taps, terminations.

A section of cable is its chain (ABCD) matrix, made of the propagation constant and characteristic
impedance that follow from R(f), L(f), G(f) and C of a kilometre:

    R(f) = (r0^4 + a f^2)^(1/4)    ohm, of both wires
    L(f) = (l0 + l1 (f / fm)^b) / (1 + (f / fm)^b)    H
    G(f) = g0 f^g    S            C    F

It is the parametric model that DSL standardisation used (T1E1.4, ANSI T1.417, ITU-T G.996.1), and
the constants are those published for its 26 AWG and 24 AWG (TP1, TP2) cables, polyethylene
insulation, at about 20 degrees Celsius. In the voice band R, C and G are as good as constant.
"""

from dataclasses import dataclass

import numpy as np

from golden.errors import V90Error, short

#: Kilometres in a thousand feet.
KFT = 0.3048

#: Longest section in feet: the longest loop without loading coils.
LONGEST_SECTION = 18_000


@dataclass(frozen=True)
class Cable:
    """Primary constants of a kilometre of cable, as in the formulas of this module's docstring."""

    r0: float
    a: float
    l0: float
    l1: float
    fm: float
    b: float
    c: float
    g0: float
    g: float

    def series(self, f):
        """Series impedance R + j 2 pi f L in ohm per km at frequencies ``f`` in Hz."""
        ratio = (f / self.fm) ** self.b
        r = (self.r0**4 + self.a * f**2) ** 0.25
        return r + 2j * np.pi * f * (self.l0 + self.l1 * ratio) / (1 + ratio)

    def shunt(self, f):
        """Shunt admittance G + j 2 pi f C in S per km at frequencies ``f`` in Hz."""
        return self.g0 * f**self.g + 2j * np.pi * f * self.c

    def secondary(self, f):
        """Propagation constant per km and characteristic impedance in ohm."""
        series = self.series(f)
        constant = np.sqrt(series * self.shunt(f))
        return constant, series / constant


#: Cables by American wire gauge.
CABLES = {
    26: Cable(
        286.17578,
        0.14769620,
        675.36888e-6,
        488.95186e-6,
        806.33863e3,
        0.92930728,
        49e-9,
        43e-9,
        0.70,
    ),
    24: Cable(
        174.55888,
        0.053073481,
        617.29539e-6,
        478.97099e-6,
        553.760e3,
        1.1529766,
        50e-9,
        234.87476e-15,
        1.38,
    ),
}

#: Terminations by name: resistance in ohm, and capacitance in F in series with it (None: none).
TERMINATIONS = {"600": (600.0, None), "900+2.16uF": (900.0, 2.16e-6)}


def termination(name, f):
    """Impedance in ohm of a termination of ``TERMINATIONS`` at frequencies ``f`` in Hz."""
    resistance, capacitance = TERMINATIONS[name]
    reactance = 0 if capacitance is None else 1 / (2j * np.pi * f * capacitance)
    return resistance + reactance + 0 * f


def check_termination(name):
    """Raise :class:`~golden.errors.V90Error` unless there is such a termination."""
    if name not in list(TERMINATIONS):
        known = ", ".join(TERMINATIONS)
        raise V90Error(f"there is no termination {short(name)}: there are {known}")


@dataclass(frozen=True)
class CableSection:
    """A piece of cable: its gauge, its length in feet, and whether it is a bridged tap."""

    gauge: int
    feet: float
    tap: bool = False

    def __post_init__(self):
        if self.gauge not in list(CABLES):
            known = " and ".join(map(str, sorted(CABLES)))
            raise V90Error(f"there is no cable of {short(self.gauge)} AWG: there are {known}")
        if isinstance(self.feet, bool) or not isinstance(self.feet, int | float):
            raise V90Error(f"a section's length is a number of feet, not {short(self.feet)}")
        if not 0 < self.feet <= LONGEST_SECTION:
            raise V90Error(f"a section is more than 0 and at most {LONGEST_SECTION} feet long")
        if not isinstance(self.tap, bool):
            raise V90Error(f"tap is true or false, not {short(self.tap)}")

    def chain(self, f):
        """The chain matrix at frequencies ``f``: A, B, C and D, complex ``(len(f),)`` each."""
        constant, z = CABLES[self.gauge].secondary(f)
        length = constant * self.feet / 1000 * KFT
        if self.tap:
            # Open at its far end.
            return np.ones_like(z), np.zeros_like(z), np.tanh(length) / z, np.ones_like(z)
        grown = np.exp(length)
        cosh, sinh = (grown + 1 / grown) / 2, (grown - 1 / grown) / 2
        return cosh, z * sinh, sinh / z, cosh


def chain(sections, f):
    """The chain matrix of sections from the exchange to the client, as :meth:`CableSection.chain`.

    ``f`` is in Hz, above 0.
    """
    one, nothing = np.ones(len(f), complex), np.zeros(len(f), complex)
    a, b, c, d = one, nothing, nothing, one
    for section in sections:
        p, q, r, s = section.chain(f)
        a, b, c, d = a * p + b * r, a * q + b * s, c * p + d * r, c * q + d * s
    return a, b, c, d


def transfer(sections, source, load, f):
    """Voltage at ``load`` over half the voltage of the generator, whose impedance is ``source``.

    It is 1 where the load is the source's impedance and there is no loop: the level of a codec is
    given for that load. ``source`` and ``load`` are impedances in ohm at ``f``.
    """
    a, b, c, d = chain(sections, f)
    return 2 * load / (a * load + b + source * (c * load + d))


def insertion_loss(sections, source, load, f):
    """Loss in dB that the loop adds between ``source`` and ``load`` at ``f``."""
    through = transfer(sections, source, load, f) / transfer((), source, load, f)
    return -20 * np.log10(np.abs(through))


def input_impedance(sections, far, f):
    """Impedance in ohm seen from the client, with ``far`` at the exchange's end."""
    a, b, c, d = chain(sections, f)
    # The same two-port from its other side: A and D change places.
    return (d * far + b) / (c * far + a)
