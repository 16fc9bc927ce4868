"""Sequences and Ed in bits: the framer beside golden's, and its own limits."""

import numpy as np
import pytest

from golden.receiver.framing import JD_LENGTHS, MP_LENGTHS
from golden.receiver.framing import SequenceFramer as Golden
from golden.signals.sequences import JD, JD_END, MP
from golden.signals.training import ED_FRAMES
from hdl.receiver.framing import SequenceFramer, framing
from sim.engines.compare import compare
from tests.hdl.support import FULL_SPEED

#: Data bits of a data frame with CPt (Table 17), in a rate renegotiation, and the most.
SIZES = (9, 12, 17, 18, 19, 24, 30, 42)


def mp(rng, d, kind):
    fields = {
        "type": kind,
        "drn": int(rng.integers(15)),
        "trellis": 0,
        "nonlinear": 1,
        "shaping": 0,
        "acknowledge": int(rng.integers(2)),
        "upstream_rates": int(rng.integers(1 << 13)),
    }
    if kind:
        fields["precoding"] = [0, 0, 65535, 0, int(rng.integers(1 << 16)), 0]
    return MP.build(d, **fields)


def call(rng, d, errors):
    """Data frames of TRN2d, MP of both types, with wrong bits in them, Ed, and what may follow."""
    parts = [np.ones(int(rng.integers(0, 4)) * d, np.uint8)]
    for kind in rng.integers(0, 2, 4):
        # Noise between them, now and then, and zeroes that end nothing.
        parts.append(rng.integers(0, 2, int(rng.integers(0, 2)) * d).astype(np.uint8))
        parts += [mp(rng, d, kind)] * int(rng.integers(1, 4))
    bits = np.concatenate(parts)
    bits[rng.integers(0, len(bits), errors)] ^= 1
    tail = [np.zeros(ED_FRAMES * d, np.uint8), mp(rng, d, 0), np.zeros(3 * d, np.uint8)]
    return np.concatenate([bits, *tail]).reshape(-1, d)


def run(engine, stretches, d, lengths, rng, gaps=2):
    """Demand that the framer finds what golden does in stretches with a restart between."""
    bits = np.concatenate(stretches)
    at = np.cumsum(rng.integers(1, gaps + 1, bits.size)).reshape(bits.shape)
    starts = np.cumsum([len(part) for part in stretches])[:-1]
    for start in starts:
        at[start:] += 3
    cycles = int(at[-1, -1]) + 3
    waves = {
        "strobe": np.zeros(cycles, np.int64),
        "bit": rng.integers(0, 2, cycles),
        "restart": np.zeros(cycles, np.int64),
    }
    waves["strobe"][at] = 1
    waves["bit"][at] = bits
    waves["restart"][at[starts, 0] - 1] = 1
    (result,) = compare(
        SequenceFramer(),
        {},
        {},
        engine=engine,
        patterns=[FULL_SPEED],
        cycles=cycles,
        waves={**waves, "framing": framing(d, lengths)},
        probes=["begun", "ended"],
        drain=0,
    )
    begun, ended, first = [], [], 0
    span = (18 + d) // d
    for part in stretches:
        begins, end = Golden(d, lengths).process(part)
        begun += [first + number + span - 1 for number in begins]
        ended += [first + end - 1] if end is not None else []
        first += len(part)
    told = at[:, -1] + SequenceFramer.latency
    assert np.flatnonzero(result.probes["begun"]).tolist() == told[begun].tolist()
    assert np.flatnonzero(result.probes["ended"]).tolist() == told[ended].tolist()
    return len(begun), len(ended)


@pytest.mark.parametrize("d", SIZES)
def test_mp_and_ed(d, rng):
    """Right ones and wrong ones, one after the other."""
    stretches = [call(rng, d, errors) for errors in (0, 0, 1, 2, 5, 20) for _ in range(6)]
    begun, ended = run("cxxrtl", stretches, d, MP_LENGTHS, rng)
    assert begun > 150 and ended > 20


@pytest.mark.parametrize("engine", ["verilator", "icarus"])
def test_on_other_engines(engine, rng):
    begun, ended = run(engine, [call(rng, 18, errors) for errors in (0, 1)], 18, MP_LENGTHS, rng)
    assert begun > 4 and ended > 0


def test_random_bits(rng):
    """Mostly ones, mostly zeroes: whatever golden makes of them."""
    total = np.zeros(2, np.int64)
    for d in (6, 7, 18, 19):
        stretches = []
        for share in (0.02, 0.1, 0.5, 0.9) * 3:
            bits = (rng.random((3000, d)) >= share).astype(np.uint8)
            bits[rng.random(3000) < 0.2] = 0
            stretches.append(bits)
        total += run("cxxrtl", stretches, d, MP_LENGTHS, rng)
    assert (total > 20).all()


def test_jd_and_its_end(rng):
    fields = {"rates": 0, "training": 0, "renegotiation": 0, "look_ahead": 1}
    jd = JD.build(**fields)
    bits = np.concatenate([np.ones(60, np.uint8), jd, jd, np.zeros(JD_END, np.uint8), jd])
    assert run("cxxrtl", [bits.reshape(-1, 6)] * 2, 6, JD_LENGTHS, rng) == (4, 2)


def test_what_does_not_fit_is_refused():
    for d, lengths in ((5, JD_LENGTHS), (9, (86, 600))):
        with pytest.raises(ValueError, match="6 bits or more"):
            framing(d, lengths)
