"""Differential encoder and mapper: mapping frames to points, and back (9.5, 9.6.1/V.34).

All of it goes over many mapping frames at once; what remains between them is Z. The quarter turn of
U0 is the trellis encoder's (:mod:`golden.v34.precoder`).
"""

import numpy as np

from golden.v34.constellation import QUARTER, label, rotate, turns_of
from golden.v34.parameters import SYMBOLS_2D, SYMBOLS_4D
from golden.v34.shell import ShellDemapper, ShellMapper


class _Fields:
    """Fields of a mapping frame, for one framing and M."""

    def __init__(self, parameters):
        framing = parameters.framing
        self._k, self._q, self._last = framing.k, framing.q, parameters.points // 4 - 1
        self._rings = parameters.rings
        self.reset()

    def reset(self):
        """Z is zero before, as it is when B1 begins (10.1.3.1)."""
        self._z = 0

    def _groups(self, frames):
        """The bits of each 4D symbol, ``(..., frames, 4, 3 + 2 q)``."""
        groups = frames[..., self._k :]
        return groups.reshape(*groups.shape[:-1], SYMBOLS_4D, 3 + 2 * self._q)


class PointMapper(_Fields):
    """Map mapping frames to points u(n) with U0(m) = 0, for one set of modulation parameters.

    ``process`` takes mapping frames as :class:`golden.v34.parser.BitParser` gives them (uint8,
    ``(..., frames, bits)``) and returns points, int64 ``(..., 2, 8 frames)``.
    """

    def __init__(self, parameters):
        self._shell = ShellMapper(parameters.rings)
        super().__init__(parameters)

    def process(self, frames):
        """Points of the mapping frames, eight for each."""
        frames = frames.astype(np.int64)
        lead, count = frames.shape[:-2], frames.shape[-2]
        numbers = frames[..., : self._k] @ (1 << np.arange(self._k, dtype=np.int64))
        groups = self._groups(frames)
        fine = groups[..., 3:].reshape(*lead, count, SYMBOLS_2D, self._q)
        index = fine @ (1 << np.arange(self._q, dtype=np.int64))
        index += self._shell.process(numbers) << self._q
        # (9-25), and the sum of all before.
        steps = (groups[..., 1] + 2 * groups[..., 2]).reshape(*lead, SYMBOLS_4D * count)
        z = (self._z + np.cumsum(steps, axis=-1)) & 3
        if count:
            self._z = z[..., -1:]
        second = z + 2 * groups[..., 0].reshape(*lead, SYMBOLS_4D * count)
        turns = np.stack([z, second], axis=-1).reshape(*lead, SYMBOLS_2D * count)
        points = rotate(QUARTER[index.reshape(turns.shape)], turns)
        return np.moveaxis(points, -1, -2)


class PointDemapper(_Fields):
    """Read mapping frames from points u(n); the inverse of :class:`PointMapper`.

    ``process`` takes points turned by U0 or not (int64, ``(..., 2, 8 frames)``) and returns mapping
    frames (uint8, ``(..., frames, bits)``). A point that the constellation does not have, which
    noise makes, is read as the constellation's last. Rings that no R0 has give its lowest K bits.
    """

    def __init__(self, parameters):
        self._shell = ShellDemapper(parameters.rings)
        super().__init__(parameters)

    def process(self, points):
        """Mapping frames of the points."""
        points = np.moveaxis(points, -2, -1)
        lead, count = points.shape[:-2], points.shape[-2] // SYMBOLS_2D
        turns = turns_of(points)
        index = np.minimum(label(rotate(points, -turns)), self._last)
        index = index.reshape(*lead, count, SYMBOLS_2D)
        numbers = self._shell.process(index >> self._q)
        z, second = turns[..., 0::2], turns[..., 1::2]
        before = np.concatenate([np.broadcast_to(self._z, (*lead, 1)), z[..., :-1]], axis=-1)
        if count:
            self._z = z[..., -1:]
        steps = (z - before) & 3
        signs = np.stack([((second - z) & 3) >> 1, steps & 1, steps >> 1], axis=-1)
        fine = (index[..., None] >> np.arange(self._q)) & 1
        groups = np.concatenate(
            [
                signs.reshape(*lead, count, SYMBOLS_4D, 3),
                fine.reshape(*lead, count, SYMBOLS_4D, 2 * self._q),
            ],
            axis=-1,
        )
        shell = (numbers[..., None] >> np.arange(self._k)) & 1
        return np.concatenate(
            [shell, groups.reshape(*lead, count, SYMBOLS_4D * (3 + 2 * self._q))], axis=-1
        ).astype(np.uint8)
