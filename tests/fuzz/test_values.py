"""Files of text by value: JSON of mapping parameters and of `v90 read`, and TOML of lines."""

import json
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from boards.build import everything
from golden.errors import V90Error
from golden.pcm.parameters import MappingParameters
from golden.signals.sequences import CP, DIL, INFO0D, JD, MP
from golden.signals.training import check_descriptor, dil
from sim.calls.parameter_sets import EXTREMES
from sim.cli.read import descriptor_of
from sim.reading.phase4 import parameters_given
from sim.world import lines
from sim.world.line import LineParameters
from tests.fuzz.limits import deadline, peak

VALID = [p.to_dict() for p in EXTREMES.values()]

#: What stands where a number is wanted: too large, none, of another kind, and all of that inside.
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-300, 300),
    st.integers(),
    st.floats(),
    st.sampled_from([10**400, -(10**4000), 1e308, 5e-324, 1 << 64, 0.5, -2, 127 / 64, 2.0]),
    st.text(max_size=5),
    st.sampled_from(["CP", "CPt", "A", "mu", "\ud800", "[/red]", "\x1b[2J"]),
)
values = st.recursive(
    scalars,
    lambda one: st.lists(one, max_size=8) | st.dictionaries(st.text(max_size=5), one),
    max_leaves=12,
)


@st.composite
def changed(draw, valid):
    """One of ``valid``, with a value of it, or of a list in it, replaced, lost, or put beside."""
    whole = json.loads(json.dumps(draw(st.sampled_from(valid))))
    for _ in range(draw(st.integers(1, 3))):
        place = whole
        while True:
            key = draw(
                st.sampled_from(sorted(place))
                if isinstance(place, dict)
                else st.integers(0, len(place) - 1)
            )
            below = place[key]
            if not isinstance(below, list | dict) or not below or draw(st.booleans()):
                break
            place = below
        if draw(st.booleans()):
            place[key] = draw(values)
        elif draw(st.booleans()) and len(place) > 1:
            del place[key]
        elif isinstance(place, list):
            place.append(draw(scalars))
    return whole


def demand_good(p):
    assert MappingParameters.from_dict(p.to_dict()) == p
    assert 1 << p.k <= p.modulus_product


@settings(max_examples=200)
@given(changed(VALID) | values)
def test_mapping_parameters(whole):
    with deadline(), suppress(V90Error):
        demand_good(MappingParameters.from_dict(whole))
    # As text: NaN and Infinity, and characters that are none, are written as Python has them.
    with suppress(ValueError):
        text = json.dumps(whole)
        with deadline(), suppress(V90Error):
            demand_good(MappingParameters.from_json(text))


@settings(max_examples=200)
@given(changed([{"cpt": VALID[0], "cp": VALID[3]}, VALID[0]]) | values)
def test_mapping_parameters_of_both_kinds(whole):
    with deadline(), suppress(V90Error):
        assert set(parameters_given(whole)) <= {"CP", "CPt"}


#: Text that is no JSON, or none that anybody means; what has no end of its own is 100 000 long.
TEXTS = {
    "nested lists": "[" * 100_000,
    "nested objects": '{"a":' * 50_000,
    "a number": "1" * 100_000,
    "closed": "[" * 50_000 + "]" * 50_000,
    "an exponent": "1e" + "9" * 50_000,
    "nothing": "",
    "blank": " " * 100_000,
    "a string": '"' + "a" * 100_000,
    "NaN": "NaN",
    "minus": "-Infinity",
    "half a character": '{"type": "\\ud800"}',
    "NUL": "\0",
    "byte order mark": "\ufeff{}",
    "many values": "[" + "1," * 50_000 + "1]",
    "many keys": "{" + '"a":1,' * 20_000 + '"b":2}',
    "a comment": "{} // none",
    "twice": "{}{}",
    "single quotes": "{'type': 'CP'}",
}

#: Octets of memory for one of text: an empty list is 56 and takes three, with a place of 8 or two
#: in the list around it; the sentence of an error names a part of it.
MEMORY = 64


@pytest.mark.parametrize("name", TEXTS)
def test_texts(name):
    for read in (
        MappingParameters.from_json,
        lambda text: descriptor_of("x", text.encode()),
        lines.parse,
    ):

        def run(read=read):
            if read is not lines.parse or name not in ("nothing", "blank"):
                with pytest.raises(V90Error) as raised:
                    read(TEXTS[name])
                assert len(str(raised.value)) < 400

        with deadline():
            used = peak(run)
        assert used < (1 << 20) + MEMORY * len(TEXTS[name])


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b'{"a": ',
        b"\xff\xfe",
        b"[" * 100_000,
        b"1" * 10_000,
        b"null",
    ],
    ids=lambda content: repr(content[:4]),
)
def test_results_of_boards(tmp_path, monkeypatch, content):
    monkeypatch.setattr(everything, "RESULTS", tmp_path / "boards.json")
    assert everything.earlier() == {}
    (tmp_path / "boards.json").write_bytes(content)
    with deadline(), pytest.raises(V90Error, match="remove it and build all tops"):
        everything.earlier()


def test_the_last_of_two_keys_counts():
    """As JSON readers do; what comes of it is checked like anything else."""
    text = EXTREMES["no-shaping-least-k"].to_json()
    twice = text[:-1] + ', "sr": 3, "sr": 0}'
    assert MappingParameters.from_json(twice) == EXTREMES["no-shaping-least-k"]
    with pytest.raises(V90Error, match="sr is a whole number"):
        MappingParameters.from_json(text[:-1] + ', "sr": 4}')


@given(
    st.dictionaries(
        st.sampled_from(
            [
                "description",
                "source",
                "band_edge",
                "high_pass",
                "loop",
                "exchange",
                "client",
                "transformer",
            ]
        ),
        values,
    ),
    st.lists(st.dictionaries(st.sampled_from(["gauge", "feet", "tap"]), values)),
)
@example({"loop": 3}, [])
@example({"exchange": [1]}, [])
@example({}, [{"gauge": [26], "feet": 1}])
def test_lines(table, sections):
    whole = {"description": "d", "source": "s", "loop": sections, **table}
    with deadline(), suppress(V90Error):
        assert LineParameters.from_dict(whole).band_edge >= 3500


@pytest.mark.parametrize(
    "table",
    [
        {"band_edge": 1 << 20000},
        {"loop": [{"gauge": 1 << 20000, "feet": 1}]},
        {"client": 1 << 20000},
        {"loop": [{"gauge": 26, "feet": -(1 << 20000)}]},
        {"transformer": -(1 << 20000)},
    ],
    ids=lambda table: next(iter(table)),
)
def test_numbers_that_python_does_not_print(table):
    """More than 4300 digits: JSON's are refused, but TOML has hexadecimal ones."""
    with pytest.raises(V90Error):
        LineParameters.from_dict({"description": "d", "source": "s", **table})
    with pytest.raises(V90Error, match="look_ahead of Jd is 1 to 3, not a huge number"):
        JD.build(rates=0, training=0, renegotiation=0, look_ahead=1 << 20000)


@pytest.mark.parametrize(
    "text",
    [
        "x = " + "[" * 5000,
        "x = " + "[" * 5000 + "]" * 5000,
        "x = " + "{a = " * 5000,
        "x = " + "1" * 5000,
        "a." * 5000 + "b = 1",
        "x = 99:99:99",
    ],
    ids=lambda text: text[:12],
)
def test_toml(text):
    with deadline(), pytest.raises(V90Error, match="^bad.toml: "):
        lines.parse(text, "bad.toml")


@given(
    st.sampled_from([JD, DIL, CP, MP, INFO0D]),
    st.dictionaries(
        st.sampled_from(
            [
                *JD._head.fields,
                *DIL._head.fields,
                *CP._head.fields,
                *MP._head.fields,
                "precoding",
                "H",
                "REF",
                "constellations",
                "sign_pattern",
            ]
        ),
        values,
    ),
)
def test_fields_of_sequences(sequence, fields):
    """A sequence that nobody can send is refused; one that is built is read."""
    zeroes = {name: [0] * (sequence._head.items(name) or 0) or 0 for name in sequence._head.fields}
    for whole in (fields, {**zeroes, **fields}):
        with deadline(), suppress(V90Error):
            assert sequence.parse(sequence.build(**whole)) is not None


@given(
    st.dictionaries(
        st.sampled_from(["sign_pattern", "training_pattern", "H", "REF", "training_ucodes"]), values
    )
)
def test_descriptors(fields):
    whole = {
        "sign_pattern": [1],
        "training_pattern": [1],
        "H": [0] * 8,
        "REF": [9] * 8,
        "training_ucodes": [3, 99],
        **fields,
    }
    with deadline(), suppress(V90Error):
        check_descriptor(whole)
        ucodes, signs = dil(whole)
        assert ucodes.dtype == signs.dtype == np.uint8
