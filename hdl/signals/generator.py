"""The digital modem's signal generator as a bank: commands to PCM octets (8.4, 8.6, 5.4/V.90)."""

from amaranth.hdl import Module
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, connect, flipped

from hdl.pcm.encoder import Datapath, bank, bank_members
from hdl.signals.commands import command_layout
from hdl.signals.sequencer import SignalSequencer


class Generator(wiring.Component):
    """The signals of a bank of channels, as commanded, one after the other without a gap.

    Bit-exact with :class:`golden.signals.generator.Generator` for each channel. It does not check
    commands: a host must not ask for one that the model refuses, such as Jd that does not follow
    TRN1d, or MP, Ed or DATA before a TRN2d.

    Latency: a signal comes out three data frames after the one in which it was decided on, and as
    many more as are in the blocks: up to eight with one channel, at most three with six or more.
    Throughput, and the clock that is needed, are those of :class:`hdl.pcm.encoder.Encoder`. With
    one channel or two, mapping parameters that follow others within six data frames may take 700
    cycles more.

    A channel's ring holds 511 words, of the command being sent and of commands that wait: a DIL has
    up to 166, TRN2d and B1d have 63 each, others 21 at most. So golden's eight commands can wait if
    all nine have one DIL and four sets of mapping parameters among them, and more than eight if
    they are short. A word without room waits, and so do all words after it, of other channels too.

    Parameters: ``channels``, 1 to 256; ``queue_octets`` of data for each channel, a power of two;
    ``idle``, the octet that a channel sends before its first command. Raises ``ValueError`` for
    another number of channels.

    Members
    -------
    i_command : In(stream of command_layout(channels))  words that ``command_words`` makes
    i_data : In(stream of octet_layout(channels))  data octets, first bit in bit 0
    look : In(1)         as of :class:`hdl.core.stream.BitQueues`
    room : Out(range(queue_octets + 1))  as of :class:`hdl.core.stream.BitQueues`
    o : Out(stream of pcm_layout(channels))  PCM octets in slot order; start is 1 in the first data
        frame of a command, or of the silence after the last
    underruns_channel : In(channel_shape(channels))  channel to read ``underruns`` of
    underruns : Out(16)  data frames of DATA that this channel sent as ones because its queue had
        too few bits; stops at 65535; settles as :class:`hdl.core.stream.Counters`
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
