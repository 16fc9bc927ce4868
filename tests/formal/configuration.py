"""Claims about when parameters change, and errors that they find (test_configuration.py)."""

from amaranth.hdl import Assert, Assume, Signal

from hdl.pcm.csr import COMMIT
from hdl.receiver.slicer import LEVEL_WORD
from tests.formal import known
from tests.formal.proof import contract


def rises_with(m, *values):
    """Whether each value is what it was a cycle before."""
    held = [Signal.like(value) for value in values]
    m.d.sync += [old.eq(value) for old, value in zip(held, values, strict=True)]
    return [old == value for old, value in zip(held, values, strict=True)]


def sequencer(m, block, inside, channel):
    """A channel's half changes with a data frame that initialises, and no other.

    ``channel`` is any. Its memory's row says which half its last data frame has: words go to the
    other one, and none goes anywhere from a COMMIT until the data frame with it has left.
    """
    contract(m, block)
    known.sequencer(m, block, inside)
    reads, row = inside.content("rows", channel)
    token = inside.signal("token")
    waiting, started, begins = (inside.signal(one) for one in ("waiting", "started", "begins"))
    frames = {"fsm": "frames"}
    underway = inside.during("READ", "FRAME", "REQUEST", "BITS", "TOKEN", **frames)
    same_channel, same_half = rises_with(m, channel, row[0])
    settled, written = Signal(), Signal()
    m.d.sync += [
        settled.eq(~inside.during("CLEAR", **frames)),
        written.eq(inside.during("ROW", **frames) & (token.channel == channel) & begins),
    ]
    reads_row = inside.during("ROW", **frames)
    word = block.o_configuration
    m.d.comb += [
        reads,
        Assume(same_channel | ~settled),
        # The row read for a data frame, and the row read for a word, are those of their channels.
        Assert(~(reads_row & (token.channel == channel)) | (inside.signal("row_read").data == row)),
        Assert(
            ~(word.valid & (word.payload.channel == channel) & inside.signal("cleared"))
            | (word.payload.half == ~row[0])
        ),
        # A data frame under way has its row's half; the row changes in the one cycle, and then
        # the data frame initialises.
        Assert(~(underway & (token.channel == channel)) | (token.half == row[0])),
        Assert(~settled | same_half | written),
        Assert(~(settled & written) | token.initialise),
        # Nothing is written while a COMMIT waits or its data frame is on its way to the shaper.
        Assert(~(word.valid & waiting)),
        Assert(token.channel < block.channels),
    ]
    busy = Signal()
    with m.If(block.i_started):
        m.d.sync += busy.eq(0)
    with m.If(reads_row & begins):
        m.d.sync += busy.eq(1)
    m.d.comb += [Assert(busy == started), Assert(~(word.valid & busy))]


def demapper(m, block, inside):
    """A COMMIT goes on, and the half changes, between the symbols of two data frames.

    It waits for a symbol of interval 0, which is offered then and not yet taken. A label that is
    made is made of one half from its first cycle to its last.
    """
    contract(m, block)
    known.demapper(m, block, inside)
    half = inside.signal("half")
    (same,) = rises_with(m, half)
    out, ready = block.o_configuration, Signal()
    commits = out.valid & (out.payload.address == COMMIT)
    past = Signal()
    m.d.sync += [past.eq(commits & out.ready), ready.eq(1)]
    waits = block.i.valid & (block.i.payload.interval == 0) & ~block.i.ready & ~block.o.valid
    m.d.comb += [
        Assert(~commits | waits),
        Assert(~ready | same | past),
        Assert(~past | ~same | ~ready),
        Assert(~inside.during("COMMIT") | (block.i.payload.interval == 0)),
    ]


def decoder(m, block, inside):
    """The half changes with the first symbol of a data frame, and words wait until then."""
    half, waiting, active = (inside.signal(name) for name in ("half", "waiting", "active"))
    (same,) = rises_with(m, half)
    ran, taken = Signal(), Signal()
    frame = block.i.valid & block.i.ready & block.i.payload.first
    m.d.sync += [ran.eq(1), taken.eq(frame & waiting)]
    m.d.comb += [
        Assert(~ran | same | taken),
        Assert(~taken | ~same),
        Assert(~(block.i_configuration.ready & waiting)),
        Assert(~(block.i.ready & ~active & ~waiting)),
    ]


def generator(m, block, inside):
    """The half of a channel changes with the command of a signal that has parameters of its own.

    The data frame that follows initialises and begins, and words go to its half.
    """
    known.signal_sequencer(m, block, inside)
    row, token, kind = (inside.signal(name) for name in ("_row", "_token", "_kind"))
    (same,) = rises_with(m, row.half)
    ran, begun, read = Signal(), Signal(), Signal()
    m.d.sync += [
        ran.eq(1),
        begun.eq(inside.during("BEGIN") & kind.start),
        read.eq(inside.during("ROW")),
    ]
    configures = inside.during("SETTLE", "READ", "CONFIGURE")
    m.d.comb += [
        # It is read with a channel's row, and else changes where its parameters begin.
        Assert(~ran | same | read | begun),
        Assert(~configures | (kind.start & token.initialise)),
        Assert(block.o_configuration.valid == inside.during("CONFIGURE")),
        Assert(~block.o_configuration.valid | (block.o_configuration.payload.half == row.half)),
    ]


def settings(m, block, inside):
    """Words of levels go to the table that is not in use; it changes with ``put``, or Sd."""
    (same,) = rises_with(m, block.bank)
    ran, changes = Signal(), Signal()
    m.d.sync += [ran.eq(1), changes.eq(block.put | block.forget)]
    m.d.comb += [
        Assert(~ran | same | changes),
        Assert(~block.o.valid | ((block.o.payload.bank == ~block.bank) & ~block.put)),
    ]


#: What is claimed, of what, to what depth, and an error that it finds.
CASES = {
    "Sequencer": (
        sequencer,
        "pcm.sequencer",
        lambda m: m.Sequencer(3),
        4,
        ("token.initialise.eq(begins)", "token.initialise.eq(0)"),
    ),
    "Sequencer, words": (
        sequencer,
        "pcm.sequencer",
        lambda m: m.Sequencer(3),
        4,
        ("& ~waiting & ~started &", "& ~waiting &"),
    ),
    "Demapper": (
        demapper,
        "pcm.mapper",
        lambda m: m.Demapper(),
        2,
        ("with m.If(waiting & first):", "with m.If(waiting):"),
    ),
    "Decoder": (
        decoder,
        "pcm.decoder",
        lambda m: m.Decoder(),
        1,
        ("with m.If(symbol.first & waiting):", "with m.If(waiting):"),
    ),
    "SignalSequencer": (
        generator,
        "signals.sequencer",
        lambda m: m.SignalSequencer(3),
        2,
        (
            "with m.If(kind.start):\n                m.d.sync += row.half",
            "with m.If(kind.queue):\n                m.d.sync += row.half",
        ),
    ),
    "Settings": (
        settings,
        "receiver.settings",
        lambda m: m.Settings(LEVEL_WORD),
        1,
        ("waiting = ~self.bank", "waiting = self.bank"),
    ),
}
