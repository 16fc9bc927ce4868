"""Levels of a DIL that is known, from what feed-forward taps make of it."""

from types import SimpleNamespace

import numpy as np
import pytest

from golden.formats import FEEDBACK_TAP_USED
from golden.learning.learning import dil_request
from golden.pcm import g711
from golden.pcm.parameters import INTERVALS
from golden.signals.training import dil
from sim.reading import levels as reading_levels
from sim.world.network import Network, NetworkParameters, values
from tests.sim.reading.support import parameters_of

FIRST, SIGMA, GAIN = 600, 20.0, 1.1

#: A symbol and feedback taps behind it that pass no DC.
BACK = np.array([1.0, 0.25, -0.5, -0.5, -0.25])


def told(monkeypatch, rng, asked, network, data, r=30, level=4032.0):
    """Arguments of find behind a line that is BACK, for DIL of ``data`` frames and ``r`` of R."""
    ucodes, signs = dil(dict(asked))
    n = data * INTERVALS
    octets = g711.octet(np.resize(ucodes, n), np.resize(signs, n), "A")
    before = level * rng.choice([-1.0, 1.0], 48)
    sent = np.concatenate(
        [
            before,
            GAIN * values(Network(network).process(octets), network.output_law or "A"),
            np.tile(level * np.array([1, 1, 1, -1, -1, -1]), r),
        ]
    )
    sums = np.convolve(sent, BACK)[48 : len(sent)] + rng.normal(0, SIGMA, len(sent) - 48)
    # Instants that a clock leaves behind, by a thousandth of a symbol and as much in all DIL.
    slope = rng.normal(0, 2000, len(sums))
    sums -= slope * (1e-3 + 1e-3 * np.arange(len(sums)) / len(sums))
    frames = sums.reshape(-1, INTERVALS), slope.reshape(-1, INTERVALS)
    monkeypatch.setattr(
        reading_levels,
        "forward",
        lambda _, __, first, behind: tuple(x[first - FIRST : behind - FIRST] for x in frames),
    )
    taps = np.rint(-BACK[1:] * 2.0**FEEDBACK_TAP_USED.fraction).astype(np.int64) << 16
    receiver = SimpleNamespace(
        held=lambda: (0, 0, FIRST + data + r, 0),
        equalizer=SimpleNamespace(feedback_taps=taps[None], past=np.zeros((1, 4), np.int64)),
    )
    return receiver, None, asked, before, FIRST, FIRST + data + 3, SIGMA


@pytest.mark.parametrize("reference", [79, 0])
@pytest.mark.parametrize("changes", [{}, {"pad": 3.0, "robbed": ("", "1", "", "", "", "")}])
def test_levels_without_dc(monkeypatch, rng, reference, changes):
    asked = {**dil_request(79), "REF": [reference] * 8}
    network = NetworkParameters(law="A", **changes)
    found = reading_levels.find(*told(monkeypatch, rng, asked, network, 1608))
    assert found.end == 1608 and abs(found.deviation / SIGMA - 1) < 0.05
    one = found.impairments
    assert (one.law, one.law_out, one.pad) == ("A", "A", network.pad)
    assert abs(one.gain / GAIN - 1) < 2e-3
    assert list(one.robbed) == list(network.robbed)
    heard = np.repeat(np.arange(128), 12)
    right = g711.ucode(Network(network).process(g711.octet(heard, 1, "A")), "A")
    assert np.array_equal(
        one.codewords[..., 1].reshape(6, 128, 2), right.reshape(128, 2, 6).transpose(2, 0, 1)
    )
    # Soft values are those of symbols, of R too, and their noise is the line's.
    assert len(found.values) == 1608 + 30
    assert np.std(np.abs(found.values[-20:]) - 4032) < 1.2 * SIGMA
    parameters = parameters_of(range(50, 90, 5))
    levels, words = found.levels(parameters)
    expected = g711.linear(words[0], "A") * one.gain
    assert np.abs(np.array(levels.values[0]) - expected).max() <= 0.5
    assert found.arriving(parameters).intervals[0] == tuple(int(word) for word in words[0])


def test_another_dil_tells_nothing(monkeypatch, rng):
    arguments = list(told(monkeypatch, rng, dil_request(79), NetworkParameters(law="A"), 1608))
    arguments[2] = dil_request(79, 24)
    assert reading_levels.find(*arguments) is None
    # Nor does what is too short.
    arguments[2], arguments[5] = dil_request(79), FIRST + 60
    assert reading_levels.find(*arguments) is None


def test_r_is_seen_without_decisions(monkeypatch, rng):
    receiver, samples, *_ = told(monkeypatch, rng, dil_request(79), NetworkParameters(law="A"), 400)
    assert reading_levels.way_of_r(receiver, samples, 4032, SIGMA) == 1
    receiver.held = lambda: (0, 0, FIRST + 410, 0)
    assert reading_levels.way_of_r(receiver, samples, 4032, SIGMA) == 0
    reading_levels.follow_r(receiver, 1, 4032)
    assert receiver.equalizer.past.tolist() == [[-4032, -4032, -4032, 4032]]
