"""Decisions: of lines side by side, of one training among others, and their bits."""

import numpy as np
import pytest

from golden.pcm import g711
from golden.pcm.encoder import Encoder
from golden.pcm.parameters import INTERVALS, MappingParameters
from golden.receiver.decisions import DecisionDecoder, Decisions, by_line
from golden.receiver.timetable import Kind


def columns(lines, fine):
    """Columns of one step: ``lines`` each decide a data frame whose soft values are ``fine``."""
    wide = np.full((len(lines), INTERVALS), 7)
    narrow = np.arange(len(lines))
    return [np.array(lines), np.array(fine), wide, wide, narrow, narrow, narrow, wide, narrow]


def test_each_line_gets_its_own():
    """Two steps of three lines; the third line decides in the second step alone."""
    first = columns([0, 1], [[-1, 0, 1, 2, 3, 4], [5] * INTERVALS])
    second = columns([2, 0], [[-9] * INTERVALS, [6] * INTERVALS])
    events = [[(0, Kind.DATA)], [], [(3, Kind.LOST)]]
    one, two, three = by_line([first, second], events)
    assert one.fine.tolist() == [[-1, 0, 1, 2, 3, 4], [6] * INTERVALS]
    assert one.sign.tolist() == [[0, 1, 1, 1, 1, 1], [1] * INTERVALS]
    assert two.fine.tolist() == [[5] * INTERVALS] and three.fine.tolist() == [[-9] * INTERVALS]
    assert one.number.tolist() == [0, 1] and one.good.tolist() == [False, True]
    assert [each.events for each in (one, two, three)] == events


def test_nothing_decided():
    """No frames are empty arrays of the right shape."""
    (nothing,) = by_line([], [[]])
    assert nothing.fine.shape == (0, INTERVALS) and nothing.number.shape == (0,)


def decided(numbers, events=()):
    """Decisions of data frames with these numbers, their soft values the same."""
    number = np.array(numbers)
    wide = np.repeat(number[:, None], INTERVALS, axis=1)
    return Decisions(*(wide,) * 4, number, number > 0, number, wide, number, list(events))


def test_rows_are_of_every_array():
    events = [(4, Kind.LOST)]
    some = decided([3, 4, 5], events).rows(np.array([True, False, True]))
    assert some.number.tolist() == some.step.tolist() == [3, 5] and some.events == events
    assert some.error.tolist() == some.quality.tolist() == [[3] * INTERVALS, [5] * INTERVALS]


DETECTED, TRAINED = (9, Kind.DETECTED), (439, Kind.TRAINED)


@pytest.mark.parametrize(
    "numbers, events, left",
    [
        ([70, 71, 72], [], [70, 71, 72]),
        # Sd was detected: what is here was decided before, as numbers do not go back.
        ([70, 71, 72], [DETECTED], []),
        ([900, 901, 439, 440], [DETECTED, TRAINED], [439, 440]),
        ([900, 500, 439, 440], [DETECTED, TRAINED, DETECTED, TRAINED], [439, 440]),
        # Nothing was decided before Sd.
        ([439, 440], [DETECTED, TRAINED], [439, 440]),
        ([], [DETECTED], []),
    ],
)
def test_the_last_training_among_others(numbers, events, left):
    assert decided(numbers, events).of_last_training().number.tolist() == left


def test_bits_from_a_data_frame_on(rng):
    """Frames before do not count; pieces give what one call gives."""
    p = MappingParameters("CP", 5, 2, 3, "A", 64, 0, 0, 0, (0,) * 6, (tuple(range(20, 80, 3)),))
    bits = rng.integers(0, 2, 40 * p.data_bits, np.uint8)
    encoder = Encoder(p)
    octets = np.concatenate([encoder.process(bits), encoder.flush()]).reshape(-1, INTERVALS)
    other = octets[::-1][:7]
    octets = np.concatenate([other, octets])
    number = 93 + np.arange(len(octets))
    error = np.arange(octets.size).reshape(octets.shape)
    whole = Decisions(
        error,
        error,
        g711.ucode(octets, "A"),
        g711.sign(octets),
        *(number,) * 3,
        error,
        number,
    )
    decoder, found = DecisionDecoder(p, 100), []
    for mine in (number < 98, (number >= 98) & (number < 111), number >= 111):
        found.append(decoder.process(whole.rows(mine)))
    assert np.array_equal(np.concatenate([one for one, _ in found]), bits)
    # Errors have 4 fraction bits.
    assert np.array_equal(np.concatenate([one for _, one in found]), error[7:] / 16)
