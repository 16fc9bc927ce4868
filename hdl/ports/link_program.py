"""The program of :class:`hdl.ports.link.HostLink`'s processor, and its instructions.

The processor has an octet A, an index X, a flag, and 512 octets of memory in two halves: ours with
the last answer, the variables and the board's information, and theirs with the request. B is what
an instruction names: its constant, an octet of memory (at a constant address in our half, or at X
in either), or a port.
"""

from enum import IntEnum

from amaranth.lib import data

from golden.ports.link import (
    ESCAPE_OCTET,
    ESCAPE_TURN,
    FLAG_OCTET,
    HELLO,
    INFORMATION,
    LONGEST_ANSWER,
    NO_MORE,
    NUMBERS,
    Section,
)
from hdl.core.program import Program


class Op(IntEnum):
    """Operations. Those from LOAD on change A."""

    STORE = 0  # the octet of memory := A
    COMPARE = 1  # flag := A == B; of memory with ``test``: flag := a Test
    INDEX = 2  # X := B
    STROBE = 3  # the bits of the constant are pulses, see Strobe
    JUMP = 4  # go to the constant
    JUMP_IF = 5  # where the flag is 1
    JUMP_UNLESS = 6
    EMIT = 7  # A to the host
    LOAD = 8  # A := B
    HEAR = 9  # A := an octet of the host
    PUSH = 10  # A to the channel's queue if there is room; A := room before
    LOOK = 11  # A := room
    ADD = 12  # A := A + B


class InputPort(IntEnum):
    """Numbers of the ports; STATE is the first octet of the state, the others follow it."""

    HEARD = 1
    ROOM = 2
    SUM_LOW = 3
    SUM_HIGH = 4
    STATE = 5


class Strobe(IntEnum):
    """Bits of a STROBE's constant."""

    SUM_START = 0
    SUM = 1  # A into the CRC
    CHANNEL = 2  # A is the channel
    ADDRESS = 3  # A is the word's address, for that channel
    LOW = 4
    HIGH = 5  # and the word is whole
    TAKEN = 6  # the octet that the design gives was taken


class Test(IntEnum):
    """Questions of a COMPARE with ``test``: no word waits; the CRC is right; the design gives."""

    FREE = 0
    RIGHT = 1
    GIVEN = 2


#: An instruction. ``port`` is 0, or, where B is memory: at X; which half; a Test instead.
INSTRUCTION = data.StructLayout({"constant": 8, "port": 3, "memory": 1, "op": 4})

_THEIRS, _AT_X, _TEST = 1, 2, 4

#: Number of the last port.
LAST_PORT = 7

#: Address of the board's information; the variables are before it.
INFORMATION_AT = 256 - INFORMATION


class Variable(IntEnum):
    """Addresses of the program's variables."""

    FILL = INFORMATION_AT - 8  # octets of the request
    END = INFORMATION_AT - 7  # octets of the answer
    AT = INFORMATION_AT - 6  # octets of the request, or of the answer, that were dealt with
    COUNT = INFORMATION_AT - 5  # items of the section that are left
    KIND = INFORMATION_AT - 4  # of the section
    WAITED = INFORMATION_AT - 3  # for a word's place
    DAMAGED = INFORMATION_AT - 2  # requests with a wrong CRC
    KEPT = INFORMATION_AT - 1


assert LONGEST_ANSWER + 2 <= Variable.FILL

#: Cycles of an instruction that need not wait; cycles for which a word waits, about.
CYCLES = 3
WORD_WAITS = 256 * 7 * CYCLES


class LinkProgram(Program):
    """Instructions, written by what they do. B is a constant, a variable, at X, or a port."""

    def __init__(self):
        super().__init__({name: field.shape for name, field in INSTRUCTION})
        self._unique = 0

    def _instruction(self, op, constant=0, port=0, memory=0):
        self.row(op=op, constant=constant, port=port, memory=memory)

    def constant(self, op, value):
        self._instruction(op, value & 0xFF)

    def variable(self, op, address):
        self._instruction(op, address, memory=1)

    def indexed(self, op, theirs):
        self._instruction(op, port=_AT_X | theirs, memory=1)

    def store(self, *addresses):
        for address in addresses:
            self.variable(Op.STORE, address)

    def port(self, op, port):
        self._instruction(op, port=port)

    def emit(self):
        self._instruction(Op.EMIT)

    def test(self, what):
        self._instruction(Op.COMPARE, what, port=_TEST, memory=1)

    def strobe(self, what):
        self._instruction(Op.STROBE, 1 << what)

    def jump(self, label, op=Op.JUMP):
        self._instruction(op, label)

    def when(self, value, label):
        """Go to a label where A has this value."""
        self.constant(Op.COMPARE, value)
        self.jump(label, Op.JUMP_IF)

    def get(self):
        """A := the request's next octet; the answer is whole where there is none."""
        self.variable(Op.LOAD, Variable.AT)
        self.variable(Op.COMPARE, Variable.FILL)
        self.jump("whole", Op.JUMP_IF)
        self.variable(Op.INDEX, Variable.AT)
        self.constant(Op.ADD, 1)
        self.store(Variable.AT)
        self.indexed(Op.LOAD, 1)

    def put(self):
        """Append A to the answer, where there is room."""
        self._unique += 1
        over = f"_{self._unique}"
        self.store(Variable.KEPT)
        self.variable(Op.LOAD, Variable.END)
        self.when(LONGEST_ANSWER, over)
        self.variable(Op.INDEX, Variable.END)
        self.constant(Op.ADD, 1)
        self.store(Variable.END)
        self.variable(Op.LOAD, Variable.KEPT)
        self.indexed(Op.STORE, 0)
        self.strobe(Strobe.SUM)
        self.label(over)


def program(states, gives):
    """Words of the program, for so many octets of a channel's state; ``gives``: with TAKE."""
    p = LinkProgram()
    p.constant(Op.LOAD, 0)
    # The last request's number is the answer's first octet; none is HELLO, which is always acted
    # on.
    p.store(Variable.DAMAGED, 0)
    _receive(p)
    _begin(p)
    _act(p, states, gives)
    _send(p)
    return p.words(256)


def _receive(p):
    p.label("skip")
    p.port(Op.HEAR, InputPort.HEARD)
    p.constant(Op.COMPARE, FLAG_OCTET)
    p.jump("skip", Op.JUMP_UNLESS)
    p.label("begin")
    p.strobe(Strobe.SUM_START)
    p.constant(Op.LOAD, 0)
    p.store(Variable.FILL)
    p.label("next")
    p.port(Op.HEAR, InputPort.HEARD)
    p.when(FLAG_OCTET, "flag")
    p.when(ESCAPE_OCTET, "escape")
    p.label("keep")
    p.strobe(Strobe.SUM)
    p.variable(Op.INDEX, Variable.FILL)
    p.indexed(Op.STORE, 1)
    p.variable(Op.LOAD, Variable.FILL)
    p.constant(Op.ADD, 1)
    p.store(Variable.FILL)
    p.when(0, "skip")  # too long
    p.jump("next")
    p.label("escape")
    p.port(Op.HEAR, InputPort.HEARD)
    p.constant(Op.ADD, ESCAPE_TURN)
    p.jump("keep")
    p.label("flag")
    p.variable(Op.LOAD, Variable.FILL)
    p.when(0, "begin")
    p.when(2, "begin")  # it has a CRC and nothing else, if that
    p.constant(Op.ADD, -2)
    p.store(Variable.FILL)
    p.test(Test.RIGHT)
    p.jump("request", Op.JUMP_IF)
    p.variable(Op.LOAD, Variable.DAMAGED)
    p.constant(Op.ADD, 1)
    p.store(Variable.DAMAGED)
    p.jump("begin")


def _begin(p):
    p.label("request")
    p.constant(Op.INDEX, 0)
    p.indexed(Op.LOAD, 1)
    p.when(HELLO, "act")
    p.indexed(Op.COMPARE, 0)
    p.jump("send", Op.JUMP_IF)
    # Only the number that is due is acted on: a request that the line held back is an earlier one.
    p.indexed(Op.LOAD, 0)
    p.constant(Op.ADD, 1)
    p.constant(Op.COMPARE, (NUMBERS[-1] + 1) % 256)
    p.jump("due", Op.JUMP_UNLESS)
    p.constant(Op.ADD, NUMBERS[0] - NUMBERS[-1] - 1)
    p.label("due")
    p.indexed(Op.COMPARE, 1)
    p.jump("begin", Op.JUMP_UNLESS)
    p.label("act")
    p.strobe(Strobe.SUM_START)
    p.constant(Op.LOAD, 0)
    p.store(Variable.END, Variable.COUNT, Variable.KIND)
    p.constant(Op.LOAD, 1)
    p.store(Variable.AT)
    p.indexed(Op.LOAD, 1)
    # From here on: put A, and go on with the section.
    p.label("put")
    p.put()
    p.label("loop")


def _act(p, states, gives):
    p.variable(Op.LOAD, Variable.COUNT)
    p.when(0, "counted")
    p.constant(Op.ADD, -1)
    p.store(Variable.COUNT)
    p.variable(Op.LOAD, Variable.KIND)
    p.when(Section.DATA, "octet")
    p.when(Section.WORDS, "word")
    p.when(Section.INFO, "info")
    p.when(Section.STATUS, "status")
    if gives:
        p.test(Test.GIVEN)
        p.jump("no more", Op.JUMP_UNLESS)
        p.port(Op.LOAD, InputPort.STATE + states)
        p.put()
        p.port(Op.LOAD, InputPort.STATE + states + 1)
        p.strobe(Strobe.TAKEN)
        p.jump("put")
    p.label("counted")
    p.variable(Op.LOAD, Variable.KIND)
    if gives:
        p.when(Section.TAKE, "no more")
    p.constant(Op.COMPARE, Section.WORDS)
    p.constant(Op.LOAD, 0)
    p.store(Variable.KIND)
    p.jump("put", Op.JUMP_IF)
    p.get()
    p.store(Variable.KIND)
    p.get()
    p.strobe(Strobe.CHANNEL)
    p.get()
    p.store(Variable.COUNT)
    p.variable(Op.LOAD, Variable.KIND)
    p.when(Section.DATA, "look")
    p.when(Section.WORDS, "loop")
    if gives:
        p.when(Section.TAKE, "loop")
    p.constant(Op.COMPARE, Section.INFO)
    p.constant(Op.LOAD, INFORMATION)
    p.store(Variable.COUNT)
    p.jump("loop", Op.JUMP_IF)
    p.variable(Op.LOAD, Variable.KIND)
    p.constant(Op.COMPARE, Section.STATUS)
    p.jump("whole", Op.JUMP_UNLESS)
    p.constant(Op.LOAD, states + 1)
    p.store(Variable.COUNT)
    p.jump("loop")
    p.label("look")
    p.port(Op.LOOK, InputPort.ROOM)
    p.jump("put")
    p.label("octet")
    p.get()
    p.port(Op.PUSH, InputPort.ROOM)
    p.jump("loop")
    p.label("info")
    p.variable(Op.LOAD, Variable.COUNT)
    p.constant(Op.ADD, INFORMATION_AT)
    p.store(Variable.KEPT)
    p.variable(Op.INDEX, Variable.KEPT)
    p.indexed(Op.LOAD, 0)
    p.jump("put")
    p.label("status")
    p.variable(Op.LOAD, Variable.COUNT)
    for n in range(states):
        p.when(n, f"status {n}")
    p.variable(Op.LOAD, Variable.DAMAGED)
    p.jump("put")
    for n in range(states):
        p.label(f"status {n}")
        p.port(Op.LOAD, InputPort.STATE + n)
        p.jump("put")
    _words(p)
    if gives:
        p.label("no more")
        p.constant(Op.LOAD, NO_MORE)
        p.store(Variable.KEPT)
        p.jump("last")


def _words(p):
    p.label("word")
    p.constant(Op.LOAD, 0)
    p.label("wait")
    p.store(Variable.WAITED)
    p.test(Test.FREE)
    p.jump("free", Op.JUMP_IF)
    p.variable(Op.LOAD, Variable.WAITED)
    p.constant(Op.ADD, 1)
    p.constant(Op.COMPARE, 0)
    p.jump("wait", Op.JUMP_UNLESS)
    # The rest of the section is left out.
    p.variable(Op.LOAD, Variable.FILL)
    p.store(Variable.AT)
    p.variable(Op.LOAD, Variable.COUNT)
    p.constant(Op.ADD, 1)
    p.store(Variable.KEPT)
    # KEPT is the section's last octet.
    p.label("last")
    p.constant(Op.LOAD, 0)
    p.store(Variable.COUNT, Variable.KIND)
    p.variable(Op.LOAD, Variable.KEPT)
    p.jump("put")
    p.label("free")
    for what in (Strobe.ADDRESS, Strobe.LOW, Strobe.HIGH):
        p.get()
        p.strobe(what)
    p.jump("loop")


def _send(p):
    p.label("whole")
    p.variable(Op.INDEX, Variable.END)
    p.port(Op.LOAD, InputPort.SUM_LOW)
    p.indexed(Op.STORE, 0)
    p.variable(Op.LOAD, Variable.END)
    p.constant(Op.ADD, 1)
    p.store(Variable.END)
    p.variable(Op.INDEX, Variable.END)
    p.constant(Op.ADD, 1)
    p.store(Variable.END)
    p.port(Op.LOAD, InputPort.SUM_HIGH)
    p.indexed(Op.STORE, 0)
    p.label("send")
    p.constant(Op.LOAD, 0)
    p.store(Variable.AT)
    p.constant(Op.LOAD, FLAG_OCTET)
    p.emit()
    p.label("each")
    p.variable(Op.LOAD, Variable.AT)
    p.variable(Op.COMPARE, Variable.END)
    p.jump("close", Op.JUMP_IF)
    p.variable(Op.INDEX, Variable.AT)
    p.constant(Op.ADD, 1)
    p.store(Variable.AT)
    p.indexed(Op.LOAD, 0)
    p.when(FLAG_OCTET, "escaped")
    p.when(ESCAPE_OCTET, "escaped")
    p.label("emit")
    p.emit()
    p.jump("each")
    p.label("escaped")
    p.store(Variable.KEPT)
    p.constant(Op.LOAD, ESCAPE_OCTET)
    p.emit()
    p.variable(Op.LOAD, Variable.KEPT)
    p.constant(Op.ADD, -ESCAPE_TURN)
    p.jump("emit")
    p.label("close")
    p.constant(Op.LOAD, FLAG_OCTET)
    p.emit()
    p.jump("skip")
