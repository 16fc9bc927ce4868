"""The equaliser's program: the sums of a half symbol, of a symbol and of a data frame.

All go through one multiplier and one accumulator. A row is one sum: which products it has, how far
it is shifted, to what it is rounded and saturated, where it goes, and which sum is next.
"""

from enum import IntEnum

from amaranth.hdl import Cat, Const, Mux, signed

from golden.formats import (
    COARSE,
    DRIFT,
    DRIFT_TAP,
    ERROR_TAP,
    FEEDBACK_TAP,
    FEEDBACK_TAP_USED,
)
from golden.pcm.parameters import INTERVALS
from golden.receiver.equalizer import (
    DRIFT_HURRY_BITS,
    DRIFT_STEERED,
    DRIFT_STEP_BITS,
    ERROR_STEP_BITS,
    INPUT_POWER_BITS,
    STEP_BITS,
)
from golden.receiver.slicer import FINE
from golden.receiver.timetable import FREQUENCY_BITS, LOOP_BITS
from golden.receiver.timing import HALVES, INSTANT_FRACTION
from hdl.core.program import Program
from hdl.receiver.accumulator import Step
from hdl.receiver.equalizer_memory import Place, Region

# One shift does for the feedback part, for a coarse value and for the drift. An error that steers
# and a drift that is added have the same factor.
assert FEEDBACK_TAP_USED.fraction - FINE == FINE - COARSE.fraction
assert DRIFT_STEERED[0] == 1 << (FINE - DRIFT.fraction)


class Sum(IntEnum):
    """Rows of the program: what a sum is.

    FORWARD to CHANGE are of half symbols and symbols. ENERGY and those after it are of a data
    frame, but for FOLLOW, which is the symbol's next drift.
    """

    FORWARD = 0
    BACK = 1
    ERROR = 2
    SCALE = 3
    SYMBOL = 4
    CHANGE = 5
    DRIFT = 6
    COARSE = 7
    ENERGY = 8
    ADAPT_FORWARD = 9
    ADAPT_BACK = 10
    SLOPE = 11
    FOLLOW = 12
    ADAPT_ERROR = 13
    ADAPT_DRIFT = 14
    FREQUENCY = 15


class Walk(IntEnum):
    """Which products a sum has: one for each tap, a single one, or one for each symbol."""

    TAPS = 0
    ONE = 1
    SYMBOLS = 2


class AfterSum(IntEnum):
    """The state of the equaliser in which the next sum begins, or what comes first."""

    BEGIN = 0
    MULTIPLY = 1
    DRAIN = 2
    ASK = 3
    TELL = 4
    DONE = 5


#: Fields of a row.
FIELDS = {
    # The factor from the sample memory: where, of the symbol before, and how far to the next one.
    "region": Region,
    "before": 1,
    "step": signed(7),
    # The products; the factor from the tap memory where there is one; two more of the drift's.
    "walk": Walk,
    "factor": Place,
    "grows": 1,
    # After them: the shift to the right, the last step of rounding with the word added, saturation.
    "shift": signed(7),
    "rounds": Step,
    "added": Place,
    "fits": Step,
    # Where the sum goes: a word of the tap memory, which may be the tap in turn, or of the other.
    "to_taps": 1,
    "to": Place,
    "invert": 1,
    "of_tap": 1,
    "to_samples": 1,
    "into": Region,
    # The sum that is next, and in which state.
    "next": Sum,
    "then": AfterSum,
}


def equalizer_program(frame, drop, half):
    """The program, for signals of an Equalizer that its rows depend on.

    ``frame``: its FrameSettings; ``drop``: the shift that goes with the taps; ``half``: the number
    of the half symbol, 4 to 15. Even ones are at a symbol's instant, odd ones between two.
    """
    program = Program(FIELDS)
    odd, symbol = half[0], Cat(half[1:], Const(0, 1))
    last = half[1:] == HALVES // 2 + 1
    power_bits, fine_shift = frame.power_bits, FEEDBACK_TAP_USED.fraction - FINE

    def row(number, **values):
        """A row with what most have: back by a sample, to 32 bits, no word added."""
        usual = {"step": -1, "rounds": Step.ADD_CARRY, "fits": Step.FIT_32, "then": AfterSum.BEGIN}
        assert len(program) == number, number
        program.row(number.name, **usual | values)

    # The feed-forward part. From that of an odd half symbol, the odd one's before is subtracted. To
    # that of an even one, the drift is added, which has one fraction bit less than the sum.
    forward = {"walk": Walk.TAPS, "shift": drop, "fits": Step.FIT_SOFT}
    forward |= {"to": Place.ODD, "to_taps": odd, "invert": 1}
    forward |= {
        "next": Mux(odd, Sum.CHANGE, Sum.DRIFT),
        "then": Mux(odd, AfterSum.DRAIN, AfterSum.MULTIPLY),
    }
    row(Sum.FORWARD, **forward)
    # The feedback part, to which the forward one is added: the value to be decided.
    back = {"region": Region.PAST, "walk": Walk.TAPS, "grows": 1, "shift": fine_shift}
    back |= {"rounds": Step.ADD_WORD, "added": Place.SOFT, "fits": Step.FIT_SOFT}
    row(Sum.BACK, **back, to=Place.FINE, to_taps=1, next=Sum.BACK, then=AfterSum.ASK)
    # By the complement: the value is below the sum by its error and 1.
    error = {"region": Region.PAST, "walk": Walk.ONE, "factor": Place.MINUS_SIXTEEN}
    error |= {"rounds": Step.LESS_ONE, "fits": Step.FIT_16, "to": Place.FINE}
    row(Sum.ERROR, **error, into=Region.ERRORS, to_samples=1, next=Sum.ERROR, then=AfterSum.TELL)
    # The error as a factor from the tap memory.
    row(Sum.SCALE, shift=-16, to=symbol, to_taps=1, invert=1, next=Sum.FOLLOW)
    row(Sum.SYMBOL, walk=Walk.ONE, factor=Place.ONE)
    # From one odd half symbol to the next one.
    change = {"shift": FINE, "fits": Step.FIT_16, "into": Region.SLOPES, "to_samples": 1}
    row(Sum.CHANGE, **change, next=Mux(half.all(), Sum.ENERGY, Sum.FORWARD))
    drift = {"region": Region.DRIFTS, "before": 1, "walk": Walk.ONE, "factor": Place.STEERED}
    drift |= {"fits": Step.FIT_SOFT, "to": Place.SOFT, "to_taps": 1}
    row(Sum.DRIFT, **drift, next=Sum.COARSE, then=AfterSum.DRAIN)
    coarse = {"shift": fine_shift, "fits": Step.FIT_16, "into": Region.COARSE, "to_samples": 1}
    row(Sum.COARSE, **coarse, next=Sum.BACK)
    row(Sum.ENERGY, region=Region.ERRORS, walk=Walk.SYMBOLS)
    # Taps, each by the errors times its samples or values.
    adapt = {"walk": Walk.SYMBOLS, "rounds": Step.ADD_WORD, "to_taps": 1, "of_tap": 1}
    bits = STEP_BITS + INPUT_POWER_BITS - 16
    shift = power_bits - frame.training_bits + bits - drop
    step = Mux(last, 1 - HALVES, 2)
    row(Sum.ADAPT_FORWARD, **adapt, step=step, shift=shift, next=Sum.ADAPT_BACK)
    shift = power_bits + (STEP_BITS + FINE - FEEDBACK_TAP.fraction)
    adapt |= {"region": Region.PAST, "step": Mux(last, -INTERVALS, 1)}
    row(Sum.ADAPT_BACK, **adapt, shift=shift, next=Sum.ADAPT_ERROR)
    # Errors times slopes: the correction of the clock's phase.
    slope = {"region": Region.SLOPES, "walk": Walk.SYMBOLS, "fits": Step.KEEP}
    shift = power_bits + (LOOP_BITS - INSTANT_FRACTION)
    row(Sum.SLOPE, **slope, shift=shift, next=Sum.FREQUENCY)
    follow = {"region": Region.DRIFTS, "before": 1, "walk": Walk.ONE, "factor": Place.KEPT}
    follow |= {"grows": 1, "shift": fine_shift, "fits": Step.FIT_16}
    row(Sum.FOLLOW, **follow, into=Region.DRIFTS, to_samples=1, next=Sum.SYMBOL)
    # The tap of the error before, and that of the drift.
    adapt = {"walk": Walk.SYMBOLS, "rounds": Step.ADD_WORD, "to_taps": 1}
    error = {"region": Region.ERRORS, "before": 1, "added": Place.ERROR_TAP, "to": Place.ERROR_TAP}
    shift = power_bits + (ERROR_STEP_BITS + 2 * FINE - ERROR_TAP.fraction)
    row(Sum.ADAPT_ERROR, **adapt, **error, shift=shift, next=Sum.ADAPT_DRIFT)
    drift = {"region": Region.PAST, "added": Place.DRIFT_TAP, "to": Place.DRIFT_TAP}
    bits = Mux(frame.hurry, DRIFT_HURRY_BITS, DRIFT_STEP_BITS)
    shift = power_bits + (FINE - DRIFT_TAP.fraction) + bits
    step = Mux(last, -INTERVALS, 1)
    row(Sum.ADAPT_DRIFT, **adapt, **drift, step=step, shift=shift, next=Sum.SLOPE)
    # The correction of the clock's frequency.
    shift = power_bits + (LOOP_BITS - INSTANT_FRACTION + FREQUENCY_BITS)
    row(Sum.FREQUENCY, **slope, shift=shift, next=Sum.FREQUENCY, then=AfterSum.DONE)
    return program
