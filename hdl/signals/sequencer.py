"""The digital modem's signals as data frames: whose is next, and its bits or octets."""

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
from hdl.pcm.csr import FRAME_AT, FRAME_LAYOUT, MODULI_AT, WORD_BITS, ZEROS_AT
from hdl.pcm.csr import write_signature as configuration_signature
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
    ROW_WORD_BITS,
    ROW_WORDS,
    UCODES_AT,
    UNIT_AT,
    CommandWriter,
    Places,
    command_layout,
)
from hdl.signals.training import DilSequencer

#: What a signal is made of.
_KIND = data.StructLayout(
    {
        "plain": 1,  # it is not encoded
        "direct": 1,  # it has no differential encoding
        "start": 1,  # the encoder begins anew with it (8.6.1, 8.6.5)
        "ones": 1,  # its bits are ones; without this and the next two they are zeroes
        "sequence": 1,  # they are a sequence's
        "queue": 1,  # they come from the queue
        "scrambled": 1,  # six scrambled bits a data frame are signs of what is plain
        "unit": 1,  # it goes on in units of as many bits as the word at UNIT_AT says
        "signs": INTERVALS,  # interval 0 in bit 0; each is inverted where there is a scrambled one
    }
)

_PERIOD, _ALL = 0b000111, 0b111111

_SIGNS = {
    Sent.SILENCE: _ALL,
    Sent.SD: _PERIOD,
    Sent.R: _PERIOD,
    Sent.SD_BAR: _PERIOD ^ _ALL,
    Sent.R_BAR: _PERIOD ^ _ALL,
}

#: What a row has of DIL_STATE.
_DIL_PLACES = ("segment", "frame", "sign_place", "training_place")


def _kind(signal):
    """A signal's _KIND, as a dict."""
    jd = signal in (Sent.JD, Sent.JD_END)
    plain = signal not in ENCODED
    return {
        "plain": plain,
        "direct": plain and not jd,
        "start": signal in STARTS,
        "ones": signal in (Sent.TRN1D, *STARTS),
        "sequence": signal in (Sent.JD, Sent.MP, Sent.MP_ACK),
        "queue": signal == Sent.DATA,
        "scrambled": jd or signal == Sent.TRN1D,
        "unit": jd or signal in (Sent.MP, Sent.MP_ACK),
        "signs": _SIGNS.get(signal, 0),
    }


def _decode(m, kind, signal):
    """Make ``kind`` that of the signal of this number."""
    with m.Switch(signal):
        for number in Sent:
            with m.Case(int(number)):
                m.d.comb += kind.eq(_KIND.const(_kind(number)))


def _settle(m, settled, o, start, begins, done):
    """Make ``settled`` 0 while there are data frames in the blocks that use older parameters.

    ``o``: the stream of data frames into the blocks. With ``start`` and ``begins``, what it offers
    is the first with its parameters. ``done``: a data frame leaves the shaper.
    """
    under_way, older, sent = Signal(3), Signal(3), o.valid & o.ready
    m.d.sync += [
        under_way.eq(under_way + sent - done),
        older.eq(older - (done & (older != 0))),
    ]
    with m.If(sent & start & begins):
        m.d.sync += older.eq(under_way - done)
    m.d.comb += settled.eq(older == 0)


class _Words:
    """The memory of words, and its single port: the writer's while that is busy, else its owner's.

    The owner addresses a word of a channel's row, or of the command being sent, or the first of the
    command that waits. The word is ``word`` in the next cycle.
    """

    def __init__(self, m, channels, i_command):
        self._places = Places(channels)
        m.submodules.words = words = Memory(shape=WORD_BITS, depth=self._places.depth, init=[])
        m.submodules.writer = writer = CommandWriter(channels)
        connect(m, flipped(i_command), writer.i)
        write = words.write_port()
        self._address, self._data = Signal(self._places.shape), Signal(WORD_BITS)
        self._write, self._grant, self.busy = Signal(), Signal(), writer.busy
        self._in_row, self._row_word, self._is_next = Signal(), Signal(ROW_WORD_BITS), Signal()
        self._offset = Signal(RING_BITS)
        address = Mux(writer.busy | writer.grant, writer.address, self._address)
        self.word = read_alone(m, words, address, write)
        m.d.comb += [
            write.addr.eq(address),
            write.data.eq(Mux(writer.busy, writer.data, self._data)),
            write.en.eq(Mux(writer.busy, writer.write, self._write)),
            writer.word.eq(self.word),
            writer.grant.eq(self._grant),
        ]

    def address(self, channel, row):
        """The statement that makes the address, for a channel and its row."""
        place = Mux(self._is_next, row.next, row.rest + self._offset)
        in_ring = self._places.ring(channel, place)
        in_row = self._places.row(channel, self._row_word)
        return self._address.eq(Mux(self._in_row, in_row, in_ring))

    def grant(self, m, when=1):
        """The writer may begin."""
        m.d.comb += self._grant.eq(when)

    def at(self, m, place):
        """Address a word of the command being sent; words are counted from REST_AT on."""
        m.d.comb += self._offset.eq(place)

    def of_next(self, m):
        """Address the first word of the command that waits."""
        m.d.comb += [self._in_row.eq(0), self._is_next.eq(1)]

    def of_row(self, m, place, value=None):
        """Address a word of the row; a value is written to it."""
        m.d.comb += [self._in_row.eq(1), self._row_word.eq(place)]
        if value is not None:
            m.d.comb += [self._data.eq(value), self._write.eq(1)]


class SignalSequencer(wiring.Component):
    """Takes commands, and makes the data frames of all channels, one after the other.

    A data frame takes at most 177 cycles with mapping parameters, which are written to the half
    that is not in use when their command begins; 110 with DIL; and else 74. A word of a command
    takes eight, at most one word a data frame, and more while the next block is busy. With one
    channel or two, mapping parameters that follow others within six data frames wait until the data
    frames that use that half have left the shaper.

    Parameters: ``channels``.

    Members
    -------
    i_command : In(stream of command_layout(channels))  words of commands
    o_configuration : Out(stream of write_layout(channels))  configuration words with their half;
        always ready
    o_request : Out(stream of request_layout(channels, DATA_BITS))  to
        :class:`hdl.core.stream.BitQueues`
    i_bits : In(stream of answer_layout(DATA_BITS))  from it
    o : Out(stream of frame_layout(channels, signals=True))  data frames
    i_done : In(1)                 for one cycle when a data frame has left the shaper
    plain_place : Out(PLAIN_BITS)  as :class:`hdl.pcm.multiplexer.Multiplexer` has it
    plain_octet : Out(8)           likewise
    plain_write : Out(1)           likewise
    underrun : Out(1)              for one cycle when a channel sends ones because its queue has too
        few bits
    underrun_channel : Out(channel_shape(channels))  that channel, with ``underrun``
    """

    #: Cycles of a data frame at most, by what makes it long.
    cycles = {"parameters": 177, "DIL": 110, "other": 74}

    def __init__(self, channels=1):
        self.channels = channels
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
        self._words = words = _Words(m, self.channels, self.i_command)
        self._row, self._token = Signal(ROW), Signal(self.o.payload.shape())
        self._step = Signal(6)  # words, bits or symbols, of which 57 are the most
        self._ring = Signal(3)  # where the Multiplexer will look for the octets
        self._begins, self._ran = Signal(), Signal()
        self._settled = Signal(init=1)
        row, token, step = self._row, self._token, self._step
        self._kind = kind = Signal(_KIND)
        _decode(m, kind, row.signal)
        m.d.comb += [
            words.address(token.channel, row),
            self.plain_place.eq(Cat(step[:3], self._ring)),
            self.o.payload.eq(token),
            self.o_configuration.payload.channel.eq(token.channel),
            self.o_configuration.payload.half.eq(row.half),
            self.o_request.payload.channel.eq(token.channel),
            self.o_request.payload.count.eq(token.count),
            self.underrun_channel.eq(token.channel),
        ]
        if self.channels < 3:
            _settle(m, self._settled, self.o, kind.start, self._begins, self.i_done)
        with m.FSM():
            self._row_states(m)
            self._begin_states(m)
            self._plain_states(m)
            self._bit_states(m)
            with m.State("SAVE"):
                words.of_row(m, step, row.as_value().word_select(step[:3], WORD_BITS))
                m.d.sync += step.eq(step + 1)
                with m.If(step == ROW_WORDS - 1):
                    m.next = "TOKEN"
                    with m.If(kind.queue):
                        m.next = "REQUEST"
            fetch_bits(m, self, token)
            with m.State("TOKEN"):
                m.d.comb += self.o.valid.eq(1)
                words.grant(m)
                with m.If(self.o.ready):
                    last = token.channel == self.channels - 1
                    m.d.sync += token.channel.eq(Mux(last, 0, token.channel + 1))
                    m.d.sync += self._ring.eq(self._ring + 1)
                    m.next = "IDLE"
        return m

    def _row_states(self, m):
        """The writer's turn, the channel's row, and whether another command begins."""
        row, token, step = self._row, self._token, self._step
        words = self._words
        served = Signal()  # the writer had its turn
        waits = Signal()
        with m.State("CLEAR"):
            words.of_row(m, step, 0)
            m.d.sync += step.eq(step + 1)
            with m.If(step == (1 << ROW_WORD_BITS) - 1):
                m.d.sync += [step.eq(0), token.channel.eq(token.channel + 1)]
                with m.If(token.channel == self.channels - 1):
                    m.d.sync += token.channel.eq(0)
                    m.next = "IDLE"
        with m.State("IDLE"):
            words.grant(m, ~served)
            m.d.sync += step.eq(0)
            with m.If(words.busy):
                m.d.sync += served.eq(1)
            with m.Elif(~self.i_command.valid | served):
                m.d.sync += served.eq(0)
                m.next = "ROW"
        with m.State("ROW"):
            # A word is there a cycle after its address.
            words.of_row(m, step)
            m.d.sync += step.eq(step + 1)
            with m.If((step != 0) & (step <= ROW_WORDS)):
                before = (step - 1)[:3]
                m.d.sync += row.as_value().word_select(before, WORD_BITS).eq(words.word)
            with m.If(step == END_AT + 1):
                words.of_next(m)
                m.d.sync += waits.eq(words.word[:RING_BITS] != row.next)
                m.next = "DECIDE"
        with m.State("DECIDE"):
            header = data.View(HEADER, words.word)
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
                    *(row[name].eq(0) for name in ("midst", *_DIL_PLACES)),
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
        """A command begins; its mapping parameters go to the half that is not in use."""
        row, token, step, kind = self._row, self._token, self._step, self._kind
        words = self._words
        with m.State("LENGTH"):
            words.at(m, LENGTH_AT - REST_AT)
            m.next = "BEGIN"
        with m.State("BEGIN"):
            m.d.sync += [
                row.left.eq(words.word),
                # Jd goes on where TRN1d ends, and an encoded signal where an encoded one ends.
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
            words.at(m, step)
            m.next = "CONFIGURE"
        with m.State("CONFIGURE"):
            # Words are in the order of their addresses, which have one gap.
            write = self.o_configuration.payload
            m.d.comb += [
                self.o_configuration.valid.eq(1),
                write.address.eq(Mux(step > ZEROS_AT, step + (MODULI_AT - ZEROS_AT - 1), step)),
                write.data.eq(words.word),
            ]
            with m.If(write.address == FRAME_AT):
                frame = data.View(FRAME_LAYOUT, words.word[: FRAME_LAYOUT.size])
                m.d.sync += [row.data_bits.eq(frame.data_bits), row.sr.eq(frame.sr)]
            m.d.sync += step.eq(step + 1)
            m.next = "READ"
            with m.If(step == ZEROS_AT + INTERVALS):
                m.d.sync += step.eq(0)
                m.next = "UNIT"

    def _plain_states(self, m):
        """The data frame's fields, and the octets of one that is not encoded."""
        row, token, step, kind = self._row, self._token, self._step, self._kind
        words = self._words
        m.submodules.dil = dil = DilSequencer()
        ucode, sign = Signal(7), Signal()
        following = dil.o.payload
        pair = Mux(step[0], words.word[8:15], words.word[:7])
        m.d.comb += [
            *(dil.i.payload[name].eq(row[name]) for name in _DIL_PLACES),
            dil.i.payload.interval.eq(step),
            dil.word.eq(words.word),
            dil.o.ready.eq(1),
            ucode.eq(Mux(row.signal == int(Sent.SILENCE), 0, pair)),
            sign.eq(kind.signs.bit_select(step[:3], 1)),
            self.plain_octet.eq(octet(ucode, sign, row.law)),
        ]
        with m.State("UNIT"):
            words.at(m, UNIT_AT - REST_AT)
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
            words.at(m, step[1:3] + UCODES_AT - REST_AT)
            m.next = "SYMBOL"
        with m.State("SYMBOL"):
            m.d.comb += self.plain_write.eq(1)
            m.d.sync += step.eq(step + 1)
            m.next = "PAIR"
            with m.If(step == INTERVALS - 1):
                m.d.sync += step.eq(0)
                m.next = "SAVE"
        with m.State("DIL"):
            m.d.comb += dil.i.valid.eq(1)
            words.at(m, dil.address)
            m.d.comb += [
                self.plain_write.eq(dil.o.valid),
                ucode.eq(following.ucode),
                sign.eq(following.sign),
            ]
            with m.If(dil.o.valid):
                m.d.sync += [row[name].eq(following.state[name]) for name in _DIL_PLACES]
                m.d.sync += [row.midst.eq(~following.last), step.eq(step + 1)]
                with m.If(step == INTERVALS - 1):
                    m.d.sync += step.eq(0)
                    m.next = "SAVE"

    def _bit_states(self, m):
        """A data frame's bits, except those of the queue."""
        row, token, step, kind = self._row, self._token, self._step, self._kind
        words = self._words
        unit = Signal(8)
        taking, place = Signal(), Signal(8)
        with m.State("BIT"):
            words.at(m, row.segment[4:])
            m.d.sync += [unit.eq(words.word), step.eq(0), taking.eq(token.count != 0)]
            m.next = "TAKE"
            with m.If(kind.queue):
                m.next = "SAVE"
        with m.State("TAKE"):
            # The word read now is that of the next cycle's bit.
            bit = words.word.bit_select(row.segment[:4], 1)
            m.d.comb += place.eq(row.segment + (kind.unit & taking))
            words.at(m, place[4:])
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
