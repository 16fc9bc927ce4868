"""Fixtures that all tests share: the real calls, and a random generator with a seed to repeat."""

import os
import zlib
from pathlib import Path

import hypothesis
import numpy as np
import pytest

from tests.support import ROOT

# The same examples on every run, so that a change is judged by itself and not by luck; no deadline,
# because the time of one example says more about the machine than about the code.
hypothesis.settings.register_profile("repeatable", derandomize=True, deadline=None)
hypothesis.settings.load_profile("repeatable")

REAL_CALLS = Path(os.environ.get("V90_REAL_CALLS") or ROOT.parent / "shared" / "real-calls")
NO_REAL_CALLS = f"no real calls in {REAL_CALLS} (V90_REAL_CALLS names another folder)"


def _names():
    return sorted(path.parent.name for path in REAL_CALLS.glob("*/call.json"))


@pytest.fixture
def real_calls():
    """Folder of the real calls, one folder each; skips where it is absent."""
    if not _names():
        pytest.skip(NO_REAL_CALLS)
    return REAL_CALLS


def pytest_collection_modifyitems(items):
    """Skip long tests but for V90_LONG; keep the tests of a file that compiles in one process.

    They compile the same components, which two processes would do at the same time.
    """
    for item in items:
        where = item.path.relative_to(ROOT / "tests")
        if where.parts[0] in ("hdl", "boards", "sim"):
            item.add_marker(pytest.mark.xdist_group(where.with_suffix("").as_posix()))
    if not os.environ.get("V90_LONG"):
        skip = pytest.mark.skip(reason="long: `make long` or `make formal` has it")
        for item in items:
            if item.get_closest_marker("long"):
                item.add_marker(skip)


def pytest_generate_tests(metafunc):
    """Run a test that takes `real_call` once for each call, given its folder."""
    if "real_call" in metafunc.fixturenames:
        calls = [pytest.param(REAL_CALLS / name, id=name) for name in _names()]
        absent = pytest.param(None, id="absent", marks=pytest.mark.skip(reason=NO_REAL_CALLS))
        metafunc.parametrize("real_call", calls or [absent])


@pytest.fixture
def rng(request):
    """NumPy generator whose seed is the test's own, or V90_SEED; a failing test shows it."""
    # Its group, where there are several processes, is not part of a test's name.
    name = request.node.nodeid.partition("@")[0]
    seed = int(os.environ.get("V90_SEED") or zlib.crc32(name.encode()))
    print(f"V90_SEED={seed}")
    return np.random.default_rng(seed)
