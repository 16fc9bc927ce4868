"""Data frames found again after slips; calls end to end are in test_given.py."""

import numpy as np
import pytest

from golden.learning import constellations
from golden.pcm import g711
from golden.pcm.encoder import B1D_FRAMES
from golden.pcm.parameters import INTERVALS
from golden.receiver.decisions import Decisions
from sim.calls import design, pcm, transfer
from sim.calls.reception import align
from sim.world.network import NetworkParameters


def decided(soft, start=444):
    """Decisions with nothing but soft values."""
    fine = soft[: len(soft) // INTERVALS * INTERVALS].reshape(-1, INTERVALS)
    n = len(fine)
    nothing = np.zeros((n, INTERVALS), np.int64)
    return Decisions(
        fine,
        nothing,
        nothing,
        nothing,
        start + np.arange(n),
        np.ones(n, bool),
        np.zeros(n, np.int64),
        nothing,
        np.zeros(n, np.int64),
    )


@pytest.mark.parametrize("at", [100, 3001, 6002])
@pytest.mark.parametrize("missing", [-1, 1, 2, 3])
def test_alignment_with_other_constellations_in_each_interval(at, missing):
    arrived = design.arrivals(NetworkParameters(robbed=("1", "", "", "0", "", "")))
    p = constellations.Designer(arrived, "A", np.full(6, 300.0)).best()
    assert len(set(p.intervals)) > 2
    levels = constellations.data_levels(arrived, p)
    data = np.random.default_rng(at).bytes(5000)
    bits = transfer.file_bits(data, p.data_bits)
    octets = pcm.encode(p, np.concatenate([bits, np.ones(600 * p.data_bits, np.uint8)]))
    n = len(octets)
    level = constellations.middle(arrived)[np.arange(n) % 6, g711.ucode(octets, "A")] * 16
    soft = np.where(g711.sign(octets) == 1, level, -level)
    soft += np.random.default_rng(1).integers(-1000, 1000, n)
    whole, none = align(decided(soft), levels, 444, p)
    assert none == [] and len(whole) == 1 and (whole[0][1] == octets[: len(whole[0][1])]).all()
    slipped = (
        np.delete(soft, slice(at, at + missing)) if missing > 0 else np.insert(soft, at, soft[at])
    )
    stretches, slips = align(decided(slipped), levels, 444, p)
    assert [shift for _, shift in slips] == [-missing % INTERVALS]
    begin, last = stretches[-1]
    # It begins near the slip, maybe before it.
    same = last == octets[begin + missing : begin + missing + len(last)]
    assert same[max(0, at - begin + 1) :].all() and len(same) > 4000
    assert at - 1200 < begin < at + 1200 and begin > 6 * B1D_FRAMES - 300 * (at < 300)
