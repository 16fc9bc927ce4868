"""Shapes and groups of ports between the blocks of a receiver.

A shape that stands in several blocks has its name here. So has each group of ports that two blocks
share: the group is a signature, seen from the block named first in its docstring, and the other
block has it as ``In``. ``wiring.connect`` joins the two.
"""

from amaranth.hdl import signed, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from golden.formats import ERROR, INTERPOLATED, SOFT
from golden.receiver.leastsquares import MOST_OFF
from golden.receiver.timetable import State
from golden.receiver.timing import HALVES
from hdl.core.fixed import shape
from hdl.receiver.words import DATA_FRAME_NUMBER

#: Number of a data frame interval, 0 to 5.
INTERVAL = unsigned(3)

#: A Ucode without its sign.
UCODE = unsigned(7)

#: Magnitude of a linear PCM value, and the value with its sign.
PCM_MAGNITUDE, PCM_VALUE = unsigned(15), signed(16)

#: How far a level is above TRN1d's, in TRAINING_LEVEL-ths of that.
SHARE_ABOVE = signed(MOST_OFF.bit_length() + 1)

#: Logarithm to base 2 of the power of levels, 30 at most.
POWER_LOGARITHM = unsigned(5)

#: A sum of squared errors of a data frame, fine; the limit that Levels gives for it.
FRAME_ENERGY, ENERGY_LIMIT = unsigned(36), unsigned(32)

#: A half symbol at the working level, and its place in the data frame.
HALF_SYMBOL = data.StructLayout({"half": shape(INTERPOLATED), "index": range(HALVES)})

#: A symbol as the equaliser decides it.
DECIDED = data.StructLayout(
    {
        "fine": shape(SOFT),
        "error": shape(ERROR),
        "ucode": UCODE,
        "sign": 1,
        "interval": INTERVAL,
    }
)

#: The two samples of a symbol; the sign of its value, 1 positive; how far that is above TRN1d's.
SAMPLED_SYMBOL = data.StructLayout(
    {"older": shape(INTERPOLATED), "newer": shape(INTERPOLATED), "sign": 1, "above": SHARE_ABOVE}
)

#: A tap, or what comes after the taps, on its way from the Solver to the equaliser.
TAP_WORD = signed(32)

#: Number of a sample of the A/D, modulo 2**16.
SAMPLE_NUMBER = unsigned(16)

#: The left shift to the working level that a detection of Sd gives, -4 to 6.
WORKING_SHIFT = signed(4)

#: Time that half a symbol takes beyond one sample, in samples, Q32: as a detection of Sd gives it,
#: as the clock keeps it, and a correction of it or of the clock's instant.
FIRST_STEP, CLOCK_STEP, CLOCK_CORRECTION = signed(24), signed(32), signed(40)


class SdDetection(wiring.Signature):
    """From SdDetector to Interpolator: what a detection of Sd gives.

    Members
    -------
    reversal : Out(SAMPLE_NUMBER)  number of the sample where S-bar-d was found, modulo 2**16
    shift : Out(WORKING_SHIFT)     left shift to the working level, -4 to 6
    step : Out(FIRST_STEP)         the clock's offset, Q32: time beyond a sample in half a symbol
    """

    def __init__(self):
        super().__init__(
            {"reversal": Out(SAMPLE_NUMBER), "shift": Out(WORKING_SHIFT), "step": Out(FIRST_STEP)}
        )


class Correction(wiring.Signature):
    """From Equalizer to Interpolator: corrections of the sample clock.

    Members
    -------
    phase : Out(1)                  for a cycle: ``amount`` is for the clock's instant
    frequency : Out(1)              for a cycle: ``amount`` is for the clock's step
    amount : Out(CLOCK_CORRECTION)  Q32 of a sample, or 0; only in those cycles
    """

    def __init__(self):
        super().__init__({"phase": Out(1), "frequency": Out(1), "amount": Out(CLOCK_CORRECTION)})


class FrameSettings(wiring.Signature):
    """From Control to Equalizer: how a data frame is to be processed.

    All of them hold during a data frame.

    Members
    -------
    known : Out(1)                       its symbols are known: those of TRN1d
    turn : Out(INTERVAL)                 interval of its first symbol, 0 to 5
    power_bits : Out(POWER_LOGARITHM)    power of the levels in use
    training_bits : Out(POWER_LOGARITHM)  power of TRN1d's level
    loss : Out(ENERGY_LIMIT)             an energy of errors a quarter of it or less moves taps
    hurry : Out(1)                       errors steer the drift fast
    still : Out(1)                       there is no drift
    settling : Out(1)                    no taps move, but the drift's
    guess : Out(1)                       levels are a guess, and no taps move
    """

    def __init__(self):
        super().__init__(
            {
                "known": Out(1),
                "turn": Out(INTERVAL),
                "power_bits": Out(POWER_LOGARITHM),
                "training_bits": Out(POWER_LOGARITHM),
                "loss": Out(ENERGY_LIMIT),
                "hurry": Out(1),
                "still": Out(1),
                "settling": Out(1),
                "guess": Out(1),
            }
        )


class FrameReport(wiring.Signature):
    """From Equalizer to Control: how it is getting on with a data frame.

    Members
    -------
    busy : Out(1)        a data frame is being processed, or the past cleared
    measured : Out(1)    for a cycle: ``energy`` is there
    energy : Out(FRAME_ENERGY)  sum of squares of the data frame's errors, fine; only in that cycle
    done : Out(1)        for a cycle, at the end of a data frame whose symbols are not known
    adapting : Out(1)    the energy allowed taps to move; from ``done`` until the next data frame
    """

    def __init__(self):
        super().__init__(
            {
                "busy": Out(1),
                "measured": Out(1),
                "energy": Out(FRAME_ENERGY),
                "done": Out(1),
                "adapting": Out(1),
            }
        )


class TapControl(wiring.Signature):
    """From Control to Equalizer: what becomes of the set of taps that waits.

    Members
    -------
    load : Out(1)      for a cycle, while the equaliser is not busy: the set is used from now on
    discard : Out(1)   for a cycle: forget the set, or the one that is on its way
    answered : In(1)   a whole set has come, good or not
    good : In(1)       a whole set waits, and it is good
    """

    def __init__(self):
        super().__init__({"load": Out(1), "discard": Out(1), "answered": In(1), "good": In(1)})


class KnownSymbols(wiring.Signature):
    """From Equalizer to who knows symbols: those of TRN1d, and reference symbols of DIL.

    Members
    -------
    next : Out(1)                for a cycle: ``sign`` was taken, and is to be that of the next one
    sign : In(1)                 sign of the next symbol of TRN1d, 1 positive
    given : In(1)                the symbol of the interval that ``o_slice`` names has ``value``,
                                 whatever it is decided to be; until the decision is at ``o``
    value : In(PCM_VALUE)        its value, where it is given
    """

    def __init__(self):
        super().__init__({"next": Out(1), "sign": In(1), "given": In(1), "value": In(PCM_VALUE)})


class FrontControl(wiring.Signature):
    """From Control to the front: when half symbols begin and end.

    Members
    -------
    restart : Out(1)        begin at the detection found; holds until ``started``
    stop : Out(1)           for a cycle: give no half symbols after the one on its way
    started : In(1)         for a cycle: ``restart`` is accepted
    found : In(1)           Sd is detected; high until ``started``, and no half symbols come
    early : In(1)           a data frame's last half symbol has not begun
    quiet : In(1)           the samples are too faint for a signal
    step : In(CLOCK_STEP)   the clock's offset, Q32
    """

    def __init__(self):
        super().__init__(
            {
                "restart": Out(1),
                "stop": Out(1),
                "started": In(1),
                "found": In(1),
                "early": In(1),
                "quiet": In(1),
                "step": In(CLOCK_STEP),
            }
        )


class Heard(wiring.Signature):
    """To Control: what the symbols of a data frame showed.

    Members
    -------
    trained : Out(1)  for a cycle, with the last known symbol of a data frame
    sure : Out(1)     R is sure with the data frame decided last; until the next symbol
    turned : Out(1)   R-bar is sure with it, likewise
    ed : Out(1)       for a cycle: the data frame decided last was the last of Ed
    """

    def __init__(self):
        super().__init__({"trained": Out(1), "sure": Out(1), "turned": Out(1), "ed": Out(1)})


class Status(wiring.Signature):
    """From Control to all: what the receiver does, and with which data frame.

    Members
    -------
    state : Out(State)           as in golden.receiver.timetable
    number : Out(DATA_FRAME_NUMBER)   of the data frame in question
    clear : Out(1)               for a cycle, Sd came: forget symbols, errors and clock of before
    training : Out(1)            decide on TRN1d's level
    plain : Out(1)               all levels since Sd were of one Ucode
    put : Out(1)                 for a cycle: the levels that wait are used from now on
    accumulate : Out(1)          symbols belong to a stretch that taps are solved from
    last : Out(1)                this data frame is a stretch's last
    steady : Out(1)              for a cycle: ``rate`` corrects the clock's step to its mean
    rate : Out(CLOCK_CORRECTION)  mean of the step less the step, Q32
    """

    def __init__(self):
        super().__init__(
            {
                "state": Out(State),
                "number": Out(DATA_FRAME_NUMBER),
                "clear": Out(1),
                "training": Out(1),
                "plain": Out(1),
                "put": Out(1),
                "accumulate": Out(1),
                "last": Out(1),
                "steady": Out(1),
                "rate": Out(CLOCK_CORRECTION),
            }
        )
