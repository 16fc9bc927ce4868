"""Faults of a call, and their times."""

from dataclasses import replace

import numpy as np
import pytest

from golden.pcm import g711
from sim.figures import faults
from sim.world.network import Network, NetworkParameters


def test_calls_are_drawn_from_their_seeds_alone():
    calls = [faults.draw(seed) for seed in range(300)]
    assert repr(faults.draw(17)) == repr(calls[17]) != repr(calls[18])
    assert {fault.kind for call in calls for fault in call.faults} == set(faults.FAULT_KINDS)
    assert {call.call.law for call in calls} == set(g711.LAWS)
    assert any(call.over == np.inf for call in calls)
    for call in calls:
        assert 1 <= len(call.faults) <= faults.MOST_FAULTS
        assert all(0 < fault.at < faults.FAULTY_SECONDS for fault in call.faults)
        assert list(call.faults) == sorted(call.faults, key=lambda fault: fault.at)
        c = call.call.conditions
        on_line = c.impulses + c.gain_hits + c.phase_hits + c.ppm_steps
        assert len(on_line) == sum(fault.line is not None for fault in call.faults)


def trunk(*happen, **network):
    call = faults.draw(0)
    described = replace(call.call, law="A", network=NetworkParameters(law="A", **network))
    return faults.Trunk(faults.FaultyCall(0, described, tuple(happen)))


def in_pieces(trunk, octets, rng):
    cuts = np.sort(rng.integers(0, len(octets), 9))
    return np.concatenate([trunk.process(part) for part in np.split(octets, cuts)])


@pytest.mark.parametrize("seed", range(3))
def test_silence_slips_and_changes_at_their_octets(seed, rng):
    octets = rng.integers(0, 256, 4000, np.uint8)
    Fault = faults.Fault
    changed = Fault("pad changes", 0.3, change=lambda p: replace(p, pad=6.0))
    silent = Fault("far end silent", 0.1, 0.05, silent=True)
    slip = Fault("slip", 0.2, slip=-1)
    found = in_pieces(trunk(silent, slip, changed), octets, rng)
    sent = octets.copy()
    sent[800:1200] = g711.octet(0, 1, "A")
    sent = np.delete(sent, 1600)
    softer = Network(law="A", pad=6.0).process(sent[2399:])
    assert np.array_equal(found, np.concatenate([sent[:2399], softer]))


def test_a_robbed_bit_moves_and_one_begins():
    """The bit of interval 0 is that of interval ``shift`` from then on."""
    elsewhere = faults._rob_elsewhere
    here = NetworkParameters(robbed=("", "1", "", "", "", "01"))
    assert elsewhere(2, "0", here).robbed == ("", "01", "", "1", "", "")
    assert elsewhere(3, "0", NetworkParameters()).robbed == ("", "", "", "0", "", "")


def test_far_ends_that_never_speak_again():
    found = in_pieces(
        trunk(faults.Fault("far end silent", 0.1, np.inf, silent=True)),
        np.zeros(4000, np.uint8),
        np.random.default_rng(1),
    )
    assert not found[:800].any() and (found[800:] == g711.octet(0, 1, "A")).all()
