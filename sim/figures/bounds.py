"""Bounds of a line: the SNR of the best equaliser of so many taps, and errors in noise."""

import numpy as np
from scipy import special
from scipy.linalg import toeplitz

from golden.pcm import g711
from golden.receiver.equalizer import FEEDBACK, FORWARD
from sim.figures.trials import TRIAL_LAW, TRN1D_VALUE, impulse
from sim.world.network import values

#: A point's distance to a decision's limit in standard deviations for which the error rate of an
#: inner point is 10**-6: Q^-1(5e-7).
DEVIATIONS_TO_BOUND = 4.8916


def mmse_bound(name, snrs, forward=FORWARD, feedback=FEEDBACK, correlation=(1.0,)):
    """SNR in dB, for each of ``snrs``, of the best decision feedback equaliser with so many taps.

    It follows from the line's response, with right decisions and the best delay. ``correlation`` is
    that of symbols of power 1, from lag 0 on; lags that are not given have none.
    """
    response = impulse(name)
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

    The call has no clock offset: samples stand still against symbols. ``octets`` are those sent,
    before the network. The best of some delays counts, with a symbol less for each tap.
    """
    sent = values(octets, TRIAL_LAW)
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
        best = max(best, -10 * np.log10(np.sum(left**2) / free / TRN1D_VALUE**2))
    return float(best)


def expected_errors(ucodes, deviation, symbols):
    """Symbol errors to expect of a constellation in white noise."""
    magnitude = g711.linear(np.array(ucodes), TRIAL_LAW)
    points = np.sort(np.concatenate([-magnitude, magnitude]))
    tails = special.ndtr(-np.diff(points) / 2 / deviation)
    return float(2 * tails.sum() / len(points) * symbols)
