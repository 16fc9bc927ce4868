"""Check what another implementation makes against a set of `v90 vectors` (docs/vectors.md).

    python check_vectors.py SET OUTPUT [KIND...]

OUTPUT has, for each vector of a kind (encoder, where none is given), its `out` arrays under the
names that they have in the set, such as encoder/CP-K15-S6.octets.hex: a hexadecimal word a line.
A KIND may be a pattern of names instead: "encoder/*-S6" stands for those without spectral shaping.
Exit status: 0 all are equal, 1 one differs or is missing, 2 the input is bad.
"""

import hashlib
import json
import sys
from fnmatch import fnmatchcase
from pathlib import Path

import numpy as np


def main(folder, output, kinds):
    manifest = json.loads((folder / "manifest.json").read_text())
    if not manifest["version"].startswith("1."):
        raise ValueError(f"{folder} has version {manifest['version']}, and this reads 1")
    for item in (i for e in manifest["vectors"] for i in (e, *e["arrays"].values())):
        if hashlib.sha256((folder / item["file"]).read_bytes()).hexdigest() != item["sha256"]:
            raise ValueError(f"{folder / item['file']} has another SHA-256 than the manifest says")
    patterns = [kind if "/" in kind else f"{kind}/*" for kind in kinds]
    chosen = [e for e in manifest["vectors"] if any(fnmatchcase(e["name"], p) for p in patterns)]
    if not chosen or not output.is_dir():
        raise ValueError(f"{output} is no folder, or there are no vectors of {', '.join(kinds)}")
    good = 0
    for entry in chosen:
        out = {name: a for name, a in entry["arrays"].items() if a["role"] == "out"}
        with np.load(folder / entry["file"]) as archive:
            wrong = [compare(archive[name], a, output / a["file"]) for name, a in out.items()]
        print(f"{entry['name']}: {'; '.join(filter(None, wrong)) or 'equal'}")
        good += not any(wrong)
    print(f"{good} of {len(chosen)} vectors are equal")
    return int(good < len(chosen))


def compare(wanted, array, path):
    if not path.is_file():
        return f"{path} is missing"
    try:
        got = np.array([int(word, 16) for word in path.read_text().split()], np.int64)
    except (ValueError, OverflowError):
        raise ValueError(f"{path} has something that is no hexadecimal word") from None
    wanted = wanted.astype(np.int64).ravel() & ((1 << array["width"]) - 1)  # two's complement
    both = min(len(got), len(wanted))
    if (differ := np.flatnonzero(got[:both] != wanted[:both])).size:
        place = list(map(int, np.unravel_index(differ[0], array["shape"])))
        return f"{path} has {got[differ[0]]:x} at {place}, not {wanted[differ[0]]:x}"
    return f"{path} has {len(got)} words, not {len(wanted)}" if len(got) != len(wanted) else None


if __name__ == "__main__":
    try:
        sys.exit(main(*map(Path, sys.argv[1:3]), sys.argv[3:] or ["encoder"]))
    except (json.JSONDecodeError, KeyError, TypeError, AttributeError):
        sys.exit(print("check_vectors: SET is no set, or OUTPUT is missing", file=sys.stderr) or 2)
    except (ValueError, OSError) as error:
        sys.exit(print(f"check_vectors: {error}", file=sys.stderr) or 2)
