"""The analogue modem's receiver in data, measured, beside its bounds."""

import numpy as np

from golden.pcm import g711
from golden.pcm.parameters import INTERVALS, OCTET_RATE, MappingParameters
from golden.receiver.receiver import Receiver
from golden.receiver.slicer import Levels
from golden.receiver.timetable import Kind
from sim.figures.bounds import DEVIATIONS_TO_BOUND, expected_errors, fitted_bound
from sim.figures.row import Row
from sim.figures.trials import (
    DATA_AT,
    FRAMES_A_SECOND,
    TRIAL_LAW,
    TRN1D_LEVELS,
    TRN1D_VALUE,
    errors_of,
    events_text,
    preamble,
    samples_of,
    snr_between,
    snr_curve,
    snr_of,
    together,
    trn1d_values,
    wrong_symbols,
)
from sim.world import lines
from sim.world.network import Network, values

#: Pole of the network's high-pass in the real calls.
POLE = 0.953


def constellation(distance, power=TRN1D_VALUE**2, ucodes=range(128)):
    """Ucodes at least ``distance`` apart, signs included, with this mean square at most.

    They begin with the lowest. The highest is as high as the power allows.
    """
    for top in range(128, 0, -1):
        chosen, last = [], -distance / 2
        for ucode in (u for u in ucodes if u < top):
            level = int(g711.linear(ucode, TRIAL_LAW))
            if level - last >= distance and 2 * level >= distance:
                chosen.append(ucode)
                last = level
        if chosen and np.mean(g711.linear(np.array(chosen), TRIAL_LAW) ** 2) <= power:
            return tuple(chosen)
    raise ValueError(f"no constellation has a distance of {distance:g}")


def levels_of(intervals):
    """Levels for six constellations."""
    return Levels(
        tuple(
            tuple(int(level) for level in g711.linear(np.array(one), TRIAL_LAW))
            for one in intervals
        ),
        tuple(intervals),
    )


def mapping(intervals):
    """Mapping parameters of the highest rate that six constellations bear without shaping."""
    product = np.prod([float(len(one)) for one in intervals])
    bits = min(int(np.floor(np.log2(product))), 36)
    distinct = sorted(set(intervals))
    return MappingParameters(
        "CP",
        bits + INTERVALS - 20,
        0,
        0,
        TRIAL_LAW,
        0,
        0,
        0,
        0,
        tuple(distinct.index(one) for one in intervals),
        tuple(distinct),
    )


def trained_snr(names, frames=DATA_AT + 1000):
    """SNR in dB of each line at 45 dB once it has settled."""
    octets, truth = preamble(frames), trn1d_values(frames)
    samples = together([samples_of(name, octets) for name in names])
    decisions = Receiver(TRN1D_LEVELS, lines=len(names)).process(samples)
    return [snr_between(one, truth, DATA_AT, frames) for one in decisions]


def data(names=None, seconds=10.0):
    """Data at the rate whose least distance has an error rate of 1e-6: no error after 100 ms.

    The SNR is measured in TRN1d beforehand. Points are as far apart as it demands, as many as
    TRN1d's power allows, and equally likely.
    """
    names = list(names or lines.known())
    frames, count = int(seconds * FRAMES_A_SECOND), len(names)
    rng = np.random.default_rng(90)
    snrs = trained_snr(names)
    deviations = [TRN1D_VALUE * 10 ** (-snr / 20) for snr in snrs]
    sets = [constellation(2 * DEVIATIONS_TO_BOUND * deviation) for deviation in deviations]
    start, sent, samples = preamble(DATA_AT), [], []
    for i, (name, ucodes) in enumerate(zip(names, sets, strict=True)):
        ucode = rng.choice(np.array(ucodes, np.uint8), frames * INTERVALS)
        sent.append(g711.octet(ucode, rng.integers(0, 2, len(ucode), np.uint8), TRIAL_LAW))
        samples.append(samples_of(name, np.concatenate([start, sent[-1]]), seed=100 + i))
    levels = [levels_of((ucodes,) * INTERVALS) for ucodes in sets]
    receiver = Receiver(TRN1D_LEVELS, levels, DATA_AT, lines=count)
    decisions = receiver.process(together(samples))
    rows = []
    for name, snr, deviation, ucodes, octets, one in zip(
        names, snrs, deviations, sets, sent, decisions, strict=True
    ):
        truth = values(octets, TRIAL_LAW).reshape(-1, INTERVALS)
        errors, _ = errors_of(one, truth, DATA_AT)
        wrong = wrong_symbols(one, octets, DATA_AT)
        begun = int(0.1 * FRAMES_A_SECOND)
        after = int(wrong[begun:].sum())
        # The call ends before the last data frames' samples.
        whole = len(wrong) >= frames - 20
        symbols = (len(wrong) - begun) * INTERVALS
        rows.append(
            Row(
                name,
                {
                    "SNR": snr,
                    "in data": snr_of(errors[begun:]),
                    "levels": len(ucodes),
                    "bit/s": round(mapping((ucodes,) * INTERVALS).rate),
                    "symbols": symbols,
                    "first 100 ms": int(wrong[:begun].sum()),
                    "errors": after,
                    "expected": expected_errors(ucodes, deviation, symbols),
                },
                whole and after == 0,
            )
        )
    return rows


def high_pass(names=None, distances=(1000, 1500), seconds=4.0, at=1.0):
    """A network's high-pass switches in ``at`` s into data: no loss, back within 3 dB in a second.

    Constellations have these least distances, as at 28 kbit/s. The bound is fitted to the last
    second, which has the network's requantisation. SNRs are means over a tenth of a second.
    """
    names = list(names or lines.known())
    return [row for distance in distances for row in _high_pass(names, distance, seconds, at)]


def _high_pass(names, distance, seconds, at):
    frames = int(seconds * FRAMES_A_SECOND)
    rng = np.random.default_rng(91)
    ucodes = constellation(distance)
    ucode = rng.choice(np.array(ucodes, np.uint8), frames * INTERVALS)
    start = preamble(DATA_AT)
    octets = g711.octet(ucode, rng.integers(0, 2, len(ucode), np.uint8), TRIAL_LAW)
    sent = np.concatenate([start, octets])
    switched = len(start) + int(at * OCTET_RATE)
    filtered = Network(high_pass=POLE, high_pass_at=switched).process(sent)
    samples = [samples_of(name, filtered, seed=i) for i, name in enumerate(names)]
    receiver = Receiver(TRN1D_LEVELS, levels_of((ucodes,) * INTERVALS), DATA_AT, lines=len(names))
    truth = values(octets, TRIAL_LAW).reshape(-1, INTERVALS)
    moment = DATA_AT + int(at * FRAMES_A_SECOND)
    rows = []
    for name, row, one in zip(names, samples, receiver.process(together(samples)), strict=True):
        bound = fitted_bound(row, sent, OCTET_RATE)
        errors, number = errors_of(one, truth, DATA_AT)
        least, back = _recovery(errors, number, moment, bound)
        events = [(n, kind) for n, kind in one.events if moment <= n <= number[-1]]
        lost = sum(kind is Kind.LOST for _, kind in events)
        rows.append(
            Row(
                name,
                {
                    "distance": distance,
                    "bound": bound,
                    "lowest": least,
                    "at the end": snr_of(errors[-int(0.5 * FRAMES_A_SECOND) :]),
                    "back after s": back,
                    "wrong symbols": int(wrong_symbols(one, octets, DATA_AT).sum()),
                    "events": events_text(events, moment),
                },
                not lost and back <= 1.0,
                snr_curve(errors, number),
            )
        )
    return rows


def _recovery(errors, number, moment, bound):
    """Lowest SNR after data frame ``moment``, and the time in s until it stays near the bound."""
    window = int(0.1 * FRAMES_A_SECOND)
    energy = np.cumsum(np.mean(errors**2, axis=1))
    trail = -10 * np.log10((energy[window:] - energy[:-window]) / window / TRN1D_VALUE**2)
    ends = number[window:]
    after = ends >= moment
    low = np.flatnonzero(after & (trail < bound - 3))
    if not len(low):
        return float(trail[after].min()), 0.0
    if low[-1] == len(ends) - 1:
        return float(trail[after].min()), np.inf
    return float(trail[after].min()), float((ends[low[-1]] + 1 - moment) / FRAMES_A_SECOND)
