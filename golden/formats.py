"""Every number format of the design, each with its headroom argument.

A format is a frozen :class:`Q`; golden and gateware import the same rows, so a width is changed
in one place. The sign bit is counted apart from the integer bits.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Q:
    """A binary fixed-point format: ``signed`` (0 or 1), ``integer`` and ``fraction`` bits.

    An integer ``n`` held in the format stands for ``n / 2**fraction``. ``fraction`` may be
    negative and ``integer`` may be negative as long as at least one bit is left.

    Raises ``ValueError`` for a format without bits or wider than 63 bits (golden is int64).
    """

    signed: int
    integer: int
    fraction: int

    def __post_init__(self):
        if self.signed not in (0, 1):
            raise ValueError(f"signed is 0 or 1, not {self.signed}")
        if not 1 <= self.width <= 63 + self.signed or self.integer + self.fraction < 0:
            raise ValueError(f"{self} has {self.width} bits; 1 to 63 and a sign are possible")

    @property
    def width(self):
        """Bits in all."""
        return self.signed + self.integer + self.fraction

    @property
    def min(self):
        """Smallest integer that the format holds."""
        return -(1 << (self.integer + self.fraction)) if self.signed else 0

    @property
    def max(self):
        """Largest integer that the format holds."""
        return (1 << (self.integer + self.fraction)) - 1


# --- Spectral shaper (5.4.5.6/V.90) ------------------------------------------------------------
# One unit is a quarter of Table 1's linear value, of which every entry is a multiple of 4.
#
# The two recursions are kept in transposed form, so that the state is what the next symbol needs:
#     y[n] = x[n] + s[n-1]     s[n] = a1 y[n] - b1 x[n]
#     v[n] = y[n] + r[n-1]     r[n] = a2 v[n] - b2 y[n]
# s and r are rounded to nearest and saturate; nothing else can overflow or loses bits but the
# metric's operand, whose last bits go.

#: Linear value of a PCM code in quarters: mu-law reaches 8031, A-law 8064 < 2**13.
LINEAR = Q(1, 13, 0)

#: a1, a2, b1, b2 as CP carries them: the 8-bit "signed Q1.6" of Table 14/V.90.
COEFFICIENT = Q(1, 1, 6)

#: s. With a1 = +-1 or 0 it stays on a grid of 1/64 and is exact. 2**19 is 65 times full scale;
#: a shaper with both poles at z = 1 and look-ahead 0, the widest met, needs 33 times.
SHAPER_FIRST = Q(1, 19, 10)

#: y = x + s, no overflow: 2**19 + 2**13 < 2**20. Its digits of 15 and 16 bits fit a multiplier.
SHAPER_FIRST_OUTPUT = Q(1, 20, 10)

#: a1*y - b1*x before rounding: 2 * 2**20 + 2 * 2**13 < 2**22.
SHAPER_FIRST_PRODUCT = Q(1, 22, 16)

#: r. With a1 and a2 = +-1 or 0 it stays on a grid of 1/4096 and is exact. 2**21 is 260 times full
#: scale; a double pole at z = 1 with little look-ahead can pass that, and saturates.
SHAPER_SECOND = Q(1, 21, 12)

#: v = y + r, no overflow: 2**21 + 2**20 < 2**22.
SHAPER_SECOND_OUTPUT = Q(1, 22, 12)

#: a2*v - b2*y before rounding: 2 * 2**22 + 2 * 2**20 < 2**24.
SHAPER_SECOND_PRODUCT = Q(1, 24, 18)

#: v rounded for squaring. |v| <= 2**21 + 2**19 + 2**13 leaves room for the rounding's carry.
SHAPER_METRIC_OPERAND = Q(1, 22, 6)

#: w over a look-ahead window of at most 4 shaping frames of 6 symbols: 24 squares of at most
#: (2**21 + 2**19 + 2**13 + 1)**2 are below 2**48, so the sum of one window never overflows.
#: Gateware keeps w modulo 2**61 and compares differences, which stay below 2**60.
SHAPER_METRIC = Q(0, 48, 12)

# --- Sample clock recovery -----------------------------------------------------------------------

#: Samples of the A/D, and of half symbols at the working level.
SAMPLE = Q(1, 15, 0)
INTERPOLATED = Q(1, 15, 0)

#: Taps of the interpolator; its middle one, 1, is held as 1 - 2**-15. Magnitudes of a phase's taps
#: add up to less than 2, so that a sum of 12 products is below 2**31.
INTERPOLATOR_TAP = Q(1, 0, 15)

# --- A codec -------------------------------------------------------------------------------------

#: A codec's word of 24 bits, or of 16 and zeros. It becomes a sample without its fraction, as most
#: codecs' last bits are noise: never too large.
CODEC = Q(1, 15, 8)

# --- Decimator from a codec's rate ---------------------------------------------------------------

#: Taps, of which the largest is the middle one of those for every second sample: one half.
DECIMATOR_TAP = Q(1, 0, 15)

#: A sum of products: magnitudes of taps add up to less than 1.5, and 1.5 * 2**30 < 2**31.
DECIMATOR_SUM = Q(1, 16, 15)

# --- Least squares over TRN1d --------------------------------------------------------------------

#: A symbol of TRN1d as a regressor: plus or minus one half of full scale's eighth, near the rms of
#: samples at the working level, so that the diagonal of the normal equations is level.
TRAINING_LEVEL = 1 << 12

#: An entry of the normal equations: 3888 products of 2**30 at most are below 2**42.
CORRELATION = Q(1, 42, 0)

#: The same, scaled by a power of two: the diagonal's first entries are below 2**29, others of the
#: diagonal below 2**30, and so is every entry (Cauchy-Schwarz).
NORMAL = Q(1, 1, 30)

#: Cholesky's factor: a row's squares add up to the diagonal, so no entry is above 1. Products add
#: up to 2**60 at most, for the same reason.
FACTOR = Q(1, 1, 30)

#: The solution.
SOLUTION = Q(1, 7, 24)

#: Taps as they are kept, and as they are multiplied (the upper half). Feed-forward ones have a
#: common exponent besides and begin below 2**30, so that they may double while tracking.
FORWARD_TAP = Q(1, 0, 31)
FORWARD_TAP_USED = Q(1, 0, 15)
FEEDBACK_TAP = Q(1, 1, 30)
FEEDBACK_TAP_USED = Q(1, 1, 14)

# --- Equaliser -----------------------------------------------------------------------------------

#: What is decided: PCM values with 4 fraction bits, saturated at four times full scale. A sum of 64
#: products of 2**30 needs 37 bits before its shift.
SOFT = Q(1, 17, 4)

#: Decided minus soft value, saturated: beyond 2048 it says no more.
ERROR = Q(1, 11, 4)

#: Change of the feed-forward part's output in one symbol's time, saturated.
SLOPE = Q(1, 15, 0)

#: Drift: what a high-pass in the network takes from a symbol on account of those before it, PCM
#: values. With its corner at 60 Hz (a pole of 0.953) it is 16 dB below the signal, a deviation of
#: 600 for data at TRN1d's working level, of which almost seven fit.
DRIFT = Q(1, 12, 3)

#: What the drift grows by for each symbol, as a share of that: 1 less the high-pass's pole. From
#: nought to a sixteenth; as it is kept, and as it is multiplied (the upper half).
DRIFT_TAP = Q(1, -4, 35)
DRIFT_TAP_USED = Q(1, -4, 19)

#: A symbol's value for that, in units of 64: a sixteenth of half a unit is 2. SOFT fits.
COARSE = Q(1, 21, -6)

#: Share of an error that the next one has in common with it, below 1 in magnitude; as it is kept,
#: and as it is multiplied. An ERROR times it has FEEDBACK_TAP_USED's fraction.
ERROR_TAP = Q(1, 5, 26)
ERROR_TAP_USED = Q(1, 5, 10)

# --- DIL -----------------------------------------------------------------------------------------

#: How many training symbols a sum has; it takes no more than the largest.
DIL_COUNT = Q(0, 12, 0)

#: Their sum: 4095 of SOFT are below 2**33 and never overflow.
DIL_SUM = Q(1, 29, 4)

# --- The emulated line ---------------------------------------------------------------------------

#: Its taps: samples for each quarter of a linear value. Weights between two phases have as many
#: fraction bits, and so sums and weighted sums are rounded alike.
EMULATED_TAP = Q(1, 2, 13)

#: What has left the taps, added up with a pole of 1 - 2**-6 at most: 64 times full scale of 2**13
#: is 2**19. As it is kept, and as it is multiplied.
LEAK = Q(1, 19, 6)
LEAK_USED = Q(1, 19, -4)
