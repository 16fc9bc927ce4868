"""R and its reversal found in the signs of data frames (8.6.4/V.90)."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from golden.pcm.parameters import INTERVALS
from golden.receiver import reversal as golden


class RDetector(wiring.Component):
    """Finds R, and R-bar after it, in the signs of data frames (8.6.4).

    ``sure`` and ``turned`` are there ``latency`` = 2 cycles after the strobe of a data frame's last
    symbol. They hold until the next strobe, or until ``restart``. Bit-exact with
    :class:`golden.receiver.reversal.RDetector` for one line.

    Members
    -------
    sign : In(1)     of a symbol, 1 positive; from a data frame's first symbol on
    strobe : In(1)   ``sign`` is there; two cycles or more after that of a data frame's last symbol
    restart : In(1)  for a cycle: begin anew; the next symbol is a data frame's first
    sure : Out(1)    R is sure with the last whole data frame
    turned : Out(1)  that data frame was the last of R_BAR_FRAMES
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
        # Equal data frames in a row, as many as matter, and whether they are R. What was heard
        # last, if anything, and whether that was R.
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
