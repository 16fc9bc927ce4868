"""An encoder of another implementation, for `check_vectors.py` to hold against the vectors.

    python encoder.py SET OUTPUT

It encodes the vectors encoder/*-S6 of SET, those without spectral shaping (Sr = 0), and writes
their octets under OUTPUT. Plain Python: no NumPy, and nothing of this project. It was written from
docs/vectors.md and clause 5.4 of V.90.
"""

import json
import sys
from pathlib import Path


def encode(parameters, bits, octets):
    """PCM octets of data bits; ``octets``: that of each Ucode with a positive sign."""
    k = parameters["drn"] + {"CP": 20, "CPt": 8}[parameters["type"]] - 6
    line, scrambled = [0] * 23, []
    for bit in bits:  # 5.3: the scrambler GPC
        line = [bit ^ line[17] ^ line[22], *line[:22]]
        scrambled.append(line[0])
    sent, sign = [], 0
    for at in range(0, len(bits), 6 + k):  # a data frame: six sign bits, then K bits
        signs = scrambled[at : at + 6]
        number = sum(bit << n for n, bit in enumerate(scrambled[at + 6 : at + 6 + k]))
        for interval in range(6):
            own = parameters["constellations"][parameters["interval_constellation"][interval]]
            number, label = divmod(number, len(own))  # 5.4.3
            sign ^= signs[interval]  # 5.4.5.1
            octet = octets[own[len(own) - 1 - label]]  # 5.4.4: label 0 is the largest Ucode
            sent.append(octet if sign else octet ^ 0x80)
    return sent


def words(path):
    """The numbers of a hex file."""
    return [int(line, 16) for line in path.read_text().split()]


def main(folder, output):
    """Encode a set's vectors."""
    octets = {law: words(folder / "g711" / f"{law}.octets.hex") for law in ("mu", "A")}
    done = 0
    for entry in json.loads((folder / "manifest.json").read_text())["vectors"]:
        if not (entry["name"].startswith("encoder/") and entry["parameters"]["sr"] == 0):
            continue
        bits = words(folder / entry["arrays"]["bits"]["file"])
        path = output / entry["arrays"]["octets"]["file"]
        path.parent.mkdir(parents=True, exist_ok=True)
        sent = encode(entry["parameters"], bits, octets[entry["parameters"]["law"]])
        path.write_text("".join(f"{octet:02x}\n" for octet in sent))
        done += 1
    print(f"{done} vectors encoded")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:3]))
