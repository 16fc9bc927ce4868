"""Real calls predicted: the octets that our digital modem would have sent, beside the server's.

A modem is given a call's Ja, CPt and CP at the times that make its signals as long as the call's.
All octets from Sd to B1d are compared with the server's. Where a shaper chooses signs, server and
model may differ, because each has its own number formats and look-ahead.
"""

import numpy as np

from golden.bits.scrambler import GPC, Descrambler
from golden.errors import V90Error
from golden.modem.digital import DigitalModem
from golden.modem.states import Upstream
from golden.pcm import g711
from golden.pcm.decoder import Decoder
from golden.pcm.encoder import B1D_FRAMES
from golden.pcm.parameters import DELAY_FRAMES, INTERVALS, MappingParameters
from golden.signals.sequences import CP, JD, MP
from golden.signals.training import R_BAR
from sim.figures.row import Row
from sim.reading import recorded


def _bits(text):
    return np.array([int(bit) for bit in text], np.uint8)


def _read_jd(octets, trn1d):
    """Fields of the first Jd after ``trn1d`` symbols of TRN1d, with which ``octets`` begin."""
    signs = g711.sign(octets).astype(np.uint8)
    changes = signs.copy()
    changes[trn1d:] ^= signs[trn1d - 1 : -1]
    return JD.parse(Descrambler(GPC).process(changes)[trn1d:])


def _read_mp(octets, parameters):
    """Of TRN2d to Ed: data frame of the first MP, its fields, and data frame of the first MP'."""
    decoder = Decoder(parameters)
    found = MP.find(decoder.process(octets))
    first, fields = found[0]
    acknowledged = next(at for at, one in found if one["acknowledge"])
    d = parameters.data_bits
    return first // d, fields, acknowledged // d


def modem_of(facts, octets):
    """``(modem, events, frames)`` for a call whose network changes nothing.

    ``facts``: its call.json. ``octets``: those of the server. ``events``: ``(data frame, Upstream,
    bits)``, counted from Sd. ``frames``: data frames from Sd to the end of B1d.
    """
    where = facts["samples"]
    start = where["sd"]
    at = {
        name: (where[name] - start) // INTERVALS
        for name in ("trn1d", "jd", "dil", "ri", "trn2d", "b1d")
    }
    cp, cpt = CP.parse(_bits(facts["cp"]["bits"])), CP.parse(_bits(facts["cpt"]["bits"]))
    if cp is None or cpt is None:
        raise V90Error("the call has no whole CP and CPt")
    trained = MappingParameters.from_dict(facts["cpt"]).with_law("A")
    jd = _read_jd(octets[where["trn1d"] : where["dil"]], where["jd"] - where["trn1d"])
    mp, fields, acknowledged = _read_mp(octets[where["trn2d"] : where["b1d"]], trained)
    modem = DigitalModem(
        "A",
        facts["u_info_requested"],
        power=-0.5,
        rates=jd.pop("rates"),
        look_ahead=jd.pop("look_ahead"),
        trn1d=where["jd"] - where["trn1d"],
        mp=fields,
        trn2d=mp * INTERVALS,
        jd=jd,
    )
    first_cp = CP.build(**{**cp, "acknowledge": 0})
    cp_bits, cpt_bits = _bits(facts["cp"]["bits"]), _bits(facts["cpt"]["bits"])
    jd_end = at["dil"] - 2
    events = [
        (jd_end, Upstream.S, None),
        (at["dil"], Upstream.S_BAR, None),
        (at["ri"], Upstream.S, None),
        (at["ri"], Upstream.S_BAR, None),
        (at["trn2d"] - R_BAR, Upstream.CP, cpt_bits),
        (at["trn2d"] + acknowledged, Upstream.CP, first_cp),
        (at["b1d"] - 2, Upstream.CP, cp_bits),
    ]
    return modem, events, at["b1d"] + B1D_FRAMES


def sent_of(facts, octets):
    """A modem, and its octets from Sd on, as many as the call's."""
    modem, events, frames = modem_of(facts, octets)
    modem.frames(1)
    modem.receive(Upstream.S)
    modem.receive(Upstream.S_BAR)
    modem.receive(Upstream.JA, _bits(facts["ja"]["bits"]))
    modem.frames(DELAY_FRAMES)
    parts, now = [], 0
    # What happens counts from the data frame that is decided on next.
    for frame, upstream, bits in [*events, (frames + DELAY_FRAMES, None, None)]:
        parts.append(modem.frames(frame - DELAY_FRAMES - now))
        now = frame - DELAY_FRAMES
        if upstream:
            modem.receive(upstream, bits)
    return modem, np.concatenate(parts)


def predict(call):
    """Rows ``(call, signal, symbols, share of equal magnitudes, share of equal signs)``.

    ``call``: a :class:`~sim.reading.recorded.Call`. The sign of Ucode 0 is left out.

    Raises :class:`~golden.errors.V90Error` if the network changed the server's octets.
    """
    if not call.clean:
        raise V90Error(f"the network of {call.name} changed what was sent")
    modem, sent = sent_of(call.facts, octets := call.octets)
    rows, start = [], call.facts["samples"]["sd"]
    first = next(one.first for one in modem.timeline if one.signal == "Sd")
    for one in modem.timeline:
        at, symbols = (one.first - first) * INTERVALS, one.frames * INTERVALS
        if at < 0 or one.signal == "data":
            continue
        ours, theirs = sent[at : at + symbols], octets[start + at : start + at + symbols]
        magnitudes = np.mean((ours ^ theirs) & 0x7F == 0)
        counts = g711.ucode(ours, "A") != 0
        signs = np.mean(((ours ^ theirs) & 0x80 == 0)[counts])
        rows.append((call.name, one.signal, symbols, float(magnitudes), float(signs)))
    return rows


#: Signals whose signs a shaper chooses, the server's or ours.
_SHAPED = ("TRN2d", "MP", "MP'", "Ed", "B1d")


def rows(folder):
    """:func:`predict` of all calls in ``folder`` whose network changed nothing, as rows."""
    found = []
    for one in filter(lambda call: call.clean, recorded.calls(folder)):
        for call, signal, symbols, magnitudes, signs in predict(one):
            met = magnitudes == 1 and (signs == 1 or signal in _SHAPED)
            values = {
                "signal": signal,
                "symbols": symbols,
                "magnitudes": magnitudes,
                "signs": signs,
            }
            found.append(Row(call, values, met))
    return found
