"""Stimuli and expectations that several tests share."""

import numpy as np

from golden.learning import constellations
from sim.calls import design


def designed(network, data_bits=30, sr=0, ld=0):
    """Mapping parameters for a network that is known, with points as far apart as can be."""
    arrived = design.arrivals(network)
    designer = constellations.Designer(arrived, network.law, np.full(6, 100.0), sr, ld)
    return designer.at_rate(data_bits)
