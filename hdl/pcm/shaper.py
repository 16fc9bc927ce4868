"""Spectral shaper (5.4.5.5 and 5.4.5.6/V.90): a look-ahead tree that keeps its lower nodes.

Each open sequence of rules is a leaf of a tree, with one row of memory. A leaf's address has one
bit for each open shaping frame, its beta (see ``golden.pcm.shaper``); the bit's place goes round
with the frames. When a frame is decided, the leaves that disagree are dead. The next frame takes
the place of its bit: every surviving leaf has its two children at its own address and at that of a
dead leaf. So nothing is copied, and each shaping frame costs 2^(ld+1) leaves of 6 / Sr symbols. The
leaves are independent, so they fill the pipeline that the recursion of one would stall.
"""

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from golden.pcm.parameters import DELAY_FRAMES, INTERVALS
from hdl.pcm.csr import FRAME_AT, FRAME_LAYOUT, WORD_BITS, ConfiguredBlock
from hdl.pcm.leaves import LEAF_BITS, LeafPipeline, LeafWalk, truth_table
from hdl.pcm.mapper import UCODES_LAYOUT

#: State of a channel's shaper between data frames, besides its leaves.
_STATE = data.StructLayout(
    {
        "place": 2,  # bit of a leaf's address that the newest shaping frame has
        "open": 2,  # shaping frames that are not decided yet
        "best": LEAF_BITS,  # the leaf with the least metric
        "before": 1,  # beta of the last decided frame
        "sr": 2,
        "ld": 2,
        # Of the data frames that are 1, 2 and 3 old.
        "inversions": data.ArrayLayout(INTERVALS, DELAY_FRAMES),
    }
)


class _Decision(wiring.Component):
    """The beta of an open shaping frame, and where its inversions belong, one cycle later.

    Members
    -------
    state : In(_STATE)        of the channel, in both cycles
    sr : In(2)                of the frame to decide
    ld : In(2)                of the frame to decide
    newest : In(2)            place of the newest shaping frame in its data frame
    back : In(2)              how many shaping frames before the newest the one to decide is
    beta : Out(1)             of the frame to decide, a cycle later
    age : Out(2)              how many data frames before the newest it is, a cycle later
    pattern : Out(INTERVALS)  its inversions in its data frame, interval 0 in bit 0, a cycle later
    """

    def __init__(self):
        super().__init__(
            {
                "state": In(_STATE),
                **{name: In(2) for name in ("sr", "ld", "newest", "back")},
                "beta": Out(1),
                "age": Out(2),
                "pattern": Out(INTERVALS),
            }
        )

    def elaborate(self, platform):
        m = Module()
        found_place, found_at, found_age = Signal(2), Signal(2), Signal(2)
        place, at, sr = Signal(2), Signal(2), Signal(2)
        m.d.sync += [place.eq(found_place), at.eq(found_at), sr.eq(self.sr)]
        m.d.sync += self.age.eq(found_age)
        truth_table(
            m,
            (self.ld, self.state.place, self.back),
            [
                ((ld, newest, back), (newest - back) % (ld + 1))
                for ld in range(4)
                for newest in range(ld + 1)
                for back in range(ld + 1)
            ],
            found_place.eq,
        )
        truth_table(
            m,
            (self.sr, self.newest, self.back),
            [
                ((sr, newest, back), ((back - newest + sr - 1) // sr, (newest - back) % sr))
                for sr in range(1, 4)
                for newest in range(sr)
                for back in range(4)
            ],
            lambda where: [found_age.eq(where[0]), found_at.eq(where[1])],
        )
        even = self.beta ^ self.state.before
        truth_table(
            m,
            (sr, at),
            [((parts, part), (parts, part)) for parts in range(1, 4) for part in range(parts)],
            lambda where: [
                self.pattern[where[1] * (INTERVALS // where[0]) + k].eq(
                    self.beta if k % 2 else even
                )
                for k in range(INTERVALS // where[0])
            ],
        )
        m.d.comb += self.beta.eq(self.state.best.bit_select(place, 1))
        return m


class Shaper(ConfiguredBlock):
    """Sign inversions of a channel's data frames, decided with look-ahead (5.4.5.5, 5.4.5.6).

    A data frame goes in, and the inversions of the data frame three before it come out: with Sr = 1
    and ld = 3 that is the latest one that is decided. A data frame with ``initialise`` first has
    all open frames decided, as :meth:`golden.pcm.shaper.Shaper.flush` does. Sr = 0 never inverts.
    Bit-exact with :class:`golden.pcm.shaper.Shaper`.

    Latency: :meth:`latency`. Throughput: a token in one cycle more.

    Parameters: ``channels``; ``tag``, shape of what passes unchanged; ``plain``, whether there are
    data frames that are not encoded: their Sr counts as 0.

    Members
    -------
    i_configuration : In(stream of write_layout(channels))  words; those at FRAME_AT, POLES_AT and
        ZEROS_AT are kept; always ready
    i : In(stream of i_layout)   channel; half of the parameters to use; initialise; active, 0 for a
        channel without parameters; plain, with ``plain``, 1 for a data frame that is not encoded;
        signs, the initial signs t (Sr > 0), interval 0 in bit 0; ucodes U0 to U5; tag
    o : Out(stream of o_layout)  the same; law (1 A-law); inversions of the data frame three before,
        interval 0 in bit 0
    """

    def __init__(self, channels=1, tag=1, plain=False):
        self.plain = plain
        fields = {"initialise": 1, "active": 1, "signs": INTERVALS, "ucodes": UCODES_LAYOUT}
        if plain:
            fields = {**fields, "plain": 1}
        super().__init__(channels, tag, fields, {**fields, "law": 1, "inversions": INTERVALS})

    @staticmethod
    def latency(sr, ld):
        """Cycles from taking an active data frame, without ``initialise``, to its answer."""
        symbol = max(LeafPipeline.latency, 4 << ld)
        frame = 4 + (INTERVALS // sr - 1) * symbol + (4 << ld) + 8 if sr else 0
        return 5 + sr * frame

    def elaborate(self, platform):
        m = Module()
        m.submodules.walk = walk = LeafWalk(self.channels)
        m.submodules.decision = decision = _Decision()
        m.submodules.states = states = Memory(shape=_STATE.size, depth=self.channels, init=[])
        m.submodules.words = words = Memory(shape=WORD_BITS, depth=self.channels * 8, init=[])
        state_read, state_write = states.read_port(), states.write_port()
        word_read, word_write = words.read_port(), words.write_port()
        self._keep_words(m, word_write)
        token = Signal(self.i_layout)
        state, after = Signal(_STATE), Signal(_STATE)
        now = Signal(INTERVALS)
        which, sub = Signal(2), Signal(2)
        frame = Signal(FRAME_LAYOUT)
        decide = Signal()
        m.d.comb += [
            state_read.addr.eq(self.i.payload.channel),
            state_write.addr.eq(token.channel),
            word_read.addr.eq(Cat(which, token.half, token.channel)),
            *(self.o.payload[name].eq(token[name]) for name, _ in self.i_layout),
            self.o.payload.law.eq(frame.law),
            self.o.payload.inversions.eq(Mux(token.active, state.inversions[-1], 0)),
            # The newest data frame is 1 old when the next one comes.
            after.eq(state),
            after.inversions.eq(Cat(now, Value.cast(state.inversions))),
            state_write.data.eq(Mux(token.active, after, 0)),
            decision.state.eq(state),
        ]
        self._walk(m, walk, token, state, frame, sub)
        with m.If(decide):
            m.d.sync += state.before.eq(decision.beta)
        with m.FSM():
            with m.State("IDLE"):
                m.d.comb += self.i.ready.eq(1)
                m.d.sync += [token.eq(self.i.payload), which.eq(0), now.eq(0)]
                with m.If(self.i.valid):
                    m.next = "STATE"
            with m.State("STATE"):
                m.d.sync += [Value.cast(state).eq(state_read.data), which.eq(1)]
                m.next = "FRAME"
            self._word_states(m, walk, token, frame, which, sub, word_read.data)
            self._flush_states(m, walk, decision, decide, state, frame, now)
            self._frame_states(m, walk, decision, decide, state, frame, sub, now)
            with m.State("DONE"):
                m.d.comb += [self.o.valid.eq(1), state_write.en.eq(1)]
                with m.If(self.o.ready):
                    m.next = "IDLE"
        return m

    def _keep_words(self, m, write):
        """The words at FRAME_AT, POLES_AT and ZEROS_AT go into the memory."""
        word = self.i_configuration.payload
        m.d.comb += [
            self.i_configuration.ready.eq(1),
            write.addr.eq(Cat(word.address[:2], word.half, word.channel)),
            write.data.eq(word.data),
            write.en.eq(self.i_configuration.valid & (word.address[2:] == FRAME_AT >> 2)),
        ]

    def _walk(self, m, walk, token, state, frame, sub):
        """Inputs of a walk over the leaves, in shaping frame ``sub`` of the data frame."""
        m.d.comb += [
            walk.channel.eq(token.channel),
            walk.signs.eq(token.signs),
            walk.ucodes.eq(token.ucodes),
            walk.place.eq(state.place),
            walk.chosen.eq(state.best.bit_select(state.place, 1)),
            walk.frame.eq(frame),
        ]
        truth_table(
            m,
            (frame.sr, sub),
            [
                ((sr, part), (part * (INTERVALS // sr), INTERVALS // sr))
                for sr in range(1, 4)
                for part in range(sr)
            ],
            lambda where: [walk.first.eq(where[0]), walk.length.eq(where[1])],
        )

    def _word_states(self, m, walk, token, frame, which, sub, word):
        """The three words are read; then the data frame begins, or passes as it is."""
        with m.State("FRAME"):
            m.d.sync += [Value.cast(frame).eq(word), which.eq(2), sub.eq(0)]
            m.d.sync += [walk.fresh.eq(0), walk.clear_leaf.eq(0)]
            if self.plain:
                with m.If(token.plain):
                    m.d.sync += frame.sr.eq(0)
            m.next = "POLES"
        with m.State("POLES"):
            m.d.sync += walk.poles.eq(word)
            m.next = "ZEROS"
        with m.State("ZEROS"):
            m.d.sync += walk.zeros.eq(word)
            m.next = "NEXT"
            with m.If(token.active & token.initialise):
                m.next = "FLUSH"
            with m.Elif(~token.active | (frame.sr == 0)):
                m.next = "DONE"

    def _flush_states(self, m, walk, decision, decide, state, frame, now):
        """Frames that are open are decided, and the tree begins anew."""
        with m.State("FLUSH"):
            m.d.comb += [
                decision.sr.eq(state.sr),
                decision.ld.eq(state.ld),
                decision.newest.eq(state.sr - 1),
                decision.back.eq(state.open - 1),
            ]
            m.next = "FLUSHED"
            with m.If(state.open == 0):
                m.d.sync += [
                    state.before.eq(0),
                    state.best.eq(0),
                    state.sr.eq(frame.sr),
                    state.ld.eq(frame.ld),
                    state.place.eq(frame.ld),
                    walk.fresh.eq(1),
                ]
                m.next = "CLEAR"
        with m.State("FLUSHED"):
            m.d.comb += decide.eq(1)
            m.d.sync += state.open.eq(state.open - 1)
            self._invert(m, state, now, decision, 1)
            m.next = "FLUSH"
        with m.State("CLEAR"):
            # All leaves of an empty tree are its root.
            m.d.comb += walk.clear.eq(1)
            m.d.sync += walk.clear_leaf.eq(walk.clear_leaf + 1)
            with m.If(walk.clear_leaf == (1 << LEAF_BITS) - 1):
                m.next = "NEXT"
                with m.If(frame.sr == 0):
                    m.next = "DONE"

    def _frame_states(self, m, walk, decision, decide, state, frame, sub, now):
        """A shaping frame: a walk over all leaves, and a decision once ld frames are open."""
        with m.State("NEXT"):
            m.d.comb += walk.start.eq(1)
            m.d.sync += state.place.eq(Mux(state.place == frame.ld, 0, state.place + 1))
            m.next = "WALK"
        with m.State("WALK"):
            with m.If(walk.done):
                m.d.sync += state.best.eq(walk.best)
                m.next = "DECIDE"
        with m.State("DECIDE"):
            m.d.comb += [
                decision.sr.eq(frame.sr),
                decision.ld.eq(frame.ld),
                decision.newest.eq(sub),
                decision.back.eq(frame.ld),
            ]
            m.next = "DECIDED"
        with m.State("DECIDED"):
            m.d.sync += [walk.fresh.eq(0), sub.eq(sub + 1)]
            with m.If(state.open == frame.ld):
                m.d.comb += decide.eq(1)
                self._invert(m, state, now, decision, 0)
            with m.Else():
                m.d.sync += state.open.eq(state.open + 1)
            m.next = "NEXT"
            with m.If(sub + 1 == frame.sr):
                m.next = "DONE"

    @staticmethod
    def _invert(m, state, now, decision, older):
        """Add a decision's inversions to those of the data frame that is ``age + older`` old."""
        with m.Switch(decision.age):
            for age in range(DELAY_FRAMES + 1 - older):
                with m.Case(age):
                    old = age + older
                    slot = state.inversions[old - 1] if old else now
                    m.d.sync += slot.eq(slot | decision.pattern)
