"""Golden against what rounds nothing."""

import numpy as np
import pytest

from golden.pcm import g711
from golden.pcm.parameters import INTERVALS
from golden.receiver.receiver import Receiver
from golden.receiver.reference import receive_reference
from golden.signals.training import trn1d
from tests.golden.receiver.support import (
    DATA_AT,
    EVEN,
    TRAINED_AT,
    U_INFO,
    beginning,
    data,
    levels,
    sampled,
    training_levels,
)


def snr(soft, number, first, last):
    truth = 2.0 * trn1d(U_INFO, INTERVALS * last)[1].reshape(-1, INTERVALS) - 1
    mine = (number >= first) & (number < last)
    errors = soft[mine] / g711.linear(U_INFO, "A") - truth[number[mine]]
    return -10 * np.log10(np.mean(errors**2))


@pytest.mark.parametrize("name, db", [("codec", 50), ("26awg-9kft", 45), ("tap-18kft", 30)])
def test_golden_is_as_good_as_float64(name, db):
    """Both solutions, and the loop after them: within 0.3 dB of what rounds nothing."""
    samples = sampled(beginning(1500), name, snr=db, ppm=80.0)
    golden = Receiver(training_levels()).process(samples)
    reference = receive_reference(samples, training_levels())
    for first, last in ((TRAINED_AT, 700), (1250, 1490)):
        ours, exact = (
            snr(soft, one.number, first, last)
            for soft, one in ((golden.fine / 16, golden), (reference.soft, reference))
        )
        print(f"{name} {db} dB, from {first}: {ours:.2f} dB, float64 {exact:.2f} dB")
        assert ours > exact - 0.3
    # The float64 loop finds the same offset.
    assert abs(reference.step[-1] - golden.step[golden.number < 1490][-1] / 2**32) < 1e-6


def test_the_reference_takes_data(rng):
    sent = data(rng, 200)
    samples = sampled(np.concatenate([beginning(DATA_AT), sent]))
    reference = receive_reference(samples, training_levels(), levels((EVEN,) * INTERVALS), DATA_AT)
    mine = (reference.number >= DATA_AT) & (reference.number < DATA_AT + 180)
    magnitude = g711.linear(g711.ucode(sent, "A"), "A")
    truth = np.where(g711.sign(sent) == 1, magnitude, -magnitude).reshape(-1, INTERVALS)
    assert np.array_equal(reference.value[mine], truth[:180])


def test_the_reference_wants_sd():
    with pytest.raises(ValueError, match="no Sd"):
        receive_reference(np.zeros(4000, np.int64), training_levels())
