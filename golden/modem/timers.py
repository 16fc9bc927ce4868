"""Timeouts of the digital modem (8.4.1, 9.3.1.5, 9.4.1, 9.6.1 and 9.7/V.90)."""

from typing import NamedTuple

from golden.pcm.parameters import FRAMES_A_SECOND


class AllowedTime(NamedTuple):
    """A time that is allowed: so many seconds, and so many round trips on top."""

    seconds: float
    round_trips: int


#: From the beginning of TRN1d to S (9.3.1.5).
NO_S = AllowedTime(5.1, 1)

#: From INFO1a, which is 75 ms before S at most, to B1 (9.4.1, 9.3.2.1).
NO_B1 = AllowedTime(15 - 0.075, 5)

#: From R-bar-d to E (9.6.1).
NO_E = AllowedTime(5, 2)

#: From the beginning of DIL to the S that ends it. 8.4.1 asks for a timeout and names none. The
#: analogue modem has 5 s from the end of its S to the next S (9.3.2.10), which lasts 43 ms. How
#: long it takes to notice Jd' is not said (9.3.1.6), so it gets most of a second.
NO_END = AllowedTime(6, 1)

#: From an MP with drn = 0 to the far end's answer; this modem is silent after it anyway.
NO_ANSWER = AllowedTime(1, 1)


class Timers:
    """Timers that run, and the data frame in which the next one expires.

    A timer starts with the next beginning of a named signal, which the generator's log shows, or
    with a data frame that is known. ``round_trip`` is in seconds.

    ``log`` of the methods: :attr:`golden.signals.generator.Generator.log`.
    """

    def __init__(self, round_trip):
        self._round_trip = round_trip
        #: Name of the signal and place in the log from which it is searched; or None and the frame.
        self._running = {}

    def start(self, timeout, name, log):
        """Run from the next beginning of the signal ``name`` in ``log`` on."""
        self._running[timeout] = name, len(log)

    def start_at(self, timeout, frame):
        """Run from data frame ``frame`` on, unless it runs already."""
        self._running.setdefault(timeout, (None, frame))

    def stop(self, timeout):
        """Stop one timer, if it runs."""
        self._running.pop(timeout, None)

    def stop_all(self):
        """Stop all timers."""
        self._running = {}

    def due(self, log):
        """Number of the data frame before which the next timer expires; None if none runs."""
        due = [self._frame_of(*timer, log) for timer in self._running.items()]
        return min((frame for frame in due if frame is not None), default=None)

    def _frame_of(self, timeout, start, log):
        name, first = start
        if name:
            later = log[first:]
            first = next((entry.first for entry in later if entry.command.name == name), None)
            if first is None:
                return None
        seconds = timeout.seconds + timeout.round_trips * self._round_trip
        return first + round(seconds * FRAMES_A_SECOND)
