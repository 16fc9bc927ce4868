"""The equaliser's accumulator: what is done with a sum of products (9.3.2/V.90)."""

from enum import IntEnum

from amaranth.hdl import Cat, Const, Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from golden.formats import SOFT


class Step(IntEnum):
    """What the accumulator does in a cycle, besides keeping what it has."""

    KEEP = 0
    ADD_PRODUCT = 1
    ADD_WORD = 2
    ADD_CARRY = 3
    LESS_ONE = 4
    ZEROS = 5
    ONES = 6
    DOUBLE = 7
    SIXTEENTH = 8
    FIT_16 = 9
    FIT_SOFT = 10
    FIT_32 = 11


class Accumulator(wiring.Component):
    """A sum that can be shifted, rounded and saturated, one step a cycle.

    Shifts right by n are doublings up to the next multiple of 4, then sixteenths. ``carry`` is the
    last bit that a sixteenth cut off, so that adding it rounds half up. Sums of products are below
    2**37, which leaves room for three doublings. Nothing doubles from 2**39 on: only shifts to the
    left come there, and what has does not fit a tap.

    Members
    -------
    do : In(Step); product : In(signed(32)); word : In(signed(32)); total : Out(signed(42))
    plus_one : In(1), what ADD_WORD adds besides carry
    rounding : In(1), 0 forgets carry
    """

    WIDTH = 42

    def __init__(self):
        super().__init__(
            {
                "do": In(Step),
                "product": In(signed(32)),
                "word": In(signed(32)),
                "plus_one": In(1),
                "rounding": In(1),
                "total": Out(signed(self.WIDTH)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        total, do = Signal(signed(self.WIDTH), reset_less=True), self.do
        carry = Signal()
        m.d.comb += self.total.eq(total)
        # Bits above 31, from 21 to 30, from 15 to 20: alike where a number fits 32, 22, 16 bits.
        negative = total[-1]
        soft = SOFT.width - 1
        parts = [total[:15], total[15:soft], total[soft:31], total[31:]]
        alike = [part == negative.replicate(len(part)) for part in parts]
        fits, ends = Signal(), Signal(4)
        load, constant = Signal(), Signal()
        select = Signal(4)
        with m.Switch(do):
            for case, kept in ((Step.FIT_16, 1), (Step.FIT_SOFT, 2), (Step.FIT_32, 3)):
                with m.Case(case):
                    m.d.comb += [
                        fits.eq(Cat(alike[kept:]).all()),
                        ends.eq(Cat(Const(1).replicate(kept), Const(0, 4 - kept))),
                    ]
        fitting = do >= Step.FIT_16
        shifting = (do == Step.DOUBLE) | (do == Step.SIXTEENTH)
        m.d.comb += [
            load.eq(fitting | shifting | (do == Step.ZEROS) | (do == Step.ONES)),
            constant.eq((load & ~shifting) | (do == Step.LESS_ONE) | (do == Step.ADD_CARRY)),
            select.eq(
                Mux(
                    fitting,
                    ends ^ negative.replicate(4),
                    (shifting | (do == Step.ONES) | (do == Step.LESS_ONE)).replicate(4),
                )
            ),
        ]
        # One look-up table a bit for each of these, and one for the sum.
        chosen = Cat(select[n].replicate(len(part)) for n, part in enumerate(parts))
        shifted = Mux(do == Step.DOUBLE, total << 1, total >> 4)[: self.WIDTH]
        added = Mux(do == Step.ADD_WORD, self.word, self.product)
        operand = Signal(signed(self.WIDTH))
        for n in range(self.WIDTH):
            source = Mux(chosen[n], shifted[n], added[min(n, 31)])
            m.d.comb += operand[n].eq(Mux(constant, chosen[n], source))
        rounds = (do == Step.ADD_WORD) | (do == Step.ADD_CARRY)
        one = rounds & (carry | self.plus_one)
        full = (do == Step.DOUBLE) & (total[-3:-1] != negative.replicate(2))
        with m.If((do != Step.KEEP) & ~full & ~(fitting & fits)):
            m.d.sync += total.eq(Mux(load, operand, total + operand + one))
        m.d.sync += carry.eq(self.rounding & Mux(do == Step.SIXTEENTH, total[3], carry))
        return m
