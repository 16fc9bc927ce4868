"""The timetable of TRN1d keeps the least lengths of 8.4.5 and 9.3.1.2/V.90."""

from golden.pcm.parameters import INTERVALS
from golden.receiver.timetable import (
    AGAIN,
    FIRST_FRAME,
    GRACE,
    LONGEST_COAST,
    SETTLING,
    SKIPPED,
    SOLVING,
    TRAINED,
    TRAINED_AGAIN,
    Kind,
    State,
)

#: Symbols of TRN1d at least (9.3.1.2/V.90).
LEAST = 2040


def test_training_ends_within_the_shortest_trn1d():
    """The last data frame that trains is in it; one more would not be."""
    assert FIRST_FRAME < SKIPPED
    assert LEAST - INTERVALS <= (SKIPPED + TRAINED) * INTERVALS <= LEAST


def test_second_stretch_begins_after_the_first_has_settled():
    """The second solution uses decisions that the first one made."""
    assert AGAIN > SKIPPED + TRAINED + SOLVING + SETTLING
    # 2.4 s of a data frame each 0.75 ms, within the 4 s that an analogue modem may take (9.3.2.3).
    assert (AGAIN + TRAINED_AGAIN + SOLVING) * INTERVALS < 4 * 8000


def test_waits_are_the_times_they_say():
    """Data frames last 0.75 ms."""
    assert GRACE * 0.75 == 30 and LONGEST_COAST * 0.75 == 1080


def test_states_and_events_are_numbered_as_gateware_s_words_have_them():
    """A host's program relies on the numbers."""
    assert [one.name for one in State] == ["SEARCH", "TRAIN", "TRACK", "COAST"]
    assert [one.value for one in Kind] == list(range(12))
