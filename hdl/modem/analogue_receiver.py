"""An analogue modem's receiver with all that its host needs in phases 3 and 4."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from golden.receiver.equalizer import FEEDBACK, FORWARD
from golden.receiver.framing import LENGTHS
from golden.receiver.timetable import State
from hdl.core.stream import pass_on
from hdl.pcm.csr import COMMIT, WORD_BITS, configuration_words, word_layout
from hdl.pcm.decoder import Decoder
from hdl.pcm.mapper import Demapper
from hdl.receiver.framing import FRAMING, SequenceFramer, framing
from hdl.receiver.receiver import Receiver
from hdl.receiver.training import DilAverager, TrainingDecoder
from hdl.receiver.words import DATA_FRAME_NUMBER

#: Words of an AnalogueReceiver's parameters besides those of ``hdl.pcm.csr``: FRAMING's lower 16
#: bits, and its upper ones.
FRAMING_LOW, FRAMING_HIGH = 51, 52


def follow_words(parameters, lengths=LENGTHS):
    """Words ``(address, data)`` of mapping parameters for TRN2d and MP, which Ed is to end.

    ``lengths``: as those of :class:`golden.receiver.framing.SequenceFramer`.
    """
    bits = FRAMING.const(framing(parameters.data_bits, lengths)).as_value().value
    low, high = bits & ((1 << WORD_BITS) - 1), bits >> WORD_BITS
    words = configuration_words(parameters, commit=False)
    return [*words, (FRAMING_LOW, low), (FRAMING_HIGH, high), (COMMIT, 1)]


class AnalogueReceiver(wiring.Component):
    """Samples of the A/D to bits, from Sd to data: what a host needs of one line in phases 3 and 4.

    A receiver; what reads TRN1d and Jd, and averages DIL, which begins where Jd' ends; demapper and
    decoder for TRN2d, MP and data; and what looks for Ed.

    Data frames are decoded from a change of levels on (SWITCH, START, R-bar or Ed), if mapping
    parameters for it have come and a COMMIT behind them, and no more from one on for which none
    have. A COMMIT with bit 0 of its data says that TRN2d and MP come, as FRAMING tells of them,
    which Ed ends; bit 1 takes back a COMMIT that waits. Sd ends it all, but for a COMMIT without
    bit 0 that waits.

    A data frame's first bit comes ``latency`` cycles after its last decision at most, the others
    one a cycle.

    Parameters: ``forward``, ``feedback``, numbers of taps.

    Members
    -------
    sample, strobe, i_configuration, o_event, state, training, number, step, quality_symbol,
    quality : as those of :class:`hdl.receiver.receiver.Receiver`
    i_parameters : In(stream), words of ``hdl.pcm.csr`` or of
        :func:`follow_words`
    decision : Out, the receiver's DECISION, with decided : Out(1) for a cycle
    o : Out(stream), bit; first, 1 in the first bit of a data frame. Decisions wait while a data
        frame's bits are not taken.
    o_training, dil, dil_number : as ``o``, ``dil`` and ``number`` of
        :class:`hdl.receiver.training.TrainingDecoder`. Decisions wait while bits are not taken.
    i_descriptor, i_entry, o_average, dil_stop, dil_clear, passes : as ``i_descriptor``,
        ``i_entry``, ``o``, ``stop``, ``clear`` and ``passes`` of
        :class:`hdl.receiver.training.DilAverager`
    unknown, overflows : Out(16), as those of :class:`hdl.pcm.mapper.Demapper` and
        :class:`hdl.pcm.decoder.Decoder`
    """

    # A decision is over when its label is taken.
    latency = Decoder.latency

    def __init__(self, forward=FORWARD, feedback=FEEDBACK):
        self.receiver = Receiver(forward, feedback, start_up=True)
        self.training_decoder, self.averager = TrainingDecoder(), DilAverager()
        self.demapper, self.decoder = Demapper(), Decoder()
        members = dict(self.receiver.signature.members)
        self.passed = [
            name
            for name in members
            if name not in ("o", "put", "reference", "reference_sign", "ed")
        ]
        averager = self.averager.signature.members
        super().__init__(
            {
                **{name: members[name] for name in self.passed},
                "i_parameters": In(stream.Signature(word_layout())),
                "decision": Out(members["o"].signature.members["payload"].shape),
                "decided": Out(1),
                "o": self.decoder.signature.members["o"],
                "o_training": self.training_decoder.signature.members["o"],
                "dil": Out(1),
                "dil_number": Out(DATA_FRAME_NUMBER),
                "i_descriptor": averager["i_descriptor"],
                "i_entry": averager["i_entry"],
                "o_average": averager["o"],
                "dil_stop": In(1),
                "dil_clear": In(1),
                "passes": Out(8),
                "unknown": Out(16),
                "overflows": Out(16),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.receiver = receiver = self.receiver
        m.submodules.training_decoder = self.training_decoder
        m.submodules.averager = averager = self.averager
        m.submodules.demapper = demapper = self.demapper
        m.submodules.decoder = decoder = self.decoder
        pass_on(m, self, receiver, self.passed)
        pass_on(m, self, averager, ("i_descriptor", "i_entry", "passes"))
        connect(m, averager.o, flipped(self.o_average))
        connect(m, self.training_decoder.o, flipped(self.o_training))
        connect(m, demapper.o_configuration, decoder.i_configuration)
        connect(m, demapper.o, decoder.i)
        connect(m, decoder.o, flipped(self.o))
        decided = receiver.o.payload
        m.d.comb += [
            self.training_decoder.restart.eq(receiver.state == State.TRAIN),
            averager.dil.eq(self.training_decoder.dil),
            averager.stop.eq(self.dil_stop),
            averager.clear.eq(self.dil_clear),
            receiver.reference.eq(averager.reference),
            receiver.reference_sign.eq(averager.reference_sign),
            self.dil.eq(self.training_decoder.dil),
            self.dil_number.eq(self.training_decoder.number),
            self.decision.eq(decided),
            self.decided.eq(receiver.o.valid & receiver.o.ready),
            self.unknown.eq(demapper.unknown),
            self.overflows.eq(decoder.overflows),
        ]
        self._fork(m)
        self._parameters(m)
        return m

    def _fork(self, m):
        """A decision goes to the averager first: that must have it before DIL begins."""
        receiver, averager, demapper = self.receiver, self.averager, self.demapper
        source, decided = receiver.o, receiver.o.payload
        self._decoding = Signal()
        place = Signal(range(3))
        demapped = demapper.i.ready | ~self._decoding
        m.d.comb += [
            averager.i.payload.eq(decided),
            averager.i.valid.eq(source.valid & (place == 0)),
            self.training_decoder.i.payload.eq(decided),
            self.training_decoder.i.valid.eq(source.valid & (place == 1)),
            demapper.i.payload.ucode.eq(decided.ucode),
            demapper.i.payload.sign.eq(decided.sign),
            demapper.i.payload.interval.eq(decided.interval),
            demapper.i.valid.eq(source.valid & (place == 2) & self._decoding),
            source.ready.eq((place == 2) & demapped),
        ]
        taken = Mux(place == 0, averager.i.ready, self.training_decoder.i.ready)
        with m.If(source.valid):
            m.d.sync += place.eq(Mux(place == 2, Mux(demapped, 0, 2), place + taken))

    def _parameters(self, m):
        """Words go on, but a COMMIT waits for a change of levels."""
        receiver, demapper, decoder = self.receiver, self.demapper, self.decoder
        m.submodules.framer = framer = SequenceFramer()
        word, on = self.i_parameters, demapper.i_configuration
        committed, followed, committing, following = (Signal() for _ in range(4))
        commit = word.payload.address == COMMIT
        mine = commit | word.payload.address.matches(FRAMING_LOW, FRAMING_HIGH)
        m.d.comb += [
            on.valid.eq(committing | (word.valid & ~mine)),
            on.payload.eq(word.payload),
            word.ready.eq(~committing & (mine | on.ready)),
            framer.bit.eq(self.o.payload.bit),
            framer.strobe.eq(decoder.o.valid & decoder.o.ready & following),
            framer.restart.eq(receiver.put),
            receiver.ed.eq(framer.ended),
        ]
        with m.If(committing):
            m.d.comb += on.payload.address.eq(COMMIT)
            m.d.sync += committing.eq(~on.ready)
        with m.Elif(word.valid):
            back = word.payload.data[1]
            m.d.sync += committed.eq(Mux(commit, ~back, committed & mine))
            with m.If(commit):
                m.d.sync += followed.eq(word.payload.data[0])
        framing = Signal(FRAMING)
        for address, at in ((FRAMING_LOW, 0), (FRAMING_HIGH, WORD_BITS)):
            with m.If(word.valid & word.ready & (word.payload.address == address)):
                bits = framing.as_value()[at : at + WORD_BITS]
                m.d.sync += bits.eq(word.payload.data)
        m.d.comb += framer.framing.eq(framing)
        with m.If(framer.ended):
            m.d.sync += following.eq(0)
        with m.If(receiver.put):
            m.d.sync += [
                self._decoding.eq(committed),
                committing.eq(committed),
                committed.eq(0),
                following.eq(committed & followed),
            ]
        with m.If(receiver.state == State.TRAIN):
            m.d.sync += [
                self._decoding.eq(0),
                following.eq(0),
                committed.eq(committed & ~followed),
            ]
