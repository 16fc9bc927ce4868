"""The sampler: which samples a data frame needs, and how its clock moves (9.3.2)."""

import numpy as np
import pytest

from golden.pcm.parameters import INTERVALS
from golden.receiver import timing
from golden.receiver.detection import Detection
from golden.receiver.sampler import Sampler
from golden.receiver.timetable import (
    FIRST_FRAME,
    FIRST_SYMBOL,
    FREQUENCY_BITS,
    LOOP_BITS,
    RATE_BITS,
)

ONE = 1 << timing.INSTANT_FRACTION
#: Sample of TRN1d's data frame FIRST_FRAME after a reversal at 1000, without an offset.
START = 1000 + FIRST_SYMBOL + FIRST_FRAME * timing.HALVES


def started(samples, step=0, shift=0, lines=1):
    sampler = Sampler(lines)
    sampler.append(np.broadcast_to(samples, (lines, len(samples))))
    sampler.start(lines - 1, Detection(1000, shift, step))
    return sampler


def test_the_first_data_frame_follows_from_the_detection(rng):
    """Without an offset half symbols are the samples, but for the interpolator's last bit."""
    samples = rng.integers(-8000, 8000, 3000)
    sampler = started(samples, shift=1, lines=2)
    halves = sampler.process(np.array([1]))
    assert np.abs(halves[0] - 2 * samples[START : START + 12]).max() <= 1
    halves = sampler.process(np.array([1]))
    assert np.abs(halves[0] - 2 * samples[START + 12 : START + 24]).max() <= 1
    assert sampler.next_instant(1) == (START + 24) * ONE and sampler.next_instant(0) == 0


def test_a_fast_clock_takes_more_samples():
    ramp = np.arange(3000)
    step = ONE >> 8  # a half symbol takes 1 + 1/256 samples
    sampler = started(ramp, step)
    first = 1000 + FIRST_SYMBOL + FIRST_FRAME * 12 * (1 + 1 / 256)
    expected = first + np.arange(12) * (1 + 1 / 256)
    # Taps of a phase add up to 1 within 2**-13.
    assert np.abs(sampler.process(np.array([0]))[0] - expected).max() < 0.5 + 3000 / 2**13
    assert sampler.next_instant(0) == pytest.approx((first + 12 * (1 + 1 / 256)) * ONE, abs=64)


@pytest.mark.parametrize("step", [0, -(1 << 20), 1 << 26])
def test_a_data_frame_is_ready_when_its_last_sample_is_there(step):
    sampler = started(np.zeros(4000, np.int64), step)
    instants = timing.instants(np.array([sampler.next_instant(0)]), np.array([step]))
    # The interpolator needs 6 samples after the one before the instant.
    last = (int(instants[0, -1]) >> timing.INSTANT_FRACTION) + timing.TAPS - timing.TAPS_BEFORE
    assert not sampler.ready(last)[0] and sampler.ready(last + 1)[0]


def test_corrections_take_effect_after_the_next_data_frame():
    sampler, line = started(np.zeros(4000, np.int64)), np.array([0])
    bits = np.array([20])
    # As many bits as the power has, and LOOP_BITS, make a sum one sample.
    slope = np.array([3 << (bits[0] + LOOP_BITS - timing.INSTANT_FRACTION + 40)])
    sampler.correct(line, slope, bits)
    moves = 3 << 40
    assert sampler.next_instant(0) == START * ONE and sampler.step[0] == 0
    sampler.process(line)
    assert sampler.next_instant(0) == (START + 12) * ONE + moves
    assert sampler.step[0] == moves >> FREQUENCY_BITS
    sampler.process(line)
    assert sampler.next_instant(0) == (START + 24) * ONE + moves + 12 * int(sampler.step[0])


def test_the_clock_goes_on_at_its_mean_rate():
    sampler, line = started(np.zeros(9000, np.int64), 5 << RATE_BITS), np.array([0])
    sampler.step[0] = 9 << RATE_BITS
    sampler.correct(line, np.array([1 << 40]), np.array([20]))
    sampler.hold(0)
    # One data frame of 256 has the new rate, and what was to take effect does not.
    assert sampler.step[0] == (5 << RATE_BITS) + 4
    before = sampler.next_instant(0)
    sampler.process(line)
    assert sampler.next_instant(0) == before + 12 * (ONE + (5 << RATE_BITS) + 4)


def test_samples_are_forgotten_and_none_too_soon(rng):
    """A line that searches keeps what a detection may need; one that does not, its window."""
    samples = rng.integers(-8000, 8000, 20000)
    whole, sampler = started(samples), started(samples[:1400])
    at, line = 1400, np.array([0])
    sampler.forget(np.zeros(1, bool))
    assert sampler.ends == [1400]
    with pytest.raises(IndexError):
        Sampler(1).process(line)
    # Data frame 9 of TRN1d is kept: it begins less than 256 samples before the end.
    assert 1400 - 256 <= START - timing.TAPS_BEFORE
    for _ in range(1000):
        while not sampler.ready(sampler.ends)[0]:
            sampler.append(samples[None, at : at + 100])
            at += 100
        assert np.array_equal(sampler.process(line), whole.process(line))
        sampler.forget(np.ones(1, bool))
        assert sampler._samples.shape[1] < 300
    assert INTERVALS * 2 * 1000 < sampler.ends[0] == at


def test_lines_get_as_many_samples_as_they_have(rng):
    """Pieces of other lengths than the neighbour's give what all at once does."""
    samples = rng.integers(-8000, 8000, (2, 5000))
    pieces, whole = Sampler(2), Sampler(2)
    whole.append(samples)
    for sampler in (pieces, whole):
        for line in (0, 1):
            sampler.start(line, Detection(1000 + 70 * line, line, 9000 * line))
    at, taken = [0, 0], [[], []]
    while at != [5000, 5000]:
        sizes = [min(int(rng.integers(0, 700)), 5000 - one) for one in at]
        pieces.append([samples[k, at[k] : at[k] + sizes[k]] for k in (0, 1)])
        at = [one + size for one, size in zip(at, sizes, strict=True)]
        assert pieces.ends.tolist() == at
        while (ready := pieces.ready(pieces.ends)).any():
            for line in np.flatnonzero(ready):
                taken[line].append(pieces.process(np.array([line]))[0])
        pieces.forget(np.ones(2, bool))
    for line, own in enumerate(taken):
        assert len(own) > 200
        for halves in own:
            assert np.array_equal(halves, whole.process(np.array([line]))[0])


def test_lines_with_other_offsets_do_not_meet(rng):
    samples = rng.integers(-8000, 8000, (2, 3000))
    sampler = Sampler(2)
    sampler.append(samples)
    for line, step in enumerate((1 << 20, -(1 << 22))):
        sampler.start(line, Detection(1000 + 50 * line, line, step))
    both = sampler.process(np.arange(2))
    for line, step in enumerate((1 << 20, -(1 << 22))):
        one = Sampler(1)
        one.append(samples[line : line + 1])
        one.start(0, Detection(1000 + 50 * line, line, step))
        assert np.array_equal(one.process(np.zeros(1, int))[0], both[line])
