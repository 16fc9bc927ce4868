"""The parts of Amaranth that the project uses and that have no public name.

No other file takes a name with a leading underscore from Amaranth. Such names may change in any
release: ``tests/hdl/core/test_amaranth_private.py`` fails where another Amaranth is installed than
``AMARANTH_VERSION``. Whoever moves to another one reads this file against it, runs the tests of
``hdl/core/channels.py``, ``sim/engines`` and ``tests/formal``, and changes ``AMARANTH_VERSION``.
"""

from typing import Any, NamedTuple

from amaranth._toolchain.yosys import find_yosys
from amaranth.back import verilog
from amaranth.hdl import Signal
from amaranth.hdl._ast import AnySeq, Part, SignalDict, Switch, SwitchValue
from amaranth.hdl._ir import PortDirection
from amaranth.hdl._mem import MemoryData, MemoryInstance
from amaranth.hdl._xfrm import (
    FragmentTransformer,
    LHSMaskCollector,
    StatementTransformer,
    ValueTransformer,
)

__all__ = [
    "AMARANTH_VERSION",
    "AnySeq",
    "FragmentTransformer",
    "LHSMaskCollector",
    "MemoryData",
    "MemoryInstance",
    "MemoryPort",
    "Part",
    "PortDirection",
    "SignalDict",
    "StatementTransformer",
    "Switch",
    "SwitchValue",
    "ValueTransformer",
    "find_yosys",
    "fsm_state",
    "gowin_commands",
    "memory_attributes",
    "memory_data",
    "read_ports",
    "verilog_of",
    "write_ports",
]

#: The version of Amaranth whose private parts are these.
AMARANTH_VERSION = "0.5.10"


class MemoryPort(NamedTuple):
    """A port of a memory; ``transparent_for`` is None where it writes."""

    domain: str
    address: Any
    data: Any
    enable: Any
    transparent_for: tuple | None = None


def memory_data(memory: MemoryInstance) -> MemoryData:
    """Shape, depth and first contents of a memory."""
    return memory._data


def memory_attributes(memory: MemoryInstance) -> dict:
    """Attributes of a memory for synthesis, such as ``ram_style``."""
    return memory._attrs


def write_ports(memory: MemoryInstance) -> list[MemoryPort]:
    """The ports that write a memory."""
    return [
        MemoryPort(port._domain, port._addr, port._data, port._en) for port in memory._write_ports
    ]


def read_ports(memory: MemoryInstance) -> list[MemoryPort]:
    """The ports that read a memory."""
    return [
        MemoryPort(port._domain, port._addr, port._data, port._en, port._transparent_for)
        for port in memory._read_ports
    ]


def fsm_state(machine) -> Signal:
    """The register that holds the state of a machine, as ``fragment.generated`` has it."""
    return machine._data["signal"]


def verilog_of(rtlil: str) -> str:
    """Verilog of RTLIL that Amaranth wrote: the second half of ``verilog.convert``."""
    return verilog._convert_rtlil_text(rtlil, strip_internal_attrs=True)


def gowin_commands() -> list[str]:
    """Commands with which Amaranth's platform for Gowin builds with open tools."""
    from amaranth.vendor import GowinPlatform

    return GowinPlatform._apicula_command_templates
