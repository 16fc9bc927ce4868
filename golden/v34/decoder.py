"""V.34's decoder assembled: received symbols with known timing to data bits (clauses 7 to 9/V.34).

The receiver's equaliser, trained on TRN, gives it symbols at TRN's mean energy, with noise.
"""

import numpy as np

from golden.bits.scrambler import GPA, Descrambler
from golden.fixed import Overflow, Rounding, requant
from golden.formats import Q
from golden.v34.encoder import Inversions
from golden.v34.energy import scaling
from golden.v34.formats import GAIN, RECEIVED_PRECODED, SCALED_SYMBOL, SPREAD
from golden.v34.mapper import PointDemapper
from golden.v34.modulator import SYMBOL
from golden.v34.nonlinear import NonlinearDecoder
from golden.v34.parameters import SYMBOLS_2D
from golden.v34.parser import BitDeparser
from golden.v34.precoder import InversePrecoder, WhiteningFilter
from golden.v34.viterbi import ViterbiDecoder


def ideal_line(symbols, parameters):
    """Symbols of the encoder as a perfect line and equaliser give them to the decoder.

    From :data:`golden.v34.modulator.SYMBOL` to SCALED_SYMBOL, int64 of any shape.
    """
    wide = Q(1, SYMBOL.integer + GAIN.integer, SYMBOL.fraction + GAIN.fraction)
    scaled = np.asarray(symbols, np.int64) * scaling(parameters).gain
    return requant(scaled, wide, SCALED_SYMBOL, Rounding.HALF_UP, Overflow.SAT)


class SymbolDecoder:
    """Turn received symbols into data bits, from the first symbol of B1 on.

    Parameters: ``parameters``, :class:`golden.v34.parameters.ModulationParameters`;
    ``polynomial``, the descrambler's; ``depth`` of the Viterbi decoder.

    ``process`` takes symbols of mean energy 2 (SCALED_SYMBOL, int64 ``(..., 2, n)``, n even, real
    and imaginary parts on the axis before time) and returns the bits of the mapping frames decided
    (uint8, ``(..., n)``), those of B1 first. :meth:`finish` returns the rest, without an incomplete
    mapping frame. Channels with the same parameters are leading axes.
    """

    def __init__(self, parameters, polynomial=GPA, depth=None):
        self.parameters = parameters
        self._nonlinear = NonlinearDecoder(parameters)
        self._spread = scaling(parameters).spread
        self._whitening = WhiteningFilter(parameters)
        self._inversions = Inversions(parameters.framing)
        self._viterbi = ViterbiDecoder(parameters.trellis, depth)
        self._parts = (
            InversePrecoder(parameters),
            PointDemapper(parameters),
            BitDeparser(parameters.framing),
            Descrambler(polynomial),
        )
        self.reset()

    def reset(self):
        """Expect the first symbol of B1."""
        for part in (self._whitening, self._inversions, self._viterbi, *self._parts):
            part.reset()
        self._decided = None

    def received(self, symbols):
        """Received channel outputs (RECEIVED_POINT) of symbols: all before the Viterbi decoder."""
        symbols = self._nonlinear.process(np.asarray(symbols, np.int64))
        wide = Q(
            1, SCALED_SYMBOL.integer + SPREAD.integer, SCALED_SYMBOL.fraction + SPREAD.fraction
        )
        spread = symbols * self._spread
        spread = requant(spread, wide, RECEIVED_PRECODED, Rounding.HALF_UP, Overflow.SAT)
        return self._whitening.process(spread)

    def process(self, symbols):
        """Bits of the mapping frames that are decided."""
        received = self.received(symbols)
        inversions = self._inversions.process(received.shape[-1] // 2)
        return self._bits(self._viterbi.process(received, inversions))

    def finish(self):
        """Bits of the mapping frames still due, and a reset."""
        bits = self._bits(self._viterbi.finish())
        self.reset()
        return bits

    def _bits(self, decided):
        points = self._parts[0].process(decided)
        if self._decided is not None:
            points = np.concatenate([self._decided, points], axis=-1)
        whole = points.shape[-1] // SYMBOLS_2D * SYMBOLS_2D
        self._decided, bits = points[..., whole:], points[..., :whole]
        for part in self._parts[1:]:
            bits = part.process(bits)
        return bits
