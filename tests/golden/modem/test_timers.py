"""Timeouts of the digital modem: when they run, when they end, and what follows (9.3.1 to 9.7)."""

from types import SimpleNamespace

import pytest

from golden.modem.digital import DigitalModem
from golden.modem.states import Upstream
from golden.modem.timers import NO_ANSWER, NO_B1, NO_E, NO_S, Timers
from golden.pcm.parameters import FRAMES_A_SECOND
from tests.golden.modem.support import CP_1, first, names, to_data, to_jd, to_mp


def entry(name, first):
    return SimpleNamespace(command=SimpleNamespace(name=name), first=first)


def test_a_timer_runs_from_the_next_beginning_of_its_signal():
    log, timers = [entry("MP", 5)], Timers(0.5)
    timers.start(NO_E, "MP", log)
    assert timers.due(log) is None
    log += [entry("Rd", 7), entry("MP", 90), entry("MP", 99)]
    assert timers.due(log) == 90 + round(6.0 * FRAMES_A_SECOND)
    timers.stop(NO_E)
    timers.stop(NO_S)
    assert timers.due(log) is None


def test_the_first_timer_that_expires_is_due():
    timers = Timers(0.1)
    timers.start_at(NO_B1, 10)
    assert timers.due([]) == 10 + round(15.425 * FRAMES_A_SECOND)
    timers.start_at(NO_B1, 1000)  # it runs already
    timers.start_at(NO_ANSWER, 20)
    assert timers.due([]) == 20 + round(1.1 * FRAMES_A_SECOND)
    timers.stop(NO_ANSWER)
    assert timers.due([]) == 10 + round(15.425 * FRAMES_A_SECOND)
    timers.stop_all()
    assert timers.due([]) is None


# --- In a modem -----------------------------------------------------------------------------------


def expiry(modem, most):
    """Data frame from which a modem is silent, as it lost patience, and no sooner."""
    before = modem.retrains
    modem.frames(most)
    assert modem.retrains == before + 1 and names(modem)[-1] == "silence"
    return modem.timeline[-1].first - 3


@pytest.mark.parametrize("piece", [1, 7, 100000])
def test_without_s_there_is_a_retrain(asked, piece):
    """9.3.1.5: 5100 ms and a round trip from the start of TRN1d, to the data frame."""
    modem = DigitalModem(round_trip=0.3)
    to_jd(modem, asked[1])
    left = 8000
    while left > 0:
        modem.frames(min(piece, left))
        left -= piece
    assert modem.retrains == 1
    assert modem.timeline[-1].first - 3 == first(modem, "TRN1d") + round(5.4 * FRAMES_A_SECOND)


def test_without_an_end_of_dil_there_is_a_retrain(asked):
    modem = DigitalModem(round_trip=0.3)
    to_jd(modem, asked[1])
    modem.receive(Upstream.S)
    assert expiry(modem, 9000) == first(modem, "DIL") + round(6.3 * FRAMES_A_SECOND)


def test_without_b1_there_is_a_retrain(asked):
    """9.4.1: 15 s and five round trips from INFO1a, which was 75 ms before S."""
    modem = DigitalModem(round_trip=0.1)
    modem.frames(10)
    to_mp(modem, asked[1])
    assert expiry(modem, 22000) == 10 + round((15.5 - 0.075) * FRAMES_A_SECOND)


def test_without_e_there_is_a_retrain(asked):
    """9.6.1: 5000 ms and two round trips from the transition from Rd to R-bar-d."""
    modem = DigitalModem(round_trip=0.1)
    to_data(modem, asked[1])
    modem.renegotiate()
    assert expiry(modem, 8000) == first(modem, "R-bar-d") + round(5.2 * FRAMES_A_SECOND)
    # E ends that.
    modem = DigitalModem(round_trip=0.1)
    to_data(modem, asked[1])
    modem.renegotiate()
    modem.receive(Upstream.CP, CP_1)
    modem.receive(Upstream.E)
    modem.frames(9000)
    assert modem.retrains == 0 and modem.in_data


def test_timeouts_of_a_training_before_do_not_count(asked):
    modem = DigitalModem()
    to_jd(modem, asked[1])
    modem.frames(5000)
    modem.receive(Upstream.TONE_A)
    to_jd(modem, asked[1])
    modem.frames(5000)
    assert modem.retrains == 0 and names(modem)[-1] == "Jd"
