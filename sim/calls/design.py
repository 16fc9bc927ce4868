"""Levels and lines of simulated calls: what an analogue modem would learn from DIL, known here."""

from dataclasses import replace
from math import lcm

import numpy as np

from golden.learning.constellations import middle
from golden.pcm import g711
from golden.pcm.parameters import INTERVALS
from golden.receiver.slicer import Levels
from golden.receiver.timing import SAMPLE_RATE
from sim.world import lines
from sim.world.line import Line
from sim.world.network import ROBBED_PERIOD, Network, values

#: U_INFO that calls have: near the power that data may have, and W of Sd exists.
USUAL_U_INFO = 79

#: SNR in dB that lines have, against TRN1d at the A/D.
USUAL_SNR = 45.0

#: Power of TRN1d at the A/D in dB of full scale, in calls with a start-up and in those with given
#: parameters. The peaks of data are 13 dB above it.
START_UP_LEVEL, GIVEN_LEVEL = -22.0, -20.0

#: Bits of the A/D.
CONVERTER_BITS = 16


def arriving(network, octets):
    """Levels (int64, ``(n,)``) at which octets arrive at the exchange, the network's first on.

    They are levels of Table 1/V.90, without sign, in the law that goes out. High-pass and slips are
    left out, as they have no levels.
    """
    still = replace(network, high_pass=None, slips=())
    return np.abs(values(Network(still).process(octets), still.law_out)).astype(np.int64)


def arrivals(network):
    """Least and largest level (int64, ``(6, 128)`` each) at which Ucodes arrive at the exchange.

    Interval i is the network's octet i. The two differ where a robbed bit changes from data frame
    to data frame.
    """
    times = lcm(*(len(bits) or 1 for bits in (*network.robbed, *network.robbed_after)))
    octets = g711.octet(np.repeat(np.arange(128), times * ROBBED_PERIOD), 1, network.law)
    levels = arriving(network, octets).reshape(128, times, ROBBED_PERIOD)
    return levels.min(1).T, levels.max(1).T


def line_at(
    name,
    network,
    conditions,
    u_info,
    level=START_UP_LEVEL,
    bits=CONVERTER_BITS,
    rate=SAMPLE_RATE,
):
    """The line of that name after a network, with TRN1d at ``level`` dB at the A/D.

    Parameters
    ----------
    network : :class:`~sim.world.network.NetworkParameters`
    conditions : :class:`~sim.world.conditions.Conditions`
        Noise in them refers to TRN1d of ``u_info`` as it arrives. ``power``, ``gain``, ``level``
        and ``bits`` are replaced.
    rate : int
        As that of :class:`~sim.world.line.Line`.
    """
    value = training_levels(arrivals(network), u_info).values[0][0] / 32768
    bare = Line(lines.find(name), law=network.law_out)
    # TRN1d is white: its power at the A/D is that of the response, two samples a symbol.
    power = float(np.sum(bare.impulse() ** 2)) / 2 * value**2
    gain = level - 10 * np.log10(power)
    own = replace(conditions, power=power, gain=gain, level=None, bits=bits)
    return Line(bare.parameters, own, bare.law, rate)


def training_levels(arrived, u_info):
    """TRN1d's level as :class:`~golden.receiver.slicer.Levels`: one for all intervals."""
    level = int(np.rint(middle(arrived)[:, u_info].mean()))
    return Levels(((level,),) * INTERVALS, ((u_info,),) * INTERVALS)
