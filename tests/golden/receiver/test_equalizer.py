"""Equaliser against plain integers, and against float64."""

import numpy as np
import pytest

from golden.formats import (
    DRIFT,
    DRIFT_TAP,
    ERROR,
    ERROR_TAP,
    FEEDBACK_TAP,
    FEEDBACK_TAP_USED,
    FORWARD_TAP,
    SLOPE,
    SOFT,
)
from golden.pcm.parameters import INTERVALS
from golden.receiver.equalizer import (
    DRIFT_HURRY_BITS,
    DRIFT_STEP_BITS,
    ERROR_STEP_BITS,
    INPUT_POWER_BITS,
    STEP_BITS,
    Equalizer,
    shifted,
)
from golden.receiver.slicer import FINE, Slicer
from golden.receiver.timing import HALVES
from tests.golden.receiver.support import alike, nearest, random_levels


def clip(x, form):
    return min(max(x, form.min), form.max)


def rounded(x, right):
    """``x`` over 2**right, half up, in whole numbers."""
    if right <= 0:
        return x << -right
    return (2 * x + (1 << right)) // (2 << right)


class Plain:
    """One line, one symbol after the other, with Python's integers."""

    def __init__(self, forward_taps, drop, feedback_taps):
        self.forward_taps, self.feedback_taps = forward_taps, feedback_taps
        self.drop = drop
        self.samples = [0] * len(forward_taps)
        self.past = [0] * len(feedback_taps)
        self.odd = self.drift = self.drift_tap = self.error_tap = self.error = 0

    def soft(self):
        """The feed-forward part's output for the newest sample."""
        total = sum((tap >> 16) * self.samples[-1 - k] for k, tap in enumerate(self.forward_taps))
        return clip(rounded(total, self.drop), SOFT)

    def frame(self, halves, levels, turn, hurry, still):
        """``(fine, error, value, index)`` of six symbols and the sum of errors times slopes."""
        out, slopes, self.seen = [], 0, []
        for i in range(INTERVALS):
            self.samples.append(halves[2 * i])
            pairs = zip(self.feedback_taps, self.past, strict=True)
            drifted = clip(self.soft() + 2 * self.drift, SOFT)
            growth = (self.drift_tap >> 16) * rounded(drifted, 10)
            back = sum((tap >> 16) * value for tap, value in pairs)
            back += (self.error_tap >> 16) * self.error + growth
            fine = clip(drifted + rounded(back, FEEDBACK_TAP_USED.fraction - FINE), SOFT)
            index, value = nearest(levels, fine, (turn + i) % INTERVALS)
            error = clip(16 * value - fine, ERROR)
            window = self.samples[::-1][: len(self.forward_taps)]
            self.seen.append((window, list(self.past), self.error))
            # 15/16 stay, a 256th of the error is added or 5/8.
            steered = 320 if hurry else 2
            self.drift = clip(rounded(960 * self.drift + growth + steered * error, 10), DRIFT)
            if still:
                self.drift = 0
            self.error = error
            self.past = [value, *self.past[:-1]]
            self.samples.append(halves[2 * i + 1])
            odd = self.soft()
            slopes += error * clip(rounded(odd - self.odd, FINE), SLOPE)
            self.odd = odd
            out.append((fine, error, value, index))
        return out, slopes

    def adapt(self, errors, adapting, power_bits, training_bits, hurry, still):
        if adapting:
            self.adapt_others(errors, power_bits, training_bits)
        right = power_bits + (DRIFT_HURRY_BITS if hurry else DRIFT_STEP_BITS) + FINE - 35
        change = sum(e * past[0] for e, (_, past, _) in zip(errors, self.seen, strict=True))
        self.drift_tap = max(0, clip(self.drift_tap + rounded(change, right), DRIFT_TAP))
        if still:
            self.drift_tap = 0

    def adapt_others(self, errors, power_bits, training_bits):
        right = power_bits - training_bits + STEP_BITS + INPUT_POWER_BITS - 16 - self.drop
        seen = list(zip(errors, self.seen, strict=True))
        for k, tap in enumerate(self.forward_taps):
            change = sum(e * samples[k] for e, (samples, _, _) in seen)
            self.forward_taps[k] = clip(tap + rounded(change, right), FORWARD_TAP)
        right = power_bits + STEP_BITS + FINE - 30
        for k, tap in enumerate(self.feedback_taps):
            change = sum(e * past[k] for e, (_, past, _) in seen)
            self.feedback_taps[k] = clip(tap + rounded(change, right), FEEDBACK_TAP)
        right = power_bits + ERROR_STEP_BITS + 2 * FINE - 26
        change = sum(e * before for e, (_, _, before) in seen[1:])
        self.error_tap = clip(self.error_tap + rounded(change, right), ERROR_TAP)


@pytest.mark.parametrize("forward, feedback", [(64, 32), (8, 3), (16, 5), (1, 1), (13, 40)])
def test_equal_to_plain_integers(forward, feedback, rng):
    """Any taps, samples and steps, for lines side by side and for some of them at a time."""
    count = 5
    several = [random_levels(rng, 30, int(rng.choice([200, 5000, 32767]))) for _ in range(count)]
    slicer, model = Slicer(several), Equalizer(count, forward, feedback)
    plain = []
    for line in range(count):
        # The last two lines saturate; the others have values of the levels' size.
        bits = [22, 25, 28, 31, 31][line]
        model.forward_taps[line] = rng.integers(-1 << bits, 1 << bits, forward)
        model.feedback_taps[line] = rng.integers(-1 << bits, 1 << bits, feedback)
        model.drop[line] = drop = [3, 8, 16, 0, 5][line]
        plain.append(
            Plain(model.forward_taps[line].tolist(), drop, model.feedback_taps[line].tolist())
        )
    saturated = np.zeros(7, int)
    for _ in range(25):
        lines = np.sort(rng.choice(count, rng.integers(1, count + 1), replace=False))
        halves = rng.integers(-32768, 32768, (len(lines), 12))
        turn = rng.integers(INTERVALS, size=len(lines))
        # Shifts from -29 to 47: more than levels can ask for, to both sides.
        power, training = rng.integers(31, size=(2, len(lines)))
        hurry, still, adapting = rng.random((3, len(lines))) < [[0.5], [0.1], [0.8]]
        frame = model.process(halves, slicer, lines, turn, hurry, still)
        model.adapt(adapting, power, training, lines, hurry, still)
        for at, line in enumerate(lines):
            one = plain[line]
            expected, slope = one.frame(
                halves[at].tolist(), several[line], int(turn[at]), hurry[at], still[at]
            )
            got = np.stack([frame.fine, frame.error, frame.value, frame.ucode], -1)[at]
            assert got.tolist() == [list(row) for row in expected]
            assert frame.slope[at] == slope
            one.adapt(
                got[:, 1].tolist(),
                adapting[at],
                int(power[at]),
                int(training[at]),
                hurry[at],
                still[at],
            )
            for name in ("drift", "drift_tap", "error_tap"):
                assert getattr(model, name)[line] == getattr(one, name)
            assert model.forward_taps[line].tolist() == one.forward_taps
            assert model.feedback_taps[line].tolist() == one.feedback_taps
            assert model.history[line].tolist() == one.samples[-forward:]
            assert model.past[line].tolist() == one.past
            saturated += [
                np.isin(numbers, (form.min, form.max)).any()
                for numbers, form in (
                    (frame.fine[at], SOFT),
                    (frame.error[at], ERROR),
                    (one.forward_taps, FORWARD_TAP),
                    (one.feedback_taps, FEEDBACK_TAP),
                    (one.drift, DRIFT),
                    (one.drift_tap, DRIFT_TAP),
                    (one.error_tap, ERROR_TAP),
                )
            ]
    assert saturated.all()


def test_taps_stay_where_nothing_adapts(rng):
    model, slicer = Equalizer(1, 8, 3), Slicer([alike(100, 300)])
    model.forward_taps[:] = before = rng.integers(-1 << 28, 1 << 28, 8)
    no, yes = np.array([False]), np.array([True])
    model.process(rng.integers(-999, 999, (1, 12)), slicer, np.array([0]), np.array([0]), no, no)
    model.adapt(no, np.array([3]), np.array([25]), np.array([0]), no, yes)
    assert np.array_equal(model.forward_taps[0], before)
    assert not (model.feedback_taps.any() or model.error_tap.any() or model.drift_tap.any())


def test_clear_is_of_one_line_and_leaves_taps(rng):
    model, slicer = Equalizer(2, 8, 3), Slicer([alike(100, 300)] * 2)
    model.forward_taps[:] = rng.integers(-1 << 28, 1 << 28, (2, 8))
    lines, turn = np.arange(2), np.zeros(2, np.int64)
    first, ways = np.tile(rng.integers(-3000, 3000, (1, 12)), (2, 1)), np.zeros((2, 2), bool)
    model.forward_taps[1] = model.forward_taps[0]
    begun = model.process(first, slicer, lines, turn, *ways)
    model.clear(1)
    assert not model.history[1].any() and not model.past[1].any() and not model.drift[1]
    again = model.process(first, slicer, lines, turn, *ways)
    for name in ("fine", "value", "slope"):
        assert np.array_equal(getattr(again, name)[1], getattr(begun, name)[1])
        assert not np.array_equal(getattr(again, name)[0], getattr(begun, name)[0])


def test_shifted_rounds_half_up(rng):
    x = np.array([-5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5])
    assert shifted(x, 1).tolist() == [-2, -2, -1, -1, 0, 0, 1, 1, 2, 2, 3]
    assert shifted(x, 0).tolist() == x.tolist()
    assert shifted(x, -3).tolist() == (8 * x).tolist()
    x = rng.integers(-1 << 33, 1 << 33, 1000)
    for right in range(-29, 48):
        assert shifted(x, np.array(right)).tolist() == [rounded(int(n), right) for n in x]


#: A channel at half symbols whose symbols' response has some before and some behind its peak.
RESPONSE = np.array([0.0, -0.03, 0.06, 0.25, 0.9, 1.0, 0.4, -0.15, -0.1, 0.05, 0.0, 0.0])


def received(symbols, drift):
    """Half symbols of a channel whose gain is 1 at first and ``drift`` more at the end."""
    x = np.zeros(2 * len(symbols))
    x[::2] = symbols
    gains = 1 + drift * np.arange(len(x)) / len(x)
    return np.rint(np.convolve(x, RESPONSE)[: len(x)] * gains).astype(np.int64)


def solved(forward, feedback, delay, noise):
    """Float64 taps for RESPONSE by least squares: a symbol's newest sample is ``delay`` late."""
    size = 400
    rng = np.random.default_rng(7)
    symbols = rng.choice([-1.0, 1.0], size)
    x = np.zeros(2 * size)
    x[::2] = symbols
    samples = np.convolve(x, RESPONSE)[: 2 * size] + noise * rng.standard_normal(2 * size)
    rows, target = [], []
    for n in range(60, size - delay):
        newest = 2 * n + delay
        window = samples[newest - forward + 1 : newest + 1]
        rows.append([*window[::-1], *symbols[n - feedback : n][::-1]])
        target.append(symbols[n])
    return np.linalg.lstsq(np.array(rows), np.array(target), rcond=None)[0]


def quantised(model, taps, forward):
    """Put float64 taps, for values over samples and values over values, into a model of a line."""
    fine = taps[:forward] * (1 << FINE)
    model.drop[:] = drop = int(np.floor(np.log2((1 << 14) / np.abs(fine).max())))
    assert 0 <= drop <= 16
    model.forward_taps[:] = np.rint(fine * 2.0 ** (drop + 16))
    model.feedback_taps[:] = np.rint(taps[forward:] * 2.0**FEEDBACK_TAP.fraction)


def setting(rng, frames, drift):
    """A model with taps for RESPONSE, and ``(levels, values sent, half symbols)`` through it."""
    forward, feedback, delay = 24, 6, 8
    levels = alike(500, 1700, 3000, 4800, 8000)
    taps = solved(forward, feedback, delay, 1e-3)
    model = Equalizer(1, forward, feedback)
    quantised(model, taps, forward)
    count = INTERVALS * frames
    sent = rng.choice(levels.values[0], count) * rng.choice([-1, 1], count)
    halves = received(sent, drift)
    # Symbols arrive ``delay`` half symbols late.
    halves = np.concatenate([halves[delay:], np.zeros(delay, np.int64)]).reshape(-1, 12)
    return model, levels, sent, halves


def test_soft_values_are_those_of_float64(rng):
    """Off by what rounding two sums and cutting off the taps' lower halves can do, at most."""
    model, levels, sent, halves = setting(rng, 200, 0.0)
    slicer, lines, turn, no = Slicer([levels]), np.array([0]), np.array([0]), np.array([False])
    # What an error steers is not the feed-forward and feedback parts'.
    forward = model.forward_taps[0] * 2.0**-16 * 2.0 ** -float(model.drop[0]) / (1 << FINE)
    feedback = model.feedback_taps[0] * 2.0**-FEEDBACK_TAP.fraction
    samples = np.concatenate([np.zeros(model.forward), halves.reshape(-1)])
    values = np.zeros(model.feedback)
    worst = 0.0
    for number, row in enumerate(halves[:-1]):
        frame = model.process(row[None], slicer, lines, turn, no, no)
        for i in range(INTERVALS):
            at = model.forward + 12 * number + 2 * i
            window = samples[at - model.forward + 1 : at + 1][::-1]
            y = window @ forward + values @ feedback
            worst = max(worst, abs(y - frame.fine[0, i] / (1 << FINE)))
            values = np.concatenate([[frame.value[0, i]], values[:-1]])
        if number > 4:
            assert np.array_equal(frame.value[0], sent[INTERVALS * number :][:INTERVALS])
    # Half of 2**-4 for each sum; less than a unit of a tap's upper half for each sample and value.
    unit = 2.0 ** -(model.drop[0] + FINE)
    bound = 2.0**-FINE + unit * model.forward * np.abs(samples).max()
    bound += 2.0**-FEEDBACK_TAP_USED.fraction * model.feedback * 8000
    assert 0.01 < worst < bound


def test_taps_follow_the_channel():
    """A gain that changes by 5 % over 3000 data frames is followed; without steps it is not."""
    errors = {}
    for adapting in (False, True):
        rng = np.random.default_rng(3)
        model, levels, sent, halves = setting(rng, 3000, 0.05)
        slicer, lines, turn, no = Slicer([levels]), np.array([0]), np.array([0]), np.array([False])
        bits = np.array([levels.power_bits])
        squares, wrong = [], 0
        for number, row in enumerate(halves[:-1]):
            frame = model.process(row[None], slicer, lines, turn, no, no)
            model.adapt(no | adapting, bits, bits, lines, no, ~(no | adapting))
            squares.append((frame.error**2).mean() / 256)
            wrong += np.any(frame.value[0] != sent[INTERVALS * number :][:INTERVALS])
        errors[adapting] = np.sqrt(np.mean(squares[2000:]))
        assert not adapting or wrong < 5
    # PCM values, of a least distance of 1000.
    assert errors[1] < 20 < 100 < errors[0]


def high_passed(rng, pole, frames):
    """Values sent, and data frames of half symbols of them behind a high-pass, 1 at 4 kHz."""
    values = rng.choice((500, 1700, 3000, 4800), INTERVALS * frames)
    values *= rng.choice([-1, 1], len(values))
    tail, halves = 0.0, np.zeros((frames, HALVES), np.int64)
    for n, value in enumerate(values):
        halves.reshape(-1)[2 * n] = np.rint((1 + pole) / 2 * (value - (1 - pole) * tail))
        tail = pole * tail + value
    return values.reshape(-1, INTERVALS), halves


def direct(levels):
    """A model that decides on its samples as they are, and the other things that it wants."""
    model = Equalizer(1, 1, 1)
    model.forward_taps[:], model.drop[:] = 1 << 30, 10
    return model, Slicer([levels]), np.array([0]), np.array([False])


def test_a_high_pass_is_undone_by_one_tap(rng):
    levels = alike(500, 1700, 3000, 4800)
    sent, halves = high_passed(rng, 15 / 16, 100)
    for tap, low, high in ((0.0, 200, 1e9), (1 / 16 - 2**-20, 0, 60)):
        model, slicer, zero, no = direct(levels)
        model.drift_tap[:] = int(tap * (1 << DRIFT_TAP.fraction))
        errors = []
        for row, values in zip(halves, sent, strict=True):
            frame = model.process(row[None], slicer, zero, zero, no, no)
            errors.append(frame.fine[0] / 16 - values)
        # The largest tap: what units of 64 are off by, 18 in the mean, adds up over 250 symbols.
        assert low < np.sqrt(np.mean(np.square(errors))) < high


@pytest.mark.parametrize("pole", [0.94, 0.953, 0.97])
def test_the_drift_s_tap_is_learnt_in_a_hurry(pole):
    rng = np.random.default_rng(4)
    levels = alike(500, 1700, 3000, 4800)
    bits = np.array([levels.power_bits])
    sent, halves = high_passed(rng, pole, 60)
    model, slicer, zero, no = direct(levels)
    wrong = []
    for row, values in zip(halves, sent, strict=True):
        frame = model.process(row[None], slicer, zero, zero, ~no, no)
        model.adapt(no, bits, bits, zero, ~no, no)
        wrong.append(np.count_nonzero(frame.value[0] != values))
    tap = model.drift_tap[0] / (1 << DRIFT_TAP.fraction)
    # The drift leaks by 1/16 a symbol, so where the high-pass leaks less the tap is smaller.
    assert 0.5 * (1 - pole) < tap <= 1.1 * (1 - pole)
    assert sum(wrong[30:]) == 0


def test_a_share_of_the_last_error_is_taken_away(rng):
    """Noise of which a half comes again in the next symbol, after which there is less of it."""
    levels = alike(3000, 6000)
    bits, size = np.array([levels.power_bits]), INTERVALS * 3000
    values = rng.choice([-6000, -3000, 3000, 6000], size)
    white = 200 * rng.standard_normal(size + 1)
    halves = np.zeros((size // INTERVALS, HALVES), np.int64)
    halves.reshape(-1)[::2] = np.rint(values + white[1:] + 0.5 * white[:-1])
    model, slicer, zero, no = direct(levels)
    squares = []
    for row in halves:
        frame = model.process(row[None], slicer, zero, zero, no, no)
        model.forward_taps[:], model.feedback_taps[:] = 1 << 30, 0
        model.adapt(~no, bits, bits, zero, no, ~no)
        squares.append((frame.error**2).mean() / 256)
    # Errors become the white noise itself; the tap goes to and fro by some hundredths.
    assert model.error_tap[0] / (1 << ERROR_TAP.fraction) == pytest.approx(0.5, abs=0.15)
    # Of 6000 symbols, whose power is off by 2 in 100; it was 1.25 times that.
    assert np.mean(squares[-1000:]) < 1.1 * 200**2
