"""Slicer of the analogue modem: decisions against a table of levels (8.4.5, 9.3.2, 9.4.2/V.90)."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from golden.formats import SOFT
from golden.receiver.slicer import FINE, MOST_LEVELS
from hdl.core.fixed import shape
from hdl.receiver.interfaces import INTERVAL, PCM_MAGNITUDE, PCM_VALUE, SHARE_ABOVE, UCODE

INDEX_BITS = (MOST_LEVELS - 1).bit_length()

#: A value to be sliced, and the level decided.
SLICE = data.StructLayout({"fine": shape(SOFT), "interval": INTERVAL})
SLICED = data.StructLayout({"value": PCM_VALUE, "ucode": UCODE, "above": SHARE_ABOVE})

#: A word for a slicer's tables. Kind 0: a level of an interval, by index, with its Ucode and how
#: far it is above TRN1d's. Kind 1: ``value`` is how many levels the interval has, less 1.
LEVEL_WORD = data.StructLayout(
    {
        "bank": 1,
        "interval": INTERVAL,
        "index": INDEX_BITS,
        "kind": 1,
        "value": PCM_MAGNITUDE,
        "ucode": UCODE,
        "above": SHARE_ABOVE,
    }
)


class Slicer(wiring.Component):
    """Decides fine PCM values on the levels of their data frame interval, by binary search.

    The answer comes 3 * 7 + 4 = 25 cycles after a request is offered, or 1 cycle after it while
    ``training``. The next request may come a cycle after the answer is taken. Words are written
    between answers and requests: a level takes 2 cycles, a number of levels 1, and a request waits
    for that. Bit-exact with :class:`golden.receiver.slicer.Slicer`.

    A bank is a memory of 2048 x 16 with one address for reading and writing, never both at once: an
    SB_SPRAM256KA where synthesis may leave out initial values. After a write its output is
    undefined, so nothing is written during a search.

    Parameters
    ----------
    banks : number of tables, 1 or 2

    Members
    -------
    i : In(stream of SLICE)             a value, fine, and its data frame interval
    o : Out(stream of SLICED)           the level with the value's sign; its Ucode; how far it is
                                        above TRN1d's
    i_write : In(stream of LEVEL_WORD)  words of the tables; an interval's levels ascend
    bank : In(1)                        table to decide by; holds from request to answer
    training : In(1)                    all intervals have one level, and that is TRN1d's
    training_value : In(PCM_MAGNITUDE)  that level; holds from request to answer
    training_ucode : In(UCODE)          its Ucode; holds from request to answer
    """

    latency = 3 * INDEX_BITS + 4

    def __init__(self, banks=2):
        self.banks = banks
        super().__init__(
            {
                "i": In(stream.Signature(SLICE)),
                "o": Out(stream.Signature(SLICED)),
                "i_write": In(stream.Signature(LEVEL_WORD)),
                "bank": In(1),
                "training": In(1),
                "training_value": In(PCM_MAGNITUDE),
                "training_ucode": In(UCODE),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.levels = levels = Memory(
            shape=16, depth=self.banks * 16 * MOST_LEVELS, init=[]
        )
        read, write = levels.read_port(), levels.write_port()
        request, word = self.i.payload, self.i_write.payload
        count, index, below = Signal(INDEX_BITS), Signal(INDEX_BITS), Signal(INDEX_BITS)
        # A level's Ucode is written first, then its value. Row 7 of the intervals has the numbers
        # of levels.
        second = Signal()
        value_next = word.kind | second
        place, ucode = Signal(INDEX_BITS), Signal()
        row = Mux(word.kind, 7, word.interval)
        column = Mux(word.kind, word.interval, word.index)
        counting = Signal()
        # The upper half has the Ucodes. In either half, each bank has a half.
        two = self.banks - 1
        wanted = Cat(
            Mux(counting, request.interval, place),
            Mux(counting, 7, request.interval),
            self.bank.replicate(two),
            ucode,
        )
        idle, writing, done = Signal(), Signal(), Signal()
        m.d.comb += [
            writing.eq(self.i_write.valid & idle),
            self.i_write.ready.eq(value_next & idle),
            write.addr.eq(
                Mux(writing, Cat(column, row, word.bank.replicate(two), ~value_next), wanted)
            ),
            read.addr.eq(write.addr),
            write.data.eq(Mux(value_next, word.value, Cat(word.ucode, word.above))),
            write.en.eq(writing),
            read.en.eq(~writing & ~done),
        ]
        with m.If(writing):
            m.d.sync += second.eq(~value_next)

        # A value is beyond a bound where fine / 8 less the two levels beside the bound is positive;
        # negative values change all signs.
        negative = request.fine[-1]
        first, final = Signal(), Signal()
        invert, carry = Signal(), Signal()
        total, sum_ = Signal(signed(20)), Signal(signed(20))
        level = Mux(self.training, self.training_value, read.data[:15])
        operand = Mux(final, 0, Mux(first, request.fine >> (FINE - 1), total))
        m.d.comb += [
            invert.eq(negative ^ ~final),
            carry.eq(Mux(final | first, invert, request.fine[: FINE - 1].any() & ~negative)),
            sum_.eq(operand + (Cat(level, Const(0, 5)) ^ invert.replicate(20)).as_signed() + carry),
            self.o.payload.value.eq(total),
            self.o.payload.ucode.eq(Mux(self.training, self.training_ucode, read.data)),
            self.o.payload.above.eq(Mux(self.training, 0, read.data[7:])),
            self.o.valid.eq(done),
        ]
        candidate = index | (Cat(1, below)[:INDEX_BITS] & ~below)
        with m.FSM():
            with m.State("IDLE"):
                m.d.comb += [idle.eq(1), counting.eq(1), final.eq(self.training)]
                m.d.sync += total.eq(sum_)
                with m.If(self.i.valid & self.training):
                    m.d.comb += self.i.ready.eq(1)
                    m.next = "DONE"
                with m.Elif(self.i.valid & ~writing):
                    m.next = "COUNT"
            with m.State("COUNT"):
                m.d.sync += [count.eq(read.data), index.eq(0), below.eq(MOST_LEVELS // 2 - 1)]
                m.next = "BELOW"
            with m.State("BELOW"):
                m.d.comb += place.eq(index | below)
                m.next = "ABOVE"
            with m.State("ABOVE"):
                m.d.comb += [place.eq(candidate), first.eq(1)]
                m.d.sync += total.eq(sum_)
                m.next = "DECIDE"
            with m.State("DECIDE"):
                with m.If((sum_[-1] == negative) & (candidate <= count)):
                    m.d.sync += index.eq(candidate)
                m.d.sync += below.eq(below >> 1)
                m.next = "BELOW"
                with m.If(below == 0):
                    m.next = "VALUE"
            with m.State("VALUE"):
                m.d.comb += place.eq(index)
                m.next = "UCODE"
            with m.State("UCODE"):
                m.d.comb += [place.eq(index), ucode.eq(1), final.eq(1), self.i.ready.eq(1)]
                m.d.sync += total.eq(sum_)
                m.next = "DONE"
            with m.State("DONE"):
                m.d.comb += done.eq(1)
                with m.If(self.o.ready):
                    m.next = "IDLE"
        return m
