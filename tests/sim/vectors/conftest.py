"""The whole set of vectors, made once a module."""

import pytest

from sim.vectors import manifest as vectors
from tests.sim.vectors.support import entries


@pytest.fixture(scope="module")
def files():
    return vectors.make()


@pytest.fixture(scope="module")
def manifest(files):
    return entries(files)
