"""Input bit parsing (5.4.2/V.90) of a bank: whose data frame is next, and its bits."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from hdl.core.channels import channel_shape
from hdl.core.stream import answer_layout, request_layout
from hdl.pcm.csr import COMMIT, FRAME_AT, FRAME_LAYOUT, word_layout, write_signature

#: Most bits of a data frame: D at 56 000 bit/s.
DATA_BITS = 42


def frame_layout(channels, signals=False):
    """Payload of data frames that a :class:`hdl.pcm.encoder.Datapath` takes.

    The channel; half of its parameters; initialise; active, 0 before a channel has something to
    send; sr; count and data, its bits, the first in bit 0. With ``signals`` also: plain, 1 for a
    data frame that is not encoded, whose Sr is 0; direct, 1 where its scrambled bits are signs;
    begins, 1 for a signal's first data frame.
    """
    fields = {
        "channel": channel_shape(channels),
        "half": 1,
        "initialise": 1,
        "active": 1,
        "sr": 2,
        "count": range(DATA_BITS + 1),
        "data": DATA_BITS,
    }
    if signals:
        fields = {**fields, "plain": 1, "direct": 1, "begins": 1}
    return data.StructLayout(fields)


def fetch_bits(m, sequencer, token):
    """States REQUEST and BITS, before TOKEN: get the token's data from the channel's queue."""
    with m.State("REQUEST"):
        m.d.comb += sequencer.o_request.valid.eq(1)
        with m.If(sequencer.o_request.ready):
            m.next = "BITS"
    with m.State("BITS"):
        m.d.comb += sequencer.i_bits.ready.eq(1)
        m.d.sync += token.data.eq(sequencer.i_bits.payload.data)
        with m.If(sequencer.i_bits.valid):
            m.d.comb += sequencer.underrun.eq(sequencer.i_bits.payload.underrun)
            m.next = "TOKEN"


class Sequencer(wiring.Component):
    """Takes configuration words, and makes the data frames of all channels, one after the other.

    Channels take turns. A channel's data frame becomes a token of D bits from its queue (5.4.2), or
    of ones where the queue has fewer. Words go to the half of the channel's memory that is not in
    use. COMMIT puts that half to use from the channel's next data frame on. Further words wait
    until this data frame has left the shaper (``i_started``), so that no data frame sees parameters
    of another. Words for a channel that does not exist are dropped.

    Parameters: ``channels``.

    Members
    -------
    i_configuration : In(stream of word_layout(channels))  words of ``hdl.pcm.csr``
    o_configuration : Out(stream of write_layout(channels))  the same with the half that they are
        for
    o_request : Out(stream of request_layout(channels, DATA_BITS))  to
        :class:`hdl.core.stream.BitQueues`
    i_bits : In(stream of answer_layout(DATA_BITS))  from it
    o : Out(stream of layout)  data frames; active is 0 before the first parameters
    i_started : In(1)          for one cycle when a data frame with ``initialise`` has left the
        shaper
    underrun : Out(1)          for one cycle when a channel sends ones because its queue has too few
        bits
    underrun_channel : Out(channel_shape(channels))  that channel, with ``underrun``
    """

    def __init__(self, channels=1):
        self.channels = channels
        number = channel_shape(channels)
        self.layout = frame_layout(channels)
        super().__init__(
            {
                "i_configuration": In(stream.Signature(word_layout(channels))),
                "o_configuration": Out(write_signature(channels)),
                "o_request": Out(stream.Signature(request_layout(channels, DATA_BITS))),
                "i_bits": In(stream.Signature(answer_layout(DATA_BITS))),
                "o": Out(stream.Signature(self.layout)),
                "i_started": In(1),
                "underrun": Out(1),
                "underrun_channel": Out(number),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.rows = rows = Memory(shape=2, depth=self.channels, init=[])
        m.submodules.frames = frames = Memory(
            shape=FRAME_LAYOUT.size, depth=2 * self.channels, init=[]
        )
        row_read, row_write = rows.read_port(), rows.write_port()
        frame_read, frame_write = frames.read_port(), frames.write_port()
        token = Signal(self.layout)
        word = self.i_configuration.payload
        wanted = data.View(FRAME_LAYOUT, frame_read.data)
        # A COMMIT waits for its channel's next data frame; then that is on its way.
        waiting, started = Signal(), Signal()
        cleared = Signal()
        commit_channel = Signal(channel_shape(self.channels))
        # Data frames have their turn to read a row; otherwise words have it.
        row_turn = Signal()
        half, active = row_read.data[0], row_read.data[1]
        begins = waiting & (commit_channel == token.channel)
        out = self.o_configuration.payload
        m.d.comb += [
            row_read.addr.eq(Mux(row_turn, token.channel, word.channel)),
            row_write.addr.eq(token.channel),
            out.channel.eq(word.channel),
            out.half.eq(~half),
            out.address.eq(word.address),
            out.data.eq(word.data),
            frame_write.addr.eq(Cat(out.half, out.channel)),
            frame_write.data.eq(out.data),
            frame_write.en.eq(self.o_configuration.valid & (out.address == FRAME_AT)),
            frame_read.addr.eq(Cat(token.half, token.channel)),
            self.o_request.payload.channel.eq(token.channel),
            self.o_request.payload.count.eq(token.count),
            self.o.payload.eq(token),
            self.underrun_channel.eq(token.channel),
        ]
        with m.If(self.i_started):
            m.d.sync += started.eq(0)
        with m.FSM(name="configuration"):
            with m.State("IDLE"):
                with m.If(self.i_configuration.valid & cleared & ~waiting & ~started & ~row_turn):
                    m.next = "WORD"
            with m.State("WORD"):
                exists = word.channel < self.channels
                commits = exists & (word.address == COMMIT)
                m.d.comb += self.o_configuration.valid.eq(exists & ~commits)
                with m.If(~exists | commits | self.o_configuration.ready):
                    m.d.comb += self.i_configuration.ready.eq(1)
                    m.next = "IDLE"
                with m.If(commits):
                    m.d.sync += [waiting.eq(1), commit_channel.eq(word.channel)]
        with m.FSM(name="frames"):
            with m.State("CLEAR"):
                m.d.comb += row_write.en.eq(1)
                m.d.sync += token.channel.eq(token.channel + 1)
                with m.If(token.channel == self.channels - 1):
                    m.d.sync += [token.channel.eq(0), cleared.eq(1)]
                    m.next = "IDLE"
            with m.State("IDLE"):
                m.d.comb += row_turn.eq(~self.o_configuration.valid | self.o_configuration.ready)
                with m.If(row_turn):
                    m.next = "ROW"
            with m.State("ROW"):
                m.d.sync += [
                    token.half.eq(half ^ begins),
                    token.active.eq(active | begins),
                    token.initialise.eq(begins),
                ]
                m.d.comb += [
                    row_write.data.eq(Cat(half ^ begins, active | begins)),
                    row_write.en.eq(1),
                ]
                with m.If(begins):
                    m.d.sync += [waiting.eq(0), started.eq(1)]
                m.next = "READ"
            with m.State("READ"):
                m.next = "FRAME"
            with m.State("FRAME"):
                m.d.sync += [token.sr.eq(wanted.sr), token.count.eq(wanted.data_bits)]
                m.next = "TOKEN"
                with m.If(token.active):
                    m.next = "REQUEST"
            fetch_bits(m, self, token)
            with m.State("TOKEN"):
                m.d.comb += self.o.valid.eq(1)
                with m.If(self.o.ready):
                    m.d.sync += token.channel.eq(
                        Mux(token.channel == self.channels - 1, 0, token.channel + 1)
                    )
                    m.next = "IDLE"
        return m
