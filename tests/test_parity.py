"""Golden, gateware, tests and documents stay together, and the layers stay layers (design)."""

import re
import shutil
from importlib import import_module

import pytest

from tests.mutants import MUTANTS
from tests.structure import (
    ROOT,
    TREES,
    component_faults,
    components,
    layer_faults,
    model_faults,
    row_faults,
)

#: Gateware without a model: what has no clause, and parts of a block whose model is the block.
WITHOUT_MODEL = {
    "stream": {"BitQueues", "Counters"},
    "mac": {"Multiplier"},
    "tdm": {"Highway", "Gatherer"},
    "uart": {"UartTransmitter", "UartReceiver"},
    "top": {"Bank", "LinkedBank", "AnalogueReceiver"},
    "linked": {"LinkedReceiver", "LinkedClient"},
    "g711": {"Codeword"},  # its model is two functions
    "shaper": {"LeafPipeline", "LeafWalk"},
    "encoder": {"Datapath"},
    "sequencer": {"Sequencer"},  # parts of an encoder
    "multiplexer": {"Multiplexer"},
    "generator": {"SignalSequencer"},
    "commands": {"CommandWriter"},
    "arithmetic": {"Arithmetic"},  # parts of a solver and of an equaliser
    "accumulator": {"Accumulator"},
    "equalizer_memory": {"Taps", "Samples"},
    "control": {"Control"},  # parts of a receiver
    "settings": {"Settings"},
    "receiver": {"Receivers"},  # a receiver for each line
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


def test_every_file_has_planted_errors():
    """Two at least, in golden and gateware, where there is anything to be wrong."""
    assert row_faults(ROOT, [row[0] for row in MUTANTS]) == []


@pytest.fixture
def copied(tmp_path):
    """A copy of the tree, for bad files."""
    for name in (*TREES, "tests", "docs"):
        ignored = shutil.ignore_patterns("__pycache__", "corpus", "build")
        shutil.copytree(ROOT / name, tmp_path / name, ignore=ignored)
    return tmp_path


BAD_MODEL = """import boards.catalogue
from sim import terminal
"""

BAD_BLOCK = """from amaranth.lib import wiring
class Unheard(wiring.Component):
    def elaborate(self, platform):
        from boards import catalogue
"""


@pytest.mark.parametrize("folder", ["", "nested", "nested/deeper"])
def test_bad_files_are_seen(copied, folder):
    """However deep they lie."""
    for tree, text in (("golden", BAD_MODEL), ("hdl", BAD_BLOCK)):
        (copied / tree / folder).mkdir(parents=True, exist_ok=True)
        (copied / tree / folder / "bad.py").write_text(text)
    where = f"{folder}/bad".strip("/")
    assert [fault for fault in layer_faults(copied) if "bad.py" in fault] == [
        f"golden/{where}.py:1 imports boards.catalogue",
        f"golden/{where}.py:2 imports sim.terminal",
        f"hdl/{where}.py:4 imports boards.catalogue",
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
                stem, _, rest = name.partition(".")
                value = import_module(f"{package}.{stem}")
                for part in filter(None, rest.split(".")):
                    value = getattr(value, part)
        for name in re.findall(r"`([^`]+)`", cells[4]):
            assert (ROOT / "tests" / f"{name}.py").exists(), name
