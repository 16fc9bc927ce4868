"""The digital telephone network between the digital modem and the client's exchange.

Octets go through these stages, each a device that gives octets again:

1. robbed-bit signalling on the trunk of the digital modem (the last bit of an octet is replaced);
2. conversion between the laws and a digital pad: by Tables 3/G.711 and 4/G.711 where there is no
   pad, else to linear, scaled, and to the nearest codeword;
3. a one-pole high-pass in linear values, which can switch in during the call;
4. polarity inversion (the first bit of every octet);
5. robbed-bit signalling on the exchange's side;
6. slips: an octet is sent twice, or not at all.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy.signal import lfilter

from golden.errors import V90Error
from golden.pcm import g711

#: Octets after which robbed-bit signalling repeats, the data frame intervals of V.90.
ROBBED_PERIOD = 6

#: Largest pad in dB.
MOST_PAD = 30.0


def convert(octets, source, target):
    """Octets of one law as octets of another by Tables 3/G.711 and 4/G.711; signs are kept."""
    ucode = g711.ucode(octets, source)
    if g711.check_law(target) == source:
        return np.array(octets, np.uint8)
    return g711.octet(g711.converted(ucode, source), g711.sign(octets), target)


def values(octets, law):
    """Linear values of Table 1/V.90 with their signs (float64) of octets."""
    magnitude = g711.linear(g711.ucode(octets, law), law).astype(np.float64)
    return np.where(g711.sign(octets) == 1, magnitude, -magnitude)


def _midpoints(law):
    levels = g711.linear(np.arange(128), law)
    return (levels[1:] + levels[:-1]) / 2


_MIDPOINTS = {law: _midpoints(law) for law in g711.LAWS}


def nearest(magnitude, sign, law):
    """Octets of the codewords nearest to magnitudes; one half way goes to the smaller."""
    ucode = np.searchsorted(_MIDPOINTS[g711.check_law(law)], magnitude, side="left")
    return g711.octet(ucode, sign, law)


def _pattern(text):
    if not isinstance(text, str) or set(text) - set("01"):
        raise V90Error(f"a robbed-bit pattern is text of 0 and 1, or empty, not {text!r}")
    return text


@dataclass(frozen=True)
class NetworkParameters:
    """The stages of a network; by default they change nothing.

    Positions count octets from the first one after a reset.

    Parameters
    ----------
    law, output_law : str
        Laws, mu or A, of the octets that come in and go out (None: the same).
    robbed, robbed_after : six str
        For each data frame interval the bits that replace the last bit of its octets, one after the
        other and again, before and after the pad: "" none, "1" always one, "01" the two in turn.
    pad : float
        Loss in dB, 0 to 30 in steps of 0.1.
    high_pass : float
        Pole of the high-pass 0.5 (1 + p) (1 - z^-1) / (1 - p z^-1), above 0 and below 1; None: none
        there. Its gain at 4 kHz is 1, its first taps for 0.953 are 0.9765, -0.0459, -0.0437.
    high_pass_at : int
        Octet from which the high-pass works; it starts at rest.
    invert : bool
        Whether the polarity is inverted.
    slips : tuple of (int, int)
        Positions (at the network's input) and changes: 1 sends the octet twice, -1 drops it.
    """

    law: str = "A"
    output_law: str | None = None
    robbed: tuple = ("",) * ROBBED_PERIOD
    robbed_after: tuple = ("",) * ROBBED_PERIOD
    pad: float = 0.0
    high_pass: float | None = None
    high_pass_at: int = 0
    invert: bool = False
    slips: tuple = ()

    def __post_init__(self):
        def put(name, value):
            object.__setattr__(self, name, value)

        g711.check_law(self.law)
        if self.output_law is not None:
            g711.check_law(self.output_law)
        for name in ("robbed", "robbed_after"):
            bits = getattr(self, name)
            if not isinstance(bits, list | tuple) or len(bits) != ROBBED_PERIOD:
                raise V90Error(f"{name} is six patterns, one for each data frame interval")
            put(name, tuple(_pattern(text) for text in bits))
        tenths = _number("pad", self.pad) * 10
        if not 0 <= self.pad <= MOST_PAD or abs(tenths - round(tenths)) > 1e-6:
            raise V90Error(f"pad is 0 to {MOST_PAD:g} dB in steps of 0.1, not {self.pad!r}")
        if self.high_pass is not None and not 0 < _number("high_pass", self.high_pass) < 1:
            raise V90Error(f"high_pass is a pole above 0 and below 1, not {self.high_pass!r}")
        put("high_pass_at", _count("high_pass_at", self.high_pass_at))
        if not isinstance(self.invert, bool):
            raise V90Error(f"invert is true or false, not {self.invert!r}")
        put("slips", _slips(self.slips))

    @property
    def law_out(self):
        """The law of the octets that go out."""
        return self.output_law or self.law


def _number(name, value):
    if isinstance(value, bool) or not isinstance(value, int | float) or not np.isfinite(value):
        raise V90Error(f"{name} is a number, not {value!r}")
    return value


def _count(name, value):
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 0:
        raise V90Error(f"{name} is a whole number from 0, not {value!r}")
    return int(value)


def _slips(slips):
    try:
        pairs = tuple((_count("a slip's position", at), int(what)) for at, what in slips)
    except (TypeError, ValueError):
        raise V90Error("slips are pairs of a position and 1 or -1") from None
    if any(what not in (1, -1) for _, what in pairs):
        raise V90Error("a slip is 1, which repeats an octet, or -1, which drops it")
    if len({at for at, _ in pairs}) != len(pairs):
        raise V90Error("two slips have the same position")
    return pairs


class Network:
    """A digital network; :meth:`process` in pieces gives what one call gives.

    Parameters: :class:`NetworkParameters`, or its fields by keyword, or both (keywords win).
    """

    def __init__(self, parameters=None, **changes):
        self.parameters = replace(parameters or NetworkParameters(), **changes)
        self.reset()

    def reset(self):
        """Start anew: position 0, high-pass at rest."""
        self.position = 0
        # Of the direct form II transposed that lfilter uses.
        self._state = np.zeros(1)

    def process(self, octets):
        """Octets (uint8, ``(n,)``) to octets (uint8, ``(n + repeated - dropped,)``)."""
        p = self.parameters
        octets = np.asarray(octets, np.uint8)
        if octets.ndim != 1:
            raise ValueError("a network carries one line")
        at = self.position + np.arange(len(octets))
        octets = _rob(octets, at, p.robbed)
        octets = self._pad(octets)
        octets = self._high_pass(octets)
        if p.invert:
            octets = octets ^ np.uint8(0x80)
        octets = _rob(octets, at, p.robbed_after)
        self.position += len(octets)
        return self._slip(octets)

    def _pad(self, octets):
        p = self.parameters
        if not p.pad:
            return convert(octets, p.law, p.law_out)
        magnitude = np.abs(values(octets, p.law)) * 10 ** (-p.pad / 20)
        return nearest(magnitude, g711.sign(octets), p.law_out)

    def _high_pass(self, octets):
        p = self.parameters
        first = min(max(p.high_pass_at - self.position, 0), len(octets))
        if p.high_pass is None or first == len(octets):
            return octets
        gain = (1 + p.high_pass) / 2
        linear, self._state = lfilter(
            [gain, -gain], [1, -p.high_pass], values(octets[first:], p.law_out), zi=self._state
        )
        filtered = nearest(np.abs(linear), linear >= 0, p.law_out)
        return np.concatenate([octets[:first], filtered])

    def _slip(self, octets):
        times = np.ones(len(octets), np.int64)
        for at, what in self.parameters.slips:
            if 0 <= (place := at - self.position + len(octets)) < len(octets):
                times[place] += what
        return np.repeat(octets, times)


def _rob(octets, at, patterns):
    """Replace the last bits of octets at positions ``at``."""
    for phase, pattern in enumerate(patterns):
        if pattern:
            mine = at % ROBBED_PERIOD == phase
            bits = np.array([int(bit) for bit in pattern], np.uint8)
            bits = bits[at[mine] // ROBBED_PERIOD % len(pattern)]
            octets = octets.copy()
            octets[mine] = octets[mine] & 0xFE | bits
    return octets
