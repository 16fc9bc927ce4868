"""R and its reversal found in the signs of data frames (8.6.4/V.90)."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from golden.pcm.parameters import INTERVALS
from golden.receiver import reversal as golden


class RDetector(wiring.Component):
    """Finds R, and R-bar behind it, in the signs of data frames (8.6.4).

    Bit-exact with :class:`golden.receiver.reversal.RDetector` for one line.

    Members
    -------
    sign : In(1), 1 positive, with strobe : In(1): the symbols of data frames, the first of one
        first; two cycles or more from a data frame's last to the next one
    restart : In(1), know of nothing; the next symbol is a data frame's first
    sure, turned : Out(1), whether R is sure with the last whole data frame, and whether that was
        the last of R_BAR_FRAMES: from ``latency`` = 2 cycles after the strobe of its last symbol
        until the next one's, or until ``restart``
    """

    latency = 2

    sign: In(1)
    strobe: In(1)
    restart: In(1)
    sure: Out(1)
    turned: Out(1)

    def elaborate(self, platform):
        m = Module()
        place, whole = Signal(range(INTERVALS)), Signal()
        # Whether all signs of the data frame were those of R so far, and those of R-bar.
        r, r_bar = Signal(init=1), Signal(init=1)
        # Data frames in a row that are alike, as many as matter, and whether they are R; whether
        # there is something that lasts, and whether that is R.
        run, run_r = Signal(range(golden.R_FRAMES + 1)), Signal()
        heard, heard_r = Signal(), Signal()
        last = place == INTERVALS - 1
        m.d.sync += whole.eq(self.strobe & last)
        with m.If(self.strobe):
            fits = self.sign == (place < INTERVALS // 2)
            m.d.sync += [
                place.eq(Mux(last, 0, place + 1)),
                r.eq(fits & (r | (place == 0))),
                r_bar.eq(~fits & (r_bar | (place == 0))),
                self.sure.eq(0),
                self.turned.eq(0),
            ]
        either = r | r_bar
        longer, now = Signal.like(run), Signal.like(run)
        m.d.comb += [
            longer.eq(Mux(run == golden.R_FRAMES, run, run + 1)),
            now.eq(Mux((run != 0) & (run_r == r), longer, 1) & either.replicate(len(run))),
        ]
        lasts = heard & (heard_r == r)
        with m.If(whole):
            sure, turned = (now == golden.R_FRAMES) & ~lasts, Signal()
            m.d.comb += turned.eq(heard & ~lasts & (now == golden.R_BAR_FRAMES))
            m.d.sync += [
                run.eq(now),
                run_r.eq(r),
                self.sure.eq(sure),
                self.turned.eq(turned),
                heard.eq(sure | (heard & either & ~turned)),
                heard_r.eq(Mux(sure, r, heard_r)),
            ]
        with m.If(self.restart):
            kept = (place, whole, run, heard, self.sure, self.turned)
            m.d.sync += [register.eq(register.init) for register in kept]
        return m
