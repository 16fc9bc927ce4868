"""Bounds of time and memory within which a function must end."""

import signal
import tracemalloc
from contextlib import contextmanager

#: Seconds after which a function hangs. The slowest example here takes a second, and a computer
#: that is busy ten times as long; a deadline in CPU time would not see what waits.
PATIENCE = 30


class Hangs(AssertionError):
    """It did not end in time."""


@contextmanager
def deadline(seconds=PATIENCE):
    """Raise :class:`Hangs` in what takes longer."""

    def ring(number, frame):
        raise Hangs(f"not done within {seconds} s")

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def peak(function, *arguments):
    """Octets that Python and NumPy had at once, beyond those before, while it ran."""
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        function(*arguments)
        return tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()
