"""The digital modem's procedures: order, lengths and times of 9.3.1, 9.4.1, 9.5.1, 9.6.1, 9.7."""

from dataclasses import replace

import numpy as np
import pytest

from golden.errors import V90Error
from golden.modem.digital import ALL_RATES, DigitalModem, State, Upstream
from golden.pcm import g711
from golden.pcm.decoder import Decoder
from golden.pcm.parameters import INTERVALS
from golden.signals.generator import Signal
from golden.signals.sequences import CP, MP, cp_fields
from golden.signals.training import dil_lengths
from sim.figures.predict import predict
from sim.reading.recorded import read
from tests.golden.modem.support import (
    ASKED,
    CP_1,
    CP_2,
    CPS,
    CPS_2,
    CPT,
    TRAINED,
    cleared,
    cp,
    ja,
    names,
    to_data,
    to_jd,
    to_mp,
    to_ri,
)
from tests.golden.pcm.support import CALLS

SECOND = 8000 / INTERVALS


def with_law(law):
    return [cp(p.with_law(law), acknowledge=a) for p, a in ((TRAINED, 0), (ASKED, 0), (ASKED, 1))]


def lengths(modem, *signals):
    found = {one.signal: one.frames for one in modem.timeline}
    return [found[signal] for signal in signals]


def first(modem, signal):
    return next(one.first for one in reversed(modem.timeline) if one.signal == signal)


@pytest.fixture
def asked(rng):
    return ja(rng)


TRAINING = [
    "silence",
    "Sd",
    "S-bar-d",
    "TRN1d",
    "Jd",
    "Jd'",
    "DIL",
    "Ri",
    "R-bar-i",
    "TRN2d",
    "MP",
    "MP'",
    "Ed",
    "B1d",
    "data",
]


@pytest.mark.parametrize("law", ["A", "mu"])
def test_a_training(asked, rng, law):
    fields, bits = asked
    modem = DigitalModem(law, u_info=75)
    # The codec type of CP says nothing about this modem's law.
    octets = np.concatenate(to_data(modem, bits))
    assert names(modem) == TRAINING
    assert lengths(modem, "Sd", "S-bar-d", "TRN1d", "Jd'", "R-bar-i", "TRN2d", "Ed", "B1d") == [
        64,
        8,
        340,
        2,
        4,
        340,
        2,
        48,
    ]
    jd, dil, ri, mp, mp_2 = lengths(modem, "Jd", "DIL", "Ri", "MP", "MP'")
    assert jd % 12 == 0 and ri >= 32 and jd > 0
    assert dil in np.cumsum(np.resize(dil_lengths(fields), 200)) // INTERVALS
    sequence = 102 // TRAINED.data_bits  # 86 bits and fill bits
    assert TRAINED.data_bits * (sequence - 1) < 86 <= TRAINED.data_bits * sequence
    assert mp % sequence == mp_2 % sequence == 0 < mp_2
    assert (modem.cleared, modem.refused, modem.retrains) == (False, None, 0)
    assert modem.parameters == ASKED.with_law(law)
    # MP to the last bit.
    at = modem.timeline
    frames = octets.reshape(-1, INTERVALS)
    trn2d, b1d = (next(one for one in at if one.signal == name) for name in ("TRN2d", "B1d"))
    decoder = Decoder(TRAINED.with_law(law))
    read = decoder.process(frames[trn2d.first : b1d.first].reshape(-1))
    found = [one for _, one in MP.find(read)]
    assert [one["acknowledge"] for one in found] == [0] * (mp // sequence) + [1] * (
        mp_2 // sequence
    )
    assert decoder.illegal == 0


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


def test_data_are_kept_and_sent_and_read(asked, rng):
    modem = DigitalModem()
    bits = rng.integers(0, 2, 300 * ASKED.data_bits, dtype=np.uint8)
    modem.send(bits[:210])
    octets = np.concatenate(to_data(modem, asked[1]))
    modem.send(bits[210:])
    octets = np.concatenate([octets, modem.frames(200)])
    frames = octets.reshape(-1, INTERVALS)[first(modem, "B1d") :]
    read = Decoder(ASKED).process(frames.reshape(-1))[48 * ASKED.data_bits :]
    sent = 210 // ASKED.data_bits * ASKED.data_bits
    ones = modem.underruns * ASKED.data_bits
    assert np.array_equal(read[:sent], bits[:sent])
    assert read[sent : sent + ones].all() and ones > 0
    assert np.array_equal(read[sent + ones :], bits[sent : len(read) - ones])
    assert modem.queued == len(bits) - (len(read) - ones) - 3 * ASKED.data_bits


# --- Rate renegotiation ---------------------------------------------------------------------------

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


def test_rate_renegotiation_with_silence(asked):
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


# --- Cleardown ------------------------------------------------------------------------------------


def read_mp(modem, octets, start, parameters):
    """MPs from TRN2d, which begins ``start`` data frames into octets."""
    read = Decoder(parameters).process(octets.reshape(-1, INTERVALS)[start:].reshape(-1))
    return [fields for _, fields in MP.find(read)]


@pytest.mark.parametrize("answer", [(Upstream.CP, cleared(ASKED)), (Upstream.SILENCE, None), None])
def test_cleardown_by_this_side(asked, answer):
    """9.7: from data mode by a rate renegotiation, whose MP has drn = 0."""
    modem = DigitalModem(round_trip=0.06)
    to_data(modem, asked[1])
    modem.cleardown()
    octets = modem.frames(3 + 64 + 4 + 340 + 50)
    assert not modem.cleared and names(modem)[-1] == "MP"
    shaped = replace(
        TRAINED,
        drn=TRAINED.k + 6 - ASKED.sr - 8,
        sr=ASKED.sr,
        ld=ASKED.ld,
        a1=ASKED.a1,
        a2=ASKED.a2,
    )
    found = read_mp(modem, octets, 71, shaped)
    assert len(found) > 3 and {one["drn"] for one in found} == {0}
    if answer:
        modem.receive(*answer)
        modem.frames(30)
    else:
        modem.frames(round(1.1 * SECOND))
    assert modem.cleared and names(modem)[-1] == "silence" and modem.refused is None
    modem.receive(Upstream.S)
    modem.receive(Upstream.TONE_A)
    modem.frames(100)
    assert names(modem)[-1] == "silence" and modem.retrains == 0


def test_cleardown_by_the_far_end(asked):
    modem = DigitalModem()
    to_mp(modem, asked[1])
    modem.receive(Upstream.CP, cleared(ASKED))
    modem.frames(30)
    assert modem.cleared and modem.refused is None and names(modem)[-1] == "silence"


def test_cleardown_in_phase_3_is_silence(asked):
    modem = DigitalModem()
    to_jd(modem, asked[1])
    modem.cleardown()
    modem.frames(30)
    assert modem.cleared and names(modem)[-1] == "silence"
    with pytest.raises(V90Error, match="no retrain"):
        modem.retrain()


LOUD = replace(ASKED, constellations=(tuple(range(60, 120, 3)), tuple(range(60, 122, 3))))


@pytest.mark.parametrize(
    "asks, codec, options, sentence",
    [
        (LOUD, (), {}, "more power than -12 dBm0"),
        (ASKED, LOUD.constellations, {}, "more power than -12 dBm0"),
        (ASKED, (), {"rates": ALL_RATES & ~(1 << 4)}, "33333 bit/s, which Jd does not offer"),
        (ASKED, (), {"look_ahead": 2}, "look-ahead of 3, and Jd offers 2"),
    ],
)
def test_what_is_refused_is_cleared_down(asked, asks, codec, options, sentence):
    modem = DigitalModem(**options)
    to_mp(modem, asked[1])
    modem.receive(Upstream.CP, cp(asks, codec=codec))
    assert sentence in modem.refused
    octets = modem.frames(round(0.5 * SECOND))
    assert names(modem)[-1] == "MP" and modem.parameters is None
    # Behind the one that was under way.
    found = [fields for _, fields in MP.find(Decoder(TRAINED).process(octets))]
    assert len(found) > 3 and {one["drn"] for one in found} == {0}
    modem.receive(Upstream.CP, cleared(ASKED))
    modem.frames(30)
    assert modem.cleared and names(modem)[-1] == "silence"


def test_codec_constellations_count_at_the_codec_only(asked):
    """Bit 38 of INFO0d: the same CP, refused by a modem whose power counts at the codec."""
    bits = cp(LOUD, codec=ASKED.constellations)
    for at_codec in (True, False):
        modem = DigitalModem(at_codec=at_codec)
        to_mp(modem, asked[1])
        modem.receive(Upstream.CP, bits)
        assert (modem.refused is None) == at_codec


def test_mapping_parameters_that_are_none(asked):
    fields = cp_fields(ASKED)
    fields["constellations"] = [1 << 50, 1 << 50]
    modem = DigitalModem()
    to_mp(modem, asked[1])
    modem.receive(Upstream.CP, CP.build(**fields))
    assert "above the product" in modem.refused
    # Of CPt there would be no MP that could say it.
    modem = DigitalModem()
    to_ri(modem, asked[1])
    modem.receive(Upstream.CP, CP.build(**{**cp_fields(TRAINED), "constellations": [1 << 50]}))
    modem.frames(20)
    assert modem.refused and modem.cleared and names(modem)[-1] == "silence"


# --- Retrains -------------------------------------------------------------------------------------


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


@pytest.mark.parametrize(
    "options, sentence",
    [
        ({"trn1d": 2034}, "TRN1d is 2040 to"),
        ({"trn1d": 2041}, "TRN1d is 2040 to"),
        ({"trn2d": 16002}, "TRN2d is 2040 to 16000"),
        ({"wait": 667}, "0 to 666 data frames"),
        ({"power": -12.2}, "steps of 0.5, not -12.2"),
        ({"law": "B"}, "law"),
        ({"look_ahead": 0}, "look_ahead of Jd"),
        ({"mp": {"drn": 15}}, "drn of MP"),
    ],
)
def test_options_that_are_none(options, sentence):
    with pytest.raises(V90Error, match=sentence):
        DigitalModem(**options)


# --- Real calls -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CALLS)
def test_real_servers_send_what_is_predicted(real_calls, name):
    """From Sd to B1d every magnitude, and every sign that no shaper chooses."""
    if not (real_calls / name).is_dir():
        pytest.skip(f"no call {name} in {real_calls}")
    rows = predict(read(real_calls / name))
    assert [row[1] for row in rows] == TRAINING[1:-1]
    for _, signal, symbols, magnitudes, signs in rows:
        print(f"{signal}: {symbols} symbols, signs {signs:.1%}")
        assert magnitudes == 1 and symbols
        if signal not in ("TRN2d", "MP", "MP'", "Ed", "B1d"):
            assert signs == 1


def test_states_are_told_apart(asked):
    """What comes at a wrong time changes nothing."""
    modem = DigitalModem()
    for event in (Upstream.S_BAR, Upstream.E, Upstream.B1, Upstream.SCR, Upstream.SILENCE):
        modem.receive(event)
    modem.receive(Upstream.JA, asked[1])
    modem.receive(Upstream.CP, CPT)
    modem.frames(100)
    assert names(modem) == ["silence"] and modem._state is State.S
    assert modem._generator.log[-1].command.signal is Signal.SILENCE
