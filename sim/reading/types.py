"""What readings of recordings are made of: signals, trainings, the line as arrays; and R."""

from dataclasses import dataclass, field

import numpy as np

from golden.pcm import g711
from golden.pcm.parameters import INTERVALS
from golden.signals.training import R_BAR
from sim.world.network import values

#: Least data frames of R, in which nothing else is its signs and one level (8.6.4 has 32).
LEAST_R = 16


@dataclass
class Signal:
    """One signal: ``name`` of the Recommendation, ``first`` octet, how many ``symbols``.

    ``fields``: what it says (JSON's types); ``note``: the same in a few words.
    """

    name: str
    first: int
    symbols: int
    note: str = ""
    fields: dict = field(default_factory=dict)

    @property
    def end(self):
        """The octet behind it."""
        return self.first + self.symbols


@dataclass
class Training:
    """What was read from one Sd on.

    Fields: ``signals``, in order; ``u_info``, Ucode of TRN1d as it arrives, by interval; ``w``, of
    Sd's W; ``level``, TRN1d's value; ``inverted``, polarity of TRN1d and DIL, ``sd_inverted``, of
    Sd; ``jd``, the last Jd's fields or None; ``dil``, the slice of DIL's octets or None;
    ``structure``, a :class:`~sim.reading.dil.Structure` or None; ``network``, a
    :class:`~sim.reading.network.Network` or None; ``high_pass``, the pole of one in the network or
    None, ``high_pass_at``, data frame of DIL at which it begins, about; ``cpt`` and ``cp``, mapping
    parameters with the Ucodes that arrive, or None; ``remarks``, sentences on how it
    was received; ``snr`` of TRN1d in dB and ``noisy``, where octets were decided from samples;
    ``measured``, the :class:`~golden.learning.learning.Impairments` of a DIL whose Ja is known, or
    None.
    """

    signals: list = field(default_factory=list)
    u_info: tuple = ()
    w: int = 0
    level: float = 0.0
    inverted: bool = False
    sd_inverted: bool = False
    jd: dict | None = None
    dil: slice | None = None
    structure: object = None
    network: object = None
    high_pass: float | None = None
    high_pass_at: int | None = None
    cpt: object = None
    cp: object = None
    remarks: list = field(default_factory=list)
    snr: float | None = None
    noisy: bool = False
    measured: object = None

    def signal(self, name):
        """The first signal of a name, or None."""
        return next((one for one in self.signals if one.name == name), None)


@dataclass
class Line:
    """Octets as arrays: ``octets``, ``law``, ``ucodes``, ``signs`` (1 positive), ``values``."""

    octets: np.ndarray
    law: str
    ucodes: np.ndarray = field(init=False)
    signs: np.ndarray = field(init=False)
    values: np.ndarray = field(init=False)

    def __post_init__(self):
        self.ucodes = g711.ucode(self.octets, self.law)
        self.signs = g711.sign(self.octets)
        self.values = values(self.octets, self.law)


def crcs(count, good):
    """Words for how many of ``count`` sequences have a good CRC."""
    return "every CRC good" if good == count else f"the CRC of {good} good"


def runs(mask):
    """Pairs (first, behind the last) of runs of true."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], mask.astype(np.int8), [0]])))
    return edges.reshape(-1, 2)


@dataclass
class R:
    """R and R-bar: ``first`` octet, that of R-bar, and the one behind; ``level`` received."""

    first: int
    reversal: int
    end: int
    level: float


def find_r(line, at, until, noisy=False):
    """The first :class:`R` in data frames from octet ``at`` on, up to ``until``; None.

    Its signs are those of R, or turned, and each interval has one level throughout, of whatever
    Ucode; four data frames with the other signs and the same levels end it. ``noisy``: the first
    data frames, which a receiver decided as DIL's, may have any levels.
    """
    n = (until - at) // INTERVALS
    if n < LEAST_R + R_BAR:
        return None
    x = line.values[at : at + n * INTERVALS].reshape(n, INTERVALS)
    signs = line.signs[at : at + n * INTERVALS].reshape(n, INTERVALS)
    up = (signs == np.array([1, 1, 1, 0, 0, 0])).all(1)
    down = (signs == np.array([0, 0, 0, 1, 1, 1])).all(1)
    way = up.astype(int) - down
    size = np.abs(x)
    level = size.max(1)
    # Signs are alike after three symbols, and so are levels, but for what a pad or a bit does.
    for sign in (1, -1):
        for first, end in runs(way == sign):
            if end - first < LEAST_R or end + R_BAR > n or (way[end : end + R_BAR] != -sign).any():
                continue
            # A network's high-pass turns R-bar's beginning, which is no single level, by a fifth.
            reference = np.median(size[first:end], axis=0)
            close = (np.abs(size[first:end] - reference) <= 0.12 * reference.max()).all(1)
            bad = np.flatnonzero(~close)
            alike = first + int(bad[-1]) + 1 if len(bad) else first
            if end - alike < LEAST_R:
                continue
            first = first if noisy else alike
            start, turn = (at + int(one) * INTERVALS for one in (first, end))
            return R(start, turn, turn + R_BAR * INTERVALS, float(np.median(level[first:end])))
    return None
