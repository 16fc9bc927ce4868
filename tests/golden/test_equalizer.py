"""Equaliser, slicer and levels against plain integers, and against float64."""

import numpy as np
import pytest

from golden.equalizer import (
    FINE,
    INPUT_POWER_BITS,
    MOST_LEVELS,
    STEP_BITS,
    Equalizer,
    Levels,
    Slicer,
    shifted,
)
from golden.errors import V90Error
from golden.formats import (
    ERROR,
    FEEDBACK_TAP,
    FEEDBACK_TAP_USED,
    FORWARD_TAP,
    SLOPE,
    SOFT,
)
from golden.parameters import INTERVALS

# --- Levels ---------------------------------------------------------------------------------------


def alike(*values):
    """Levels that all intervals share; their Ucodes count from 0."""
    return Levels((values,) * INTERVALS, (tuple(range(len(values))),) * INTERVALS)


def random_levels(rng, most=MOST_LEVELS, largest=32767):
    sizes = rng.choice([1, 2, most, *rng.integers(1, most + 1, 3)], INTERVALS)
    values = [np.sort(rng.choice(largest + 1, size, replace=False)) for size in sizes]
    ucodes = [np.sort(rng.choice(128, size, replace=False)) for size in sizes]
    return Levels(tuple(map(tuple, values)), tuple(map(tuple, ucodes)))


def test_levels_that_are_refused():
    ok, ucodes = (1, 2), (5, 6)
    Levels((ok,) * 6, (ucodes,) * 6)
    Levels((tuple(range(128)),) * 6, (tuple(range(128)),) * 6)
    for values, codes, sentence in (
        ((ok,) * 5, (ucodes,) * 6, "six data frame intervals"),
        ((ok,) * 6, (ucodes,) * 7, "six data frame intervals"),
        ((ok,) * 5 + ((),), (ucodes,) * 5 + ((),), "1 to 128 levels"),
        ((tuple(range(129)),) * 6, (tuple(range(129)),) * 6, "1 to 128 levels"),
        ((ok,) * 6, (ucodes,) * 5 + ((5,),), "a Ucode for each"),
        ((ok,) * 5 + ((2, 2),), (ucodes,) * 6, "ascend"),
        ((ok,) * 5 + ((2, 1),), (ucodes,) * 6, "ascend"),
        ((ok,) * 5 + ((-1, 1),), (ucodes,) * 6, "0 to 32767"),
        ((ok,) * 5 + ((1, 32768),), (ucodes,) * 6, "0 to 32767"),
    ):
        with pytest.raises(V90Error, match=sentence):
            Levels(values, codes)


def test_least_distance_is_between_any_two_points(rng):
    for _ in range(100):
        most, largest = int(rng.integers(2, 20)), int(rng.integers(20, 999))
        levels = random_levels(rng, most, largest)
        least = min(
            abs(a - b)
            for values in levels.values
            for a in {*values, *(-value for value in values)}
            for b in {*values, *(-value for value in values)}
            if a != b or {*values} == {0}
        ) or 1  # fmt: skip
        assert levels.least_distance == least
    # Across nought, one level above it, nought itself, and nought alone.
    assert alike(3, 100).least_distance == 6
    assert alike(0, 100).least_distance == 100
    assert alike(0).least_distance == 1


def test_power_and_what_follows(rng):
    levels = Levels(((3,), (5, 7), (1,), (1,), (1,), (2,)), ((1,), (1, 2), (1,), (1,), (1,), (1,)))
    assert levels.power == pytest.approx((9 + (25 + 49) / 2 + 3 + 4) / 6)
    for value in (400, 2828, 2896, 8000, 32767):
        assert alike(value).power_bits == round(np.log2(value**2))
    # 2**16.5 is where 17 begins.
    assert alike(304).power_bits == 16 and alike(305).power_bits == 17
    # A limit for what is quieter.
    assert alike(0).power_bits == alike(1).power_bits == alike(100).power_bits == 16
    # A square's sum over 34 distances squared is half way between 1/12 and 1/96 in dB.
    for levels in (alike(100), alike(7, 30, 50), random_levels(rng, most=30)):
        assert levels.loss == pytest.approx(48 * levels.least_distance**2 / 34, abs=1)
    assert alike(32767).loss == 2**32 - 1
    assert 10 * np.log10(34 / 12) == pytest.approx(10 * np.log10(96 / 34), abs=0.1)


# --- Slicer ---------------------------------------------------------------------------------------


def nearest(levels, fine, interval):
    """The level next to ``fine`` among those of its sign; of two the smaller."""
    values = levels.values[interval]
    distances = [abs(abs(fine) - (value << FINE)) for value in values]
    index = distances.index(min(distances))
    return levels.ucodes[interval][index], -values[index] if fine < 0 else values[index]


def test_slicer_takes_the_nearest(rng):
    several = [random_levels(rng, most) for most in (3, 128, 20)]
    slicer = Slicer(several)
    fines, intervals, lines = [], [], []
    for line, levels in enumerate(several):
        for interval in range(INTERVALS):
            values = levels.values[interval]
            bounds = [(a + b) << (FINE - 1) for a, b in zip(values, values[1:], strict=False)]
            near = [bound + by for bound in bounds for by in (-1, 0, 1)]
            here = [0, 1, -1, SOFT.min, SOFT.max, *near, *(-fine for fine in near)]
            here += rng.integers(SOFT.min, SOFT.max + 1, 200).tolist()
            fines += here
            intervals += [interval] * len(here)
            lines += [line] * len(here)
    ucode, value = slicer.process(np.array(fines), np.array(intervals), np.array(lines))
    expected = [
        nearest(several[line], *rest) for *rest, line in zip(fines, intervals, lines, strict=True)
    ]
    assert list(zip(ucode, value, strict=True)) == expected


def test_slicer_by_hand():
    slicer = Slicer([alike(10, 21, 40)])
    zero = np.zeros(1, np.int64)
    half = (10 + 21) << (FINE - 1)
    for fine, value in (
        (0, 10), (-1, -10), (half, 10), (half + 1, 21), (-half, -10), (-half - 1, -21),
        (SOFT.max, 40), (SOFT.min, -40),
    ):  # fmt: skip
        assert slicer.process(np.array([fine]), zero, zero)[1] == [value]


# --- Equaliser ------------------------------------------------------------------------------------


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
        self.odd = 0

    def soft(self):
        """The feed-forward part's output for the newest sample."""
        total = sum(
            (tap >> 16) * self.samples[-1 - k] for k, tap in enumerate(self.forward_taps)
        )  # fmt: skip
        return clip(rounded(total, self.drop), SOFT)

    def frame(self, halves, levels, turn):
        """``(fine, error, value, index)`` of six symbols and the sum of errors times slopes."""
        out, slopes, self.seen = [], 0, []
        for i in range(INTERVALS):
            self.samples.append(halves[2 * i])
            pairs = zip(self.feedback_taps, self.past, strict=True)
            back = sum((tap >> 16) * value for tap, value in pairs)
            fine = clip(self.soft() + rounded(back, FEEDBACK_TAP_USED.fraction - FINE), SOFT)
            index, value = nearest(levels, fine, (turn + i) % INTERVALS)
            error = clip(16 * value - fine, ERROR)
            self.seen.append((self.samples[::-1][: len(self.forward_taps)], list(self.past)))
            self.past = [value, *self.past[:-1]]
            self.samples.append(halves[2 * i + 1])
            odd = self.soft()
            slopes += error * clip(rounded(odd - self.odd, FINE), SLOPE)
            self.odd = odd
            out.append((fine, error, value, index))
        return out, slopes

    def adapt(self, errors, power_bits, training_bits, hurry):
        right = power_bits - training_bits + STEP_BITS + INPUT_POWER_BITS - 16 - self.drop
        for k, tap in enumerate(self.forward_taps):
            change = sum(e * samples[k] for e, (samples, _) in zip(errors, self.seen, strict=True))
            self.forward_taps[k] = clip(tap + rounded(change, right), FORWARD_TAP)
        right = power_bits + STEP_BITS + FINE - 30 - hurry
        for k, tap in enumerate(self.feedback_taps):
            change = sum(e * past[k] for e, (_, past) in zip(errors, self.seen, strict=True))
            self.feedback_taps[k] = clip(tap + rounded(change, right), FEEDBACK_TAP)


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
    saturated = np.zeros(4, int)
    for _ in range(25):
        lines = np.sort(rng.choice(count, rng.integers(1, count + 1), replace=False))
        halves = rng.integers(-32768, 32768, (len(lines), 12))
        turn = rng.integers(INTERVALS, size=len(lines))
        # Shifts from -29 to 47: more than levels can ask for, to both sides.
        power, training = rng.integers(31, size=(2, len(lines)))
        hurry = 2 * rng.integers(2, size=len(lines))
        frame = model.process(halves, slicer, lines, turn)
        model.adapt(frame.error, power, training, lines, hurry)
        for at, line in enumerate(lines):
            one = plain[line]
            expected, slope = one.frame(halves[at].tolist(), several[line], int(turn[at]))
            got = np.stack([frame.fine, frame.error, frame.value, frame.ucode], -1)[at]
            assert got.tolist() == [list(row) for row in expected]
            assert frame.slope[at] == slope
            one.adapt(got[:, 1].tolist(), int(power[at]), int(training[at]), int(hurry[at]))
            assert model.forward_taps[line].tolist() == one.forward_taps
            assert model.feedback_taps[line].tolist() == one.feedback_taps
            assert model.history[line].tolist() == one.samples[-forward:]
            assert model.past[line].tolist() == one.past
            saturated += [
                np.isin(numbers, (form.min, form.max)).any()
                for numbers, form in (
                    (frame.fine[at], SOFT), (frame.error[at], ERROR),
                    (one.forward_taps, FORWARD_TAP), (one.feedback_taps, FEEDBACK_TAP),
                )
            ]  # fmt: skip
    assert saturated.all()


def test_no_errors_leave_the_taps(rng):
    model, slicer = Equalizer(1, 8, 3), Slicer([alike(100, 300)])
    model.forward_taps[:] = before = rng.integers(-1 << 28, 1 << 28, 8)
    model.process(rng.integers(-999, 999, (1, 12)), slicer, np.array([0]), np.array([0]))
    model.adapt(np.zeros((1, 6)), np.array([3]), np.array([25]), np.array([0]), np.array([2]))
    assert np.array_equal(model.forward_taps[0], before)
    assert not model.feedback_taps.any()


def test_clear_is_of_one_line_and_leaves_taps(rng):
    model, slicer = Equalizer(2, 8, 3), Slicer([alike(100, 300)] * 2)
    model.forward_taps[:] = rng.integers(-1 << 28, 1 << 28, (2, 8))
    lines, turn = np.arange(2), np.zeros(2, np.int64)
    first = np.tile(rng.integers(-3000, 3000, (1, 12)), (2, 1))
    model.forward_taps[1] = model.forward_taps[0]
    begun = model.process(first, slicer, lines, turn)
    model.clear(1)
    assert not model.history[1].any() and not model.past[1].any()
    again = model.process(first, slicer, lines, turn)
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
    slicer, lines, turn = Slicer([levels]), np.array([0]), np.array([0])
    forward = model.forward_taps[0] * 2.0**-16 * 2.0 ** -float(model.drop[0]) / (1 << FINE)
    feedback = model.feedback_taps[0] * 2.0**-FEEDBACK_TAP.fraction
    samples = np.concatenate([np.zeros(model.forward), halves.reshape(-1)])
    values = np.zeros(model.feedback)
    worst = 0.0
    for number, row in enumerate(halves[:-1]):
        frame = model.process(row[None], slicer, lines, turn)
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
    for adapting in (0, 1):
        rng = np.random.default_rng(3)
        model, levels, sent, halves = setting(rng, 3000, 0.05)
        slicer, lines, turn = Slicer([levels]), np.array([0]), np.array([0])
        bits = np.array([levels.power_bits])
        squares, wrong = [], 0
        for number, row in enumerate(halves[:-1]):
            frame = model.process(row[None], slicer, lines, turn)
            model.adapt(frame.error * adapting, bits, bits, lines, np.array([0]))
            squares.append((frame.error**2).mean() / 256)
            wrong += np.any(frame.value[0] != sent[INTERVALS * number :][:INTERVALS])
        errors[adapting] = np.sqrt(np.mean(squares[2000:]))
        assert adapting == 0 or wrong < 5
    # PCM values, of a least distance of 1000.
    assert errors[1] < 20 < 100 < errors[0]
