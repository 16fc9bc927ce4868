"""Sequences of bits that the modems tell each other things with.

INFO (8.2.3), Ja (8.3.1), Jd (8.4.2), CP (8.5.2) and MP (8.6.3/V.90).

Each is a table of bit ranges as the Recommendation prints it (:mod:`golden.bits.bit_table`).
"""

from golden.bits.bit_table import CRC, FILL_BITS, FRAME_SYNC, RESERVED, START_BIT, Bits, Sequence
from golden.errors import V90Error
from golden.pcm.parameters import INTERVALS, MappingParameters

#: Jd (8.4.2, Table 13/V.90). Bit i of ``rates``: 28 000 + i * 8000 / 6 bit/s. ``training`` and
#: ``renegotiation``: constellation of CP, E and SCR, 0 for 4 points, 1 for 16.
JD = Sequence(
    "Jd",
    (
        Bits(0, 16, FRAME_SYNC, "frame sync", "Table 13/V.90"),
        Bits(17, 17, START_BIT, "start bit", "Table 13/V.90"),
        Bits(18, 33, "rates", "data signalling rates, 28 000 to 48 000 bit/s", "Table 13/V.90"),
        Bits(34, 34, START_BIT, "start bit", "Table 13/V.90"),
        Bits(35, 40, "rates", "the same, 49 333 to 56 000 bit/s", "Table 13/V.90"),
        Bits(41, 46, RESERVED, "for the ITU", "Table 13/V.90"),
        Bits(47, 47, "training", "points of CP, E and SCR in training", "Table 13/V.90"),
        Bits(48, 48, "renegotiation", "points of CP, E and SCR in renegotiation", "Table 13/V.90"),
        Bits(49, 50, "look_ahead", "the shaper's most look-ahead", "Table 13/V.90", range(1, 4)),
        Bits(51, 51, START_BIT, "start bit", "Table 13/V.90"),
        Bits(52, 67, CRC, "CRC of 10.1.2.3.2/V.34", "Table 13/V.90"),
        Bits(68, 71, FILL_BITS, "fill bits", "Table 13/V.90"),
    ),
)

#: Zeroes of Jd', which ends Jd (8.4.3/V.90).
JD_END = 12


# --- DIL descriptor ------------------------------------------------------------------------------


def _in_words(first, clause, parts):
    """Rows from ``first`` on: a start bit before every 16 bits of the ``parts``, which fill them.

    A part is ``(length, field, meaning, options of Bits)``; none goes beyond its 16 bits.
    """
    rows, left = [], 0
    for length, field, meaning, options in parts:
        if not left:
            rows.append(Bits(first, first, START_BIT, "start bit", clause))
            first, left = first + 1, 16
        rows.append(Bits(first, first + length - 1, field, meaning, clause, **options))
        first, left = first + length, left - length
    return tuple(rows)


def _pattern(field, meaning, length):
    """Parts of a list of bits, zeroes behind it to a multiple of 16."""
    for at in range(0, length, 16):
        own = min(16, length - at)
        yield own, field, meaning, {"item": at, "each": True}
        if own < 16:
            yield 16 - own, RESERVED, "zeroes to the next multiple of 16", {}


def _sevens(field, meaning, count):
    """Parts of a list of 7-bit numbers, two in 16 bits; nothing behind the last is a number."""
    for item in range(count):
        yield 7, field, meaning, {"item": item}
        yield 1, RESERVED, "for the ITU", {}
    if count % 2:
        yield 8, RESERVED, "to fill the last 16 bits", {}


def _dil(values):
    clause = "Table 12/V.90"
    parts = [
        *_pattern("sign_pattern", "SP: 1 positive", values["sign_length"] + 1),
        *_pattern("training_pattern", "TP: 1 the training symbol", values["training_length"] + 1),
        *_sevens("H", "length of segments by Uchord, in six symbols, less 1", 8),
        *_sevens("REF", "Ucode of the reference symbol by Uchord", 8),
        *_sevens("training_ucodes", "Ucode of each segment's training symbol", values["segments"]),
        (16, CRC, "CRC of 10.1.2.3.2/V.34", {}),
    ]
    rows = _in_words(51, clause, parts)
    end = rows[-1].last + 1
    # An even number of bits, one of them at least.
    return *rows, Bits(end, end + (end + 1) % 2, FILL_BITS, "fill bits", clause)


def _words(clause, words):
    """Rows of frame sync and of words behind it, ``(length, field, meaning, options)`` each."""
    return Bits(0, 16, FRAME_SYNC, "frame sync", clause), *_in_words(17, clause, words)


#: Ja's DIL descriptor (8.3.1, 8.4.1, Table 12/V.90). ``sign_length`` and ``training_length`` are
#: LSP and LTP less 1, ``segments`` is N. Lists: ``sign_pattern``, ``training_pattern``, ``H`` and
#: ``REF`` (by Uchord), ``training_ucodes``, left out where N is 0.
DIL = Sequence(
    "DIL descriptor",
    _words(
        "Table 12/V.90",
        [
            (8, "segments", "N", {}),
            (8, RESERVED, "for the ITU", {}),
            (7, "sign_length", "LSP - 1", {}),
            (1, RESERVED, "for the ITU", {}),
            (7, "training_length", "LTP - 1", {}),
            (1, RESERVED, "for the ITU", {}),
        ],
    ),
    _dil,
)

# --- CP ------------------------------------------------------------------------------------------


def _masks(field, meaning, count):
    for item in range(count):
        for uchord in range(8):
            yield 16, field, f"{meaning}, Uchord {uchord + 1}", {"item": item}


def _cp(values):
    clause = "Table 14/V.90"
    highest = max(values["interval_constellation"])
    if highest >= INTERVALS:
        raise V90Error(f"a constellation's index in CP is 0 to {INTERVALS - 1}, not {highest}")
    count = highest + 1
    parts = [*_masks("constellations", "constellation mask, bit 0 its lowest Ucode", count)]
    if values["codec_differs"]:
        parts += _masks("codec_constellations", "the same at the codec's output", count)
    rows = _in_words(136, clause, [*parts, (16, CRC, "CRC of 10.1.2.3.2/V.34", {})])
    end = rows[-1].last + 1
    return *rows, Bits(end, end + 2, FILL_BITS, "fill bits", clause)


#: CP, CPt, CP' and CPs (8.5.2, Table 14/V.90). ``type`` is 1 for CP, 0 for CPt; with ``silence`` it
#: is CPs, with ``acknowledge`` CP'. ``law`` is 1 for A-law; bit i of ``upstream_rates`` is
#: 4800 + 2400 i bit/s; ``rms_ratio`` counts 2**-13; ``a1`` to ``b2`` count 2**-6 in two's
#: complement. Lists: ``interval_constellation`` (six indices), ``constellations`` and, where
#: ``codec_differs`` is 1, ``codec_constellations``: masks of 128 bits, one up to the highest index.
CP = Sequence(
    "CP",
    _words(
        "Table 14/V.90",
        [
            (1, RESERVED, "for the ITU", {}),
            (1, "type", "0 CPt, 1 CP", {}),
            (5, "drn", "downstream data signalling rate, 0 cleardown", {"values": range(23)}),
            (5, RESERVED, "for the ITU", {}),
            (1, "silence", "a silent period is requested", {}),
            (2, "sr", "Sr", {}),
            (1, "acknowledge", "MP was received", {}),
            (1, "law", "codec type, 0 mu-law, 1 A-law", {}),
            (13, "upstream_rates", "upstream data signalling rates, 4800 to 33 600 bit/s", {}),
            (2, "ld", "look-ahead frames", {}),
            (16, "rms_ratio", "TRN1d's rms at the transmitter by that at the codec, Q3.13", {}),
            (8, "a1", "a1, signed Q1.6", {}),
            (8, "a2", "a2, signed Q1.6", {}),
            (8, "b1", "b1, signed Q1.6", {}),
            (8, "b2", "b2, signed Q1.6", {}),
            *(
                (
                    4,
                    "interval_constellation",
                    f"constellation of interval {i}",
                    {"item": i, "values": range(INTERVALS)},
                )
                for i in range(INTERVALS)
            ),
            (1, "codec_differs", "constellations at the codec's output follow", {}),
            (7, RESERVED, "for the ITU", {}),
        ],
    ),
    _cp,
)


def mapping_parameters(cp):
    """:class:`~golden.pcm.parameters.MappingParameters` that a CP's fields ask for.

    Raises :class:`~golden.errors.V90Error` where there are none: cleardown, or what Tables 2, 14
    and 17 do not allow.
    """
    return MappingParameters(
        type="CP" if cp["type"] else "CPt",
        drn=cp["drn"],
        sr=cp["sr"],
        ld=cp["ld"],
        law="A" if cp["law"] else "mu",
        **{name: cp[name] - (cp[name] >> 7 << 8) for name in ("a1", "a2", "b1", "b2")},
        interval_constellation=tuple(cp["interval_constellation"]),
        constellations=tuple(
            tuple(ucode for ucode in range(128) if mask >> ucode & 1)
            for mask in cp["constellations"]
        ),
    )


def cp_fields(parameters, upstream_rates=0, rms_ratio=1 << 13, acknowledge=0, silence=0, codec=()):
    """Fields of :data:`CP` for mapping parameters; ``codec``, constellations at the codec's output.

    Constellations that no interval uses are left out, as CP has none behind the highest index.
    """
    p = parameters
    count = max(p.interval_constellation) + 1

    def masks(constellations):
        return [sum(1 << ucode for ucode in one) for one in constellations[:count]]

    fields = {
        "type": int(p.type == "CP"),
        "drn": p.drn,
        "silence": silence,
        "sr": p.sr,
        "acknowledge": acknowledge,
        "law": int(p.law == "A"),
        "upstream_rates": upstream_rates,
        "ld": p.ld,
        "rms_ratio": rms_ratio,
        "codec_differs": int(bool(codec)),
        **{name: getattr(p, name) & 0xFF for name in ("a1", "a2", "b1", "b2")},
        "interval_constellation": list(p.interval_constellation),
        "constellations": masks(p.constellations),
    }
    return {**fields, "codec_constellations": masks(codec)} if codec else fields


# --- MP ------------------------------------------------------------------------------------------


def _mp(values):
    clause = "Table 16/V.90"
    parts = []
    if values["type"]:
        for number in range(3):
            for part, name in enumerate(("real", "imaginary")):
                parts.append(
                    (16, "precoding", f"h({number + 1}) {name}", {"item": 2 * number + part})
                )
    parts += [(16, RESERVED, "for the ITU", {}), (16, CRC, "CRC of 10.1.2.3.2/V.34", {})]
    rows = _in_words(51, clause, parts)
    end = rows[-1].last + 1
    return *rows, Bits(end, end, FILL_BITS, "fill bit", clause)


#: MP and MP' of types 0 and 1 (8.6.3, Table 16/V.90). ``drn`` counts 2400 bit/s, 0 is cleardown;
#: bit i of ``upstream_rates`` is 4800 + 2400 i bit/s. ``precoding``, type 1 only: h(1) real,
#: imaginary, h(2), h(3), two's complement. Fill bits go on to a whole data frame: ``multiple`` of
#: :meth:`Sequence.build` is D.
MP = Sequence(
    "MP",
    _words(
        "Table 16/V.90",
        [
            (1, "type", "0 without, 1 with precoding coefficients", {}),
            (5, RESERVED, "for the ITU", {}),
            (4, "drn", "most upstream data signalling rate, 0 cleardown", {"values": range(15)}),
            (1, RESERVED, "for the ITU", {}),
            (2, "trellis", "trellis encoder, 0: 16, 1: 32, 2: 64 states", {"values": range(3)}),
            (1, "nonlinear", "nonlinear encoder, 1: 0.3125", {}),
            (1, "shaping", "constellation shaping, 1: expanded", {}),
            (1, "acknowledge", "CP was received", {}),
            (1, RESERVED, "for the ITU", {}),
            (13, "upstream_rates", "upstream data signalling rates, 4800 to 33 600 bit/s", {}),
            (1, RESERVED, "for the ITU", {}),
            (1, RESERVED, "for the ITU", {}),
        ],
    ),
    _mp,
)

# --- INFO ----------------------------------------------------------------------------------------


def _info(name, clause, parts):
    """An INFO sequence: no start bits, and its own frame sync and fill bits (8.2.3.2/V.90)."""
    ones, sync = (1, 1, 1, 1), (0, 1, 1, 1, 0, 0, 1, 0)
    rows = [
        Bits(0, 3, FILL_BITS, "fill bits", clause, ones),
        Bits(4, 11, FRAME_SYNC, "frame sync", clause, sync),
    ]
    for length, field, meaning, *options in (*parts, (16, CRC, "CRC of 10.1.2.3.2/V.34")):
        first = rows[-1].last + 1
        rows.append(Bits(first, first + length - 1, field, meaning, clause, *options))
    end = rows[-1].last + 1
    return Sequence(name, (*rows, Bits(end, end + 3, FILL_BITS, "fill bits", clause, ones)))


_V34_ABILITIES = (
    (1, "symbol_rate_2743", "symbol rate 2743 in V.34 mode"),
    (1, "symbol_rate_2800", "symbol rate 2800 in V.34 mode"),
    (1, "symbol_rate_3429", "symbol rate 3429 in V.34 mode"),
    (1, "low_carrier_3000", "transmits at 3000 with the low carrier"),
    (1, "high_carrier_3000", "transmits at 3000 with the high carrier"),
    (1, "low_carrier_3200", "transmits at 3200 with the low carrier"),
    (1, "high_carrier_3200", "transmits at 3200 with the high carrier"),
    (1, "transmit_3429", "0: symbol rate 3429 is not allowed"),
    (1, "reduces_power", "transmit power can be reduced"),
    (3, "rate_difference", "most steps between both ways' symbol rates", range(6)),
    (1, "cme", "sent from a CME modem"),
    (1, "points_1664", "constellations of up to 1664 points"),
    (2, RESERVED, "for the ITU"),
    (1, "acknowledge", "the other modem's INFO0 was received, in error recovery"),
)

#: INFO0d (Table 7/V.90). ``nominal_power`` is -6 dBm0 less it, ``maximum_power`` is -0.5 dBm0 less
#: half of it in dB; ``at_codec``: power counts at the codec's output; ``law`` is 1 for A-law.
INFO0D = _info(
    "INFO0d",
    "Table 7/V.90",
    (
        *_V34_ABILITIES,
        (4, "nominal_power", "nominal transmit power in phase 2, -6 dBm0 less it"),
        (5, "maximum_power", "most transmit power, -0.5 dBm0 less half of it"),
        (1, "at_codec", "power is measured at the codec's output, not at the terminals"),
        (1, "law", "PCM coding in use, 0 mu-law, 1 A-law"),
        (1, "upstream_3429", "V.90 with an upstream symbol rate of 3429"),
        (1, RESERVED, "for the ITU"),
    ),
)

#: INFO0a (Table 8/V.90).
INFO0A = _info("INFO0a", "Table 8/V.90", _V34_ABILITIES)

_POWER_REDUCTION = (
    (3, "power_reduction", "least reduction of the other's power in dB"),
    (3, "more_reduction", "reduction beyond that, in dB, that can be borne"),
)
_MD = (7, "md_length", "length of MD in 35 ms")
_OFFSET = (10, "frequency_offset", "of the 1050 Hz tone in 0.02 Hz, two's complement; 512 unknown")
_PRE_EMPHASIS = range(11)
_PROJECTED = range(15)

#: INFO1d (Table 9/V.90). For each symbol rate: carrier (1 high), pre-emphasis filter, and the data
#: rate that is to be expected, in 2400 bit/s.
INFO1D = _info(
    "INFO1d",
    "Table 9/V.90",
    (
        *_POWER_REDUCTION,
        _MD,
        *(
            row
            for rate in (2400, 2743, 2800, 3000, 3200, 3429)
            for row in (
                (1, f"carrier_{rate}", f"the high carrier at {rate}"),
                (4, f"pre_emphasis_{rate}", f"pre-emphasis filter at {rate}", _PRE_EMPHASIS),
                (4, f"projected_{rate}", f"data rate at {rate} in 2400 bit/s", _PROJECTED),
            )
        ),
        _OFFSET,
    ),
)

#: INFO1a for V.90 (Table 10/V.90). ``upstream_symbol_rate``: 3 is 3000, 4 is 3200, 5 is 3429.
INFO1A = _info(
    "INFO1a",
    "Table 10/V.90",
    (
        (6, RESERVED, "for the ITU"),
        _MD,
        (7, "u_info", "U_INFO: Ucode of the two-point train", range(67, 128)),
        (2, RESERVED, "for the ITU"),
        (3, "upstream_symbol_rate", "symbol rate of the analogue modem", range(3, 6)),
        (3, "downstream_symbol_rate", "symbol rate of the digital modem, 6: 8000", range(6, 7)),
        _OFFSET,
    ),
)

#: INFO1a for V.34 (Table 11/V.90); symbol rates from 0, 2400, to 5, 3429.
INFO1A_V34 = _info(
    "INFO1a for V.34",
    "Table 11/V.90",
    (
        *_POWER_REDUCTION,
        _MD,
        (1, "carrier", "the high carrier to the analogue modem"),
        (4, "pre_emphasis", "pre-emphasis filter to the analogue modem", _PRE_EMPHASIS),
        (4, "projected", "data rate to the analogue modem in 2400 bit/s", _PROJECTED),
        (3, "upstream_symbol_rate", "symbol rate of the analogue modem", range(6)),
        (3, "downstream_symbol_rate", "symbol rate of the digital modem", range(6)),
        _OFFSET,
    ),
)
