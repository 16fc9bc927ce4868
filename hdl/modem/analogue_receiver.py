"""An analogue modem's receiver with all that its host needs of a line in phases 3 and 4."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from golden.receiver.equalizer import FEEDBACK, FORWARD
from golden.receiver.framing import MP_LENGTHS
from golden.receiver.timetable import State
from hdl.core.stream import pass_on
from hdl.pcm.csr import COMMIT, WORD_BITS, configuration_words, word_layout
from hdl.pcm.decoder import Decoder
from hdl.pcm.mapper import Demapper
from hdl.receiver.framing import FRAMING, SequenceFramer, framing
from hdl.receiver.receiver import Receiver
from hdl.receiver.training import DilAverager, TrainingDecoder
from hdl.receiver.words import DATA_FRAME_NUMBER

#: Addresses of two more words of mapping parameters: FRAMING's lower 16 bits, and its upper ones.
FRAMING_LOW, FRAMING_HIGH = 51, 52


def follow_words(parameters, lengths=MP_LENGTHS):
    """Words ``(address, data)`` of mapping parameters for TRN2d and MP, which Ed ends.

    ``lengths``: as of :class:`golden.receiver.framing.SequenceFramer`.
    """
    bits = FRAMING.const(framing(parameters.data_bits, lengths)).as_value().value
    low, high = bits & ((1 << WORD_BITS) - 1), bits >> WORD_BITS
    words = configuration_words(parameters, commit=False)
    return [*words, (FRAMING_LOW, low), (FRAMING_HIGH, high), (COMMIT, 1)]


class AnalogueReceiver(wiring.Component):
    """Samples of the A/D to bits, from Sd to data: all that a host needs of a line in phases 3, 4.

    Its parts: a receiver; a reader of TRN1d and Jd; an averager for DIL, which begins where Jd'
    ends; demapper and decoder for TRN2d, MP and data; and a detector of Ed.

    Decoding begins with a change of levels (SWITCH, START, R-bar or Ed) if mapping parameters for
    it and a COMMIT have come before, and ends with a change for which none have come. Bit 0 of the
    data of a COMMIT says that TRN2d and MP come, framed as FRAMING says, and that Ed ends them. Bit
    1 takes back a COMMIT that waits. Sd ends decoding, and drops a COMMIT with bit 0 that waits.

    Latency: a data frame's first bit comes at most ``latency`` cycles after its last decision, the
    others one a cycle.

    Parameters: ``forward``, ``feedback``, numbers of taps.

    Members
    -------
    sample : In(signed(16))            as of :class:`hdl.receiver.receiver.Receiver`
    strobe : In(1)                     as of the receiver
    i_configuration : In(stream of WORD)  as of the receiver
    o_event : Out(stream of EVENT)     as of the receiver
    state : Out(State)                 as of the receiver
    training : Out(1)                  as of the receiver
    number : Out(FRAME_NUMBER)         as of the receiver
    step : Out(signed(32))             as of the receiver
    quality_symbol : In(3)             as of the receiver
    quality : Out(36)                  as of the receiver
    i_parameters : In(stream of word_layout())  words of ``hdl.pcm.csr`` or of :func:`follow_words`
    decision : Out(DECISION)           a decision of the receiver, with ``decided``
    decided : Out(1)                   for one cycle with each decision
    o : Out(stream of BIT_LAYOUT)      decoded bits; decisions wait until a data frame's bits are
        taken
    o_training : Out(stream of BIT_LAYOUT)  bits of TRN1d and Jd, as ``o`` of
        :class:`hdl.receiver.training.TrainingDecoder`; decisions wait until bits are taken
    dil : Out(1)                       as of :class:`hdl.receiver.training.TrainingDecoder`
    dil_number : Out(FRAME_NUMBER)     its ``number``
    i_descriptor : In(stream of DIL_WORD)  as of :class:`hdl.receiver.training.DilAverager`
    i_entry : In(stream of DIL_ENTRY)  as of the averager
    o_average : Out(stream of DIL_AVERAGE)  its ``o``
    dil_stop : In(1)                   its ``stop``
    dil_clear : In(1)                  its ``clear``
    passes : Out(8)                    as of the averager
    unknown : Out(16)                  as of :class:`hdl.pcm.mapper.Demapper`
    overflows : Out(16)                as of :class:`hdl.pcm.decoder.Decoder`
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
        """Give a decision to the averager first, which must have it before DIL begins."""
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
        """Pass words on; keep a COMMIT until levels change."""
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
