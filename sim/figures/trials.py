"""Calls of which all is known, and a receiver's decisions of them, for measurements.

A call here is silence, Sd and S-bar-d (8.4.4/V.90), TRN1d (8.4.5) and data, in A-law. Noise refers
to TRN1d's power at the A/D. SNRs are those of decisions against the values sent, for TRN1d's power.
"""

from functools import cache

import numpy as np

from golden.pcm import g711
from golden.pcm.parameters import FRAMES_A_SECOND, INTERVALS, OCTET_RATE
from golden.receiver.slicer import Levels
from golden.receiver.timetable import SKIPPED, SOLVING, TRAINED, Kind
from golden.receiver.timing import SAMPLE_RATE
from golden.signals import training
from sim.calls.design import CONVERTER_BITS, START_UP_LEVEL, USUAL_SNR, USUAL_U_INFO
from sim.world import lines
from sim.world.conditions import Conditions
from sim.world.line import Line

TRIAL_LAW = "A"

#: PCM value of TRN1d.
TRN1D_VALUE = int(g711.linear(USUAL_U_INFO, TRIAL_LAW))

#: Octets of silence before Sd: whole data frames.
TRIAL_SILENCE = 804

#: First data frame with taps from the first 2040 symbols of TRN1d.
TRAINED_AT = SKIPPED + TRAINED + SOLVING

#: Data frame of the first data here: both solutions are done.
DATA_AT = 1300

TRN1D_LEVELS = Levels(((TRN1D_VALUE,),) * INTERVALS, ((USUAL_U_INFO,),) * INTERVALS)

#: Events of a receiver that notices something wrong.
NOTICED = Kind.DISTURBED, Kind.LOST


def preamble(frames):
    """Octets of silence, Sd, S-bar-d and ``frames`` data frames of TRN1d."""
    signs = np.tile(np.array([0, 1], np.uint8), TRIAL_SILENCE // 2)
    silence = np.zeros(TRIAL_SILENCE, np.uint8), signs
    parts = silence, training.sd(USUAL_U_INFO), training.trn1d(USUAL_U_INFO, INTERVALS * frames)
    return np.concatenate([g711.octet(*part, TRIAL_LAW) for part in parts])


#: Octets before TRN1d.
BEFORE_TRN1D = TRIAL_SILENCE + INTERVALS * (training.SD + training.SD_BAR)


def samples_of(name, octets, snr=USUAL_SNR, level=TRN1D_VALUE, at=0, **conditions):
    """16-bit samples (int64) of a call on a named line; times of hits count from octet ``at``."""
    line = Line(lines.find(name), law=TRIAL_LAW)
    # Two samples of half symbols for each impulse of the PCM value.
    power = float(np.sum(impulse(name) ** 2) / 2 * (level / 32768) ** 2)
    for hits in ("impulses", "gain_hits", "phase_hits"):
        conditions[hits] = tuple(
            (at / OCTET_RATE + start, *rest) for start, *rest in conditions.get(hits, ())
        )
    line.conditions = Conditions(
        snr=snr,
        power=power,
        gain=START_UP_LEVEL - 10 * np.log10(power),
        bits=CONVERTER_BITS,
        phase=0.37,
        **conditions,
    )
    return np.minimum(np.rint(line.process(octets) * 32768), 32767).astype(np.int64)


@cache
def impulse(name):
    return Line(lines.find(name), law=TRIAL_LAW).impulse(SAMPLE_RATE)


def together(rows):
    """Samples of calls side by side ``(lines, n)``; shorter ones are silent at the end."""
    out = np.zeros((len(rows), max(map(len, rows))), np.int64)
    for one, row in zip(out, rows, strict=True):
        one[: len(row)] = row
    return out


def trn1d_values(frames):
    """PCM values ``(frames, 6)`` of TRN1d."""
    signs = training.trn1d(USUAL_U_INFO, INTERVALS * frames)[1].astype(np.int64)
    return ((2 * signs - 1) * TRN1D_VALUE).reshape(-1, INTERVALS)


def errors_of(decisions, truth, first=0):
    """Soft values less ``truth`` (``(n, 6)``, from data frame ``first`` on), and their numbers."""
    at = decisions.number - first
    mine = (at >= 0) & (at < len(truth))
    return decisions.fine[mine] / 16 - truth[at[mine]], decisions.number[mine]


def snr_of(errors):
    """SNR in dB; -inf where there are none."""
    return float(-10 * np.log10(np.mean(errors**2) / TRN1D_VALUE**2)) if errors.size else -np.inf


def snr_between(decisions, truth, first, last):
    errors, number = errors_of(decisions, truth)
    return snr_of(errors[(number >= first) & (number < last)])


def snr_curve(errors, number, window=40):
    """SNR over ``window`` data frames at a time: columns time in s from TRN1d on, and dB."""
    n = len(errors) // window * window
    mean = np.mean(errors[:n].reshape(-1, window * INTERVALS) ** 2, axis=1)
    when = number[:n].reshape(-1, window)[:, -1] / FRAMES_A_SECOND
    return np.stack([when, -10 * np.log10(mean / TRN1D_VALUE**2)])


def wrong_symbols(decisions, octets, first):
    """How many symbols of each data frame from ``first`` on are decided wrongly."""
    sent = octets.reshape(-1, INTERVALS)
    at = decisions.number - first
    mine = (at >= 0) & (at < len(sent))
    decided = g711.octet(decisions.ucode[mine], decisions.sign[mine], TRIAL_LAW)
    return (decided != sent[at[mine]]).sum(-1)


def events_text(events, moment):
    told = [
        f"{kind.name} {(number - moment) / FRAMES_A_SECOND * 1000:.0f} ms"
        for number, kind in events
    ]
    if len(told) > 4:
        told[2:-1] = [f"{len(told) - 3} more"]
    return ", ".join(told) or "none"
