"""Levels to decide on before there are constellations (8.4.1, 8.4.5, 9.3.2/V.90).

TRN1d has one; what the network makes of it is found; DIL may have all of G.711's.
"""

import numpy as np

from golden.pcm import g711
from golden.pcm.parameters import INTERVALS
from golden.receiver.slicer import MOST_LEVELS, Levels

#: What DIL's levels and those of silence call lost synchronism: nothing.
NEVER_LOST = 2**32 - 1

#: Standard deviations between the means of even and odd data frames that tell a robbed bit.
_TURNS = 8.0


def training_levels(u_info, law):
    """TRN1d's one level as :class:`~golden.receiver.slicer.Levels`: that of U_INFO in Table 1."""
    return Levels(((int(g711.linear(u_info, law)),),) * INTERVALS, ((u_info,),) * INTERVALS)


def own_levels(soft, number, u_info):
    """Levels of U_INFO in each interval: one, or two where a robbed bit takes turns.

    ``soft`` (float64, ``(n, 6)``) are magnitudes of TRN1d or Jd, ``number`` (``(n,)``) their data
    frames. Returns them by interval in even and odd data frames (int64, ``(6, 2)``), and as
    :class:`~golden.receiver.slicer.Levels`.
    """
    noise = soft.std(0).min() / np.sqrt(len(soft) / 4)
    turns = np.stack([soft[number % 2 == turn].mean(0) for turn in range(2)], axis=1)
    one = np.abs(turns[:, 1] - turns[:, 0]) <= _TURNS * noise
    turns[one] = turns[one].mean(1, keepdims=True)
    reference = np.rint(turns).astype(np.int64)
    values = [tuple(sorted({int(x) for x in row})) for row in reference]
    return reference, Levels(tuple(values), tuple((u_info,) * len(one) for one in values))


def codeword_levels(law, gain, own, u_info):
    """All levels of G.711 times a factor, to guess DIL's by; those of TRN1d alone are sure.

    ``own``: those of TRN1d, as :func:`own_levels` finds them; all others have Ucode 0.
    """
    codewords = g711.linear(np.arange(128), law) * gain
    values, names = [], []
    for sure in own.values:
        # No codeword is as near to a sure level as half a step, unless it is that one.
        step = np.diff(codewords)[np.clip(np.searchsorted(codewords, sure[0]), 1, 127) - 1]
        near = 0.6 * step
        others = {
            int(np.rint(x))
            for x in codewords
            if x <= 32767 and min(abs(x - one) for one in sure) > near
        }
        row = sorted({*others, *sure})[-MOST_LEVELS:]
        values.append(tuple(row))
        names.append(tuple(u_info if value in sure else 0 for value in row))
    return Levels(tuple(values), tuple(names), NEVER_LOST, guess=True)
