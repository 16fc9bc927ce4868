"""The Sd detector's program, and where the words that it works on are (8.4.4, 9.3.2/V.90).

Golden's comparisons are differences here, so that each is a question about a sign: the power less
the correlation over half a period, and how far the correlation over a period is above its lowest.
"""

from enum import IntEnum

from amaranth.hdl import Cat, Const, Mux, Signal

from golden.receiver import detection as golden
from golden.receiver.detection import HALF_PERIOD, PERIOD, SUM_WINDOW, Phase
from hdl.core.program import Program
from hdl.receiver.interfaces import SAMPLE_NUMBER

#: Samples have addresses below this; above it a sum has four words each.
SUMS = 128


def _sum(number):
    return SUMS + 4 * number


#: Sums over samples: squares; those less the correlation; the correlation over a period; a 32nd of
#: the first.
_POWER, _EXCESS, _TURN, _SHARE = (_sum(n) for n in range(4))
#: Of the two stretches: the cross product, the same with the other sign, the dot product, and the
#: four correlations cut to a word.
_CROSS, _MIRROR, _DOT, _CUT = (_sum(n) for n in range(4, 8))
#: How far the correlation is above its lowest; the tangent as far as it is known.
_RISE, _TANGENT = _sum(8), _sum(9)
#: Cosine and sine of the first stretch, then of the second; the first two also take the level.
_CORRELATIONS = _sum(12)
#: From here on words are constant.
CONSTANTS = _sum(16)
_COSINES, _SINES = CONSTANTS, CONSTANTS + 16
#: The least 32nd of the power; the scale of steps for both signs; 0.
_LEAST, _SCALES, ZERO = CONSTANTS + 32, CONSTANTS + 36, CONSTANTS + 40

#: Where to begin to clear sums: all, those of a detection, those of a lowest correlation.
ALL_SUMS, DETECTION_SUMS, LOWEST_SUMS = 0, _CROSS, _RISE

#: Right shift that makes a share of the power.
SHARE_BITS = 5


def contents():
    """First contents of the memory of 256 words."""
    words = [0] * 256
    cosine = golden.COSINE.tolist()
    words[_COSINES : _COSINES + PERIOD] = cosine
    words[_SINES : _SINES + PERIOD] = cosine[-3:] + cosine[:-3]
    words[_LEAST] = (1 << (golden.LEAST_POWER_BITS - 1 - SHARE_BITS)) - 1
    words[_SCALES : _SCALES + 2] = golden.STEP_SCALE, -golden.STEP_SCALE
    return [word & 0xFFFF for word in words]


class RowKind(IntEnum):
    """Operations of a row on words of the memory.

    MULTIPLY adds the product of ``first`` and ``second`` to a sum. ADD adds the sum ``first`` to a
    sum. CUT shifts two words of a sum to the right, ``first`` above ``second``, and stores one.
    """

    MULTIPLY = 0
    ADD = 1
    CUT = 2


class DetectionRegisters:
    """State of a SdDetector."""

    def __init__(self):
        #: The phase of golden's detector, and for how many samples; where in a period; samples
        #: since the lowest correlation; number of the next sample.
        self.phase, self.since = Signal(Phase), Signal(10)
        self.angle, self.age = Signal(range(PERIOD)), Signal(range(PERIOD))
        self.number = Signal(SAMPLE_NUMBER)
        #: Signs of the last three sums, the last in bit 0; the cross product is negative.
        self.signs, self.mirrored = Signal(3), Signal()
        #: Visits of the row that cuts correlations, those in a row that cut nothing more, and bits
        #: to be cut off.
        self.visit, self.calm, self.bits = Signal(4), Signal(2), Signal(5)
        #: The row in turn, and the word of its sum.
        self.row, self.word = Signal(5), Signal(2)

    @property
    def surveying(self):
        """The correlations are being looked at, to see whether 32 bits hold them."""
        return self.visit[2:] == 0


def _ago(samples):
    """Address of the sample that came so many before the last; the next one's is 0."""
    return -(1 + samples) % 128


class _Rows(Program):
    """Rows with addresses of sums and samples; a sum's word in turn is ``word``."""

    def __init__(self, word):
        super().__init__(
            {
                # A sum, or a word that is stored; addresses of words or of a sum that go into it.
                "kind": RowKind,
                "result": 8,
                "first": 8,
                "second": 8,
                # They are subtracted; the carry into the first word; the sum is kept, not only its
                # sign; the next row has the same product.
                "subtract": 1,
                "carry": 1,
                "keep": 1,
                "again": 1,
            }
        )
        self._word = word

    def products(self, sums, first, second, label=None):
        """Add a product to sums ``(address, subtract)``, a row each."""
        for number, (result, subtract) in enumerate(sums):
            self.row(
                label if number == len(sums) - 1 else None,
                kind=RowKind.MULTIPLY,
                result=result | self._word,
                first=first if number == 0 else 0,
                second=second if number == 0 else 0,
                subtract=subtract,
                carry=subtract,
                keep=1,
                again=number < len(sums) - 1,
            )

    def plus(self, result, first, label=None, subtract=0, carry=None, keep=1):
        """Add the sum ``first`` to the sum ``result``."""
        self.row(
            label,
            kind=RowKind.ADD,
            result=result | self._word,
            first=first | self._word,
            subtract=subtract,
            carry=subtract if carry is None else carry,
            keep=keep,
        )

    def cut(self, result, above, below, label=None):
        """Store a word of a sum, shifted to the right."""
        self.row(label, kind=RowKind.CUT, result=result, first=above, second=below, keep=1)


def detection_program(registers):
    """The program, for the registers that its rows depend on.

    Rows up to LAST_OF_SAMPLE are of each sample. Those from CUTS on find the step: from DIVIDE to
    LAST_OF_BIT a bit of the tangent, a bit with each of the first samples whose squares are the
    level.
    """
    r = registers
    p = _Rows(r.word)
    level = r.phase == Phase.LEVEL
    which = Cat(Const(0, 3), r.phase == Phase.SECOND)
    cosine, sine = (Mux(level, _ago(0), start | r.angle) for start in (_COSINES, _SINES))
    p.products([(_POWER, 0), (_EXCESS, 0)], _ago(0), _ago(0))
    p.products([(_POWER, 1), (_EXCESS, 1)], _ago(SUM_WINDOW), _ago(SUM_WINDOW))
    p.products([(_EXCESS, 0)], _ago(0), _ago(HALF_PERIOD))
    p.products([(_EXCESS, 1)], _ago(SUM_WINDOW), _ago(SUM_WINDOW + HALF_PERIOD))
    p.products([(_CORRELATIONS | which, 0)], _ago(0), cosine)
    p.products([(_CORRELATIONS | 4 | which, 0)], _ago(0), sine)
    p.products([(_TURN, 0), (_RISE, 0)], _ago(0), _ago(PERIOD))
    p.products([(_TURN, 1), (_RISE, 1)], _ago(PERIOD), _ago(2 * PERIOD))
    p.cut(_SHARE, _POWER + 1, _POWER)
    p.cut(_SHARE + 1, _POWER + 2, _POWER + 1, "LAST_SHARE")
    p.plus(_LEAST, _SHARE, subtract=1, keep=0)
    p.plus(_EXCESS, _SHARE, subtract=1, keep=0)
    p.plus(_TURN, _SHARE, "LAST_OF_SAMPLE", keep=0)
    # For the step: the four correlations cut to as many bits as the largest needs.
    upper, number = r.surveying | r.bits[4], r.visit[:2]
    of = _CORRELATIONS | Cat(Const(0, 2), number)
    p.cut(_CUT | number, of | Mux(upper, 2, 1), of | upper, "CUTS")
    p.products([(_CROSS, 0), (_MIRROR, 1)], _CUT, _CUT + 3)
    p.products([(_CROSS, 1), (_MIRROR, 0)], _CUT + 1, _CUT + 2, "MIRROR")
    p.products([(_DOT, 0)], _CUT, _CUT + 2)
    p.products([(_DOT, 0)], _CUT + 1, _CUT + 3)
    # A bit of the quotient, without restoring; before the first one the dividend by 8.
    remainder = _CROSS | Cat(Const(0, 2), r.mirrored)
    not_negative = ~r.signs[0]
    p.plus(remainder, remainder)
    p.plus(remainder, remainder)
    p.plus(remainder, remainder, "DIVIDE")
    p.plus(remainder, _DOT, subtract=not_negative)
    p.plus(_TANGENT, _TANGENT, "LAST_OF_BIT", carry=not_negative)
    scale = {"first": _TANGENT, "second": _SCALES | r.mirrored}
    p.row("SCALE", kind=RowKind.MULTIPLY, result=ZERO, **scale)
    return p
