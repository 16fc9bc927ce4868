"""The digital modem clears down: who asks for it, and what is refused (9.7, 8.5.2/V.90)."""

from dataclasses import replace

import pytest

from golden.errors import V90Error
from golden.modem.digital import ALL_RATES, DigitalModem, Upstream
from golden.pcm.decoder import Decoder
from golden.pcm.parameters import INTERVALS
from golden.signals.sequences import CP, MP, cp_fields
from tests.golden.modem.support import (
    ASKED,
    SECOND,
    TRAINED,
    cleared,
    cp,
    names,
    to_data,
    to_jd,
    to_mp,
    to_ri,
)


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
