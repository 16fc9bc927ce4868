import numpy as np
import pytest

from hdl.receiver.detection import SdDetector
from sim.engines.compare import ENGINES, compare
from sim.engines.gateware import Gateware
from tests.hdl.receiver.support import (
    LEAD,
    LONG,
    SHORT,
    detections,
    sd,
    silence,
    to_samples,
    waves,
)
from tests.hdl.support import FULL_SPEED, WithMultiplier

DETECTION = ("detection__reversal", "detection__shift", "detection__step")
PROBES = ("found", "busy", *DETECTION)


@pytest.fixture(scope="module")
def gateware():
    return Gateware(WithMultiplier(SdDetector()))


def run(gateware, samples, gaps=LONG, at=0, **options):
    """The gateware's detections, as :func:`detections` has them; cycles that each sample took."""
    given, strobes = waves(samples, gaps)
    probes = gateware.run(waves=given, cycles=len(given["strobe"]), probes=PROBES, **options).probes
    found = np.flatnonzero(probes["found"])
    sample = np.searchsorted(strobes, found) - 1
    assert not probes["busy"][found].any() and probes["busy"][found - 1].all()
    told = [tuple(int(probes[name][k]) for name in DETECTION) for k in found]
    for name in DETECTION:
        # They hold until the next detection.
        assert np.isin(np.flatnonzero(np.diff(probes[name])) + 1, found).all(), name
    busy = np.add.reduceat(probes["busy"], strobes)
    return [(at + int(k), *fields) for k, fields in zip(sample, told, strict=True)], busy


def test_whole_starts(gateware, rng):
    """Silence, Sd, S-bar-d and TRN1d, twice, at all levels and clocks, with noise."""
    count, shifts = 0, set()
    for _ in range(14):
        amplitude = 2 ** rng.uniform(6, 16)
        parts = []
        for _ in range(2):
            parts += [silence(rng), sd(rng, amplitude, rng.uniform(-900, 900))]
        samples = to_samples(rng, parts, rng.choice([0, 1, amplitude / 200]))
        expected = detections(samples)
        got, busy = run(gateware, samples)
        assert got == expected
        assert busy.max() < LONG and (busy > SHORT).sum() <= 4
        count += len(got)
        shifts |= {shift for _, _, shift, _ in got}
    assert count >= 14 and len(shifts) >= 5


def test_false_starts(gateware, rng):
    """Signals like Sd for a while: cut short, turned early, other tones; then a good one."""
    count = 0
    for _ in range(6):
        parts, amplitude = [], 2 ** rng.uniform(8, 15)
        for _ in range(3):
            repeats = int(rng.choice([4, 10, 30, 45, 49, 50, 64]))
            cut = sd(rng, amplitude, repeats=repeats, symbols=6)
            if rng.random() < 0.5:
                cut = cut[: 12 * repeats - int(rng.integers(30))]
            tone = amplitude * np.sin(
                2 * np.pi * rng.uniform(1325, 1342) / 16000 * np.arange(rng.integers(400, 1800))
            )
            parts += [cut, silence(rng), tone, silence(rng)]
        parts += [amplitude * rng.uniform(-1, 1, 300), sd(rng, amplitude), silence(rng, 1000)]
        samples = to_samples(rng, parts, amplitude / 300)
        got, _ = run(gateware, samples)
        assert got == detections(samples)
        count += len(got)
    assert count >= 6


@pytest.mark.parametrize("amplitude", [37, 60, 150, 500, 32768, 60000])
def test_ends_of_the_range(gateware, rng, amplitude):
    """From the least power on to squares of full scale; sums of few bits take the longest."""
    slow = 0
    for repeats in (64, 52):
        tone = amplitude * np.cos(2 * np.pi * (np.arange(12 * repeats) + rng.random()) / 12)
        turned = np.concatenate([tone, -tone[:96]])
        # 37 is loud enough as a square wave only.
        square = amplitude == 37 or rng.random() < 0.3
        turned = np.sign(turned) * amplitude if square else turned
        level = [np.zeros(192), rng.choice([-32768, 32767], 192), rng.uniform(-40, 40, 192)]
        parts = [turned, level[rng.integers(3)], np.zeros(300), turned, level[rng.integers(3)]]
        samples = to_samples(rng, [*parts, np.zeros(30)])
        got, busy = run(gateware, samples)
        assert got == detections(samples)
        slow = max(slow, busy.max())
    assert SdDetector.cycles < slow < SdDetector.decision_cycles


@pytest.mark.parametrize("half, there", [((64, 64, 0, 0, 0, 0), 1), ((90, 9, 3, 1, 0, 0), 0)])
def test_least_power(gateware, half, there):
    """Squares of 16 halves of a period that add up to 2**17, and to 16 less."""
    x = np.tile(np.array([half, np.negative(half)]).reshape(-1), 60)
    samples = np.concatenate([np.zeros(20, np.int64), x, -x[:96], x[:200] // 2])
    got, _ = run(gateware, samples)
    assert got == detections(samples) and len(got) == there


def test_random_samples_with_period(gateware, rng):
    """Any waveform that turns after half a period is Sd, and a random one a hard case."""
    count = 0
    for _ in range(12):
        half = rng.uniform(-1, 1, 6) * 2 ** rng.uniform(6, 15)
        period = np.concatenate([half, -half])
        x = np.concatenate([np.tile(period, 60), np.tile(-period, 8)])
        data = rng.uniform(-1, 1, 250) * 2 ** rng.uniform(0, 15)
        samples = to_samples(rng, [x, data, np.tile(period, 30), x, data], rng.choice([0, 1, 20]))
        got, _ = run(gateware, samples)
        assert got == detections(samples)
        count += len(got)
    assert count >= 10


def test_strobes_as_close_as_may_be(gateware, rng):
    samples = to_samples(rng, [sd(rng, 9000, 100), silence(rng), sd(rng, 3000, -200)], 10)
    expected = detections(samples)
    _, busy = run(gateware, samples)
    got, again = run(gateware, samples, np.where(busy > SdDetector.cycles, LONG, SHORT))
    assert got == expected and len(got) == 2
    assert np.array_equal(again, busy)
    # At the very end of busy the next one may come.
    got, _ = run(gateware, samples, busy + 1)
    assert got == expected


def test_cycles(gateware, rng):
    samples = to_samples(rng, [silence(rng), sd(rng, 9000, 100)])
    got, busy = run(gateware, samples)
    assert len(got) == 1
    number = got[0][0]
    # While it searches, while it waits for the reversal, and where there is a step to be found.
    assert (busy[number + 1 :] == 144).all()
    assert (busy[number - 240 : number - 225] == 126).all()
    long = np.flatnonzero(busy > SdDetector.cycles)
    assert 1 <= len(long) <= 2 and busy.max() < SdDetector.decision_cycles
    assert long[0] < number and long[-1] in (long[0], number)
    # With a reset, the memory is cleared, and only then a sample may come.
    cleared = gateware.run(waves={"strobe": 0, "sample": 0}, cycles=LEAD, probes=["busy"])
    assert np.flatnonzero(cleared.probes["busy"]).tolist() == list(range(192))


def test_numbers_wrap(gateware, rng):
    """A reversal on each side of sample 65536."""
    zeros = np.zeros(4096, np.int64)
    for first in (65536 - 1000, 65536 - 700):
        _, busy = run(gateware, zeros[: first % 4096], 150)
        for _ in range(first // 4096):
            _, busy = run(gateware, zeros, 150, reset=False)
        assert busy.max() < 150
        samples = to_samples(rng, [sd(rng, 9000, 100)])
        expected = detections(samples, first)
        got, _ = run(gateware, samples, at=first, reset=False)
        assert got == expected and len(got) == 1


@pytest.mark.parametrize("engine", ENGINES)
def test_engines_agree(gateware, engine, rng):
    """The same in every cycle; a whole detection where there is time for it."""
    sent = sd(rng, 9000, 100, repeats=62)
    if engine != "cxxrtl":
        # A reversal that comes too early.
        sent = np.concatenate([sent[300:420], -sent[300:335]])
    samples = to_samples(rng, [sent], 10)
    given, strobes = waves(samples, run(gateware, samples)[1] + 1)
    cycles = len(given["strobe"])
    expected = gateware.run(waves=given, cycles=cycles, probes=PROBES).probes
    (result,) = compare(
        WithMultiplier(SdDetector()),
        {},
        {},
        engine=engine,
        patterns=[FULL_SPEED],
        waves=given,
        cycles=cycles,
        probes=PROBES,
        drain=0,
    )
    for name in PROBES:
        assert np.array_equal(result.probes[name][:cycles], expected[name]), name
    assert expected["found"].sum() == (engine == "cxxrtl")
    # It began, and without a whole detection ends searching.
    busy = np.add.reduceat(expected["busy"], strobes)
    assert SdDetector.cycles in busy and (busy == 126).sum() > 5 and busy[-1] == 144
