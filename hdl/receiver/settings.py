"""A receiver's settings from its host, and the levels that wait (8.4 to 8.6, 9.3.2/V.90).

The host's words are in hdl/receiver/words.py.
"""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from hdl.core.memory import read_alone
from hdl.receiver.interfaces import (
    ENERGY_LIMIT,
    INTERVAL,
    PCM_MAGNITUDE,
    POWER_LOGARITHM,
    UCODE,
)
from hdl.receiver.words import (
    AFTER_ED_AT,
    ARM_AT,
    DATA_FRAME_NUMBER,
    GUESS,
    IGNORE_SD_AT,
    KNOW_AT,
    LOSS_AT,
    POWER_AT,
    REFERENCES_AT,
    SINGLE,
    START_AT,
    SWITCH_AT,
    TRAINING_AT,
    TRAINING_LOSS_AT,
    TRAINING_POWER_AT,
    TURN_AT,
    WORD,
    Wait,
)


class WaitingLevels(wiring.Signature):
    """From Settings to Control: the levels that wait, and for what.

    Members
    -------
    wait : Out(Wait)                   for what
    start : Out(DATA_FRAME_NUMBER)          for which data frame, where it is one
    power_bits : Out(POWER_LOGARITHM)  their power
    single : Out(1)                    they are of one Ucode, as TRN1d's
    guess : Out(1)                     they are a guess
    """

    def __init__(self):
        super().__init__(
            {
                "wait": Out(Wait),
                "start": Out(DATA_FRAME_NUMBER),
                "power_bits": Out(POWER_LOGARITHM),
                "single": Out(1),
                "guess": Out(1),
            }
        )


class Settings(wiring.Component):
    """Keeps what the configuration stream writes, but for the levels, which the slicer keeps.

    ``loss``, ``waiting.start`` and ``reference`` are in block RAM: they are 0 from the chip's
    configuration on, but a reset does not change them.

    Parameters
    ----------
    entry : shape of a word for the slicer
    start_up : as of :class:`hdl.receiver.receiver.Receiver`

    Members
    -------
    i : In(stream of WORD)                 words of the host
    o : Out(stream of entry)               words of levels, for the slicer
    training_value : Out(PCM_MAGNITUDE)    TRN1d's level
    training_ucode : Out(UCODE)            its Ucode
    training_power : Out(POWER_LOGARITHM)  its power
    waiting : Out(WaitingLevels())         the levels that wait
    said : Out(1)                          for a cycle: a word changes what they wait for
    put : In(1)                            for a cycle: they are used from now on
    forget : In(1)                         for a cycle: Sd came
    bank : Out(1)                          number of the table in use
    training : In(1)                       ``loss`` is to be TRN1d's
    loss : Out(ENERGY_LIMIT)               of TRN1d or of the levels in use, a cycle later
    turn : Out(1)                          for a cycle: ``symbols`` is there
    symbols : Out(INTERVAL)                the data of a word at TURN_AT
    deaf : Out(1)                          detections of Sd are ignored
    know : Out(1)                          reference symbols of DIL are known
    place : In(4)                          which reference symbol: REFERENCES_AT plus this
    reference : Out(PCM_MAGNITUDE)         its value, a cycle later
    """

    def __init__(self, entry, start_up=True):
        self.start_up = start_up
        super().__init__(
            {
                "i": In(stream.Signature(WORD)),
                "o": Out(stream.Signature(entry)),
                "training_value": Out(PCM_MAGNITUDE),
                "training_ucode": Out(UCODE),
                "training_power": Out(POWER_LOGARITHM),
                "waiting": Out(WaitingLevels()),
                "said": Out(1),
                "put": In(1),
                "forget": In(1),
                "bank": Out(1),
                "training": In(1),
                "loss": Out(ENERGY_LIMIT),
                "turn": Out(1),
                "symbols": Out(INTERVAL),
                "deaf": Out(1),
                "know": Out(1),
                "place": In(4),
                "reference": Out(PCM_MAGNITUDE),
            }
        )

    def elaborate(self, platform):
        m = Module()
        word, entry = self.i.payload, self.o.payload
        level, taken = word.address < TRAINING_AT, Signal()
        waiting = ~self.bank
        # While the tables change, words wait.
        m.d.comb += [
            self.o.valid.eq(self.i.valid & level & ~self.put),
            self.i.ready.eq((~level | self.o.ready) & ~self.put),
            taken.eq(self.i.valid & ~self.put),
            entry.bank.eq(waiting),
            entry.kind.eq(word.address[10]),
            entry.index.eq(word.address[:7]),
            entry.interval.eq(Mux(word.address[10], word.address[:3], word.address[7:10])),
            entry.value.eq(word.data[:15]),
            entry.ucode.eq(word.data[16:23]),
            entry.above.eq(word.data[23:]),
            self.turn.eq(taken & (word.address == TURN_AT)),
            self.symbols.eq(word.data[:3]),
        ]
        loss = (word.address == TRAINING_LOSS_AT) | (word.address == LOSS_AT)
        known = word.address == TRAINING_LOSS_AT
        start = (word.address == START_AT) | (word.address == SWITCH_AT)
        self._memory(
            m,
            "losses",
            4,
            self.loss,
            loss,
            Cat(self.bank & ~self.training, self.training),
            Cat(waiting & ~known, known),
        )
        self._memory(m, "start", 2, self.waiting.start, start, 0, 0)
        if self.start_up:
            references = word.address[4:] == REFERENCES_AT >> 4
            self._memory(
                m, "references", 16, self.reference, references, self.place, word.address[:4]
            )
        self._wait(m, taken, level)
        with m.If(taken):
            with m.Switch(word.address):
                with m.Case(TRAINING_AT):
                    m.d.sync += [
                        self.training_value.eq(word.data[:15]),
                        self.training_ucode.eq(word.data[16:23]),
                    ]
                with m.Case(TRAINING_POWER_AT):
                    m.d.sync += self.training_power.eq(word.data)
                with m.Case(POWER_AT):
                    m.d.sync += self.waiting.power_bits.eq(word.data)
                    if self.start_up:
                        m.d.sync += [
                            self.waiting.single.eq(word.data[SINGLE]),
                            self.waiting.guess.eq(word.data[GUESS]),
                        ]
                if self.start_up:
                    with m.Case(IGNORE_SD_AT):
                        m.d.sync += self.deaf.eq(word.data[0])
                    with m.Case(KNOW_AT):
                        m.d.sync += self.know.eq(word.data[0])
        return m

    def _memory(self, m, name, depth, register, writes, read, written):
        """A memory for words at an address: ``register`` has the one at ``read``."""
        memory = Memory(shape=len(register), depth=depth, init=[])
        m.submodules[name] = memory
        write = memory.write_port()
        m.d.comb += [
            write.en.eq(self.i.valid & ~self.put & writes),
            write.addr.eq(written),
            write.data.eq(self.i.payload.data),
            register.eq(read_alone(m, memory, read, write)),
        ]

    def _wait(self, m, taken, level):
        """Keep for what the levels wait, and in which table they are."""
        address, bit = self.i.payload.address, self.i.payload.data[0]
        # Levels with a START wait again after Sd. If they were in use, their table is the one that
        # waits then.
        again = Signal()
        m.d.comb += self.said.eq(0)
        with m.If(self.put):
            m.d.sync += [self.waiting.wait.eq(Wait.NOTHING), self.bank.eq(~self.bank)]
        with m.If(self.forget):
            m.d.sync += [
                self.waiting.wait.eq(Mux(again, Wait.FRAME, Wait.NOTHING)),
                self.know.eq(0),
                self.bank.eq(
                    self.bank ^ (again & (self.waiting.wait == Wait.NOTHING) & ~(taken & level))
                ),
            ]
        cases = [
            ((START_AT,), Wait.FRAME),
            ((SWITCH_AT,), Wait.FRAME),
            ((POWER_AT, LOSS_AT), Wait.NOTHING),
        ]
        if self.start_up:
            cases += [((ARM_AT,), Mux(bit, Wait.R_BAR, Wait.NOTHING)), ((AFTER_ED_AT,), Wait.ED)]
        with m.If(taken):
            with m.Switch(address):
                for addresses, wait in cases:
                    with m.Case(*addresses):
                        m.d.comb += self.said.eq(1)
                        m.d.sync += [self.waiting.wait.eq(wait), again.eq(addresses == (START_AT,))]
            with m.If(level):
                m.d.comb += self.said.eq(1)
                m.d.sync += [self.waiting.wait.eq(Wait.NOTHING), again.eq(0)]
