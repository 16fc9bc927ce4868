"""Parts of the receiver that share a multiplier, each with one of its own: for measuring speed.

They take samples as fast as they can.
"""

from amaranth.hdl import Module, signed
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from golden.receiver.equalizer import FEEDBACK, FORWARD
from hdl.core.mac import Multiplier
from hdl.receiver.equalizer import Equalizer
from hdl.receiver.slicer import Slicer
from hdl.receiver.timing import Interpolator


def _multiplier(m, block):
    m.submodules.multiplier = multiplier = Multiplier()
    multiplier.serve(m, block)


class EqualizerAlone(wiring.Component):
    """An equaliser with its slicer, which tracks with all taps moving.

    Members
    -------
    i, i_taps, o : those of :class:`hdl.receiver.equalizer.Equalizer`; load : that of its ``set``;
        i_write : of its slicer
    """

    def __init__(self, forward=FORWARD, feedback=FEEDBACK):
        self.equalizer, self.slicer = Equalizer(forward, feedback), Slicer()
        members = self.equalizer.signature.members
        super().__init__(
            {name: members[name] for name in ("i", "i_taps", "o")}
            | {"load": In(1), "i_write": self.slicer.signature.members["i_write"]}
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.equalizer = equalizer = self.equalizer
        m.submodules.slicer = slicer = self.slicer
        _multiplier(m, equalizer)
        for name in ("i", "i_taps"):
            connect(m, flipped(getattr(self, name)), getattr(equalizer, name))
        connect(m, equalizer.o, flipped(self.o))
        connect(m, flipped(self.i_write), slicer.i_write)
        connect(m, equalizer.o_slice, slicer.i)
        connect(m, slicer.o, equalizer.i_slice)
        m.d.comb += [
            equalizer.set.load.eq(self.load),
            equalizer.frame.power_bits.eq(22),
            equalizer.frame.training_bits.eq(22),
            # The limit is above any energy, so that taps move with every data frame.
            equalizer.frame.loss.eq(2**32 - 1),
            equalizer.o_symbol.ready.eq(1),
        ]
        return m


class InterpolatorAlone(wiring.Component):
    """An interpolator.

    Members
    -------
    start, o : those of :class:`hdl.receiver.timing.Interpolator`; i : In(stream), samples
    """

    def __init__(self):
        self.interpolator = Interpolator()
        members = self.interpolator.signature.members
        super().__init__(
            {
                "i": In(stream.Signature(signed(16))),
                "start": In(1),
                "o": Out(members["o"].signature),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.interpolator = block = self.interpolator
        _multiplier(m, block)
        connect(m, block.o, flipped(self.o))
        m.d.comb += [
            self.i.ready.eq(~block.busy),
            block.sample.eq(self.i.payload),
            block.strobe.eq(self.i.valid & self.i.ready),
            block.start.eq(self.start),
        ]
        return m
