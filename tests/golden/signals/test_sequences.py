"""Sequences against Tables 7 to 14 and 16/V.90: bit by bit, both ways, and with bits wrong."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from golden.bits.bit_table import CRC, RESERVED, START_BIT
from golden.bits.crc import crc_bits
from golden.bits.scrambler import GPC, Descrambler
from golden.errors import V90Error
from golden.pcm.parameters import MappingParameters
from golden.signals.sequences import (
    CP,
    DIL,
    INFO0A,
    INFO0D,
    INFO1A,
    INFO1A_V34,
    INFO1D,
    JD,
    JD_END,
    MP,
    cp_fields,
    mapping_parameters,
)
from golden.signals.training import after_trn1d, trn1d
from sim.calls.parameter_sets import random_parameters
from tests.golden.bits.support import EXAMPLE


def test_a_sequence_by_hand():
    """Table 13, range by range."""
    bits = JD.build(**EXAMPLE)
    assert bits.dtype == np.uint8 and len(bits) == 72
    assert bits[:17].tolist() == [1] * 17
    assert bits[[17, 34, 51]].tolist() == [0, 0, 0]
    rates = [0x2AAAA5 >> place & 1 for place in range(22)]
    # 18 is 28 000 bit/s, 33 is 48 000, 35 is 49 333, 40 is 56 000.
    assert bits[18:34].tolist() == rates[:16]
    assert bits[35:41].tolist() == rates[16:]
    assert bits[41:47].tolist() == [0] * 6
    assert bits[47:49].tolist() == [1, 0]
    assert bits[49:51].tolist() == [1, 1]
    # The CRC leaves frame sync and start bits out (10.1.2.3.2/V.34).
    covered = np.concatenate([bits[18:34], bits[35:51]])
    assert bits[52:68].tolist() == crc_bits(covered).tolist()
    assert bits[68:].tolist() == [0] * 4


def test_jd_as_it_is_sent():
    """Scrambled and differentially encoded after TRN1d (8.4.2), and back."""
    _, signs = trn1d(79, 2040)
    bits = np.concatenate([np.tile(JD.build(**EXAMPLE), 3), np.zeros(JD_END, np.uint8)])
    _, coded = after_trn1d(79, bits, signs)
    line = np.concatenate([signs, coded])
    descrambler = Descrambler(GPC)
    descrambler.process(signs)
    back = descrambler.process(line[2040:] ^ line[2039:-1])
    assert np.array_equal(back, bits)
    assert [place for place, _ in JD.find(back)] == [0, 72, 144]


def test_jd_of_real_calls(real_call):
    """Every Jd of the server's octets, each 72 symbols behind the one before."""
    facts = json.loads((real_call / "call.json").read_text())
    where = facts["samples"]
    octets = np.fromfile(real_call / "down.al", np.uint8)[where["trn1d"] : where["dil"]]
    signs, symbols = octets >> 7, where["trn1d_symbols"]
    descrambler = Descrambler(GPC)
    # A difference does not know polarity, TRN1d's scrambled bits do.
    descrambler.process(trn1d(0, symbols)[1])
    found = JD.find(descrambler.process(signs[symbols:] ^ signs[symbols - 1 : -1]))
    print(found[0])
    assert [place for place, _ in found] == [72 * i for i in range(facts["jd_frames"])]
    assert len({tuple(values.items()) for _, values in found}) == 1
    assert 1 <= found[0][1]["look_ahead"] <= 3 and found[0][1]["rates"] > 0


# Where the Recommendation's tables have what: first and last bit of fields, start bits, CRC.

PLACES = [
    (
        INFO0D,
        {},
        {
            "symbol_rate_2743": (12, 12),
            "symbol_rate_3429": (14, 14),
            "low_carrier_3000": (15, 15),
            "high_carrier_3200": (18, 18),
            "transmit_3429": (19, 19),
            "reduces_power": (20, 20),
            "rate_difference": (21, 23),
            "cme": (24, 24),
            "points_1664": (25, 25),
            "acknowledge": (28, 28),
            "nominal_power": (29, 32),
            "maximum_power": (33, 37),
            "at_codec": (38, 38),
            "law": (39, 39),
            "upstream_3429": (40, 40),
            CRC: (42, 57),
        },
        62,
        (),
    ),
    (INFO0A, {}, {"rate_difference": (21, 23), "acknowledge": (28, 28), CRC: (29, 44)}, 49, ()),
    (
        INFO1D,
        {},
        {
            "power_reduction": (12, 14),
            "more_reduction": (15, 17),
            "md_length": (18, 24),
            "carrier_2400": (25, 25),
            "pre_emphasis_2400": (26, 29),
            "projected_2400": (30, 33),
            "carrier_2743": (34, 34),
            "projected_2800": (48, 51),
            "carrier_3000": (52, 52),
            "pre_emphasis_3200": (62, 65),
            "projected_3429": (75, 78),
            "frequency_offset": (79, 88),
            CRC: (89, 104),
        },
        109,
        (),
    ),
    (
        INFO1A,
        {},
        {
            "md_length": (18, 24),
            "u_info": (25, 31),
            "upstream_symbol_rate": (34, 36),
            "downstream_symbol_rate": (37, 39),
            "frequency_offset": (40, 49),
            CRC: (50, 65),
        },
        70,
        (),
    ),
    (
        INFO1A_V34,
        {},
        {
            "power_reduction": (12, 14),
            "more_reduction": (15, 17),
            "md_length": (18, 24),
            "carrier": (25, 25),
            "pre_emphasis": (26, 29),
            "projected": (30, 33),
            "upstream_symbol_rate": (34, 36),
            "downstream_symbol_rate": (37, 39),
            "frequency_offset": (40, 49),
            CRC: (50, 65),
        },
        70,
        (),
    ),
    (
        MP,
        {"type": 0},
        {
            "type": (18, 18),
            "drn": (24, 27),
            "trellis": (29, 30),
            "nonlinear": (31, 31),
            "shaping": (32, 32),
            "acknowledge": (33, 33),
            "upstream_rates": (36, 48),
            CRC: (69, 84),
        },
        86,
        (17, 34, 51, 68),
    ),
    (
        MP,
        {"type": 1},
        {"precoding": (52, 152), CRC: (171, 186)},
        188,
        (17, 34, 51, 68, 85, 102, 119, 136, 153, 170),
    ),
    # One constellation: gamma and delta are 0.
    (
        CP,
        {"interval_constellation": [0] * 6, "codec_differs": 0},
        {
            "type": (19, 19),
            "drn": (20, 24),
            "silence": (30, 30),
            "sr": (31, 32),
            "acknowledge": (33, 33),
            "law": (35, 35),
            "upstream_rates": (36, 48),
            "ld": (49, 50),
            "rms_ratio": (52, 67),
            "a1": (69, 76),
            "a2": (77, 84),
            "b1": (86, 93),
            "b2": (94, 101),
            "interval_constellation": (103, 127),
            "codec_differs": (128, 128),
            "constellations": (137, 271),
            CRC: (273, 288),
        },
        292,
        (17, 34, 51, 68, 85, 102, 119, *range(136, 273, 17)),
    ),
    # Six of them: gamma is 680, delta 680.
    (
        CP,
        {"interval_constellation": [0, 1, 2, 3, 4, 5], "codec_differs": 0},
        {"constellations": (137, 951), CRC: (953, 968)},
        972,
        None,
    ),
    # Two, and those at the codec: gamma is 136, delta 408.
    (
        CP,
        {"interval_constellation": [0, 1] * 3, "codec_differs": 1},
        {"constellations": (137, 407), "codec_constellations": (409, 679), CRC: (681, 696)},
        700,
        None,
    ),
    # LSP = 5, LTP = 33, N = 3: alpha is 17, beta 68.
    (
        DIL,
        {"segments": 3, "sign_length": 4, "training_length": 32},
        {
            "segments": (18, 25),
            "sign_length": (35, 41),
            "training_length": (43, 49),
            "sign_pattern": (52, 56),
            "training_pattern": (52 + 17, 52 + 17 + 34),
            "H": (52 + 68, 117 + 68),
            "REF": (120 + 68, 185 + 68),
            "training_ucodes": (188 + 68, 211 + 68),
            CRC: (188 + 68 + 34, 203 + 68 + 34),
        },
        308,
        None,
    ),
    # N = 0: alpha 17, beta 34.
    (
        DIL,
        {"segments": 0, "sign_length": 0, "training_length": 0},
        {"REF": (154, 219), CRC: (222, 237)},
        238 + 2,
        None,
    ),
]


@pytest.mark.parametrize("sequence, shape, places, length, starts", PLACES)
def test_tables(sequence, shape, places, length, starts):
    values = {
        name: [0] * sequence._head.items(name) if sequence._head.items(name) else 0
        for name in sequence._head.fields
    }
    if sequence is INFO1A:
        values |= {"u_info": 67, "upstream_symbol_rate": 3, "downstream_symbol_rate": 6}
    rows = sequence.rows_of(**(values | shape))
    for name, (first, last) in places.items():
        mine = [row for row in rows if row.field == name]
        assert (mine[0].first, mine[-1].last) == (first, last), name
    assert rows[-1].last + 1 == length
    if starts is not None:
        assert tuple(row.first for row in rows if row.field == START_BIT) == starts
    assert all(row.clause.startswith("Table ") and row.meaning for row in rows)


def values_of(sequence, draw):
    """Any values that the tables allow."""
    layout = sequence._head

    def draw_field(layout, name):
        rows, count = layout.fields[name], layout.items(name)
        if count is None:
            top = (1 << sum(row.length for row in rows)) - 1
            return draw(st.sampled_from(rows[0].values) if rows[0].values else st.integers(0, top))
        if rows[0].each:
            return draw(st.lists(st.integers(0, 1), min_size=count, max_size=count))
        bits = sum(row.length for row in rows if row.item == 0)
        values = rows[0].values
        one = st.sampled_from(values) if values else st.integers(0, (1 << bits) - 1)
        return draw(st.lists(one, min_size=count, max_size=count))

    values = {name: draw_field(layout, name) for name in layout.fields}
    layout = sequence._shape(values)
    return values | {name: draw_field(layout, name) for name in layout.fields if name not in values}


ALL = [JD, DIL, CP, MP, INFO0D, INFO0A, INFO1D, INFO1A, INFO1A_V34]


@pytest.mark.parametrize("sequence", ALL, ids=lambda one: one.name)
@given(st.data())
def test_all_parse_what_they_build(sequence, data):
    """Alone, with a bit wrong, with reserved bits set, and among others."""
    values = values_of(sequence, data.draw)
    multiple = data.draw(st.integers(1, 42))
    bits = sequence.build(multiple, **values)
    layout = sequence._shape(values)
    assert len(bits) % multiple == 0 and layout.length <= len(bits) < layout.length + multiple
    assert sequence.parse(bits) == values and sequence.parse(bits[: layout.checked]) == values
    assert sequence.parse(bits[: layout.checked - 1]) is None
    covered = np.concatenate([layout.covered, layout.frame, np.r_[layout.crc]])
    wrong = bits.copy()
    wrong[data.draw(st.sampled_from(covered.tolist()))] ^= 1
    assert sequence.parse(wrong) != values
    reserved = bits.copy()
    for row in layout.rows:
        if row.field == RESERVED:
            reserved[row.first : row.last + 1] = 1
    reserved[layout.crc] = crc_bits(reserved[layout.covered])
    assert sequence.parse(reserved) == values
    assert sequence.find(np.concatenate([np.zeros(31, np.uint8), bits, bits])) == [
        (31, values),
        (31 + len(bits), values),
    ]


@given(st.sampled_from(ALL), st.lists(st.integers(0, 1), max_size=400))
def test_anything_can_be_parsed(sequence, bits):
    """Frame sync and all start bits may be there by chance: no error, whatever follows."""
    bits = np.array(bits, np.uint8)
    head = sequence._head
    if len(bits) > head.frame.max():
        bits[head.frame] = head.frame_bits
    sequence.parse(bits)
    sequence.find(bits)


@pytest.mark.parametrize(
    "change, sentence",
    [
        ({"drn": 23}, "drn of CP is 0 to 22, not 23"),
        ({"interval_constellation": [0, 0, 0, 0, 0, 6]}, "interval_constellation of CP is 0 to 5"),
        ({"interval_constellation": [0, 0, 0]}, "interval_constellation of CP are 6 whole numbers"),
        ({"constellations": [1 << 128]}, "constellations of CP is 0 to "),
        ({"constellations": [1, 2]}, "constellations of CP are 1 whole numbers here"),
        ({"codec_differs": 1}, "CP has the fields .*codec_constellations"),
        ({"codec_constellations": [1]}, "CP has the fields"),
    ],
)
def test_wrong_fields_of_cp(change, sentence):
    values = cp_fields(random_parameters(np.random.default_rng(1)))
    values |= {"interval_constellation": [0] * 6, "constellations": [3]}
    with pytest.raises(V90Error, match=sentence):
        CP.build(**(values | change))


def test_mapping_parameters_both_ways(rng):
    for _ in range(100):
        p = random_parameters(rng)
        back = mapping_parameters(CP.parse(CP.build(**cp_fields(p))))
        assert back.to_dict() == {
            **p.to_dict(),
            "constellations": p.to_dict()["constellations"][: max(p.interval_constellation) + 1],
        }
    with pytest.raises(V90Error, match="drn is a whole number from 1 to 22"):
        mapping_parameters(cp_fields(p) | {"drn": 0})


def test_sequences_of_real_calls(real_call):
    """Every Ja, CPt and CP parses to the fields beside it, and is built from them bit for bit."""
    facts = json.loads((real_call / "call.json").read_text())
    for sequence, said in ((DIL, facts["ja"]), (CP, facts["cpt"]), (CP, facts["cp"])):
        if said is None:
            continue
        bits = np.array([int(bit) for bit in said["bits"]], np.uint8)
        values = sequence.parse(bits)
        built = sequence.build(**values)
        assert np.array_equal(built[: len(bits)], bits) and not built[len(bits) :].any()
        if sequence is DIL:
            assert values["segments"] == said["segments"] == len(said["training_ucodes"])
            assert values["sign_length"] + 1 == len(said["sign_pattern"])
            assert values["training_length"] + 1 == len(said["training_pattern"])
            for name in ("sign_pattern", "training_pattern", "H", "REF", "training_ucodes"):
                assert values[name] == said[name], name
            continue
        signed = {name: (values[name] ^ 0x80) - 0x80 for name in ("a1", "a2", "b1", "b2")}
        assert all(value / 64 == said[name] for name, value in signed.items())
        assert values["rms_ratio"] / 8192 == said["rms_ratio"]
        assert ("CPt", "CP")[values["type"]] == said["type"]
        assert ("mu", "A")[values["law"]] == said["law"]
        for name in ("drn", "sr", "ld", "silence", "acknowledge", "interval_constellation"):
            assert values[name] == said[name], name
        assert values["upstream_rates"] == said["upstream_rate_mask"]
        assert values["codec_differs"] == said["codec_constellations_present"]
        for name in ("constellations", "codec_constellations"):
            ucodes = [[u for u in range(128) if mask >> u & 1] for mask in values.get(name, [])]
            assert ucodes == said[name], name
        assert mapping_parameters(values) == MappingParameters.from_dict(said)
