"""Spectral shaper against exact rational arithmetic, and what its formats must hold."""

from collections import Counter
from fractions import Fraction
from itertools import product

import numpy as np
import pytest

from golden import formats
from golden.fixed import check_range
from golden.pcm import g711
from golden.pcm.shaper import Shaper, metric_error, sections, shaper_reference
from sim.calls.parameter_sets import CLIENT_COEFFICIENTS, random_coefficients, random_constellation

#: Coefficients in 64ths whose filter is exact in the formats: all are whole numbers.
WHOLE = ((0, 0, 0, 0), (64, 0, 0, 0), (64, 64, 0, 0), (64, -64, 64, -64), (0, -64, 64, 64))

#: The others to compare with exact arithmetic: poles on and just inside the unit circle, real
#: clients', zeros anywhere in the eight bits.
OTHERS = (
    *CLIENT_COEFFICIENTS[2:],
    (63, 63, 0, 0),
    (-63, 63, 127, -128),
    (63, 64, -20, 100),
    (64, 64, 1, 1),
    (1, -1, 127, 127),
    (32, 63, -5, 100),
)

SR_LD = [pytest.param(sr, ld, id=f"Sr{sr}-ld{ld}") for sr, ld in product((1, 2, 3), range(4))]


class Watched(Shaper):
    """A shaper that checks every number against its format, and keeps what it decided by.

    ``saturated`` counts states that hit a rail, of all sequences. For each decision, ``gaps`` has
    for each channel by how much the best sequence with the other rule is worse, in units of the
    metric, and ``clean`` tells whether nothing had saturated by then. ``largest`` is the largest
    metric.
    """

    def __init__(self, *arguments):
        self.gaps, self.clean, self.saturated, self.largest = [], [], 0, 0
        super().__init__(*arguments)
        rounded, operand = self._rounded, self._operand
        products = (formats.SHAPER_FIRST_PRODUCT, formats.SHAPER_SECOND_PRODUCT)
        states = (formats.SHAPER_FIRST, formats.SHAPER_SECOND)

        def watched_rounded(x):
            exact = []
            for row, wide, narrow in zip(x, products, states, strict=True):
                check_range(row, wide, "product")
                drop = wide.fraction - narrow.fraction
                exact.append((row + (1 << drop >> 1)) >> drop)
            rounded(x)
            for row, narrow, before in zip(x, states, exact, strict=True):
                check_range(row, narrow, "state")
                self.saturated += np.count_nonzero(row != before)
            return x

        def watched_operand(x):
            check_range(x, formats.SHAPER_SECOND_OUTPUT, "v")
            drop = formats.SHAPER_SECOND_OUTPUT.fraction - formats.SHAPER_METRIC_OPERAND.fraction
            exact = (x + (1 << drop >> 1)) >> drop
            operand(x)
            assert np.array_equal(x, exact)  # it has the room, so it never saturates
            return x

        self._rounded, self._operand = watched_rounded, watched_operand

    def _extend(self, x):
        super()._extend(x)
        check_range(self._metric, formats.SHAPER_METRIC, "metric")
        for row, form in zip(
            self._state, (formats.SHAPER_FIRST, formats.SHAPER_SECOND), strict=True
        ):
            check_range(row, form, "state")
        if self._metric.size:
            self.largest = max(self.largest, int(self._metric.max()))

    def _decide(self):
        best = self._metric.reshape(len(self._metric), 2, -1).min(axis=2)
        self.gaps.append(np.abs(best[:, 0] - best[:, 1]))
        self.clean.append(not self.saturated)
        return super()._decide()


def run(shaper, t, linear):
    """All signs of a call that ends here."""
    return np.concatenate([shaper.process(t, linear), shaper.flush(np.shape(t)[:-1])], axis=-1)


def random_symbols(rng, frames, law):
    """Initial signs, and linear values from a constellation of its own for each interval."""
    t = rng.integers(0, 2, 6 * frames, dtype=np.uint8)
    linear = np.zeros((frames, 6), np.int64)
    for interval in range(6):
        ucodes = random_constellation(rng, int(rng.choice([1, 2, 7, 30, 128])))
        linear[:, interval] = g711.linear(rng.choice(ucodes, frames), law)
    return t, linear.reshape(-1)


def compare(rng, sr, ld, coefficients, law, data_frames):
    """Compare decision by decision with exact arithmetic from the same past.

    Up to the first saturation, that is: the bound is for states that have none behind them.
    Returns a Counter of decisions: ``compared`` and found equal, ``tied`` where the exact metrics
    are equal and the rounding decides, ``near`` where they otherwise differ by less than the sum of
    their errors, so that either decision is right.
    """
    t, linear = random_symbols(rng, data_frames, law)
    shaper = Watched(sr, ld, *coefficients)
    signs = run(shaper, t, linear)
    exact_signs, metrics = shaper_reference(
        t, linear, sr, ld, *(Fraction(c, 64) for c in coefficients), follow=signs
    )
    length, frames = 6 // sr, len(t) * sr // 6
    assert len(signs) == len(exact_signs) == len(t) and len(metrics) == len(shaper.gaps) == frames
    one = 1 << formats.SHAPER_METRIC.fraction
    count = Counter()
    for j, (best, other) in enumerate(metrics):
        if not shaper.clean[j]:
            break
        symbols = length * min(ld + 1, frames - j)
        error = sum(metric_error(*coefficients, w, symbols) for w in (best, other))
        frame = slice(j * length, (j + 1) * length)
        same = np.array_equal(signs[frame], exact_signs[frame])
        # Not only the decision but the very difference of the metrics is within the bound.
        gap = Fraction(int(shaper.gaps[j][0]), one) * (1 if same else -1)
        assert abs(gap - (other - best)) <= error, (j, gap, best, other, error)
        if other - best > error or error == 0:
            assert same, (j, best, other, error)
            count["compared"] += 1
        else:
            count["tied" if other == best else "near"] += 1
    return count


def assert_compared(count, least, ld):
    print(f"compared {count['compared']}, near {count['near']}, tied {count['tied']}")
    # Poles next to the circle with zeros at -2 saturate soonest; most calls run to their end.
    assert count["compared"] >= least
    # Seldom are two metrics nearer than their errors. Measured over several seeds: 0.2 % of all
    # decisions, 10 % of the worst 48; a bound that is too wide to compare anything shows here.
    assert count["near"] <= 0.25 * count["compared"]
    # Without look-ahead the first frame ties: from zero memory, rule B is the negative of rule A.
    assert count["tied"] <= 2 if ld == 0 else not count["tied"]


@pytest.mark.parametrize("coefficients", WHOLE, ids=str)
@pytest.mark.parametrize("sr, ld", SR_LD)
def test_exact_with_whole_numbers(rng, sr, ld, coefficients):
    assert metric_error(*coefficients, 1e9, 24) == 0
    frames = 10 if ld == 3 else 20
    for law in g711.LAWS:
        count = compare(rng, sr, ld, coefficients, law, frames)
        assert set(count) == {"compared"}
        # A double pole on the unit circle, seldom decided upon, may saturate on the way.
        least = 4 * sr if abs(sum(coefficients[:2])) == 128 else frames * sr
        assert count["compared"] >= least


@pytest.mark.parametrize("coefficients", OTHERS, ids=str)
@pytest.mark.parametrize("sr, ld", SR_LD)
def test_equal_wherever_the_metrics_differ(rng, sr, ld, coefficients):
    frames = 8 if ld == 3 else 16
    count = Counter()
    for law in g711.LAWS:
        count += compare(rng, sr, ld, coefficients, law, frames)
    assert_compared(count, 2 * 3 * sr, ld)


@pytest.mark.parametrize("seed", range(36))
def test_equal_with_random_coefficients(seed):
    rng = np.random.default_rng(seed)
    sr, ld = 1 + seed % 3, seed // 3 % 4
    coefficients = random_coefficients(rng, "stable")
    frames = 6 if ld == 3 else 12
    count = compare(rng, sr, ld, coefficients, g711.LAWS[seed % 2], frames)
    assert_compared(count, 3 * sr, ld)


def test_whole_numbers_are_exact_over_a_long_call(rng):
    # A pole at z = 1 is what a rounding error would run through for ever; decisions of ld = 1.
    t, linear = random_symbols(rng, 400, "mu")
    shaper = Watched(1, 1, 64, 0, 0, 0)
    signs = run(shaper, t, linear)
    assert shaper.saturated == 0
    assert np.array_equal(shaper_reference(t, linear, 1, 1, Fraction(1), 0, 0, 0)[0], signs)


def test_sections_keep_the_filter():
    for coefficients in (*WHOLE, *OTHERS):
        a1, a2, b1, b2 = sections(*coefficients)
        assert abs(a1) >= abs(a2)
        assert {a1, a2} == set(coefficients[:2]) and (b1, b2) == coefficients[2:]


# --- Ties --------------------------------------------------------------------------------------


@pytest.mark.parametrize("sr, ld", SR_LD)
def test_without_a_filter_all_sequences_tie_and_rule_a_wins(rng, sr, ld):
    t, linear = random_symbols(rng, 20, "A")
    assert np.array_equal(run(Shaper(sr, ld, 0, 0, 0, 0), t, linear), t)


@pytest.mark.parametrize("sr, ld", SR_LD)
def test_silence_ties(rng, sr, ld):
    t = rng.integers(0, 2, 120, dtype=np.uint8)
    assert np.array_equal(run(Shaper(sr, ld, 64, 64, 0, 0), t, np.zeros(120, np.int64)), t)


def test_a_tie_in_trellis_state_1_goes_to_rule_c():
    # Sr = 3, one integrator, no look-ahead. Frame 0 ties (A). In frame 1 rule A would go on to 3
    # and 4, B goes back to 1 and 0: B, trellis state 1. Then silence: C once, then A.
    t = np.ones(12, np.uint8)
    linear = np.array([400] * 4 + [0] * 8)
    signs = run(Shaper(3, 0, 64, 0, 0, 0), t, linear)
    assert signs.tolist() == [1, 1, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1]


def test_look_ahead_by_hand():
    # As above, but with look-ahead the first frame sees what follows.
    t = np.ones(4, np.uint8)
    linear = np.array([400, 0, 0, 4000])
    # Frame 0: y = +-400 twice. Frame 1 after A (state 0): A 400, 4400; B 400, -3600. After B
    # (state 1): C -400 (a zero inverted), 3600; D -400, -4400. A then B ties with B then C, and
    # the one that begins with A wins.
    assert run(Shaper(3, 1, 64, 0, 0, 0), t, linear).tolist() == [1, 1, 0, 0]


# --- Time, channels ----------------------------------------------------------------------------


@pytest.mark.parametrize("sr, ld", SR_LD)
def test_pieces_are_the_whole(rng, sr, ld):
    t, linear = random_symbols(rng, 30, "mu")
    coefficients = random_coefficients(rng)
    whole = run(Shaper(sr, ld, *coefficients), t, linear)
    length, frames = 6 // sr, 30 * sr
    # Empty pieces too, and single frames at the start.
    cuts = np.sort([0, 1, 2, 2, 3, frames, *rng.integers(0, frames, 8)]) * length
    shaper = Shaper(sr, ld, *coefficients)
    parts, known = [], 0
    for a, b in zip(np.split(t, cuts), np.split(linear, cuts), strict=True):
        parts.append(shaper.process(a, b))
        known += len(a)
        assert sum(map(len, parts)) == max(0, known - ld * length)
    parts.append(shaper.flush())
    assert len(parts[-1]) == ld * length
    assert np.array_equal(np.concatenate(parts), whole)
    assert len(shaper.flush()) == 0


def test_look_ahead_only_looks_ahead(rng):
    """A decision is the same whatever comes after its ld frames."""
    t, linear = random_symbols(rng, 30, "A")
    for sr, ld in product((1, 2, 3), range(4)):
        length = 6 // sr
        whole = run(Shaper(sr, ld, 64, 0, 0, 0), t, linear)
        for frames in (5, 6, 9):
            known = frames * length
            part = Shaper(sr, ld, 64, 0, 0, 0).process(t[:known], linear[:known])
            assert np.array_equal(part, whole[: known - ld * length])


@pytest.mark.parametrize("sr, ld", SR_LD)
@pytest.mark.parametrize("shape", [(1,), (5,), (2, 3)], ids=str)
def test_channels_are_separate_runs(rng, shape, sr, ld):
    t = rng.integers(0, 2, (*shape, 120), dtype=np.uint8)
    linear = g711.linear(rng.integers(0, 128, t.shape), "A")
    coefficients = random_coefficients(rng)
    shaper = Shaper(sr, ld, *coefficients)
    parts = [
        shaper.process(t[..., :36], linear[..., :36]),
        shaper.process(t[..., 36:36], linear[..., 36:36]),
        shaper.process(t[..., 36:], linear[..., 36:]),
        shaper.flush(shape),
    ]
    signs = np.concatenate(parts, axis=-1)
    assert signs.shape == t.shape
    for index in np.ndindex(shape):
        one = run(Shaper(sr, ld, *coefficients), t[index], linear[index])
        assert np.array_equal(signs[index], one)


def test_reset(rng):
    t, linear = random_symbols(rng, 10, "A")
    shaper = Shaper(2, 1, 64, 62, 0, 0)
    first = shaper.process(t, linear)
    shaper.reset()
    assert np.array_equal(shaper.process(t, linear), first)
    assert len(Shaper(2, 1, 64, 62, 0, 0).flush()) == 0


def test_arguments_stay_as_they_are(rng):
    t, linear = random_symbols(rng, 10, "A")
    before = t.copy(), linear.copy()
    run(Shaper(1, 2, 64, 62, -3, 5), t, linear)
    assert np.array_equal(t, before[0]) and np.array_equal(linear, before[1])


@pytest.mark.parametrize("sr, ld", [(0, 0), (4, 0), (1, 4), (1, -1), (-1, 0)])
def test_no_such_shaper(sr, ld):
    with pytest.raises(ValueError):
        Shaper(sr, ld, 0, 0, 0, 0)


# --- Saturation --------------------------------------------------------------------------------

LOUDEST = {law: int(g711.linear(127, law)) for law in g711.LAWS}


def loud_calls(rng, symbols):
    """Initial signs and the largest magnitudes, a row a pattern: constant, alternating, random."""
    n = np.arange(symbols)
    t = np.stack(
        [n * 0, n * 0 + 1, n % 2, n // 2 % 2, n // 3 % 2, n // 6 % 2]
        + [rng.integers(0, 2, symbols) for _ in range(4)]
    ).astype(np.uint8)
    linear = np.full(t.shape, LOUDEST["A"])
    linear[-2:] *= rng.integers(0, 2, linear[-2:].shape)
    return t, linear


@pytest.mark.parametrize("a2", [-128, -64, 64, 127])
@pytest.mark.parametrize("a1", [-128, -64, 0, 64, 127])
def test_extreme_coefficients_stay_in_their_formats(rng, a1, a2):
    saturated = 0
    for number, (b1, b2) in enumerate(product((-128, -64, 64, 127), repeat=2)):
        t, linear = loud_calls(rng, 120)
        shaper = Watched(1 + number % 3, number % 4, a1, a2, b1, b2)
        signs = run(shaper, t, linear)
        assert signs.shape == t.shape and shaper.largest > 0
        saturated += shaper.saturated
    # Poles outside the unit circle must have come to the rails, or this tests nothing.
    if max(abs(a1), abs(a2)) > 64:
        assert saturated > 1000


@pytest.mark.parametrize("coefficients", [(64, 64, 0, 0), (-64, -64, 127, 127), (127, 64, -128, 0)])
@pytest.mark.parametrize("sr, ld", [(1, 0), (1, 3), (2, 2), (3, 1)])
def test_thousands_of_loud_symbols_stay_in_their_formats(rng, sr, ld, coefficients):
    t, linear = loud_calls(rng, 3000)
    shaper = Watched(sr, ld, *coefficients)
    run(shaper, t, linear)
    assert len(shaper.gaps) == 500 * sr


@pytest.mark.parametrize("coefficients", [*product((-128, 127), repeat=4), (64,) * 4, (-64,) * 4])
def test_worst_state_of_all(rng, coefficients):
    """From every corner of the state, with the longest window: nothing leaves its format."""
    corners = list(
        product(
            (formats.SHAPER_FIRST.min, formats.SHAPER_FIRST.max),
            (formats.SHAPER_SECOND.min, formats.SHAPER_SECOND.max),
            range(10),
        )
    )
    calls, linear = loud_calls(rng, 48)
    shaper = Watched(1, 3, *coefficients)
    shaper._begin(len(corners))
    shaper._state[:] = np.array([corner[:2] for corner in corners]).T[:, :, None]
    rows = [corner[2] for corner in corners]
    run(shaper, calls[rows], linear[rows])
    if abs(coefficients[0]) > 64:
        assert shaper.saturated > 0
        # The metric comes within 2^4 of its format's end: there is no bit too many.
        assert shaper.largest > formats.SHAPER_METRIC.max >> 4


# --- Does it shape? ----------------------------------------------------------------------------


def spectrum(signs, linear):
    """Power at 0 Hz to 4000 Hz in steps of 62.5 Hz, Hann window, mean over channels and time."""
    x = np.where(signs, linear, -linear).reshape(-1, 128) * np.hanning(128)
    return np.mean(np.abs(np.fft.rfft(x)) ** 2, axis=0)


@pytest.fixture(scope="module")
def shaping():
    """Change of the spectrum by the shaper in dB: a function of Sr, ld and coefficients."""
    rng = np.random.default_rng(90)
    t = rng.integers(0, 2, (8, 128 * 24), dtype=np.uint8)
    linear = g711.linear(rng.integers(60, 110, t.shape), "mu")
    flat = spectrum(t, linear)

    def change(*arguments):
        return 10 * np.log10(spectrum(run(Shaper(*arguments), t, linear), linear) / flat)

    return change


# Measured at 0 Hz with ld = 0 and one integrator: -14.2, -20.5, -24.4 dB for Sr = 1, 2, 3, and 5 dB
# to 6 dB less with ld = 3. A mean of 192 periodograms is good to 0.3 dB, a quotient of two to
# 0.45 dB; the bounds leave 3 dB, and 2 dB for the difference.
@pytest.mark.parametrize("sr, least", [(1, 11), (2, 17), (3, 21)])
def test_a_pole_at_dc_takes_the_power_from_dc(shaping, sr, least):
    without = shaping(sr, 0, 64, 0, 0, 0)
    assert without[0] < -least
    assert abs(without[32]) < 3  # and not from the middle of the band, measured within 1.6 dB
    assert shaping(sr, 3, 64, 0, 0, 0)[0] < without[0] - 3


@pytest.mark.parametrize("sr, least", [(1, 11), (2, 17), (3, 21)])
def test_a_pole_at_4_khz_takes_the_power_from_there(shaping, sr, least):
    change = shaping(sr, 0, 0, -64, 0, 0)
    assert change[-1] < -least and change[0] > -3


@pytest.mark.parametrize("sr", [1, 2, 3])
def test_each_frame_of_look_ahead_lowers_the_mean_metric(rng, sr):
    """The metric is what the shaper is to make small: more look-ahead, less of it."""
    t = rng.integers(0, 2, (8, 3000), dtype=np.uint8)
    linear = g711.linear(rng.integers(60, 110, t.shape), "A")
    powers = []
    for ld in range(4):
        signs = run(Shaper(sr, ld, 64, 0, 0, 0), t, linear)
        v = np.cumsum(np.where(signs, linear, -linear), axis=-1)
        powers.append(np.mean(v.astype(float) ** 2))
    # Measured on 24000 symbols and three seeds: 23 % to 33 % lower from ld 0 to 1, and another 6 %
    # to 17 % with each frame more.
    assert powers[1] < 0.9 * powers[0] and powers == sorted(powers, reverse=True)
    # Unshaped it is a random walk and grows with time.
    unshaped = np.cumsum(np.where(t, linear, -linear), axis=-1)
    assert powers[0] < 0.1 * np.mean(unshaped.astype(float) ** 2)
