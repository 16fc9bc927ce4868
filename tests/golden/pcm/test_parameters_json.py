"""Mapping parameters as JSON and as an object of keys, and everything that they refuse."""

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from golden.errors import V90Error
from golden.pcm import g711
from golden.pcm.parameters import (
    MappingParameters,
)
from sim.calls.parameter_sets import CLIENT_COEFFICIENTS, EXTREMES, random_parameters
from tests.golden.pcm.support import GOOD, changed


def assert_one_sentence(error):
    text = str(error)
    assert 10 < len(text) and "\n" not in text and ". " not in text, text


# --- The JSON form -----------------------------------------------------------------------------


def round_trip(parameters):
    text = parameters.to_json()
    assert "\n" not in text
    again = MappingParameters.from_json(text)
    assert again == parameters and hash(again) == hash(parameters)
    assert MappingParameters.from_dict(parameters.to_dict()) == parameters
    return again


@pytest.mark.parametrize("seed", range(40))
def test_json_round_trip(seed):
    round_trip(random_parameters(np.random.default_rng(seed)))


@pytest.mark.parametrize("name", EXTREMES)
def test_json_round_trip_of_extremes(name):
    round_trip(EXTREMES[name])


def test_real_parameters(real_call):
    call = json.loads((real_call / "call.json").read_text())
    read = 0
    for kind in ("cpt", "cp"):
        if call[kind] is None:  # the call ended before CP
            continue
        parameters = round_trip(MappingParameters.from_dict(call[kind]))
        assert parameters.type == call[kind]["type"]
        for name in ("a1", "a2", "b1", "b2"):
            assert getattr(parameters, name) == call[kind][name] * 64
        for law in g711.LAWS:
            other = parameters.with_law(law)
            assert other.law == law and other.with_law(parameters.law) == parameters
        assert parameters.intervals == tuple(
            tuple(call[kind]["constellations"][index])
            for index in call[kind]["interval_constellation"]
        )
        if kind == "cp" and call["downstream_rate"]:
            assert int(parameters.rate) == int(call["downstream_rate"])
        read += 1
    assert read >= 1


def test_b2_beyond_the_unit_circle():
    # One real client asks for it; 5.4.5.6 would have it within 1, CP's bits do not.
    assert MappingParameters.from_dict(changed(b2=-1.015625)).b2 == -65


@pytest.mark.parametrize("coefficients", CLIENT_COEFFICIENTS, ids=str)
def test_coefficients_are_64ths(coefficients):
    names = ("a1", "a2", "b1", "b2")
    values = changed(**{n: c / 64 for n, c in zip(names, coefficients, strict=True)})
    parameters = MappingParameters.from_dict(values)
    assert tuple(getattr(parameters, name) for name in names) == coefficients


@pytest.mark.parametrize("value, want", [(-2, -128), (1.984375, 127), (0, 0), (-0.0, 0), (1, 64)])
def test_coefficients_at_the_ends(value, want):
    assert MappingParameters.from_dict(changed(a1=value)).a1 == want


def test_further_keys_are_ignored():
    plain = MappingParameters.from_dict(GOOD)
    assert MappingParameters.from_dict(changed(note="x", acknowledge=1, bits=[])) == plain


def test_parameters_are_immutable():
    parameters = MappingParameters.from_dict(GOOD)
    with pytest.raises(AttributeError):
        parameters.drn = 3
    assert isinstance(parameters.constellations[0], tuple)
    assert isinstance(parameters.interval_constellation, tuple)


# --- What is refused ---------------------------------------------------------------------------

WRONG = {
    "type-unknown": (changed(type="CPs"), "type is CP or CPt"),
    "type-list": (changed(type=["CP"]), "type is CP or CPt"),
    "type-null": (changed(type=None), "type is CP or CPt"),
    "law-unknown": (changed(law="a"), "the laws are mu and A"),
    "law-list": (changed(law=["A"]), "the laws are mu and A"),
    "law-object": (changed(law={}), "the laws are mu and A"),
    "drn-cleardown": (changed(drn=0), "drn is a whole number from 1 to 22"),
    "drn-high": (changed(drn=23), "drn is a whole number from 1 to 22"),
    "drn-negative": (changed(drn=-1), "drn is a whole number from 1 to 22"),
    "drn-float": (changed(drn=16.0), "drn is a whole number from 1 to 22"),
    "drn-bool": (changed(drn=True), "drn is a whole number from 1 to 22"),
    "drn-text": (changed(drn="16"), "drn is a whole number from 1 to 22"),
    "drn-huge": (changed(drn=10**400), "drn is a whole number from 1 to 22"),
    "sr-high": (changed(sr=4), "sr is a whole number from 0 to 3"),
    "sr-bool": (changed(sr=True), "sr is a whole number from 0 to 3"),
    "sr-null": (changed(sr=None), "sr is a whole number from 0 to 3"),
    "ld-negative": (changed(ld=-1), "ld is a whole number from 0 to 3"),
    "ld-float": (changed(ld=1.0), "ld is a whole number from 0 to 3"),
    "ld-list": (changed(ld=[1]), "ld is a whole number from 0 to 3"),
    "a1-text": (changed(a1="1"), "a1 is a number"),
    "a1-bool": (changed(a1=True), "a1 is a number"),
    "a2-null": (changed(a2=None), "a2 is a number"),
    "b1-list": (changed(b1=[0]), "b1 is a number"),
    "a1-high": (changed(a1=2), "a1 = 2 is not a multiple of 1/64"),
    "a2-low": (changed(a2=-2.015625), "a2 = -2.015625 is not a multiple of 1/64"),
    "b1-between": (changed(b1=0.01), "b1 = 0.01 is not a multiple of 1/64"),
    "b2-nan": (changed(b2=math.nan), "b2 = nan is not a multiple of 1/64"),
    "b2-infinite": (changed(b2=-math.inf), "b2 = -inf is not a multiple of 1/64"),
    "b2-great": (changed(b2=1e308), "b2 = 1e\\+308 is not a multiple of 1/64"),
    "b2-small": (changed(b2=5e-324), "b2 = 5e-324 is not a multiple of 1/64"),
    "a1-huge": (changed(a1=10**400), "is not a multiple of 1/64"),
    "constellations-none": (changed(constellations=[]), "1 to 6 constellations, not 0"),
    "constellations-seven": (changed(constellations=[[1]] * 7), "1 to 6 constellations, not 7"),
    "constellations-text": (changed(constellations="abc"), "constellations is not a list"),
    "constellations-object": (changed(constellations={"0": [1]}), "constellations is not a list"),
    "constellations-flat": (changed(constellations=[1, 2]), "not a list of lists of Ucodes"),
    "constellations-texts": (changed(constellations=["ab"]), "not a list of lists of Ucodes"),
    "constellation-empty": (changed(constellations=[[], [1]]), "constellation 0 is not"),
    "constellation-equal": (changed(constellations=[[5], [7, 7]]), "constellation 1 is not"),
    "constellation-falling": (changed(constellations=[[5, 4]]), "strictly increasing list"),
    "constellation-negative": (changed(constellations=[[-1, 4]]), "Ucodes 0 to 127"),
    "constellation-128": (changed(constellations=[[4, 128]]), "Ucodes 0 to 127"),
    "constellation-float": (changed(constellations=[[4.0, 5]]), "Ucodes 0 to 127"),
    "constellation-bool": (changed(constellations=[[False, True]]), "Ucodes 0 to 127"),
    "constellation-nested": (changed(constellations=[[[[4]]]]), "Ucodes 0 to 127"),
    "constellation-nulls": (changed(constellations=[[None, None]]), "Ucodes 0 to 127"),
    "index-five": (changed(interval_constellation=[0] * 5), "six indices of the 2"),
    "index-seven": (changed(interval_constellation=[0] * 7), "six indices of the 2"),
    "index-high": (changed(interval_constellation=[0, 0, 2, 0, 0, 0]), "six indices of the 2"),
    "index-negative": (changed(interval_constellation=[-1] * 6), "six indices of the 2"),
    "index-bool": (changed(interval_constellation=[True] * 6), "six indices of the 2"),
    "index-float": (changed(interval_constellation=[0.0] * 6), "six indices of the 2"),
    "index-lists": (changed(interval_constellation=[[0]] * 6), "six indices of the 2"),
    "index-text": (changed(interval_constellation="000000"), "_constellation is not a list"),
    "index-number": (changed(interval_constellation=0), "interval_constellation is not a list"),
    "k-low": (changed(drn=1, sr=0, type="CPt"), "K = 3, which is not in Table 17/V.90"),
    "k-high": (changed(type="CPt", drn=22, sr=3), "K = 27, which is not in Table 17/V.90"),
    "product": (changed(drn=22, sr=3), "2\\^K = 2\\^39 is above the product 2176782336"),
}


@pytest.mark.parametrize("name", WRONG)
def test_refused(name):
    values, match = WRONG[name]
    with pytest.raises(V90Error, match=match) as caught:
        MappingParameters.from_dict(values)
    assert_one_sentence(caught.value)
    with pytest.raises(V90Error, match=match):
        MappingParameters.from_json(json.dumps(values))


def test_good_is_good():
    # Otherwise the rows above could be refused for another reason.
    round_trip(MappingParameters.from_dict(GOOD))


@pytest.mark.parametrize("name", GOOD)
def test_missing_key(name):
    values = {key: value for key, value in GOOD.items() if key != name}
    with pytest.raises(V90Error, match=f"lack the key '{name}'") as caught:
        MappingParameters.from_dict(values)
    assert_one_sentence(caught.value)


@pytest.mark.parametrize("values", [None, [], [GOOD], "CP", 3, 2.5, True], ids=str)
def test_not_an_object(values):
    with pytest.raises(V90Error, match="are a JSON object"):
        MappingParameters.from_json(json.dumps(values))


@pytest.mark.parametrize(
    "text",
    ["", " ", "{", "{]", "CP", '{"type": }', "\x00", "[" * 100_000, "9" * 5000, "{'type': 'CP'}"],
    ids=lambda text: repr(text[:10]),
)
def test_not_json(text):
    with pytest.raises(V90Error, match="not JSON") as caught:
        MappingParameters.from_json(text)
    assert "\n" not in str(caught.value)


def test_bytes_that_are_no_text():
    with pytest.raises(V90Error, match="not JSON"):
        MappingParameters.from_json(b"\xff\xfe{")


GARBAGE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=7) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=12,
)

#: Values that are nearly right, so that the fuzz comes past the first checks.
NEARLY = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(["CP", "CPt"]) | GARBAGE,
        "drn": st.integers(-1, 24) | GARBAGE,
        "sr": st.integers(-1, 4) | GARBAGE,
        "ld": st.integers(-1, 4) | GARBAGE,
        "law": st.sampled_from(["mu", "A"]) | GARBAGE,
        "a1": st.integers(-130, 130).map(lambda n: n / 64) | GARBAGE,
        "b2": st.floats(-2, 2) | GARBAGE,
        "interval_constellation": st.lists(st.integers(-1, 3), min_size=6, max_size=6) | GARBAGE,
        "constellations": st.lists(st.lists(st.integers(-1, 128) | GARBAGE), max_size=7) | GARBAGE,
    },
)


@settings(max_examples=160)
@given(NEARLY)
def test_nothing_but_v90error_escapes(values):
    try:
        parameters = MappingParameters.from_json(json.dumps(changed(**values)))
    except V90Error as error:
        assert "\n" not in str(error)
    else:
        round_trip(parameters)
        assert parameters.average_power > 0 or not any(
            any(constellation) for constellation in parameters.constellations
        )


@settings(max_examples=80)
@given(GARBAGE | st.dictionaries(st.sampled_from(list(GOOD)), GARBAGE) | st.text())
def test_garbage_is_refused(values):
    text = values if isinstance(values, str) else json.dumps(values)
    with pytest.raises(V90Error):
        MappingParameters.from_json(text)
