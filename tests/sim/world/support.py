"""Stimuli and expectations that several tests share."""

import numpy as np

#: Band edges in Hz.
EDGES = [3500, 3600, 3700, 3800, 3850]


def loss(response):
    return -20 * np.log10(np.abs(response))
