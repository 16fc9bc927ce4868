"""The states in which an equaliser does a sum: a row of its program, from BEGIN to STORE."""

from amaranth.hdl import Cat, Const, Mux, Signal, signed

from golden.receiver.timing import HALVES
from hdl.receiver.accumulator import Accumulator, Step
from hdl.receiver.equalizer_memory import Place, Region, SampleMemory, TapMemory
from hdl.receiver.equalizer_program import AfterSum, Sum, Walk


class Sums:
    """Accumulator, memories and registers of an equaliser, and the states that use them for sums.

    The states go on from MULTIPLY, the first product, over DRAIN, SHIFT and SATURATE to STORE. A
    sum begins with BEGIN, where it starts from zero, or in a later state.

    Parameters
    ----------
    forward, feedback : numbers of taps
    """

    def __init__(self, forward, feedback):
        self.forward, self.feedback = forward, feedback
        self.accumulator = Accumulator()
        self.taps, self.samples = TapMemory(forward + feedback), SampleMemory()
        #: The sum in turn, a row of the program; tap and half symbol in turn.
        self.sum, self.tap, self.half = Signal(Sum), Signal(7), Signal(4)
        #: Places that are left to be shifted to the right.
        self.shift = Signal(signed(7))
        #: The data frame's symbols are known.
        self.known = Signal()
        #: A product was asked for in the cycle before: its factors are there now.
        self.issued = Signal()

    def at(self, *sums):
        """One of these is the sum in turn."""
        return Cat(self.sum == one for one in sums).any()

    def go(self, m, following, state):
        """Go on with another sum in a state."""
        m.d.sync += self.sum.eq(following)
        m.next = state

    def place(self, m, place):
        """Read or write this word of the tap memory."""
        m.d.comb += [self.taps.placed.eq(1), self.taps.place.eq(place)]

    def next_half(self, m, by):
        """Go on to another half symbol of the data frame."""
        after = self.half + by
        m.d.sync += self.half.eq(Mux(after[4], 4, after))

    @property
    def _last_tap(self):
        back = self.at(Sum.BACK, Sum.ADAPT_BACK)
        end = Mux(back, self.forward + self.feedback, self.forward)
        return self.tap == end - 1

    def default_places(self, m, row):
        """Where to read and write, where a state says nothing else."""
        taps, samples = self.taps, self.samples
        m.d.comb += [
            taps.tap.eq(self.tap),
            taps.place.eq(Cat(self.half[1:], Const(0, 1))),
            samples.half.eq(self.half),
            samples.region.eq(row.region),
            samples.before.eq(row.before),
            samples.step.eq(row.step),
            samples.value.eq(self.accumulator.total),
            samples.hold.eq(1),
        ]

    def begin(self, m, frame, known, adapting):
        """A state that begins a sum from zero, or leaves it zero where it must not count.

        ``frame``: FrameSettings; ``known``: KnownSymbols; ``adapting``: taps move.
        """
        with m.State("BEGIN"):
            m.d.comb += [self.samples.start.eq(1), self.accumulator.do.eq(Step.ZEROS)]
            with m.If(self.at(Sum.FORWARD, Sum.ENERGY)):
                m.d.sync += self.tap.eq(0)
            with m.If(self.at(Sum.ADAPT_ERROR)):
                m.d.sync += self.half.eq(6)
            m.next = "MULTIPLY"
            with m.If(self.known & self.at(Sum.FORWARD)):
                m.d.comb += known.next.eq(1)
                with m.If(~known.sign):
                    m.d.comb += self.accumulator.do.eq(Step.ONES)
                self.go(m, Sum.BACK, "ASK")
            with m.If(self.at(Sum.SLOPE, Sum.FREQUENCY) & ~adapting):
                m.next = "STORE"
            with m.If(self.at(Sum.ADAPT_DRIFT) & frame.guess):
                m.next = "DRAIN"

    def multiply(self, m, row, hurry):
        """States that ask for the factors of products, a product a cycle where no sample comes."""
        samples = self.samples
        with m.State("MULTIPLY"), m.If(~samples.taken):
            m.d.comb += samples.move.eq(1)
            m.d.sync += self.issued.eq(1)
            ends = Signal()
            with m.Switch(row.walk):
                with m.Case(Walk.TAPS):
                    m.d.sync += self.tap.eq(self.tap + 1)
                    m.d.comb += ends.eq(self._last_tap)
                with m.Case(Walk.ONE):
                    self.place(m, row.factor)
                    m.d.comb += ends.eq(1)
                with m.Case(Walk.SYMBOLS):
                    m.d.comb += self.taps.placed.eq(1)
                    self.next_half(m, 2)
                    m.d.comb += ends.eq(self.half[1:] == HALVES // 2 + 1)
            with m.If(ends):
                m.next = "DRAIN"
                with m.If(row.grows):
                    m.next = "GROW"
        # Two products more: with the coarse value, then with the error of the symbol before.
        with m.State("GROW"):
            self.place(m, Place.DRIFT_TAP)
            m.d.comb += [samples.region.eq(Region.COARSE), samples.before.eq(0)]
            with m.If(~samples.taken):
                m.d.sync += self.issued.eq(1)
                m.next = "STEER"
        with m.State("STEER"):
            back = self.at(Sum.BACK)
            self.place(m, Mux(back, Place.ERROR_TAP, hurry))
            m.d.comb += [samples.region.eq(Region.ERRORS), samples.before.eq(back)]
            with m.If(~samples.taken):
                m.d.sync += self.issued.eq(1)
                m.next = "DRAIN"
        with m.State("DRAIN"):
            m.d.comb += samples.busy.eq(1)
            m.d.sync += self.shift.eq(row.shift)
            self._place_added(m, row)
            with m.If(~self.issued):
                m.next = "SHIFT"
                with m.Switch(self.sum):
                    with m.Case(Sum.SYMBOL):
                        m.next = "PAIR"
                    with m.Case(Sum.ENERGY):
                        m.next = "MEASURE"

    def _place_added(self, m, row):
        """Read the word that is added to the sum: the tap in turn, or another."""
        with m.If(~row.of_tap):
            self.place(m, row.added)

    def narrow(self, m, row, still):
        """States that shift, round, add a word and saturate."""
        accumulator, shift = self.accumulator, self.shift
        with m.State("SHIFT"):
            m.d.comb += accumulator.rounding.eq(1)
            self._place_added(m, row)
            with m.If(shift[:2].any() | shift[-1]):
                m.d.comb += accumulator.do.eq(Step.DOUBLE)
                m.d.sync += shift.eq(shift + 1)
            with m.Elif(shift.any()):
                m.d.comb += accumulator.do.eq(Step.SIXTEENTH)
                m.d.sync += shift.eq(shift - 4)
            with m.Else():
                m.d.comb += accumulator.do.eq(row.rounds)
                m.next = "SATURATE"
        with m.State("SATURATE"):
            self.place(m, Place.ODD)
            m.d.comb += accumulator.do.eq(row.fits)
            negative = self.at(Sum.ADAPT_DRIFT) & accumulator.total[-1]
            with m.If(negative | (self.at(Sum.ADAPT_DRIFT, Sum.FOLLOW) & still)):
                m.d.comb += accumulator.do.eq(Step.ZEROS)
            m.next = "STORE"

    def store(self, m, row, correction):
        """A state that puts a sum where it belongs, and begins the next one."""
        samples, taps, accumulator = self.samples, self.taps, self.accumulator
        with m.State("STORE"):
            with m.If(~row.of_tap):
                self.place(m, row.to)
            m.d.comb += [
                taps.write.eq(row.to_taps),
                taps.invert.eq(row.invert),
                samples.region.eq(row.into),
                samples.before.eq(0),
                samples.write.eq(row.to_samples),
            ]
            m.d.sync += self.sum.eq(row.next)
            with m.Switch(row.then):
                for then in AfterSum:
                    with m.Case(then):
                        m.next = then.name
            with m.Switch(self.sum):
                with m.Case(Sum.FORWARD):
                    # The complement of the odd sum before is in the word, and one is lacking.
                    with m.If(self.half[0]):
                        m.d.comb += [accumulator.plus_one.eq(1), accumulator.do.eq(Step.ADD_WORD)]
                with m.Case(Sum.ERROR):
                    m.d.comb += samples.value.eq(~accumulator.total)
                with m.Case(Sum.CHANGE):
                    self.next_half(m, 1)
                with m.Case(Sum.SLOPE):
                    m.d.comb += correction.phase.eq(1)
                with m.Case(Sum.FREQUENCY):
                    m.d.comb += correction.frequency.eq(1)
                with m.Case(Sum.ADAPT_FORWARD, Sum.ADAPT_BACK):
                    m.d.comb += accumulator.do.eq(Step.ZEROS)
                    m.d.sync += self.tap.eq(self.tap + 1)
                    with m.If(~self._last_tap):
                        self.go(m, self.sum, "MULTIPLY")
