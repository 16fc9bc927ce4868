"""Stimuli that several tests of this package share."""

import json

import numpy as np
import pytest

from golden.signals.sequences import DIL


def dil_fields(rng, n, lsp, ltp):
    """Fields of a DIL whose segments are up to 120 symbols."""
    return {
        "training_ucodes": rng.integers(0, 128, n).tolist(),
        "sign_pattern": rng.integers(0, 2, lsp).tolist(),
        "training_pattern": rng.integers(0, 2, ltp).tolist(),
        "H": rng.integers(0, 20, 8).tolist(),
        "REF": rng.integers(0, 128, 8).tolist(),
    }


@pytest.fixture
def dil_call(real_call):
    """``(call.json, octets from DIL to TRN2d, Ja)`` where octets arrived as sent."""
    facts = json.loads((real_call / "call.json").read_text())
    if "bit-exactly" not in facts["note"]:
        pytest.skip("the network of this call changes octets")
    where = facts["samples"]
    octets = np.fromfile(real_call / "down.al", np.uint8)[where["dil"] : where["trn2d"]]
    return facts, octets, DIL.parse([int(bit) for bit in facts["ja"]["bits"]])


def descriptor(rng, n=5, lsp=7, ltp=9, most_h=4):
    return {
        "segments": n,
        "sign_length": lsp - 1,
        "training_length": ltp - 1,
        "training_ucodes": rng.integers(0, 128, n).tolist(),
        "sign_pattern": rng.integers(0, 2, lsp).tolist(),
        "training_pattern": rng.integers(0, 2, ltp).tolist(),
        "H": rng.integers(0, most_h, 8).tolist(),
        "REF": rng.integers(0, 128, 8).tolist(),
    }
