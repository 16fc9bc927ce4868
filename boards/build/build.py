"""Tops to bitstreams: synthesis, placement and routing, packing, and what they took."""

import json
import shutil
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from boards.build import toolchain
from boards.build.catalogue import BOARDS
from boards.build.platforms import write_bitstream
from boards.build.tops import TOPS
from golden.errors import CallFailed, V90Error

#: Stages in their order, by the tool; what they are called.
STAGES = {"yosys": "synthesis", "nextpnr": "place and route", "pack": "bitstream"}


@dataclass
class BuildResult:
    """A built top: where its bitstream is (None: not written), and what was measured.

    ``rows``: as :func:`boards.build.toolchain.used`; ``reached`` and ``asked`` in MHz; ``seconds``
    of each stage.
    """

    board: str
    top: str
    bitstream: Path | None = None
    rows: dict = field(default_factory=dict)
    reached: float = 0.0
    asked: float = 0.0
    seconds: dict = field(default_factory=dict)

    @property
    def met(self):
        return self.reached >= self.asked


def board_of(name, top=None):
    """``(Board, top)`` by name, a board's first top without one.

    Raises :class:`~golden.errors.V90Error` for a name that there is not.
    """
    board = BOARDS.get(name)
    if board is None:
        raise V90Error(f"there is no board {name}; there are {', '.join(BOARDS)}")
    top = top or next(iter(board.tops))
    if top not in board.tops:
        raise V90Error(f"{name} has no top {top}; it has {', '.join(board.tops)}")
    return board, top


def make(name, top=None):
    """``(platform, elaboratable, MHz)`` of a board's top."""
    board, top = board_of(name, top)
    options = dict(board.tops[top])
    frequency = options.pop("frequency")
    options.pop("seed", None)
    elaboratable = TOPS[top].make(frequency, board.lights, **options)
    return board.platform(), elaboratable, frequency / 1e6


def plan(name, top=None):
    """Amaranth's build plan of a board's top: files, and commands in ``build_top.json``."""
    platform, elaboratable, clock = make(name, top)
    board, top = board_of(name, top)
    family, seed = toolchain.FAMILIES[board.family], board.tops[top].get("seed", toolchain.SEED)
    options = ["--seed", str(seed), "--freq", f"{clock:g}", "--timing-allow-fail", *family.options]
    return (
        platform,
        clock,
        platform.prepare(
            elaboratable,
            "top",
            emit_src=False,
            script_after_read=family.before,
            script_after_synth="tee -q -o top.stat stat -json",
            synth_opts=family.synthesis.split()[1:],
            nextpnr_opts=options,
        ),
    )


@contextmanager
def _timed(result, stage):
    begin = time.monotonic()
    yield
    result.seconds[stage] = time.monotonic() - begin


def write_files(files, work):
    """A build plan's files into an empty folder."""
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    for path, content in files.files.items():
        (work / path).write_bytes(content if isinstance(content, bytes) else content.encode())


def synthesise_top(name, top, work):
    """Synthesise a board's top in a folder; return its rows as ``toolchain.count_cells``."""
    _, _, files = plan(name, top)
    write_files(files, work)
    toolchain.run("yosys", ["-q", "top.ys"], work, "yosys.log")
    return toolchain.count_cells(work / "top.stat", BOARDS[name].family)


def build(name, top=None, output=None, *, force=False, allow_timing_fail=False, stage=None):
    """Build a top into ``output`` or ``build/<board>-<top>``; return its :class:`Result`.

    ``stage(text)`` is called when a stage begins. The bitstream is written when the clock is
    reached, or with ``allow_timing_fail``.

    Raises :class:`~golden.errors.V90Error` for names and tools that there are not, and files that
    are there without ``force``; :class:`~golden.errors.CallFailed` where a tool fails.
    """
    board, top = board_of(name, top)
    result = BuildResult(name, top)
    folder = Path(output or Path("build") / f"{name}-{top}")
    if folder.exists() and not folder.is_dir():
        raise V90Error(f"{folder} is a file; a folder is needed")
    if folder.is_dir() and any(folder.iterdir()) and not force:
        raise V90Error(f"{folder} is not empty; --force builds there anew")
    report = stage or (lambda text: None)
    needed = board.platform().required_tools
    for tool in needed:
        toolchain.find(tool)
    with _timed(result, "elaboration"):
        report("elaboration")
        platform, clock, files = plan(name, top)
    work = folder / "work"
    write_files(files, work)
    target = folder / board.product
    target.unlink(missing_ok=True)
    result.asked = clock
    for tool, *arguments in json.loads((work / "build_top.json").read_text())["commands"]:
        text = next(text for part, text in STAGES.items() if part in tool)
        if tool.startswith("nextpnr"):
            arguments.remove("--quiet")
        with _timed(result, text):
            report(text)
            log = toolchain.run(tool, arguments, work, f"{tool}.log")
        if tool == "yosys":
            cells = toolchain.count_cells(work / "top.stat", board.family)
            result.rows = {row: (count, None) for row, count in cells.items()}
        if tool.startswith("nextpnr"):
            result.rows |= toolchain.used(log, board.family)
            reached = [fast for fast, _ in toolchain.clocks(log)]
            if not reached:
                raise CallFailed(f"{tool} reports no clock (all it printed is in {work})")
            result.reached = min(reached)
            if not result.met and not allow_timing_fail:
                return result
    source = work / Path(board.product).with_suffix(platform_suffix(board.product))
    write_bitstream(platform, source, target)
    result.bitstream = target
    return result


def platform_suffix(product):
    """Suffix of what a toolchain packs, of which a board's file is made."""
    suffix = Path(product).suffix
    return ".bit" if suffix == ".dfu" else suffix


def load_command(board, bitstream):
    """Program and arguments that flash a bitstream."""
    return [*BOARDS[board].load, str(bitstream)]
