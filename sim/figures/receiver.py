"""The analogue modem's receiver in TRN1d, measured, beside its bounds.

Every function returns a list of :class:`sim.figures.row.Row`; its parameters can shorten the work.
Numbers are the same each time, but for :func:`speeds` and :func:`gateware`. The calls are those of
:mod:`sim.figures.trials`.
"""

import time

import numpy as np

from golden.errors import CallFailed
from golden.pcm.parameters import INTERVALS, OCTET_RATE
from golden.receiver.receiver import Receiver
from golden.receiver.reference import receive_reference
from golden.receiver.timetable import Kind
from golden.receiver.timing import SAMPLE_RATE
from sim.figures.bounds import mmse_bound
from sim.figures.row import Row, yes
from sim.figures.trials import (
    FRAMES_A_SECOND,
    TRAINED_AT,
    TRN1D_LEVELS,
    USUAL_SNR,
    errors_of,
    preamble,
    samples_of,
    snr_between,
    snr_curve,
    snr_of,
    together,
    trn1d_values,
)
from sim.world import lines

#: Line SNRs in dB.
LINE_SNRS = (30, 40, 45, 50, 60)


def first_training(names=None, seeds=10):
    """SNR after 2040 symbols of TRN1d at 45 dB: within 1.5 dB of :func:`mmse_bound`.

    It is measured over 600 data frames, with a standard deviation of 0.1 dB, for several seeds of
    the noise. The worst counts. Seeds differ in the clock's offset that the receiver takes from Sd.
    """
    names, frames = list(names or lines.known()), TRAINED_AT + 620
    octets, truth = preamble(frames + 4), trn1d_values(frames)
    samples = [
        samples_of(name, octets, seed=seeds * i + k)
        for i, name in enumerate(names)
        for k in range(seeds)
    ]
    decisions = Receiver(TRN1D_LEVELS, lines=len(samples)).process(together(samples))
    rows = []
    for i, name in enumerate(names):
        bound = float(mmse_bound(name, (USUAL_SNR,))[0])
        found = [
            snr_between(one, truth, TRAINED_AT + 16, frames)
            for one in decisions[seeds * i : seeds * (i + 1)]
        ]
        rows.append(
            Row(
                name,
                {
                    "bound": bound,
                    "best": max(found),
                    "worst": min(found),
                    "lacks": bound - min(found),
                    "calls": seeds,
                    "short of it": sum(bound - snr > 1.5 for snr in found),
                },
                bound - min(found) <= 1.5,
            )
        )
    return rows


def convergence(names=None, snrs=LINE_SNRS, frames=3340, curves=(USUAL_SNR,)):
    """SNR after 8000 symbols of TRN1d: within 0.7 dB of :func:`mmse_bound`; no clock offset.

    It is measured over 2000 data frames, with a standard deviation of 0.06 dB. Rows with an SNR of
    ``curves`` have a curve: the SNR over time.
    """
    names, octets, truth = list(names or lines.known()), preamble(frames), trn1d_values(frames)
    cases = [(name, snr) for snr in snrs for name in names]
    samples = together([samples_of(*_case(case, octets), seed=i) for i, case in enumerate(cases)])
    decisions = Receiver(TRN1D_LEVELS, lines=len(cases)).process(samples)
    bounds = {name: dict(zip(snrs, mmse_bound(name, snrs), strict=True)) for name in names}
    rows = []
    for (name, snr), one in zip(cases, decisions, strict=True):
        bound = float(bounds[name][snr])
        early = snr_between(one, truth, TRAINED_AT + 16, TRAINED_AT + 616)
        late = snr_between(one, truth, 8000 // INTERVALS + 7, frames)
        curve = snr_curve(*errors_of(one, truth)) if snr in curves else None
        rows.append(
            Row(
                name,
                {
                    "line SNR": snr,
                    "bound": bound,
                    "after 2040": early,
                    "after 8000": late,
                    "lacks": bound - late,
                },
                bound - late <= 0.7,
                curve,
            )
        )
    return rows


def _case(case, octets):
    name, snr = case
    return name, octets, snr


def against_reference(names=None, snrs=(30, 50), frames=1660):
    """Golden against its float64 reference on the same samples: 0.3 dB at most."""
    octets, truth = preamble(frames), trn1d_values(frames)
    cases = [(name, snr) for snr in snrs for name in names or lines.known()]
    samples = together([samples_of(*_case(case, octets), seed=i) for i, case in enumerate(cases)])
    decisions = Receiver(TRN1D_LEVELS, lines=len(cases)).process(samples)
    rows = []
    for (name, snr), row, golden in zip(cases, samples, decisions, strict=True):
        reference = receive_reference(row, TRN1D_LEVELS)
        kept = reference.number < frames
        number = reference.number[kept]
        errors = reference.soft[kept] - truth[number]
        numbers = {"line SNR": snr}
        for when, first in (("2040", TRAINED_AT + 16), ("8000", 8000 // INTERVALS + 7)):
            last = min(first + 600, frames)
            exact = snr_of(errors[(number >= first) & (number < last)])
            ours = snr_between(golden, truth, first, last)
            numbers |= {f"float64 {when}": exact, f"lacks {when}": exact - ours}
        rows.append(Row(name, numbers, max(numbers["lacks 2040"], numbers["lacks 8000"]) <= 0.3))
    return rows


def clock(names=None, offsets=((200.0, 1.0), (-200.0, -1.0)), seconds=3.5):
    """Offset and drift of the client's clock: acquired within TRN1d, 0.3 dB lost at most at 45 dB.

    It is compared with the same line at 0 ppm, over the last two seconds. Differences have a
    standard deviation of 0.07 dB.
    """
    frames = int(seconds * FRAMES_A_SECOND)
    octets, truth = preamble(frames), trn1d_values(frames)
    names = list(names or lines.known())
    cases = [(name, *offset) for name in names for offset in ((0.0, 0.0), *offsets)]
    samples = together(
        [samples_of(name, octets, ppm=ppm, drift=drift, seed=1) for name, ppm, drift in cases]
    )
    decisions = Receiver(TRN1D_LEVELS, lines=len(cases)).process(samples)
    rows = []
    for (name, ppm, drift), one in zip(cases, decisions, strict=True):
        late = snr_between(one, truth, frames - int(2 * FRAMES_A_SECOND), frames)
        if not ppm:
            plain = late
            continue
        # The receiver's step is the time of half a symbol beyond one sample.
        last = one.number < frames
        found = one.step[last][-1] / 2**32 * 1e6 if last.any() else np.nan
        true = ppm + drift * len(octets) / OCTET_RATE
        acquired = (TRAINED_AT, Kind.TRAINED) in one.events
        rows.append(
            Row(
                name,
                {
                    "ppm": ppm,
                    "ppm/s": drift,
                    "trained": yes(acquired),
                    "SNR": late,
                    "lost dB": plain - late,
                    "ppm off": float(found - true),
                },
                acquired and plain - late <= 0.3,
            )
        )
    return rows


def speeds(counts=((1, 2), (64, 30)), repeats=2):
    """Times real time, in sum, of receivers side by side in TRN1d, and the demand."""
    octets = preamble(1600)
    row = samples_of("26awg-9kft", octets)
    rows = []
    for count, demanded in counts:
        samples, best = together([row] * count), np.inf
        for _ in range(repeats):
            receiver = Receiver(TRN1D_LEVELS, lines=count)
            start = time.perf_counter()
            receiver.process(samples)
            best = min(best, time.perf_counter() - start)
        times = count * len(row) / SAMPLE_RATE / best
        rows.append(
            Row(
                "golden receiver",
                {
                    "lines": count,
                    "times real time": times,
                    "at least": demanded,
                },
                times >= demanded,
            )
        )
    return rows


def gateware(names=("codec", "26awg-12kft", "tap-18kft"), frames=1400):
    """The compiled receiver beside golden, over both solutions: equal, and times real time."""
    from sim.calls.gateware_receiver import ReceiverGateware
    from sim.calls.reception import demand_same

    engine, rows = ReceiverGateware(), []
    for seed, name in enumerate(names):
        samples = samples_of(name, preamble(frames), ppm=100.0 - 100 * seed, seed=seed)
        golden = Receiver(TRN1D_LEVELS).process(samples)
        start = time.perf_counter()
        result = engine.process(samples, TRN1D_LEVELS)
        taken = time.perf_counter() - start
        try:
            demand_same((golden, None), (result, None))
            equal = True
        except CallFailed:
            equal = False
        times = len(samples) / SAMPLE_RATE / taken
        rows.append(
            Row(
                name,
                {
                    "data frames": len(golden.number),
                    "equal": yes(equal),
                    "Mcycle/s": engine.cycles / taken / 1e6,
                    "MHz needed": engine.cycles / (len(samples) / SAMPLE_RATE) / 1e6,
                    "times real time": times,
                },
                equal and times >= 1,
            )
        )
    return rows
