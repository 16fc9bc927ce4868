"""V.34's encoder assembled: data bits to symbols for the modulator (clauses 7 to 9/V.34)."""

import numpy as np

from golden.bits.scrambler import GPA, Scrambler
from golden.v34.mapper import PointMapper
from golden.v34.nonlinear import NonlinearEncoder
from golden.v34.parameters import INVERSIONS, SYMBOLS_4D
from golden.v34.parser import BitParser
from golden.v34.precoder import Precoder


class Inversions:
    """V0(m) of successive 4D symbols from B1 on, for one framing (9.6.3 and Table 12/V.34).

    B1 is the last data frame of a superframe (10.1.3.1), and so begins with the pattern's last two
    bits.
    """

    def __init__(self, framing):
        self._pattern = np.array([int(bit) for bit in INVERSIONS[framing.data_frames]])
        self._half = framing.mapping_frames * SYMBOLS_4D // 2
        self.reset()

    def reset(self):
        """At the first 4D symbol of B1."""
        self._m = (len(self._pattern) - 2) * self._half

    def process(self, count):
        """V0 of the next ``count`` 4D symbols."""
        m = self._m + np.arange(count)
        self._m = int(self._m + count) % (len(self._pattern) * self._half)
        return np.where(m % self._half, 0, self._pattern[m // self._half % len(self._pattern)])


class SymbolEncoder:
    """Turn data bits into symbols, from the first bit of B1 on.

    Parameters: ``parameters``, :class:`golden.v34.parameters.ModulationParameters`;
    ``polynomial``, the scrambler's: GPA in an analogue modem (6.5/V.90) and V.34's answer modem.

    ``process`` takes bits (uint8, ``(..., n)``, first in time first) and returns the symbols x'(n)
    of the mapping frames that they complete: :data:`golden.v34.modulator.SYMBOL`, int64
    ``(..., 2, 8 frames)``, with real and imaginary parts on the axis before time. Bits of an
    incomplete mapping frame wait. Channels with the same parameters are leading axes.
    :class:`golden.v34.modulator.Modulator` wants their mean energy,
    :func:`golden.v34.energy.signal_energy`.

    B1 is made of ``parameters.framing.bits`` ones. ``precoded`` and ``outputs`` hold x(n) and y(n)
    of the last call.
    """

    def __init__(self, parameters, polynomial=GPA):
        self.parameters = parameters
        self._parts = (
            Scrambler(polynomial),
            BitParser(parameters.framing),
            PointMapper(parameters),
        )
        self._inversions = Inversions(parameters.framing)
        self._precoder = Precoder(parameters)
        self._nonlinear = NonlinearEncoder(parameters)
        self.precoded = self.outputs = None

    def reset(self):
        """Begin B1: scrambler, differential encoder, trellis encoder and precoder are zero."""
        for part in (*self._parts, self._inversions, self._precoder):
            part.reset()

    def process(self, bits):
        """Symbols of the mapping frames that the bits complete."""
        points = np.asarray(bits, np.uint8)
        for part in self._parts:
            points = part.process(points)
        inversions = self._inversions.process(points.shape[-1] // 2)
        self.precoded = self._precoder.process(points, inversions)
        self.outputs = self._precoder.outputs
        return self._nonlinear.process(self.precoded)
