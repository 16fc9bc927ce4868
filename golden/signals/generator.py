"""The digital modem's signal generator: commands to PCM octets (8.4, 8.6, 5.4/V.90).

All signals are whole data frames, and what begins, begins with one. A signal has a unit, the least
that is sent of it: a data frame, a Jd, a DIL-segment, an MP sequence. A command asks for a number
of units, or for that many at least and on until the next command.
"""

from collections import deque
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np

from golden.bits.scrambler import GPC, Scrambler
from golden.errors import V90Error
from golden.pcm import g711
from golden.pcm.encoder import Encoder
from golden.pcm.parameters import DELAY_FRAMES, INTERVALS
from golden.signals import training
from golden.signals.sequences import JD, JD_END


class Signal(IntEnum):
    """What a generator can send; the number is the gateware's. MP_ACK is MP'."""

    SILENCE = 0
    SD = 1
    SD_BAR = 2
    R = 3
    R_BAR = 4
    TRN1D = 5
    JD = 6
    JD_END = 7
    DIL = 8
    TRN2D = 9
    MP = 10
    MP_ACK = 11
    ED = 12
    B1D = 13
    DATA = 14


#: Signals that the encoder of 5.4 makes.
ENCODED = range(Signal.TRN2D, Signal.DATA + 1)

#: Signals with which scrambler, differential encoder and shaper begin anew, and mapping parameters
#: change (8.6.1, 8.6.5).
STARTS = (Signal.TRN2D, Signal.B1D)

#: Commands that wait at most.
QUEUE = 8

#: Most units of a command.
LENGTH_BITS = 16

#: What some signals must come behind, as they go on where that ends (8.4.2, 8.4.3).
_BEFORE = {
    Signal.JD: (Signal.TRN1D, Signal.JD, Signal.JD_END),
    Signal.JD_END: (Signal.TRN1D, Signal.JD, Signal.JD_END),
}


#: Signals whose unit is not a data frame.
_LONGER = (Signal.JD, Signal.JD_END, Signal.DIL, Signal.MP, Signal.MP_ACK)


@dataclass(frozen=True, eq=False)
class Command:
    """Send ``length`` units of a signal, 1 at least.

    ``repeat``: then go on until another command waits, and end with a unit. ``now``: what is being
    sent ends with its data frame, and what waits before this command is dropped.

    ``value`` is what the signal needs: U_INFO for SD, SD_BAR and TRN1D; six Ucodes for R and R_BAR;
    ``(U_INFO, bits)`` of one whole sequence for JD and ``(U_INFO, None)`` for JD_END; the fields of
    :data:`golden.signals.sequences.DIL` for DIL; :class:`~golden.pcm.parameters.MappingParameters`
    for TRN2D and B1D; bits of one sequence, whole data frames, for MP and MP_ACK; None else.
    ``name`` is for who reads the log.
    """

    signal: Signal
    length: int = 1
    repeat: bool = False
    value: Any = None
    now: bool = False
    name: str = ""

    def __post_init__(self):
        if not 1 <= self.length < 1 << LENGTH_BITS:
            raise V90Error(
                f"a command is for 1 to {(1 << LENGTH_BITS) - 1} units of a signal, "
                f"not {self.length}"
            )


@dataclass
class Entry:
    """A command that was begun: its first data frame, and how many have been made."""

    command: Command
    first: int
    frames: int = 0


class Generator:
    """The signals of one channel, as commanded, one behind the other without a gap.

    Every data frame comes ``DELAY_FRAMES`` = 3 data frames after what it is was decided, whether
    its signs are a shaper's, which may need as many to be known, or not: so what follows something
    of another kind follows at once. The first three are silence, Ucode 0, and so is all before the
    first command.

    The shaper's look-ahead ends with what the encoder is given in one piece: with the last data
    frame before a start, or before a signal that is not encoded (8.4). Where MP, ED or DATA come
    behind such a signal, memories are zero as at a start, and the mapping parameters are the last.

    Parameters: ``law``.

    Attributes
    ----------
    log : list of Entry, what was begun; numbers of data frames are those of the octets given
    made : int, data frames decided on, the first three included; given : int, of these given
    underruns : int, data frames of DATA that were ones as the queue had too few bits
    """

    def __init__(self, law):
        self.law = g711.check_law(law)
        self.reset()

    def reset(self):
        """Nothing to send, nothing waits."""
        self._waiting = deque()
        self._octets = [g711.octet(np.zeros(DELAY_FRAMES * INTERVALS), 1, self.law)]
        self._bits = np.zeros(0, np.uint8)
        self._encoder, self._runs = None, False
        self._scrambler, self._sign = Scrambler(GPC), np.zeros(1, np.uint8)
        self._segment = None
        self.underruns = 0
        self.given, self.made = 0, DELAY_FRAMES
        self.log = [Entry(_SILENCE, 0, DELAY_FRAMES)]
        self._begin(self.log[0])
        self._left = 0  # the delay is of it

    @property
    def waiting(self):
        """How many commands have not begun."""
        return len(self._waiting)

    @property
    def queued(self):
        """Data bits not taken yet."""
        return len(self._bits)

    def give(self, command):
        """Append a command to the queue."""
        if command.signal in STARTS and command.value.law != self.law:
            raise V90Error(
                f"mapping parameters for {command.value.law}-law are no use where signals are "
                f"{self.law}-law"
            )
        if command.now:
            self._waiting.clear()
        if len(self._waiting) == QUEUE:
            raise V90Error(f"{QUEUE} commands wait already, which is the most")
        self._waiting.append(command)

    def fill(self, bits):
        """Append data bits (uint8, first in time first) to the queue."""
        self._bits = np.concatenate([self._bits, np.asarray(bits, np.uint8)])

    def process(self, count):
        """The next ``count`` data frames: octets (uint8, ``(6 count,)``)."""
        while self.made < self.given + count + DELAY_FRAMES:
            self._more(self.given + count + DELAY_FRAMES - self.made)
        octets = np.concatenate(self._octets)
        self.given += count
        self._octets = [octets[count * INTERVALS :]]
        return octets[: count * INTERVALS]

    # --- What comes next -------------------------------------------------------------------------

    def _begin(self, entry):
        self._entry = entry
        #: Units that have to be begun, data frames left of the one begun; where the signal is.
        self._left, self._rest, self._place = entry.command.length, 0, 0

    def _more(self, count):
        """Make data frames of one command, ``count`` at most."""
        if self._ends():
            self._follow(self._waiting.popleft() if self._waiting else _SILENCE)
        command = self._entry.command
        if not self._rest:
            self._rest = self._unit(command)
            self._left = max(self._left - 1, 0)
            if command.signal not in _LONGER:  # as many as there are in one go
                on = command.repeat and not self._waiting
                more = count - 1 if on else min(count - 1, self._left)
                self._rest += more
                self._left = max(self._left - more, 0)
        count = min(count, self._rest)
        made = getattr(self, f"_{command.signal.name.lower()}")(command.value, count)
        self._octets.append(made if command.signal in ENCODED else self._plain(*made))
        self._rest -= count
        self._entry.frames += count
        self.made += count

    def _ends(self):
        if self._waiting and self._waiting[0].now:
            return True
        done = not self._rest and not self._left
        return done and bool(self._waiting or not self._entry.command.repeat)

    def _follow(self, command):
        before = self._entry.command.signal
        if before not in _BEFORE.get(command.signal, (before,)):
            raise V90Error(f"{command.signal.name} does not follow {before.name}")
        self.log.append(Entry(command, self.made))
        self._begin(self.log[-1])
        encoded = command.signal in ENCODED
        if self._runs and (not encoded or command.signal in STARTS):
            self._octets.append(self._encoder.flush())
        if command.signal in STARTS:
            self._encoder = Encoder(command.value)
        elif encoded and self._encoder is None:
            raise V90Error(f"{command.signal.name} needs mapping parameters, which are with TRN2D")
        elif encoded and not self._runs:
            self._encoder.reset()
        self._runs = encoded

    def _unit(self, command):
        """Data frames of the unit that begins."""
        signal, value = command.signal, command.value
        if signal == Signal.JD:
            return JD.length // INTERVALS
        if signal == Signal.JD_END:
            return JD_END // INTERVALS
        if signal in (Signal.MP, Signal.MP_ACK):
            return len(value) // self._encoder.parameters.data_bits
        if signal == Signal.DIL:
            segment = self._place % len(value["training_ucodes"])
            self._place += 1
            only = {**value, "training_ucodes": [value["training_ucodes"][segment]]}
            self._segment = training.dil(only)
            return len(self._segment[0]) // INTERVALS
        return 1

    # --- Signals that are not encoded: Ucodes and signs ------------------------------------------

    def _plain(self, ucodes, signs):
        return g711.octet(ucodes, signs, self.law)

    def _silence(self, _, count):
        return np.zeros(count * INTERVALS, np.uint8), 1

    def _sd(self, u_info, count):
        return tuple(np.tile(part[:INTERVALS], count) for part in training.sd(u_info))

    def _sd_bar(self, u_info, count):
        ucodes, signs = self._sd(u_info, count)
        return ucodes, signs ^ 1

    def _r(self, ucodes, count):
        return tuple(part[: count * INTERVALS] for part in training.r(ucodes, count))

    def _r_bar(self, ucodes, count):
        ucodes, signs = self._r(ucodes, count)
        return ucodes, signs ^ 1

    def _trn1d(self, u_info, count):
        if not self._place:
            self._scrambler.reset()
        self._place += count
        signs = self._scrambler.process(np.ones(count * INTERVALS, np.uint8))
        self._sign = signs[-1:]
        return np.full(len(signs), u_info, np.uint8), signs

    def _jd(self, value, count):
        u_info, bits = value
        scrambled = self._scrambler.process(self._cyclic(bits, count * INTERVALS))
        signs = np.bitwise_xor.accumulate(np.concatenate([self._sign, scrambled]))[1:]
        self._sign = signs[-1:]
        return np.full(len(signs), u_info, np.uint8), signs

    def _jd_end(self, value, count):
        return self._jd((value[0], np.zeros(JD_END, np.uint8)), count)

    def _dil(self, _, count):
        at = len(self._segment[0]) - self._rest * INTERVALS
        return tuple(part[at : at + count * INTERVALS] for part in self._segment)

    def _cyclic(self, bits, count):
        at = np.arange(self._place, self._place + count) % len(bits)
        self._place += count
        return np.asarray(bits, np.uint8)[at]

    # --- Encoded signals: octets decided ---------------------------------------------------------

    def _data_bits(self, count):
        return count * self._encoder.parameters.data_bits

    def _trn2d(self, _, count):
        return self._encoder.process(np.ones(self._data_bits(count), np.uint8))

    _b1d = _trn2d

    def _mp(self, bits, count):
        return self._encoder.process(self._cyclic(bits, self._data_bits(count)))

    _mp_ack = _mp

    def _ed(self, _, count):
        return self._encoder.process(np.zeros(self._data_bits(count), np.uint8))

    def _data(self, _, count):
        full = min(count, len(self._bits) // self._data_bits(1))
        taken, self._bits = np.split(self._bits, [self._data_bits(full)])
        self.underruns += count - full
        ones = np.ones(self._data_bits(count - full), np.uint8)
        return self._encoder.process(np.concatenate([taken, ones]))


#: What is sent when a command that does not repeat has ended and none waits.
_SILENCE = Command(Signal.SILENCE, repeat=True, name="silence")
