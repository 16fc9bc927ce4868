import numpy as np
import pytest

from golden.receiver.reversal import R_FRAMES, RDetector
from golden.signals import training


def plain_r(signs):
    """The definition, run by run: ``(sure, reversals)`` of data frames of signs."""
    way = [
        1 if row == [1, 1, 1, 0, 0, 0] else -1 if row == [0, 0, 0, 1, 1, 1] else 0
        for row in signs.tolist()
    ]
    sure, reversals, lasting = [], [], 0
    for n, now in enumerate(way):
        run = way[max(0, n - R_FRAMES + 1) : n + 1]
        if now and now != lasting and run == [now] * R_FRAMES:
            sure.append(n)
            lasting = now
        elif lasting and way[n - 1 : n + 1] == [-lasting] * 2:
            reversals.append(n - 1)
            lasting = 0
        elif not now:
            lasting = 0
    return sure, reversals


@pytest.mark.parametrize("flip", [0, 1])
def test_r_and_its_reversal(flip, rng):
    """Ri of 40 data frames behind others, R-bar, TRN2d; in whatever pieces."""
    noise = rng.integers(0, 2, (30, 6), np.uint8)
    signs = np.concatenate([noise, training.r(79, 40)[1].reshape(-1, 6) ^ flip, noise])
    detector, sure, reversals, at = RDetector(), [], [], 0
    while at < len(signs):
        size = int(rng.integers(0, 9))
        some, turned = detector.process(signs[at : at + size])
        sure, reversals, at = sure + some, reversals + turned, at + size
    assert (sure, reversals) == ([30 + R_FRAMES - 1], [30 + 40])
    detector.reset()
    assert detector.process(signs) == (sure, reversals)


def test_what_is_no_r(rng):
    """Too few data frames, another phase, one wrong sign, R that ends without a reversal."""
    r = training.r(79, 60)[1].reshape(-1, 6)
    assert RDetector().process(r[: R_FRAMES - 1]) == ([], [])
    assert RDetector().process(np.roll(r[:60], 1, axis=1)) == ([], [])
    wrong = r[:30].copy()
    wrong[15, 2] ^= 1
    assert RDetector().process(wrong[: 16 + R_FRAMES - 1]) == ([], [])
    ended = np.concatenate([r[:20], wrong[15:16], r[60:]])
    assert RDetector().process(ended) == ([R_FRAMES - 1], [])
    # One data frame of R-bar is none.
    assert RDetector().process(np.concatenate([r[:20], r[60:61], r[:5]])) == ([R_FRAMES - 1], [])


def test_r_as_defined_and_lines_side_by_side(rng):
    lines, frames = 5, 3000
    columns = []
    for _ in range(lines):
        parts = []
        while sum(map(len, parts)) < frames:
            row = [[1, 1, 1, 0, 0, 0], [0, 0, 0, 1, 1, 1], rng.integers(0, 2, 6)]
            row = row[rng.choice(3, p=[0.45, 0.45, 0.1])]
            parts.append(np.tile(row, (int(rng.choice([1, 2, 3, 15, 16, 17, 40])), 1)))
        columns.append(np.concatenate(parts)[:frames])
    signs, detector = np.stack(columns).astype(np.uint8), RDetector(lines)
    found = [([], []) for _ in range(lines)]
    for n in range(frames):
        # Now and then a line has nothing.
        own = np.arange(lines) if n % 7 else np.arange(0, lines, 2)
        if not n % 7:
            signs[1::2, n] = signs[1::2, n - 1] if n else 0
        sure, turned = detector.frames(signs[own, n].astype(bool), own)
        for k, a, b in zip(own, sure, turned, strict=True):
            found[k][0].extend([n] * int(a))
            found[k][1].extend([n - 1] * int(b))
    for k in range(0, lines, 2):
        assert found[k] == plain_r(signs[k]) == RDetector().process(signs[k])
        assert len(found[k][0]) > 20 and len(found[k][1]) > 20
    skipping = np.delete(signs[1], np.arange(0, frames, 7), axis=0)
    assert len(found[1][0]) == len(plain_r(skipping)[0])
