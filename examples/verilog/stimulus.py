"""Write what encoder_tb.sv reads: configuration words, data, and the octets that must come out.

python stimulus.py PARAMETERS.json FOLDER
"""

import sys
from pathlib import Path

import numpy as np

from golden.pcm.encoder import Encoder
from golden.pcm.parameters import MappingParameters
from hdl.pcm.csr import configuration_words

#: Data octets, and PCM octets that are compared: as DATA and OCTETS of the bench.
DATA, OCTETS = 64, 60


def main(parameters, folder):
    """Write the files."""
    p = MappingParameters.from_json(Path(parameters).read_text())
    data = np.random.default_rng(90).integers(256, size=DATA, dtype=np.uint8)
    octets = Encoder(p).process(np.unpackbits(data, bitorder="little"))[:OCTETS]
    files = {
        "words.hex": [f"{word << 6 | address:06x}" for address, word in configuration_words(p)],
        "data.hex": [f"{octet:02x}" for octet in data],
        "octets.hex": [f"{octet:02x}" for octet in octets],
    }
    for name, lines in files.items():
        (Path(folder) / name).write_text("".join(f"{line}\n" for line in lines))


if __name__ == "__main__":
    main(*sys.argv[1:3])
