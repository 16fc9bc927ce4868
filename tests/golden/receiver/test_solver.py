import numpy as np
import pytest

from golden.formats import FEEDBACK_TAP, NORMAL, SOLUTION, TRAINING_LEVEL
from golden.receiver.leastsquares import RIDGE, Correlator
from golden.receiver.solver import Solver, cholesky, normalised, solve_reference, substitute
from tests.golden.receiver.support import any_regressors

FORWARD, FEEDBACK = 64, 32


def line(rng, noise_db, count=2000, forward=FORWARD, feedback=FEEDBACK, high_pass=0.0):
    """Regressors of a band-limited line, 200 to 3600 Hz or so, with noise below the signal.

    ``high_pass`` is the pole of another one behind, which is for the feedback taps.
    """
    total = count + forward
    signs = rng.choice((-1, 1), total)
    pulses = np.zeros(2 * total)
    pulses[1::2] = signs
    frequency = np.abs(np.fft.fftfreq(2 * total, 1 / 16000))
    gain = 1 / (1 + (frequency / 3500) ** 16) * frequency**2 / (frequency**2 + 200**2)
    # Each line has an echo. A symbol's peak is in the midst of the samples that tell it.
    turn = -2j * np.pi * np.fft.fftfreq(2 * total)
    gain = gain * (1 + rng.uniform(0, 0.4) * np.exp(turn * rng.uniform(1, 5)))
    gain = gain * np.exp(-turn * (forward // 3))
    samples = np.fft.ifft(np.fft.fft(pulses) * gain).real
    for n in range(1, len(samples) if high_pass else 0):
        samples[n] += high_pass * samples[n - 1]
    samples *= 4000 / np.std(samples)
    samples += 4000 * 10 ** (-noise_db / 20) * rng.normal(size=len(samples))
    samples = np.clip(np.rint(samples), -(2**15), 2**15 - 1).astype(np.int64)
    windows = np.lib.stride_tricks.sliding_window_view(samples, forward)[1::2, ::-1]
    symbols = np.lib.stride_tricks.sliding_window_view(signs, feedback + 1)[:, ::-1]
    return windows[-count:], symbols[-count:]


@pytest.mark.parametrize("count", [1, 20, 32, 200, 3888])
def test_normalised(count, rng):
    """The first entries of the diagonal below 2**29, one of them above the half of that."""
    windows, symbols = any_regressors(rng, count)
    windows >>= rng.integers(0, 8)
    matrix = Correlator().process(windows, symbols)
    scaled = normalised(matrix[None])[0]
    largest = int(matrix.diagonal()[[0, 1, -1]].max())
    drop = largest.bit_length() - (NORMAL.fraction - 1)
    numerator, denominator = (1, 1 << drop) if drop > 0 else (1 << -drop, 1)
    for i, row in enumerate(matrix.tolist()):
        for j, entry in enumerate(row):
            ridge = RIDGE * (i == j < len(matrix) - 1)
            rounded = (2 * entry * numerator + denominator) // (2 * denominator)
            assert scaled[i, j] == rounded + ridge
    first = scaled.diagonal()[[0, 1, -1]]
    assert 1 << 28 <= first.max() <= (1 << 29) + RIDGE


@pytest.mark.parametrize("noise_db", [30, 60])
def test_factor_times_its_transpose(noise_db, rng):
    """A column's error is its root's remainder, and half a root where it divides."""
    (matrix,) = normalised(Correlator().process(*line(rng, noise_db))[None])
    factor, remainder = cholesky(matrix)
    # Products below 2**60, of which int64 takes a sum within Cauchy-Schwarz.
    error = (matrix << NORMAL.fraction) - factor @ factor.T
    root = factor.diagonal()
    below = np.tril_indices(len(root), -1)
    assert (np.triu(factor, 1) == 0).all()
    assert (2 * np.abs(error[below]) <= root[below[1]]).all()
    assert ((error.diagonal() >= 0) & (error.diagonal() <= 2 * root)).all()
    assert remainder == error[-1, -1] + root[-1] ** 2


def test_substitution(rng):
    """Every equation is right to half of the last digit of its unknown."""
    (matrix,) = normalised(Correlator().process(*line(rng, 50))[None])
    factor, _ = cholesky(matrix)
    solution = substitute(factor)
    left = factor[:-1, :-1].T @ solution
    assert np.abs(solution).max() < SOLUTION.max
    right = factor[-1, :-1] << SOLUTION.fraction
    assert (2 * np.abs(right - left) <= factor.diagonal()[:-1]).all()


def errors(taps, drop, feedback, windows, symbols, level):
    """Errors of taps as they are kept, in PCM values."""
    # Less the half that is added so that multiplying by the upper 16 bits rounds.
    forward = (taps - (1 << 15)) / 2.0 ** (16 + drop + 4)
    back = (feedback - (1 << 15)) / 2.0**FEEDBACK_TAP.fraction * level
    return windows @ forward + symbols[:, 1:] @ back - symbols[:, 0] * level


@pytest.mark.parametrize("high_pass", [0.0, 0.9])
@pytest.mark.parametrize("level", [300, 4000, 31000])
@pytest.mark.parametrize("noise_db", [30, 45, 60])
def test_as_good_as_float64(noise_db, level, high_pass, rng):
    """The error on other symbols of the line within 0.1 dB of the reference's.

    Rounding the matrix is at -90 dB and less, the solution's at 2**-24: far below the noise, which
    the band's edges raise by no more than the ridge of -72 dB lets them. The reference's ridge is
    within a factor of 2 of it. The reference solves at TRAINING_LEVEL, at which symbols are
    regressors here, too: at another level its ridge would be another for the feedback taps.
    """
    windows, symbols = line(rng, noise_db, 4000, high_pass=high_pass)
    training, test = slice(0, 2000), slice(2000, 4000)
    matrix = Correlator().process(windows[training], symbols[training])
    taps, drop, feedback, good = Solver().process(matrix, FORWARD, level)
    assert good
    reference = solve_reference(windows[training], symbols[training], TRAINING_LEVEL)
    rows = np.concatenate([windows, symbols[:, 1:] * TRAINING_LEVEL], axis=1)
    best = (rows @ reference - symbols[:, 0] * TRAINING_LEVEL) * (level / TRAINING_LEVEL)
    own = errors(taps, drop, feedback, windows, symbols, level)
    for part in (training, test):
        assert abs(10 * np.log10(np.mean(own[part] ** 2) / np.mean(best[part] ** 2))) < 0.1


def test_taps_fit_their_formats(rng):
    """Feed-forward taps begin below 2**30 and use it, unless the shift is at its end."""
    for level in (1, 50, 31000):
        for scale in range(0, 8, 2):
            windows, symbols = line(rng, 40, 500)
            matrix = Correlator().process(windows >> scale, symbols)
            taps, drop, feedback, _ = Solver().process(matrix, FORWARD, level)
            assert np.abs(taps - (1 << 15)).max() <= 1 << 30
            assert drop == 16 or np.abs(taps).max() >= 1 << 27
            assert 0 <= drop <= 16
            assert feedback.min() >= FEEDBACK_TAP.min and feedback.max() <= FEEDBACK_TAP.max


def test_good_tells_a_line_from_noise(rng):
    windows, symbols = line(rng, 20)
    _, _, _, good = Solver().process(Correlator().process(windows, symbols), FORWARD, 1000)
    assert good
    for noise in (rng.integers(-5000, 5000, windows.shape), np.zeros_like(windows)):
        matrix = Correlator().process(noise, symbols)
        _, _, _, good = Solver().process(matrix, FORWARD, 1000)
        assert not good
    # The right samples half a training too late.
    matrix = Correlator().process(np.roll(windows, len(windows) // 2, axis=0), symbols)
    assert not Solver().process(matrix, FORWARD, 1000)[-1]


def test_leading_axes(rng):
    lines = [line(rng, 40, 300, 8, 4) for _ in range(6)]
    windows, symbols = (np.array(part).reshape(2, 3, 300, -1) for part in zip(*lines, strict=True))
    level = rng.integers(1, 1 << 15, (2, 3))
    matrix = Correlator().process(windows, symbols)
    together = Solver().process(matrix, 8, level)
    for at in np.ndindex(2, 3):
        alone = Solver().process(matrix[at], 8, level[at])
        for one, all_of_them in zip(alone, together, strict=True):
            assert np.array_equal(one, all_of_them[at])
