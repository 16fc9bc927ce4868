import numpy as np
import pytest

from golden.formats import INTERPOLATED
from golden.receiver.timing import (
    HALVES,
    INSTANT_FRACTION,
    PHASES,
    PLACE_BITS,
    TABLE,
    TAPS,
    TAPS_BEFORE,
    Interpolator,
    instants,
    interpolate_reference,
)

ONE = 1 << INSTANT_FRACTION


def interpolated(samples, at, shift=0):
    """Samples at instants ``at`` (Q32), which must be well inside."""
    offsets = np.arange(-TAPS_BEFORE + 1, TAPS - TAPS_BEFORE + 1)
    windows = samples[(at >> INSTANT_FRACTION)[..., None] + offsets]
    return Interpolator().process(windows, at % ONE, shift)


def decibels(error, signal):
    return 10 * np.log10(np.mean(np.square(error)) / np.mean(np.square(signal)))


def test_table():
    assert TABLE.shape == (PHASES + 1, TAPS)
    # On a sample it is that sample, short of 2**-15, and the last row is the first, a tap later.
    assert TABLE[0].tolist() == [0] * 5 + [32767] + [0] * 6
    assert np.array_equal(TABLE[-1][1:], TABLE[0][:-1]) and TABLE[-1][0] == 0
    # Even: as far before as behind.
    assert np.array_equal(TABLE, TABLE[::-1, ::-1])
    # A constant comes through.
    assert (np.abs(TABLE.sum(-1) - 32768) <= 4).all()
    # A sum has 32 bits, with the rounding of the largest shift.
    assert np.abs(TABLE).sum(-1).max() * 32768 + (1 << 19) < 2**31


@pytest.mark.parametrize("step", [0, 1, -1, 429497, -3000000])
def test_instants(step):
    starts = np.array([0, 12345678901, 5 * ONE - 1])
    got = instants(starts, np.full(3, step))
    assert got.shape == (3, HALVES)
    assert got[1].tolist() == [12345678901 + k * (ONE + step) for k in range(HALVES)]


@pytest.mark.parametrize("frequency", [1, 300, 1000, 2000, 3000, 3500, 3999])
def test_tones_up_to_4_khz(rng, frequency):
    """Taps of 16 bits and 64 phases with lines between leave less than -74 dB."""
    omega = 2 * np.pi * frequency / 16000
    phase = rng.uniform(0, 6)
    samples = np.rint(30000 * np.cos(omega * np.arange(1200) + phase)).astype(np.int64)
    at = (20 * ONE + rng.integers(0, 1100 * ONE, 3000)).astype(np.int64)
    exact = 30000 * np.cos(omega * at / ONE + phase)
    assert decibels(interpolated(samples, at) - exact, np.full(1, 30000 / np.sqrt(2))) < -74


def test_against_the_reference(rng):
    """A band of noise below 4 kHz; the reference's window is ten times as long."""
    spectrum = np.zeros(1025, complex)
    spectrum[1:505] = rng.standard_normal(504) + 1j * rng.standard_normal(504)
    samples = np.fft.irfft(spectrum)
    samples = np.rint(samples * 25000 / np.abs(samples).max()).astype(np.int64)
    at = (80 * ONE + rng.integers(0, 1880 * ONE, 2000)).astype(np.int64)
    reference = interpolate_reference(samples, at / ONE)
    assert decibels(interpolated(samples, at) - reference, reference) < -68


def test_the_reference_is_a_tone_s_value(rng):
    omega = 2 * np.pi * 3900 / 16000
    samples = np.cos(omega * np.arange(400))
    at = rng.uniform(80, 320, 500)
    assert np.abs(interpolate_reference(samples, at) - np.cos(omega * at)).max() < 1e-4
    # Beyond its ends there is silence.
    assert interpolate_reference(samples, [-200.0, 700.5]).tolist() == [0.0, 0.0]


@pytest.mark.parametrize("shift", range(-5, 7))
def test_shift_is_a_power_of_two_rounded_once(rng, shift):
    windows = rng.integers(-200, 200, (500, TAPS))
    fraction = rng.integers(0, ONE, 500)
    got = Interpolator().process(windows, fraction, shift)
    fine = fraction / ONE * PHASES
    low = fine.astype(int)
    place = (fine - low)[:, None]
    taps = TABLE[low] * (1 - place) + TABLE[low + 1] * place
    exact = (windows * taps).sum(-1) / 32768 * 2.0**shift
    # A tap is off by half a unit of 2**-15, and by what the cut to 10 bits between phases makes.
    off = 0.5 + np.abs(np.diff(TABLE, axis=0)).max() / 1024
    assert np.abs(got - exact).max() <= 0.5 + TAPS * 200 * off / 32768 * 2.0**shift
    assert np.array_equal(
        got,
        [
            Interpolator().process(row, one, np.int64(shift))
            for row, one in zip(windows, fraction, strict=True)
        ],
    )


def test_rounds_half_up():
    windows = np.zeros((6, TAPS), np.int64)
    windows[:, 5] = [1, 3, -1, -3, 5, -5]
    # 32767/32768 of a half is less than one half, and of minus a half more than minus one half.
    got = Interpolator().process(windows, np.zeros(6, np.int64), -1)
    assert got.tolist() == [0, 1, 0, -1, 2, -2]


def test_saturates(rng):
    windows = np.where(TABLE[32] >= 0, 32767, -32768)[None].repeat(2, 0)
    windows[1] = ~windows[1]
    half = np.full(2, ONE // 2)
    assert Interpolator().process(windows, half, 0).tolist() == [INTERPOLATED.max, INTERPOLATED.min]
    # -5 brings it back into the range: nothing wraps in the sum.
    got = Interpolator().process(windows, half, -5)
    sums = np.abs(TABLE[32]).sum()
    assert np.abs(got - np.array([sums, -sums]) / 32).max() <= 1
    loud = np.full((1, TAPS), 600)
    assert Interpolator().process(loud, half[:1], 6).tolist() == [INTERPOLATED.max]
    assert Interpolator().process(-loud, half[:1], 6).tolist() == [INTERPOLATED.min]


def test_leading_axes(rng):
    windows = rng.integers(-32768, 32768, (3, 4, TAPS))
    fraction = rng.integers(0, ONE, (3, 4))
    shift = rng.integers(-5, 7, (3, 1))
    got = Interpolator().process(windows, fraction, shift)
    assert got.shape == (3, 4)
    for k in range(3):
        row = Interpolator().process(windows[k], fraction[k], shift[k])
        assert np.array_equal(got[k], row)


def test_taps_between_rows_are_rounded(rng):
    """One sample of 2**14 brings its tap out whole: the nearest to the line between two rows."""
    fine = rng.integers(0, PHASES << PLACE_BITS, 2000)
    at = fine << INSTANT_FRACTION - PLACE_BITS - PHASES.bit_length() + 1
    for tap in range(TAPS):
        windows = np.zeros((len(fine), TAPS), np.int64)
        windows[:, tap] = 1 << 14
        exact = np.interp(fine / (1 << PLACE_BITS), np.arange(PHASES + 1), TABLE[:, tap])
        # What stands half way is rounded up.
        assert np.array_equal(Interpolator().process(windows, at, 1), np.floor(exact + 0.5))
