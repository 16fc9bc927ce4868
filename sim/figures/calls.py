"""The analogue modem's receiver on real calls up to Jd (8.4.2, 8.4.5/V.90), measured."""

import numpy as np
from scipy import signal

from golden.bits.scrambler import GPC, Descrambler
from golden.pcm import g711
from golden.pcm.parameters import INTERVALS
from golden.receiver.receiver import Receiver
from golden.receiver.slicer import Levels
from golden.receiver.timetable import Kind
from golden.signals import training
from golden.signals.sequences import JD
from sim.figures.row import Row, yes
from sim.figures.trials import (
    NOTICED,
    TRAINED_AT,
    TRIAL_LAW,
    samples_of,
    together,
)
from sim.reading import recorded
from sim.world import lines
from sim.world.network import values

#: Octets before Sd that a receiver hears of a real call, and those after Jd that end it.
_HEARD_BEFORE, _HEARD_AFTER = 4000, 200

#: Lines that each real call goes through, and the range of the clock's offset.
_LINES_A_CALL, _PPM = 4, 150


def _calls(folder):
    """Name, facts and octets from ``_HEARD_BEFORE`` before Sd on, of each real call."""
    for call in recorded.calls(folder):
        where = call.facts["samples"]
        heard = slice(where["sd"] - _HEARD_BEFORE, where["dil"] + _HEARD_AFTER)
        yield call.name, call.facts, call.octets[heard]


def _level_of(facts):
    return int(g711.linear(facts["u_info_received"], TRIAL_LAW))


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
    """Columns for a receiver's decisions of a real call, and whether nothing is missing."""
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
    told = [n for n, kind in decisions.events if kind in NOTICED and n < end // INTERVALS]
    columns = {
        "Sd": yes(any(kind is Kind.DETECTED for _, kind in decisions.events)),
        "trained": yes(trained),
        "TRN1d wrong": wrong,
        "Jd": len(frames),
        "of": facts["jd_frames"],
        "SNR": snr,
        "disturbed": len(told),
    }
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
        np.rint(signal.resample_poly(values(octets, TRIAL_LAW), 2, 1, window=taps)).astype(np.int64)
        for *_, octets in calls
    ]
    samples = np.clip(together(samples), -32768, 32767)
    receiver = Receiver([_levels_of(facts) for _, facts, _ in calls], lines=len(calls))
    for (call, facts, _), one in zip(calls, receiver.process(samples), strict=True):
        columns, met = _read(facts, one)
        rows.append(Row(call, columns, met))
    return rows
