"""The calls of measurements, and their SNRs."""

import numpy as np

from golden.pcm import g711
from golden.pcm.parameters import INTERVALS
from golden.receiver.receiver import Receiver
from golden.receiver.timetable import Kind
from sim.figures import trials
from sim.figures.trials import TRIAL_LAW, TRN1D_VALUE, USUAL_U_INFO


def test_a_call_is_repeatable():
    octets = trials.preamble(10)
    assert len(octets) % INTERVALS == 0 and len(octets) == trials.BEFORE_TRN1D + 60
    first, again, other = (trials.samples_of("codec", octets, seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(first, again) and not np.array_equal(first, other)
    values = trials.trn1d_values(10)
    assert values.shape == (10, INTERVALS) and set(np.abs(values).ravel()) == {TRN1D_VALUE}
    assert (g711.ucode(octets[-60:], TRIAL_LAW) == USUAL_U_INFO).all()
    assert np.array_equal(g711.sign(octets[-60:]), values.ravel() > 0)


def test_errors_are_seen():
    """Decisions with a wrong symbol, a missing data frame, a forged SNR: each shows."""
    octets = trials.preamble(600)
    one = Receiver(trials.TRN1D_LEVELS).process(trials.samples_of("codec", octets))
    truth = trials.trn1d_values(600)
    errors, number = trials.errors_of(one, truth)
    assert trials.snr_of(errors) > 40 and number[0] == trials.TRAINED_AT
    assert trials.snr_of(trials.errors_of(one, -truth)[0]) < 0
    assert trials.snr_of(errors[:0]) == -np.inf
    sent = octets[trials.BEFORE_TRN1D :]
    assert trials.wrong_symbols(one, sent, 0).sum() == 0
    sent = sent.copy()
    sent[INTERVALS * 500] ^= 0x80
    assert trials.wrong_symbols(one, sent, 0).sum() == 1


def test_the_moment_of_a_failure_is_told():
    told = trials.events_text([(110, Kind.LOST), (210, Kind.RECOVERED)], 100)
    assert told == "LOST 8 ms, RECOVERED 82 ms"
    assert trials.events_text([], 0) == "none"
    assert "3 more" in trials.events_text([(n, Kind.LOST) for n in range(6)], 0)
