"""When a receiver does what in TRN1d, and its states and events (9.3.2/V.90)."""

from enum import IntEnum

#: From the sample of the reversal to the newest one for TRN1d's first symbol: S-bar-d, less the
#: correlation's length, and the samples behind the response's peak that help.
FIRST_SYMBOL = 96 - 12 + 26


#: Data frame of TRN1d from which the clock runs: the level is known by then. Data frame from which
#: its symbols are for training, after the equaliser's length, and how many of them.
FIRST_FRAME, SKIPPED, TRAINED = 9, 15, 324


#: Data frames from the last of them to the first with the taps: the solution's time.
SOLVING = 100


#: Data frames behind a solution in which taps and clock rest, there is no drift, and errors do not
#: count. What was sent after TRN1d's least length is not known, so the feedback begins with wrong
#: values; and what the drift made good before is in the second solution's taps.
SETTLING = 16


#: Data frame from which symbols are for the second solution, and how many: by then the clock is
#: right, and the analogue modem has given each interval its own levels, where a robbed bit moves
#: some: decisions do as well as known symbols, and more of them leave less noise.
AGAIN, TRAINED_AGAIN = 575, 544


#: Data frames after whose error corrections of the clock take effect.
DELAY = 2


#: A frame's sum of errors times slopes goes to the clock's phase with a 2**-LOOP_BITS, beside the
#: signal's power, and to its frequency with 2**-FREQUENCY_BITS of that.
LOOP_BITS, FREQUENCY_BITS = 10, 11


#: Bits of the window, in data frames, of the mean of the clock's rate, which holds in DIL.
RATE_BITS = 8


#: Bits of the window of the fast error measure in data frames, and of the slow ones.
FAST_BITS, SLOW_BITS = 3, 6


#: Sum of 12 magnitudes of samples below which a line is dead: 26 dB and more below TRN1d, which is
#: within 6 dB at the working level. Errors do not tell: decisions that feed themselves have none.
DEAD_LINE = 12 * 64


#: Bit of the number of data frames without synchronism that tells the drift to rest: for 48 ms it
#: may find a high-pass, for 48 ms it is nought, for where there is none it only stands in the way.
STILL_BIT = 6


#: Data frames without synchronism after which it is lost: 30 ms. A disturbance that is over by then
#: is only that. A report of one is not later for it.
GRACE = 40


#: Data frames without synchronism after which the receiver gives up: 1.08 s. Wrong decisions that
#: cause others have ended after 0.1 to 0.5 s.
LONGEST_COAST = 1440


class State(IntEnum):
    """What a receiver does."""

    SEARCH = 0
    TRAIN = 1
    TRACK = 2
    COAST = 3


class Kind(IntEnum):
    """What an event tells: of most, the data frame is that after which it is known.

    DATA, SWITCHED and ED: the first on other levels; for ED also where there are none. R: that with
    which R is sure. REVERSAL: R-bar's first.
    """

    DETECTED = 0
    TRAINED = 1
    FAILED = 2
    DATA = 3
    LOST = 4
    RECOVERED = 5
    GIVEN_UP = 6
    DISTURBED = 7
    R = 8
    REVERSAL = 9
    SWITCHED = 10
    ED = 11
