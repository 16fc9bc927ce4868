"""The digital modem's signal generator as a bank: commands to PCM octets (8.4, 8.6, 5.4/V.90)."""

from amaranth.hdl import Module
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, connect, flipped

from hdl.pcm.encoder import Datapath, bank, bank_members
from hdl.signals.commands import command_layout
from hdl.signals.sequencer import SignalSequencer


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
