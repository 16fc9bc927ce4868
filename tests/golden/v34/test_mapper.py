"""Mapper against (9-25) and (9-26)/V.34 written out, and its inverse."""

import numpy as np
import pytest

from golden.v34.constellation import QUARTER, rotate
from golden.v34.mapper import PointDemapper, PointMapper
from golden.v34.parser import frame_bits
from golden.v34.shell import ShellMapper
from tests.golden.v34.support import random_parameters


def _frames(p, count, rng):
    return rng.integers(0, 2, (count, frame_bits(p.framing)), dtype=np.uint8)


def _by_the_clause(p, frames):
    """u(n) with U0 = 0, one symbol after the other in complex numbers."""
    z, out, k, q = 0, [], p.framing.k, p.framing.q
    for frame in frames.astype(int).tolist():
        r0 = sum(bit << place for place, bit in enumerate(frame[:k]))
        rings = ShellMapper(p.rings).process(r0).tolist()
        rest = frame[k:]
        for j in range(4):
            i1, i2, i3 = rest[:3]
            z = (z + i2 + 2 * i3) % 4
            for turns, start in ((z, 3), (z + 2 * i1, 3 + q)):
                index = sum(bit << place for place, bit in enumerate(rest[start : start + q]))
                index += rings.pop(0) << q
                out.append(complex(*QUARTER[index]) * (-1j) ** turns)
            rest = rest[3 + 2 * q :]
            assert j < 3 or not rest
    return np.array(out)


@pytest.mark.parametrize("seed", range(12))
def test_by_the_clause(seed, rng):
    """Any rate and M."""
    p = random_parameters(rng, precoder=((0, 0),) * 3)
    frames = _frames(p, 20, rng)
    points = PointMapper(p).process(frames)
    assert np.array_equal(points[0] + 1j * points[1], _by_the_clause(p, frames))
    assert np.unique(points[0] ** 2 + points[1] ** 2).max() <= 2106


def test_inverse(rng):
    """Whatever U0 was; in pieces, for two channels."""
    for _ in range(20):
        p = random_parameters(rng, precoder=((0, 0),) * 3)
        frames = np.stack([_frames(p, 12, rng) for _ in range(2)])
        mapper, demapper = PointMapper(p), PointDemapper(p)
        points = [mapper.process(frames[:, :5]), mapper.process(frames[:, 5:])]
        back = []
        for piece in points:
            u0 = np.zeros((2, piece.shape[-1]), int)
            u0[:, 1::2] = rng.integers(0, 2, (2, piece.shape[-1] // 2))
            turned = np.moveaxis(rotate(np.moveaxis(piece, -2, -1), u0), -1, -2)
            back.append(demapper.process(turned))
        assert np.array_equal(np.concatenate(back, axis=-2), frames)
        mapper.reset()
        assert np.array_equal(mapper.process(frames), np.concatenate(points, axis=-1))


def test_any_points(rng):
    """Points of no constellation give some bits, those of its last point where there is none."""
    for _ in range(20):
        p = random_parameters(rng, precoder=((0, 0),) * 3)
        points = 2 * rng.integers(-128, 128, (2, 80)) + 1
        frames = PointDemapper(p).process(points)
        assert frames.shape == (10, frame_bits(p.framing))
        assert frames.max() <= 1
        q = p.framing.q
        last = PointDemapper(p).process(np.full((2, 8), 253))
        groups = last[0, p.framing.k :].reshape(4, 3 + 2 * q)
        assert groups[:, 3:].all()


def test_a_turn_changes_no_bit(rng):
    """All points turned by 90 degrees: I2 and I3 differ in the first 4D symbol alone."""
    p = random_parameters(rng, precoder=((0, 0),) * 3, rate=14400, symbol_rate=3000)
    frames = _frames(p, 10, rng)
    points = PointMapper(p).process(frames)
    turned = rotate(points.T, np.ones(points.shape[-1], int)).T
    back = PointDemapper(p).process(turned)
    changed = np.argwhere(back != frames)
    assert len(changed)
    assert set(map(tuple, changed)) <= {(0, p.framing.k + 1), (0, p.framing.k + 2)}
