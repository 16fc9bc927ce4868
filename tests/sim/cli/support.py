"""Files and parameters that the tests of commands share."""

import json

import numpy as np

from tests.support import EXAMPLES

DATA = np.random.default_rng(3).bytes(1000)


def contents(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def parameters(**changes):
    values = json.loads((EXAMPLES / "45333.json").read_text())
    return json.dumps({**values, **changes})
