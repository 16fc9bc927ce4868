"""The PCM highway: octets of many channels in the time slots of serial lines."""

from amaranth.hdl import Cat, Const, Module, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.cdc import FFSynchronizer
from amaranth.lib.wiring import In, Out

from golden.errors import V90Error
from hdl.core.channels import channel_shape
from hdl.pcm.multiplexer import pcm_layout

#: Frames of the two highways: slots that carry speech, by the number of slots. E1 keeps slot 0 for
#: framing and slot 16 for signalling (G.704); T1's framing bit is outside its 24 slots.
SPEECH_SLOTS = {32: (*range(1, 16), *range(17, 32)), 24: tuple(range(24))}


def lines_layout(channels, lines):
    """Payload of one channel's octets of several lines, the first line's in bits 0 to 7."""
    if lines == 1:
        return pcm_layout(channels)
    return data.StructLayout(
        {"channel": channel_shape(channels), "octet": 8 * lines, "interval": 3, "start": 1}
    )


class Gatherer(wiring.Component):
    """Gathers the octets of one channel of each line, which come one by one.

    Channel ``lines`` * n + l is channel n of line l. A payload takes ``lines`` + 1 cycles.

    Parameters
    ----------
    channels : number of channels of each line
    lines : number of lines, two or more

    Members
    -------
    i : In(stream of pcm_layout)     PCM octets in the order of channels
    o : Out(stream of lines_layout)  octets of a channel; interval and start of the last line's
    """

    def __init__(self, channels, lines):
        self.channels, self.lines = channels, lines
        super().__init__(
            {
                "i": In(stream.Signature(pcm_layout(channels * lines))),
                "o": Out(stream.Signature(lines_layout(channels, lines))),
            }
        )

    def elaborate(self, platform):
        m = Module()
        line, channel = Signal(range(self.lines)), Signal(channel_shape(self.channels))
        octet, out = self.i.payload.octet, self.o.payload
        m.d.comb += self.i.ready.eq(~self.o.valid)
        with m.If(self.o.ready):
            m.d.sync += self.o.valid.eq(0)
        with m.If(self.i.valid & self.i.ready):
            m.d.sync += [
                line.eq(line + 1),
                out.channel.eq(channel),
                out.interval.eq(self.i.payload.interval),
                out.start.eq(self.i.payload.start),
                out.octet.eq(Cat(out.octet[8:], octet)),
            ]
            with m.If(line == self.lines - 1):
                m.d.sync += [line.eq(0), self.o.valid.eq(1), channel.eq(channel + 1)]
                with m.If(channel == self.channels - 1):
                    m.d.sync += channel.eq(0)
        return m


class Highway(wiring.Component):
    """Sends octets on a PCM highway whose clock and frame sync come from outside.

    The bit clock's rising edge begins a bit. The receiver reads ``data`` at the falling edge, the
    most significant bit of an octet first. ``frame_sync`` is high at the falling edge before a
    frame's first bit (short frame sync). Frames may have more bits than slots (T1's framing bit);
    the highway is silent there. ``data`` changes 3 to 4 cycles after the bit clock's rising edge,
    so a bit must last at least 10 cycles. Channel n has the n-th slot that carries speech.

    Parameters
    ----------
    channels : number of channels of each line
    slots : slots of a frame: 32 (E1, 2.048 MHz) or 24 (T1, 1.544 MHz)
    idle : the octet that is sent when one is late
    lines : number of data lines that share clock and frame sync

    Members
    -------
    i : In(stream of lines_layout)  PCM octets in slot order
    bit_clock : In(1)               asynchronous
    frame_sync : In(1)              asynchronous
    data : Out(lines)               a bit for each line
    enable : Out(1)                 this slot has a channel; 0 in all others
    late : Out(1)                   an octet was late, and ``idle`` was sent in its slot and in all
                                    later ones of the frame; stays 1 until reset

    Raises
    ------
    V90Error
        For other numbers of slots, or more channels than slots that carry speech.
    """

    def __init__(self, channels, slots=32, idle=0xD5, lines=1):
        if slots not in SPEECH_SLOTS:
            raise V90Error(f"a PCM highway has 32 or 24 slots, not {slots}")
        if not 1 <= channels <= len(SPEECH_SLOTS[slots]):
            raise V90Error(
                f"a PCM highway of {slots} slots has room for {len(SPEECH_SLOTS[slots])} channels, "
                f"not {channels}"
            )
        self.channels, self.slots, self.idle, self.lines = channels, slots, idle, lines
        super().__init__(
            {
                "i": In(stream.Signature(lines_layout(channels, lines))),
                "bit_clock": In(1),
                "frame_sync": In(1),
                "data": Out(lines),
                "enable": Out(1),
                "late": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        clock, sync = Signal(), Signal()
        clock_before, begins, running = Signal(), Signal(), Signal()
        m.submodules += FFSynchronizer(self.bit_clock, clock)
        m.submodules += FFSynchronizer(self.frame_sync, sync)
        slot, bit = Signal(range(self.slots + 1)), Signal(3)
        shift, ours = Signal(data.ArrayLayout(8, self.lines)), Signal()
        shifted = Cat((line << 1)[:8] for line in shift)
        idle = Cat(Const(self.idle, 8) for _ in shift)
        channel = Signal(range(self.channels + 1))
        rising, falling = clock & ~clock_before, ~clock & clock_before
        next_slot, next_bit = Signal.like(slot), Signal(3)
        speech = SPEECH_SLOTS[self.slots][: self.channels]
        m.d.sync += clock_before.eq(clock)
        m.d.comb += [next_slot.eq(slot + (bit == 7)), next_bit.eq(bit + 1)]
        with m.If(begins):
            m.d.comb += [next_slot.eq(0), next_bit.eq(0)]
        with m.Elif(slot == self.slots):
            m.d.comb += [next_slot.eq(slot), next_bit.eq(0)]
        with m.If(falling):
            m.d.sync += begins.eq(sync)
            with m.If(sync):
                m.d.sync += channel.eq(0)
                # The first frame begins when there is something to send.
                with m.If(self.i.valid):
                    m.d.sync += running.eq(1)
        # Once an octet has missed its slot, the rest of its frame is dropped as it comes, so that
        # the next frame is whole again.
        wanted = self.i.payload.channel == channel
        spoilt = Signal()
        is_speech = Signal()
        with m.Switch(next_slot):
            with m.Case(*speech):
                m.d.comb += is_speech.eq(1)
        with m.If(spoilt & self.i.valid):
            with m.If(self.i.payload.channel == 0):
                m.d.sync += spoilt.eq(0)
            with m.Else():
                m.d.comb += self.i.ready.eq(1)
        with m.If(rising & running):
            m.d.sync += [slot.eq(next_slot), bit.eq(next_bit), shift.eq(shifted)]
            with m.If(next_bit == 0):
                m.d.sync += ours.eq(is_speech)
                with m.If(is_speech):
                    m.d.sync += channel.eq(channel + 1)
                    with m.If(self.i.valid & wanted):
                        m.d.comb += self.i.ready.eq(1)
                        m.d.sync += shift.eq(self.i.payload.octet)
                    with m.Else():
                        m.d.sync += [shift.eq(idle), self.late.eq(1), spoilt.eq(1)]
        first_bits = Cat(line[-1] for line in shift)
        m.d.comb += [self.data.eq(first_bits & ours.replicate(self.lines)), self.enable.eq(ours)]
        return m
