"""Stimuli and expectations that several tests share."""

import numpy as np

from golden.pcm.parameters import OCTET_RATE
from sim.world.line import Line
from sim.world.line_parameters import LineParameters

#: Band edges in Hz.
EDGES = [3500, 3600, 3700, 3800, 3850]

LONG = LineParameters(loop=({"gauge": 26, "feet": 12000},), exchange="900+2.16uF", transformer=10)


def sine(f, seconds, amplitude=0.5, phase=0.3):
    """Values at 8 kHz of a cosine."""
    return amplitude * np.cos(
        2 * np.pi * f * np.arange(int(seconds * OCTET_RATE)) / OCTET_RATE + phase
    )


def noise(rng, seconds, sigma=0.1):
    return sigma * rng.standard_normal(int(seconds * OCTET_RATE))


def samples(conditions, x, parameters=None, **more):
    return Line(parameters, conditions).process_values(x, **more)


def power(x):
    return np.mean(np.square(x))


def loss(response):
    return -20 * np.log10(np.abs(response))


def frequency(x, f, span):
    """Frequency in cycles per sample near ``f`` by the phase of blocks of ``span`` samples."""
    blocks = x[: len(x) // span * span].reshape(-1, span)
    turn = np.exp(-2j * np.pi * f * np.arange(blocks.size)).reshape(blocks.shape)
    phase = np.unwrap(np.angle((blocks * turn * np.hanning(span)).sum(axis=1)))
    return f + np.diff(phase) / (2 * np.pi * span)
