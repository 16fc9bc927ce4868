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


class _PlainSignals:
    """Signals that are not encoded: Ucodes and signs, with the scrambler of TRN1d and Jd.

    Each method takes the command's value, a number of data frames, and how many of the signal were
    made before.
    """

    def __init__(self):
        self._scrambler, self._sign = Scrambler(GPC), np.zeros(1, np.uint8)
        self._segment = None

    def silence(self, _, count, place):
        return np.zeros(count * INTERVALS, np.uint8), 1

    def sd(self, u_info, count, place):
        return tuple(np.tile(part[:INTERVALS], count) for part in training.sd(u_info))

    def sd_bar(self, u_info, count, place):
        ucodes, signs = self.sd(u_info, count, place)
        return ucodes, signs ^ 1

    def r(self, ucodes, count, place):
        return tuple(part[: count * INTERVALS] for part in training.r(ucodes, count))

    def r_bar(self, ucodes, count, place):
        ucodes, signs = self.r(ucodes, count, place)
        return ucodes, signs ^ 1

    def trn1d(self, u_info, count, place):
        if not place:
            self._scrambler.reset()
        signs = self._scrambler.process(np.ones(count * INTERVALS, np.uint8))
        self._sign = signs[-1:]
        return np.full(len(signs), u_info, np.uint8), signs

    def jd(self, value, count, place):
        u_info, bits = value
        scrambled = self._scrambler.process(_cyclic(bits, place * INTERVALS, count * INTERVALS))
        signs = np.bitwise_xor.accumulate(np.concatenate([self._sign, scrambled]))[1:]
        self._sign = signs[-1:]
        return np.full(len(signs), u_info, np.uint8), signs

    def jd_end(self, value, count, place):
        return self.jd((value[0], np.zeros(JD_END, np.uint8)), count, place)

    def begin_segment(self, descriptor, number):
        """DIL-segment ``number``, counted on through all repetitions; returns its data frames."""
        ucodes = descriptor["training_ucodes"]
        only = {**descriptor, "training_ucodes": [ucodes[number % len(ucodes)]]}
        self._segment = training.dil(only), 0
        return len(self._segment[0][0]) // INTERVALS

    def dil(self, _, count, place):
        segment, at = self._segment
        end = at + count * INTERVALS
        self._segment = segment, end
        return tuple(part[at:end] for part in segment)


class _EncodedSignals:
    """Signals that the encoder of 5.4 makes: octets that are decided, and the queue of data bits.

    Each method takes the command's value, a number of data frames, and how many of the signal were
    made before.
    """

    def __init__(self):
        self.bits, self.underruns = np.zeros(0, np.uint8), 0
        self._encoder, self._runs = None, False

    def follow(self, command):
        """Another signal begins; returns the octets that this decides."""
        encoded, starts = command.signal in ENCODED, command.signal in STARTS
        rest = []
        if self._runs and (not encoded or starts):
            rest.append(self._encoder.flush())
        if starts:
            self._encoder = Encoder(command.value)
        elif encoded and self._encoder is None:
            raise V90Error(f"{command.signal.name} needs mapping parameters, which are with TRN2D")
        elif encoded and not self._runs:
            self._encoder.reset()
        self._runs = encoded
        return rest

    @property
    def parameters(self):
        return self._encoder and self._encoder.parameters

    def data_bits(self, count=1):
        """Bits of ``count`` data frames."""
        return count * self._encoder.parameters.data_bits

    def trn2d(self, _, count, place):
        return self._encoder.process(np.ones(self.data_bits(count), np.uint8))

    b1d = trn2d

    def mp(self, bits, count, place):
        return self._encoder.process(_cyclic(bits, self.data_bits(place), self.data_bits(count)))

    mp_ack = mp

    def ed(self, _, count, place):
        return self._encoder.process(np.zeros(self.data_bits(count), np.uint8))

    def data(self, _, count, place):
        full = min(count, len(self.bits) // self.data_bits())
        taken, self.bits = np.split(self.bits, [self.data_bits(full)])
        self.underruns += count - full
        ones = np.ones(self.data_bits(count - full), np.uint8)
        return self._encoder.process(np.concatenate([taken, ones]))


def _cyclic(bits, first, count):
    """``count`` bits of a sequence that repeats, from bit ``first`` on."""
    return np.asarray(bits, np.uint8)[np.arange(first, first + count) % len(bits)]


@dataclass
class _Progress:
    """How far a command is: units that have to be begun, data frames left of the one begun.

    ``units``: how many were begun; ``made``: data frames of the signal.
    """

    entry: Entry
    left: int
    rest: int = 0
    units: int = 0
    made: int = 0


class Generator:
    """The signals of one channel, as commanded, one after the other without a gap.

    Every data frame comes ``DELAY_FRAMES`` = 3 data frames after the decision what it is, whether
    or not its signs are a shaper's, which may need as many to be known. So a signal of another kind
    follows at once. The first three are silence, Ucode 0, and so is all before the first command.

    The shaper's look-ahead ends with the octets that are given to the encoder in one piece: with
    the last data frame before a start, or before a signal that is not encoded (8.4). Where MP, ED
    or DATA come after such a signal, memories are zero as at a start, and the mapping parameters
    are the last.

    ``give(command)`` queues a :class:`Command`, ``fill(bits)`` data bits; ``process(count)`` gives
    the next data frames.

    Parameters: ``law``, A or mu.

    Raises :class:`~golden.errors.V90Error` for a command that the queue has no room for, that is
    for another law, or that cannot follow the one before.

    Attributes
    ----------
    log : list of Entry, commands begun; numbers of data frames are those of the octets given
    made : int, data frames decided on, the first three included
    given : int, data frames given
    """

    def __init__(self, law):
        self.law = g711.check_law(law)
        self.reset()

    def reset(self):
        """Nothing to send, nothing waits."""
        self._waiting = deque()
        self._octets = [g711.octet(np.zeros(DELAY_FRAMES * INTERVALS), 1, self.law)]
        self._plain, self._encoded = _PlainSignals(), _EncodedSignals()
        self.given, self.made = 0, DELAY_FRAMES
        self.log = [Entry(_SILENCE, 0, DELAY_FRAMES)]
        # The delay is the one unit of it.
        self._progress = _Progress(self.log[0], 0)

    @property
    def waiting(self):
        """How many commands have not begun."""
        return len(self._waiting)

    @property
    def commands(self):
        """The command under way, and those that wait."""
        return [self.log[-1].command, *self._waiting]

    @property
    def parameters(self):
        """Mapping parameters of the encoder, None before the first."""
        return self._encoded.parameters

    @property
    def queued(self):
        """Data bits not taken yet."""
        return len(self._encoded.bits)

    @property
    def underruns(self):
        """Data frames of DATA that were ones, as the queue had too few bits."""
        return self._encoded.underruns

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
        self._encoded.bits = np.concatenate([self._encoded.bits, np.asarray(bits, np.uint8)])

    def process(self, count):
        """The next ``count`` data frames: octets (uint8, ``(6 count,)``)."""
        while self.made < self.given + count + DELAY_FRAMES:
            self._more(self.given + count + DELAY_FRAMES - self.made)
        octets = np.concatenate(self._octets)
        self.given += count
        self._octets = [octets[count * INTERVALS :]]
        return octets[: count * INTERVALS]

    def _more(self, count):
        """Make data frames of one command, ``count`` at most."""
        if self._ends():
            self._follow(self._waiting.popleft() if self._waiting else _SILENCE)
        progress = self._progress
        command = progress.entry.command
        if not progress.rest:
            self._begin_unit(progress, count)
        count = min(count, progress.rest)
        encoded = command.signal in ENCODED
        signals = self._encoded if encoded else self._plain
        make = getattr(signals, command.signal.name.lower())
        made = make(command.value, count, progress.made)
        self._octets.append(made if encoded else g711.octet(*made, self.law))
        progress.rest -= count
        progress.made += count
        progress.entry.frames += count
        self.made += count

    def _begin_unit(self, progress, count):
        """Begin a unit, or as many as are wanted if a unit is a data frame."""
        command = progress.entry.command
        progress.rest = self._frames_of(command)
        progress.left = max(progress.left - 1, 0)
        progress.units += 1
        if command.signal not in _LONGER:
            on = command.repeat and not self._waiting
            more = count - 1 if on else min(count - 1, progress.left)
            progress.rest += more
            progress.left = max(progress.left - more, 0)

    def _ends(self):
        if self._waiting and self._waiting[0].now:
            return True
        progress = self._progress
        done = not progress.rest and not progress.left
        return done and bool(self._waiting or not progress.entry.command.repeat)

    def _follow(self, command):
        before = self._progress.entry.command.signal
        if before not in _BEFORE.get(command.signal, (before,)):
            raise V90Error(f"{command.signal.name} does not follow {before.name}")
        self.log.append(Entry(command, self.made))
        self._progress = _Progress(self.log[-1], command.length)
        self._octets += self._encoded.follow(command)

    def _frames_of(self, command):
        """Data frames of the unit that begins."""
        signal, value = command.signal, command.value
        if signal == Signal.JD:
            return JD.length // INTERVALS
        if signal == Signal.JD_END:
            return JD_END // INTERVALS
        if signal in (Signal.MP, Signal.MP_ACK):
            return len(value) // self._encoded.data_bits()
        if signal == Signal.DIL:
            return self._plain.begin_segment(value, self._progress.units)
        return 1


#: What is sent when a command that does not repeat has ended and none waits.
_SILENCE = Command(Signal.SILENCE, repeat=True, name="silence")
