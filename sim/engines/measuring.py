"""Measurements of speed: the machine, the clock, what is measured and how.

A speed is a multiple of real time, which is the 8000 symbols a second of one line. It is that of
all lines and channels in sum: at 64, 64 of them keep up.
"""

import os
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from golden.pcm.parameters import MappingParameters
from sim.files import EXAMPLES

#: Octets a second of a line; one channel in real time.
REAL_TIME = 8000

#: Numbers of channels or lines side by side.
CHANNELS = (1, 8, 64)


#: Load average for each core above which a measurement says that the machine was busy.
BUSY = 0.5


def machine():
    """One line about the machine: processor, cores, load."""
    return f"{processor()}, {os.cpu_count()} cores, load {load()} (1, 5 and 15 minutes)"


def processor():
    """Name of the processor."""
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return "unknown processor"


def load():
    """Load averages of 1, 5 and 15 minutes as a text."""
    return ", ".join(f"{value:.2f}" for value in os.getloadavg())


def busy(average, cores):
    """A sentence where the load ``average`` is above BUSY for each of so many cores, or None."""
    if average <= BUSY * cores:
        return None
    return (
        f"The machine was busy with other work (load {average:.2f} on {cores} cores): what is "
        "measured here is slower than it is on a quiet one."
    )


def example(name):
    """Mapping parameters of ``examples``."""
    return MappingParameters.from_json((EXAMPLES / f"{name}.json").read_text())


@dataclass
class Spent:
    """The shortest of several calls: its time in seconds of a core, and its result."""

    seconds: float
    result: object


def best(function, repeats=3, least=0.0):
    """:class:`Spent` of the best of ``repeats`` calls of ``function()``.

    More calls follow until ``least`` seconds have passed, because short ones need more of them.
    Time is the process's, so that other work on the machine hardly counts. Nothing here has a
    second thread.
    """
    spent, found, begun, count = float("inf"), None, time.process_time(), 0
    while count < repeats or time.process_time() - begun < least:
        start = time.process_time()
        result = function()
        now = time.process_time() - start
        if now < spent:
            spent, found = now, result
        count += 1
    return Spent(spent, found)


class Timed:
    """Adds up the time of objects' methods under names: ``spent``, seconds by name."""

    def __init__(self):
        self.spent = Counter()

    def wrap(self, name, thing, method):
        """From now on add the time of calls of ``thing``'s method to that of ``name``."""
        function = getattr(thing, method)

        def timed(*arguments, **options):
            begin = time.process_time()
            try:
                return function(*arguments, **options)
            finally:
                self.spent[name] += time.process_time() - begin

        setattr(thing, method, timed)


@dataclass(frozen=True)
class Block:
    """A block whose speed is measured.

    Fields
    ------
    name : str
    golden : callable
        ``golden(channels)`` returns a function without arguments, and the symbols of a call of it.
    gateware : callable
        ``gateware(channels)`` returns a :class:`Simulated`, or None without such a bank.
    channels : tuple of int
        Numbers of channels that the gateware has.
    single : bool
        Golden has one channel, not CHANNELS.
    """

    name: str
    golden: Any
    gateware: Any = None
    channels: tuple = CHANNELS
    single: bool = False


@dataclass(frozen=True)
class Simulated:
    """A run of gateware: ``run()`` gives cycles, for so many ``symbols``."""

    run: Any
    symbols: int


def simulated(component, inputs, symbols, before=(), settings=None, waves=None, cycles=10**7):
    """A :class:`Simulated` of a component that takes all of ``inputs``, or runs ``cycles``.

    ``before``: pairs of a port and its first items, or names of inputs that are high for a cycle.
    """
    from sim.engines.gateware import Gateware

    gateware = Gateware(component)
    for name, value in (settings or {}).items():
        gateware.set(name, value)
    for step in before:
        if isinstance(step, str):
            gateware.run({}, {}, 2, reset=False, waves={step: [1, 0]})
        else:
            gateware.run(dict([step]), {}, reset=False)
    # Items that a component holds at the end of one run come in the next.
    return Simulated(
        lambda: gateware.run(inputs, {}, cycles, reset=False, waves=waves).cycles, symbols
    )


def random():
    """A generator of random inputs, always with the same seed."""
    return np.random.default_rng(90)


def of(function, *first):
    """``function`` with its first arguments given; the number of channels is left."""
    return lambda channels: function(*first, channels)


def alone(function, *first):
    """As :func:`of`, for a function that takes no channels."""
    return lambda channels: function(*first)


@dataclass(frozen=True)
class Speed:
    """Multiples of real time by number of channels, and of the gateware the cycles.

    ``golden``, ``gateware``: ``{channels: times real time}``; ``cycles``: ``{channels: (cycles a
    symbol of all channels in sum, million cycles a second)}``.
    """

    name: str
    golden: dict
    gateware: dict
    cycles: dict


def times(symbols, seconds):
    """Multiples of real time."""
    return symbols / REAL_TIME / seconds


def golden_speed(block, channels, repeats=3):
    """Multiple of real time of golden."""
    function, symbols = block.golden(channels)
    return times(symbols, best(function, repeats, 0.05).seconds)


def gateware_speed(run, repeats=3):
    """Multiple of real time of a :class:`Simulated`; cycles a symbol, million cycles a second."""
    spent = best(run.run, repeats, 0.05)
    rate = spent.result / spent.seconds / 1e6
    return times(run.symbols, spent.seconds), (spent.result / run.symbols, rate)


def measure(block, channels=CHANNELS):
    """:class:`Speed` of a block."""
    golden = {n: golden_speed(block, n) for n in channels if n == 1 or not block.single}
    gateware, cycles = {}, {}
    for n in channels:
        if block.gateware and n in block.channels:
            gateware[n], cycles[n] = gateware_speed(block.gateware(n))
    return Speed(block.name, golden, gateware, cycles)
