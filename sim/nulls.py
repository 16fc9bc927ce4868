"""What spectral shaping would bring over a line, and what start-ups choose (5.4.5.6/V.90).

Bounds know the line: the SNR of the best equaliser for a signal without power at DC or at the band
edge, and the rate of points that stay apart at that noise. A start-up knows what it measured.
"""

import numpy as np

from golden import constellations, shaping
from golden.analogue import Phase, training_levels
from golden.errors import CallFailed
from golden.receiver import Receiver
from sim import design, lines
from sim.figures import Row, mmse_bound
from sim.line import Conditions
from sim.session import Session, Setting
from sim.startup import FRAMES

#: SNR in dB of the lines, and numbers of feedback taps: those that the receiver has, and so few
#: that what a transformer does lasts longer.
SNR, FEEDBACK = 50.0, (32, 2)

#: Seconds in which data must have begun.
_START = 6.0


def _rate(setting, level, snr, sr, filter):
    """Rate in bit/s and mapping parameters at an SNR; 0 and None where there are none."""
    network = setting.network
    least = constellations.distances(level * 10 ** (-snr / 20), setting.margin)
    designer = constellations.Designer(
        design.arrivals(network), setting.law, least, sr, 3 if sr else 0, filter, setting.power
    )
    try:
        found = designer.best()
    except CallFailed:
        return 0.0, None
    return float(found.rate), found


def _correlation(values, lags=800):
    spectrum = np.abs(np.fft.rfft(values, 2 * len(values))) ** 2
    found = np.fft.irfft(spectrum)[:lags]
    return tuple(found / found[0])


def _best(name, setting, feedback):
    """By filter: the bound's gain in dB with one sign bit, and the best rate of any Sr."""
    level = float(np.sqrt(np.mean(np.square(
        np.stack(design.arrivals(setting.network))[:, :, setting.u_info].astype(np.float64)
    ))))  # fmt: skip
    plain = float(mmse_bound(name, (SNR,), feedback=feedback)[0])
    found = {"none": (0.0, _rate(setting, level, plain, 0, (0, 0, 0, 0))[0])}
    for where, filter in shaping.FILTERS.items():
        # The spectrum hardly depends on the points: those of the rate without a gain will do.
        _, parameters = _rate(setting, level, plain, 1, filter)
        values = shaping.signal(parameters)
        snr = float(mmse_bound(name, (SNR,), feedback=feedback,
                               correlation=_correlation(values))[0])  # fmt: skip
        found[where] = snr - plain, _rate(setting, level, snr, 1, filter)[0]
    return found


def rows(names=None, feedback=FEEDBACK):
    """A row for each line and number of feedback taps.

    Met when data flow without error, and the start-up shapes where the bound's rate is higher with
    Sr = 1, and does not where it is lower.
    """
    out = []
    for taps in feedback:
        known = list(names or (lines.known() if taps == FEEDBACK[0] else ("codec-transformer",)))
        settings = [
            Setting("A", name, Conditions(snr=SNR, seed=k, phase=0.37))
            for k, name in enumerate(known)
        ]
        receiver = Receiver(
            [training_levels(s.u_info, s.law) for s in settings], lines=len(settings), feedback=taps
        )
        session = Session(settings, receiver=receiver)
        sent = np.random.default_rng(6).integers(0, 2, 400_000, np.uint8)
        for modem in session.digital:
            modem.send(sent)
        session.run(int(_START * FRAMES), lambda s: all(
            a.phase is Phase.DATA and d.in_data
            for a, d in zip(s.analogue, s.digital, strict=True)
        ))  # fmt: skip
        session.run(int(FRAMES))
        for name, setting, analogue in zip(known, settings, session.analogue, strict=True):
            got, cp = analogue.take(), analogue.reading.cp
            best = _best(name, setting, taps)
            gain = max(best, key=lambda where: best[where][0])
            more = max(best[where][1] for where in shaping.FILTERS) - best["none"][1]
            wise = cp is not None and (more == 0 or (more > 0) == (cp.sr > 0))
            right = len(got) > 10_000 and np.array_equal(got, sent[: len(got)])
            out.append(Row(name, {
                "feedback": taps, "most gain": gain, "dB": best[gain][0],
                **{f"rate, {where}": rate for where, (_, rate) in best.items()},
                "Sr": cp.sr if cp else "-", "rate": float(cp.rate) if cp else 0.0,
            }, bool(right and wise)))  # fmt: skip
    return out
