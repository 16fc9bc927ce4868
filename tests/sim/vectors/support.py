"""Stimuli and expectations that several tests share."""

import io
import json

import numpy as np


def entries(files):
    """Entries of the manifest in ``files`` by name."""
    return {entry["name"]: entry for entry in json.loads(files["manifest.json"])["vectors"]}


def arrays(files, entry):
    """An entry's arrays by name, from its archive."""
    with np.load(io.BytesIO(files[entry["file"]]), allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files}
