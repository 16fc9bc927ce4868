"""The emulated line against its model: every sample, and when it comes."""

import numpy as np
import pytest

from golden.pcm import g711
from golden.ports import emulator
from hdl.ports.emulator import LineEmulator
from sim.engines.compare import compare
from sim.engines.gateware import Gateware
from tests.golden.ports.support import octets_of, response_of
from tests.hdl.support import FULL_SPEED, IDLE_AND_STALL


@pytest.mark.parametrize(
    "law, name, ppm, snr, options",
    [
        ("A", "26awg-6kft", 150, 45, {}),
        ("mu", "codec-narrow", -1000, None, {"slots": 16, "leaks": ()}),
    ],
)
def test_every_sample(law, name, ppm, snr, options, rng):
    """Small and large Ucodes, so that samples clip, too."""
    response = response_of(name, law, **options)
    octets = np.concatenate([octets_of(rng, 700, law), octets_of(rng, 300, law, 110, 128)])
    expected = emulator.LineEmulator(response, law, ppm, snr).process(octets)
    if snr == 45:
        assert np.abs(expected).max() == 32767 or (expected == -32768).any()
    block = LineEmulator(response, law, ppm, snr)
    result = Gateware(block).run({"i": octets}, {"o": len(expected)})
    assert np.array_equal(result.outputs["o"], expected)
    # A sample comes as long after the one before whether it needs an octet or not, but for that.
    between = np.diff(result.given["o"])
    more = 1 if not response.leaks else 2 + len(response.leaks)
    assert set(np.unique(between)) == {block.latency, block.latency + more}
    taken = np.searchsorted(result.given["o"], result.taken["i"])[1:]
    assert (between[taken - 1] == block.latency + more).all()
    if not options:
        assert block.latency == 79


def test_idling_and_stalling(rng):
    """The component of the first test; a reset begins with silence and the same noise."""
    response, octets = response_of("26awg-6kft"), octets_of(rng, 60)
    expected = emulator.LineEmulator(response, "A", 150, 45).process(octets)
    compare(
        LineEmulator(response, "A", 150, 45),
        {"i": octets},
        {"o": expected},
        engine="cxxrtl",
        patterns=[FULL_SPEED, IDLE_AND_STALL],
        reset_at=500,
    )


def test_silence_is_noise_alone():
    """Ucode 0 in mu-law is 0: what is left is the noise, sample by sample golden's."""
    response = response_of("codec", "mu")
    octets = g711.octet(np.zeros(50), 1, "mu")
    noise = emulator.LineEmulator(response, "mu", 0, 40).process(octets)
    assert noise.std() > 10 and not emulator.LineEmulator(response, "mu").process(octets).any()
