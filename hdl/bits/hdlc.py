"""HDLC framing of data-mode bits (8.1.1 and 8.1.2/V.42); see ``golden.bits.hdlc``."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.crc.catalog import CRC16_IBM_SDLC
from amaranth.lib.wiring import In, Out

from golden.bits.hdlc import LONGEST

#: The flag as an octet; bit 0 is sent first.
FLAG_OCTET = 0x7E

#: Octets of a frame, and octets of one that was received.
OCTET_LAYOUT = data.StructLayout({"octet": 8, "last": 1})
DEFRAMED_LAYOUT = data.StructLayout({"octet": 8, "last": 1, "good": 1})


class Framer(wiring.Component):
    """Octets of frames to bits: flag, octets with zeros inserted, FCS, flag.

    One bit a cycle within a frame, and 2 cycles more for each octet. No bits are offered between
    frames. Bit-exact with :class:`golden.bits.hdlc.Framer`.

    Members
    -------
    i : In(stream of OCTET_LAYOUT)  octet; last, 1 in a frame's last octet
    o : Out(stream of 1)            a bit
    """

    def __init__(self):
        super().__init__(
            {
                "i": In(stream.Signature(OCTET_LAYOUT)),
                "o": Out(stream.Signature(1)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.fcs = fcs = CRC16_IBM_SDLC(data_width=8).create()
        shift = Signal(8)
        left = Signal(range(9))
        ones = Signal(range(6))
        opened, flagging = Signal(), Signal()
        # After the octet being sent come: 0 octets of the frame; 1, 2 the FCS; 3 the flag.
        after = Signal(2)
        stuffing = (ones == 5) & ~flagging
        m.d.comb += self.o.payload.eq(shift[0] & ~stuffing)

        def send(octet, flag=0):
            m.d.sync += [shift.eq(octet), left.eq(8), flagging.eq(flag), ones.eq(0)]
            m.next = "SEND"

        with m.FSM():
            with m.State("IDLE"):
                with m.If(self.i.valid):
                    m.next = "OCTET"
                    m.d.comb += fcs.start.eq(1)
                    with m.If(~opened):
                        m.d.sync += [opened.eq(1), after.eq(0)]
                        send(FLAG_OCTET, 1)
            with m.State("OCTET"):
                m.d.comb += self.i.ready.eq(1)
                with m.If(self.i.valid):
                    m.d.comb += [fcs.valid.eq(1), fcs.data.eq(self.i.payload.octet)]
                    m.d.sync += [
                        shift.eq(self.i.payload.octet),
                        left.eq(8),
                        flagging.eq(0),
                        after.eq(self.i.payload.last),
                    ]
                    m.next = "SEND"
            with m.State("SEND"):
                m.d.comb += self.o.valid.eq(1)
                with m.If(self.o.ready):
                    with m.If(stuffing):
                        m.d.sync += ones.eq(0)
                    with m.Else():
                        m.d.sync += [
                            shift.eq(shift >> 1),
                            left.eq(left - 1),
                            ones.eq(Mux(shift[0] & ~flagging, ones + 1, 0)),
                        ]
                    # Five ones at an octet's end are still to be followed by their zero.
                    five = (ones == 4) & shift[0] & ~flagging
                    with m.If(((left == 1) & ~five & ~stuffing) | ((left == 0) & stuffing)):
                        m.next = "NEXT"
            with m.State("NEXT"):
                with m.Switch(after):
                    with m.Case(0):
                        m.next = "OCTET"
                    with m.Case(1, 2):
                        m.d.sync += [
                            shift.eq(Mux(after == 1, fcs.crc[:8], fcs.crc[8:])),
                            left.eq(8),
                            after.eq(after + 1),
                        ]
                        m.next = "SEND"
                    with m.Case(3):
                        m.next = "IDLE"
                        with m.If(~flagging):
                            send(FLAG_OCTET, 1)
        return m


class Deframer(wiring.Component):
    """Bits to the octets of frames, without their FCS.

    One bit a cycle while octets are taken, and one cycle more at a flag. A frame with fewer than
    three octets gives nothing. Bit-exact with :class:`golden.bits.hdlc.Deframer` in the frames that
    are good.

    Members
    -------
    i : In(stream of 1)                 a bit
    o : Out(stream of DEFRAMED_LAYOUT)  octet; last, 1 in a frame's last octet; good, valid with
        last: the FCS was right, octets were whole, at most ``golden.bits.hdlc.LONGEST``, and
        nothing was aborted
    """

    def __init__(self):
        super().__init__(
            {
                "i": In(stream.Signature(1)),
                "o": Out(stream.Signature(DEFRAMED_LAYOUT)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.fcs = fcs = CRC16_IBM_SDLC(data_width=8).create()
        # The line's last eight bits, and how many of them came after the last flag.
        window, behind = Signal(8), Signal(range(9))
        synchronised, aborted, long = Signal(), Signal(), Signal()
        ones, bits = Signal(range(8)), Signal(range(8))
        octet = Signal(8)
        # The octet to give when the two after it are known not to be the FCS, and those two.
        kept, held = Signal(24), Signal(range(4))
        octets = Signal(range(LONGEST + 4))
        free = ~self.o.valid | self.o.ready
        line = Cat(window[1:], self.i.payload)
        bit = window[0]
        arrived = Cat(octet[1:], bit)
        m.d.comb += fcs.data.eq(arrived)
        with m.If(self.o.ready):
            m.d.sync += self.o.valid.eq(0)
        with m.FSM():
            with m.State("RUN"):
                m.d.comb += self.i.ready.eq(free)
                with m.If(self.i.valid & self.i.ready):
                    m.d.sync += window.eq(line)
                    with m.If(behind != 8):
                        m.d.sync += behind.eq(behind + 1)
                    with m.Elif(synchronised):
                        m.d.sync += ones.eq(Mux(bit, ones + (ones != 7), 0))
                        with m.If(bit & (ones >= 6)):
                            m.d.sync += aborted.eq(1)
                        with m.If(ones != 5):
                            m.d.sync += [octet.eq(arrived), bits.eq(bits + 1)]
                            with m.If(bits == 7):
                                m.d.comb += fcs.valid.eq(1)
                                m.d.sync += kept.eq(Cat(kept[8:], arrived))
                                with m.If(octets == LONGEST + 2):
                                    m.d.sync += long.eq(1)
                                with m.Else():
                                    m.d.sync += octets.eq(octets + 1)
                                with m.If(held == 3):
                                    m.d.sync += [self.o.valid.eq(1), *self._give(kept[:8])]
                                with m.Else():
                                    m.d.sync += held.eq(held + 1)
                    with m.If(line == FLAG_OCTET):
                        m.next = "FLAG"
            with m.State("FLAG"):
                # The last octet is in the FCS now.
                with m.If(free):
                    good = (bits == 0) & ~aborted & ~long & fcs.match_detected
                    with m.If(held == 3):
                        m.d.sync += [self.o.valid.eq(1), *self._give(kept[:8], 1, good)]
                    m.d.comb += fcs.start.eq(1)
                    m.d.sync += [
                        synchronised.eq(1),
                        behind.eq(0),
                        ones.eq(0),
                        bits.eq(0),
                        held.eq(0),
                        octets.eq(0),
                        aborted.eq(0),
                        long.eq(0),
                    ]
                    m.next = "RUN"
        return m

    def _give(self, octet, last=0, good=0):
        return [
            self.o.payload.octet.eq(octet),
            self.o.payload.last.eq(last),
            self.o.payload.good.eq(good),
        ]
