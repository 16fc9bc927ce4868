"""Fixtures that tests of several packages of golden share."""

import json

import numpy as np
import pytest

from golden.signals.sequences import DIL


@pytest.fixture
def dil_call(real_call):
    """``(call.json, octets from DIL to TRN2d, Ja)`` where octets arrived as sent."""
    facts = json.loads((real_call / "call.json").read_text())
    if "bit-exactly" not in facts["note"]:
        pytest.skip("the network of this call changes octets")
    where = facts["samples"]
    octets = np.fromfile(real_call / "down.al", np.uint8)[where["dil"] : where["trn2d"]]
    return facts, octets, DIL.parse([int(bit) for bit in facts["ja"]["bits"]])
