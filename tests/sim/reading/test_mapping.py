"""Mapping parameters found in ones that were sent with them."""

import json

import numpy as np
import pytest

from golden.pcm import g711
from golden.pcm.encoder import Encoder
from golden.pcm.parameters import INTERVALS, TYPES, MappingParameters
from sim.reading import mapping
from sim.reading import octets as reading


def sent(parameters, frames):
    """Ucodes and signs of so many data frames of ones, ``(frames, 6)``."""
    encoder = Encoder(parameters)
    octets = np.concatenate([encoder.frames(frames), encoder.flush()]).reshape(-1, INTERVALS)
    return g711.ucode(octets, parameters.law), g711.sign(octets)


def made(rng, kind, sr, k, law="A"):
    """Parameters with constellations of six sizes, of Ucodes at least two apart."""
    sizes = np.full(INTERVALS, int(np.ceil(2 ** (k / INTERVALS))))
    sizes[rng.integers(0, INTERVALS)] += 1
    sets = [sorted((rng.choice(54, int(n), replace=False) * 2 + 12).tolist()) for n in sizes]
    d = k + INTERVALS - sr
    return MappingParameters(
        kind,
        d - TYPES[kind][0],
        sr,
        1 if sr else 0,
        law,
        32 if sr else 0,
        0,
        0,
        0,
        tuple(range(INTERVALS)),
        tuple(map(tuple, sets)),
    )


@pytest.mark.parametrize("sr", range(4))
@pytest.mark.parametrize("kind, k, frames", [("CPt", 12, 340), ("CPt", 19, 340), ("CP", 22, 400)])
def test_parameters_of_ones(kind, k, frames, sr):
    parameters = made(np.random.default_rng(k + sr), kind, sr, k)
    ucodes, signs = sent(parameters, frames)
    found = mapping.find(kind, ucodes, signs, "A")
    assert found.signs == 1
    assert (found.parameters.drn, found.parameters.sr) == (parameters.drn, sr)
    assert found.parameters.moduli[:5] == parameters.moduli[:5]
    if found.whole:
        for own, asked in zip(found.parameters.intervals[:5], parameters.intervals, strict=False):
            assert own == asked
    # Of the last interval only the labels that K bits reach are there, the largest points.
    last, asked = found.parameters.intervals[5], parameters.intervals[5]
    assert len(last) <= len(asked)
    assert found.whole is False or last == asked[len(asked) - len(last) :]


def test_points_that_never_came_are_told():
    parameters = made(np.random.default_rng(1), "CP", 1, 30)
    ucodes, signs = sent(parameters, 60)
    found = mapping.find("CP", ucodes, signs, "A")
    assert not found.whole and found.parameters.data_bits == parameters.data_bits
    every = mapping.find("CP", *sent(parameters, 3000), "A")
    assert every.whole and every.parameters.intervals[:5] == parameters.intervals[:5]


def test_levels_at_two_neighbours():
    """A point arrives one Ucode lower with one sign."""
    parameters = MappingParameters("CPt", 9, 1, 0, "A", 64, 0, 0, 0, (0,) * 6, ((5, 40, 67, 87),))
    ucodes, signs = sent(parameters, 340)
    moved = np.where((ucodes == 5) & (signs == 0), 4, ucodes)
    found = mapping.find("CPt", moved, signs, "A")
    assert found.parameters.moduli == (4,) * INTERVALS
    assert all(one[0] in (4, 5) and one[1:] == (40, 67, 87) for one in found.parameters.intervals)


def test_what_is_no_ones():
    rng = np.random.default_rng(2)
    ucodes, signs = rng.integers(0, 128, (400, 6)), rng.integers(0, 2, (400, 6), np.uint8)
    for kind in TYPES:
        assert mapping.find(kind, ucodes, signs, "A") is None
        assert mapping.find(kind, ucodes[:5], signs[:5], "A") is None
    parameters = made(np.random.default_rng(3), "CPt", 1, 12)
    _, own = sent(parameters, 340)
    # The signs tell D, but no moduli explain these magnitudes.
    assert mapping.find_bits("CPt", own) == (1.0, parameters.data_bits, 1)
    assert mapping.find("CPt", ucodes[: len(own)], own, "A") is None


def test_constellations_of_real_calls(real_calls):
    """TRN2d's constellations are CPt's, but for Ucodes that never come or the network moves."""
    for name in ("conexant-hcf", "ess-teledrive", "swann-speeddemon", "usr-sportster"):
        folder = real_calls / name
        if not folder.is_dir():
            pytest.skip(f"no call {name} in {real_calls}")
        facts = json.loads((folder / "call.json").read_text())
        asked = MappingParameters.from_dict(facts["cpt"]).with_law("A")
        training = reading.read(np.fromfile(folder / "down.al", np.uint8)).trainings[-1]
        assert training.cpt.intervals == asked.intervals, name
        assert (training.cpt.drn, training.cpt.sr) == (asked.drn, asked.sr)
