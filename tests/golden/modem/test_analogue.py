"""Both modems through phases 3 and 4: what is learnt, what is asked for, what arrives."""

import itertools
from types import SimpleNamespace

import numpy as np
import pytest

from golden.errors import CallFailed
from golden.modem.analogue import AnalogueModem, Phase
from golden.modem.digital import Upstream
from sim.calls.description import Call
from sim.calls.session import Session
from sim.world.line import Conditions
from sim.world.network import Network, NetworkParameters

FRAMES = 8000 / 6


def started(settings, seconds=0.3, **options):
    """A session in which all are in data, for so long; and what was sent."""
    session = Session(settings, **options)
    rng = np.random.default_rng(9)
    sent = [rng.integers(0, 2, 400_000, np.uint8) for _ in settings]
    for modem, bits in zip(session.digital, sent, strict=True):
        modem.send(bits)
    session.run(
        int(8 * FRAMES),
        lambda s: all(
            a.phase is Phase.DATA and d.in_data for a, d in zip(s.analogue, s.digital, strict=True)
        ),
    )
    session.run(int(seconds * FRAMES))
    return session, sent


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
    session.run(int(1.5 * FRAMES))
    for k in range(2):
        analogue, digital = session.analogue[k], session.digital[k]
        signals = [s.signal for s in digital.timeline]
        assert signals.count("Rd") == 1 and signals.count("data") == 2
        assert analogue.phase is Phase.DATA and len(analogue.readings) == 1
        assert analogue.reading.cp == digital.parameters
        got = analogue.take()
        # Nothing is lost: the digital modem sends what it has, the analogue one reads all of it.
        assert len(got) > 30_000 and np.array_equal(got, sent[k][: len(got)])
    assert session.analogue[0].reading.cp.data_bits == before[0].data_bits - 2
    session.analogue[0].cleardown()
    session.digital[1].cleardown()
    session.run(int(1.5 * FRAMES))
    assert all(modem.phase is Phase.CLEARED for modem in session.analogue)
    assert all(modem.cleared for modem in session.digital)


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
    session.run(int(2.5 * FRAMES))
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
        assert 0.7 < silence.frames / FRAMES < 1.0
        assert analogue.phase is Phase.DATA and len(analogue.readings) == 1
        assert analogue.reading.b1d == 1.0 and analogue.reading.cp == digital.parameters
        got = analogue.take()
        assert len(got) > 30_000 and np.array_equal(got, sent[k][: len(got)])


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
        return SimpleNamespace(data_bits=bits, sr=proposal.sr)

    modem = SimpleNamespace(
        sr=None,
        proposal=SimpleNamespace(sr=1),
        margin=1.5,
        best=best,
        _renegotiations=0,
        reading=SimpleNamespace(phase4_deviation=1.0),
        _noise=lambda: 2.0,
        _proposal=lambda sr, filter: SimpleNamespace(sr=sr),
    )
    assert AnalogueModem._asked_for(modem).sr == modem.proposal.sr == sr


def test_no_signal_with_a_rate_is_no_call():
    def best(*_):
        raise CallFailed("none")

    modem = SimpleNamespace(
        sr=0,
        proposal=SimpleNamespace(sr=0),
        margin=1.5,
        best=best,
        reading=SimpleNamespace(phase4_deviation=1.0),
    )
    with pytest.raises(CallFailed, match="no signal"):
        AnalogueModem._asked_for(modem)


def test_retrain_from_either_side():
    session, _ = started([Call("A", "codec", Conditions(snr=45.0, phase=0.37))] * 2, 0.1)
    session.analogue[0].retrain()
    session.digital[1].retrain()
    session.run(int(5 * FRAMES))
    for analogue, digital in zip(session.analogue, session.digital, strict=True):
        assert analogue.phase is Phase.DATA and digital.in_data
        assert len(analogue.readings) > 1
        assert [s.signal for s in digital.timeline].count("Sd") == 2


def test_jd_that_ends_unasked_begins_anew():
    """A Jd' that S did not ask for, as disturbances may make one: DIL behind it is none of ours."""
    setting = Call("mu", "codec", Conditions(snr=45.0), NetworkParameters(law="mu"))
    session = Session([setting])
    analogue, digital = session.analogue[0], session.digital[0]
    session.run(int(3 * FRAMES), lambda s: [one.signal for one in digital.timeline][-1:] == ["Jd"])
    session.run(128)
    assert analogue.phase is Phase.TRN1D
    digital.receive(Upstream.S)
    session.run(int(8 * FRAMES), lambda s: analogue.phase is Phase.DATA and digital.in_data)
    assert digital.in_data and analogue.phase is Phase.DATA
    assert len(analogue.readings) == 2 and digital.retrains == 0


def test_levels_that_are_none_are_another_training():
    """Another gain while DIL was heard: what CP would ask for arrives beyond full scale."""
    session = Session([Call("A", "codec", Conditions(snr=45.0, phase=0.37))])
    (analogue,), (digital,) = session.analogue, session.digital
    session.run(int(5 * FRAMES), lambda s: analogue.phase is Phase.TRN2D)
    found = analogue.proposal.impairments
    found.least *= 40.0
    found.most *= 40.0
    session.run(int(8 * FRAMES), lambda s: analogue.phase is Phase.DATA and digital.in_data)
    assert analogue.phase is Phase.DATA and digital.in_data
    assert len(analogue.readings) == 2


def test_dil_that_comes_inverted_is_another_training():
    """Its gain is below nought, at which no Ucode arrives; the next DIL is as inverted as TRN1d."""
    session = Session([Call("A", "codec", Conditions(snr=45.0, phase=0.37))])
    (analogue,), (digital,) = session.analogue, session.digital
    session.run(int(5 * FRAMES), lambda s: analogue.phase is Phase.DIL)
    session.network = [Network(NetworkParameters(law="A", invert=True))]
    session.run(int(8 * FRAMES), lambda s: analogue.phase is Phase.DATA and digital.in_data)
    assert analogue.phase is Phase.DATA and digital.in_data
    assert len(analogue.readings) == 2
