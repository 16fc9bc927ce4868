"""Stimuli that several tests of this package share."""

import numpy as np

from golden.formats import TRAINING_LEVEL
from golden.pcm import g711
from golden.receiver import timing
from golden.receiver.detection import SdDetector as GoldenDetector
from golden.receiver.leastsquares import MOST_OFF, Correlator
from golden.receiver.timetable import FIRST_FRAME, FIRST_SYMBOL
from golden.signals import training
from hdl.receiver.detection import SdDetector
from hdl.receiver.leastsquares import ACCUMULATE, FINISH, REMEMBER

SIZES = [(8, 4), (16, 5), (64, 32)]


ENGINES_AND_SIZES = [
    *(("cxxrtl", size) for size in [*SIZES, (4, 2), (6, 9), (32, 32)]),
    ("verilator", (8, 4)),
    ("icarus", (8, 4)),
]


KINDS = ("channel", "clipped", "faint", "echo", "noise", "nothing")


class Line:
    """Samples (two a symbol) and symbols, and the regressors that they make.

    ``before`` symbols come before the stretch of ``count``.
    """

    def __init__(self, samples, signs, forward, feedback, before):
        self.forward, self.feedback, self.before = forward, feedback, before
        self.samples, self.signs = samples, signs

    def regressors(self, symbol):
        """Samples, newest first, and symbols, latest first, at a symbol."""
        newest = 2 * symbol + 1
        return (
            self.samples[newest - self.forward + 1 : newest + 1][::-1],
            self.signs[symbol - self.feedback : symbol + 1][::-1],
        )

    def windows(self):
        """Windows of samples and symbols for golden's Correlator."""
        every = [self.regressors(n) for n in range(self.before, len(self.signs))]
        return tuple(np.array(part) for part in zip(*every, strict=True))

    def items(self):
        """Items for the gateware's Correlator."""
        count = len(self.signs)
        mode = np.where(np.arange(count) < self.before, REMEMBER, ACCUMULATE)
        mode[-1] = FINISH
        older, newer = self.samples.reshape(-1, 2).T
        above = np.rint(TRAINING_LEVEL * (np.abs(self.signs) - 1)).astype(int)
        return {
            "older": older,
            "newer": newer,
            "sign": (self.signs > 0).astype(int),
            "above": above,
            "mode": mode,
        }

    def words(self):
        """Words that the Correlator gives, from the whole of the normal equations."""
        forward, signs = self.windows()
        matrix = Correlator().process(forward, signs)
        # Symbol 0 after the samples.
        order = np.r_[: self.forward, -1, self.forward : len(matrix) - 1]
        matrix = matrix[np.ix_(order, order)]
        edges = [
            np.concatenate([samples, TRAINING_LEVEL * symbols])
            for samples, symbols in (
                self.regressors(self.before - 1),
                self.regressors(len(self.signs) - 1),
            )
        ]
        f = self.forward
        return np.concatenate(
            [
                matrix.diagonal()[[0, 1, f]],
                *edges,
                matrix[0, :f],
                matrix[1, 1:f],
                matrix[f, :f],
                matrix[0, f:],
                matrix[1, f:],
                matrix[f, f:],
            ]
        ).astype(np.int64)


def any_line(rng, size, count, kind=None):
    """A line: a channel, full of clipped samples, faint, with an echo, or of noise only.

    Faint ones have solutions out of range, and an echo has a feedback tap out of range.
    """
    forward, feedback = size
    before = max(forward // 2, feedback + 1)
    total = before + count
    kind = kind or rng.choice(KINDS)
    signs = rng.choice((-1, 1), total)
    pulses = np.zeros(2 * total)
    pulses[::2] = signs
    if kind == "channel":
        response = rng.normal(size=6) * np.hanning(8)[1:-1]
        samples = 3000 * np.convolve(pulses, response)[: 2 * total]
        samples += 10 ** rng.uniform(0, 2) * rng.normal(size=2 * total)
    elif kind == "clipped":
        samples = rng.choice((-(2**15), 2**15 - 1), 2 * total)
    elif kind == "faint":
        samples = np.roll(pulses, 1) * rng.integers(2, 20)
    elif kind == "echo":
        samples = 400 * (np.roll(pulses, 1) + rng.choice((-4, 4)) * np.roll(pulses, 3))
        samples += 20 * rng.normal(size=2 * total)
    elif kind == "noise":
        samples = rng.normal(size=2 * total) * 10 ** rng.uniform(0, 4)
    else:
        samples = np.zeros(2 * total)
    samples = np.clip(np.rint(samples), -(2**15), 2**15 - 1).astype(np.int64)
    if rng.random() < 0.5:
        # Levels that differ, as where bits are robbed.
        signs = signs * (1 + rng.integers(-MOST_OFF, MOST_OFF + 1, total) / TRAINING_LEVEL)
    return Line(samples, signs, forward, feedback, before)


#: Cycles between strobes that are enough after any sample, and after most.
LONG, SHORT = SdDetector.decision_cycles, 200


#: Cycles after reset before the first sample.
LEAD = 200


def waves(samples, gaps=LONG):
    """Waves with a strobe for each sample, ``gaps`` cycles before the next; where strobes are."""
    at = LEAD + np.concatenate([[0], np.cumsum(np.broadcast_to(gaps, len(samples)))])
    strobe = np.zeros(at[-1], np.int64)
    strobe[at[:-1]] = 1
    sample = np.full(at[-1], 21845)
    sample[at[:-1]] = samples
    return {"strobe": strobe, "sample": sample}, at[:-1]


def above(ucode):
    """How far a Ucode's level is above TRN1d's, in the tables of these tests."""
    return int(ucode) * 37 % 512 - 256


def level_words(rng, levels, bank):
    """Words of one bank, in any order."""
    words = []
    for interval, (values, ucodes) in enumerate(zip(levels.values, levels.ucodes, strict=True)):
        head = {"bank": bank, "interval": interval}
        for index, (value, ucode) in enumerate(zip(values, ucodes, strict=True)):
            entry = {"index": index, "kind": 0, "value": value, "ucode": ucode}
            words.append({**head, **entry, "above": above(ucode)})
        count = {"index": 0, "kind": 1, "value": len(values) - 1, "ucode": 0, "above": 0}
        words.append({**head, **count})
    return [words[n] for n in rng.permutation(len(words))]


#: Cycles from strobe to strobe, and from a strobe to when its half symbols are surely done.
PERIOD, DONE = 200, 160


ONE = 1 << timing.INSTANT_FRACTION


def half_symbols(samples, first, reversal, shift, step, corrections):
    """Golden's half symbols from a start on.

    ``samples`` have the numbers from ``first`` on, zeros before. Returns their values, the number
    of the last sample that each needs, and the step after each data frame.
    """
    at = ((reversal + FIRST_SYMBOL) << timing.INSTANT_FRACTION) + FIRST_FRAME * timing.HALVES * (
        ONE + step
    )
    halves, needed, steps = [], [], []
    padded = np.concatenate([np.zeros(64, np.int64), samples, np.zeros(64, np.int64)])
    offsets = np.arange(-timing.TAPS_BEFORE + 1, timing.TAPS - timing.TAPS_BEFORE + 1)
    for phase, frequency in [*corrections, *[(0, 0)] * len(samples)]:
        instants = timing.instants(np.array(at), np.array(step))
        whole = (instants >> timing.INSTANT_FRACTION) - first
        needed.append(whole + offsets[-1])
        if needed[-1][0] >= len(samples):
            break
        rows = np.minimum(whole[:, None] + offsets + 64, len(padded) - 1)
        halves.append(timing.Interpolator().process(padded[rows], instants % ONE, shift))
        at += timing.HALVES * (ONE + step) + phase
        step += frequency
        steps.append(step)
    needed = np.concatenate(needed[: len(halves)])
    there = needed < len(samples)
    return np.concatenate(halves)[there], needed[there], np.array(steps)


_CORRECTION = ("correction__phase", "correction__frequency", "correction__amount")


class Call:
    """Samples every PERIOD cycles, a start and corrections: the waves of a run, and what is due."""

    def __init__(self, rng, count, first=0, shift=None, step=None, corrections=True):
        # Loud enough that some sums saturate, and with the ends of the range.
        self.shift = int(rng.integers(-5, 7)) if shift is None else shift
        loud = min(32768, 30000 >> max(0, self.shift))
        self.samples = rng.choice(
            [rng.integers(-loud, loud, count), rng.choice([-32768, 32767], count)], p=[0.7, 0.3]
        )
        self.step = int(rng.integers(-(1 << 22), 1 << 22)) if step is None else step
        self.first, self.reversal = first, first + int(rng.integers(20))
        begin = self.reversal - first + 210
        pairs = [
            (int(rng.integers(-(1 << 30), 1 << 30)), int(rng.integers(-(1 << 17), 1 << 17)))
            if corrections and rng.random() < 0.8
            else (0, 0)
            for _ in range(count // timing.HALVES)
        ]
        self.halves, self.needed, self.steps = half_symbols(
            self.samples, first, self.reversal, self.shift, self.step, pairs
        )
        self.at = 20 + PERIOD * np.arange(count)
        names = ("strobe", "sample", "start", *_CORRECTION)
        self.waves = {name: np.zeros(PERIOD * (count + 1), np.int64) for name in names}
        self.waves["strobe"][self.at] = 1
        self.waves["sample"][:] = 12345  # what is there without a strobe must not matter
        self.waves["sample"][self.at] = self.samples
        self.began = self.at[begin] + DONE
        self.waves["start"][self.began] = 1
        self.waves |= {
            "detection__reversal": self.reversal % (1 << 16),
            "detection__shift": self.shift,
            "detection__step": self.step,
            "stop": 0,
        }
        frames = self.needed[: len(self.needed) // timing.HALVES * timing.HALVES]
        for needed, (phase, frequency) in zip(
            frames.reshape(-1, timing.HALVES), pairs, strict=False
        ):
            if phase or frequency:
                at = self.at[needed[rng.integers(timing.HALVES - 1)]] + DONE
                self.correct(at, phase, frequency)

    def correct(self, at, phase, frequency):
        is_phase, is_frequency, amount = (self.waves[name] for name in _CORRECTION)
        is_phase[at] = is_frequency[at + 1] = 1
        amount[at : at + 2] = phase, frequency

    @property
    def expected(self):
        return {"half": self.halves, "index": np.arange(len(self.halves)) % timing.HALVES}

    def run(self, gateware, **options):
        length = len(self.waves["strobe"])
        return gateware.run(
            outputs={"o": None}, waves=self.waves, cycles=length, probes=("busy", "step"), **options
        )


def check(call, result):
    got = result.outputs["o"]
    assert np.array_equal(got["half"], call.expected["half"])
    assert np.array_equal(got["index"], call.expected["index"])


def detections(samples, at=0):
    """Golden's detections: number of the sample that completes each, and its fields."""
    detector, found = GoldenDetector(), []
    detector.reset(at)
    while detector.taken < at + len(samples):
        result = detector.process(samples[detector.taken - at :])
        if result is not None:
            found.append(
                (detector.taken - 1, result.reversal % (1 << 16), result.shift, result.step)
            )
    return found


def sd(rng, amplitude, ppm=0.0, repeats=training.SD, symbols=600):
    """Sd of so many repetitions, S-bar-d and TRN1d through some line, in floating point."""
    parts = [training.sd(int(rng.integers(40, 90))), training.trn1d(70, symbols)]
    skip = 6 * (training.SD - repeats)
    ucodes, signs = (np.concatenate(part)[skip:] for part in zip(*parts, strict=True))
    x = g711.linear(ucodes, "A") * (2.0 * signs - 1)
    x = np.convolve(np.repeat(x, 2), [0.1, 0.4, 0.3, *rng.uniform(-0.15, 0.15, 5)])
    at = np.arange(int(len(x) * 0.998) - 1) * (1 + ppm * 1e-6)
    return np.interp(at, np.arange(len(x)), x) * amplitude / np.abs(x).max()


def to_samples(rng, parts, noise=0.0):
    x = np.concatenate(parts)
    x = x + noise * rng.standard_normal(len(x))
    return np.clip(np.rint(x), -32768, 32767).astype(np.int64)


def silence(rng, most=200):
    return np.zeros(int(rng.integers(most)))
