"""Ucodes to G.711 octets and to linear values (Table 1/V.90); see ``golden.pcm.g711``."""

from amaranth.hdl import Cat, Const, Module, Mux
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from golden import formats

#: A law as a bit: CP's codec type (bit 35 of Table 14/V.90).
LAW_BITS = {"mu": 0, "A": 1}


def octet(ucode, sign, law):
    """The PCM octet (an 8-bit value) of a 7-bit Ucode, a sign bit (1 positive) and a law bit."""
    return Cat(ucode ^ Mux(law, Const(0x55, 7), Const(0x7F, 7)), sign)


def linear(ucode, law):
    """A quarter of the linear value (13 bits, ``golden.formats.LINEAR`` without its sign)."""
    step, segment = ucode[:4], ucode[4:7]
    # A-law's lowest segment has the step of the second one, and no hidden bit.
    lowest = law & (segment == 0)
    mantissa = Cat(Const(1, 1), step, ~lowest)
    value = mantissa << Mux(lowest, 1, segment)
    return (value - Mux(law, 0, 33))[: formats.LINEAR.integer]


class Codeword(wiring.Component):
    """A Ucode's octet and linear value (Table 1/V.90) as a combinational block.

    Latency 0. Bit-exact with :func:`golden.pcm.g711.octet` and a quarter of
    :func:`golden.pcm.g711.linear`.

    Members
    -------
    ucode : In(7)     a Ucode
    sign : In(1)      1 positive
    law : In(1)       1 A-law
    octet : Out(8)    the PCM octet
    linear : Out(13)  a quarter of the linear value, without its sign
    """

    latency = 0

    def __init__(self):
        super().__init__(
            {
                "ucode": In(7),
                "sign": In(1),
                "law": In(1),
                "octet": Out(8),
                "linear": Out(formats.LINEAR.integer),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.d.comb += [
            self.octet.eq(octet(self.ucode, self.sign, self.law)),
            self.linear.eq(linear(self.ucode, self.law)),
        ]
        return m
