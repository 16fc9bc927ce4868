"""Fixtures of this package."""

import pytest

from tests.golden.modem.support import ja


@pytest.fixture
def asked(rng):
    """Fields of a DIL descriptor, and Ja that asks for it."""
    return ja(rng)
