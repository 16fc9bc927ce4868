"""No channel of a bank can change another's state.

First: memories have a row, or a part, for each channel, and what is written there goes to that of
the channel whose token, word or event it is; proved for all time, by induction, for every such
memory of the blocks of an encoder and a generator. Second: of two copies of a block that take the
same but for one channel's data, the other channel's answers are the same, and come at the same
time; proved for so many cycles from power-on, in which tokens come as fast as they are taken. That
an operation on one queue leaves all others as they were is in test_queues.py.
"""

import pytest

from tests.formal.isolation import LONG, QUICK, TWINS, Twins
from tests.formal.proof import Free, holds, planted

ROWS = [pytest.param(case, id=name) for name, case in QUICK.items()]
ROWS += [pytest.param(case, id=name, marks=pytest.mark.long) for name, case in LONG.items()]


@pytest.mark.parametrize("case", ROWS)
def test_what_is_written_is_the_channels_own(case, tmp_path):
    assert case.holds(tmp_path, False)


@pytest.mark.parametrize("case", ROWS)
def test_errors_of_rows_are_found(case, tmp_path):
    assert not case.holds(tmp_path, True)


def twins_hold(folder, name, is_planted):
    claims, module, make, cycles, change = TWINS[name]
    module = planted(f"hdl.{module}", *[change] * is_planted)
    return holds(folder, Free(Twins(lambda: make(module)), claims), cycles)


@pytest.mark.long
@pytest.mark.parametrize("name", TWINS)
def test_answers_do_not_depend_on_another_channel(name, tmp_path):
    assert twins_hold(tmp_path, name, False)


@pytest.mark.long
@pytest.mark.parametrize("name", TWINS)
def test_errors_that_mix_channels_are_found(name, tmp_path):
    assert not twins_hold(tmp_path, name, True)


def test_errors_can_be_planted():
    """In the blocks as they are, those that only long proofs plant too."""
    for case in (*QUICK.values(), *LONG.values()):
        planted(f"hdl.{case.module}", case.plant)
    for _, module, _, _, change in TWINS.values():
        planted(f"hdl.{module}", change)
