"""What a DIL tells of the network, and what to ask for in it (8.3.1, 8.4.1, 9.3.2/V.90).

The analogue modem knows which Ucode, sign and data frame interval each symbol of DIL had when it
was sent. Its receiver gives values in its own scale, TRN1d's nominal level for TRN1d as it arrived.
A network can only make codewords of codewords: so all values are levels of one law times one
factor, and law conversion, pad and robbed bits are found by trying all of them.

Levels here are PCM values of Table 1/V.90; ``[i, u, s]`` is data frame interval, Ucode sent, and
sign bit sent, 1 positive.
"""

from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np

from golden.errors import V90Error
from golden.formats import SOFT
from golden.pcm import g711
from golden.pcm.parameters import INTERVALS

#: Pads that are tried, in tenths of a dB (Network's digital pads go as far).
PADS = range(0, 301)

#: What may replace the last bit of an octet, data frame after data frame: nothing, nought, one, or
#: the two in turn.
ROBBED_BITS = ("", "0", "1", "01")

# Robbed bits in front of the pad and behind it. Without a pad both are the same; the first counts.
_KINDS = tuple((before, after) for after in ROBBED_BITS for before in ROBBED_BITS)

#: What an explanation must gain in squared deviations for each thing that it assumes: 4.5 standard
#: deviations, for there are 10 000 explanations that noise may favour.
_PRICE = 20.0

#: Deviation of a mean that is certain, beside its noise: rounding of soft values, and -66 dB of the
#: level for what taps have not yet learnt.
_LEAST, _SHARE = 0.25, 5e-4

#: Standard deviations beyond which a level is not what the explanation says.
_DEPARTS = 6.0


# --- The DIL to ask for --------------------------------------------------------------------------

#: Data frames of a segment of the first DIL that is asked for, and segments that it begins with and
#: whose symbols do not count: for 54 ms the modem may not know yet that this is DIL.
SEGMENT, LEAD = 12, 6


def dil_request(u_info, frames=SEGMENT):
    """Fields of :data:`golden.signals.sequences.DIL` that measure every Ucode in every interval.

    In each ``frames`` = 12 data frames of a segment, an interval has four training symbols: two
    signs, each in an even and in an odd data frame, for robbed bits that take turns. Two of three
    symbols are references, with the Ucode of TRN1d, so that the power in each 50 ms is within 2 dB
    of TRN1d's, or above it, and no echo control device hears a pause (NOTE of 8.3.1). Training
    symbols stand alone, for the largest are 18 dB above TRN1d, and so close together they would
    not fit into the A/D.

    All 128 segments take 128 * 12 data frames, 1.15 s; LEAD segments with the Ucode of TRN1d,
    54 ms, are in front of them. ``frames`` is a multiple of 12.
    """
    if frames % SEGMENT or not 0 < frames <= 120:
        raise V90Error(f"a segment has a multiple of {SEGMENT} data frames, at most 120")
    place, training = np.arange(SEGMENT * INTERVALS), np.zeros(SEGMENT * INTERVALS, int)
    # Any signs that are as often positive as negative and have no period.
    sign = (place * place // 5 + place // 7) % 2
    for frame in range(SEGMENT):
        # 0, 2, 1: the distance between training symbols is then 2 at least.
        interval = (0, 2, 1)[frame % 3]
        positive = frame // 3 in (0, 1)
        for at, plus in ((interval, positive), (interval + 3, not positive)):
            training[INTERVALS * frame + at], sign[INTERVALS * frame + at] = 1, plus
    ucodes = [int(u_info)] * LEAD + list(range(128))
    return {
        "segments": len(ucodes),
        "sign_length": len(sign) - 1,
        "training_length": len(sign) - 1,
        "sign_pattern": sign.tolist(),
        "training_pattern": training.tolist(),
        "H": [frames - 1] * 8,
        "REF": [int(u_info)] * 8,
        "training_ucodes": ucodes,
    }


# --- What was measured ---------------------------------------------------------------------------


@dataclass
class Measurement:
    """Means of received values.

    Fields: ``mean`` (float64, ``(6, 128, 2)``), sign taken out, so positive as a rule, NaN where
    nothing was measured; ``count`` of values in each (int64, the same shape); ``deviation``
    ``(6,)``, standard deviation of one value's noise.
    """

    mean: np.ndarray
    count: np.ndarray
    deviation: np.ndarray

    @classmethod
    def of_segments(cls, descriptor, sums, counts, deviation, first=0):
        """From sums of soft values by segment (``(segments, 6, 2)``, SOFT, with their sign).

        ``first``: segments before do not count.
        """
        sums, counts = sums[first:], counts[first:]
        total, count = np.zeros((INTERVALS, 128, 2)), np.zeros((INTERVALS, 128, 2), np.int64)
        ucodes = np.asarray(descriptor["training_ucodes"], np.int64)[first:]
        for sign in (0, 1):
            np.add.at(total[..., sign].T, ucodes, (2 * sign - 1) * sums[:, :, sign])
            np.add.at(count[..., sign].T, ucodes, counts[:, :, sign])
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = np.where(count > 0, total / count / (1 << SOFT.fraction), np.nan)
        return cls(mean, count, np.broadcast_to(np.asarray(deviation, float), INTERVALS))

    @classmethod
    def of_symbols(cls, ucodes, signs, soft, deviation):
        """From Ucodes and signs sent and values received (float64); the first is in interval 0."""
        interval = np.arange(len(soft)) % INTERVALS
        index = (interval * 128 + ucodes.astype(np.int64)) * 2 + signs
        value = np.where(signs == 1, soft, -np.asarray(soft, float))
        total = np.bincount(index, value, INTERVALS * 256).reshape(INTERVALS, 128, 2)
        count = np.bincount(index, minlength=INTERVALS * 256).reshape(INTERVALS, 128, 2)
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = np.where(count > 0, total / count, np.nan)
        return cls(mean, count, np.broadcast_to(np.asarray(deviation, float), INTERVALS))

    @property
    def errors(self):
        """Standard deviations of the means ``(6, 128, 2)``."""
        noise = self.deviation[:, None, None] ** 2 / np.maximum(self.count, 1)
        return np.sqrt(noise + _LEAST**2 + (_SHARE * np.nan_to_num(self.mean)) ** 2)


# --- What networks do ----------------------------------------------------------------------------


def _codewords(law, law_out, tenths, before, after):
    """Ucodes (``(128,)``) at the exchange of Ucodes sent, with these last bits or ""."""
    octets = _rob(g711.octet(np.arange(128), 1, law), before)
    ucodes = g711.ucode(octets, law)
    if tenths:
        scaled = g711.linear(ucodes, law) * 10 ** (-tenths / 200)
        levels = g711.linear(np.arange(128), law_out)
        ucodes = np.searchsorted((levels[1:] + levels[:-1]) / 2, scaled)
    elif law != law_out:
        ucodes = g711.converted(ucodes, law)
    return g711.ucode(_rob(g711.octet(ucodes, 1, law_out), after), law_out)


def _rob(octets, bit):
    return octets & 0xFE | np.uint8(int(bit)) if bit else octets


@lru_cache(4)
def _networks(law):
    """All networks.

    ``(names, codewords)``: names ``(law_out, tenths)``, and Ucodes at the exchange ``(names, kinds,
    2, 128)``, in even and odd data frames.
    """
    names = [(out, tenths) for out in g711.LAWS for tenths in PADS]
    codewords = np.empty((len(names), len(_KINDS), 2, 128), np.uint8)
    # The last bits before and after, "" for left alone, by kind and turn: few are different.
    bits = [
        [tuple(text[turn % len(text)] if text else "" for text in kind) for turn in range(2)]
        for kind in _KINDS
    ]
    pairs = {pair for both in bits for pair in both}
    for n, (out, tenths) in enumerate(names):
        made = {pair: _codewords(law, out, tenths, *pair) for pair in pairs}
        codewords[n] = [[made[pair] for pair in both] for both in bits]
    return names, codewords


def _levels(names, codewords):
    levels = {law: g711.linear(np.arange(128), law).astype(float) for law in g711.LAWS}
    return np.stack([levels[out][one] for (out, _), one in zip(names, codewords, strict=True)])


@lru_cache(4)
def _means(law):
    names, codewords = _networks(law)
    return _levels(names, codewords).mean(2).reshape(-1, 128)


@dataclass
class Impairments:
    """What the network does, as it explains a :class:`Measurement`.

    Fields: ``law`` of what is sent, ``law_out`` of the codec at the exchange; ``pad`` in dB;
    ``gain``, the receiver's scale: value received over level at the exchange; ``robbed``,
    ``robbed_after``: for each interval one of :data:`ROBBED_BITS`, before and after the pad;
    ``codewords`` (``(6, 128, 2, 2)``), Ucodes at the exchange by interval, Ucode sent, even or odd
    data frame, and sign; ``least``, ``most`` (float64, ``(6, 128)``), range of values received;
    ``measured`` (``(128,)``, bool), Ucodes that DIL held in all intervals; ``departures``, triples
    ``(interval, ucode, sign)`` that the explanation does not hold for; ``misfit``, square of the
    usual deviation from it in standard deviations of the noise, 1 when all is said.
    """

    law: str
    law_out: str
    pad: float
    gain: float
    robbed: tuple
    robbed_after: tuple
    codewords: np.ndarray = field(repr=False)
    least: np.ndarray = field(repr=False)
    most: np.ndarray = field(repr=False)
    measured: np.ndarray = field(repr=False)
    departures: tuple
    misfit: float

    @property
    def sentences(self):
        """What was found, in words; none where the network does nothing."""
        found = []
        if self.law != self.law_out:
            found.append(f"{_named(self.law)} is converted to {_named(self.law_out)}")
        if self.pad:
            found.append(f"a digital pad of {self.pad:g} dB")
        what = {"0": "0", "1": "1", "01": "0 and 1 in turn"}
        for bits, where in ((self.robbed, "before"), (self.robbed_after, "behind")):
            places = {kind: [i for i in range(INTERVALS) if bits[i] == kind] for kind in what}
            for kind, intervals in places.items():
                if intervals:
                    numbers = " and ".join(str(i) for i in intervals)
                    side = f", {where} the pad" if self.pad or self.law != self.law_out else ""
                    found.append(f"robbed bit {what[kind]} in interval {numbers}{side}")
        if self.departures:
            ucodes = sorted({u for _, u, _ in self.departures})
            one_sign = sum((i, u, 1 - s) not in self.departures for i, u, s in self.departures)
            signs = f", {one_sign} for one sign only" if one_sign else ""
            found.append(
                f"{len(self.departures)} levels of Ucodes {ucodes[0]} to {ucodes[-1]} arrive "
                f"elsewhere{signs}"
            )
        return found


def _named(law):
    return {"mu": "mu-law", "A": "A-law"}[law]


def impairments(measurement, law):
    """:class:`Impairments` that explain a measurement of what was sent in ``law``.

    All laws, pads and robbed bits are tried, each with the factor that fits it best; of several
    that explain as much, the one counts that assumes least. Then each level that still departs by
    more than ``_DEPARTS`` standard deviations is the codeword next to where it is.

    Raises :class:`~golden.errors.V90Error` where fewer than 16 Ucodes were measured.
    """
    mean, error = measurement.mean, measurement.errors
    known = np.isfinite(mean) & (measurement.count > 0)
    measured = known.any(2).all(0)
    if measured.sum() < 16:
        raise V90Error(f"a DIL with {measured.sum()} Ucodes in all intervals tells too little")
    weight = np.where(known, 1 / error**2, 0.0)
    value = np.where(known, mean, 0.0)
    # Sums over signs; (6, 128).
    w, wm = weight.sum(2), (weight * value).sum(2)
    wmm = (weight * value**2).sum((1, 2))
    names, codewords = _networks(law)
    prices = (
        np.array([bool(tenths) + bool(tenths % 10) + (out != law) for out, tenths in names])
        * _PRICE
    )
    kinds = np.array([bool(before) + bool(after) for before, after in _KINDS]) * _PRICE
    means = _means(law)
    product, power = means @ wm.T, means**2 @ w.T  # (networks * kinds, 6)
    shape = len(names), len(_KINDS), INTERVALS
    product, power = product.reshape(shape), power.reshape(shape)
    with np.errstate(invalid="ignore", divide="ignore"):
        left = wmm - np.where(power > 0, product**2 / power, 0.0)
    best_kind = (left + kinds[:, None]).argmin(1)  # (networks, 6)
    rows, columns = np.arange(len(names))[:, None], np.arange(INTERVALS)
    # One factor for all intervals, and then the kinds once more with it.
    for _ in range(2):
        chosen = product[rows, best_kind, columns].sum(1), power[rows, best_kind, columns].sum(1)
        gain = chosen[0] / np.maximum(chosen[1], 1e-30)
        g = gain[:, None, None]
        left = wmm - 2 * g * product + g**2 * power
        best_kind = (left + kinds[:, None]).argmin(1)
    total = (left[rows, best_kind, columns] + kinds[best_kind]).sum(1) + prices
    # A line does not turn what is known by its signs: a factor below nought explains nothing.
    at = int(np.where(gain > 0, total, np.inf).argmin())
    explained = codewords[at, best_kind[at]]  # (6, 2, 128)
    own = [_KINDS[k] for k in best_kind[at]]
    out, tenths = names[at]
    return _checked(
        measurement,
        known,
        law,
        out,
        tenths / 10,
        float(gain[at]),
        own,
        np.repeat(explained.transpose(0, 2, 1)[..., None], 2, -1).copy(),
        measured,
    )


def _checked(measurement, known, law, out, pad, gain, kinds, codewords, measured):
    """The :class:`Impairments` with what departs from the explanation put right."""
    grid = g711.linear(np.arange(128), out).astype(float)
    departures = ()
    for _ in range(3):
        expected = grid[codewords].mean(2) * gain
        error = measurement.errors
        z = np.where(known, (measurement.mean - expected) / error, 0.0)
        # Noise may be more than was thought: half of normal deviations are within 0.6745.
        error = error * max(1.0, float(np.median(np.abs(z[known]))) / 0.6745)
        z = np.where(known, (measurement.mean - expected) / error, 0.0)
        # The nearest codeword, where it is another one and explains what is seen.
        scaled = np.nan_to_num(measurement.mean) / gain
        nearest = np.abs(scaled[..., None] - grid).argmin(-1)
        rest = np.abs(grid[nearest] * gain - np.nan_to_num(measurement.mean)) / error
        moved = (np.abs(z) > _DEPARTS) & (rest < _DEPARTS / 2)
        if not moved.any():
            break
        departures = tuple(sorted({*departures, *map(tuple, np.argwhere(moved).tolist())}))
        for i, u, s in np.argwhere(moved):
            codewords[i, u, :, s] = nearest[i, u, s]
        expected = grid[codewords].mean(2)
        weight = np.where(known, 1 / error**2, 0.0)
        gain = float(
            (weight * expected * np.nan_to_num(measurement.mean)).sum()
            / (weight * expected**2).sum()
        )
    levels = grid[codewords] * gain
    z = np.where(known, (measurement.mean - levels.mean(2)) / measurement.errors, 0.0)
    misfit = float(np.median(np.abs(z[known])) / 0.6745) ** 2
    return Impairments(
        law,
        out,
        pad,
        gain,
        tuple(b for b, _ in kinds),
        tuple(a for _, a in kinds),
        codewords,
        levels.min((2, 3)),
        levels.max((2, 3)),
        measured,
        departures,
        misfit,
    )
