"""Stimuli that several tests of this package share."""

from amaranth.hdl import ClockSignal, Const, Instance, Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from boards.gates import netlist as gates

MEMORY_INPUTS = {
    f"{name}_{port}": bits
    for port in "ab"
    for name, bits in (("en", 1), ("we", 1), ("rst", 1), ("addr", 14), ("in", 36))
}


class Cells(wiring.Component):
    """Instances with inputs in common; the outputs of each are one port.

    ``instances``: ``{name: (kind, parameters, inputs, outputs)}``; inputs name ports of this
    component or are constants, outputs are ``{port of the cell: bits}``. ``inputs``: bits of each.
    """

    def __init__(self, inputs, instances, scalar=False):
        self.instances, self.scalar = instances, scalar
        super().__init__(
            {name: In(bits) for name, bits in inputs.items()}
            | {name: Out(sum(outs.values())) for name, (_, _, _, outs) in instances.items()}
        )

    def elaborate(self, platform):
        m = Module()
        for name, (kind, parameters, inputs, outputs) in self.instances.items():
            ports, at = {}, 0
            # The iCE40's router names bits with a line between.
            between = "_" if kind.startswith("ICESTORM") else "" if self.scalar else None
            for port, value in inputs.items():
                signal = (
                    ClockSignal()
                    if value == "clk"
                    else (getattr(self, value) if isinstance(value, str) else Const(*value))
                )
                ports |= self._ports("i", port, signal, between)
            for port, bits in outputs.items():
                ports |= self._ports("o", port, getattr(self, name)[at : at + bits], between)
                at += bits
            m.submodules[f"{name}_cell"] = Instance(
                kind, **{f"p_{key}": value for key, value in parameters.items()}, **ports
            )
        return m

    @staticmethod
    def _ports(way, port, value, between):
        if len(value) > 1 and between is not None:
            return {f"{way}_{port}{between}{i}": value[i] for i in range(len(value))}
        return {f"{way}_{port}": value}


def run_cells(family, cells, waves, routed=False):
    netlist = gates.written(cells, family, "hierarchy -top top")
    netlist.routed = routed
    names = list(cells.instances)
    length = len(next(iter(waves.values())))
    gateware = netlist.gateware(cells, optimise=0)
    gateware.power_on()
    return gateware.run(waves=waves, cycles=length, probes=names, reset=False).probes


def initial(rng):
    return [int.from_bytes(rng.bytes(36), "little") for _ in range(64)]
