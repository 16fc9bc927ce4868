"""Retrains of the digital modem, asked for or by its own clock (9.3.1, 9.4.1, 9.5.1/V.90)."""

import pytest

from golden.modem.digital import DigitalModem, Upstream
from golden.pcm import g711
from tests.golden.modem.support import (
    CP_1,
    SECOND,
    TRAINING,
    first,
    names,
    to_data,
    to_jd,
    to_mp,
    to_ri,
)


@pytest.mark.parametrize("start", [to_jd, to_ri, to_mp, to_data])
@pytest.mark.parametrize("side", ["digital", "analogue"])
def test_retrain_is_silence_and_phase_3_again(asked, start, side):
    modem = DigitalModem()
    start(modem, asked[1])
    modem.send([1, 0, 1])
    if side == "digital":
        modem.retrain()
    else:
        modem.receive(Upstream.TONE_A)
    octets = modem.frames(103)
    assert not g711.ucode(octets[18:], "A").any() and not modem.in_data
    assert modem.timeline[-1].frames == 100 and names(modem)[-1] == "silence"
    assert modem.retrains == (side == "digital") and modem.parameters is None
    to_data(modem, asked[1])
    assert names(modem)[-15:] == TRAINING and not modem.cleared


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
    assert modem.timeline[-1].first - 3 == first(modem, "TRN1d") + round(5.4 * SECOND)


def test_without_an_end_of_dil_there_is_a_retrain(asked):
    modem = DigitalModem(round_trip=0.3)
    to_jd(modem, asked[1])
    modem.receive(Upstream.S)
    assert expiry(modem, 9000) == first(modem, "DIL") + round(6.3 * SECOND)


def test_without_b1_there_is_a_retrain(asked):
    """9.4.1: 15 s and five round trips from INFO1a, which was 75 ms before S."""
    modem = DigitalModem(round_trip=0.1)
    modem.frames(10)
    to_mp(modem, asked[1])
    assert expiry(modem, 22000) == 10 + round((15.5 - 0.075) * SECOND)


def test_without_e_there_is_a_retrain(asked):
    """9.6.1: 5000 ms and two round trips from the transition from Rd to R-bar-d."""
    modem = DigitalModem(round_trip=0.1)
    to_data(modem, asked[1])
    modem.renegotiate()
    assert expiry(modem, 8000) == first(modem, "R-bar-d") + round(5.2 * SECOND)
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
