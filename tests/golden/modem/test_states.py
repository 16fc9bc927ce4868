"""States of the modems: what comes in which."""

import pytest

from golden.modem.analogue import AnalogueModem
from golden.modem.digital import DigitalModem
from golden.modem.states import RATE_STATES, AnaloguePhase, DigitalState, TrainingReading, Upstream
from tests.golden.modem.support import ASKED, Calls, cleared


@pytest.mark.parametrize("state", DigitalState)
def test_a_cleardown_is_heard_where_a_cp_may_come(state):
    """9.7: CP with drn = 0 ends the connection in these states, and in no other."""
    modem = DigitalModem()
    modem.state = state
    modem.receive(Upstream.CP, cleared(ASKED))
    assert modem.cleared == (state in RATE_STATES)
    assert (state in RATE_STATES) == any(
        word in state.name for word in ("CP", "ACKNOWLEDGE", "SILENCE", "ANSWER")
    )


def test_a_reading_begins_with_nothing():
    one, other = TrainingReading(), TrainingReading()
    one.times["DIL"] = 5
    assert other.times == {} and (other.jds, other.passes, other.mps) == (0, 0, 0)
    assert other.jd is other.deviation is other.impairments is other.cpt is other.b1d is None


def test_each_phase_but_the_first_and_the_last_has_an_object():
    modem = AnalogueModem(Calls())
    modem.phase3, modem.phase4, modem.data_mode = "phase 3", "phase 4", "data"
    found = {}
    for phase in AnaloguePhase:
        modem.phase = phase
        found[phase.name] = modem._part
    assert found == {
        "SD": None,
        **dict.fromkeys(("TRN1D", "DIL"), "phase 3"),
        **dict.fromkeys(("RI", "TRN2D", "MP", "SILENCE"), "phase 4"),
        **dict.fromkeys(("DATA", "RD"), "data"),
        "CLEARED": None,
    }
