"""Patterns of idling and stalling, results and failures, which all simulation engines share.

It needs NumPy only, because the cocotb bench loads it inside the simulator's process.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

RESET_CYCLES = 2
# Kinds of broken contract, numbered as in the C++ loop.
FAILURES = {
    1: "valid fell before ready came",
    2: "the payload changed before it was taken",
    3: "valid depends on ready",
    4: "the payload depends on ready",
}
_MASK = (1 << 64) - 1


class OutOfCycles(AssertionError):
    """Cycles ran out before every awaited transfer was seen."""


class ContractError(AssertionError):
    """An output stream broke the contract.

    Valid once high stays until ready, a payload holds until taken, and neither depends on ready
    within a cycle.
    """


class Mismatch(AssertionError):
    """A transfer differs from the expected one, or there were too many of them."""


class Pattern(NamedTuple):
    """How sources and sinks of the bench behave towards the component.

    Attributes
    ----------
    idle : float
        Probability, each cycle, that a source withholds its next item. 0 is full speed.
    stall : float
        Probability, each cycle, that a sink is not ready. 0 is full speed.
    seed : int
        Seed of the draws; equal seeds give equal cycles in every engine.
    """

    idle: float = 0.0
    stall: float = 0.0
    seed: int = 0

    def validate(self):
        """Returns self; raises ``ValueError`` unless both probabilities are in [0, 1)."""
        if not (0 <= self.idle < 1 and 0 <= self.stall < 1):
            raise ValueError(f"idle and stall must be at least 0 and below 1, not {self}")
        return self


DEFAULT_PATTERNS = (
    Pattern(0.0, 0.0, 1),
    Pattern(0.5, 0.0, 2),
    Pattern(0.0, 0.5, 3),
    Pattern(0.6, 0.4, 4),
)


@dataclass
class Result:
    """The payloads, times and probes of one run.

    Attributes
    ----------
    outputs : dict of str to array
        For each output stream its payloads in order, of ``payload_dtype(shape)``.
    taken, given : dict of str to int64 array
        For each input (output) stream the cycle number of each transfer; cycle 0 is the run's
        first. ``given["o"] - taken["i"]`` is a latency in cycles, ``np.diff(given["o"])``
        an interval.
    cycles : int
        How many cycles the run took.
    probes : dict of str to array
        For each probed plain port its value in each cycle, before the clock edge.
    pattern : Pattern
        The idling and stalling it ran under.
    """

    outputs: dict = field(default_factory=dict)
    taken: dict = field(default_factory=dict)
    given: dict = field(default_factory=dict)
    cycles: int = 0
    probes: dict = field(default_factory=dict)
    pattern: Pattern = Pattern()


def timeout(result, wanted, offered):
    """The :class:`OutOfCycles` that says what is missing from a result.

    ``wanted`` is how many transfers each output should have given, ``offered`` how many items
    each input had.
    """
    missing = [
        f"{name} gave {len(result.given[name])} of {want}"
        for name, want in wanted.items()
        if want is not None and len(result.given[name]) < want
    ]
    missing += [
        f"{name} took {len(result.taken[name])} of {count}"
        for name, count in offered.items()
        if len(result.taken[name]) < count
    ]
    error = OutOfCycles(f"after {result.cycles} cycles {', '.join(missing)} ({result.pattern})")
    error.result = result
    return error


def mismatch(name, index, got, expected, pattern):
    """The :class:`Mismatch` of transfer ``index``: ``got[0]`` came, not ``expected[0]``.

    An empty ``expected`` means that no such transfer was expected.
    """
    wanted = expected[0] if len(expected) else f"no more than {index}"
    return Mismatch(f"{name}[{index}]: got {got[0]}, expected {wanted} ({pattern})")


def threshold(probability):
    """The 32-bit number below which a draw means yes."""
    return int(probability * 2**32)


def stream_seed(seed, index):
    """Start state of stream number ``index``'s generator: never zero, unlike its neighbours'."""
    x = ((seed * 1000003 + index + 1) * 0x9E3779B97F4A7C15) & _MASK
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & _MASK
    return (x ^ (x >> 31)) or 1


class Xorshift:
    """The 64-bit xorshift of the C++ loop, so that every engine sees the same cycles."""

    def __init__(self, state):
        self.state = state

    def below(self, limit):
        """Advance; return whether the upper 32 bits are below ``limit``. No draw if it is 0."""
        if limit == 0:
            return False
        x = self.state
        x ^= (x << 13) & _MASK
        x ^= x >> 7
        x ^= (x << 17) & _MASK
        self.state = x
        return (x >> 32) < limit


def to_ints(words):
    """Rows of uint32 words, least significant first, as Python integers."""
    return [int.from_bytes(row.tobytes(), "little") for row in np.asarray(words, "<u4")]


def to_words(ints, width):
    """Python integers as rows of uint32 words, least significant first."""
    words = (width + 31) // 32
    data = b"".join(x.to_bytes(4 * words, "little") for x in ints)
    return np.frombuffer(data, "<u4").reshape(len(ints), words)
