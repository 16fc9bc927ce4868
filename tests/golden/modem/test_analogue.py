"""Both modems through phases 3 and 4: what is learnt, what is asked for, what arrives."""

import numpy as np
import pytest

from golden.errors import V90Error
from golden.modem.analogue import AnalogueModem
from golden.modem.states import AnaloguePhase, Upstream
from golden.pcm.parameters import FRAMES_A_SECOND
from golden.receiver.timetable import Kind
from sim.calls.description import Call
from sim.world.line import Conditions
from sim.world.network import NetworkParameters
from tests.golden.modem.support import Calls, decided, started

NETWORKS = {
    "clean": {},
    "robbed": {"robbed": ("", "01", "", "", "1", "")},
    "pad": {"pad": 6.0},
    "converted": {"output_law": "A"},
}


@pytest.fixture(scope="module")
def calls():
    settings = [
        Call(
            law,
            "26awg-9kft",
            Conditions(snr=47.0, seed=n, phase=0.37, ppm=90.0 - 60 * n),
            NetworkParameters(law=law, **what),
            -12.0,
        )
        for n, (law, what) in enumerate(zip(("A", "A", "mu", "mu"), NETWORKS.values(), strict=True))
    ]
    return settings, *started(settings)


@pytest.mark.parametrize("k, name", list(enumerate(NETWORKS)))
def test_a_whole_start_up(calls, k, name):
    settings, session, sent = calls
    analogue, digital, setting = session.analogue[k], session.digital[k], settings[k]
    reading, network = analogue.reading, setting.network
    assert len(analogue.readings) == 1 and digital.refused is None
    found = reading.impairments
    assert (found.law_out, found.pad) == (network.law_out, network.pad)
    assert (found.robbed, found.robbed_after) == (network.robbed, network.robbed_after)
    # Every Jd and MP sent is read, but what the first solution needs; B1d is all ones.
    lengths = {s.signal: s.frames for s in digital.timeline}
    assert reading.jds > 10 and reading.mps > 1 and reading.b1d == 1.0
    assert reading.mp["acknowledge"] == 1
    assert lengths["B1d"] == 48 and lengths["Ed"] == 2 and lengths["R-bar-i"] == 4
    # 8.5.2: the power limit, exactly, and CPt at most 3 dB below CP.
    assert reading.cp == digital.parameters
    assert not reading.cp.exceeds(-12.0) and not reading.cpt.exceeds(-12.0)
    assert reading.cp.average_power <= 10**0.3 * reading.cpt.average_power
    assert reading.cp.rate > 30_000
    got = analogue.take()
    assert len(got) > 5000 and np.array_equal(got, sent[k][: len(got)])


def test_rate_renegotiation_from_either_side_and_cleardown():
    session, sent = started([Call("A", "codec", Conditions(snr=45.0, phase=0.37))] * 2)
    before = [modem.reading.cp for modem in session.analogue]
    session.analogue[0].most_bits = before[0].data_bits - 2
    session.analogue[0].renegotiate()
    session.digital[1].renegotiate()
    session.run(int(1.5 * FRAMES_A_SECOND))
    for k in range(2):
        analogue, digital = session.analogue[k], session.digital[k]
        signals = [s.signal for s in digital.timeline]
        assert signals.count("Rd") == 1 and signals.count("data") == 2
        assert analogue.phase is AnaloguePhase.DATA and len(analogue.readings) == 1
        assert analogue.reading.cp == digital.parameters
        got = analogue.take()
        # Nothing is lost: the digital modem sends what it has, the analogue one reads all of it.
        assert len(got) > 30_000 and np.array_equal(got, sent[k][: len(got)])
    assert session.analogue[0].reading.cp.data_bits == before[0].data_bits - 2
    session.analogue[0].cleardown()
    session.digital[1].cleardown()
    session.run(int(1.5 * FRAMES_A_SECOND))
    assert all(modem.phase is AnaloguePhase.CLEARED for modem in session.analogue)
    assert all(modem.cleared for modem in session.digital)


def test_retrain_from_either_side():
    session, _ = started([Call("A", "codec", Conditions(snr=45.0, phase=0.37))] * 2, 0.1)
    session.analogue[0].retrain()
    session.digital[1].retrain()
    session.run(int(5 * FRAMES_A_SECOND))
    for analogue, digital in zip(session.analogue, session.digital, strict=True):
        assert analogue.phase is AnaloguePhase.DATA and digital.in_data
        assert len(analogue.readings) > 1
        assert [s.signal for s in digital.timeline].count("Sd") == 2


# --- Pieces ---------------------------------------------------------------------------------------


def without_line():
    """A modem whose receiver does nothing, and its part for data."""
    modem = AnalogueModem(Calls())
    modem.phase3, modem.phase4, modem.data_mode = Calls(), Calls(), Calls()
    return modem, modem.data_mode


def test_a_piece_with_a_renegotiation_is_data_up_to_it():
    modem, data_mode = without_line()
    modem.enter(AnaloguePhase.DATA)
    modem.process(decided(np.ones((5, 6)), 100, events=[(103, Kind.SWITCHED)]), 5)
    before, event, whole = data_mode.calls
    assert before[1].number.tolist() == [100, 101, 102]
    assert event == ("event", 103, Kind.SWITCHED)
    assert whole[1].number.tolist() == [100, 101, 102, 103, 104] and modem.number == 105


@pytest.mark.parametrize("phase, seconds", [("SD", 1.5), ("DIL", 10), ("TRN2D", 8), ("RD", 8)])
def test_a_phase_that_does_not_end_is_a_retrain(phase, seconds):
    """9.3.2.4, 9.3.2.7, 9.4.2."""
    modem, _ = without_line()
    modem.enter(AnaloguePhase[phase])
    nothing = decided(np.ones((0, 6)))
    assert modem.process(nothing, int(seconds * FRAMES_A_SECOND))[3:] == []
    assert [what for what, _ in modem.process(nothing, 1)] == [
        *(Upstream.TONE_A, Upstream.S, Upstream.S_BAR, Upstream.JA)
    ]
    assert modem.phase is AnaloguePhase.SD and len(modem.readings) == 2


def test_data_and_a_cleared_call_have_no_limit():
    modem, _ = without_line()
    for phase in (AnaloguePhase.DATA, AnaloguePhase.CLEARED):
        modem.enter(phase)
        modem.process(decided(np.ones((0, 6))), 10**6)
        assert modem.phase is phase


def test_sd_in_the_midst_is_another_training():
    """Sd is detected twice in a piece: numbers begin anew, and what was found is put aside."""
    modem, _ = without_line()
    frames = decided(np.ones((0, 6)), events=[(9, Kind.DETECTED), (9, Kind.DETECTED)])
    modem.process(frames, 64)
    assert modem.phase is AnaloguePhase.TRN1D and len(modem.readings) == 2
    assert modem.receiver.named("ignore_sd") == [[False, 0], [True, 0], [True, 0]]


def test_requests_that_cannot_be():
    modem = AnalogueModem(Calls())
    for request in (modem.renegotiate, modem.recondition, modem.room):
        with pytest.raises(V90Error, match="begins in data mode"):
            request()
    with pytest.raises(V90Error, match="margin is 0 to 40 dB, not 41"):
        AnalogueModem(Calls(), margin=41)
