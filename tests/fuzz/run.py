"""`make fuzz`: every guided target by atheris, a fixed number of executions from a fixed seed.

Each runs in a process of its own, two at a time. libFuzzer keeps what reaches new edges; what is
kept in the tree (corpus/) and the seeds are where it begins. A failure's input is in build/fuzz; it
belongs into corpus/, where `make test` runs it without atheris, once it is mended. ``--merge`` adds
what was found to corpus/: the least that reaches all edges beyond those of the seeds.
"""

import argparse
import importlib
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from rich.console import Console
from rich.table import Table

CORPUS = Path(__file__).with_name("corpus")
WORK = Path("build") / "fuzz"

#: Seed of libFuzzer, and processes at a time.
SEED, JOBS = 90, 2

#: Executions by target: four minutes of one core in all.
RUNS = {
    "sequences": 12_000,
    "framing": 20_000,
    "hdlc": 5_000,
    "link": 60_000,
    "host": 80_000,
    "parameters": 300_000,
    "given": 200_000,
}

#: Longest input in octets, seconds after which an execution hangs, and MB that a process may have.
#: atheris 3.0.0 never frees the result of a comparison that it traces, so that 100 MB become 600 by
#: arrays of booleans alone; tests/fuzz/test_targets.py has a tighter bound of each execution.
LONGEST, PATIENCE, MEMORY = 4096, 20, 2048

#: Packages whose edges count.
INSTRUMENTED = ("golden", "boards", "sim.calls.transfer", "sim.cli.read", "sim.reading.phase4")


def child(name, arguments):
    """Fuzz one target in this process, which ends with it."""
    import atheris

    with atheris.instrument_imports(include=list(INSTRUMENTED)):
        targets = importlib.import_module("tests.fuzz.targets")
    # A merge runs this line in a shell, again and again.
    again = f"{sys.executable} -m tests.fuzz.run --child {name}"
    atheris.Setup([again, *arguments], targets.TARGETS[name].function)
    atheris.Fuzz()


def start(name, *arguments):
    """Run a target's process; its status and what it printed."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz.run", "--child", name, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    return done.returncode, done.stdout


def write_seeds(name, folder):
    """Write a target's seeds into a folder; their paths."""
    # Here, because in a target's process it is atheris that imports this.
    from tests.fuzz.targets import TARGETS

    paths = set()
    for number, seed in enumerate(TARGETS[name].seeds()):
        path = folder / f"seed{number}"
        path.write_bytes(seed)
        paths.add(path)
    return paths


def fuzz(name, runs):
    """Fuzz a target: a dict of what libFuzzer says, and failures."""
    folder, kept = WORK / name, CORPUS / name
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "found").mkdir(parents=True)
    write_seeds(name, folder / "found")
    status, said = start(
        name,
        f"-runs={runs}",
        f"-seed={SEED}",
        f"-max_len={LONGEST}",
        f"-timeout={PATIENCE}",
        f"-rss_limit_mb={MEMORY}",
        f"-artifact_prefix={folder}/failure-",
        str(folder / "found"),
        *([str(kept)] if kept.is_dir() else []),
    )
    (folder / "log").write_text(said)
    found = re.findall(r"^#(\d+)\s.*cov: (\d+) ft: (\d+) corp: (\d+)/.*exec/s: (\d+)", said, re.M)
    failures = sorted(path.name for path in folder.glob("failure-*"))
    if status and not failures:
        failures = [f"status {status}, see {folder / 'log'}"]
    if not found:
        return {"failures": failures or ["it never ran"]}
    keys = ("executions", "edges", "features", "corpus", "rate")
    return {**dict(zip(keys, map(int, found[-1]), strict=True)), "failures": failures}


def merge(name):
    """Write corpus/ of a target anew: the least of what was found whose edges the seeds lack."""
    least, kept = WORK / name / "least", CORPUS / name
    shutil.rmtree(least, ignore_errors=True)
    least.mkdir()
    kept.mkdir(parents=True, exist_ok=True)
    seeds = write_seeds(name, least)
    # Counters would keep one for each number of times round a loop.
    status, said = start(
        name,
        "-merge=1",
        "-use_counters=0",
        f"-max_len={LONGEST}",
        str(least),
        str(kept),
        str(WORK / name / "found"),
    )
    if status:
        raise SystemExit(said)
    for path in kept.iterdir():
        # What failed once is kept, whatever it reaches.
        if not path.name.startswith("failure-"):
            path.unlink()
    for path in sorted(set(least.iterdir()) - seeds):
        (kept / path.name[:12]).write_bytes(path.read_bytes())


def main():
    """Fuzz all targets, print the results, and return the exit status."""
    parser = argparse.ArgumentParser(prog="make fuzz", description=__doc__.partition("\n")[0])
    parser.add_argument("--target", action="append", choices=RUNS, help="only this one")
    parser.add_argument("--times", type=float, default=1.0, help="as many executions as usual")
    parser.add_argument("--merge", action="store_true", help="write corpus/ of what was found")
    arguments = parser.parse_args()
    names = arguments.target or list(RUNS)
    with ThreadPoolExecutor(JOBS) as pool:
        results = list(pool.map(lambda name: fuzz(name, int(RUNS[name] * arguments.times)), names))
    table = Table(box=None, pad_edge=False)
    keys = ("executions", "rate", "edges", "features", "corpus", "failures")
    for heading in ("target", "executions", "a second", "edges", "features", "corpus", "failures"):
        table.add_column(heading, justify="left" if heading == "target" else "right")
    for name, result in zip(names, results, strict=True):
        shown = {**result, "failures": len(result["failures"])}
        table.add_row(name, *(str(shown.get(key, "-")) for key in keys))
    Console().print(table)
    failed = False
    for name, result in zip(names, results, strict=True):
        for failure in result["failures"]:
            failed = True
            print(
                f"fuzz: {name}: {failure} (all it printed is in {WORK / name / 'log'})",
                file=sys.stderr,
            )
    if arguments.merge and not failed:
        for name in names:
            merge(name)
    return int(failed)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        child(sys.argv[2], sys.argv[3:])
    else:
        sys.exit(main())
