"""What the analogue modem's receiver reaches, measured: rows of numbers, each beside its bound.

Every function takes what it may be shortened by, returns a list of :class:`Row`, and gives the same
numbers each time, but for :func:`speeds`. A call here is silence, Sd and S-bar-d (8.4.4/V.90),
TRN1d (8.4.5) and data, in A-law, with the noise of TRN1d's power at the A/D unless it says
otherwise. SNRs are those of decisions whose truth is known, against TRN1d's power.
"""

import json
import time
from dataclasses import dataclass, field
from functools import cache

import numpy as np
from scipy import signal, special
from scipy.linalg import toeplitz

from golden import g711, training
from golden.decoder import Decoder
from golden.encoder import Encoder
from golden.equalizer import FEEDBACK, FORWARD
from golden.errors import CallFailed
from golden.hdlc import Deframer, Framer
from golden.parameters import INTERVALS, MappingParameters
from golden.receiver import AGAIN, SKIPPED, SOLVING, TRAINED, TRAINED_AGAIN, Kind, Receiver
from golden.receiver_reference import receive_reference
from golden.scrambler import GPC, Descrambler
from golden.sequences import JD
from golden.slicer import Levels
from sim import lines
from sim.line import OCTETS, SAMPLES, Conditions, Line
from sim.network import Network, values

LAW = "A"

#: U_INFO of the calls made here, and the PCM value that it stands for.
U_INFO = 79
LEVEL = int(g711.linear(U_INFO, LAW))

#: Octets of silence before Sd: whole data frames.
SILENCE = 804

#: Data frames a second.
FRAMES = OCTETS / INTERVALS

#: First data frame with taps from the first 2040 symbols of TRN1d, and with those that more of it
#: make better.
TRAINED_AT, SETTLED_AT = SKIPPED + TRAINED + SOLVING, AGAIN + TRAINED_AGAIN + SOLVING

#: Data frame of the first data here: both solutions are done.
DATA_AT = 1300

#: Level of TRN1d at the A/D in dB below full scale: data's peaks are 13 dB above.
AD_LEVEL = -22.0

#: Line SNRs in dB.
SNRS = (30, 40, 45, 50, 60)

#: The line SNR for what has but one.
SNR = 45

#: A point's distance to a decision's limit in standard deviations for which the error rate of an
#: inner point is 10**-6: Q^-1(5e-7).
MARGIN = 4.8916

#: Pole of the network's high-pass in the real calls.
POLE = 0.953

_TRAINING = Levels(((LEVEL,),) * INTERVALS, ((U_INFO,),) * INTERVALS)


@dataclass(frozen=True)
class Row:
    """One measurement: what of, values by heading, and whether the figure is met (None: none is).

    ``curve`` is for a picture: numbers over data frames or the like.
    """

    what: str
    values: dict
    met: bool | None = None
    curve: np.ndarray | None = field(default=None, repr=False, compare=False)


# --- Calls ---------------------------------------------------------------------------------------


def preamble(frames):
    """Octets of silence, Sd, S-bar-d and ``frames`` data frames of TRN1d."""
    silence = np.zeros(SILENCE, np.uint8), np.tile(np.array([0, 1], np.uint8), SILENCE // 2)
    parts = silence, training.sd(U_INFO), training.trn1d(U_INFO, INTERVALS * frames)
    return np.concatenate([g711.octet(*part, LAW) for part in parts])


#: Octets before TRN1d.
BEFORE = SILENCE + INTERVALS * (training.SD + training.SD_BAR)


def samples_of(name, octets, snr=SNR, level=LEVEL, at=0, **conditions):
    """16-bit samples (int64) of a call on a named line; times of hits count from octet ``at``."""
    line = Line(lines.find(name), law=LAW)
    # Two samples of half symbols for each impulse of the PCM value.
    power = float(np.sum(_impulse(name) ** 2) / 2 * (level / 32768) ** 2)
    for hits in ("impulses", "gain_hits", "phase_hits"):
        conditions[hits] = tuple(
            (at / OCTETS + start, *rest) for start, *rest in conditions.get(hits, ())
        )
    line.conditions = Conditions(
        snr=snr, power=power, gain=AD_LEVEL - 10 * np.log10(power), bits=16,
        phase=0.37, **conditions,
    )  # fmt: skip
    return np.minimum(np.rint(line.process(octets) * 32768), 32767).astype(np.int64)


@cache
def _impulse(name):
    return Line(lines.find(name), law=LAW).impulse(SAMPLES)


def together(rows):
    """Samples of calls side by side ``(lines, n)``; shorter ones are silent at the end."""
    out = np.zeros((len(rows), max(map(len, rows))), np.int64)
    for one, row in zip(out, rows, strict=True):
        one[: len(row)] = row
    return out


def trn1d_values(frames):
    """PCM values ``(frames, 6)`` of TRN1d."""
    signs = training.trn1d(U_INFO, INTERVALS * frames)[1].astype(np.int64)
    return ((2 * signs - 1) * LEVEL).reshape(-1, INTERVALS)


def errors_of(decisions, truth, first=0):
    """Soft values less ``truth`` (``(n, 6)``, from data frame ``first`` on), and their numbers."""
    at = decisions.number - first
    mine = (at >= 0) & (at < len(truth))
    return decisions.fine[mine] / 16 - truth[at[mine]], decisions.number[mine]


def snr_of(errors):
    """SNR in dB; -inf where there are none."""
    return float(-10 * np.log10(np.mean(errors**2) / LEVEL**2)) if errors.size else -np.inf


def _between(decisions, truth, first, last):
    errors, number = errors_of(decisions, truth)
    return snr_of(errors[(number >= first) & (number < last)])


# --- Bounds --------------------------------------------------------------------------------------


def mmse_bound(name, snrs, forward=FORWARD, feedback=FEEDBACK, correlation=(1.0,)):
    """SNR in dB, for each of ``snrs``, of the best decision feedback equaliser with so many taps.

    From the line's response itself; decisions are right, and the delay is the best one.
    ``correlation`` of the symbols, from lag 0 on, for power 1; what is not given is 0.
    """
    response = _impulse(name)
    share = np.cumsum(response**2) / np.sum(response**2)
    response = response[: int(np.searchsorted(share, 1 - 1e-9)) + 1]
    power, peak = np.sum(response**2) / 2, int(np.argmax(np.abs(response)))
    best = np.zeros(len(snrs))
    for delay in range(peak + 10, peak + 70, 4):
        symbols = np.arange(-(delay // 2) - 2, (forward + len(response)) // 2 + 2)
        index = 2 * symbols + delay - np.arange(forward)[:, None]
        inside = (index >= 0) & (index < len(response))
        matrix = np.where(inside, response[np.clip(index, 0, len(response) - 1)], 0.0)
        past = np.eye(len(symbols))[(symbols >= 1) & (symbols <= feedback)]
        known = np.concatenate([matrix, past])
        row = np.zeros(len(symbols))
        row[: len(correlation)] = correlation[: len(row)]
        together = known @ toeplitz(row)
        gram, target = together @ known.T, together[:, symbols == 0][:, 0]
        for i, snr in enumerate(snrs):
            # Decisions have no noise; a little keeps the matrix regular.
            noise = np.full(len(known), 1e-12)
            noise[:forward] = power * 10 ** (-snr / 10)
            told = target @ np.linalg.solve(gram + np.diag(noise), target)
            best[i] = max(best[i], told / (1 - told))
    return 10 * np.log10(best)


def fitted_bound(samples, octets, last, forward=FORWARD, feedback=FEEDBACK):
    """SNR in dB of a least-squares fit of as many taps over the ``last`` symbols of a call.

    For a call without clock offset, where samples stand still against symbols. ``octets`` are those
    sent, before the network. The best of some delays; for the taps fitted, as many symbols count
    less.
    """
    sent = values(octets, LAW)
    n = np.arange(len(sent) - last - 100, len(sent) - 100)
    target = sent[n]
    past = np.lib.stride_tricks.sliding_window_view(sent, feedback)[n - feedback]
    view = np.lib.stride_tricks.sliding_window_view(samples.astype(np.float64), forward)
    best = -np.inf
    for delay in range(40, 100, 6):
        rows = np.concatenate([view[2 * n + delay - forward + 1], past], axis=1)
        # The noise of 45 dB keeps the normal equations far from singular.
        left = target - rows @ np.linalg.solve(rows.T @ rows, rows.T @ target)
        free = last - forward - feedback
        best = max(best, -10 * np.log10(np.sum(left**2) / free / LEVEL**2))
    return float(best)


# --- Training and tracking -----------------------------------------------------------------------


def first_training(names=None, seeds=10):
    """SNR after 2040 symbols of TRN1d at 45 dB: within 1.5 dB of :func:`mmse_bound`.

    Over 600 data frames, which leaves a standard deviation of 0.1 dB, with several seeds of the
    noise: the worst one counts. What differs between them is the offset taken from Sd.
    """
    names, frames = list(names or lines.known()), TRAINED_AT + 620
    octets, truth = preamble(frames + 4), trn1d_values(frames)
    samples = [
        samples_of(name, octets, seed=seeds * i + k)
        for i, name in enumerate(names)
        for k in range(seeds)
    ]
    decisions = Receiver(_TRAINING, lines=len(samples)).process(together(samples))
    rows = []
    for i, name in enumerate(names):
        bound = float(mmse_bound(name, (SNR,))[0])
        found = [
            _between(one, truth, TRAINED_AT + 16, frames)
            for one in decisions[seeds * i : seeds * (i + 1)]
        ]
        rows.append(Row(name, {
            "bound": bound, "best": max(found), "worst": min(found), "lacks": bound - min(found),
            "calls": seeds, "short of it": sum(bound - snr > 1.5 for snr in found),
        }, bound - min(found) <= 1.5))  # fmt: skip
    return rows


def convergence(names=None, snrs=SNRS, frames=3340, curves=(SNR,)):
    """SNR after 8000 symbols of TRN1d: within 0.7 dB of :func:`mmse_bound`; no clock offset.

    Over 2000 data frames, which leaves a standard deviation of 0.06 dB. Lines of ``curves`` have
    one: SNR over time.
    """
    names, octets, truth = list(names or lines.known()), preamble(frames), trn1d_values(frames)
    cases = [(name, snr) for snr in snrs for name in names]
    samples = together([samples_of(*_case(case, octets), seed=i) for i, case in enumerate(cases)])
    decisions = Receiver(_TRAINING, lines=len(cases)).process(samples)
    bounds = {name: dict(zip(snrs, mmse_bound(name, snrs), strict=True)) for name in names}
    rows = []
    for (name, snr), one in zip(cases, decisions, strict=True):
        bound = float(bounds[name][snr])
        early = _between(one, truth, TRAINED_AT + 16, TRAINED_AT + 616)
        late = _between(one, truth, 8000 // INTERVALS + 7, frames)
        curve = _curve(*errors_of(one, truth)) if snr in curves else None
        rows.append(Row(name, {
            "line SNR": snr, "bound": bound, "after 2040": early, "after 8000": late,
            "lacks": bound - late,
        }, bound - late <= 0.7, curve))  # fmt: skip
    return rows


def _case(case, octets):
    name, snr = case
    return name, octets, snr


def _curve(errors, number, window=40):
    """SNR over ``window`` data frames at a time: columns time in s from TRN1d on, and dB."""
    n = len(errors) // window * window
    mean = np.mean(errors[:n].reshape(-1, window * INTERVALS) ** 2, axis=1)
    when = number[:n].reshape(-1, window)[:, -1] / FRAMES
    return np.stack([when, -10 * np.log10(mean / LEVEL**2)])


def against_reference(names=None, snrs=(30, 50), frames=1660):
    """Golden against :mod:`golden.receiver_reference` on the same samples: 0.3 dB at most."""
    octets, truth = preamble(frames), trn1d_values(frames)
    cases = [(name, snr) for snr in snrs for name in names or lines.known()]
    samples = together([samples_of(*_case(case, octets), seed=i) for i, case in enumerate(cases)])
    decisions = Receiver(_TRAINING, lines=len(cases)).process(samples)
    rows = []
    for (name, snr), row, golden in zip(cases, samples, decisions, strict=True):
        reference = receive_reference(row, _TRAINING)
        kept = reference.number < frames
        number = reference.number[kept]
        errors = reference.soft[kept] - truth[number]
        numbers = {"line SNR": snr}
        for when, first in (("2040", TRAINED_AT + 16), ("8000", 8000 // INTERVALS + 7)):
            last = min(first + 600, frames)
            exact = snr_of(errors[(number >= first) & (number < last)])
            ours = _between(golden, truth, first, last)
            numbers |= {f"float64 {when}": exact, f"lacks {when}": exact - ours}
        rows.append(Row(name, numbers, max(numbers["lacks 2040"], numbers["lacks 8000"]) <= 0.3))
    return rows


def clock(names=None, offsets=((200.0, 1.0), (-200.0, -1.0)), seconds=3.5):
    """Offset and drift of the client's clock: acquired within TRN1d, 0.3 dB lost at most at 45 dB.

    Against the same line at 0 ppm; the last two seconds count. Two numbers' difference has a
    standard deviation of 0.07 dB.
    """
    frames = int(seconds * FRAMES)
    octets, truth = preamble(frames), trn1d_values(frames)
    names = list(names or lines.known())
    cases = [(name, *offset) for name in names for offset in ((0.0, 0.0), *offsets)]
    samples = together([
        samples_of(name, octets, ppm=ppm, drift=drift, seed=1) for name, ppm, drift in cases
    ])  # fmt: skip
    decisions = Receiver(_TRAINING, lines=len(cases)).process(samples)
    rows = []
    for (name, ppm, drift), one in zip(cases, decisions, strict=True):
        late = _between(one, truth, frames - int(2 * FRAMES), frames)
        if not ppm:
            plain = late
            continue
        # The receiver's step is what a half symbol takes beyond one sample.
        last = one.number < frames
        found = one.step[last][-1] / 2**32 * 1e6 if last.any() else np.nan
        true = ppm + drift * len(octets) / OCTETS
        acquired = (TRAINED_AT, Kind.TRAINED) in one.events
        rows.append(Row(name, {
            "ppm": ppm, "ppm/s": drift, "trained": _yes(acquired), "SNR": late,
            "lost dB": plain - late, "ppm off": float(found - true),
        }, acquired and plain - late <= 0.3))  # fmt: skip
    return rows


def _yes(holds):
    return "yes" if holds else "NO"


# --- Data ----------------------------------------------------------------------------------------


def constellation(distance, power=LEVEL**2, ucodes=range(128)):
    """Ucodes at least ``distance`` apart, signs included, with this mean square at most.

    From the lowest on; the highest is as high as the power allows.
    """
    for top in range(128, 0, -1):
        chosen, last = [], -distance / 2
        for ucode in (u for u in ucodes if u < top):
            level = int(g711.linear(ucode, LAW))
            if level - last >= distance and 2 * level >= distance:
                chosen.append(ucode)
                last = level
        if chosen and np.mean(g711.linear(np.array(chosen), LAW) ** 2) <= power:
            return tuple(chosen)
    raise ValueError(f"no constellation has a distance of {distance:g}")


def levels_of(intervals):
    """Levels for six constellations."""
    return Levels(tuple(
        tuple(int(level) for level in g711.linear(np.array(one), LAW)) for one in intervals
    ), tuple(intervals))  # fmt: skip


def mapping(intervals):
    """Mapping parameters of the highest rate that six constellations bear without shaping."""
    product = np.prod([float(len(one)) for one in intervals])
    bits = min(int(np.floor(np.log2(product))), 36)
    distinct = sorted(set(intervals))
    return MappingParameters(
        "CP", bits + INTERVALS - 20, 0, 0, LAW, 0, 0, 0, 0,
        tuple(distinct.index(one) for one in intervals), tuple(distinct),
    )  # fmt: skip


def expected_errors(ucodes, deviation, symbols):
    """Symbol errors to expect of a constellation in white noise."""
    magnitude = g711.linear(np.array(ucodes), LAW)
    points = np.sort(np.concatenate([-magnitude, magnitude]))
    tails = special.ndtr(-np.diff(points) / 2 / deviation)
    return float(2 * tails.sum() / len(points) * symbols)


def trained_snr(names, frames=DATA_AT + 1000):
    """SNR in dB of each line at 45 dB once it has settled."""
    octets, truth = preamble(frames), trn1d_values(frames)
    samples = together([samples_of(name, octets) for name in names])
    decisions = Receiver(_TRAINING, lines=len(names)).process(samples)
    return [_between(one, truth, DATA_AT, frames) for one in decisions]


def data(names=None, seconds=10.0):
    """Data at the rate whose least distance has an error rate of 1e-6: no error after 100 ms.

    The SNR is measured in TRN1d beforehand; points are as far apart as it demands, as many as
    TRN1d's power allows, and all as likely.
    """
    names = list(names or lines.known())
    frames, count = int(seconds * FRAMES), len(names)
    rng = np.random.default_rng(90)
    snrs = trained_snr(names)
    deviations = [LEVEL * 10 ** (-snr / 20) for snr in snrs]
    sets = [constellation(2 * MARGIN * deviation) for deviation in deviations]
    start, sent, samples = preamble(DATA_AT), [], []
    for i, (name, ucodes) in enumerate(zip(names, sets, strict=True)):
        ucode = rng.choice(np.array(ucodes, np.uint8), frames * INTERVALS)
        sent.append(g711.octet(ucode, rng.integers(0, 2, len(ucode), np.uint8), LAW))
        samples.append(samples_of(name, np.concatenate([start, sent[-1]]), seed=100 + i))
    levels = [levels_of((ucodes,) * INTERVALS) for ucodes in sets]
    receiver = Receiver(_TRAINING, levels, DATA_AT, lines=count)
    decisions = receiver.process(together(samples))
    rows = []
    for name, snr, deviation, ucodes, octets, one in zip(
        names, snrs, deviations, sets, sent, decisions, strict=True
    ):
        truth = values(octets, LAW).reshape(-1, INTERVALS)
        errors, _ = errors_of(one, truth, DATA_AT)
        wrong = _wrong(one, octets, DATA_AT)
        begun = int(0.1 * FRAMES)
        after = int(wrong[begun:].sum())
        # The last data frames' samples end with the call.
        whole = len(wrong) >= frames - 20
        symbols = (len(wrong) - begun) * INTERVALS
        rows.append(Row(name, {
            "SNR": snr, "in data": snr_of(errors[begun:]), "levels": len(ucodes),
            "bit/s": round(mapping((ucodes,) * INTERVALS).rate), "symbols": symbols,
            "first 100 ms": int(wrong[:begun].sum()), "errors": after,
            "expected": expected_errors(ucodes, deviation, symbols),
        }, whole and after == 0))  # fmt: skip
    return rows


def _wrong(decisions, octets, first):
    """How many symbols of each data frame from ``first`` on are decided wrongly."""
    sent = octets.reshape(-1, INTERVALS)
    at = decisions.number - first
    mine = (at >= 0) & (at < len(sent))
    decided = g711.octet(decisions.ucode[mine], decisions.sign[mine], LAW)
    return (decided != sent[at[mine]]).sum(-1)


def high_pass(names=None, distances=(1000, 1500), seconds=4.0, at=1.0):
    """A network's high-pass switches in ``at`` s into data: no loss, back within 3 dB in a second.

    Constellations have these least distances, as at 28 kbit/s. The bound is fitted to the last
    second, because the network's requantisation is in it. SNRs are taken over a tenth of a second.
    """
    names = list(names or lines.known())
    return [row for distance in distances for row in _high_pass(names, distance, seconds, at)]


def _high_pass(names, distance, seconds, at):
    frames = int(seconds * FRAMES)
    rng = np.random.default_rng(91)
    ucodes = constellation(distance)
    ucode = rng.choice(np.array(ucodes, np.uint8), frames * INTERVALS)
    start = preamble(DATA_AT)
    octets = g711.octet(ucode, rng.integers(0, 2, len(ucode), np.uint8), LAW)
    sent = np.concatenate([start, octets])
    switched = len(start) + int(at * OCTETS)
    filtered = Network(high_pass=POLE, high_pass_at=switched).process(sent)
    samples = [samples_of(name, filtered, seed=i) for i, name in enumerate(names)]
    receiver = Receiver(_TRAINING, levels_of((ucodes,) * INTERVALS), DATA_AT, lines=len(names))
    truth = values(octets, LAW).reshape(-1, INTERVALS)
    moment = DATA_AT + int(at * FRAMES)
    rows = []
    for name, row, one in zip(names, samples, receiver.process(together(samples)), strict=True):
        bound = fitted_bound(row, sent, OCTETS)
        errors, number = errors_of(one, truth, DATA_AT)
        least, back = _recovery(errors, number, moment, bound)
        events = [(n, kind) for n, kind in one.events if moment <= n <= number[-1]]
        lost = sum(kind is Kind.LOST for _, kind in events)
        rows.append(Row(name, {
            "distance": distance, "bound": bound, "lowest": least,
            "at the end": snr_of(errors[-int(0.5 * FRAMES) :]), "back after s": back,
            "wrong symbols": int(_wrong(one, octets, DATA_AT).sum()),
            "events": _told(events, moment),
        }, not lost and back <= 1.0, _curve(errors, number)))  # fmt: skip
    return rows


def _recovery(errors, number, moment, bound):
    """Lowest SNR after data frame ``moment``, and the time in s until it stays near the bound."""
    window = int(0.1 * FRAMES)
    energy = np.cumsum(np.mean(errors**2, axis=1))
    trail = -10 * np.log10((energy[window:] - energy[:-window]) / window / LEVEL**2)
    ends = number[window:]
    after = ends >= moment
    low = np.flatnonzero(after & (trail < bound - 3))
    if not len(low):
        return float(trail[after].min()), 0.0
    if low[-1] == len(ends) - 1:
        return float(trail[after].min()), np.inf
    return float(trail[after].min()), float((ends[low[-1]] + 1 - moment) / FRAMES)


def _told(events, moment):
    told = [f"{kind.name} {(number - moment) / FRAMES * 1000:.0f} ms" for number, kind in events]
    if len(told) > 4:
        told[2:-1] = [f"{len(told) - 3} more"]
    return ", ".join(told) or "none"


# --- Events --------------------------------------------------------------------------------------

#: What happens: hits of :class:`sim.line.Conditions`, or a slip in the network.
EVENTS = {
    "slip, octet twice": {"slip": 1},
    "slip, octet lost": {"slip": -1},
    "dropout of 20 ms": {"gain_hits": ((0.0, 0.02, -np.inf),)},
    "impulses for 10 ms": {"impulses": ((0.0, 0.01, 10.0),)},
    "no signal from then on": {"gain_hits": ((0.0, 60.0, -np.inf),)},
}

#: Seconds from the first data to the event, and of data after it.
_EVENT_AT, _EVENT_AFTER = 0.5, 1.5

#: Octets of an HDLC frame in these calls.
_FRAME = 60

#: Samples that receiver and decoder take at a time: 20 ms.
_PIECE = 320

#: What a receiver says when it notices one.
_NOTICED = Kind.DISTURBED, Kind.LOST

#: Data frames by which a hit may seem to come earlier than it did.
_AHEAD = 8


def _sets(deviation):
    """Six equal constellations, and six of which one is that of an interval with a robbed bit."""
    wide = 2 * MARGIN * deviation * 10 ** (3 / 20)
    equal = constellation(wide)
    # A robbed bit of 1 leaves even Ucodes in A-law.
    return {
        "equal": (equal,) * INTERVALS,
        "one robbed": (equal,) * (INTERVALS - 1) + (constellation(wide, ucodes=range(0, 128, 2)),),
    }


def _framed(parameters, frames, rng):
    """HDLC frames, all different, that fill so many data frames; and their octets."""
    payloads = []
    framer, bits, room = Framer(), [], frames * parameters.data_bits
    while room > 0:
        payload = len(payloads).to_bytes(4, "big") + rng.bytes(_FRAME - 4)
        payloads.append(payload)
        bits.append(framer.process([payload]))
        room -= len(bits[-1])
    encoder = Encoder(parameters)
    encoder.fill(np.concatenate(bits))
    return payloads, encoder.frames(frames)


class _Listener:
    """Decodes a receiver's data frames one after the other, and notes what the decoder says."""

    def __init__(self, parameters):
        self._decoder, self._deframer = Decoder(parameters), Deframer()
        self.frames, self.complaint, self._turned = [], np.inf, False

    def process(self, decisions, first, last):
        """Take the data frames from ``first`` to before ``last``."""
        decoder, deframer = self._decoder, self._deframer
        for i in np.flatnonzero((decisions.number >= first) & (decisions.number < last)):
            octets = g711.octet(decisions.ucode[i], decisions.sign[i], LAW)
            begin = 0
            if decisions.first[i] and not self._turned:
                # After a turn, data frames begin where the interval is nought.
                self._turned = True
                decoder.change(decoder.parameters)
                begin = INTERVALS - int(decisions.first[i])
            before = decoder.illegal + decoder.overflows + deframer.bad
            bits = decoder.process(octets[begin:])
            if len(bits):
                self.frames += deframer.process(bits)
            after = decoder.illegal + decoder.overflows + deframer.bad
            if after > before:
                self.complaint = min(self.complaint, int(decisions.number[i]))


def events(names=("codec", "26awg-12kft", "tap-18kft"), kinds=EVENTS):
    """Slips, a dropout, a burst: detected within 50 ms, then recovered or lost, nothing forged.

    Each with equal constellations, where nothing but the decoder can see a slip, and with one of an
    interval whose bit is robbed. Data are HDLC frames at a rate that leaves 3 dB. After a slip the
    receiver is told to turn once it is detected, and is to deliver frames again.
    """
    cases = [
        _Event(name, title, intervals, what, dict(kinds[what]))
        for name, snr in zip(names, trained_snr(names), strict=True)
        for title, intervals in _sets(LEVEL * 10 ** (-snr / 20)).items()
        for what in kinds
    ]
    samples = together([case.samples for case in cases])
    levels = [levels_of(case.intervals) for case in cases]
    receiver = Receiver(_TRAINING, levels, DATA_AT, lines=len(cases))
    for begin in range(0, samples.shape[1], _PIECE):
        decisions = receiver.process(samples[:, begin : begin + _PIECE])
        for k, case in enumerate(cases):
            if (turn := case.process(decisions[k])) is not None:
                receiver.turn(turn, k)
    return [case.row() for case in cases]


class _Event:
    """A call with an event in its data, and what receiver and decoder say about it."""

    def __init__(self, name, title, intervals, what, hits):
        self.name, self.title, self.what, self.intervals = name, title, what, intervals
        frames = int((_EVENT_AT + _EVENT_AFTER) * FRAMES)
        parameters = mapping(intervals)
        self._payloads, self._octets = _framed(parameters, frames, np.random.default_rng(92))
        sent = np.concatenate([preamble(DATA_AT), self._octets])
        at = BEFORE + INTERVALS * DATA_AT + int(_EVENT_AT * OCTETS) + 2
        self._slip = hits.pop("slip", 0)
        if self._slip:
            sent = Network(slips=((at, self._slip),)).process(sent)
        self.samples = samples_of(name, sent, at=at, **hits)
        # Hits are of the samples, of which the equaliser takes in some before it decides.
        self._moment = (at - BEFORE) // INTERVALS - _AHEAD * (not self._slip)
        self._last = DATA_AT + frames - 4
        self._listener, self._noticed = _Listener(parameters), []
        self._wrong, self._good, self._seen = [], [], np.inf

    def process(self, decisions):
        """Take a piece; return how to turn the receiver, once, when something is noticed."""
        mine = [event for event in decisions.events if self._moment <= event[0] < self._last]
        self._noticed += mine
        self._listener.process(decisions, DATA_AT, self._last)
        self._wrong.append(_wrong(decisions, self._octets, DATA_AT))
        at = decisions.number - DATA_AT
        self._good.append(decisions.good[(at >= 0) & (at < len(self._octets) // INTERVALS)])
        if self._seen < np.inf:
            return None
        told = [number for number, kind in mine if kind in _NOTICED]
        self._seen = min([*told, self._listener.complaint])
        # A host would try all intervals; which one is right is known here.
        return -self._slip if self._seen < np.inf else None

    def row(self):
        wrong, good = np.concatenate(self._wrong) > 0, np.concatenate(self._good)
        begin = self._moment - DATA_AT
        hit = self._moment
        if not self._slip and wrong[begin:].any():
            hit += int(np.flatnonzero(wrong[begin:])[0])
        frames, known = self._listener.frames, set(self._payloads)
        forged = sum(frame not in known for frame in frames)
        # The last frames are cut off by the call's end.
        back = bool(set(frames[-3:]) & set(self._payloads[-8:]))
        told = [number for number, kind in self._noticed if kind in _NOTICED]
        gone = any(kind is Kind.GIVEN_UP for _, kind in self._noticed)
        after = (self._seen - hit) / FRAMES * 1000

        def when(number):
            return (number - hit) / FRAMES * 1000 if number < np.inf else "-"

        return Row(self.name, {
            "intervals": self.title, "event": self.what,
            "receiver ms": when(min(told, default=np.inf)),
            "decoder ms": when(self._listener.complaint),
            "unflagged": "-" if self._slip else int(np.count_nonzero(wrong & good)),
            "HDLC lost": len(known - set(frames)), "forged": forged, "back": _yes(back),
            "events": _told(self._noticed, hit),
        }, after <= 50 and (back or gone) and not forged)  # fmt: skip


# --- Real calls ----------------------------------------------------------------------------------

#: Octets before Sd that a receiver hears of a real call, and those after Jd that end it.
_HEARD_BEFORE, _HEARD_AFTER = 4000, 200

#: Lines that each real call goes through, and the range of the clock's offset.
_LINES_A_CALL, _PPM = 4, 150


def _calls(folder):
    """Name, facts and octets from ``_HEARD_BEFORE`` before Sd on, of each real call."""
    for path in sorted(folder.glob("*/call.json")):
        facts = json.loads(path.read_text())
        octets = np.fromfile(path.parent / "down.al", np.uint8)
        heard = slice(facts["samples"]["sd"] - _HEARD_BEFORE, facts["samples"]["dil"])
        yield path.parent.name, facts, octets[heard.start : heard.stop + _HEARD_AFTER]


def _level_of(facts):
    return int(g711.linear(facts["u_info_received"], LAW))


def _levels_of(facts):
    level = _level_of(facts)
    return Levels(((level,),) * INTERVALS, ((facts["u_info_received"],),) * INTERVALS)


def jd_bits(signs, symbols):
    """Bits after TRN1d of so many ``symbols`` from the signs of both (8.4.2/V.90).

    The differential decoder begins with TRN1d's last symbol, the descrambler with its last 23.
    """
    descrambler = Descrambler(GPC)
    descrambler.process(signs[:symbols])
    return descrambler.process(signs[symbols:] ^ signs[symbols - 1 : -1])


def _read(facts, decisions):
    """Columns for what a receiver made of a real call, and whether nothing is missing."""
    symbols = facts["samples"]["trn1d_symbols"]
    end = facts["samples"]["dil"] - facts["samples"]["trn1d"]
    number = decisions.number
    whole = bool(len(number)) and np.array_equal(np.diff(number), np.ones(len(number) - 1))
    trained = (TRAINED_AT, Kind.TRAINED) in decisions.events
    whole = bool(whole and trained and number[0] == TRAINED_AT)
    wrong, frames, snr = symbols, [], -np.inf
    if whole:
        first = INTERVALS * TRAINED_AT
        true = training.trn1d(0, symbols)[1]
        signs = np.concatenate([true[:first], decisions.sign.reshape(-1)])
        wrong = int(np.count_nonzero(signs[:symbols] != true))
        frames = JD.find(jd_bits(signs[:end], symbols))
        level = _level_of(facts)
        errors = decisions.fine.reshape(-1)[: end - first] / 16
        errors = np.abs(errors) - level
        snr = float(-10 * np.log10(np.mean(errors**2) / level**2))
    told = [n for n, kind in decisions.events if kind in _NOTICED and n < end // INTERVALS]
    columns = {
        "Sd": _yes(any(kind is Kind.DETECTED for _, kind in decisions.events)),
        "trained": _yes(trained), "TRN1d wrong": wrong, "Jd": len(frames),
        "of": facts["jd_frames"], "SNR": snr, "disturbed": len(told),
    }  # fmt: skip
    alike = len({tuple(fields.items()) for _, fields in frames}) == 1
    return columns, whole and not wrong and alike and len(frames) == facts["jd_frames"]


def real_calls(folder):
    """Real calls through D/A and four lines each, at 45 dB and offsets from -150 to 150 ppm.

    Sd is to be found, TRN1d without an error after training, every Jd with a good CRC.
    """
    cases, names = [], list(lines.known())
    for call in _calls(folder):
        for _ in range(_LINES_A_CALL):
            cases.append((*call, names[len(cases) % len(names)]))
    # Neighbouring cases are far apart in ppm, and no offset is there twice.
    spread = np.linspace(-_PPM, _PPM, len(cases))
    order = np.random.default_rng(93).permutation(len(cases))
    samples = [
        samples_of(name, octets, level=_level_of(facts), ppm=float(spread[place]), seed=i)
        for i, ((_, facts, octets, name), place) in enumerate(zip(cases, order, strict=True))
    ]
    rows = []
    decisions = Receiver([_levels_of(facts) for _, facts, *_ in cases], lines=len(cases)).process(
        together(samples)
    )
    for (call, facts, _, name), place, one in zip(cases, order, decisions, strict=True):
        columns, met = _read(facts, one)
        rows.append(Row(call, {"line": name, "ppm": float(spread[place]), **columns}, met))
    return rows


def raw_calls(folder):
    """Real calls as octets without a line, twice as many samples: every Jd is to be read."""
    # Sd has half of its power at 4 kHz. A line leaves little of that; a filter whose edge's middle
    # were there would let it ring on through the reversal.
    rows, taps = [], signal.firwin(401, 0.475, window=("kaiser", 8.0))
    calls = list(_calls(folder))
    samples = [
        np.rint(signal.resample_poly(values(octets, LAW), 2, 1, window=taps)).astype(np.int64)
        for *_, octets in calls
    ]
    samples = np.clip(together(samples), -32768, 32767)
    receiver = Receiver([_levels_of(facts) for _, facts, _ in calls], lines=len(calls))
    for (call, facts, _), one in zip(calls, receiver.process(samples), strict=True):
        columns, met = _read(facts, one)
        rows.append(Row(call, columns, met))
    return rows


# --- Speed ---------------------------------------------------------------------------------------


def speeds(counts=((1, 2), (64, 30)), repeats=2):
    """Times real time, in sum, of receivers side by side in TRN1d, and what is demanded."""
    octets = preamble(1600)
    row = samples_of("26awg-9kft", octets)
    rows = []
    for count, demanded in counts:
        samples, best = together([row] * count), np.inf
        for _ in range(repeats):
            receiver = Receiver(_TRAINING, lines=count)
            start = time.perf_counter()
            receiver.process(samples)
            best = min(best, time.perf_counter() - start)
        times = count * len(row) / SAMPLES / best
        rows.append(Row("golden receiver", {
            "lines": count, "times real time": times, "at least": demanded,
        }, times >= demanded))  # fmt: skip
    return rows


def gateware(names=("codec", "26awg-12kft", "tap-18kft"), frames=1400):
    """The compiled receiver beside golden, over both solutions: equal, and times real time."""
    from sim.call import demand_same
    from sim.receiving import ReceiverGateware

    engine, rows = ReceiverGateware(), []
    for seed, name in enumerate(names):
        samples = samples_of(name, preamble(frames), ppm=100.0 - 100 * seed, seed=seed)
        golden = Receiver(_TRAINING).process(samples)
        start = time.perf_counter()
        result = engine.process(samples, _TRAINING)
        taken = time.perf_counter() - start
        try:
            demand_same((golden, None), (result, None))
            equal = True
        except CallFailed:
            equal = False
        times = len(samples) / SAMPLES / taken
        rows.append(Row(name, {
            "data frames": len(golden.number), "equal": _yes(equal),
            "Mcycle/s": engine.cycles / taken / 1e6,
            "MHz needed": engine.cycles / (len(samples) / SAMPLES) / 1e6, "times real time": times,
        }, equal and times >= 1))  # fmt: skip
    return rows
