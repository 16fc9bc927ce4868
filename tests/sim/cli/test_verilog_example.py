"""The exported Verilog in a plain Verilog bench, as examples/verilog has it."""

import subprocess

import numpy as np

from golden.pcm.encoder import Encoder
from golden.pcm.parameters import INTERVALS, MappingParameters
from hdl.pcm.csr import configuration_words
from tests.support import EXAMPLES
from v90 import main

#: As the bench's parameters.
WORDS, DATA, OCTETS = 58, 64, 60


def test_encoder_in_a_verilog_bench(tmp_path, rng):
    p = MappingParameters.from_json((EXAMPLES / "45333.json").read_text())
    words, data = configuration_words(p), rng.integers(256, size=DATA, dtype=np.uint8)
    assert len(words) == WORDS and 8 * DATA >= OCTETS // INTERVALS * p.data_bits
    (tmp_path / "words.hex").write_text(
        "".join(f"{word << 6 | address:06x}\n" for address, word in words)
    )
    (tmp_path / "data.hex").write_text("".join(f"{octet:02x}\n" for octet in data))
    assert main(["verilog", "encoder", "-o", str(tmp_path / "encoder.v")]) == 0
    for command in (
        [
            "iverilog",
            "-g2005",
            "-o",
            "bench",
            str(EXAMPLES / "verilog" / "encoder_tb.v"),
            "encoder.v",
        ],
        ["vvp", "-n", "bench"],
    ):
        subprocess.run(command, cwd=tmp_path, check=True, timeout=300)
    octets = [int(line, 16) for line in (tmp_path / "octets.hex").read_text().split()]
    bits = np.unpackbits(data, bitorder="little")
    expected = Encoder(p).process(bits)[:OCTETS]
    assert octets == expected.tolist() and len(set(octets)) > 10
