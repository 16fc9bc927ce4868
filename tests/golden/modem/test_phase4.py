"""Phase 4 and rate renegotiations of either modem: CPt, MP and CP (9.4, 9.6)."""

import itertools
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from golden.errors import CallFailed, V90Error
from golden.modem.digital import MP_FIELDS, DigitalModem
from golden.modem.phase4 import TRN2D_NOISE_FRAMES, AnaloguePhase4, greatest
from golden.modem.states import AnaloguePhase, Upstream
from golden.pcm import g711
from golden.pcm.decoder import Decoder
from golden.pcm.encoder import Encoder
from golden.pcm.parameters import FRAMES_A_SECOND, INTERVALS
from golden.receiver.timetable import Kind
from golden.signals.sequences import MP
from sim.calls.description import Call
from sim.calls.session import Session
from sim.world.line import Conditions
from sim.world.network import NetworkParameters
from tests.golden.modem.support import (
    ASKED,
    CP_1,
    CP_2,
    CPS,
    CPS_2,
    CPT,
    TRAINED,
    TRAINING,
    analogue_parts,
    cp,
    decided_octets,
    in_data,
    lengths,
    names,
    started,
    to_data,
    to_jd,
    to_mp,
    to_ri,
)

# --- The digital modem ----------------------------------------------------------------------------


def test_ri_lasts_192_symbols_at_least(asked):
    modem = DigitalModem()
    to_jd(modem, asked[1])
    modem.receive(Upstream.S)
    modem.frames(60)
    modem.receive(Upstream.S)
    modem.receive(Upstream.S_BAR)
    modem.receive(Upstream.CP, CPT)  # while DIL ends
    modem.frames(100)
    assert lengths(modem, "Ri", "R-bar-i") == [32, 4]


def test_an_mp_is_sent_that_acknowledges(asked):
    """9.4.1.4, with everything from the far end at once, and E in place of CP'."""
    modem = DigitalModem()
    to_ri(modem, asked[1])
    for bits in (CPT, CP_1):
        modem.receive(Upstream.CP, bits)
    modem.receive(Upstream.E)
    modem.frames(600)
    assert names(modem) == TRAINING
    mp, acknowledged = lengths(modem, "MP", "MP'")
    assert mp == acknowledged == -(-86 // TRAINED.data_bits)


def test_a_sequence_with_a_wrong_bit_is_none(asked):
    modem = DigitalModem()
    to_mp(modem, asked[1])
    wrong = CP_1.copy()
    wrong[70] ^= 1
    modem.receive(Upstream.CP, wrong)
    modem.frames(60)
    assert names(modem)[-1] == "MP" and modem.parameters is None


RENEGOTIATION = ["Rd", "R-bar-d", "TRN2d", "MP", "MP'", "Ed", "B1d", "data"]


def renegotiate(modem, side):
    if side == "digital":
        modem.renegotiate()
    else:
        modem.receive(Upstream.S)
        modem.frames(10)
        assert modem.in_data
        modem.receive(Upstream.S_BAR)


@pytest.mark.parametrize("side", ["digital", "analogue"])
def test_rate_renegotiation(asked, side):
    modem = DigitalModem()
    to_data(modem, asked[1])
    modem.frames(33)
    renegotiate(modem, side)
    octets = modem.frames(3 + 64 + 4 + 340 + 40)
    start = modem.timeline[-5:]
    assert [one.signal for one in start] == ["data", "Rd", "R-bar-d", "TRN2d", "MP"]
    assert [one.frames for one in start[1:4]] == [64, 4, 340]
    frames = octets.reshape(-1, INTERVALS)
    # Rd has the greatest Ucode of each interval of the data mode (8.6.4).
    rd = frames[3 : 3 + 68]
    assert (g711.ucode(rd, "A") == [77, 80] * 3).all()
    assert (g711.sign(rd[:64]) == [1, 1, 1, 0, 0, 0]).all()
    assert (g711.sign(rd[64:]) == [0, 0, 0, 1, 1, 1]).all()
    # 8.6: TRN2d's K and constellations are CPt's, its shaping that of the data mode.
    shaped = replace(
        TRAINED,
        drn=TRAINED.k + 6 - ASKED.sr - 8,
        sr=ASKED.sr,
        ld=ASKED.ld,
        a1=ASKED.a1,
        a2=ASKED.a2,
    )
    assert shaped.k == TRAINED.k and shaped.sr != TRAINED.sr
    decoder = Decoder(shaped)
    read = decoder.process(frames[71:].reshape(-1))
    d = shaped.data_bits
    assert read[: 340 * d].all() and decoder.illegal == 0
    assert MP.parse(read[340 * d :])["acknowledge"] == 0
    # Other parameters, once they are agreed on.
    slower = replace(ASKED, drn=4, sr=1)
    modem.receive(Upstream.CP, cp(slower))
    modem.receive(Upstream.CP, cp(slower, acknowledge=1))
    modem.receive(Upstream.E)
    modem.frames(150)
    assert names(modem)[-8:] == RENEGOTIATION
    assert modem.parameters == slower and modem.in_data


def test_silence_in_a_rate_renegotiation(asked):
    """9.6.1.2.4 to 9.6.1.2.6, figure 10."""
    modem = DigitalModem()
    to_data(modem, asked[1])
    renegotiate(modem, "analogue")
    modem.frames(450)
    modem.receive(Upstream.CP, CPS)
    modem.frames(30)
    assert names(modem)[-1] == "MP'"
    modem.receive(Upstream.CP, CPS_2)
    octets = modem.frames(100)
    assert names(modem)[-2:] == ["Ed", "silence"]
    assert not g711.ucode(octets[-300:], "A").any()
    modem.frames(7)
    modem.receive(Upstream.CP, CP_1)
    octets = modem.frames(3 + 68 + 60)
    assert names(modem)[-5:] == ["silence", "Rt", "R-bar-t", "MP", "MP'"]
    rt, bar = lengths(modem, "Rt", "R-bar-t")
    assert (rt, bar) == (64, 4)
    # Rt has the greatest Ucode of CPt (8.6.4), and data frames are kept.
    rt = octets.reshape(-1, INTERVALS)[3 : 3 + 68]
    assert (g711.ucode(rt, "A") == 87).all()
    modem.receive(Upstream.CP, CP_2)
    modem.receive(Upstream.E)
    modem.frames(100)
    assert names(modem)[-6:] == ["R-bar-t", "MP", "MP'", "Ed", "B1d", "data"]
    assert modem.in_data


def test_renegotiation_is_for_data_mode(asked):
    modem = DigitalModem()
    with pytest.raises(V90Error, match="begins in data mode"):
        modem.renegotiate()
    to_data(modem, asked[1])
    modem.renegotiate()
    with pytest.raises(V90Error, match="begins in data mode"):
        modem.renegotiate()


# --- The analogue modem ---------------------------------------------------------------------------


def asking(best, sr):
    """A modem in RI whose proposal has this Sr; ``best`` as the modem's."""

    def propose(sr, filter=None):
        return SimpleNamespace(
            sr=sr, levels=lambda intervals: "levels", sequence=lambda *_: "sequence"
        )

    return analogue_parts(
        AnaloguePhase.RI,
        proposal=propose(sr),
        propose=propose,
        best=best,
        training_noise=lambda: 2.0,
    )


def trn2d(first, frames):
    """Decisions of so many data frames of TRN2d."""
    octets = Encoder(TRAINED).process(np.ones((frames + 1) * TRAINED.data_bits, np.uint8))
    return decided_octets(octets[: frames * INTERVALS], "A", first)


@pytest.mark.parametrize(
    "shaped, plain, sr",
    [
        (30, 28, 1),
        (28, 30, 0),
        (30, 30, 1),
        (30, None, 1),
        (None, 30, 0),
    ],
)
def test_trn2d_tells_whether_the_null_stays(shaped, plain, sr):
    """The one with more data bits is asked for; where one has no rate (None), the other."""

    def best(deviation, margin, proposal):
        bits = {1: shaped, 0: plain}[proposal.sr]
        if bits is None:
            raise CallFailed("none")
        return SimpleNamespace(data_bits=bits, sr=proposal.sr, intervals=())

    modem = asking(best, sr=1)
    phase = AnaloguePhase4(modem)
    modem.reading.cpt = TRAINED
    phase.event(10, Kind.SWITCHED)
    phase.process(trn2d(10, 16 + TRN2D_NOISE_FRAMES))
    assert modem.phase is AnaloguePhase.MP and modem.retrains == 0
    assert phase.wanted.sr == modem.proposal.sr == sr


def test_no_signal_with_a_rate_is_another_training():
    def best(*_):
        raise CallFailed("none")

    modem = asking(best, sr=0)
    phase = AnaloguePhase4(modem)
    modem.reading.cpt = TRAINED
    phase.event(10, Kind.SWITCHED)
    phase.process(trn2d(10, 16 + TRN2D_NOISE_FRAMES))
    assert modem.retrains == 1 and modem.receiver.named("after_ed") == []


def test_cpt_goes_on_until_r_bar():
    """R puts TRN1d's levels to use; once they are, CPt's are armed and CPt is sent."""
    modem = asking(None, sr=0)
    phase = AnaloguePhase4(modem)
    modem.reading.cpt = TRAINED
    phase.begin("U_INFO's levels", "CPt's levels")
    assert modem.phase is AnaloguePhase.RI and modem.sent == [Upstream.S, Upstream.S_BAR]
    phase.repeat()
    phase.event(30, Kind.R)
    phase.repeat()
    assert modem.receiver.calls == [("switch", "U_INFO's levels", 30, 2)]
    assert len(modem.sent) == 2
    phase.event(31, Kind.DATA)
    assert modem.receiver.calls[1:] == [("arm", "CPt's levels", 2), ("follow", TRAINED, 2)]
    phase.repeat()
    phase.repeat()
    assert modem.sent[2:] == [Upstream.CP, Upstream.CP]
    phase.event(90, Kind.SWITCHED)
    phase.repeat()
    assert modem.phase is AnaloguePhase.TRN2D and len(modem.sent) == 4
    assert modem.reading.times == {"TRN2d": 90}


def test_noise_is_taken_of_trn2d_without_its_beginning():
    """240 data frames after the first 16; an MP that comes sooner ends the measurement."""
    for frames, asks in ((16 + TRN2D_NOISE_FRAMES - 1, False), (16 + TRN2D_NOISE_FRAMES, True)):
        modem = asking(lambda deviation, margin, proposal: ASKED, sr=0)
        phase = AnaloguePhase4(modem)
        modem.reading.cpt = TRAINED
        phase.event(10, Kind.SWITCHED)
        error = np.full((frames, INTERVALS), 32)
        error[:16] = 160
        # One interval with more noise than others, which is an error of its level.
        error[:, 2] *= 3
        phase.process(replace(trn2d(10, frames), error=error))
        assert (modem.phase is AnaloguePhase.MP) == asks
        if asks:
            # PCM values have 4 fraction bits less than errors.
            assert modem.reading.phase4_deviation.tolist() == [2.0] * INTERVALS


def test_mp_is_acknowledged_and_e_follows_its_acknowledgement():
    modem = asking(lambda deviation, margin, proposal: ASKED, sr=0)
    phase = AnaloguePhase4(modem)
    modem.reading.cpt = TRAINED
    phase.event(10, Kind.SWITCHED)
    encoder = Encoder(TRAINED)
    size = TRAINED.data_bits
    mps = [MP.build(size, acknowledge=a, **MP_FIELDS) for a in (0, 1)]
    parts = [np.ones((20 + TRN2D_NOISE_FRAMES) * size, np.uint8)]
    # The last data frame of each part comes with the next one; an MP has fill bits in it.
    parts += [np.tile(mp, 2) for mp in mps]
    parts = [encoder.process(part) for part in parts]
    number = 10
    for octets, sent, mps in zip(
        parts, ([Upstream.CP], [Upstream.CP], [Upstream.CP, Upstream.E]), (0, 2, 4), strict=True
    ):
        phase.process(decided_octets(octets, "A", number))
        number += len(octets) // INTERVALS
        modem.sent.clear()
        phase.repeat()
        assert modem.sent == sent and modem.reading.mps == mps
    phase.event(number, Kind.ED)
    assert modem.sent[-1] is Upstream.B1 and modem.reading.cp == ASKED
    assert modem.data_mode.calls == [("begin", number)] and modem.reading.times["B1d"] == number


def test_rd_has_the_greatest_ucodes():
    assert greatest(ASKED) == (77, 80) * 3


def test_rate_renegotiation_with_silence():
    """CPs: silence for an echo canceller, then Rt, and the data go on (9.6.2.1.5 to 9.6.2.1.8)."""
    network = NetworkParameters(law="mu", robbed=("", "01", "", "", "1", ""))
    session, sent = started(
        [
            Call("A", "codec", Conditions(snr=45.0, phase=0.37, ppm=90.0)),
            Call("mu", "26awg-12kft", Conditions(snr=42.0, ppm=-60.0), network),
        ]
    )
    upstream, receive = [], session.digital[0].receive
    session.digital[0].receive = lambda what, bits: upstream.append(what) or receive(what, bits)
    for analogue in session.analogue:
        analogue.recondition()
    session.run(int(2.5 * FRAMES_A_SECOND))
    # E is for B1 alone: CPs' end in silence without one.
    assert [what for what, _ in itertools.groupby(upstream)] == [
        Upstream.S,
        Upstream.S_BAR,
        Upstream.CP,
        Upstream.SCR,
        Upstream.CP,
        Upstream.E,
        Upstream.B1,
    ]
    for k, (analogue, digital) in enumerate(zip(session.analogue, session.digital, strict=True)):
        behind = [s for s in digital.timeline if s.first > digital.timeline[0].first]
        names = [s.signal for s in behind][-14:]
        at = names.index("Rd")
        assert names[at : at + 6] == ["Rd", "R-bar-d", "TRN2d", "MP", "MP'", "Ed"], names
        assert names[at + 6 :] == ["silence", "Rt", "R-bar-t", "MP", "MP'", "Ed", "B1d", "data"], (
            names
        )
        silence = behind[-8]
        assert 0.7 < silence.frames / FRAMES_A_SECOND < 1.0
        assert analogue.phase is AnaloguePhase.DATA and len(analogue.readings) == 1
        assert analogue.reading.b1d == 1.0 and analogue.reading.cp == digital.parameters
        got = analogue.take()
        assert len(got) > 30_000 and np.array_equal(got, sent[k][: len(got)])


def test_levels_that_are_none_are_another_training():
    """Another gain while DIL was heard: what CP would ask for arrives beyond full scale."""
    session = Session([Call("A", "codec", Conditions(snr=45.0, phase=0.37))])
    (analogue,), (digital,) = session.analogue, session.digital
    session.run(int(5 * FRAMES_A_SECOND), lambda s: analogue.phase is AnaloguePhase.TRN2D)
    found = analogue.proposal.impairments
    found.least *= 40.0
    found.most *= 40.0
    session.run(int(8 * FRAMES_A_SECOND), in_data)
    assert analogue.phase is AnaloguePhase.DATA and digital.in_data
    assert len(analogue.readings) == 2
