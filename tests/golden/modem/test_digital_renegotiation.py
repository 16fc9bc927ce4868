"""Rate renegotiations of the digital modem, asked for by either side (9.6.1/V.90)."""

from dataclasses import replace

import pytest

from golden.errors import V90Error
from golden.modem.digital import DigitalModem, Upstream
from golden.pcm import g711
from golden.pcm.decoder import Decoder
from golden.pcm.parameters import INTERVALS
from golden.signals.sequences import MP
from tests.golden.modem.support import (
    ASKED,
    CP_1,
    CP_2,
    CPS,
    CPS_2,
    TRAINED,
    cp,
    lengths,
    names,
    to_data,
)

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
