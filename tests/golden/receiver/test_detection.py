import numpy as np
import pytest

from golden.pcm import g711
from golden.receiver import detection
from golden.receiver.detection import (
    LATEST_REVERSAL,
    MOST_LEVEL_SHIFT,
    PERIOD,
    STEP_SCALE,
    STRETCH,
    SdDetector,
    step,
    step_reference,
)
from golden.signals import training
from sim.world.line import Conditions, Line
from sim.world.lines import find

#: Octets of silence before Sd, and symbols of TRN1d after it.
BEFORE, TRN1D = 150, 600


def samples_of(line, octets):
    """Samples (int64 within 16 bits) of octets over a line."""
    return np.clip(np.rint(line.process(octets) * 32768), -32768, 32767).astype(np.int64)


LINES = ("codec", "codec-narrow", "26awg-6kft", "26awg-18kft", "24awg-12kft", "tap-12kft-near")


def octets(u_info, law, repeats=training.SD):
    ucodes, signs = training.sd(u_info)
    skip = 6 * (training.SD - repeats)
    parts = training.trn1d(u_info, TRN1D)
    ucodes = np.concatenate([np.zeros(BEFORE, np.uint8), ucodes[skip:], parts[0]])
    signs = np.concatenate([np.ones(BEFORE, np.uint8), signs[skip:], parts[1]])
    return g711.octet(ucodes, signs, law)


def received(name, law="A", u_info=70, **conditions):
    line = Line(find(name), Conditions(near_loss=None, **{"level": -25} | conditions), law)
    return line, samples_of(line, octets(u_info, law))


def tone(frequency, amplitude, count=6000):
    return np.rint(amplitude * np.sin(2 * np.pi * frequency / 16000 * np.arange(count)))


def all_of(samples, detector=None):
    """Every detection in the samples, with the number of the sample that completes it."""
    detector = detector or SdDetector()
    begin, results = detector.taken, []
    while detector.taken < begin + len(samples):
        found = detector.process(samples[detector.taken - begin :])
        if found is not None:
            results.append((detector.taken, found))
    return results


def ppm_of(found):
    return found.step / 2**32 * 1e6


def tolerance(snr):
    """Five standard deviations in ppm.

    A stretch's phase has a variance of 1 / (samples * SNR), and the difference of two belongs to
    STRETCH samples of a twelfth of a turn each. Beside that, what is between the two lines of Sd
    settles during the first stretch, and the tangent stands for the angle: 4 ppm.
    """
    deviation = np.sqrt(2 / (STRETCH * 10 ** (snr / 10)))
    return 5e6 * deviation / (STRETCH * 2 * np.pi / PERIOD) + 4


@pytest.mark.parametrize("law", ["A", "mu"])
@pytest.mark.parametrize("name", LINES)
@pytest.mark.parametrize("snr, ppm", [(50, 0), (40, -100), (30, 100), (45, 400), (35, -400)])
def test_found_once_on_real_lines(name, law, snr, ppm):
    line, samples = received(name, law, snr=snr, ppm=ppm, seed=int(snr + abs(ppm)))
    ((end, found),) = all_of(samples)
    assert abs(ppm_of(found) - ppm) < tolerance(snr)
    # The first sample of S-bar-d at its highest is where the line's response is.
    peak = np.argmax(np.abs(line.impulse())) + 2 * (BEFORE + 6 * training.SD) * (1 + ppm * 1e-6)
    assert 8 <= found.reversal - peak <= 20
    assert 0 < end - found.reversal - 1 - detection.LEVEL_WINDOW <= PERIOD - 1
    # TRN1d at the working level.
    rms = np.sqrt(np.mean(samples[found.reversal + 96 : -50].astype(float) ** 2))
    assert 1182 * 0.85 < rms * 2.0**found.shift < 2364 * 1.15


@pytest.mark.parametrize("level", [-6, -20, -30, -40, -50])
def test_levels(level):
    ((_, loud),) = all_of(received("26awg-6kft", level=-25)[1])
    ((_, found),) = all_of(received("26awg-6kft", level=level)[1])
    assert abs(found.reversal - loud.reversal) <= 1
    # 6 dB a bit; one more or less where the level is at a limit.
    assert abs(found.shift - min(MOST_LEVEL_SHIFT, loud.shift - (level + 25) / 6.02)) <= 1.01
    assert abs(ppm_of(found)) < 30


def test_too_faint():
    assert not all_of(received("26awg-6kft", level=-70)[1])


def test_step_is_the_tangent_of_the_reference_s_angle(rng):
    for _ in range(50):
        # Whole periods, so that both do without the other frequencies.
        turn = 1 + rng.uniform(-700, 700) * 1e-6
        angle = 2 * np.pi / PERIOD / turn * np.arange(2 * STRETCH) + rng.uniform(0, 6)
        samples = np.rint(2 ** rng.uniform(9, 14.9) * np.cos(angle)).astype(np.int64)
        cosine = np.tile(detection.COSINE, 2 * STRETCH // PERIOD)
        both = (cosine * samples, np.roll(cosine, 3) * samples)
        sums = [int(part[half : half + STRETCH].sum()) for half in (0, STRETCH) for part in both]
        reference = step_reference(samples)
        # The tangent of an angle below 1/8 is larger by less than a 190th; cutting the sums to 16
        # bits makes an angle of 2**-14.
        off = abs(step(*sums) / 2**32 - reference)
        assert off < abs(reference) / 185 + 2**-14 / (STRETCH * 2 * np.pi / PERIOD)
        assert abs(reference - (turn - 1)) < 2e-6


def test_step():
    assert step(1 << 30, 0, 1 << 30, 0) == 0
    # A later phase is a turn backwards in the tone: a clock that is slow.
    up, down = step(1 << 30, 0, 1 << 30, 1 << 26), step(1 << 30, 0, 1 << 30, -(1 << 26))
    assert down + up in (0, -1) and abs(up) == (((1 << 14) * STEP_SCALE) >> 8)
    # The limit is an eighth; what is at right angles, the other way, or nothing is another tone.
    assert step(1 << 30, 0, 1 << 30, (1 << 27) - (1 << 16)) is not None
    for second in ((1 << 30, 1 << 27), (0, 1 << 30), (-(1 << 30), 0), (0, 0)):
        assert step(1 << 30, 0, *second) is None
    # Products of the lowest numbers do not wrap.
    low = -(1 << 39)
    assert step(low, low, low, low) == 0
    # Small sums are used as they are.
    assert step(100, 3, 100, 3) == 0 and step(1, 0, 0, 1) is None


@pytest.mark.parametrize("amplitude", [200, 3000, 30000])
@pytest.mark.parametrize("frequency", [100, 1100, 1200, 1300, 1320, 1347, 1400, 2100, 2225, 2400])
def test_no_tone_is_sd(frequency, amplitude, rng):
    x = tone(frequency, amplitude)
    for noise in (0, amplitude / 100):
        samples = np.rint(x + noise * rng.standard_normal(len(x))).astype(np.int64)
        # Even one that turns.
        assert not all_of(np.concatenate([samples, -samples]))


def test_a_tone_of_sd_s_frequency_that_never_turns_is_not_sd():
    x = tone(16000 / PERIOD, 5000).astype(np.int64)
    detector = SdDetector()
    assert not all_of(x, detector)
    # It gives up, and begins anew.
    assert all_of(received("codec")[1], detector)


@pytest.mark.parametrize("rms", [30, 1000, 12000])
def test_nothing_in_noise_and_silence(rms, rng):
    noise = np.clip(np.rint(rms * rng.standard_normal(60000)), -32768, 32767).astype(np.int64)
    assert not all_of(noise)
    assert not all_of(np.zeros(5000, np.int64))


def test_nothing_in_trn1d_and_data(rng):
    _, trn1d = training.trn1d(70, 6000)
    for ucodes, signs in (
        (np.full(6000, 70, np.uint8), trn1d),
        (rng.integers(0, 128, 6000, np.uint8), rng.integers(0, 2, 6000, np.uint8)),
    ):
        line = Line(find("26awg-6kft"), Conditions(level=-20, near_loss=None))
        assert not all_of(samples_of(line, g711.octet(ucodes, signs, "A")))


@pytest.mark.parametrize("repeats, there", [(64, 1), (62, 1), (45, 0), (20, 0), (5, 0)])
def test_sd_cut_short(repeats, there):
    """Window and both stretches are 720 samples, or 60 repetitions."""
    line = Line(find("26awg-6kft"), Conditions(level=-25, near_loss=None))
    samples = samples_of(line, octets(70, "A", repeats))
    assert len(all_of(samples)) == there


def test_a_reversal_that_comes_late_is_none():
    sd = tone(16000 / PERIOD, 5000, 3000).astype(np.int64)
    begin = 96 + LATEST_REVERSAL
    for count, there in ((begin - 40, 1), (begin + 60, 0)):
        assert (
            len(
                all_of(
                    np.concatenate(
                        [sd[:count], -sd[count : count + 96], sd[:0], np.zeros(300, np.int64)]
                    )
                )
            )
            == there
        )


def test_one_after_the_other_and_pieces(rng):
    parts = [received("codec", snr=40, ppm=ppm, seed=ppm)[1] for ppm in (0, 50, 200)]
    samples = np.concatenate([parts[0], tone(1333, 4000, 500).astype(np.int64), *parts[1:]])
    whole = all_of(samples)
    assert len(whole) == 3
    for most in (1, 7, 300, 5000):
        detector, pieces, at = SdDetector(), [], 0
        while at < len(samples):
            piece = samples[at : at + int(rng.integers(1, most + 1))]
            pieces += all_of(piece, detector)
            at += len(piece)
        assert pieces == whole


def test_reset_numbers_from_there():
    samples = received("codec", snr=40)[1]
    ((end, found),) = all_of(samples)
    detector = SdDetector()
    detector.process(samples[:700])
    detector.reset(100000)
    ((later, again),) = all_of(samples, detector)
    assert later - end == again.reversal - found.reversal == 100000
    assert (again.shift, again.step) == (found.shift, found.step)
