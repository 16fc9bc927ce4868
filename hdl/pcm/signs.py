"""Sign bits: parsing to shaping frames and differential encoding (5.4.5.1 to 5.4.5.4/V.90)."""

from amaranth.hdl import Module, Mux, Signal, Value
from amaranth.lib import data, stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from golden.pcm.parameters import INTERVALS
from hdl.core.channels import channel_shape

#: State of a channel after a data frame: the signs of its last shaping frame by position (t for the
#: encoder, received signs for the decoder), and the last bit of the odd chain.
_STATE = data.StructLayout({"last": INTERVALS, "odd": 1})


class _Differential(wiring.Component):
    """Encoder and decoder: a data frame of one channel at a time, all of it in one cycle.

    Parameters: ``channels``; ``tag``, shape of what passes unchanged; ``fields``, names of more
    bits of a token.

    Members
    -------
    i : In(stream of layout)   a data frame
    o : Out(stream of layout)  the same, with bits replaced
    """

    latency = 2

    def __init__(self, channels=1, tag=1, fields=()):
        self.channels = channels
        self.layout = data.StructLayout(
            {
                "channel": channel_shape(channels),
                "initialise": 1,
                "sr": 2,
                **dict.fromkeys(fields, 1),
                "bits": INTERVALS,
                "tag": tag,
            }
        )
        super().__init__(
            {
                "i": In(stream.Signature(self.layout)),
                "o": Out(stream.Signature(self.layout)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.memory = memory = Memory(shape=_STATE.size, depth=self.channels, init=[])
        read, write = memory.read_port(), memory.write_port()
        token = Signal(self.layout)
        state, after = Signal(_STATE), Signal(_STATE)
        out = Signal(INTERVALS)
        m.d.comb += [
            read.addr.eq(self.i.payload.channel),
            write.addr.eq(token.channel),
            write.data.eq(after),
            Value.cast(state).eq(Mux(token.initialise, 0, read.data)),
            self.o.payload.eq(token),
        ]
        with m.Switch(token.sr):
            for sr in range(4):
                with m.Case(sr):
                    self._frame(m, sr, token.bits, state, out, after)
        self._exceptions(m, token, out, after)
        with m.FSM():
            with m.State("IDLE"):
                m.d.comb += self.i.ready.eq(1)
                m.d.sync += token.eq(self.i.payload)
                with m.If(self.i.valid):
                    m.next = "CODE"
            with m.State("CODE"):
                m.d.comb += write.en.eq(1)
                m.d.sync += token.bits.eq(out)
                m.next = "DONE"
            with m.State("DONE"):
                m.d.comb += self.o.valid.eq(1)
                with m.If(self.o.ready):
                    m.next = "IDLE"
        return m


def _layout(sr):
    """``[(shaping frame position, data bit or None), ...]`` of the six intervals (Table 3)."""
    length = INTERVALS // sr if sr else INTERVALS
    carried = 0
    rows = []
    for interval in range(INTERVALS):
        position = interval % length
        carries = position > 0 or not sr
        rows.append((position, carried if carries else None))
        carried += carries
    return length, rows


class DifferentialEncoder(_Differential):
    """S sign input bits of a data frame to its six signs (Sr = 0) or initial signs t (5.4.5.1-4).

    Latency: 2 cycles. Throughput: a token in 3 cycles. Bit-exact with
    :class:`golden.pcm.signs.DifferentialEncoder`.

    Parameters: ``channels``; ``tag``, shape of what passes unchanged; ``direct``, whether the bits
    of a data frame may be its signs already, as TRN1d's are (8.4.5). The differential encoder of
    Jd, that of Sr = 0, goes on from the last of these (8.4.2).

    Members
    -------
    i : In(stream of layout)   channel; initialise, 1 to begin with a state of zero; sr; direct,
        with ``direct``, 1 for bits that are signs; bits, s0 in bit 0; tag
    o : Out(stream of layout)  the same, with bits replaced by six signs, interval 0 in bit 0
    """

    def __init__(self, channels=1, tag=1, direct=False):
        self.direct = direct
        super().__init__(channels, tag, ["direct"] if direct else [])

    def _exceptions(self, m, token, out, after):
        if self.direct:
            with m.If(token.direct):
                m.d.comb += [out.eq(token.bits), after.odd.eq(token.bits[-1])]

    def _frame(self, m, sr, bits, state, out, after):
        length, rows = _layout(sr)
        chain, last = state.odd, [state.last[k] for k in range(length)]
        for interval, (position, carried) in enumerate(rows):
            bit = 0 if carried is None else bits[carried]
            if not sr:
                chain = sign = bit ^ chain
            else:
                if position % 2:
                    bit = chain = bit ^ chain
                sign = last[position] ^ bit
            last[position] = sign
            m.d.comb += out[interval].eq(sign)
        m.d.comb += after.odd.eq(chain)
        m.d.comb += [after.last[k].eq(last[k]) for k in range(length)]


class DifferentialDecoder(_Differential):
    """Six received signs of a data frame to its S sign input bits, whatever the shaper did.

    Latency and throughput are those of :class:`DifferentialEncoder`. Bit-exact with
    :class:`golden.pcm.signs.DifferentialDecoder`.

    Parameters: ``channels``; ``tag``, shape of what passes unchanged.

    Members
    -------
    i : In(stream of layout)   channel; initialise, 1 to begin with a state of zero; sr; bits, the
        six signs, interval 0 in bit 0; tag
    o : Out(stream of layout)  the same, with bits replaced by S bits, s0 in bit 0, and zeros above
    """

    def __init__(self, channels=1, tag=1):
        super().__init__(channels, tag)

    def _exceptions(self, m, token, out, after):
        """None."""

    def _frame(self, m, sr, bits, state, out, after):
        length, rows = _layout(sr)
        chain, last = state.odd, [state.last[k] for k in range(length)]
        for interval, (position, carried) in enumerate(rows):
            sign = bits[interval]
            if not sr:
                m.d.comb += out[carried].eq(sign ^ chain)
                chain = sign
                continue
            difference = sign ^ last[position]
            last[position] = sign
            if position == 0:
                # Whether the shaper inverted just one of this frame and the one before.
                change = difference
                continue
            if position % 2:
                bit, chain = difference ^ chain, difference
                if position == 1:
                    bit ^= change
            else:
                bit = difference ^ change
            m.d.comb += out[carried].eq(bit)
        m.d.comb += after.odd.eq(chain)
        m.d.comb += [after.last[k].eq(last[k]) for k in range(length)]
