"""The digital network: conversion between the laws, pads, robbed bits, high-pass, slips."""

import numpy as np
import pytest

from golden.errors import V90Error
from golden.pcm import g711
from sim.world import network
from sim.world.network import Network, NetworkParameters

EVERY = np.arange(256, dtype=np.uint8)


def numbers(octets, law):
    """Decoder output value numbers of G.711: from 0 in mu-law, from 1 in A-law."""
    return g711.ucode(octets, law).astype(int) + (law == "A")


def octets_of(numbers, law, sign=1):
    return g711.octet(np.asarray(numbers) - (law == "A"), sign, law)


# --- Law conversion ------------------------------------------------------------------------------


@pytest.mark.parametrize("source, target", [("mu", "A"), ("A", "mu")])
def test_conversion_keeps_signs(source, target):
    converted = network.convert(EVERY, source, target)
    assert (g711.sign(converted) == g711.sign(EVERY)).all()
    wanted = g711.converted(g711.ucode(EVERY, source), source)
    assert (g711.ucode(converted, target) == wanted).all()


def test_conversion_there_and_back_changes_what_note_2_lists():
    there = network.convert(EVERY, "mu", "A")
    changed = network.convert(there, "A", "mu") != EVERY
    assert sorted(set(numbers(EVERY[changed], "mu"))) == [0, 2, 4, 6, 8, 10, 12, 14]
    there = network.convert(EVERY, "A", "mu")
    back = network.convert(there, "mu", "A")
    changed = back != EVERY
    assert sorted(set(numbers(EVERY[changed], "A"))) == [26, 28, 30, 32, 45, 47, 63, 80]
    # "Only bit No. 8 is changed."
    assert (back[changed] ^ EVERY[changed] == 1).all()


def test_conversion_to_the_same_law_is_nothing():
    for law in g711.LAWS:
        assert (network.convert(EVERY, law, law) == EVERY).all()
    with pytest.raises(V90Error, match="unknown law"):
        network.convert(EVERY, "mu", "B")


# --- Pads ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("law", g711.LAWS)
@pytest.mark.parametrize("output", g711.LAWS)
@pytest.mark.parametrize("pad", [0.1, 1.0, 3.0, 6.0, 13.7, 30.0])
def test_a_pad_gives_the_nearest_codeword(law, output, pad):
    carried = Network(law=law, output_law=output, pad=pad).process(EVERY)
    wanted = network.values(EVERY, law) * 10 ** (-pad / 20)
    error = np.abs(network.values(carried, output) - wanted)
    every = np.abs(network.values(EVERY, output)[:, None] - wanted)
    assert error == pytest.approx(every.min(axis=0), abs=1e-9)
    assert (g711.sign(carried) == g711.sign(EVERY)).all()


def test_six_dB_steps_of_A_law():
    # Two A-law segments above the lowest are a factor of two apart, which 6 dB (0.23 % off) keeps:
    # a Ucode falls by 16, one segment.
    high = octets_of(np.arange(49, 129), "A")
    carried = Network(law="A", pad=6.0).process(high)
    assert (numbers(high, "A") - numbers(carried, "A") == 16).all()


@pytest.mark.parametrize("law", g711.LAWS)
def test_pads_below_half_a_step_change_nothing(law):
    # Above the lowest segments a step is a 33rd to a 64th of the value (more in mu-law, whose
    # levels are shifted towards zero). 0.1 dB is 1.1 %, below half a step everywhere; 0.3 dB is 3.4
    # %, above half of the largest.
    assert (Network(law=law, pad=0.0).process(EVERY) == EVERY).all()
    assert (Network(law=law, pad=0.1).process(EVERY) == EVERY).all()
    high = EVERY[g711.ucode(EVERY, law) >= 64]
    assert (Network(law=law, pad=0.3).process(high) != high).all()


def test_half_way_goes_to_the_smaller():
    # mu-law levels 0 and 8, and 120 and 132 at the first segment's end.
    assert g711.ucode(network.nearest([4.0, 4.001, 126.0, 126.01], 1, "mu"), "mu").tolist() == [
        0,
        1,
        15,
        16,
    ]


# --- Robbed bits, polarity -----------------------------------------------------------------------


@pytest.mark.parametrize("phase", range(6))
@pytest.mark.parametrize("bit", "01")
def test_robbed_bits_touch_one_interval_alone(rng, phase, bit):
    octets = rng.integers(0, 256, 6000, np.uint8)
    robbed = [""] * 6
    robbed[phase] = bit
    carried = Network(robbed=robbed).process(octets)
    mine = np.arange(6000) % 6 == phase
    assert (carried[~mine] == octets[~mine]).all()
    assert (carried[mine] & 1 == int(bit)).all()
    assert (carried[mine] | 1 == octets[mine] | 1).all()
    assert 400 < np.sum(carried != octets) < 600


def test_robbed_bits_follow_their_pattern():
    octets = np.zeros(36, np.uint8)
    carried = Network(robbed=["", "011", "", "", "", ""]).process(octets)
    assert carried[1::6].tolist() == [0, 1, 1, 0, 1, 1]
    assert carried.sum() == 4


def test_the_order_of_robbing_and_conversion(rng):
    octets = rng.integers(0, 256, 600, np.uint8)
    before = Network(law="mu", output_law="A", robbed=["1"] * 6).process(octets)
    after = Network(law="mu", output_law="A", robbed_after=["1"] * 6).process(octets)
    assert (before == network.convert(octets | 1, "mu", "A")).all()
    assert (after == network.convert(octets, "mu", "A") | 1).all()
    assert (before != after).any()


def test_inversion_changes_signs_alone(rng):
    octets = rng.integers(0, 256, 1000, np.uint8)
    carried = Network(law="mu", invert=True).process(octets)
    assert (network.values(carried, "mu") == -network.values(octets, "mu")).all()
    assert (Network(law="mu", invert=True).process(carried) == octets).all()


# --- High-pass -----------------------------------------------------------------------------------


def test_high_pass_has_the_taps_and_the_pole_of_real_calls():
    # A pulse of the largest value: the taps, to the step of the small A-law levels they become.
    pulse = np.full(60, octets_of(1, "A"))
    pulse[0] = octets_of(128, "A")
    carried = network.values(Network(high_pass=0.953).process(pulse), "A")
    taps = carried / 32256
    assert taps[0] == pytest.approx(0.9765, rel=1 / 64)  # half a step of the highest segment
    # Half a step of that segment, and the least level of the octets after the pulse.
    assert taps[1:3] == pytest.approx([-0.0459, -0.0437], abs=(32 + 8) / 32256)
    # The pole over 40 samples, where levels are a thirty-second apart and DC (8 of A-law) is left.
    assert (carried[41] / carried[1]) ** (1 / 40) == pytest.approx(0.953, abs=0.003)


def test_high_pass_switches_in_and_blocks_dc():
    high = np.full(3000, octets_of(100, "A"))
    carried = Network(high_pass=0.953, high_pass_at=1000).process(high)
    assert (carried[:1000] == high[:1000]).all()
    # The second octet is 0.93 of what it was, more than a step less.
    assert (numbers(carried[1001:1010], "A") < 100).all()
    # At rest it gives zero, of which A-law has plus and minus 8.
    assert (np.abs(network.values(carried[1300:], "A")) == 8).all()


def test_high_pass_passes_the_band_edge():
    # 4 kHz, plus and minus of one level: the gain is 1, so once settled the octets are the same.
    octets = octets_of(np.full(2000, 100), "A", np.arange(2000) % 2)
    carried = Network(high_pass=0.953).process(octets)
    assert (carried[500:] == octets[500:]).all()


# --- Slips and pieces ----------------------------------------------------------------------------


def test_slips_repeat_and_drop():
    octets = np.arange(200, dtype=np.uint8)
    carried = Network(slips=[(10, 1), (50, -1), (51, -1), (199, 1)]).process(octets)
    wanted = [*range(11), *range(10, 50), *range(52, 200), 199]
    assert carried.tolist() == wanted
    assert len(Network(slips=[(200, 1)]).process(octets)) == 200


@pytest.mark.parametrize("law", g711.LAWS)
def test_pieces_give_the_whole(rng, law):
    octets = rng.integers(0, 256, 4000, np.uint8)
    parameters = NetworkParameters(
        law=law,
        output_law="A",
        robbed=["", "1", "", "01", "", ""],
        robbed_after=["", "", "0", "", "", "110"],
        pad=3.1,
        high_pass=0.953,
        high_pass_at=1234,
        invert=True,
        slips=[(0, 1), (1500, -1), (1501, 1), (3999, -1)],
    )
    whole = Network(parameters).process(octets)
    assert len(whole) == 4000
    cuts = np.sort(np.concatenate([[0, 1, 1234, 1500, 3999], rng.integers(0, 4000, 40)]))
    line = Network(parameters)
    pieces = [line.process(piece) for piece in np.split(octets, cuts)]
    assert (np.concatenate(pieces) == whole).all()
    line.reset()
    assert (line.process(octets) == whole).all()


# --- Parameters ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        ({"law": "a"}, "unknown law 'a'"),
        ({"output_law": "u"}, "unknown law 'u'"),
        ({"pad": 0.05}, "in steps of 0.1"),
        ({"pad": -1}, "pad is 0 to 30 dB"),
        ({"pad": 30.1}, "pad is 0 to 30 dB"),
        ({"pad": "3"}, "pad is a number"),
        ({"pad": float("nan")}, "pad is a number"),
        ({"robbed": ["1"] * 5}, "robbed is six patterns"),
        ({"robbed": "111111"}, "robbed is six patterns"),
        ({"robbed_after": ["2"] + [""] * 5}, "text of 0 and 1"),
        ({"robbed_after": [1] + [""] * 5}, "text of 0 and 1"),
        ({"high_pass": 1.0}, "a pole above 0 and below 1"),
        ({"high_pass_at": -1}, "high_pass_at is a whole number"),
        ({"invert": 1}, "invert is true or false"),
        ({"slips": [3]}, "pairs of a position and 1 or -1"),
        ({"slips": [[3, 2]]}, "a slip is 1"),
        ({"slips": [[3, 1], [3, -1]]}, "the same position"),
    ],
)
def test_bad_parameters(table, sentence):
    with pytest.raises(V90Error, match=sentence):
        NetworkParameters(**table)


def test_lists_become_tuples():
    table = {"law": "mu", "robbed": ["", "1", "", "", "", ""], "slips": [[5, 1]], "pad": 3}
    parameters = NetworkParameters(**table)
    assert parameters.law_out == "mu" and parameters.slips == ((5, 1),)
    assert hash(parameters) == hash(NetworkParameters(**table))
    assert Network(parameters, pad=0.0).parameters.pad == 0


def test_a_network_carries_one_line():
    with pytest.raises(ValueError, match="one line"):
        Network().process(np.zeros((2, 6), np.uint8))
