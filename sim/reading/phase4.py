"""Phase 4, data and rate renegotiation in a recording of a downstream (8.6, 9.4, 9.6/V.90)."""

from dataclasses import replace

import numpy as np

from golden.bits.hdlc import Deframer
from golden.pcm.decoder import Decoder
from golden.pcm.encoder import B1D_FRAMES
from golden.pcm.parameters import INTERVALS, MappingParameters, rate
from golden.receiver.framing import MP_LENGTHS, SequenceFramer
from golden.signals.sequences import MP
from golden.signals.training import ED_FRAMES, R_BAR
from sim.reading import high_pass as reading_highpass
from sim.reading import mapping as reading_mapping
from sim.reading.types import Line, Signal, crcs, find_r

#: Data frames of R before R-bar that tell a high-pass, and those that tell its memory.
_TELLS, _MEMORY = 10, 30

#: Data frames at the beginning that memories which are not zero spoil, through the scrambler.
_SPOILT = 3

#: Data frames around the end of TRN1d in which B1d may begin, where there is no Jd.
_AROUND = 9

#: Octets in a row with one value that are no data.
_DEAD = 400

#: Bit of MP that tells its type (Table 16/V.90).
LENGTH_BIT = 18


def read(line, at, until, training, given=None):
    """Everything from octet ``at`` on, DIL's first or behind Jd, up to ``until``.

    ``given``: mapping parameters by kind, CPt and CP, for what cannot be told. Returns the octet at
    which Ri begins, or None; signals go to ``training``.
    """
    given = given or {}
    r, name, begin = find_r(line, at, until, training.noisy), "Ri", None
    while r is not None:
        begin = r.first if begin is None else begin
        note = f"Ucode {training.u_info[0]} as it arrives" if name == "Ri" else "largest Ucodes"
        if name == "Ri" and not training.noisy:
            values = line.values[r.reversal - INTERVALS * _TELLS : r.end]
            training.high_pass = reading_highpass.find(values, training.level)
        training.signals += [
            Signal(name, r.first, r.reversal - r.first, note),
            Signal(f"{name[0]}-bar-{name[1]}", r.reversal, r.end - r.reversal, "its reversal"),
        ]
        level = training.level if name == "Ri" else r.level
        sent = np.tile([1.0, 1, 1, -1, -1, -1], _MEMORY + R_BAR) * level
        sent[_MEMORY * INTERVALS :] *= -1
        sent *= 1 if line.signs[r.reversal - INTERVALS] else -1
        r, name = _after_r(line, r.end, until, training, given, sent), "Rd"
    return begin


def read_direct(line, at, until, training, given=None):
    """B1d and data that follow TRN1d, which ends about octet ``at``, with no Jd between them."""
    begin = at - _AROUND * INTERVALS
    last = min(at + (_AROUND + B1D_FRAMES) * INTERVALS, until)
    trn1d = training.signals[-1]
    first = None
    if begin >= trn1d.first and last - begin > B1D_FRAMES * INTERVALS:
        signs = _frames(line, begin, last)[1]
        first = reading_mapping.find_b1d(signs, begin)
    if first is not None:
        trn1d.symbols = first - trn1d.first
        _data(line, first, until, training, given or {}, line.values[trn1d.first : first])


def _mapped(line, at, until, training, before, kind):
    """The line from octet ``at`` on without the high-pass, if there is one, and its mapping.

    ``before``: values sent up to there. The :class:`~sim.reading.mapping.Mapping` is None where no
    way to take the high-pass out makes one.
    """
    if training.high_pass is None or until <= at:
        return line, reading_mapping.find(kind, *_frames(line, at, until), line.law)
    for way in reading_highpass.WAYS:
        octets = line.octets.copy()
        octets[at:until] = reading_highpass.removed(
            line.values[at:until], before, training.high_pass, line.law, way
        )
        straight = Line(octets, line.law)
        mapping = reading_mapping.find(kind, *_frames(straight, at, until), line.law)
        if mapping is not None:
            break
    return straight, mapping


def _frames(line, at, until):
    n = max(0, until - at) // INTERVALS
    shape = n, INTERVALS
    part = slice(at, at + n * INTERVALS)
    return line.ucodes[part].reshape(shape), line.signs[part].reshape(shape)


def _after_r(raw, at, until, training, given, before):
    """TRN2d to data behind an R-bar that ended before octet ``at``; the next Rd or None.

    ``before``: values sent up to there.
    """
    line, mapping = _mapped(raw, at, until, training, before, "CPt")
    ucodes, signs = _frames(line, at, until)
    parameters = mapping.parameters if mapping else _given(given, "CPt", line)
    if parameters is None:
        if len(ucodes):
            fields, text = _by_signs("CPt", signs)
            training.signals.append(
                Signal("TRN2d", at, len(ucodes) * INTERVALS, f"with all behind it; {text}", fields)
            )
        return None
    training.cpt = parameters
    d = parameters.data_bits
    bits = Decoder(parameters).process(line.octets[at : at + len(ucodes) * INTERVALS])
    begins, end = SequenceFramer(d).process(bits.reshape(-1, d))
    found = MP.find(bits if end is None else bits[: end * d])
    first = _first(begins, found, bits, d)
    fields = {
        "data_bits": d,
        "sr": parameters.sr,
        "k": parameters.k,
        "moduli": list(parameters.moduli),
        "constellations": [list(one) for one in parameters.intervals],
        **_ones(bits[: first * d], d),
        "found": mapping is not None,
    }
    training.signals.append(
        Signal(
            "TRN2d",
            at,
            first * INTERVALS,
            f"{_said(fields)}; D {d}, Sr {parameters.sr}, {_moduli(parameters)} points",
            fields,
        )
    )
    if first == len(ucodes):
        return None
    end = _mp(at, training, bits, first, end, found)
    if end is None:
        return None
    behind = at + end * INTERVALS
    return _data(raw, behind, until, training, given, line.values[at:behind])


def _period(bits, first, d):
    """Data frames of the MP that begins with data frame ``first``."""
    return -(-MP_LENGTHS[int(bits[first * d + LENGTH_BIT])] // d)


def _first(begins, found, bits, d):
    """Data frame of the first MP, or behind the last where there is none.

    Those that the framer took for one before those with a good CRC are one only where a whole
    number of MP lies between.
    """
    if not found:
        return begins[0] if begins else len(bits) // d
    good = found[0][0] // d
    period = _period(bits, good, d)
    return min((at for at in begins if at >= _SPOILT and (good - at) % period == 0), default=good)


def _by_signs(kind, signs):
    """Fields and words where magnitudes are not told apart: signs alone tell D."""
    bits = reading_mapping.find_bits(kind, signs)
    fields, text = {"found": False}, "constellations were not found"
    if bits is not None:
        _, d, sr = bits
        fields |= {"rate": float(rate(d)), "data_bits": d, "sr": sr}
        text = f"{float(rate(d)):.0f} bit/s by its signs: D {d}, Sr {sr}; {text}"
    return fields, text


def _given(given, kind, line):
    return given[kind].with_law(line.law) if kind in given else None


def _moduli(parameters):
    sizes = parameters.moduli
    return str(sizes[0]) if len(set(sizes)) == 1 else " ".join(str(one) for one in sizes)


def _ones(bits, d):
    """Fields: share of ones behind the first data frames, and whether those are ones too.

    A turned polarity, or a server whose memories are not zero, spoils a bit of the first ones.
    """
    start, rest = bits[: _SPOILT * d], bits[_SPOILT * d :]
    return {"ones": float(np.mean(rest)) if len(rest) else 0.0, "from_start": bool(start.all())}


def _said(fields):
    if fields["ones"] < 1:
        return f"{fields['ones']:.2%} ones"
    return "all ones" if fields["from_start"] else "all ones but for the first sign"


def _mp(at, training, bits, first, end, found):
    """MP and Ed, in ``bits`` from octet ``at`` on; the data frame behind Ed, or None."""
    d = training.cpt.data_bits
    period = _period(bits, first, d)
    if end is None:
        # The recording or the call ends in MP, or Ed was spoilt.
        last = min((found[-1][0] // d if found else first) + period, len(bits) // d)
    else:
        last = end - ED_FRAMES
    total = max(1, round((last - first) / period))
    values = [one for _, one in found]
    text = f"{total}, {crcs(total, len(values))}"
    fields = {"count": total, "good": len(values)}
    if values:
        fields |= values[-1]
        fields["acknowledged"] = sum(one["acknowledge"] for one in values)
        drn = values[-1]["drn"]
        text += f"; {fields['acknowledged']} of them MP'; "
        text += f"upstream {2400 * drn} bit/s at most" if drn else "cleardown"
    training.signals.append(
        Signal("MP", at + first * INTERVALS, (last - first) * INTERVALS, text, fields)
    )
    if end is None:
        return None
    training.signals.append(
        Signal("Ed", at + last * INTERVALS, ED_FRAMES * INTERVALS, "zeroes, two data frames")
    )
    return end


def _end_of_data(line, at, until):
    """The octet at which one value begins to repeat until the end, or ``until``."""
    octets = line.octets[at:until]
    if not len(octets):
        return until
    other = np.flatnonzero(octets & 0x7F != octets[-1] & 0x7F)
    last = int(other[-1]) + 1 if len(other) else 0
    return at + last if len(octets) - last > _DEAD else until


def _data(raw, at, until, training, given, before):
    """B1d and data from octet ``at`` on; the next Rd or None. ``before`` as :func:`_after_r`."""
    rd = find_r(raw, at, until)
    stop = rd.first if rd else _end_of_data(raw, at, until)
    line, mapping = _mapped(raw, at, stop, training, before, "CP")
    ucodes, signs = _frames(line, at, stop)
    whole = mapping is not None and mapping.whole
    parameters = mapping.parameters if mapping else None
    if not whole and "CP" in given:
        own = _given(given, "CP", line)
        if parameters is None or own.moduli == parameters.moduli:
            parameters, whole = own, True
    b1d = min(len(ucodes), B1D_FRAMES)
    if parameters is None:
        fields, text = _by_signs("CP", signs)
        training.signals.append(Signal("B1d", at, b1d * INTERVALS, text, fields))
        _append_data(training, at, b1d, len(ucodes), "", {})
        return rd
    training.cp = parameters
    d = parameters.data_bits
    decoder = Decoder(parameters)
    bits = decoder.process(line.octets[at : at + len(ucodes) * INTERVALS])
    said = f"{float(parameters.rate):.0f} bit/s"
    fields = {
        "rate": float(parameters.rate),
        "data_bits": d,
        "sr": parameters.sr,
        "k": parameters.k,
        "moduli": list(parameters.moduli),
        "constellations": [list(one) for one in parameters.intervals],
        "whole": whole,
        **_ones(bits[: b1d * d], d),
        "found": mapping is not None,
    }
    training.signals.append(
        Signal(
            "B1d",
            at,
            b1d * INTERVALS,
            f"{_said(fields)} at {said}: D {d}, "
            f"Sr {parameters.sr}, {_moduli(parameters)} points"
            + (", cut short" if b1d < B1D_FRAMES else ""),
            fields,
        )
    )
    note, more = said, {"rate": float(parameters.rate)}
    if whole and len(ucodes) > b1d:
        deframer = Deframer()
        frames = deframer.process(bits[b1d * d :])
        more |= {
            "hdlc_good": deframer.good,
            "hdlc_bad": deframer.bad,
            "octets": sum(map(len, frames)),
            "illegal": decoder.illegal,
        }
        if deframer.good:
            note += f"; {deframer.good} HDLC frames, {more['octets']} octets, {deframer.bad} bad"
        else:
            note += "; no HDLC frames"
    elif len(ucodes) > b1d:
        note += "; not all points came, so not decoded"
    _append_data(training, at, b1d, len(ucodes), note, more)
    return rd


def _append_data(training, at, b1d, frames, note, fields):
    if frames > b1d:
        training.signals.append(
            Signal("data", at + b1d * INTERVALS, (frames - b1d) * INTERVALS, note, fields)
        )


def parameters_given(values):
    """Mapping parameters by kind of a JSON object: those of one kind, or what call.json holds."""
    if isinstance(values, dict) and "type" not in values:
        parts = [values[name] for name in ("cpt", "cp") if values.get(name)]
    else:
        parts = [values]
    found = [MappingParameters.from_dict(one) for one in parts]
    return {one.type: replace(one) for one in found}
