"""Levels that wait: which are used when, and which are forgotten (8.6.1, 8.6.2, 8.6.4)."""

import numpy as np
import pytest

from golden.pcm import g711
from golden.pcm.encoder import Encoder
from golden.pcm.parameters import INTERVALS, MappingParameters
from golden.receiver.schedule import Schedule
from golden.receiver.timetable import Kind
from golden.signals.sequences import MP
from golden.signals.training import R_BAR

CPT = MappingParameters("CPt", 9, 0, 0, "A", 0, 0, 0, 0, (0,) * 6, (tuple(range(40, 104, 8)),))
MP_FIELDS = {"type": 0, "drn": 9, "trellis": 1, "nonlinear": 0, "shaping": 1}


def at(schedule, number, lines=(0, 1)):
    """What is due before data frame ``number`` of lines."""
    lines = np.array(lines)
    return list(schedule.due(lines, np.full(len(lines), number)))


def test_data_s_levels_come_back_with_each_sd():
    schedule = Schedule([None, "data"], 50)
    assert at(schedule, 49) == []
    assert at(schedule, 50) == [(1, "data", Kind.DATA)]
    assert at(schedule, 51) == []
    schedule.restart(1)
    assert at(schedule, 50) == [(1, "data", Kind.DATA)]
    # Until others are given.
    schedule.switch(1, "other", 60)
    schedule.restart(1)
    assert at(schedule, 1000) == []


@pytest.mark.parametrize("first", [60, 75])
def test_levels_wait_for_a_data_frame_or_are_due_at_once(first):
    schedule = Schedule([None, None], 0)
    schedule.switch(0, "levels", 60)
    assert at(schedule, 59) == []
    assert at(schedule, first) == [(0, "levels", Kind.DATA)]
    assert at(schedule, first + 1) == []


def test_levels_given_take_the_place_of_those_that_wait():
    schedule = Schedule([None, None], 0)
    schedule.switch(0, "one", 60)
    schedule.arm(0, "two")
    assert at(schedule, 60) == []
    schedule.hear_reversal(0, 70)
    schedule.switch(0, "three", 90)
    assert at(schedule, 89) == [] and at(schedule, 90) == [(0, "three", Kind.DATA)]


def test_armed_levels_are_due_after_r_bar():
    schedule = Schedule([None, None], 0)
    schedule.hear_reversal(0, 10)  # nobody armed any
    schedule.arm(0, "levels")
    schedule.hear_reversal(1, 50)
    schedule.hear_reversal(0, 70)
    schedule.hear_reversal(0, 72)  # the first counts
    assert at(schedule, 70 + R_BAR - 1) == []
    assert at(schedule, 70 + R_BAR) == [(0, "levels", Kind.SWITCHED)]


def test_nothing_is_armed_any_more():
    schedule = Schedule([None], 0)
    schedule.arm(0, "levels")
    schedule.follow(0, CPT)
    schedule.arm(0, None)
    schedule.hear_reversal(0, 70)
    assert at(schedule, 100, [0]) == []
    # Nor is anything followed with what is armed later.
    schedule.arm(0, "levels")
    schedule.hear_reversal(0, 170)
    assert ends(schedule, octets(), 170 + R_BAR) == []


def octets(trn2d=5):
    """TRN2d, two MP and Ed, and ones after them; the number of Ed's last is with them."""
    size = CPT.data_bits
    mp = MP.build(size, acknowledge=0, upstream_rates=0x1ABC, **MP_FIELDS)
    parts = np.ones(trn2d * size), mp, mp, np.zeros(2 * size), np.ones(4 * size)
    bits = np.concatenate(parts).astype(np.uint8)
    return Encoder(CPT).process(bits).reshape(-1, INTERVALS)


ED = 5 + 2 * (-(-86 // CPT.data_bits)) + 1


def ends(schedule, frames, first, line=0):
    """Numbers and levels with which Ed ended, of data frames from ``first`` on."""
    found, lines = [], np.array([line])
    for number, frame in enumerate(frames, first):
        found += [(number, *end) for end in schedule.ended(lines)]
        signs = g711.sign(frame)[None]
        schedule.process(lines, np.array([number]), g711.ucode(frame, "A")[None], signs)
    return found


@pytest.mark.parametrize("levels", ["B1d's", None])
def test_ed_ends_what_is_followed(levels):
    schedule = Schedule([None, None], 0)
    schedule.arm(1, "TRN2d's")
    schedule.follow(1, CPT)
    schedule.hear_reversal(1, 96)
    assert at(schedule, 100) == [(1, "TRN2d's", Kind.SWITCHED)]
    if levels:
        schedule.after_ed(1, levels)
    # Data frames before TRN2d do not count, whatever they are.
    assert ends(schedule, octets()[::-1], 100 - len(octets()), 1) == []
    assert ends(schedule, octets(), 100, 1) == [(100 + ED + 1, 1, levels)]
    assert ends(schedule, octets(), 200, 1) == []


def test_levels_for_ed_wait_for_ed_alone():
    """Others that were given since stay; after_ed's are not due at a data frame."""
    schedule = Schedule([None], 0)
    schedule.arm(0, "TRN2d's")
    schedule.follow(0, CPT)
    schedule.hear_reversal(0, 96)
    assert at(schedule, 100, [0])
    schedule.after_ed(0, "B1d's")
    assert at(schedule, 10**6, [0]) == []
    schedule.arm(0, "next")
    assert ends(schedule, octets(), 100) == [(100 + ED + 1, 0, None)]
    schedule.hear_reversal(0, 300)
    assert at(schedule, 300 + R_BAR, [0]) == [(0, "next", Kind.SWITCHED)]


@pytest.mark.parametrize("event", ["sd", "r_bar"])
def test_what_is_followed_ends_without_ed(event):
    schedule = Schedule([None], 0)
    schedule.arm(0, "TRN2d's")
    schedule.follow(0, CPT)
    schedule.hear_reversal(0, 96)
    at(schedule, 100, [0])
    schedule.after_ed(0, "B1d's")
    assert ends(schedule, octets()[:ED], 100) == []
    if event == "sd":
        schedule.restart(0)
    else:
        schedule.arm(0, "other")
        schedule.hear_reversal(0, 300)
    assert ends(schedule, octets()[ED:], 100 + ED) == []
