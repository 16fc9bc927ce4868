"""The emulated line against its model: every sample, and when it comes."""

import numpy as np
import pytest

from golden.errors import V90Error
from golden.formats import EMULATED_TAP
from golden.pcm import g711
from golden.ports import emulator
from golden.ports.emulator import NOISE_SHIFT
from hdl.ports.emulator import LineEmulator, noise_factor, octets_of_sample
from sim.engines.compare import compare
from sim.engines.gateware import Gateware
from tests.golden.ports.support import octets_of, response_of
from tests.hdl.support import FULL_SPEED, IDLE_AND_STALL, check_refused


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


@pytest.mark.parametrize("ppm", [0, 37.2, -80, 1000, -1000])
def test_octets_of_a_sample(ppm):
    """So many samples take the octets of their time, within half a bit of each."""
    octets = 8000 * 2**28 / octets_of_sample(ppm)
    assert abs(octets / 16000 - 1 - ppm / 1e6) < 2**-28


def test_noise_is_as_loud_as_asked():
    """The factor times the sum's root mean square, sqrt(n), is the noise in units of a sample."""
    response = response_of("codec")
    for snr in (20, 40, 60):
        noise = noise_factor(response, snr) * 2**NOISE_SHIFT / 2**EMULATED_TAP.fraction
        loss = 20 * np.log10(response.rms / (noise * response.products**0.5))
        # To nearest: half of a factor that is 100 at least.
        assert noise_factor(response, snr) > 100 and abs(loss - snr) < 0.05
    assert noise_factor(response, None) == 0


def test_what_an_emulator_has_not_is_refused():
    check_refused(V90Error, "within 1000 ppm", LineEmulator, response_of("codec"), "A", 1001)
    check_refused(V90Error, "no noise as loud", LineEmulator, response_of("codec"), "A", 0, 3)
