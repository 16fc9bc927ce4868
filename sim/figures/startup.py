"""Whole start-ups on simulated lines: rates, errors and times, beside their bounds.

The analogue modem must learn the network. The bound knows it: the highest rate whose points stay
apart at the noise of the best equaliser (:func:`sim.figures.bounds.mmse_bound`).
"""

from dataclasses import replace
from functools import cache

import numpy as np

from golden.errors import CallFailed
from golden.learning import constellations
from golden.modem.states import AnaloguePhase
from golden.pcm import g711
from golden.pcm.parameters import FRAMES_A_SECOND, OCTET_RATE
from golden.signals.training import dil_lengths
from sim import work
from sim.calls import design
from sim.calls.description import Call
from sim.calls.session import Session
from sim.figures.bounds import mmse_bound
from sim.figures.row import Row
from sim.world import lines
from sim.world.conditions import Conditions
from sim.world.network import NetworkParameters

#: Networks by name: parameters for a call in law ``law``.
NETWORKS = {
    "clean": lambda law: {},
    "one robbed bit": lambda law: {"robbed": ("", "", "1", "", "", "")},
    "two robbed bits": lambda law: {"robbed": ("", "01", "", "", "0", "")},
    "3 dB pad": lambda law: {"pad": 3.0},
    "6 dB pad": lambda law: {"pad": 6.0},
    "mu to A": lambda law: {"output_law": "A"},
    "A to mu": lambda law: {"output_law": "mu"},
}

#: The one that a law does without: a conversion to itself.
_SKIPPED = {"mu": "A to mu", "A": "mu to A"}

#: Seconds of data, and those in which they must have begun.
SECONDS_OF_DATA, SECONDS_TO_START = 5.0, 8.0

#: Symbols of 9.3.1 and 9.4.1 that no start-up can do without, beside DIL: Sd, S-bar-d, TRN1d, one
#: Jd, Jd', Ri, R-bar, TRN2d, Ed and B1d.
LEAST_SYMBOLS = 384 + 48 + 2040 + 72 + 12 + 192 + 24 + 2040 + 12 + 288


def start_ups(names, laws=g711.LAWS, networks=tuple(NETWORKS), snrs=(40.0, 50.0), power=-12.0):
    """A list of ``(name, law, network, snr, Call)`` of all cases."""
    cases = []
    for name in names:
        for law in laws:
            for network in networks:
                if network == _SKIPPED[law]:
                    continue
                for snr in snrs:
                    p = NetworkParameters(law=law, **NETWORKS[network](law))
                    conditions = Conditions(snr=snr, seed=len(cases), phase=0.37)
                    call = Call(law, name, conditions, p, power)
                    cases.append((name, law, network, snr, call))
    return cases


def best(call, snr, margin, sr=0, filter=constellations.FILTER):
    """Mapping parameters of the highest rate at an SNR in dB, with the network known.

    Raises :class:`~golden.errors.CallFailed` where there are none.
    """
    arrived = design.arrivals(replace(call.network, law=call.law))
    level = float(np.sqrt(np.mean(np.stack(arrived)[:, :, call.u_info].astype(np.float64) ** 2)))
    least = constellations.distances(level * 10 ** (-snr / 20), margin)
    return constellations.Designer(
        arrived, call.law, least, sr, 3 if sr else 0, filter, call.power
    ).best()


def bound(call, margin=0.0):
    """Highest rate (bit/s, 0: none) of points that stay apart, with network and line known."""
    try:
        return float(best(call, _snr(call.line, call.conditions.snr), margin).rate)
    except CallFailed:
        return 0.0


@cache
def _snr(name, snr):
    return float(mmse_bound(name, (snr,))[0])


def _measure(cases, seconds=SECONDS_OF_DATA):
    """Rows of one batch: all its sessions side by side."""
    session = Session([case[-1] for case in cases])
    rng = np.random.default_rng(5)
    most = int(56000 * (SECONDS_TO_START + seconds))
    sent = [rng.integers(0, 2, most, np.uint8) for _ in cases]
    for modem, bits in zip(session.digital, sent, strict=True):
        modem.send(bits)
    due = [None] * len(cases)

    def done(session):
        for k, analogue in enumerate(session.analogue):
            if (
                due[k] is None
                and analogue.phase is AnaloguePhase.DATA
                and session.digital[k].in_data
            ):
                due[k] = session.now + int(seconds * FRAMES_A_SECOND)
        return all(end is not None and session.now >= end for end in due)

    session.run(int((SECONDS_TO_START + seconds) * FRAMES_A_SECOND), done)
    rows = []
    for k, case in enumerate(cases):
        rows.append(_row(case, session.digital[k], session.analogue[k], sent[k], due[k]))
    return rows


def _row(case, digital, analogue, sent, due):
    name, law, network, snr, call = case
    reading = analogue.reading
    got = analogue.take()
    wrong = int(np.count_nonzero(got != sent[: len(got)]))
    begin = next((s.first for s in digital.timeline if s.signal == "Sd"), 0)
    end = next((s.first for s in digital.timeline if s.signal == "data"), None)
    rate = float(reading.cp.rate) if reading.cp and due is not None else 0.0
    zero = 0.0
    if due is not None and reading.phase4_deviation is not None:
        try:
            # The rate that it would ask for without a margin, from its measurements.
            zero = float(analogue.best(reading.phase4_deviation, 0.0).rate)
        except CallFailed:
            pass
    most = bound(call)
    seconds = (end - begin) / FRAMES_A_SECOND if end else np.nan
    dil = int(np.sum(dil_lengths(analogue.descriptor))) * reading.passes
    late = seconds - (LEAST_SYMBOLS + dil) / OCTET_RATE
    trainings = len(analogue.readings)
    changes = sum(s.signal == "Rd" for s in digital.timeline)
    values = {
        "law": law,
        "network": network,
        "SNR": snr,
        "bound": most,
        "no margin": zero,
        "rate": rate,
        "bits": len(got),
        "wrong": wrong,
        "Sd to data s": seconds,
        "beyond least s": late,
        "trainings": trainings,
        "renegotiations": changes,
        "found": "; ".join(reading.impairments.sentences) if reading.impairments else "-",
    }
    # One step of Table 2, whose rates are no whole numbers; nine tenths of the data at least.
    near = most - zero <= FRAMES_A_SECOND + 1
    good = due is not None and not wrong and len(got) > 0.9 * SECONDS_OF_DATA * rate
    return Row(name, values, bool(good and near and late <= 1.0))


def matrix(names=None, batch=48, workers=work.HERE, **which):
    """Rows of all cases of :func:`start_ups`, in batches that processes share."""
    cases = start_ups(list(names or lines.known()), **which)
    batches = [cases[at : at + batch] for at in range(0, len(cases), batch)]
    return [row for rows in work.ordered(_measure, batches, workers) for row in rows]


def highest():
    """Rows of the bare codec at 60 dB and -6 dBm0, where 56 000 bit/s is to be reached."""
    cases = start_ups(["codec"], networks=("clean",), snrs=(60.0,), power=-6.0)
    return [replace(row, met=row.met and row.values["rate"] == 56000) for row in _measure(cases)]
