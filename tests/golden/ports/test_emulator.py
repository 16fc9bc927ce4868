"""The emulated line against sim/world/line.py, and its noise, clock and limits."""

import numpy as np
import pytest

from golden.errors import V90Error
from golden.pcm import g711
from golden.ports.emulator import LineEmulator, Response, noise_scale, step_of
from sim.world import lines
from sim.world.line import Conditions, Line
from tests.golden.ports.support import LEVEL, U_INFO, octets_of, response_of
from tests.hdl.support import check_refused

#: Measured, less 1 dB. What is missed is mostly what two recursions cannot say of a tail that three
#: poles and a loop make. That is a line which is a little another one, and not noise: a receiver's
#: taps take it in.
CLOSE = {"codec": 49.3, "26awg-3kft": 43.8, "26awg-6kft": 46.4, "26awg-9kft": 44.1}


@pytest.mark.parametrize("name", CLOSE)
def test_close_to_the_line(name, rng):
    response, octets = response_of(name), octets_of(rng, 8000)
    ours = LineEmulator(response, "A", ppm=150).process(octets)
    conditions = Conditions(ppm=150, phase=2 * response.delay)
    theirs = Line(lines.find(name), conditions).process(octets) * 32768
    end = min(len(ours), len(theirs)) - 100
    ours, theirs = ours[200:end].astype(float), theirs[200:end]
    gain = ours @ theirs / (theirs @ theirs)
    error = 10 * np.log10(np.mean(ours**2) / np.mean((ours - gain * theirs) ** 2))
    assert error > CLOSE[name]


def test_level_and_noise(rng):
    response = response_of("26awg-6kft")
    octets = g711.octet(np.full(8000, U_INFO), rng.integers(0, 2, 8000), "A")
    clean = LineEmulator(response, "A", 37).process(octets)
    assert abs(20 * np.log10(clean[200:].std() / 32767) - LEVEL) < 0.2
    for snr in (30, 45, 55):
        noise = (LineEmulator(response, "A", 37, snr).process(octets) - clean)[200:]
        assert abs(20 * np.log10(response.rms / noise.std()) - snr) < 0.15
        assert abs(noise.mean()) < 5 * noise.std() / np.sqrt(len(noise))
        # A normal distribution has 3, one of 31 signs 3 - 2/31; neighbours know nothing.
        assert abs(np.mean((noise / noise.std()) ** 4) - 3 + 2 / 31) < 0.25
        assert abs(np.mean((noise / noise.std()) ** 3)) < 0.1
        assert abs(noise[1:] @ noise[:-1]) / (noise @ noise) < 0.04


@pytest.mark.parametrize("ppm", [-200, 0, 37.2, 1000])
def test_samples_for_octets(ppm, rng):
    """As many samples as a client that is fast takes, and calls in pieces give one call's."""
    response = response_of("codec")
    octets = octets_of(rng, 4000)
    whole = LineEmulator(response, "A", ppm, 40).process(octets)
    assert abs(len(whole) - 8000 * (1 + ppm * 1e-6)) < 1.01
    line, parts = LineEmulator(response, "A", ppm, 40), []
    for part in np.split(octets, [1, 2, 2, 700, 1503]):
        parts.append(line.process(part))
    assert np.array_equal(np.concatenate(parts), whole)


def test_impossible_lines_are_refused():
    impulse = np.zeros(64)
    impulse[0] = 1
    check_refused(V90Error, "is the most", Response.of, impulse, 8, -20)
    check_refused(V90Error, "ppm is", step_of, 1001)
    check_refused(V90Error, "more noise", noise_scale, response_of("codec"), 3)
    assert noise_scale(response_of("codec"), None) == 0
