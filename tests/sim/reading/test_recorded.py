"""Recorded calls: what their folders must hold, and what is said of one that does not."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from golden.errors import V90Error
from sim.reading.recorded import calls, read

BITS = {"bits": "1100"}
SAMPLES = dict.fromkeys(("sd", "trn1d", "trn1d_symbols", "jd", "dil", "ri", "trn2d", "b1d"), 7)
FACTS = {
    "note": "bit-exactly",
    "server_law": "A",
    "u_info_requested": 79,
    "u_info_received": 68,
    "jd_frames": 2,
    "mp_frames": 3,
    "downstream_rate": None,
    "samples": SAMPLES,
    "ja": BITS,
    "cpt": BITS,
    "cp": None,
}


def write(folder, content, octets=bytes(range(8))):
    folder.mkdir(exist_ok=True)
    (folder / "call.json").write_bytes(content)
    (folder / "down.al").write_bytes(octets)
    return folder


def test_a_call(tmp_path):
    write(tmp_path / "b", json.dumps(FACTS).encode())
    write(tmp_path / "a", json.dumps(FACTS | {"note": "through a pad"}).encode())
    (tmp_path / "no call").mkdir()
    first, second = calls(tmp_path)
    assert (first.name, second.name) == ("a", "b") and second.facts == FACTS
    assert not first.clean and second.clean
    assert np.array_equal(second.octets, np.arange(8)) and second.octets.dtype == np.uint8


@pytest.mark.parametrize("name", ["call.json", "down.al"])
def test_a_file_that_is_missing(name, tmp_path):
    folder = write(tmp_path / "a", json.dumps(FACTS).encode())
    (folder / name).unlink()
    with pytest.raises(V90Error, match=f"{name}: No such file"):
        read(folder)


@pytest.mark.parametrize(
    "change, said",
    [
        ({"note": None}, "no note"),
        ({"jd_frames": True}, "no jd_frames, or not as int"),
        ({"samples": SAMPLES | {"sd": 9}}, "no samples.sd, or not from 0 to 8"),
        ({"samples": SAMPLES | {"sd": None}}, "no samples.sd"),
        ({"ja": None}, "no ja"),
        ({"ja": {"bits": "012"}}, "no ja.bits"),
        ({"cpt": {}}, "no cpt.bits"),
        ({"server_law": "B"}, "neither A nor mu"),
        ({"u_info_received": 128}, "no Ucode"),
    ],
)
def test_what_is_wrong_is_named(change, said, tmp_path):
    with pytest.raises(V90Error, match=said):
        read(write(tmp_path / "a", json.dumps(FACTS | change).encode()))


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda one: st.lists(one, max_size=3) | st.dictionaries(st.text(max_size=5), one, max_size=3),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None)
@given(
    st.one_of(
        st.binary(max_size=60),
        st.sampled_from([b"[" * 100_000, b"\xff\xfe", b"1", b"NaN"]),
        st.tuples(st.sampled_from(sorted(FACTS)), values).map(
            lambda one: json.dumps(FACTS | dict([one])).encode()
        ),
        st.tuples(st.sampled_from(sorted(SAMPLES)), values).map(
            lambda one: json.dumps(FACTS | {"samples": SAMPLES | dict([one])}).encode()
        ),
    )
)
def test_any_file_is_a_call_or_an_error(tmp_path_factory, content):
    folder = write(tmp_path_factory.getbasetemp() / "any", content)
    try:
        call = read(folder)
    except V90Error as error:
        assert "\n" not in str(error)
    else:
        assert call.facts.keys() >= FACTS.keys()
