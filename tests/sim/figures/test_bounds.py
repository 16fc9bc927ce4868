"""Bounds by hand, and against each other."""

import numpy as np
import pytest

from golden.pcm import g711
from sim.figures import bounds, trials
from sim.figures.trials import TRIAL_LAW


def test_the_bound_by_hand(monkeypatch):
    """One impulse: all energy in one sample of two, nothing to equalise; the matched filter's SNR.

    The noise is that in both samples of a symbol, so one of them has 3 dB more than the line.
    """
    monkeypatch.setattr(bounds, "impulse", lambda name: np.eye(1, 40, 5)[0])
    bound = bounds.mmse_bound("one", (20, 40))
    assert np.allclose(bound, [20 + 10 * np.log10(2), 40 + 10 * np.log10(2)], atol=1e-6)
    # A postcursor within the reach of the feedback costs its energy and nothing else.
    response = np.eye(1, 40, 5)[0] + np.eye(1, 40, 9)[0]
    monkeypatch.setattr(bounds, "impulse", lambda name: response)
    with_feedback = bounds.mmse_bound("two", (40,))[0]
    without = bounds.mmse_bound("two", (40,), feedback=0)[0]
    # The power of noise goes with the response's, twice as large here.
    assert np.isclose(with_feedback, 40, atol=0.05) and without < with_feedback - 10


def test_more_taps_are_no_worse():
    few, more = (bounds.mmse_bound("26awg-9kft", (45,), *taps)[0] for taps in ((24, 8), (64, 32)))
    assert few < more < 60


def test_the_fit_and_the_bound_agree():
    octets = trials.preamble(1400)
    samples = trials.samples_of("26awg-9kft", octets, seed=5)
    fitted = bounds.fitted_bound(samples, octets, 6000)
    assert abs(fitted - bounds.mmse_bound("26awg-9kft", (trials.USUAL_SNR,))[0]) < 0.3


def test_expected_errors():
    """Two points: all errors are of one decision; 1e-6 at the margin for an inner point."""
    level = float(g711.linear(100, TRIAL_LAW))
    assert bounds.expected_errors((100,), level / bounds.DEVIATIONS_TO_BOUND, 1e6) == pytest.approx(
        0.5, 0.01
    )
