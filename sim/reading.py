"""What is in a recording of a V.90 downstream: signals, their times and fields (8.4, 8.6/V.90).

Nothing is told but the octets. Each Sd begins a training: phase 3 is read here, from the signs of
octets as they came; phase 4 and data by :mod:`sim.reading_phase4`, the network by
:mod:`sim.reading_network`. Times count octets from the recording's first.
"""

from dataclasses import dataclass, field

import numpy as np

from golden import g711
from golden.errors import CallFailed, V90Error
from golden.parameters import INTERVALS
from golden.scrambler import GPC, Descrambler
from golden.sequences import JD, JD_END
from golden.training import ABOVE, R_BAR, SD, SD_BAR
from sim.network import values

#: Symbols of half a period of Sd and R, over which their signs turn.
HALF = 3

#: Symbols of Sd that must be there to call it one, before S-bar-d.
LEAST_SD = 96

#: Largest part of W's level that Sd's middle symbols have: Ucode 0, and what a high-pass adds.
MIDDLE = 0.15

#: Shares by which a symbol of Sd may depart from the one three symbols before, turned.
DEPARTS = 0.08

#: Bits whose share of ones tells whether TRN1d still goes on.
WINDOW = 96

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

    Fields: ``signals``, in order; ``u_info`` as it arrives (Ucode by interval); ``inverted``,
    polarity of TRN1d and DIL; ``jd``, the last Jd's fields or None; ``dil``, the slice of DIL's
    octets or None; ``structure``, a :class:`~sim.reading_dil.Structure` or None; ``network``, a
    :class:`~sim.reading_network.Network` or None; ``high_pass``, the pole of one in the network or
    None; ``levels`` ``(n, 2)``...
    """

    signals: list = field(default_factory=list)
    u_info: tuple = ()
    w: int = 0
    inverted: bool = False
    jd: dict | None = None
    dil: slice | None = None
    structure: object = None
    network: object = None
    high_pass: float | None = None
    high_pass_at: tuple | None = None
    cpt: object = None
    cp: object = None

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


# --- Sd ------------------------------------------------------------------------------------------


def _runs(mask):
    """Pairs (first, behind the last) of runs of true."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], mask.astype(np.int8), [0]])))
    return edges.reshape(-1, 2)


def find_sd(line):
    """Triples (Sd's first octet, S-bar-d's, TRN1d's) of all Sd with their end."""
    x = line.values
    if len(x) < LEAST_SD + SD_BAR * INTERVALS:
        return []
    size = np.abs(x)
    level = np.lib.stride_tricks.sliding_window_view(np.pad(size, (0, 5)), INTERVALS).max(1)
    turned = np.zeros(len(x), bool)
    turned[HALF:] = (np.abs(x[HALF:] + x[:-HALF]) <= DEPARTS * level[HALF:]) & (level[HALF:] > 100)
    same = np.zeros(len(x), bool)
    same[HALF:] = (np.abs(x[HALF:] - x[:-HALF]) <= DEPARTS * level[HALF:]) & (level[HALF:] > 100)
    found = []
    for first, end in _runs(turned):
        first -= HALF
        if end - first < LEAST_SD or end + SD_BAR * INTERVALS > len(x):
            continue
        # The three symbols behind are those before, not turned: S-bar-d.
        if not same[end : end + HALF].all() or not turned[end + HALF : end + 6 * INTERVALS].all():
            continue
        last = size[end - INTERVALS : end].reshape(2, HALF)
        if last[:, 1].max() > MIDDLE * last[:, [0, 2]].min():
            continue
        # Whole periods back from S-bar-d; silence before Sd may look alike for a symbol or two.
        periods = min((end - first) // INTERVALS, SD)
        at = int(end)
        found.append((at - int(periods) * INTERVALS, at, at + SD_BAR * INTERVALS))
    return found


def find_law(octets):
    """The law in which Sd's middle symbols are Ucode 0, ``mu`` or ``A``.

    Raises :class:`~golden.errors.CallFailed` where there is no Sd in either.
    """
    counts = {law: 0 for law in g711.LAWS}
    for law in g711.LAWS:
        line = Line(octets, law)
        for first, end, _ in find_sd(line):
            middle = line.ucodes[first + 1 : end : HALF]
            counts[law] += int(np.count_nonzero(middle <= 1))
    law = max(counts, key=counts.get)
    if not counts[law]:
        raise CallFailed("no Sd is in it: this is no downstream of V.90, or not its start-up")
    return law


# --- TRN1d and Jd --------------------------------------------------------------------------------


def _descrambled(bits, before):
    return Descrambler(GPC).process(np.concatenate([before, bits]))[len(before) :]


def read_trn1d(line, at, training):
    """TRN1d from octet ``at`` on and the Jd behind it; returns the octet behind all that."""
    rest = line.signs[at:]
    bits = _descrambled(rest, np.zeros(0, np.uint8))
    # Turned signs descramble to noughts; the first 23 bits have a history of their own.
    early = bits[max(GPC) : max(GPC) + 2 * WINDOW]
    training.inverted = bool(len(early) and early.mean() < 0.5)
    signs = rest ^ np.uint8(training.inverted)
    bits = _descrambled(signs, np.zeros(0, np.uint8))
    ones = np.concatenate([[0], np.cumsum(bits)])
    share = (ones[WINDOW:] - ones[:-WINDOW]) / WINDOW if len(bits) >= WINDOW else np.ones(1)
    over = np.flatnonzero(share < 0.8)
    end = int(over[0]) if len(over) else len(bits)
    wrong = np.flatnonzero(bits[end:] == 0)
    end += int(wrong[0]) if len(over) and len(wrong) else 0
    length, found = _jd_behind(signs, end)
    wrong = int(np.count_nonzero(bits[:length] == 0))
    ucodes = line.ucodes[at : at + length]
    own = [np.bincount(ucodes[i::INTERVALS], minlength=128) for i in range(INTERVALS)]
    training.u_info = tuple(int(one.argmax()) for one in own)
    kinds = sorted(set(training.u_info))
    named = " ".join(str(u) for u in training.u_info) if len(kinds) > 1 else str(kinds[0])
    note = f"U_INFO {named} as it arrives" + (", polarity inverted" * training.inverted)
    if wrong:
        note += f", {wrong} of its bits are no ones"
    training.signals.append(Signal(
        "TRN1d", at, length, note,
        {"u_info": list(training.u_info), "inverted": training.inverted, "wrong_bits": wrong},
    ))  # fmt: skip
    return _read_jd(found, at + length, training) if found is not None else at + length


def _jd_behind(signs, end):
    """TRN1d's symbols, where it ends near ``end``, and the bits of Jd behind it or None."""
    for back in range(8):
        length = (end // INTERVALS - back) * INTERVALS
        if length < INTERVALS * 5 or len(signs) - length < JD.length:
            continue
        before = signs[length - max(GPC) : length]
        changes = signs[length:] ^ signs[length - 1 : -1]
        bits = _descrambled(changes, before)
        if JD.parse(bits) is not None:
            return length, bits
    return min(end, len(signs)) // INTERVALS * INTERVALS, None


def _read_jd(bits, at, training):
    """Jd and Jd' in ``bits``, which begin with the first Jd at octet ``at``."""
    count, good = 0, []
    while True:
        part = bits[count * JD.length : (count + 1) * JD.length]
        if len(part) < JD.length or not part[: JD_END].any():
            break
        values = JD.parse(part)
        if values is None and JD.parse(bits[(count + 1) * JD.length :]) is None and not (
            _ends(bits, count + 1)
        ):
            break
        count += 1
        if values is not None:
            good.append(values)
    training.jd = good[-1]
    rates = [i for i in range(22) if training.jd["rates"] >> i & 1]
    low, high = (f"{(28000 + i * 8000 / 6):.0f}" for i in (rates[0], rates[-1])) if rates else "--"
    training.signals.append(Signal(
        "Jd", at, count * JD.length,
        f"{count} of them, {len(good)} with a good CRC; rates {low} to {high}, "
        f"{4 << 2 * training.jd['training']} points for CP, "
        f"look-ahead {training.jd['look_ahead']}",
        {"count": count, "good": len(good), **training.jd,
         "same": all(one == good[0] for one in good)},
    ))  # fmt: skip
    end = at + count * JD.length
    if _ends(bits, count):
        training.signals.append(Signal("Jd'", end, JD_END, "12 zeroes"))
        end += JD_END
    return end


def _ends(bits, count):
    part = bits[count * JD.length : count * JD.length + JD_END]
    return len(part) == JD_END and not part.any()


# --- R -------------------------------------------------------------------------------------------


@dataclass
class R:
    """R and R-bar: ``first`` octet, that of R-bar, and the one behind; ``level`` received."""

    first: int
    reversal: int
    end: int
    level: float


def find_r(line, at, until):
    """The first :class:`R` in data frames from octet ``at`` on, up to ``until``; None.

    Its signs are those of R, or turned, and each interval has one level throughout, of whatever
    Ucode; four data frames with the other signs and the same levels end it.
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
        for first, end in _runs(way == sign):
            if end - first < LEAST_R or end + R_BAR > n or (way[end : end + R_BAR] != -sign).any():
                continue
            # A network's high-pass turns R-bar's beginning, which is no single level, by a fifth.
            reference = np.median(size[first:end], axis=0)
            close = (np.abs(size[first:end] - reference) <= 0.12 * reference.max()).all(1)
            bad = np.flatnonzero(~close)
            first += int(bad[-1]) + 1 if len(bad) else 0
            if end - first < LEAST_R:
                continue
            start, turn = (at + int(one) * INTERVALS for one in (first, end))
            return R(start, turn, turn + R_BAR * INTERVALS, float(np.median(level[first:end])))
    return None


# --- All of it -----------------------------------------------------------------------------------


@dataclass
class Reading:
    """What a recording holds: ``line``, ``trainings``, one for each Sd."""

    line: Line
    trainings: list

    @property
    def signals(self):
        """All signals in order."""
        return [one for training in self.trainings for one in training.signals]


def read_training(line, sd, until):
    """:class:`Training` that begins with ``sd`` and ends before octet ``until``: phase 3."""
    first, turn, trn1d = sd
    training = Training()
    w = int(np.bincount(line.ucodes[first:turn].reshape(-1, HALF)[:, 0], minlength=128).argmax())
    training.w = w
    training.signals.append(Signal(
        "Sd", first, turn - first, f"W has Ucode {w} as it arrives", {"w": w}
    ))  # fmt: skip
    training.signals.append(Signal("S-bar-d", turn, trn1d - turn))
    end = read_trn1d(line, trn1d, training)
    return training, end
