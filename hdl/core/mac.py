"""The shared multiplier: 16x16 signed, one of each family's DSP cells."""

from amaranth.hdl import Module, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

#: A port to a multiplier that is shared, seen from its user.
MULTIPLY = wiring.Signature({"a": Out(signed(16)), "b": Out(signed(16)), "product": In(signed(32))})


class Multiplier(wiring.Component):
    """Product of two 16-bit signed numbers, registered.

    One product per cycle, latency 1 cycle. Maps onto one SB_MAC16, MULT18X18D or Gowin MULT18X18.

    Members
    -------
    a, b : In, signed(16)
    product : Out, signed(32), of the cycle before.
    """

    latency = 1

    def __init__(self):
        super().__init__({"a": In(signed(16)), "b": In(signed(16)), "product": Out(signed(32))})

    def elaborate(self, platform):
        m = Module()
        # Without reset, so that it becomes the DSP cell's own output register.
        product = Signal(signed(32), reset_less=True)
        m.d.sync += product.eq(self.a * self.b)
        m.d.comb += self.product.eq(product)
        return m
