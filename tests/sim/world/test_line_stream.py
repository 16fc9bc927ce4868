"""A line in pieces against the line in one call."""

from dataclasses import replace

import numpy as np
import pytest

from golden.errors import V90Error
from sim.world import lines
from sim.world.conditions import Conditions
from sim.world.line import Line
from sim.world.line_stream import LineStream

CASES = {
    "codec": ("codec", Conditions()),
    "noise and clock": (
        "26awg-12kft",
        Conditions(snr=40, power=0.01, ppm=150.0, drift=-3.0, phase=0.4, gain=-3.0, bits=16),
    ),
    "clock with steps": (
        "26awg-6kft",
        Conditions(ppm=50.0, ppm_steps=((0.1, -150.0), (0.3, 40.0))),
    ),
    "slow clock": ("tap-18kft", Conditions(ppm=-200.0, snr=30, power=0.01)),
    "hits": (
        "26awg-9kft",
        Conditions(
            power=0.01,
            impulses=((0.1, 0.005, 3.0), (0.33, 0.01, -10.0)),
            gain_hits=((0.2, 0.05, -6.0),),
        ),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_pieces_are_the_whole(name, rng):
    line, conditions = CASES[name]
    line = Line(lines.find(line), conditions, "A")
    octets = rng.integers(0, 256, 4000, np.uint8)
    whole, stream = line.process(octets), LineStream(line)
    cuts = np.sort(rng.integers(0, len(octets), 12))
    parts = [stream.process(part) for part in np.split(octets, cuts)]
    pieces = np.concatenate(parts)
    # What is still to come is a few samples.
    assert len(whole) - 40 < len(pieces) <= len(whole)
    step = 2.0**-15 if conditions.bits else 0.0
    assert np.abs(pieces - whole[: len(pieces)]).max() <= step + 1e-9


def test_phase_hits_in_pieces(rng):
    """Off by no more than what is below 125 Hz, which 8 ms cannot turn: 1/32 of the band."""
    conditions = Conditions(phase_hits=((0.1, 0.05, 40.0), (0.3, 0.3, -90.0)))
    line = Line(lines.find("26awg-9kft"), conditions, "A")
    octets = rng.integers(0, 256, 4000, np.uint8)
    whole, stream = line.process(octets), LineStream(line)
    cuts = np.sort(rng.integers(0, len(octets), 12))
    pieces = np.concatenate([stream.process(part) for part in np.split(octets, cuts)])
    assert len(whole) - 40 - 128 < len(pieces) <= len(whole)
    calm = LineStream(Line(lines.find("26awg-9kft"), Conditions(), "A")).process(octets)
    whole, calm = whole[: len(pieces)], calm[: len(pieces)]
    power = np.mean(whole**2)
    assert np.mean((whole - calm) ** 2) > 0.1 * power
    assert np.mean((pieces - whole) ** 2) < power / 32
    assert np.abs(pieces - calm)[:1500].max() < 1e-9


@pytest.mark.parametrize(
    "change, words",
    [
        ({"mains_snr": 40}, "mains hum"),
        ({"level": -20.0}, "level"),
        ({"snr": 40}, "power"),
    ],
)
def test_what_needs_the_whole_call_is_refused(change, words):
    line = Line(lines.find("codec"), replace(Conditions(), **change), "A")
    with pytest.raises(V90Error, match=words):
        LineStream(line)
