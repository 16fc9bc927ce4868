"""Every place in the sources that reads a file or parses text: what it is fuzzed by, or why not."""

import re
from pathlib import Path

from tests.support import ROOT

#: What reads or parses, as it appears in a source.
READS = re.compile(
    r"read_bytes\(|read_text\(|buffer\.read\(|\.read\(max|json\.loads?\(|tomllib\.|np\.load\("
    r"|fromfile\(|SoundFile\(|(?<![\w.])open\((?!\w+, \"[wx])"
)

_OWN = "written by the project itself, into build/ or a cache, and read by the run that wrote it"
_TOOL = "what a pinned tool printed, read by the run that started the tool"
_TREE = "a file of the tree"
_OCTETS = "octets as they are, and JSON; tests/sim/cli has what commands make of them"
_CALLS = "recorded calls of a developer's own folder, read by `make figures` and tests alone"

_UPSTREAM = "JSON of V.34's parameters; tests/golden/v34/test_parameters.py has what is refused"

#: Sources by what covers their reading: a file of tests/fuzz, or a reason.
READERS = {
    "boards/build/blocks.py": _TOOL,
    "boards/build/build.py": _OWN,
    "boards/build/everything.py": "test_values.py",
    "boards/gates/netlist.py": _OWN,
    "boards/host/link.py": "test_targets.py",
    "boards/build/parts.py": _TOOL,
    "boards/build/platforms.py": _TOOL,
    "boards/gates/routing.py": _TOOL,
    "boards/build/sizes.py": _TREE,
    "boards/build/toolchain.py": _TOOL,
    "boards/build/tops.py": _TREE,
    "golden/pcm/parameters.py": "test_values.py",
    "golden/v34/parameters.py": _UPSTREAM,
    "sim/figures/document.py": _OWN,
    "sim/figures/soak.py": _OWN,
    "sim/work.py": _OWN,
    "sim/engines/bench.py": _OWN,
    "sim/speeds/benchmark.py": _TREE,
    "sim/engines/cache.py": _OWN,
    "sim/engines/cosim.py": _OWN,
    "sim/engines/cxxrtl.py": _TREE,
    "sim/cli/demo.py": _TREE,
    "sim/files.py": _OCTETS,
    "sim/terminal.py": "it opens the null device, and reads nothing",
    "sim/world/lines.py": "test_values.py",
    "sim/engines/measuring.py": _TREE,
    "sim/reading/recorded.py": _CALLS,
    "sim/world/wav.py": "test_recordings.py",
}


def test_every_reader_is_known():
    found = {
        str(path.relative_to(ROOT))
        for package in ("golden", "hdl", "sim", "boards")
        for path in (ROOT / package).rglob("*.py")
        if READS.search(path.read_text())
    }
    assert found == set(READERS)


def test_what_covers_a_reader_names_it():
    for source, cover in READERS.items():
        if cover.startswith("test_"):
            text = (Path(__file__).parent / cover).read_text()
            text += (Path(__file__).parent / "targets.py").read_text()
            package, _, stem = source.removesuffix(".py").replace("/", ".").rpartition(".")
            assert re.search(rf"from {package}(\.{stem} import| import .*\b{stem}\b)", text), source
