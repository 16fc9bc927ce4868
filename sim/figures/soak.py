"""Many calls in which something goes wrong, and the fate of each: `make soak`.

A call counts as recovered if, once nothing goes wrong any more, the file's octets come again for a
second. It counts as lost if they do not and a modem says so: it is not in data, or has cleared
down. Neither, or an octet that is not the file's, is a failure.

Each soak draws new seeds and prints them. Seeds of calls that fail, or that are lost although the
far end speaks, are kept in ``FOUND``; a test runs them again.
"""

import argparse
import secrets
import sys
import time
from collections import Counter
from dataclasses import dataclass

import numpy as np
from rich.console import Console
from rich.table import Table

from golden.errors import CallFailed, V90Error
from golden.learning.learning import dil_request
from golden.modem.digital import DigitalModem
from golden.modem.states import AnaloguePhase
from golden.pcm.parameters import FRAMES_A_SECOND
from golden.receiver.receiver import Receiver
from golden.receiver.training_levels import training_levels
from sim import work
from sim.calls.session import Session
from sim.calls.start_up import Ends
from sim.figures import document, faults
from sim.files import ROOT
from sim.terminal import guarded, progress

#: Seconds that a call may take to recover, from its 20th or the last fault's end on: a training
#: takes 5, and a digital modem notices after 15 that nothing came of the one before.
RECOVERY_SECONDS = 25.0

#: Seconds without a new frame that are no loss: a round trip, and a frame at the lowest rate.
_USUAL = 0.25

#: Seconds of frames, after all faults, with which a call has recovered.
_STEADY = 1.0

#: Octets of a call's file: more than 56 000 bit/s carry as long as it may last.
_FILE = 450_000

#: Most calls side by side on one receiver, and of a soak.
BATCH, MOST_CALLS = 125, 1_000_000

#: Seeds of calls that failed or were lost, one a line, with what was found.
FOUND = ROOT / "tests" / "sim" / "figures" / "found_seeds.txt"


@dataclass(frozen=True)
class Fate:
    """The fate of a call.

    Fields: ``end``, "recovered", "lost" or what is wrong; ``begun``, second in which data began
    first, or None; ``away``, seconds without data from there on to the 20th second or recovery;
    ``recovery``, seconds from the end of its last fault, or None; ``trainings``,
    ``renegotiations``; ``octets`` of the file that came; ``rates`` in bit/s, from each beginning.
    """

    call: faults.FaultyCall
    end: str
    begun: float | None
    away: float
    recovery: float | None
    trainings: int
    renegotiations: int
    octets: int
    rates: tuple


class Beside:
    """A golden receiver of one line with the gateware's beside it; calls of methods go to both.

    Raises :class:`~golden.errors.CallFailed` if they differ.
    """

    def __init__(self, call):
        # Amaranth takes a while to load; golden calls need not wait for it.
        from sim.calls.gateware_receiver import AnalogueGateware

        levels = training_levels(call.u_info, call.law)
        self._both = (
            Receiver([levels]),
            AnalogueGateware(levels, descriptor=dil_request(call.u_info)),
        )

    def __getattr__(self, name):
        golden, gateware = (getattr(one, name) for one in self._both)

        def call(*arguments):
            gateware(*arguments)
            return golden(*arguments)

        return call

    def process(self, rows):
        """Decisions of both, which are the same."""
        ((golden,), (gateware,)) = (one.process(rows) for one in self._both)
        for name in ("fine", "error", "ucode", "sign", "number", "good", "first"):
            if not np.array_equal(getattr(golden, name), getattr(gateware, name)):
                raise CallFailed(f"golden and gateware differ in {name}")
        if golden.events != gateware.events:
            raise CallFailed("golden and gateware report different events")
        return [golden]


class _Progress:
    """One call of a batch while it runs: when its frames came, and whether they are the file's."""

    def __init__(self, session, line, call):
        self.session, self.line, self.call = session, line, call
        self.data = np.random.default_rng([call.seed, 8]).bytes(_FILE)
        self.ends = Ends(session, line, self.data)
        self.restarts = [fault for fault in call.faults if fault.restart]
        #: Seconds at whose end frames had come.
        self.came = []
        self.wrong = None
        self._frames = self._octets = 0

    @property
    def now(self):
        return self.session.now / FRAMES_A_SECOND

    def before(self):
        if self.restarts and self.restarts[0].at <= self.now:
            self.restarts.pop(0)
            s = self.call.call
            self.session.digital[self.line] = DigitalModem(
                s.law, s.u_info, s.power, s.at_codec, trn1d=s.trn1d
            )
        self.ends.before()

    def after(self):
        self.ends.after()
        file = self.ends.mine.file
        if file.frames > self._frames:
            self._frames = file.frames
            self.came.append(self.now)
        if file.disorder and not self.wrong:
            self.wrong = file.disorder

    @property
    def steady(self):
        """Second since which frames came without a gap, for ``_STEADY`` at least, or None."""
        times = np.array([t for t in self.came if t >= self.call.over])
        if not len(times) or self.now - times[-1] > _USUAL:
            return None
        gaps = np.flatnonzero(np.diff(times) > _USUAL)
        first = times[gaps[-1] + 1] if len(gaps) else times[0]
        return first if times[-1] - first >= _STEADY else None

    @property
    def ended(self):
        """Whether the call's fate is known: its faults are over and data steady, or time is up."""
        over = self.call.over
        last = max(faults.FAULTY_SECONDS, over if over < np.inf else 0.0) + RECOVERY_SECONDS
        settled = over == np.inf or self.steady is not None
        return self.now >= last or (self.now >= faults.FAULTY_SECONDS and settled)

    def fate(self):
        """The call's :class:`Fate`, were it to end now."""
        digital, analogue = self.session.digital[self.line], self.session.analogue[self.line]
        file, steady = self.ends.mine.file, self.steady
        if file.received() != self.data[: file.octets]:
            self.wrong = "frames with a good FCS and other octets"
        end = self.wrong
        if not end and steady is not None:
            end = "recovered"
        elif not end and (analogue.phase is not AnaloguePhase.DATA or digital.cleared):
            end = "lost"
        begun = self.ends.begun and self.ends.begun / FRAMES_A_SECOND
        times = [begun, *self.came] if begun else []
        gaps = np.diff(times)
        away = float(np.sum(gaps[gaps > _USUAL]))
        if begun and steady is None:
            away += self.now - times[-1]
        timeline = [one.signal for one in digital.timeline]
        return Fate(
            self.call,
            end or "stuck",
            begun,
            away,
            None if steady is None else steady - self.call.over,
            len(analogue.readings),
            timeline.count("Rd"),
            file.octets,
            tuple(rate for _, rate in self.ends.rates),
        )


def run(calls, gateware=False):
    """:class:`Fate` of each call of a list, side by side; one with ``gateware``, beside golden.

    A call's fate does not depend on the calls beside it.

    Raises :class:`~golden.errors.CallFailed` if the gateware differs.
    """
    receiver = Beside(calls[0].call) if gateware else None
    session = Session([call.call for call in calls], receiver=receiver)
    session.network = [faults.Trunk(call) for call in calls]
    running = {k: _Progress(session, k, call) for k, call in enumerate(calls)}
    found = {}
    while running:
        for one in running.values():
            one.before()
        session.step()
        for k, one in list(running.items()):
            one.after()
            if one.ended:
                found[k] = running.pop(k).fate()
    return [found[k] for k in range(len(calls))]


def every(calls, gateware=False):
    """:func:`run`; if it raises anything, halves of the calls: an error ends one call alone."""
    try:
        return run(calls, gateware)
    except Exception as error:  # a soak is there to find what nobody thought of
        if half := len(calls) // 2:
            return every(calls[:half], gateware) + every(calls[half:], gateware)
        end = f"{type(error).__name__}: {error}"
        return [Fate(calls[0], end, None, 0.0, None, 0, 0, 0, ())]


def _worst(values):
    return f"{max(values):.1f}" if values else ""


def table(outcomes):
    """A rich table of the outcomes by the kinds of fault that their calls had."""
    shown = Table("fault", title="calls with a fault, and others beside it", title_justify="left")
    for heading in (
        "calls",
        "recovered",
        "lost",
        "failed",
        "s away",
        "most",
        "s to recover",
        "most",
        "trainings",
    ):
        shown.add_column(heading, justify="right")
    kinds = [
        (kind, [one for one in outcomes if kind in (f.kind for f in one.call.faults)])
        for kind in faults.FAULT_KINDS
    ]
    for name, mine in [*kinds, ("all", outcomes)]:
        if not mine:
            continue
        ends = Counter(one.end for one in mine)
        away = [one.away for one in mine]
        back = [one.recovery for one in mine if one.recovery is not None]
        failed = len(mine) - ends["recovered"] - ends["lost"]
        shown.add_row(
            name,
            f"{len(mine)}",
            f"{ends['recovered'] / len(mine):.1%}",
            f"{ends['lost']}",
            f"{failed}",
            f"{np.mean(away):.2f}",
            _worst(away),
            f"{np.mean(back):.2f}" if back else "",
            _worst(back),
            f"{np.mean([one.trainings for one in mine]):.2f}",
        )
    return shown


def sentence(outcome):
    """A call, its faults and its fate in one sentence."""
    call = outcome.call
    hit = ", ".join(f"{fault.kind} at {fault.at:.2f} s" for fault in call.faults)
    return (
        f"seed {call.seed}: {call.call.line}, {call.call.law}-law, {hit}: {outcome.end}, "
        f"{outcome.away:.1f} s away, {outcome.trainings} trainings"
    )


def fates(item):
    """Fates of the calls of ``item``: a pair of their seeds, and whether gateware runs beside."""
    seeds, gateware = item
    return every([faults.draw(seed) for seed in seeds], gateware)


def found_seeds():
    """Seeds in ``FOUND``."""
    lines = FOUND.read_text().splitlines() if FOUND.exists() else []
    return [int(line.split(":")[0]) for line in lines if line.strip()]


def keep(fates):
    """Add seeds that are not yet in ``FOUND``; return whether there is a place for it."""
    if not FOUND.parent.is_dir():
        return False
    known = set(found_seeds())
    new = [one for one in fates if one.call.seed not in known]
    if new:
        with open(FOUND, "a") as file:
            file.writelines(f"{one.call.seed}: {one.end}\n" for one in new)
    return True


def unexpected(fate):
    """Whether a call failed, or was lost although its far end did not fall silent for ever."""
    return fate.end not in ("recovered", "lost") or (fate.end == "lost" and fate.call.over < np.inf)


def summary(fates, seed):
    """The numbers of a soak for docs/figures.md; times in s as text."""
    back = [one.recovery for one in fates if one.recovery is not None]
    silent = [one for one in fates if one.end == "lost" and one.call.over == np.inf]
    failed = [one for one in fates if one.end not in ("recovered", "lost")]
    return {
        "calls": len(fates),
        "seed": seed,
        "recovered": sum(one.end == "recovered" for one in fates),
        "silent": len(silent),
        "lost": sum(one.end == "lost" for one in fates) - len(silent),
        "failed": len(failed),
        "away": f"{np.mean([one.away for one in fates]):.1f}",
        "recovery": f"{np.mean(back):.1f}" if back else "-",
        "slowest": f"{max(back):.1f}" if back else "-",
    }


def _options(argv):
    parser = argparse.ArgumentParser(prog="soak", description=__doc__.splitlines()[0])
    parser.add_argument("--calls", type=int, default=500, help="how many (default %(default)s)")
    parser.add_argument("--seed", type=int, help="of the first call (default: a new one)")
    parser.add_argument("--gateware", action="store_true", help="gateware beside golden, for each")
    parser.add_argument("--write", action="store_true", help="write docs/figures.json")
    parser.add_argument("--verbose", action="store_true", help="a line about every call")
    work.options(parser)
    options = parser.parse_args(argv)
    if not 1 <= options.calls <= MOST_CALLS:
        raise V90Error(f"a soak has 1 to {MOST_CALLS} calls, not {options.calls}")
    if options.seed is None:
        options.seed = secrets.randbelow(1 << 31)
    if options.seed < 0:
        raise V90Error(f"seeds are whole numbers from 0, not {options.seed}")
    return options


def main(argv=None):
    """Run, print, and return 1 if a call failed."""
    options = _options(argv)
    workers = work.workers_of(options)
    console = Console(width=120 if not sys.stdout.isatty() else None)

    def say(text):
        console.print(text, soft_wrap=True, highlight=False)

    seeds = range(options.seed, options.seed + options.calls)
    say(f"Seeds {seeds[0]} to {seeds[-1]}: --seed {seeds[0]} --calls {len(seeds)} runs them again.")
    size = 1 if options.gateware else max(1, min(BATCH, -(-len(seeds) // options.jobs)))
    items = [(tuple(seeds[at : at + size]), options.gateware) for at in range(0, len(seeds), size)]
    outcomes, began = [], time.perf_counter()
    with progress("calls") as show:
        show(0, len(seeds))
        for _, batch in work.results_of(fates, items, workers):
            outcomes += batch
            show(len(outcomes), len(seeds))
            if options.verbose:
                for one in batch:
                    say(sentence(one))
    outcomes.sort(key=lambda one: one.call.seed)
    console.print(table(outcomes))
    equal = ", golden and gateware equal throughout" if options.gateware else ""
    console.print(f"{len(seeds)} calls in {time.perf_counter() - began:.0f} s{equal}")
    recovered = [one for one in outcomes if one.end == "recovered"]
    if recovered:
        say(f"slowest: {sentence(max(recovered, key=lambda one: one.recovery))}")
    found = [one for one in outcomes if unexpected(one)]
    for one in found:
        say(sentence(one))
    if options.write:
        name = "soak with gateware" if options.gateware else "soak"
        document.record(name, summary(outcomes, seeds[0]))
    if found and keep(found):
        say(f"Their seeds are kept in {FOUND.relative_to(ROOT)}; `make long` runs them again.")
    return int(any(one.end not in ("recovered", "lost") for one in outcomes))


if __name__ == "__main__":
    sys.exit(guarded(main))
