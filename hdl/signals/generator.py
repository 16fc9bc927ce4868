"""The digital modem's signal generator as a bank: commands to PCM octets (8.4, 8.6, 5.4/V.90)."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out, connect, flipped

from golden.pcm.parameters import INTERVALS
from golden.signals.generator import ENCODED, STARTS
from golden.signals.generator import Signal as Sent
from hdl.core.channels import channel_shape
from hdl.core.memory import read_alone
from hdl.core.stream import answer_layout, request_layout
from hdl.pcm.csr import FRAME_AT, FRAME_LAYOUT, MODULI_AT, ZEROS_AT
from hdl.pcm.csr import write_signature as configuration_signature
from hdl.pcm.encoder import Datapath, bank, bank_members
from hdl.pcm.g711 import octet
from hdl.pcm.multiplexer import PLAIN_BITS
from hdl.pcm.sequencer import DATA_BITS, fetch_bits, frame_layout
from hdl.signals.commands import (
    END_AT,
    HEADER,
    LENGTH_AT,
    REST_AT,
    RING_BITS,
    ROW,
    ROW_BITS,
    ROW_WORDS,
    UCODES_AT,
    UNIT_AT,
    WORD_BITS,
    CommandWriter,
    Places,
    command_layout,
    command_words,
)
from hdl.signals.training import DilSequencer

__all__ = ["Generator", "SignalSequencer", "command_words"]

#: What a signal is made of: not encoded; no differential encoding; initialisation of 8.6.1 and
#: 8.6.5; ones, a sequence's bits or the queue's, none of them: zeroes; of plain ones six scrambled
#: bits a data frame; a unit of UNIT_AT bits; the six signs, interval 0 in bit 0, each inverted where
#: there is a scrambled one.
_KIND = data.StructLayout(
    {
        "plain": 1,
        "direct": 1,
        "start": 1,
        "ones": 1,
        "sequence": 1,
        "queue": 1,
        "scrambled": 1,
        "unit": 1,
        "signs": INTERVALS,
    }
)

_PERIOD, _ALL = 0b000111, 0b111111


def _kind(signal):
    """A signal's _KIND, as a dict."""
    jd = signal in (Sent.JD, Sent.JD_END)
    plain = signal not in ENCODED
    signs = {
        Sent.SILENCE: _ALL,
        Sent.SD: _PERIOD,
        Sent.R: _PERIOD,
        Sent.SD_BAR: _PERIOD ^ _ALL,
        Sent.R_BAR: _PERIOD ^ _ALL,
    }
    return {
        "plain": plain,
        "direct": plain and not jd,
        "start": signal in STARTS,
        "ones": signal in (Sent.TRN1D, *STARTS),
        "sequence": signal in (Sent.JD, Sent.MP, Sent.MP_ACK),
        "queue": signal == Sent.DATA,
        "scrambled": jd or signal == Sent.TRN1D,
        "unit": jd or signal in (Sent.MP, Sent.MP_ACK),
        "signs": signs.get(signal, 0),
    }


class SignalSequencer(wiring.Component):
    """Takes commands, and makes the data frames of all channels, one after the other.

    A data frame takes at most 177 cycles: with mapping parameters, which are written to the half
    not in use when their command begins; 110 with DIL, and else 74. A word of a command that comes
    meanwhile takes eight, once a data frame; more are taken while the next block is busy. With one
    channel or two, parameters that follow others within six data frames wait until what used that
    half has left the shaper.

    Members
    -------
    i_command : In(stream), :func:`command_layout`
    o_configuration : Out(stream, always ready), configuration words with their half
    o_request, i_bits : streams to and from :class:`hdl.core.stream.BitQueues`
    o : Out(stream), :func:`hdl.pcm.sequencer.frame_layout` with signals
    i_done : In(1), for one cycle when a data frame has left the shaper
    plain_place, plain_octet, plain_write : Out, as :class:`hdl.pcm.multiplexer.Multiplexer` has
    them underrun : Out(1), for one cycle when ``underrun_channel`` sends ones for want of data
    """

    #: Cycles of a data frame at most, by what makes it long.
    cycles = {"parameters": 177, "DIL": 110, "other": 74}

    def __init__(self, channels=1):
        self.channels, self.places = channels, Places(channels)
        number = channel_shape(channels)
        super().__init__(
            {
                "i_command": In(stream.Signature(command_layout(channels))),
                "o_configuration": Out(configuration_signature(channels)),
                "o_request": Out(stream.Signature(request_layout(channels, DATA_BITS))),
                "i_bits": In(stream.Signature(answer_layout(DATA_BITS))),
                "o": Out(stream.Signature(frame_layout(channels, signals=True))),
                "i_done": In(1),
                "plain_place": Out(PLAIN_BITS),
                "plain_octet": Out(8),
                "plain_write": Out(1),
                "underrun": Out(1),
                "underrun_channel": Out(number),
            }
        )

    def elaborate(self, platform):
        m = Module()
        self._memory(m)
        self._row, self._token = Signal(ROW), Signal(self.o.payload.shape())
        self._step = Signal(6)  # words, bits or symbols, of which 57 are the most
        self._ring = Signal(3)  # where the Multiplexer will look for the octets
        self._begins, self._ran = Signal(), Signal()
        self._settled = Signal(init=1)
        row, token, step = self._row, self._token, self._step
        self._kind = kind = Signal(_KIND)
        with m.Switch(row.signal):
            for signal in Sent:
                with m.Case(int(signal)):
                    m.d.comb += kind.eq(_KIND.const(_kind(signal)))
        # The word to read or write: of the row, or the first that waits, or of the command being
        # sent, counted from REST_AT on.
        self._in_row, self._row_word, self._is_next = Signal(), Signal(ROW_BITS), Signal()
        self._offset = Signal(RING_BITS)
        place = Mux(self._is_next, row.next, row.rest + self._offset)
        m.d.comb += [
            self._address.eq(
                Mux(
                    self._in_row,
                    self.places.row(token.channel, self._row_word),
                    self.places.ring(token.channel, place),
                )
            ),
            self.plain_place.eq(Cat(step[:3], self._ring)),
            self.o.payload.eq(token),
            self.o_configuration.payload.channel.eq(token.channel),
            self.o_configuration.payload.half.eq(row.half),
            self.o_request.payload.channel.eq(token.channel),
            self.o_request.payload.count.eq(token.count),
            self.underrun_channel.eq(token.channel),
        ]
        if self.channels < 3:
            # Data frames in the blocks, and of these, those older than the last parameters.
            under_way, older, sent = Signal(3), Signal(3), self.o.valid & self.o.ready
            m.d.sync += [
                under_way.eq(under_way + sent - self.i_done),
                older.eq(older - (self.i_done & (older != 0))),
            ]
            with m.If(sent & kind.start & self._begins):
                m.d.sync += older.eq(under_way - self.i_done)
            m.d.comb += self._settled.eq(older == 0)
        with m.FSM():
            self._row_states(m)
            self._begin_states(m)
            self._plain_states(m)
            self._bit_states(m)
            with m.State("SAVE"):
                self._access_row(m, step, row.as_value().word_select(step[:3], WORD_BITS))
                m.d.sync += step.eq(step + 1)
                with m.If(step == ROW_WORDS - 1):
                    m.next = "TOKEN"
                    with m.If(kind.queue):
                        m.next = "REQUEST"
            fetch_bits(m, self, token)
            with m.State("TOKEN"):
                m.d.comb += [self.o.valid.eq(1), self._grant.eq(1)]
                with m.If(self.o.ready):
                    m.d.sync += [
                        token.channel.eq(
                            Mux(token.channel == self.channels - 1, 0, token.channel + 1)
                        ),
                        self._ring.eq(self._ring + 1),
                    ]
                    m.next = "IDLE"
        return m

    def _memory(self, m):
        """The memory of words, of the writer while that is busy."""
        m.submodules.words = words = Memory(shape=WORD_BITS, depth=self.places.depth, init=[])
        m.submodules.writer = writer = CommandWriter(self.channels)
        connect(m, flipped(self.i_command), writer.i)
        write = words.write_port()
        self._address, self._data = Signal(self.places.shape), Signal(WORD_BITS)
        self._write, self._grant, self._busy = Signal(), Signal(), writer.busy
        address = Mux(writer.busy | writer.grant, writer.address, self._address)
        self._word = read_alone(m, words, address, write)
        m.d.comb += [
            write.addr.eq(address),
            write.data.eq(Mux(writer.busy, writer.data, self._data)),
            write.en.eq(Mux(writer.busy, writer.write, self._write)),
            writer.word.eq(self._word),
            writer.grant.eq(self._grant),
        ]

    def _access_row(self, m, word, value=None):
        """Address a word of the channel's row; with a value, that is written."""
        m.d.comb += [self._in_row.eq(1), self._row_word.eq(word)]
        if value is not None:
            m.d.comb += [self._data.eq(value), self._write.eq(1)]

    def _row_states(self, m):
        row, token, step = self._row, self._token, self._step
        served = Signal()  # the writer had its turn
        waits = Signal()
        with m.State("CLEAR"):
            self._access_row(m, step, 0)
            m.d.sync += step.eq(step + 1)
            with m.If(step == (1 << ROW_BITS) - 1):
                m.d.sync += [step.eq(0), token.channel.eq(token.channel + 1)]
                with m.If(token.channel == self.channels - 1):
                    m.d.sync += token.channel.eq(0)
                    m.next = "IDLE"
        with m.State("IDLE"):
            m.d.comb += self._grant.eq(~served)
            m.d.sync += step.eq(0)
            with m.If(self._busy):
                m.d.sync += served.eq(1)
            with m.Elif(~self.i_command.valid | served):
                m.d.sync += served.eq(0)
                m.next = "ROW"
        with m.State("ROW"):
            # A word is there a cycle behind its address.
            self._access_row(m, step)
            m.d.sync += step.eq(step + 1)
            with m.If((step != 0) & (step <= ROW_WORDS)):
                before = (step - 1)[:3]
                m.d.sync += row.as_value().word_select(before, WORD_BITS).eq(self._word)
            with m.If(step == END_AT + 1):
                m.d.comb += [self._in_row.eq(0), self._is_next.eq(1)]
                m.d.sync += waits.eq(self._word[:RING_BITS] != row.next)
                m.next = "DECIDE"
        with m.State("DECIDE"):
            header = data.View(HEADER, self._word)
            over = ~row.midst & (row.left == 0) & (waits | ~row.repeat)
            m.d.sync += [
                self._begins.eq(0),
                self._ran.eq(~self._kind.plain),
                step.eq(0),
                token.initialise.eq(0),
            ]
            m.next = "UNIT"
            with m.If((waits & header.now) | over):
                m.d.sync += [
                    self._begins.eq(1),
                    row.rest.eq(row.next + REST_AT),
                    row.midst.eq(0),
                    row.segment.eq(0),
                    row.frame.eq(0),
                    row.sign_place.eq(0),
                    row.training_place.eq(0),
                ]
                with m.If(waits):
                    m.d.sync += [
                        row.next.eq(row.next + header.size),
                        row.signal.eq(header.signal),
                        row.repeat.eq(header.repeat),
                        row.law.eq(header.law),
                        row.active.eq(1),
                    ]
                    m.next = "LENGTH"
                with m.Else():
                    # Nothing is left to send.
                    m.d.sync += [
                        row.signal.eq(int(Sent.SILENCE)),
                        row.repeat.eq(1),
                        token.initialise.eq(1),
                    ]

    def _begin_states(self, m):
        row, token, step, kind = self._row, self._token, self._step, self._kind
        with m.State("LENGTH"):
            m.d.comb += self._offset.eq(LENGTH_AT - REST_AT)
            m.next = "BEGIN"
        with m.State("BEGIN"):
            m.d.sync += [
                row.left.eq(self._word),
                # Jd goes on where TRN1d ends, and what is encoded behind what is encoded.
                token.initialise.eq(
                    kind.start | (kind.plain & kind.direct) | ~(kind.plain | self._ran)
                ),
            ]
            m.next = "UNIT"
            with m.If(kind.start):
                m.d.sync += row.half.eq(~row.half)
                m.next = "SETTLE"
        with m.State("SETTLE"):
            with m.If(self._settled):
                m.next = "READ"
        with m.State("READ"):
            m.d.comb += self._offset.eq(step)
            m.next = "CONFIGURE"
        with m.State("CONFIGURE"):
            # Words are in the order of their addresses, which have one gap.
            write = self.o_configuration.payload
            m.d.comb += [
                self.o_configuration.valid.eq(1),
                write.address.eq(Mux(step > ZEROS_AT, step + (MODULI_AT - ZEROS_AT - 1), step)),
                write.data.eq(self._word),
            ]
            with m.If(write.address == FRAME_AT):
                frame = data.View(FRAME_LAYOUT, self._word[: FRAME_LAYOUT.size])
                m.d.sync += [row.data_bits.eq(frame.data_bits), row.sr.eq(frame.sr)]
            m.d.sync += step.eq(step + 1)
            m.next = "READ"
            with m.If(step == ZEROS_AT + INTERVALS):
                m.d.sync += step.eq(0)
                m.next = "UNIT"

    def _plain_states(self, m):
        row, token, step, kind = self._row, self._token, self._step, self._kind
        m.submodules.dil = dil = DilSequencer()
        places = ("segment", "frame", "sign_place", "training_place")
        ucode, sign = Signal(7), Signal()
        following = dil.o.payload
        m.d.comb += [
            *(dil.i.payload[name].eq(row[name]) for name in places),
            dil.i.payload.interval.eq(step),
            dil.word.eq(self._word),
            dil.o.ready.eq(1),
            ucode.eq(
                Mux(
                    row.signal == int(Sent.SILENCE),
                    0,
                    Mux(step[0], self._word[8:15], self._word[:7]),
                )
            ),
            sign.eq(kind.signs.bit_select(step[:3], 1)),
            self.plain_octet.eq(octet(ucode, sign, row.law)),
        ]
        with m.State("UNIT"):
            m.d.comb += self._offset.eq(UNIT_AT - REST_AT)
            m.d.sync += [
                token.half.eq(row.half),
                token.active.eq(row.active),
                token.plain.eq(kind.plain),
                token.direct.eq(kind.direct),
                token.begins.eq(self._begins & row.active),
                token.sr.eq(Mux(kind.plain, 0, row.sr)),
                token.count.eq(Mux(kind.plain, Mux(kind.scrambled, INTERVALS, 0), row.data_bits)),
            ]
            with m.If(~row.midst & (row.left != 0)):
                m.d.sync += row.left.eq(row.left - 1)
            m.next = "BIT"
        with m.State("PAIR"):
            m.d.comb += self._offset.eq(step[1:3] + UCODES_AT - REST_AT)
            m.next = "SYMBOL"
        with m.State("SYMBOL"):
            m.d.comb += self.plain_write.eq(1)
            m.d.sync += step.eq(step + 1)
            m.next = "PAIR"
            with m.If(step == INTERVALS - 1):
                m.d.sync += step.eq(0)
                m.next = "SAVE"
        with m.State("DIL"):
            m.d.comb += [
                dil.i.valid.eq(1),
                self._offset.eq(dil.address),
                self.plain_write.eq(dil.o.valid),
                ucode.eq(following.ucode),
                sign.eq(following.sign),
            ]
            with m.If(dil.o.valid):
                m.d.sync += [row[name].eq(following.state[name]) for name in places]
                m.d.sync += [row.midst.eq(~following.last), step.eq(step + 1)]
                with m.If(step == INTERVALS - 1):
                    m.d.sync += step.eq(0)
                    m.next = "SAVE"

    def _bit_states(self, m):
        """A data frame's bits, but those of the queue."""
        row, token, step, kind = self._row, self._token, self._step, self._kind
        unit = Signal(8)
        taking, place = Signal(), Signal(8)
        with m.State("BIT"):
            m.d.comb += self._offset.eq(row.segment[4:])
            m.d.sync += [unit.eq(self._word), step.eq(0), taking.eq(token.count != 0)]
            m.next = "TAKE"
            with m.If(kind.queue):
                m.next = "SAVE"
        with m.State("TAKE"):
            # The word read now is that of the next cycle's bit.
            bit = self._word.bit_select(row.segment[:4], 1)
            m.d.comb += [
                place.eq(row.segment + (kind.unit & taking)),
                self._offset.eq(place[4:]),
            ]
            m.d.sync += [
                row.segment.eq(place),
                token.data.eq(Cat(token.data[1:], taking & (kind.ones | (kind.sequence & bit)))),
                step.eq(step + 1),
                taking.eq(step + 1 < token.count),
            ]
            with m.If(step == DATA_BITS - 1):
                m.next = "TAKEN"
        with m.State("TAKEN"):
            m.d.sync += step.eq(0)
            with m.If(kind.unit):
                m.d.sync += row.midst.eq(1)
                with m.If(row.segment == unit):
                    m.d.sync += [row.midst.eq(0), row.segment.eq(0)]
            m.next = "SAVE"
            with m.If(kind.plain):
                m.next = "PAIR"
            with m.If(row.signal == int(Sent.DIL)):
                m.next = "DIL"


class Generator(wiring.Component):
    """The signals of a bank of channels, as commanded, one behind the other without a gap.

    Every signal of :class:`golden.signals.generator.Signal` comes in data frames of its own, three
    behind that in which it was decided on, and as many more as are in the blocks: up to eight with
    one channel, and at most three with six or more. Bit-exact with
    :class:`golden.signals.generator.Generator` for each channel. What that refuses must not be
    asked for: Jd that does not follow TRN1d, or MP, Ed or DATA before a TRN2d.

    A channel's queue is 511 words, those of the command being sent and of those that wait: a DIL is
    up to 166, TRN2d and B1d 63 each, others 21 at most. So golden's eight can wait if the nine have
    one DIL and four sets of mapping parameters among them, and more than eight if they are short.
    What finds no room is held back, and so is what comes behind it, for other channels, too.

    Cycles and the clock that is needed are those of :class:`hdl.pcm.encoder.Encoder`; with one
    channel or two, mapping parameters that follow others within six data frames may take 700 more.

    Parameters: ``channels``, 1 to 256; ``queue_octets``, a power of two, of data for each channel;
    ``idle``, the octet that a channel sends before its first command.

    Members
    -------
    i_command : In(stream), channel; data; last: words that ``command_words`` makes
    i_data : In(stream), channel; octet, first bit in bit 0
    look : In(1), room : Out, of ``i_data``: as those of :class:`hdl.core.stream.BitQueues`
    o : Out(stream), channel; octet; interval, of the data frame; start, 1 in the first data frame
        of a command, or of the silence behind the last
    underruns_channel : In, underruns : Out(16): data frames of DATA that a channel sent as ones
        for want of data; stops at 65535; 0 after reset. Settles as
        :class:`hdl.core.stream.Counters`.
    """

    #: As :class:`hdl.pcm.encoder.Encoder`.
    cycles_per_frame = 280

    def __init__(self, channels=1, queue_octets=32, idle=0xD5):
        self.channels, self.queue_octets, self.idle = channels, queue_octets, idle
        super().__init__(
            {
                "i_command": In(stream.Signature(command_layout(channels))),
                **bank_members(channels, queue_octets),
            }
        )

    def elaborate(self, platform):
        m = Module()
        n = self.channels
        m.submodules.commands = sequencer = SignalSequencer(n)
        m.submodules.datapath = datapath = Datapath(n, self.idle, signals=True)
        m.d.comb += [
            sequencer.i_done.eq(datapath.done),
            datapath.plain_place.eq(sequencer.plain_place),
            datapath.plain_octet.eq(sequencer.plain_octet),
            datapath.plain_write.eq(sequencer.plain_write),
        ]
        connect(m, flipped(self.i_command), sequencer.i_command)
        bank(m, self, sequencer, datapath)
        return m
