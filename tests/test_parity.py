"""Golden, gateware, tests and documents stay together, and the layers stay layers (design)."""

import re
import shutil
from fnmatch import fnmatch
from pkgutil import resolve_name

import pytest

from tests.given import given_faults
from tests.mutants import MUTANTS
from tests.structure import (
    TREES,
    component_faults,
    components,
    files,
    layer_faults,
    model_faults,
    package_faults,
    port_faults,
    prefix_faults,
    row_faults,
)
from tests.support import ROOT

#: Gateware without a model: what has no clause, and parts of a block whose model is the block.
WITHOUT_MODEL = {
    "core/stream": {"BitQueues", "Counters"},
    "core/mac": {"Multiplier"},
    "ports/tdm": {"Gatherer", "Highway"},
    "ports/uart": {"UartReceiver", "UartTransmitter"},
    "modem/bank": {"Bank", "LinkedBank"},
    "modem/analogue_receiver": {"AnalogueReceiver"},
    "modem/client": {"LinkedClient", "LinkedReceiver"},
    "pcm/g711": {"Codeword"},  # its model is two functions
    "pcm/leaves": {"LeafPipeline", "LeafWalk"},
    "pcm/encoder": {"Datapath"},
    "pcm/sequencer": {"Sequencer"},  # parts of an encoder
    "pcm/multiplexer": {"Multiplexer"},
    "signals/sequencer": {"SignalSequencer"},
    "signals/commands": {"CommandWriter"},
    "receiver/arithmetic": {"Arithmetic"},  # parts of a solver and of an equaliser
    "receiver/accumulator": {"Accumulator"},
    "receiver/equalizer_memory": {"SampleMemory", "TapMemory"},
    "receiver/control": {"Control"},  # parts of a receiver
    "receiver/settings": {"Settings"},
    "receiver/front": {"Front"},
    "receiver/line": {"ReceiverLine"},
    "receiver/means": {"Loudness", "Quality"},
    "receiver/receiver": {"Receivers"},  # a receiver for each line
}


def test_there_are_components():
    """The reader of the tree finds what is there."""
    assert len(components(ROOT)) > 50


def test_blocks_have_model_test_and_row():
    """Each component has them."""
    assert component_faults(ROOT, WITHOUT_MODEL) == []


def test_models_are_tested():
    """Each module of golden has a test of its own."""
    assert model_faults(ROOT) == []


def test_nothing_imports_upward():
    """Layers stay layers."""
    assert layer_faults(ROOT) == []
    assert package_faults(ROOT) == []


def test_gateware_takes_what_is_declared():
    """Formats, parameters and tables of golden, no function and no algorithm."""
    assert given_faults(ROOT) == []


def test_no_file_repeats_its_package():
    """A name inside a package has no prefix."""
    assert prefix_faults(ROOT) == []


def test_every_file_has_planted_errors():
    """Two at least, in golden and gateware, where there is anything to be wrong."""
    assert row_faults(ROOT, [row[0] for row in MUTANTS]) == []


def test_every_port_is_explained():
    """A line for each in the docstring of its component: name, direction, shape, meaning."""
    assert port_faults(ROOT) == []


BAD_PORTS = '''from amaranth.lib import wiring
from hdl.receiver.line import receiver_ports
class Unsaid(wiring.Component):
    """A block.

    Members
    -------
    given : In(1)   a bit
    both, more : Out(1)   not a line for each
    gone : Out(1)   it was here once
    vague : Out(1)
    """

    given: In(1)
    more: Out(1)
    vague: Out(1)

    def __init__(self):
        super().__init__({"a": In(2), **receiver_ports()})
'''


def test_ports_without_a_line_are_seen(tmp_path):
    """Also those that a function of another file gives."""
    (tmp_path / "hdl" / "receiver").mkdir(parents=True)
    shutil.copy(ROOT / "hdl" / "receiver" / "line.py", tmp_path / "hdl" / "receiver")
    (tmp_path / "hdl" / "bad.py").write_text(BAD_PORTS)
    faults = [one for one in port_faults(tmp_path) if "bad.py" in one]
    names = ("a", "ed", "more", "o_event", "sample", "vague")
    assert {f"hdl/bad.py:Unsaid does not name {name}" for name in names} <= set(faults)
    assert "hdl/bad.py:Unsaid has no gone" in faults
    assert not any(one.endswith((" given", " both")) for one in faults)


@pytest.fixture
def copied(tmp_path):
    """A copy of the tree, for bad files."""
    for name in (*TREES, "tests", "docs"):
        ignored = shutil.ignore_patterns("__pycache__", "corpus", "build")
        shutil.copytree(ROOT / name, tmp_path / name, ignore=ignored)
    return tmp_path


BAD_MODEL = """import boards.build.catalogue
from sim import terminal
"""

BAD_BLOCK = """from amaranth.lib import wiring
class Unheard(wiring.Component):
    def elaborate(self, platform):
        from boards.build import catalogue
"""


@pytest.mark.parametrize("folder", ["", "pcm", "nested", "nested/deeper"])
def test_bad_files_are_seen(copied, folder):
    """However deep they lie."""
    for tree, text in (("golden", BAD_MODEL), ("hdl", BAD_BLOCK)):
        (copied / tree / folder).mkdir(parents=True, exist_ok=True)
        (copied / tree / folder / "bad.py").write_text(text)
    where = f"{folder}/bad".strip("/")
    assert [fault for fault in layer_faults(copied) if "bad.py" in fault] == [
        f"golden/{where}.py:1 imports boards.build.catalogue",
        f"golden/{where}.py:2 imports sim.terminal",
        f"hdl/{where}.py:4 imports boards.build.catalogue",
    ]
    assert model_faults(copied) == [f"golden/{where}.py has no tests/golden/{_test_of(where)}"]
    assert component_faults(copied, WITHOUT_MODEL) == [
        f"golden/{where}.py has no Unheard",
        f"tests/hdl/{_test_of(where)} does not test Unheard",
        f"docs/spec-map.md has no row of hdl/{where}.py, Unheard",
    ]
    rows = [row[0] for row in MUTANTS] + [f"golden/{where}.py"]
    assert row_faults(copied, rows) == [
        f"{tree}/{where}.py has fewer than two planted errors" for tree in ("golden", "hdl")
    ]


ARROWS = {
    "golden/pcm/bad.py": "from golden.signals import sequences\n",
    "golden/bad.py": "from golden.bits import crc\n",
    "golden/v34/bad.py": "import golden.pcm.g711\nfrom golden import signals\n",
    "golden/echo/bad.py": "from golden.v34 import bad\n",
    "hdl/other/bad.py": "",
    "boards/build/deep/bad.py": "",
    "sim/world/bad.py": "import importlib\nimportlib.import_module('sim.cli.call')\n",
    "sim/world/world_bad.py": "",
}


def test_arrows_upward_are_seen(copied):
    """An import of a later package, a package that no list has, and a prefix."""
    for name, text in ARROWS.items():
        (copied / name).parent.mkdir(parents=True, exist_ok=True)
        (copied / name).write_text(text)
    assert sorted(package_faults(copied)) == [
        "boards/build/deep/bad.py is in no package of boards",
        "golden/bad.py:1 imports golden.bits.crc",
        "golden/echo/bad.py:1 imports golden.v34.bad",
        "golden/pcm/bad.py:1 imports golden.signals.sequences",
        "hdl/other/bad.py is in no package of hdl",
        "sim/world/bad.py:2 imports sim.cli.call",
    ]
    assert prefix_faults(copied) == ["sim/world/world_bad.py repeats the name of its package"]


TAKEN = """from golden.pcm import mapper
import golden.pcm.g711
from golden.pcm.parameters import INTERVALS, rate
from golden.bits.scrambler import GPC, Scrambler
from golden.bits.scrambler import np
from golden.ports import report as golden
from golden.ports.link import Information, Top
def words(given):
    golden.error_power(1, 2, 3)
    return Top.DATA, golden.ERROR_SUM_BITS, Information(0), given.octets()
"""


def test_algorithms_taken_are_seen(copied):
    """Modules that are not listed, functions, also of a module, classes and methods."""
    (copied / "hdl" / "pcm" / "bad.py").write_text(TAKEN)
    assert [fault.removeprefix("hdl/pcm/bad.py:") for fault in given_faults(copied)] == [
        "1 takes golden.pcm.mapper",
        "2 takes golden.pcm.g711",
        "3 takes the function golden.pcm.parameters.rate",
        "4 takes the algorithm golden.bits.scrambler.Scrambler",
        "5 takes np, which golden.bits.scrambler does not define",
        "9 takes the function golden.ports.report.error_power",
        "10 calls golden's method octets",
    ]


def test_pytest_enters_every_folder(pytestconfig):
    """Its defaults pass over folders that are called build, as a package of boards is."""
    folders = {part for path in files(ROOT, "tests") for part in path.relative_to(ROOT).parts[:-1]}
    passed_over = pytestconfig.getini("norecursedirs")
    assert {"build", "golden"} <= folders
    assert [one for one in folders if any(fnmatch(one, way) for way in passed_over)] == []


def _test_of(where):
    """The test's path below its tree: ``pcm/test_mapper.py`` of ``pcm/mapper``."""
    folder, _, stem = where.rpartition("/")
    return f"{folder}/test_{stem}.py".strip("/")


def test_spec_map_names_what_exists():
    """Every test, module and class that the map names is there."""
    for line in (ROOT / "docs" / "spec-map.md").read_text().splitlines():
        cells = [cell.strip() for cell in line.split("|")][1:-1]
        if len(cells) != 5 or cells[0] in ("clause", "---"):
            continue
        for package, cell in (("golden", cells[2]), ("hdl", cells[3])):
            for name in re.findall(r"`([^`]+)`", cell):
                resolve_name(f"{package}.{name}")
        for name in re.findall(r"`([^`]+)`", cells[4]):
            assert (ROOT / "tests" / f"{name}.py").exists(), name
