"""The equaliser's accumulator: a sum of products that is shifted and rounded (9.3.2/V.90)."""

from enum import IntEnum

from amaranth.hdl import Cat, Const, Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from golden.formats import SOFT
from hdl.core.mac import PRODUCT_SHAPE
from hdl.receiver.interfaces import TAP_WORD


class Step(IntEnum):
    """Operations of the accumulator, one a cycle.

    FIT saturates to 16 bits, to SOFT and to 32 bits. LESS_ONE adds all ones.
    """

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

    A shift to the right by n is doublings up to the next multiple of 4, then sixteenths. The carry
    is the last bit that a sixteenth cuts off; adding it rounds half up. Sums of products are below
    2**37, so three doublings fit. A sum of 2**39 and more does not double any further: only shifts
    to the left get there, and such a sum fits no tap anyway.

    Members
    -------
    do : In(Step)                 the operation
    product : In(PRODUCT_SHAPE)   for ADD_PRODUCT
    word : In(TAP_WORD)           for ADD_WORD, with the carry
    plus_one : In(1)              ADD_WORD adds 1 where there is no carry
    rounding : In(1)              keep the carry; 0 forgets it
    total : Out(signed(WIDTH))    the sum
    """

    WIDTH = 42

    def __init__(self):
        super().__init__(
            {
                "do": In(Step),
                "product": In(PRODUCT_SHAPE),
                "word": In(TAP_WORD),
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
        # Bits from 31 on, from 21 to 30, from 15 to 20 are all equal to the sign in a number that
        # fits 32, 22, 16 bits.
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
        # Each of these takes one look-up table a bit, and so does the sum.
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
