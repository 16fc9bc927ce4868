"""Folders of recorded calls: octets in ``down.al`` (A-law), and in ``call.json`` what is known.

That is where signals begin, in symbols, how many Jd and MP there are, U_INFO as asked for and as it
arrived, the rate, the bits of Ja, CPt and CP, and in a note what the network did.
"""

import json
from dataclasses import dataclass

import numpy as np

from golden.errors import V90Error

#: What ``call.json`` must have, and of which type; what nobody knows of a call may be null.
_FACTS = {
    "note": str,
    "server_law": str,
    "u_info_requested": int,
    "u_info_received": int,
    "jd_frames": int,
    "mp_frames": int,
    "downstream_rate": int,
    "samples": dict,
    "ja": dict,
    "cpt": dict,
    "cp": dict,
}

_UNKNOWN = ("downstream_rate", "cpt", "cp", "b1d")

#: Signals and lengths of ``samples``.
_SAMPLES = ("sd", "trn1d", "trn1d_symbols", "jd", "dil", "ri", "trn2d", "b1d")


@dataclass(frozen=True)
class Call:
    """A call: the folder's ``name``, ``facts`` of call.json, ``octets`` (uint8) of the server."""

    name: str
    facts: dict
    octets: np.ndarray

    @property
    def clean(self):
        """Whether the network left the octets as the server sent them."""
        return "bit-exactly" in self.facts["note"]


def read(folder):
    """The :class:`Call` in a folder.

    Raises :class:`~golden.errors.V90Error` where one of its files is missing, or call.json is none.
    """
    path = folder / "call.json"
    try:
        facts = json.loads(path.read_bytes())
        octets = np.frombuffer((folder / "down.al").read_bytes(), np.uint8)
    except OSError as error:
        raise V90Error(f"{error.filename}: {error.strerror}") from None
    except (ValueError, RecursionError):
        raise V90Error(f"{path} is no JSON") from None
    if not isinstance(facts, dict):
        raise V90Error(f"{path} is no object")
    for key, kind in _FACTS.items():
        if type(value := facts.get(key)) is not kind and not _unknown(key, value):
            raise V90Error(f"{path} has no {key}, or not as {kind.__name__}")
    for key in _SAMPLES:
        at = facts["samples"].get(key)
        if not (type(at) is int and 0 <= at <= len(octets)) and not _unknown(key, at):
            raise V90Error(f"{path} has no samples.{key}, or not from 0 to {len(octets)}")
    for key in ("ja", "cpt", "cp"):
        bits = "0" if facts[key] is None else facts[key].get("bits")
        if not isinstance(bits, str) or not bits or bits.strip("01"):
            raise V90Error(f"{path} has no {key}.bits, or not as zeros and ones")
    if facts["server_law"] not in ("A", "mu"):
        raise V90Error(f"{path} has a server_law that is neither A nor mu")
    for key in ("u_info_requested", "u_info_received"):
        if not 0 <= facts[key] <= 127:
            raise V90Error(f"{path} has a {key} that is no Ucode")
    return Call(folder.name, facts, octets)


def _unknown(key, value):
    return value is None and key in _UNKNOWN


def calls(folder):
    """Every :class:`Call` below a folder, by name."""
    return [read(path.parent) for path in sorted(folder.glob("*/call.json"))]
