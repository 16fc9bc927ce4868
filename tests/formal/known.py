"""Claims about the inside of blocks in all states that can be reached, for proofs by induction.

Each is ``(m, block, inside)`` and claims it too. ``inside`` is :class:`tests.formal.proof.Inside`;
``path`` says where the block is in what is looked at. What is assumed of inputs is what the block's
docstring asks for.
"""

from amaranth.hdl import Assert, Assume, Cat, Const, Signal, Value
from amaranth.lib import data
from amaranth.lib.wiring import Out

from hdl.core.amaranth_private import AnySeq
from hdl.ports.link_program import INSTRUCTION, Op, Strobe, Test, program
from hdl.receiver.equalizer_program import Sum
from hdl.receiver.words import Wait


def _implied(m, *claims):
    """Claims ``(if, then)``."""
    m.d.comb += [Assert(~condition | consequence) for condition, consequence in claims]


def _holds_still(m, waiting, *values):
    """Assume that values do not change while something waits."""
    was = Signal()
    m.d.sync += was.eq(waiting)
    for value in map(Value.cast, values):
        held = Signal.like(value, name="held_still")
        m.d.sync += held.eq(value)
        m.d.comb += Assume(~was | (value == held))


def _under(path, name):
    return f"{path}.{name}" if path else name


def sender(m, block, inside):
    """The octet that it is given is that of its address, which it holds."""
    _holds_still(m, block.o.valid & ~block.o.ready, block.entry)


def multiplexer(m, block, inside, path=""):
    """A buffer is filled while the other is sent."""
    writing, sent = (inside.signal(_under(path, name)) for name in ("writing", "sent"))
    filled = (writing - sent)[:2]
    m.d.comb += Assert(filled != 3)
    _implied(
        m,
        (inside.during("OCTETS", fsm="make", path=path), filled != 2),
        (inside.during("SEND", path=_under(path, "send")), filled != 0),
    )


def multiplexer_in(path):
    return lambda m, block, inside: multiplexer(m, block, inside, path)


def sequencer(m, block, inside):
    """A row is read for a word while no data frame's is, and nothing waits for a COMMIT then."""
    word = inside.during("WORD", fsm="configuration")
    row, clear = (inside.during(name, fsm="frames") for name in ("ROW", "CLEAR"))
    cleared, waiting = inside.signal("cleared"), inside.signal("waiting")
    _implied(
        m,
        (row, inside.during("IDLE", fsm="configuration")),
        (word, cleared & ~waiting & block.i_configuration.valid),
        (clear, ~cleared),
    )


def signal_sequencer(m, block, inside):
    """Its words are taken at once."""
    m.d.comb += Assume(block.o_configuration.ready)


def demapper(m, block, inside):
    _implied(
        m,
        (inside.during("COMMIT"), inside.signal("waiting")),
        (inside.during("COMMIT", "READ", "COUNT", "GIVE"), block.i.valid),
    )


def slicer(m, block, inside):
    """Values to slice are of one kind while an answer waits."""
    _holds_still(m, block.o.valid & ~block.o.ready, block.training, block.training_ucode)


def equalizer(m, block, inside, path=""):
    """A symbol's samples are not where a data frame's next ones come."""

    def during(*states):
        return inside.during(*states, path=path)

    phase, issued, due, half, at, frame, samples = (
        inside.signal(_under(path, name))
        for name in (
            "sums.sum",
            "sums.issued",
            "due",
            "sums.half",
            "samples.at",
            "samples.frame",
            "samples",
        )
    )
    equalizer = inside.signal(path) if path else block
    base, symbol = Cat(Const(0, 2), frame), phase == Sum.SYMBOL
    reads, there = inside.content(_under(path, "samples.memory"), at)
    m.d.comb += [reads, Assume(equalizer.i.payload.index < 12)]
    _implied(
        m,
        (during("TELL"), phase == Sum.ERROR),
        (phase == Sum.ERROR, equalizer.i_slice.valid | during("CLEAR", "IDLE")),
        (issued | due, during("MULTIPLY", "GROW", "STEER", "DRAIN")),
        (~during("CLEAR", "IDLE"), half >= 4),
        (symbol, during("BEGIN", "MULTIPLY", "DRAIN", "PAIR")),
        (during("PAIR"), symbol & (samples.sample == there)),
        (during("MULTIPLY") & symbol, at == (base + half - 16)[:7]),
        (during("DRAIN", "PAIR") & symbol, at == (base + half - 17)[:7]),
    )


def correlator(m, block, inside, path=""):
    """A word is given when its sum has been read, and none is being added to."""
    reading, due, multiplied, at = (
        inside.signal(_under(path, name)) for name in ("reading", "due", "multiplied", "at")
    )
    _implied(
        m,
        (inside.during("READ", "GIVE", path=path), ~reading & ~due),
        (inside.during("GIVE", path=path), multiplied.as_value() == at.as_value()),
    )


def line(m, block, inside, path=""):
    """The control has done its work between two data frames before a decision comes.

    The docstring of :class:`hdl.receiver.receiver.Receiver` says in how many cycles.
    """
    equalizer(m, block, inside, _under(path, "equalizer"))
    correlator(m, block, inside, _under(path, "correlator"))
    names = ("control.status.state", "control.status.number", "control.status.training")
    names += ("settings.training_ucode",)
    _holds_still(
        m, block.o.valid & ~block.o.ready, *(inside.signal(_under(path, name)) for name in names)
    )


def receiver(m, block, inside):
    line(m, block, inside, "part")


def solver(m, block, inside):
    """The last word is given when nothing is on its way to the sum."""
    _implied(m, (inside.during("STATUS"), ~block.arithmetic.busy))


def sums(*adding):
    """Nothing is on its way to the sum that is offered."""

    def claims(m, block, inside):
        busy = Cat(inside.signal(name) for name in adding).any()
        _implied(m, (inside.during("OFFER"), ~busy))

    return claims


def modulator(m, block, inside):
    """The rotator works during TURN alone; nothing is on its way to the sum that is offered."""
    works = ~inside.during("TAKE", path="rotator")
    adding = inside.signal("reading") | inside.signal("products.used")
    _implied(m, (works, inside.during("TURN")), (inside.during("OFFER"), ~adding))


def link(m, block, inside):
    """From where no word has been found to wait up to a word's last octet, none waits."""
    words = [data.View(INSTRUCTION, Const(word, INSTRUCTION.size)) for word in _program(block)]
    rows = [{name: Const.cast(word[name]).value for name, _ in INSTRUCTION} for word in words]
    test = {"op": Op.COMPARE, "port": 4, "memory": 1, "constant": Test.FREE}
    last = {"op": Op.STROBE, "port": 0, "memory": 0, "constant": 1 << Strobe.HIGH}
    tested, ends = rows.index(test), rows.index(last)
    assert rows[tested + 1]["op"] == Op.JUMP_IF
    begins = rows[tested + 1]["constant"]
    turn, place, fetch = (inside.signal(name) for name in ("turn", "place", "fetch"))
    free = (place == tested + 1) & inside.signal("flag")
    reads, there = inside.content("program", place)
    m.d.comb += [reads, Assert((turn == 1) | (turn == 2) | (turn == 4))]
    # Nothing writes the program.
    assert not inside.writes("program")
    with m.Switch(place):
        for number, word in enumerate(_program(block)):
            with m.Case(number):
                m.d.comb += Assume(there == word)
    _implied(
        m,
        (turn != 1, fetch.data == there),
        (free | ((place >= begins) & (place <= ends)), ~block.o_word.valid),
    )


def _program(block):
    words = program(block.states, block.gives)
    return words + [0] * (256 - len(words))


def settings(m, block, inside):
    """Levels are put to use where they wait for something: :func:`control` shows that."""
    m.d.comb += Assume(~block.put | (block.waiting.wait != Wait.NOTHING))


def control(m, block, inside):
    """With any settings."""
    for path, member, value in block.settings.signature.flatten(block.settings):
        if member.flow is Out and path[0] not in ("i", "o"):
            value = Value.cast(value)
            m.d.comb += value.eq(AnySeq(len(value)))
    m.d.comb += Assert(~block.status.put | (block.settings.waiting.wait != Wait.NOTHING))
