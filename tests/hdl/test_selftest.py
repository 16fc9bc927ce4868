"""The self-test as a whole, against the model: what is decided, counted and reported."""

from pathlib import Path

import numpy as np
import pytest
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from golden import g711, selftest
from golden.errors import V90Error
from golden.generator import Generator
from golden.parameters import INTERVALS, MappingParameters
from golden.selftest import LEAST_TRN1D
from hdl.receiver import DECISION
from hdl.selftest import Selftest
from sim.gateware import Gateware
from tests.golden.test_emulator import response_of
from tests.hdl.support import check_refused

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"

CLOCK, BAUD, REPORT = 8_000_000, 1_000_000, 3000

#: Fewer taps than a receiver has as a rule, and the shortest TRN1d.
OPTIONS = {"forward": 32, "feedback": 17, "trn1d": LEAST_TRN1D + 3}


class Watched(wiring.Component):
    """A self-test whose inner signals are streams."""

    def __init__(self, block):
        self.block = block
        lamps = ("sync", "data", "error", "tx", "report_strobe")
        self.lamps = lamps
        super().__init__(
            {
                "restart": In(1), "cut": In(1), **{name: Out(1) for name in lamps},
                "octet": Out(stream.Signature(8)),
                "sample": Out(stream.Signature(block.sample.shape())),
                "decision": Out(stream.Signature(DECISION)),
            }
        )  # fmt: skip

    def elaborate(self, platform):
        from amaranth.hdl import Module

        m = Module()
        m.submodules.block = block = self.block
        m.d.comb += [
            block.restart.eq(self.restart), block.cut.eq(self.cut),
            *(getattr(self, name).eq(getattr(block, name)) for name in self.lamps),
            self.octet.payload.eq(block.octet), self.octet.valid.eq(block.octet_strobe),
            self.sample.payload.eq(block.sample), self.sample.valid.eq(block.sample_strobe),
            self.decision.payload.eq(block.decision), self.decision.valid.eq(block.decided),
        ]  # fmt: skip
        return m


def texts_of(tx):
    """What a UART said: the lines, and the cycle in which each began."""
    bit, at, octets = CLOCK // BAUD, 0, []
    falls = np.flatnonzero((tx[:-1] == 1) & (tx[1:] == 0)) + 1
    for fall in falls:
        if fall < at:
            continue
        bits = tx[fall + bit // 2 + bit * np.arange(10)]
        assert bits[0] == 0 and bits[9] == 1
        octets.append((fall, int(bits[1:9] @ (1 << np.arange(8)))))
        at = fall + 9 * bit
    lines, begin = [], 0
    for number, (_, octet) in enumerate(octets):
        if octet == ord("\n"):
            text = bytes(one for _, one in octets[begin : number + 1])
            lines.append((octets[begin][0], text))
            begin = number + 1
    return lines
