"""Whole calls through the gateware receiver, and golden's decisions beside it."""

import numpy as np
import pytest
from amaranth.back import rtlil

from golden import g711, training
from golden.equalizer import Levels
from golden.receiver import Kind
from golden.receiver import Receiver as Golden
from hdl.receiver import Receiver, Receivers
from sim import lines
from sim.line import Conditions, Line
from sim.receiving import ReceiverGateware

U_INFO = 79
SILENCE = 200


def levels_of(ucodes, law):
    """The same levels for all intervals, or six different ones, as Table 1 has them."""
    if np.ndim(ucodes[0]) == 0:
        ucodes = [ucodes] * 6
    values = tuple(tuple(int(v) for v in g711.linear(np.array(row), law)) for row in ucodes)
    return Levels(values, tuple(tuple(row) for row in ucodes))


def octets_of(rng, law, trn1d, frames=0, ucodes=None):
    """Silence, Sd, TRN1d and data frames of random points."""
    parts = [(np.zeros(SILENCE, np.uint8), np.arange(SILENCE) % 2)]
    parts += [training.sd(U_INFO), training.trn1d(U_INFO, trn1d)]
    if frames:
        rows = [ucodes] * 6 if np.ndim(ucodes[0]) == 0 else ucodes
        chosen = np.stack([rng.choice(row, frames) for row in rows], axis=1).reshape(-1)
        parts.append((chosen, rng.integers(0, 2, len(chosen))))
    return np.concatenate([g711.octet(ucode, sign, law) for ucode, sign in parts])


def samples_of(name, octets, law, **conditions):
    line = Line(lines.find(name), Conditions(bits=16, level=-20, **conditions), law=law)
    return np.clip(np.rint(line.process(octets) * 32768), -32768, 32767).astype(np.int64)


def demand_equal(golden, gateware):
    assert golden.events == gateware.events
    for name in ("number", "fine", "error", "ucode", "sign", "first", "good"):
        assert np.array_equal(getattr(golden, name), getattr(gateware, name)), name
    if len(golden.number):
        assert np.array_equal(golden.quality[-1], gateware.quality[-1])
        assert golden.step[-1] == gateware.step[-1]


def both(samples, *arguments, gateware=None, forward=64, feedback=32):
    golden = Golden(*arguments, forward=forward, feedback=feedback).process(samples)
    result = (gateware or ReceiverGateware(forward, feedback)).process(samples, *arguments)
    demand_equal(golden, result)
    return golden


@pytest.fixture(scope="module")
def whole():
    return ReceiverGateware()


def test_call_with_data(whole, rng):
    """Six constellations, a clock that is off, both solutions left in."""
    ucodes = [np.arange(56 + i, 100, 6 + i) for i in range(6)]
    octets = octets_of(rng, "A", 1240 * 6, 200, ucodes)
    samples = samples_of("26awg-12kft", octets, "A", snr=45, ppm=-150, seed=1)
    result = both(
        samples, levels_of([U_INFO], "A"), levels_of(ucodes, "A"), 1240, gateware=whole
    )
    kinds = [kind for _, kind in result.events]
    assert kinds[:4] == [Kind.DETECTED, Kind.TRAINED, Kind.TRAINED, Kind.DATA]
    assert result.good[:950].all() and (result.number[800:950] >= 1239).all()


def test_dropout_and_second_start(whole, rng):
    """Synchronism lost and found again, data that come early, and Sd once more."""
    ucodes = np.arange(48, 100, 12)
    octets = octets_of(rng, "mu", 500 * 6, 400, ucodes)
    octets = np.concatenate([octets, octets_of(rng, "mu", 460 * 6)])
    dropout = ((0.55, 0.02, -np.inf),)
    samples = samples_of("codec", octets, "mu", snr=40, ppm=60, gain_hits=dropout, seed=2)
    result = both(samples, levels_of([U_INFO], "mu"), levels_of(ucodes, "mu"), 500, gateware=whole)
    kinds = [kind for _, kind in result.events]
    assert kinds.count(Kind.DETECTED) == 2
    assert Kind.LOST in kinds and Kind.RECOVERED in kinds


def test_training_fails_on_noise(whole, rng):
    """Sd, and then something else than TRN1d."""
    octets = octets_of(rng, "A", 0)
    noise = g711.octet(np.full(3000, U_INFO), rng.integers(0, 2, 3000), "A")
    samples = samples_of("codec", np.concatenate([octets, noise]), "A", snr=45, seed=3)
    result = both(samples, levels_of([U_INFO], "A"), gateware=whole)
    assert [kind for _, kind in result.events] == [Kind.DETECTED, Kind.FAILED]


@pytest.mark.parametrize("forward, feedback", [(32, 17)])
def test_other_sizes(rng, forward, feedback):
    samples = samples_of("codec", octets_of(rng, "A", 480 * 6), "A", snr=35, ppm=100, seed=4)
    both(samples, levels_of([U_INFO], "A"), forward=forward, feedback=feedback)


def test_several_share_a_solver():
    assert "module" in rtlil.convert(Receivers(2, 8, 4), ports=None, emit_src=False)


def test_members():
    assert Receiver(8, 4).state.shape().width == 2
