"""I2S: the clocks of a codec, and its samples; golden/ports/i2s.py has the format."""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.cdc import FFSynchronizer
from amaranth.lib.wiring import In, Out

from golden.errors import V90Error
from golden.formats import SAMPLE
from golden.ports.i2s import FRAME_CLOCKS, LEFT, SLOT_CLOCKS
from hdl.core.fixed import shape

#: Periods of MCLK in a sample's time; codecs accept both. The first one is used with which both
#: halves of a period are equal, because codecs want 40 to 60 % or better.
MULTIPLES = (256, 384)


def divisors(clock, rate):
    """Cycles of half of MCLK's period and of a bit clock's, for ``clock`` and ``rate`` in Hz.

    Raises :class:`~golden.errors.V90Error` where the clock is no multiple.
    """
    for multiple in MULTIPLES:
        half, rest = divmod(clock, 2 * multiple * rate)
        if half >= 1 and not rest:
            return int(half), int(half) * 2 * multiple // FRAME_CLOCKS
    raise V90Error(
        f"a clock of {clock / 1e6:g} MHz makes no MCLK of a codec with {rate:g} samples a second: "
        f"it must be a multiple of {2 * MULTIPLES[0]} or {2 * MULTIPLES[1]} times that"
    )


class I2s(wiring.Component):
    """Makes a codec's clocks, and takes the samples of one of its channels, 16 bits of each word.

    All clocks are registers, and LRCK changes with a falling edge of the bit clock. A sample comes
    every ``clock / rate`` cycles. Bit-exact with :class:`golden.ports.i2s.I2s`.

    Data are read a cycle after the rising edge of the bit clock, pin to pin. This is half a bit
    clock and a cycle after the falling edge at which a codec changes them, and half a bit clock
    less a cycle before the next one. At 24.576 MHz and 48 kHz the codec, its wires and both pins
    may take 203 ns together, and data that come at once stay for 122 ns more. A CS5343 promises its
    data from 10 ns before its rising edge to 40 ns after it, so wires and pins may take 0.7 to
    50.7 ns there and back. These figures include the synchroniser's two cycles.

    Parameters
    ----------
    clock : frequency of the domain ``sync`` in Hz
    rate : samples a second
    channel : LEFT or RIGHT of golden.ports.i2s

    Members
    -------
    mclk : Out(1)         the codec's master clock
    lrck : Out(1)         its word clock: 0 in words of the left channel
    sclk : Out(1)         its bit clock
    sdout : In(1)         its data, asynchronous
    sample : Out(SAMPLE)  the sample; holds until the channel's next word begins
    strobe : Out(1)       for a cycle: ``sample`` is new

    Raises
    ------
    V90Error
        Where the clock is no multiple of the clocks of a codec.
    """

    def __init__(self, clock=24.576e6, rate=48000, channel=LEFT):
        self.half, self.bit = divisors(clock, rate)
        self.channel = channel
        super().__init__(
            {
                "mclk": Out(1),
                "lrck": Out(1, init=1),
                "sclk": Out(1, init=1),
                "sdout": In(1),
                "sample": Out(shape(SAMPLE)),
                "strobe": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        line, left = Signal(), Signal(range(self.half))
        m.submodules += FFSynchronizer(self.sdout, line)
        with m.If(left == 0):
            m.d.sync += [self.mclk.eq(~self.mclk), left.eq(self.half - 1)]
        with m.Else():
            m.d.sync += left.eq(left - 1)
        # Clocks at the pins come a cycle after these numbers, and ``line`` two after its pin.
        cycle, place = Signal(range(self.bit)), Signal(range(FRAME_CLOCKS))
        read = cycle == self.bit // 2 + 1 + 1 + 1
        mine = (place >= self.channel * SLOT_CLOCKS + 1) & (
            place <= self.channel * SLOT_CLOCKS + SAMPLE.width
        )
        m.d.sync += [
            cycle.eq(cycle + 1),
            self.sclk.eq(cycle >= self.bit // 2),
            self.lrck.eq(place >= SLOT_CLOCKS),
            self.strobe.eq(read & (place == self.channel * SLOT_CLOCKS + SAMPLE.width)),
        ]
        with m.If(cycle == self.bit - 1):
            m.d.sync += [cycle.eq(0), place.eq(place + 1)]
        with m.If(read & mine):
            m.d.sync += self.sample.eq(Cat(line, self.sample))
        return m
