"""What a receiver's host tells it, and the levels that wait to be used (8.4 to 8.6, 9.3.2/V.90).

The host's words are in hdl/receiver/words.py.
"""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from hdl.core.memory import read_alone
from hdl.receiver.words import (
    AFTER_ED,
    ARM,
    GUESS,
    IGNORE_SD,
    KNOW,
    LOSS,
    NUMBER,
    POWER,
    REFERENCES,
    SINGLE,
    START,
    SWITCH,
    TRAINING,
    TRAINING_LOSS,
    TRAINING_POWER,
    TURN,
    WORD,
    Wait,
)


class Settings(wiring.Component):
    """What the configuration stream writes, but for the levels, which the slicer keeps.

    Parameters: ``entry``, shape of a word for the slicer; ``start_up``, as that of
    :class:`hdl.receiver.receiver.Receiver`.

    Members
    -------
    i : In(stream), WORD; o : Out(stream), entry
    value, ucode : Out, TRN1d's level; training_power : Out
    power, single, guess : Out, of the levels that wait; wait : Out(Wait), for what; start : Out,
        NUMBER, the data frame, if it is one; said : Out(1), for a cycle, that there is a word that
        changes this
    put : In(1), for a cycle, they are used from now on; forget : In(1), for a cycle, Sd came
    bank : Out(1), the table in use
    training : In(1); loss : Out(32), TRN1d's or that of the levels in use, of the cycle before
    turn : Out(1), for a cycle, with symbols : Out(3)
    deaf, know : Out(1), of IGNORE_SD and KNOW; place : In(4), reference : Out(15), of the place
        in the cycle before

    ``loss``, ``start`` and ``reference`` are in block RAM, nought from the chip's configuration on
    and not after a reset.
    """

    def __init__(self, entry, start_up=True):
        self.start_up = start_up
        super().__init__(
            {
                "value": Out(15),
                "ucode": Out(7),
                "training_power": Out(5),
                "power": Out(5),
                "single": Out(1),
                "guess": Out(1),
                "wait": Out(Wait),
                "start": Out(NUMBER),
                "said": Out(1),
                "put": In(1),
                "forget": In(1),
                "bank": Out(1),
                "training": In(1),
                "loss": Out(32),
                "turn": Out(1),
                "symbols": Out(3),
                "deaf": Out(1),
                "know": Out(1),
                "place": In(4),
                "reference": Out(15),
                "i": In(stream.Signature(WORD)),
                "o": Out(stream.Signature(entry)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        word, entry = self.i.payload, self.o.payload
        level, taken = word.address < TRAINING, Signal()
        waiting = ~self.bank
        # Where the tables change, a word of the new one waits for that.
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
            self.turn.eq(taken & (word.address == TURN)),
            self.symbols.eq(word.data[:3]),
        ]
        loss = (word.address == TRAINING_LOSS) | (word.address == LOSS)
        known = word.address == TRAINING_LOSS
        start = (word.address == START) | (word.address == SWITCH)
        self._memory(
            m,
            "losses",
            4,
            self.loss,
            loss,
            Cat(self.bank & ~self.training, self.training),
            Cat(waiting & ~known, known),
        )
        self._memory(m, "start", 2, self.start, start, 0, 0)
        if self.start_up:
            references = word.address[4:] == REFERENCES >> 4
            self._memory(
                m, "references", 16, self.reference, references, self.place, word.address[:4]
            )
        self._wait(m, taken, level)
        with m.If(taken):
            with m.Switch(word.address):
                with m.Case(TRAINING):
                    m.d.sync += [self.value.eq(word.data[:15]), self.ucode.eq(word.data[16:23])]
                with m.Case(TRAINING_POWER):
                    m.d.sync += self.training_power.eq(word.data)
                with m.Case(POWER):
                    m.d.sync += self.power.eq(word.data)
                    if self.start_up:
                        m.d.sync += [
                            self.single.eq(word.data[SINGLE]),
                            self.guess.eq(word.data[GUESS]),
                        ]
                if self.start_up:
                    with m.Case(IGNORE_SD):
                        m.d.sync += self.deaf.eq(word.data[0])
                    with m.Case(KNOW):
                        m.d.sync += self.know.eq(word.data[0])
        return m

    def _memory(self, m, name, depth, register, writes, read, written):
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
        """What the levels wait for, and in which table."""
        address, bit = self.i.payload.address, self.i.payload.data[0]
        # Levels of START wait again after Sd: in the table in use, where they have been put.
        again = Signal()
        m.d.comb += self.said.eq(0)
        with m.If(self.put):
            m.d.sync += [self.wait.eq(Wait.NOTHING), self.bank.eq(~self.bank)]
        with m.If(self.forget):
            m.d.sync += [
                self.wait.eq(Mux(again, Wait.FRAME, Wait.NOTHING)),
                self.know.eq(0),
                self.bank.eq(self.bank ^ (again & (self.wait == Wait.NOTHING) & ~(taken & level))),
            ]
        cases = [
            ((START,), Wait.FRAME),
            ((SWITCH,), Wait.FRAME),
            ((POWER, LOSS), Wait.NOTHING),
        ]
        if self.start_up:
            cases += [((ARM,), Mux(bit, Wait.R_BAR, Wait.NOTHING)), ((AFTER_ED,), Wait.ED)]
        with m.If(taken):
            with m.Switch(address):
                for addresses, wait in cases:
                    with m.Case(*addresses):
                        m.d.comb += self.said.eq(1)
                        m.d.sync += [self.wait.eq(wait), again.eq(addresses == (START,))]
            with m.If(level):
                m.d.comb += self.said.eq(1)
                m.d.sync += [self.wait.eq(Wait.NOTHING), again.eq(0)]
