"""Tops of a receiver whose host is on a UART; the one of a bank is in ``hdl.modem.bank``."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.fifo import SyncFIFOBuffered
from amaranth.lib.wiring import In, Out, connect

from golden.errors import V90Error
from golden.ports.decimator import FACTORS
from golden.ports.link import Information, Top
from golden.receiver.equalizer import FEEDBACK, FORWARD
from hdl.core.stream import pass_on
from hdl.modem.analogue_receiver import AnalogueReceiver
from hdl.ports.decimator import Decimator
from hdl.ports.i2s import I2s
from hdl.ports.link import HostLink
from hdl.ports.uart import UartReceiver, UartTransmitter, cycles_of
from hdl.receiver.words import WORD

#: Channels of the link's words: to the decoder, as ``hdl.pcm.csr`` has them; and to the receiver.
PARAMETERS_CHANNEL, RECEIVER_CHANNEL = 0, 1

#: Addresses on RECEIVER_CHANNEL. A receiver's word is wider than one of the link: its address, its
#: lower half and its upper half come one after the other, and the upper half sends it off. At
#: SYMBOL_AT: the symbol of a data frame whose ``quality`` is read.
ADDRESS_AT, LOW_AT, HIGH_AT, SYMBOL_AT = range(4)

#: Channels of octets to the host: data, the first bit in bit 0; and events, four octets each: kind,
#: and number with the lowest octet first.
DATA_CHANNEL, EVENTS_CHANNEL = 0, 1

#: Numbers of the octets of the state, STATES in all. At FLAGS_AT: the receiver's state in bits 0 to
#: 3, and the two flags. At the others begin numbers, the lowest octet first.
FLAGS_AT, NUMBER_AT, STEP_AT, QUALITY_AT, UNKNOWN_AT, OVERFLOWS_AT = 0, 1, 4, 8, 13, 14
STATES = 16

#: Bits of the octet at FLAGS_AT.
TRAINING_FLAG, LOST_FLAG = 4, 5


class LinkedReceiver(wiring.Component):
    """An ``AnalogueReceiver`` whose host is on a UART, for data after TRN1d.

    Words go to the decoder and to the receiver. Data, eight bits an octet, and events come back
    through a queue. When the queue is full because the host is too slow, they are lost, and
    ``lost`` stays 1. The host does not get the bits of TRN1d and the averages of DIL, so it cannot
    do a start-up with this.

    Parameters: ``clock`` in Hz and ``baud`` in bit/s; ``forward`` and ``feedback``, numbers of
    taps; ``depth`` of the queue in octets (512 are 70 ms at 56000 bit/s); ``front``, names of
    blocks before it, for the board's :class:`golden.ports.link.Information`.

    Members
    -------
    rx : In(1)               from the host's UART, asynchronous
    tx : Out(1)              to the host's UART
    sample : In(signed(16))  as of :class:`hdl.receiver.receiver.Receiver`
    strobe : In(1)           as of :class:`hdl.receiver.receiver.Receiver`
    state : Out(State)       as of :class:`hdl.receiver.receiver.Receiver`
    training : Out(1)        as of :class:`hdl.receiver.receiver.Receiver`
    lost : Out(1)            data or events were lost; stays 1 until reset
    """

    def __init__(
        self, clock=12e6, baud=1e6, forward=FORWARD, feedback=FEEDBACK, depth=512, front=""
    ):
        cycles = cycles_of(clock, baud)
        self.path, self.depth = AnalogueReceiver(forward, feedback), depth
        self.information = Information(
            Top.RECEIVER,
            STATES,
            status=2,
            clock=int(clock),
            baud=int(baud),
            text=f"{front} receiver demapper decoder".strip(),
        )
        self.link = HostLink(self.information, gives=True)
        self.receiver, self.transmitter = UartReceiver(cycles), UartTransmitter(cycles)
        members = self.path.signature.members
        self.passed = ("sample", "strobe", "state", "training")
        super().__init__(
            {
                "rx": In(1),
                "tx": Out(1),
                **{name: members[name] for name in self.passed},
                "lost": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.path = path = self.path
        m.submodules.link = link = self.link
        m.submodules.receiver = receiver = self.receiver
        m.submodules.transmitter = transmitter = self.transmitter
        pass_on(m, self, path, self.passed)
        connect(m, receiver.o, link.i)
        connect(m, link.o, transmitter.i)
        m.d.comb += [
            receiver.rx.eq(self.rx),
            self.tx.eq(transmitter.tx),
            link.o_data.ready.eq(1),
            path.o_training.ready.eq(1),
            path.o_average.ready.eq(1),
        ]
        self._words(m)
        self._give(m)
        self._tell(m)
        return m

    def _words(self, m):
        """Words of the link to the decoder and to the receiver."""
        path, offered, word = self.path, self.link.o_word, self.link.o_word.payload
        address, low = Signal(WORD["address"].shape), Signal(16)
        mine, wide = word.channel == RECEIVER_CHANNEL, path.i_configuration
        m.d.comb += [
            path.i_parameters.valid.eq(offered.valid & (word.channel == PARAMETERS_CHANNEL)),
            path.i_parameters.payload.address.eq(word.address),
            path.i_parameters.payload.data.eq(word.data),
            wide.valid.eq(offered.valid & mine & (word.address == HIGH_AT)),
            wide.payload.address.eq(address),
            wide.payload.data.eq(Cat(low, word.data)),
            offered.ready.eq(1),
        ]
        with m.If(word.channel == PARAMETERS_CHANNEL):
            m.d.comb += offered.ready.eq(path.i_parameters.ready)
        with m.Elif(mine & (word.address == HIGH_AT)):
            m.d.comb += offered.ready.eq(wide.ready)
        with m.If(offered.valid & mine):
            with m.Switch(word.address):
                with m.Case(ADDRESS_AT):
                    m.d.sync += address.eq(word.data)
                with m.Case(LOW_AT):
                    m.d.sync += low.eq(word.data)
                with m.Case(SYMBOL_AT):
                    m.d.sync += path.quality_symbol.eq(word.data)

    def _give(self, m):
        """Put data and events into the queue to the host."""
        path, given = self.path, self.link.i_given
        m.submodules.queue = queue = SyncFIFOBuffered(width=9, depth=self.depth)
        bits, full, place = Signal(9, init=1 << 8), Signal(), Signal(2)
        event = path.o_event
        what, kind = Signal(32), Value.cast(event.payload.kind)
        # A 1 goes before the bits; it is in bit 0 when eight of them have come.
        m.d.comb += [
            full.eq(bits[0]),
            what.eq(Cat(kind, Const(0, 8 - len(kind)), event.payload.number)),
            path.o.ready.eq(1),
            given.valid.eq(queue.r_rdy),
            given.payload.channel.eq(queue.r_data[8]),
            given.payload.octet.eq(queue.r_data[:8]),
            queue.r_en.eq(given.ready),
            queue.w_en.eq(full | event.valid),
            queue.w_data.eq(
                Mux(
                    full,
                    Cat(bits[1:], Const(DATA_CHANNEL, 1)),
                    Cat(what.word_select(place, 8), Const(EVENTS_CHANNEL, 1)),
                )
            ),
            event.ready.eq(~full & (place == 3)),
        ]
        with m.If(path.o.valid):
            m.d.sync += bits.eq(Cat(Mux(full, 1 << 7, bits[1:]), path.o.payload.bit))
        with m.Elif(full):
            m.d.sync += bits.eq(1 << 8)
        with m.If(event.valid & ~full):
            m.d.sync += place.eq(place + 1)
        with m.If(queue.w_en & ~queue.w_rdy):
            m.d.sync += self.lost.eq(1)

    def _tell(self, m):
        """Give the state's octet of the number that the link asks for."""
        path, link = self.path, self.link
        told, step = Signal(8 * STATES), Signal.like(path.step)
        # ``step`` is right when a data frame is decided; between data frames the clock moves it.
        with m.If(path.decided):
            m.d.sync += step.eq(path.step)
        parts = (
            (FLAGS_AT, path.state),
            (NUMBER_AT, path.number),
            (STEP_AT, step),
            (QUALITY_AT, path.quality),
            (UNKNOWN_AT, path.unknown[:8]),
            (OVERFLOWS_AT, path.overflows[:8]),
        )
        for at, value in parts:
            value = Value.cast(value)
            m.d.comb += told[8 * at : 8 * at + len(value)].eq(value)
        m.d.comb += [
            told[8 * FLAGS_AT + TRAINING_FLAG].eq(path.training),
            told[8 * FLAGS_AT + LOST_FLAG].eq(self.lost),
            link.state[0].eq(told.word_select(link.channel, 8)),
        ]


class LinkedClient(wiring.Component):
    """A :class:`LinkedReceiver` that gets its samples from the left channel of a codec.

    Parameters: ``clock`` in Hz, a multiple as :class:`hdl.ports.i2s.I2s` says; ``codec``, its
    samples a second, 48000 or 32000; ``baud``, ``forward``, ``feedback``, ``depth`` of the
    receiver. Raises :class:`~golden.errors.V90Error` for a codec of another rate.

    Members
    -------
    rx : In(1)                as of :class:`LinkedReceiver`
    tx : Out(1)               as of :class:`LinkedReceiver`
    state : Out(State)        as of :class:`LinkedReceiver`
    training : Out(1)         as of :class:`LinkedReceiver`
    lost : Out(1)             as of :class:`LinkedReceiver`
    mclk : Out(1)             as of :class:`hdl.ports.i2s.I2s`
    lrck : Out(1)             as of :class:`hdl.ports.i2s.I2s`
    sclk : Out(1)             as of :class:`hdl.ports.i2s.I2s`
    sdout : In(1)             as of :class:`hdl.ports.i2s.I2s`
    sample : Out(signed(16))  a sample that the receiver takes, 16 kHz, with ``strobe``
    strobe : Out(1)           for one cycle with each sample
    """

    def __init__(self, clock=24.576e6, baud=460800, codec=48000, **receiver):
        if codec not in FACTORS:
            known = " or ".join(map(str, FACTORS))
            raise V90Error(f"a codec of a client has {known} samples a second, not {codec}")
        self.i2s, self.decimator = I2s(clock, codec), Decimator(FACTORS[codec])
        self.linked = LinkedReceiver(clock, baud, front="i2s decimator", **receiver)
        self.information, self.path = self.linked.information, self.linked.path
        self.host = ("rx", "tx", "state", "training", "lost")
        self.pins = ("mclk", "lrck", "sclk", "sdout")
        linked, i2s = self.linked.signature.members, self.i2s.signature.members
        super().__init__(
            {
                **{name: linked[name] for name in self.host},
                **{name: i2s[name] for name in self.pins},
                "sample": Out(linked["sample"].shape),
                "strobe": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.i2s = i2s = self.i2s
        m.submodules.decimator = decimator = self.decimator
        m.submodules.linked = linked = self.linked
        pass_on(m, self, linked, self.host)
        pass_on(m, self, i2s, self.pins)
        # The decimator is ready long before the next sample, and the receiver waits for none.
        m.d.comb += [
            decimator.i.payload.eq(i2s.sample),
            decimator.i.valid.eq(i2s.strobe),
            decimator.o.ready.eq(1),
            linked.sample.eq(decimator.o.payload),
            linked.strobe.eq(decimator.o.valid),
            self.sample.eq(linked.sample),
            self.strobe.eq(linked.strobe),
        ]
        return m
