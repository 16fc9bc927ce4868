"""Which engine a call runs on: the golden model, the compiled gateware, or both."""

from contextlib import contextmanager
from dataclasses import dataclass


@contextmanager
def silent_phase(name):
    """A phase of work that shows no progress; see :class:`Engines`."""
    yield lambda done, total: None


@dataclass(frozen=True)
class Engines:
    """Choice of the engines that do the work of a call, and how their progress is shown.

    Fields
    ------
    gateware : bool
        Run the compiled gateware in place of golden.
    check : bool
        Run both and compare the results.
    phase : callable
        ``phase(name)`` is a context manager that gives a function ``show(done, total)``.
    """

    gateware: bool = False
    check: bool = False
    phase: object = silent_phase

    def run(self, name, golden, gateware, check):
        """Run one engine or both; return golden's result where golden ran.

        ``golden(show)`` and ``gateware(show)`` do the work; ``check(a, b)`` raises if their results
        differ.
        """
        results = []
        if not self.gateware or self.check:
            with self.phase(name) as show:
                results.append(golden(show))
        if self.gateware or self.check:
            with self.phase(f"{name}, gateware") as show:
                results.append(gateware(show))
        if self.check:
            check(*results)
        return results[0]


#: Golden alone, without a word.
GOLDEN = Engines()
