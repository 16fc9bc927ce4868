"""Phase 3 of either modem: Ja to Ri of the one, TRN1d to a proposal of the other (9.3)."""

import numpy as np

from golden.modem.digital import DigitalModem
from golden.modem.phase3 import LEVEL_FRAMES, AnaloguePhase3
from golden.modem.states import AnaloguePhase, Upstream
from golden.pcm.parameters import FRAMES_A_SECOND, INTERVALS
from golden.receiver.timetable import AGAIN, SOLVING, TRAINED_AGAIN
from golden.signals.sequences import JD
from golden.signals.training import after_trn1d, dil_lengths, trn1d
from sim.calls.description import Call
from sim.calls.session import Session
from sim.world.line import Conditions
from sim.world.network import Network, NetworkParameters
from tests.golden.modem.support import analogue_parts, decided, in_data, ja, lengths, names, to_jd

# --- The digital modem ----------------------------------------------------------------------------


def test_wait_and_lengths_that_were_asked_for(rng):
    _, bits = ja(rng)
    modem = DigitalModem(trn1d=3000, wait=100, trn2d=2400)
    modem.frames(50)
    for event in (Upstream.S, Upstream.S_BAR):
        modem.receive(event)
    modem.receive(Upstream.JA, bits)
    modem.frames(1200)
    # The silence before, 3 data frames of delay, and the wait.
    assert [(one.signal, one.frames) for one in modem.timeline][:4] == [
        ("silence", 50 + 3 + 100),
        ("Sd", 64),
        ("S-bar-d", 8),
        ("TRN1d", 500),
    ]


def test_no_dil(rng):
    """9.3.1.5 with N = 0: Ri follows Jd'."""
    _, bits = ja(rng, 0)
    modem = DigitalModem()
    to_jd(modem, bits)
    modem.receive(Upstream.S)
    modem.receive(Upstream.S_BAR)
    modem.frames(60)
    assert names(modem)[-2:] == ["Jd'", "Ri"]


def test_dil_ends_with_the_second_transition_and_a_segment(asked):
    fields, bits = asked
    modem = DigitalModem()
    to_jd(modem, bits)
    modem.receive(Upstream.S)
    modem.frames(60)
    modem.receive(Upstream.S_BAR)  # Jd's own
    modem.frames(200)
    assert names(modem)[-1] == "DIL"
    modem.receive(Upstream.S)
    modem.frames(20)
    assert names(modem)[-1] == "DIL"
    modem.receive(Upstream.S_BAR)
    modem.frames(20)
    assert names(modem)[-1] == "Ri"
    dil = lengths(modem, "DIL")[0] * INTERVALS
    assert dil in np.cumsum(np.resize(dil_lengths(fields), 400))


def test_jd_goes_on_until_s(asked):
    modem = DigitalModem()
    to_jd(modem, asked[1])
    modem.frames(2000)
    assert names(modem)[-1] == "Jd"
    modem.receive(Upstream.S)
    modem.frames(20)
    assert lengths(modem, "Jd'") == [2] and lengths(modem, "Jd")[0] % 12 == 0


# --- The analogue modem ---------------------------------------------------------------------------

U_INFO = 79


def received(jds=40, level=1000):
    """Soft values (fine) of TRN1d from data frame 439 on, and of Jd; each interval has a level."""
    trn = trn1d(U_INFO, 1500 * INTERVALS)[1]
    bits = JD.build(rates=1, look_ahead=1, training=0, renegotiation=0)
    signs = np.concatenate([trn, after_trn1d(U_INFO, np.tile(bits, jds), trn)[1]])
    levels = level + 10 * np.arange(INTERVALS)
    return (16 * levels * np.where(signs.reshape(-1, INTERVALS), 1, -1))[439:]


def test_levels_then_noise_then_jd():
    """Levels of U_INFO once there are enough; all codewords once noise and a Jd are known."""
    modem, fine = analogue_parts(AnaloguePhase.TRN1D), received()
    fine[:16] //= 2  # taps may settle there
    phase = AnaloguePhase3(modem)
    assert modem.receiver.calls == [("ignore_sd", True, 2)]
    at, ends = 0, {}
    while at < len(fine) and modem.phase is AnaloguePhase.TRN1D:
        modem.number = 439 + at + 20
        phase.process(decided(fine[at : at + 20], 439 + at, error=[[8, -8] * 3]))
        at += 20
        ends.setdefault(len(modem.receiver.calls), modem.number)
    switches = modem.receiver.named("switch")
    # 16 data frames are left out; what is not found in a piece is with the next.
    assert ends[2] == switches[0][1] == 439 + LEVEL_FRAMES + 16
    assert switches[0][0].values == tuple((1000 + 10 * i,) for i in range(INTERVALS))
    assert switches[0][2] == 2 and modem.sent == [Upstream.S]
    assert modem.phase is AnaloguePhase.DIL and len(switches) == 2
    assert switches[1][0].guess and len(switches[1][0].values[0]) > 100
    # Noise counts from 16 data frames after the second solution on; here Jd comes later.
    assert modem.number > AGAIN + TRAINED_AGAIN + SOLVING + 16 + 128
    assert modem.reading.jds >= 1 and modem.reading.jd["look_ahead"] == 1
    # An error of 8 fine units everywhere in an interval has no deviation.
    assert not modem.reading.deviation.any()


def test_no_levels_before_there_are_enough():
    modem = analogue_parts(AnaloguePhase.TRN1D)
    phase = AnaloguePhase3(modem)
    modem.number = 439 + LEVEL_FRAMES + 15
    phase.process(decided(received()[: LEVEL_FRAMES + 15], 439))
    assert len(modem.receiver.calls) == 1 and modem.retrains == 0


def test_jd_that_ends_unasked_begins_anew():
    """A Jd' that S did not ask for, as disturbances may make one: DIL behind it is none of ours."""
    setting = Call("mu", "codec", Conditions(snr=45.0), NetworkParameters(law="mu"))
    session = Session([setting])
    analogue, digital = session.analogue[0], session.digital[0]
    session.run(int(3 * FRAMES_A_SECOND), lambda s: names(digital)[-1:] == ["Jd"])
    session.run(128)
    assert analogue.phase is AnaloguePhase.TRN1D
    digital.receive(Upstream.S)
    session.run(int(8 * FRAMES_A_SECOND), in_data)
    assert digital.in_data and analogue.phase is AnaloguePhase.DATA
    assert len(analogue.readings) == 2 and digital.retrains == 0


def test_dil_that_comes_inverted_is_another_training():
    """Its gain is below nought, at which no Ucode arrives; the next DIL is as inverted as TRN1d."""
    session = Session([Call("A", "codec", Conditions(snr=45.0, phase=0.37))])
    (analogue,), (digital,) = session.analogue, session.digital
    session.run(int(5 * FRAMES_A_SECOND), lambda s: analogue.phase is AnaloguePhase.DIL)
    session.network = [Network(NetworkParameters(law="A", invert=True))]
    session.run(int(8 * FRAMES_A_SECOND), in_data)
    assert analogue.phase is AnaloguePhase.DATA and digital.in_data
    assert len(analogue.readings) == 2
