"""The PCM highway: octets of many channels in the time slots of one serial line."""

from amaranth.hdl import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.cdc import FFSynchronizer
from amaranth.lib.wiring import In, Out

from golden.errors import V90Error
from hdl.encoder import pcm_layout

#: Frames of the two highways: slots that carry speech, by the number of slots. E1 keeps slot 0 for
#: framing and slot 16 for signalling (G.704); T1's framing bit is outside its 24 slots.
SPEECH_SLOTS = {32: (*range(1, 16), *range(17, 32)), 24: tuple(range(24))}


class Highway(wiring.Component):
    """Sends octets on a PCM highway whose clock and frame sync come from outside.

    The bit clock's rising edge begins a bit; ``data`` is to be read at its falling edge, most
    significant bit of an octet first. ``frame_sync`` is high at the falling edge before a frame's
    first bit (short frame sync). Frames may have more bits than slots (T1's framing bit): the
    highway is silent there. ``data`` follows the bit clock's rising edge by 3 to 4 cycles, so the
    clock must have at least 10 cycles a bit.

    Parameters: ``channels``; ``slots`` of a frame, 32 (E1, 2.048 MHz) or 24 (T1, 1.544 MHz);
    ``idle``, the octet sent when one is late. Channel n has the n-th slot that carries speech.

    Members
    -------
    i : In(stream), PCM octets in slot order
    bit_clock, frame_sync : In(1), asynchronous
    data : Out(1); enable : Out(1), 0 in slots that are not ours
    late : Out(1), an octet was not there in time, and ``idle`` went in its slot and in those after
        it in the frame; stays 1 until reset
    """

    def __init__(self, channels, slots=32, idle=0xD5):
        if slots not in SPEECH_SLOTS:
            raise V90Error(f"a PCM highway has 32 or 24 slots, not {slots}")
        if not 1 <= channels <= len(SPEECH_SLOTS[slots]):
            raise V90Error(
                f"a PCM highway of {slots} slots has room for {len(SPEECH_SLOTS[slots])} channels, "
                f"not {channels}"
            )
        self.channels, self.slots, self.idle = channels, slots, idle
        super().__init__(
            {
                "i": In(stream.Signature(pcm_layout(channels))),
                "bit_clock": In(1),
                "frame_sync": In(1),
                "data": Out(1),
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
        shift, ours = Signal(8), Signal()
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
        # Once an octet has missed its slot, the rest of its frame goes as it comes, so that the
        # next frame is whole again.
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
            m.d.sync += [slot.eq(next_slot), bit.eq(next_bit), shift.eq(shift << 1)]
            with m.If(next_bit == 0):
                m.d.sync += ours.eq(is_speech)
                with m.If(is_speech):
                    m.d.sync += channel.eq(channel + 1)
                    with m.If(self.i.valid & wanted):
                        m.d.comb += self.i.ready.eq(1)
                        m.d.sync += shift.eq(self.i.payload.octet)
                    with m.Else():
                        m.d.sync += [shift.eq(self.idle), self.late.eq(1), spoilt.eq(1)]
        m.d.comb += [self.data.eq(shift[-1] & ours), self.enable.eq(ours)]
        return m
