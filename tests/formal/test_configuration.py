"""New mapping parameters are used from a data frame on, never within one, and never by two.

For all time, by induction, whatever comes in.
"""

import pytest

from hdl.core.channels import channel_shape
from tests.formal.configuration import CASES, sequencer
from tests.formal.proof import Free, holds, planted

LONG = {"Sequencer, words", "SignalSequencer"}
NAMES = [pytest.param(one, marks=[pytest.mark.long] * (one in LONG)) for one in CASES]


def case_holds(folder, name, is_planted):
    claims, module, make, depth, change = CASES[name]
    block = make(planted(f"hdl.{module}", *[change] * is_planted))
    choices = {"channel": channel_shape(3).width} if claims is sequencer else {}
    return holds(folder, Free(block, claims, inside=True, **choices), depth, depth)


@pytest.mark.parametrize("name", NAMES)
def test_parameters_change_with_a_data_frame(name, tmp_path):
    assert case_holds(tmp_path, name, False)


@pytest.mark.parametrize("name", NAMES)
def test_errors_of_changes_are_found(name, tmp_path):
    assert not case_holds(tmp_path, name, True)


def test_errors_can_be_planted():
    """In the blocks as they are, those that only long proofs plant too."""
    for _, module, _, _, change in CASES.values():
        planted(f"hdl.{module}", change)
