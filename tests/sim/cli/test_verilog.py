"""`v90 verilog`."""

import pytest

import v90
from sim.export.blocks import BLOCKS


@pytest.mark.parametrize("name", BLOCKS)
def test_every_block_becomes_verilog(place, name):
    assert v90.main(["verilog", name, "-o", "block.v"]) == 0
    text = (place / "block.v").read_text()
    assert f"module v90_{name.replace('-', '_')}(" in text
    assert text.startswith("// ")


def test_verilog_channels(place):
    assert v90.main(["verilog", "encoder", "-o", "one.v"]) == 0
    assert v90.main(["verilog", "encoder", "-o", "many.v", "--channels", "30"]) == 0
    assert "[4:0]    channel: 5 bits" in (place / "many.v").read_text()
    assert "[0]      channel: 1 bit" in (place / "one.v").read_text()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["verilog", "adder", "-o", "new.v"], "no block is called adder: there are "),
        (["verilog", "scrambler", "-o", "data"], "data exists"),
        (["verilog", "scrambler", "-o", "new.v", "--channels", "0"], "--channels is 1 to 256"),
        (["verilog", "scrambler", "-o", "new.v", "--channels", "257"], "--channels is 1 to 256"),
        (["verilog", "scrambler", "-o", "new.v", "--channels", "x"], "invalid int value"),
        (["verilog", "decoder", "-o", "new.v", "--channels", "2"], "takes no --channels"),
        (["verilog", "bank", "-o", "new.v", "--channels", "31"], "has room for 30 channels"),
    ],
)
def test_bad_arguments(fails, arguments, sentence):
    assert sentence in fails(2, *arguments)
