"""The digital modem's procedures as a whole: a training, retrains, cleardown (9.3.1 to 9.7)."""

from dataclasses import replace

import numpy as np
import pytest

from golden.errors import V90Error
from golden.modem.digital import DigitalModem
from golden.modem.states import DigitalState, Upstream
from golden.pcm import g711
from golden.pcm.decoder import Decoder
from golden.pcm.parameters import FRAMES_A_SECOND, INTERVALS
from golden.signals.generator import Signal
from golden.signals.sequences import MP
from golden.signals.training import dil_lengths
from sim.figures.predict import predict
from sim.reading.recorded import read
from tests.golden.modem.support import (
    ASKED,
    CPT,
    TRAINED,
    TRAINING,
    cleared,
    cp,
    first,
    lengths,
    names,
    to_data,
    to_jd,
    to_mp,
    to_ri,
)
from tests.golden.pcm.support import CALLS


def with_law(law):
    return [cp(p.with_law(law), acknowledge=a) for p, a in ((TRAINED, 0), (ASKED, 0), (ASKED, 1))]


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
        modem.frames(round(1.1 * FRAMES_A_SECOND))
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
    """An event at a wrong time changes nothing."""
    modem = DigitalModem()
    for event in (Upstream.S_BAR, Upstream.E, Upstream.B1, Upstream.SCR, Upstream.SILENCE):
        modem.receive(event)
    modem.receive(Upstream.JA, asked[1])
    modem.receive(Upstream.CP, CPT)
    modem.frames(100)
    assert names(modem) == ["silence"] and modem.state is DigitalState.S
    assert modem.generator.log[-1].command.signal is Signal.SILENCE
