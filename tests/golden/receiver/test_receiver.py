"""The receiver on simulated lines: it finds Sd, trains, decides, and says when it cannot."""

from dataclasses import fields

import numpy as np
import pytest

from golden.pcm import g711
from golden.pcm.parameters import INTERVALS
from golden.receiver import timetable
from golden.receiver.receiver import Receiver
from golden.receiver.timetable import Kind, State
from golden.signals.training import SD, SD_BAR, trn1d
from sim.world.network import Network
from tests.golden.receiver.support import (
    DATA_AT,
    EVEN,
    ODD,
    SILENCE,
    TRAINED_AT,
    U_INFO,
    assert_same,
    beginning,
    data,
    decided,
    levels,
    sampled,
    silence,
    training_levels,
)


def wrong_signs(decisions, frames):
    """Signs of TRN1d decided wrongly; it must have been decided up to its end."""
    signs = trn1d(U_INFO, INTERVALS * frames)[1].reshape(-1, INTERVALS)
    mine = decisions.number < frames
    assert decisions.number[mine].tolist() == list(range(TRAINED_AT, frames))
    return np.count_nonzero(decisions.sign[mine] != signs[TRAINED_AT:])


def kinds(decisions):
    return [kind for _, kind in decisions.events]


# --- Acquisition ---------------------------------------------------------------------------------


@pytest.mark.parametrize("law", g711.LAWS)
@pytest.mark.parametrize("name", ["codec", "codec-narrow", "26awg-18kft", "tap-18kft"])
def test_acquires(name, law):
    samples = sampled(beginning(700, law), name, law, seed=3)
    decisions = Receiver(training_levels(law)).process(samples)
    assert decisions.events[:2] == [
        (timetable.FIRST_FRAME, Kind.DETECTED),
        (TRAINED_AT, Kind.TRAINED),
    ]
    assert wrong_signs(decisions, 690) == 0
    assert (decisions.ucode[:200] == U_INFO).all() and decisions.good[:200].all()
    assert not decisions.first.any()
    # Soft values stand at plus and minus TRN1d's level: 40 dB and more.
    level = g711.linear(U_INFO, law)
    errors = np.abs(decisions.fine[:200] / 16) - level
    assert np.sqrt(np.mean(errors**2)) < 0.01 * level
    assert np.array_equal(
        decisions.error[:200],
        np.where(decisions.sign[:200] == 1, 16, -16) * level - decisions.fine[:200],
    )


@pytest.mark.parametrize("ppm", [-162.0, -60.0, 200.0])
def test_takes_the_clock_s_offset(ppm):
    samples = sampled(beginning(900), ppm=ppm, seed=4)
    decisions = Receiver(training_levels()).process(samples)
    assert wrong_signs(decisions, 890) == 0
    # A fast clock takes more samples in half a symbol.
    found = decisions.step[decisions.number < 890] / 2**32 * 1e6
    print(f"{found[-100:].mean():.2f} ppm of {ppm}")
    assert abs(found[-100:].mean() - ppm) < 2


def test_inverted_polarity_is_taken_back():
    octets = Network(invert=True).process(beginning(600))
    decisions = Receiver(training_levels()).process(sampled(octets))
    assert wrong_signs(decisions, 590) == 0


@pytest.mark.parametrize("level", [-50, -30, -12])
def test_levels_of_the_a_d(level):
    """The shift of the level takes a quiet line as well as a loud one."""
    decisions = Receiver(training_levels()).process(sampled(beginning(600), level=level))
    assert wrong_signs(decisions, 590) == 0


@pytest.mark.parametrize("taps", [(49, 21), (65, 32), (40, 1)])
def test_other_numbers_of_taps(taps):
    forward, feedback = taps
    samples = sampled(beginning(600), "codec")
    decisions = Receiver(training_levels(), forward=forward, feedback=feedback).process(samples)
    assert wrong_signs(decisions, 590) == 0


def test_no_sd_no_decision(rng):
    noise = rng.integers(-3000, 3000, 12000)
    one = Receiver(training_levels())
    decisions = one.process(noise)
    assert decisions.events == [] and len(decisions.number) == 0 and one.state[0] == State.SEARCH
    assert decisions.fine.shape == (0, INTERVALS)


def test_training_fails_where_trn1d_is_another_signal(rng):
    octets = beginning(600)
    start = SILENCE + INTERVALS * (SD + SD_BAR)
    octets[start:] ^= rng.integers(0, 2, len(octets) - start, np.uint8) << 7
    one = Receiver(training_levels())
    decisions = one.process(sampled(octets))
    assert decisions.events == [(timetable.FIRST_FRAME, Kind.DETECTED), (TRAINED_AT, Kind.FAILED)]
    assert len(decisions.number) == 0 and one.state[0] == State.SEARCH


# --- One call as well as another -----------------------------------------------------------------


def test_pieces_give_what_one_call_gives(rng):
    octets = np.concatenate([beginning(DATA_AT), data(rng, 250)])
    samples = sampled(octets, ppm=80.0)

    def make():
        return Receiver(training_levels(), levels((EVEN,) * INTERVALS), DATA_AT)

    whole, one = make().process(samples), make()
    pieces, begin = [], 0
    while begin < len(samples):
        size = int(rng.choice([0, 1, 7, 160, 3000]))
        pieces.append(one.process(samples[begin : begin + size]))
        begin += size
    for field in fields(whole):
        parts = [getattr(piece, field.name) for piece in pieces]
        if field.name == "events":
            assert sum(parts, []) == whole.events
        else:
            assert np.array_equal(np.concatenate(parts), getattr(whole, field.name)), field.name
    assert len(whole.number) > 250


def test_lines_side_by_side_are_single_ones(rng):
    """Lines with other offsets, beginnings and data, one of them silent, one of them failing."""
    sets = [(EVEN,) * INTERVALS, (EVEN,) * 5 + (ODD,), (ODD,) * INTERVALS]
    calls = [
        sampled(
            np.concatenate([silence(100 * i), beginning(DATA_AT), data(rng, 150, one)]),
            name,
            ppm=100.0 * i - 100,
            seed=i,
        )
        for i, (one, name) in enumerate(zip(sets, ("codec", "tap-9kft", "26awg-3kft"), strict=True))
    ]
    calls += [np.zeros(8000, np.int64), rng.integers(-9000, 9000, 8000)]
    samples = np.zeros((len(calls), max(map(len, calls))), np.int64)
    for row, call in zip(samples, calls, strict=True):
        row[: len(call)] = call
    after = [levels(one) for one in sets] + [None, None]
    many = Receiver(training_levels(), after, DATA_AT, lines=len(calls)).process(samples)
    assert Kind.DATA in kinds(many[0]) and len(many[0].number)
    for row, one, decisions in zip(samples, after, many, strict=True):
        assert_same(decisions, Receiver(training_levels(), one, DATA_AT).process(row))
    two = Receiver(training_levels(), after[0], DATA_AT).process(samples[:1])
    assert isinstance(two, list) and len(two) == 1
    assert_same(two[0], many[0])


def test_reset_forgets():
    samples = sampled(beginning(500))
    one = Receiver(training_levels())
    first = one.process(samples)
    one.reset()
    assert_same(one.process(samples), first)


# --- Data and what happens to it -----------------------------------------------------------------


def test_data_is_decided_frame_by_frame(rng):
    intervals = (EVEN, ODD, EVEN, ODD, EVEN, EVEN)
    sent = data(rng, 300, intervals)
    samples = sampled(np.concatenate([beginning(DATA_AT), sent]))
    decisions = Receiver(training_levels(), levels(intervals), DATA_AT).process(samples)
    assert (DATA_AT, Kind.DATA) in decisions.events
    mine = (decisions.number >= DATA_AT) & (decisions.number < DATA_AT + 290)
    assert np.count_nonzero(mine) == 290
    assert np.array_equal(decided(decisions)[mine], sent.reshape(-1, INTERVALS)[:290])
    # The slow means are those of the errors: 64 data frames, none weighs more than another.
    squares = np.zeros(INTERVALS, np.int64)
    for error, quality in zip(decisions.error, decisions.quality, strict=True):
        squares += error**2 - (squares >> timetable.SLOW_BITS)
        assert np.array_equal(quality, squares)


def test_a_dropout_is_told_and_survived(rng):
    sent = data(rng, 900)
    start = len(beginning(DATA_AT)) / 8000
    samples = sampled(
        np.concatenate([beginning(DATA_AT), sent]), gain_hits=((start + 0.2, 0.02, -np.inf),)
    )
    decisions = Receiver(training_levels(), levels((EVEN,) * INTERVALS), DATA_AT).process(samples)
    at = decisions.number - DATA_AT
    mine = (at >= 0) & (at < 890)
    frames, good = at[mine], decisions.good[mine]
    wrong = (decided(decisions)[mine] != sent.reshape(-1, INTERVALS)[frames]).any(-1)
    lost, recovered = (
        next(number for number, kind in decisions.events if kind is wanted) - DATA_AT
        for wanted in (Kind.DISTURBED, Kind.RECOVERED)
    )
    first = int(np.flatnonzero(wrong)[0])
    print(f"wrong from {first} on, lost at {lost}, recovered at {recovered}")
    assert abs(first - 0.2 * 8000 / INTERVALS) < 8
    # Told within 50 ms, recovered within half a second; then all is right.
    assert 0 <= lost - first < 67 and recovered - lost < 667
    assert not wrong[recovered + 100 :].any() and good[recovered + 100 :].all()
    assert not good[lost + 1 : recovered + 1].any() and good[:first].all()


def test_what_is_no_data_is_given_up(rng):
    """Other octets for more than a second; after them, Sd is heard again."""
    stray = g711.octet(rng.integers(90, 100, 12000), rng.integers(0, 2, 12000), "A")
    octets = np.concatenate([beginning(DATA_AT), data(rng, 100), stray, beginning(DATA_AT)])
    one = Receiver(training_levels(), levels((EVEN,) * INTERVALS), DATA_AT)
    decisions = one.process(sampled(octets))
    told = [kind for kind in kinds(decisions) if kind is not Kind.DATA]
    assert told == [
        Kind.DETECTED,
        Kind.TRAINED,
        Kind.DISTURBED,
        Kind.LOST,
        Kind.GIVEN_UP,
        Kind.DETECTED,
        Kind.TRAINED,
    ]
    disturbed, lost, given_up = (
        next(number for number, kind in decisions.events if kind is wanted)
        for wanted in (Kind.DISTURBED, Kind.LOST, Kind.GIVEN_UP)
    )
    assert abs(disturbed - DATA_AT - 100) < 67 and given_up - disturbed == timetable.LONGEST_COAST
    assert lost - disturbed == timetable.GRACE
    # Nothing is decided between giving up and training again, where numbers begin anew.
    after = int(np.flatnonzero(decisions.number == given_up)[0]) + 1
    assert not decisions.good[after - timetable.LONGEST_COAST : after].any()
    frames = DATA_AT - 10 - TRAINED_AT
    assert decisions.number[after:][:frames].tolist() == list(range(TRAINED_AT, DATA_AT - 10))
    signs = trn1d(U_INFO, INTERVALS * DATA_AT)[1].reshape(-1, INTERVALS)[TRAINED_AT:]
    assert np.array_equal(decisions.sign[after:][:frames], signs[:frames])


@pytest.mark.parametrize("name", ["codec", "26awg-9kft"])
def test_silence_is_given_up(rng, name):
    """Decisions that feed themselves have no errors: a dead line is known by its samples."""
    octets = np.concatenate([beginning(DATA_AT), data(rng, 100), silence(14000)])
    one = Receiver(training_levels(), levels((EVEN,) * INTERVALS), DATA_AT)
    decisions = one.process(sampled(octets, name, power=1e-2, level=None, gain=-10))
    assert kinds(decisions)[-2:] == [Kind.LOST, Kind.GIVEN_UP]


def test_another_sd_starts_anew(rng):
    octets = np.concatenate([beginning(DATA_AT), data(rng, 100), beginning(600)])
    one = Receiver(training_levels(), levels((EVEN,) * INTERVALS), DATA_AT)
    decisions = one.process(sampled(octets, ppm=50.0))
    again = [i for i, kind in enumerate(kinds(decisions)) if kind is Kind.DETECTED]
    assert len(again) == 2
    assert decisions.events[again[1] + 1] == (TRAINED_AT, Kind.TRAINED)
    # On TRN1d's levels again, from whose beginning data frames count.
    begun = int(np.flatnonzero(np.diff(decisions.number) < 0)[0]) + 1
    mine = slice(begun, begun + DATA_AT - TRAINED_AT)
    assert decisions.number[mine].tolist() == list(range(TRAINED_AT, DATA_AT))
    assert (decisions.ucode[mine] == U_INFO).all()
    signs = trn1d(U_INFO, INTERVALS * DATA_AT)[1].reshape(-1, INTERVALS)
    assert np.array_equal(decisions.sign[mine], signs[TRAINED_AT:])


@pytest.mark.parametrize("slip", [1, -1])
def test_turn_follows_a_slip(rng, slip):
    """An octet sent twice, or lost, and a turn when the host has noticed; the other line stays."""
    intervals = (EVEN,) * 5 + (ODD,)
    sent = data(rng, 500, intervals)
    start = beginning(DATA_AT)
    at = len(start) + INTERVALS * 100 + 2
    slipped = Network(slips=((at, slip),)).process(np.concatenate([start, sent]))
    rows = [sampled(octets, "codec") for octets in (slipped, np.concatenate([start, sent]))]
    n = min(map(len, rows))
    samples = np.stack([row[:n] for row in rows])
    one = Receiver(training_levels(), levels(intervals), DATA_AT, lines=2)
    half = 2 * at + 400
    one.process(samples[:, :half])
    one.turn(-slip, line=0)
    one.turn(6, line=1)
    turned, other = one.process(samples[:, half:])
    assert (turned.first == -slip % INTERVALS).all() and not other.first.any()
    # What is left of the wrong intervals' decisions is gone after some data frames.
    frames = turned.number[100:350] - DATA_AT
    stream = slipped[len(start) :]
    index = INTERVALS * frames[:, None] + np.arange(INTERVALS)
    assert turned.good[100:350].all()
    assert np.array_equal(decided(turned)[100:350], stream[index])
    mine = other.number < DATA_AT + 490
    frames = other.number[mine] - DATA_AT
    assert np.array_equal(decided(other)[mine], sent.reshape(-1, INTERVALS)[frames])
