"""The digital modem's procedures: order, lengths and times of 9.3.1, 9.4.1, 9.5.1, 9.6.1, 9.7."""

import numpy as np
import pytest

from golden.errors import V90Error
from golden.modem.digital import DigitalModem, State, Upstream
from golden.pcm.decoder import Decoder
from golden.pcm.parameters import INTERVALS
from golden.signals.generator import Signal
from golden.signals.sequences import MP
from golden.signals.training import dil_lengths
from sim.figures.predict import predict
from sim.reading.recorded import read
from tests.golden.modem.support import (
    ASKED,
    CP_1,
    CPT,
    TRAINED,
    TRAINING,
    cp,
    first,
    ja,
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
