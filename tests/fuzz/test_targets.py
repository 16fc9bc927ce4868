"""Every target on what is kept, on anything, and on valid inputs that were edited."""

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.edits import edited, random_edits
from tests.fuzz.limits import deadline, peak
from tests.fuzz.run import RUNS
from tests.fuzz.support import edits
from tests.fuzz.targets import CORPUS, TARGETS, corpus

#: Examples of a target, and those of the long tests.
EXAMPLES, MANY = 60, 3000

#: Octets of memory that a target may have, and more for each octet of its input. Most is that of a
#: search for frame sync: eight bits, each beside all that it is compared with (22 at most, as
#: copies and as results), 352; JSON has 40 at most.
MEMORY, MEMORY_AN_OCTET = 2 << 20, 400


def examine(name, examples):
    """A target on so many inputs that hypothesis makes."""
    function, kept = TARGETS[name].function, [*TARGETS[name].seeds(), *corpus(name)]

    @settings(max_examples=examples, suppress_health_check=list(HealthCheck), database=None)
    @given(st.binary(max_size=400) | st.builds(edited, st.sampled_from(kept), edits))
    def holds(octets):
        with deadline():
            function(octets)

    holds()


@pytest.mark.parametrize("name", TARGETS)
def test_what_is_kept(name):
    for octets in [*TARGETS[name].seeds(), *corpus(name)]:
        with deadline():
            TARGETS[name].function(octets)


@pytest.mark.parametrize("name", TARGETS)
def test_anything(name):
    examine(name, EXAMPLES)


@pytest.mark.long
@pytest.mark.parametrize("name", TARGETS)
def test_anything_at_length(name):
    examine(name, MANY)


@pytest.mark.parametrize("name", TARGETS)
def test_memory_is_bounded(name):
    function, rng = TARGETS[name].function, random.Random(1)
    kept = [*TARGETS[name].seeds(), *corpus(name)]
    inputs = [edited(rng.choice(kept), random_edits(rng)) for _ in range(10)]
    # What is large: nested, one value, many values, ones, alternating bits, flags, noise.
    inputs += [
        b"[" * 20000,
        b"1" * 20000,
        b"[" + b"[]," * 7000 + b"[]]",
        b'{"a":' * 4000,
        b"\0\0\0" + b"\xff" * 20000,
        b"\1\1\0" + b"\xff\1" * 10000,
        b"\1" + b"~" * 20000,
        rng.randbytes(20000),
    ]
    for octets in inputs:
        with deadline():
            used = peak(function, octets)
        assert used < MEMORY + MEMORY_AN_OCTET * len(octets), octets[:20]


def test_the_corpus_is_small_and_of_targets():
    assert {name for name, one in TARGETS.items() if one.guided} == set(RUNS)
    files = [path for path in CORPUS.rglob("*") if path.is_file()]
    assert {path.parent.name for path in files} == set(RUNS)
    assert sum(path.stat().st_size for path in files) < 100_000
