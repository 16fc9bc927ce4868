"""How loud samples are, and how large errors are, as means that move."""

import numpy as np

from golden.pcm.parameters import INTERVALS
from golden.receiver.timetable import DEAD_LINE, FAST_BITS, SLOW_BITS
from golden.receiver.timing import HALVES
from hdl.receiver.means import Loudness, Quality
from sim.engines.gateware import Gateware


def test_loudness(rng):
    """Data frames about as loud as is asked for, with magnitudes up to the greatest; and anew."""
    loud = rng.choice([20, 64, 90, 32768], (300, HALVES), p=[0.55, 0.25, 0.17, 0.03])
    halves = rng.integers(-loud, loud)
    halves[rng.random(300) < 0.02] = -32768
    anew = rng.random(300) < 0.1
    # For long at the limit, where each bit counts.
    halves[100:200] = DEAD_LINE // HALVES * rng.choice([-1, 1], (100, HALVES))
    anew[100:200] = False
    every, mean, quiet = 3, 0, []
    for frame, clear in zip(halves, anew, strict=True):
        mean = (0 if clear else mean) + np.abs(frame).sum()
        quiet.append(mean >> FAST_BITS < DEAD_LINE)
        mean -= mean >> FAST_BITS
    assert 0.05 < np.mean(quiet) < 0.8
    begins = HALVES * every * np.arange(300)
    strobe = (np.arange(300 * HALVES * every) % every == 0).astype(np.int64)
    clear = np.zeros(len(strobe), np.int64)
    clear[begins[1:][anew[1:]] - 1] = 1
    half = {
        "half": halves.reshape(-1).repeat(every),
        "index": np.tile(np.arange(HALVES).repeat(every), 300),
    }
    got = (
        Gateware(Loudness())
        .run(
            waves={"half": half, "strobe": strobe, "clear": clear},
            cycles=len(strobe),
            probes=["quiet"],
        )
        .probes["quiet"]
    )
    assert np.array_equal(got[begins[1:]], quiet[:-1])


def test_quality(rng):
    """Means of each symbol's squared errors, of a few data frames, cleared in between."""
    gateware, count = Gateware(Quality()), 40
    gateware.power_on()
    for _ in range(2):
        errors = rng.integers(-(2**15), 2**15, (count, INTERVALS))
        errors[0] = -(2**15)
        means = np.zeros(INTERVALS, np.int64)
        for row in errors:
            means += row**2 - (means >> SLOW_BITS)
        strobe = np.zeros(2 * errors.size + 12, np.int64)
        strobe[10:-2:2] = 1
        first = np.zeros_like(strobe)
        first[9 : -3 : 2 * INTERVALS] = 1
        clear = (np.arange(len(strobe)) == 1).astype(np.int64)
        error = np.full_like(strobe, 999)  # must not matter without a strobe
        error[strobe == 1] = errors.reshape(-1)
        waves = {"strobe": strobe, "error": error, "first": first, "clear": clear, "read": 0}
        gateware.run(waves=waves, cycles=len(strobe), reset=False)
        waves = {"strobe": 0, "first": 0, "clear": 0, "read": np.arange(INTERVALS)}
        got = gateware.run(waves=waves, cycles=INTERVALS + 1, probes=["mean"], reset=False)
        assert got.probes["mean"][1 : INTERVALS + 1].tolist() == means.tolist()
