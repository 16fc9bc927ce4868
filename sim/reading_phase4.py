"""Phase 4, data and rate renegotiation in a recording of a downstream (8.6, 9.4, 9.6/V.90)."""

from dataclasses import replace

import numpy as np

from golden.decoder import Decoder
from golden.encoder import B1D_FRAMES
from golden.framing import ED_FRAMES, LENGTHS, SequenceFramer
from golden.hdlc import Deframer
from golden.parameters import INTERVALS, MappingParameters
from golden.sequences import MP
from sim import reading_highpass, reading_mapping
from sim.reading_types import Line, Signal, find_r

#: Data frames of R before R-bar that tell a high-pass, and those that tell its memory.
_TELLS, _MEMORY = 10, 30

#: Data frames at the beginning that memories which are not zero spoil, through the scrambler.
_SPOILT = 3

#: Octets in a row with one value that are no data.
_DEAD = 400


def read(line, at, until, training, given=None):
    """Everything from octet ``at`` on, DIL's first or behind Jd, up to ``until``.

    ``given``: mapping parameters by kind, CPt and CP, for what cannot be told. Returns the octet at
    which Ri begins, or None; signals go to ``training``.
    """
    given = given or {}
    r, name, begin = find_r(line, at, until), "Ri", None
    while r is not None:
        begin = r.first if begin is None else begin
        note = f"Ucode {training.u_info[0]} as it arrives" if name == "Ri" else "largest Ucodes"
        if name == "Ri":
            line = _straight(line, r, until, training)
        training.signals += [
            Signal(name, r.first, r.reversal - r.first, note),
            Signal(f"{name[0]}-bar-{name[1]}", r.reversal, r.end - r.reversal, "its reversal"),
        ]
        r, name = _after_r(line, r.end, until, training, given), "Rd"
    return begin


def _straight(line, r, until, training):
    """The line without a high-pass that R tells of, or as it is."""
    level = float(np.median(np.abs(line.values[r.reversal - INTERVALS * _TELLS : r.reversal])))
    if training.level:
        level = training.level
    values = line.values[r.reversal - INTERVALS * _TELLS : r.end]
    training.high_pass = pole = reading_highpass.find(values, level)
    if pole is None:
        return line
    before = np.tile([1, 1, 1, -1, -1, -1], _MEMORY + 4).astype(float)
    before[_MEMORY * INTERVALS :] *= -1
    before *= 1 if line.values[r.reversal - INTERVALS] > 0 else -1
    octets = line.octets.copy()
    octets[r.end : until] = reading_highpass.removed(
        line.values[r.end : until], before, level, pole, line.law
    )
    return Line(octets, line.law)


def _frames(line, at, until):
    n = max(0, until - at) // INTERVALS
    shape = n, INTERVALS
    part = slice(at, at + n * INTERVALS)
    return line.ucodes[part].reshape(shape), line.signs[part].reshape(shape)


def _after_r(line, at, until, training, given):
    """TRN2d to data behind an R-bar that ended before octet ``at``; the next Rd or None."""
    ucodes, signs = _frames(line, at, until)
    mapping = reading_mapping.find("CPt", ucodes, signs, line.law)
    parameters = mapping.parameters if mapping else _given(given, "CPt", line)
    if parameters is None:
        if len(ucodes):
            training.signals.append(Signal(
                "TRN2d", at, len(ucodes) * INTERVALS, "and what follows: CPt was not found"
            ))  # fmt: skip
        return None
    training.cpt = parameters
    d = parameters.data_bits
    bits = Decoder(parameters).process(line.octets[at : at + len(ucodes) * INTERVALS])
    begins, end = SequenceFramer(d).process(bits.reshape(-1, d))
    found = MP.find(bits)
    first = begins[0] if begins else len(ucodes)
    fields = {
        "data_bits": d, "sr": parameters.sr, "k": parameters.k, "moduli": list(parameters.moduli),
        "constellations": [list(one) for one in parameters.intervals],
        **_ones(bits[: first * d], d), "found": mapping is not None,
    }  # fmt: skip
    training.signals.append(Signal(
        "TRN2d", at, first * INTERVALS,
        f"{_said(fields)}; D {d}, "
        f"Sr {parameters.sr}, {_moduli(parameters)} points",
        fields,
    ))  # fmt: skip
    if not begins:
        return None
    return _mp(line, at, until, training, given, bits, begins[0], end, found)


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


def _mp(line, at, until, training, given, bits, first, end, found):
    """MP and Ed; then B1d and data."""
    d = training.cpt.data_bits
    kind = int(bits[first * d + 18])
    period = -(-LENGTHS[kind] // d)
    if end is None:
        # The recording or the call ends in MP, or Ed was spoilt.
        last = (found[-1][0] // d if found else first) + period
    else:
        last = end - ED_FRAMES
    total = max(1, round((last - first) / period))
    values = [one for _, one in found]
    text = f"{total} of them, {len(values)} with a good CRC"
    fields = {"count": total, "good": len(values)}
    if values:
        fields |= values[-1]
        fields["acknowledged"] = sum(one["acknowledge"] for one in values)
        drn = values[-1]["drn"]
        text += f", {fields['acknowledged']} MP'; "
        text += f"upstream up to {2400 * drn}" if drn else "cleardown"
        text += f", {16 << values[-1]['trellis']} states"
    training.signals.append(Signal(
        "MP", at + first * INTERVALS, (last - first) * INTERVALS, text, fields
    ))  # fmt: skip
    if end is None:
        return None
    training.signals.append(Signal(
        "Ed", at + last * INTERVALS, ED_FRAMES * INTERVALS, "zeroes, two data frames"
    ))  # fmt: skip
    return _data(line, at + end * INTERVALS, until, training, given)


def _end_of_data(line, at, until):
    """The octet at which one value begins to repeat until the end, or ``until``."""
    octets = line.octets[at:until]
    if not len(octets):
        return until
    other = np.flatnonzero(octets & 0x7F != octets[-1] & 0x7F)
    last = int(other[-1]) + 1 if len(other) else 0
    return at + last if len(octets) - last > _DEAD else until


def _data(line, at, until, training, given):
    """B1d and data from octet ``at`` on; the next Rd or None."""
    rd = find_r(line, at, until)
    stop = rd.first if rd else _end_of_data(line, at, until)
    ucodes, signs = _frames(line, at, stop)
    mapping = reading_mapping.find("CP", ucodes, signs, line.law)
    whole = mapping is not None and mapping.whole
    parameters = mapping.parameters if mapping else None
    if not whole and "CP" in given:
        own = _given(given, "CP", line)
        if parameters is None or own.moduli == parameters.moduli:
            parameters, whole = own, True
    b1d = min(len(ucodes), B1D_FRAMES)
    if parameters is None:
        training.signals.append(Signal(
            "B1d", at, b1d * INTERVALS, "the mapping parameters of the data were not found"
        ))  # fmt: skip
        _append_data(training, at, b1d, len(ucodes), "", {})
        return rd
    training.cp = parameters
    d = parameters.data_bits
    decoder = Decoder(parameters)
    bits = decoder.process(line.octets[at : at + len(ucodes) * INTERVALS])
    rate = f"{float(parameters.rate):.0f} bit/s"
    fields = {
        "rate": float(parameters.rate), "data_bits": d, "sr": parameters.sr, "k": parameters.k,
        "moduli": list(parameters.moduli),
        "constellations": [list(one) for one in parameters.intervals], "whole": whole,
        **_ones(bits[: b1d * d], d), "found": mapping is not None,
    }  # fmt: skip
    training.signals.append(Signal(
        "B1d", at, b1d * INTERVALS,
        f"{_said(fields)} at {rate}: D {d}, "
        f"Sr {parameters.sr}, {_moduli(parameters)} points"
        + (", cut short" if b1d < B1D_FRAMES else ""),
        fields,
    ))  # fmt: skip
    note, more = rate, {"rate": float(parameters.rate)}
    if whole and len(ucodes) > b1d:
        deframer = Deframer()
        frames = deframer.process(bits[b1d * d :])
        more |= {"hdlc_good": deframer.good, "hdlc_bad": deframer.bad,
                 "octets": sum(map(len, frames)), "illegal": decoder.illegal}  # fmt: skip
        if deframer.good:
            note += f"; {deframer.good} HDLC frames, {more['octets']} octets, {deframer.bad} bad"
        else:
            note += "; no HDLC frames"
    elif len(ucodes) > b1d:
        note += "; too short to tell all points, so not decoded"
    _append_data(training, at, b1d, len(ucodes), note, more)
    return rd


def _append_data(training, at, b1d, frames, note, fields):
    if frames > b1d:
        training.signals.append(Signal(
            "data", at + b1d * INTERVALS, (frames - b1d) * INTERVALS, note, fields
        ))  # fmt: skip


def parameters_given(values):
    """Mapping parameters by kind of a JSON object: those of one kind, or what call.json holds."""
    if isinstance(values, dict) and "type" not in values:
        parts = [values[name] for name in ("cpt", "cp") if values.get(name)]
    else:
        parts = [values]
    found = [MappingParameters.from_dict(one) for one in parts]
    return {one.type: replace(one) for one in found}
