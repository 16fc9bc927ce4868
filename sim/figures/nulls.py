"""The gain of spectral shaping over lines, and the choice of start-ups (5.4.5.6/V.90).

Bounds know the line: the SNR of the best equaliser for a signal without power at DC or at the band
edge, and the rate of points that stay apart at that noise. A start-up knows its measurements.
"""

import numpy as np

from golden.learning import shaping
from golden.modem.states import AnaloguePhase
from golden.pcm.parameters import FRAMES_A_SECOND
from golden.receiver.receiver import Receiver
from golden.receiver.training_levels import training_levels
from sim.calls.description import Call
from sim.calls.session import Session
from sim.figures import startup
from sim.figures.bounds import mmse_bound
from sim.figures.row import Row
from sim.world import lines
from sim.world.conditions import Conditions

#: SNR in dB of the lines, and numbers of feedback taps: the receiver's own, and so few that a
#: transformer's response lasts longer.
NULLS_SNR, FEEDBACK_TAPS = 50.0, (32, 2)

#: Seconds in which data must have begun.
_START = 6.0


def _correlation(values, lags=800):
    spectrum = np.abs(np.fft.rfft(values, 2 * len(values))) ** 2
    found = np.fft.irfft(spectrum)[:lags]
    return tuple(found / found[0])


def _bounds(name, call, feedback):
    """For each filter the gain in dB with one sign bit and the rate in bit/s; "none" is Sr 0."""
    plain = float(mmse_bound(name, (NULLS_SNR,), feedback=feedback)[0])
    found = {"none": (0.0, float(startup.best(call, plain, call.margin).rate))}
    for where, filter in shaping.FILTERS.items():
        # The spectrum hardly depends on the points: those of the rate without a gain will do.
        values = shaping.signal(startup.best(call, plain, call.margin, 1, filter))
        snr = float(
            mmse_bound(name, (NULLS_SNR,), feedback=feedback, correlation=_correlation(values))[0]
        )
        rate = float(startup.best(call, snr, call.margin, 1, filter).rate)
        found[where] = snr - plain, rate
    return found


def rows(names=None, feedback=FEEDBACK_TAPS):
    """A row for each line and number of feedback taps.

    Met when data flow without error, and the start-up shapes if and only if the bound's rate is
    higher with Sr = 1.
    """
    out = []
    for taps in feedback:
        known = list(
            names or (lines.known() if taps == FEEDBACK_TAPS[0] else ("codec-transformer",))
        )
        calls = [
            Call("A", name, Conditions(snr=NULLS_SNR, seed=k, phase=0.37))
            for k, name in enumerate(known)
        ]
        receiver = Receiver(
            [training_levels(s.u_info, s.law) for s in calls], lines=len(calls), feedback=taps
        )
        session = Session(calls, receiver=receiver)
        sent = np.random.default_rng(6).integers(0, 2, 400_000, np.uint8)
        for modem in session.digital:
            modem.send(sent)
        session.run(
            int(_START * FRAMES_A_SECOND),
            lambda s: all(
                a.phase is AnaloguePhase.DATA and d.in_data
                for a, d in zip(s.analogue, s.digital, strict=True)
            ),
        )
        session.run(int(FRAMES_A_SECOND))
        for name, call, analogue in zip(known, calls, session.analogue, strict=True):
            got, cp = analogue.take(), analogue.reading.cp
            best = _bounds(name, call, taps)
            gain = max(best, key=lambda where: best[where][0])
            more = max(best[where][1] for where in shaping.FILTERS) - best["none"][1]
            wise = cp is not None and (more == 0 or (more > 0) == (cp.sr > 0))
            right = len(got) > 10_000 and np.array_equal(got, sent[: len(got)])
            out.append(
                Row(
                    name,
                    {
                        "feedback": taps,
                        "most gain": gain,
                        "dB": best[gain][0],
                        **{f"rate, {where}": rate for where, (_, rate) in best.items()},
                        "Sr": cp.sr if cp else "-",
                        "rate": float(cp.rate) if cp else 0.0,
                    },
                    bool(right and wise),
                )
            )
    return out
