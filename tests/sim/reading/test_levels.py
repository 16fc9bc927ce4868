"""Levels of a DIL that is known, behind a line that passes no DC."""

import numpy as np
import pytest
from scipy.signal import lfilter, resample_poly

from golden.learning.learning import dil_request
from golden.pcm import g711
from golden.pcm.parameters import INTERVALS
from golden.signals.training import R_BAR, dil
from sim.reading import levels as reading_levels
from sim.reading import listener
from sim.reading.symbols import KNOWN, Symbols, trn1d_signs
from sim.world.network import Network, NetworkParameters, values
from tests.sim.reading.support import parameters_of

#: TRN1d's level in PCM values, standard deviation of the noise, and gain of DIL over TRN1d.
LEVEL, SIGMA, GAIN = 4032.0, 20.0, 1.1

#: Symbols before TRN1d, and data frames of R before R-bar.
BEFORE, R = 600, 30

#: Pole at 16 kHz of the line, which passes no DC: a corner at 50 Hz.
POLE = 0.98


def heard(rng, asked, network, frames):
    """Symbols that have heard TRN1d and ``frames`` data frames of the DIL ``asked`` for, then R."""
    ucodes, signs = dil(dict(asked))
    n = frames * INTERVALS
    octets = g711.octet(np.resize(ucodes, n), np.resize(signs, n), "A")
    r = np.tile([1.0, 1, 1, -1, -1, -1], R)
    sent = np.concatenate(
        [
            LEVEL * rng.choice([-1.0, 1.0], BEFORE),
            LEVEL * trn1d_signs(KNOWN),
            GAIN * values(Network(network).process(octets), network.output_law or "A"),
            LEVEL * np.concatenate([r, -r[: R_BAR * INTERVALS], np.zeros(BEFORE)]),
        ]
    )
    samples = lfilter([1, -1], [1, -POLE], resample_poly(sent, 2, 1))
    symbols = Symbols(samples + rng.normal(0, SIGMA, len(samples)), 2.0 * BEFORE, 0.0)
    assert symbols.train()
    symbols.run(0, KNOWN, known=trn1d_signs(KNOWN))
    known = np.resize(reading_levels.guess(asked), n)
    symbols.run(KNOWN, KNOWN + n, known=known)
    return symbols, KNOWN + n


@pytest.mark.parametrize("reference", [79, 0])
@pytest.mark.parametrize("changes", [{}, {"pad": 3.0, "robbed": ("", "1", "", "", "", "")}])
def test_levels_without_dc(rng, reference, changes):
    asked = {**dil_request(79), "REF": [reference] * 8}
    network = NetworkParameters(law="A", **changes)
    symbols, last = heard(rng, asked, network, 1608)
    found = reading_levels.find(symbols, asked, KNOWN, last, True)
    # It leaves the noise that TRN1d leaves, and 4 % of taps that were learnt from that: they are
    # 151, and it has 1950 symbols. From so many, a deviation is known to 1.6 %, of which 4 count.
    assert abs(found.deviation / symbols.deviation / 1.04 - 1) < 0.064
    one = found.impairments
    assert (one.law, one.law_out, one.pad) == ("A", "A", network.pad)
    assert abs(one.gain / GAIN - 1) < 2e-3
    assert list(one.robbed) == list(network.robbed)
    sent = np.repeat(np.arange(128), 12)
    right = g711.ucode(Network(network).process(g711.octet(sent, 1, "A")), "A")
    assert np.array_equal(
        one.codewords[..., 1].reshape(6, 128, 2), right.reshape(128, 2, 6).transpose(2, 0, 1)
    )
    law, u_info = found.law_and_u_info
    own = g711.linear(np.arange(128), "A") * GAIN
    assert (law, u_info) == ("A", int(np.abs(own - LEVEL).argmin()))
    # Mapping parameters arrive at the levels of their codewords, to which TRN1d's is one.
    parameters = parameters_of(range(50, 90, 5))
    words = one.codewords.max((2, 3))[:, list(parameters.intervals[0])]
    for row, word in zip(found.rows(parameters), words, strict=True):
        assert np.abs(row - g711.linear(word, "A") / g711.linear(u_info, "A")).max() < 1e-9
    arriving = found.arriving(parameters)
    assert arriving.intervals[0] == tuple(int(word) for word in words[0])


def test_another_dil_shows_nothing(rng):
    network = NetworkParameters(law="A")
    symbols, last = heard(rng, dil_request(79), network, 1608)
    assert reading_levels.find(symbols, dil_request(79, 24), KNOWN, last, True) is None
    # Nor does what is too short.
    short = KNOWN + reading_levels.LEAST * INTERVALS - 1
    assert reading_levels.find(symbols, dil_request(79), KNOWN, short, False) is None


def test_r_is_found_behind_dil(rng):
    symbols, last = heard(rng, dil_request(79), NetworkParameters(law="A"), 400)
    end = last + (R + R_BAR + 10) * INTERVALS
    symbols.run(last, end, lambda _, y: 1.0 if y >= 0 else -1.0)
    turned = last + R * INTERVALS
    found = listener.find_turn(symbols.y[symbols.part(last, end)], last)
    assert found == (last, turned, turned + R_BAR * INTERVALS)
    # Where R-bar is not whole it is not yet there.
    cut = symbols.y[symbols.part(last, turned + R_BAR * INTERVALS - 1)]
    assert listener.find_turn(cut, last) is None
