"""A digital modem's offer: which CP it accepts, and what becomes of one that it refuses (8.5.2)."""

from dataclasses import replace

import pytest

from golden.errors import V90Error
from golden.modem.digital import ALL_RATES, DigitalModem
from golden.modem.offer import Offer
from golden.modem.states import Upstream
from golden.pcm.decoder import Decoder
from golden.pcm.parameters import FRAMES_A_SECOND
from golden.signals.sequences import CP, MP, cp_fields
from tests.golden.modem.support import ASKED, TRAINED, cleared, cp, names, to_mp, to_ri

LOUD = replace(ASKED, constellations=(tuple(range(60, 120, 3)), tuple(range(60, 122, 3))))


def test_what_is_within_the_offer_is_accepted_in_its_law():
    offer = Offer("mu", -12.0, True, ALL_RATES, 3)
    assert offer.accepted(cp_fields(ASKED)) == ASKED.with_law("mu")
    # The rates of Jd are for data, not for CPt.
    none = replace(offer, rates=0)
    assert none.accepted(cp_fields(TRAINED)) == TRAINED.with_law("mu")
    with pytest.raises(V90Error, match="33333 bit/s, which Jd does not offer"):
        none.accepted(cp_fields(ASKED))


@pytest.mark.parametrize("drn", [1, 5, 22])
def test_each_rate_has_its_bit(drn):
    offer = Offer("A", -0.5, False, ALL_RATES & ~(1 << (drn - 1)), 3)
    for other in (1, 5, 22):
        asked = replace(ASKED, drn=other, sr=0, constellations=(tuple(range(112)),) * 2)
        if other == drn:
            with pytest.raises(V90Error, match="which Jd does not offer"):
                offer.accepted(cp_fields(asked))
        else:
            assert offer.accepted(cp_fields(asked)).drn == other


def test_power_counts_where_the_offer_says():
    """The codec's constellations count where INFO0d has power measured there; else what is sent."""
    fields = cp_fields(LOUD, codec=ASKED.constellations)
    assert Offer("A", -12.0, True, ALL_RATES, 3).accepted(fields) == LOUD
    with pytest.raises(V90Error, match="CP asks for more power than -12 dBm0"):
        Offer("A", -12.0, False, ALL_RATES, 3).accepted(fields)


# --- In a modem -----------------------------------------------------------------------------------


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
    octets = modem.frames(round(0.5 * FRAMES_A_SECOND))
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
