"""The clock of a top: the board's own, or a PLL's, and the reset until it runs."""

from amaranth.hdl import ClockDomain, ClockSignal, Const, Instance, Signal
from amaranth.lib import io
from amaranth.lib.cdc import ResetSynchronizer
from amaranth.vendor import LatticeECP5Platform, LatticeICE40Platform

from golden.errors import V90Error

#: Settings that make one frequency in MHz of another. Those of an ECP5 are a PLL each, the next one
#: taking what the one before makes: at CLKOS where that has a divider, and at CLKOP, which is fed
#: back. Its oscillator has 400 to 800 MHz, its phase detector 3.125 MHz or more.
ICE40 = {
    (12, 24): dict(DIVR=0, DIVF=63, DIVQ=5, FILTER_RANGE=1),  # 768 MHz
    (30.72, 24): dict(DIVR=0, DIVF=24, DIVQ=5, FILTER_RANGE=3),  # 768 MHz
    (12, 20.625): dict(DIVR=0, DIVF=54, DIVQ=5, FILTER_RANGE=1),  # 660 MHz
    (30.72, 21.12): dict(DIVR=1, DIVF=43, DIVQ=5, FILTER_RANGE=1),  # 675.84 MHz
}
ECP5 = {
    (25, 50): [dict(CLKI_DIV=1, CLKFB_DIV=2, CLKOP_DIV=12)],  # 600 MHz
    (48, 52): [dict(CLKI_DIV=12, CLKFB_DIV=13, CLKOP_DIV=12)],  # 624 MHz
    (48, 24): [dict(CLKI_DIV=2, CLKFB_DIV=1, CLKOP_DIV=25)],  # 600 MHz
    # Exactly twice a codec's 12.288 MHz. Of 25 MHz no single PLL comes nearer than 156 ppm.
    (48, 24.576): [dict(CLKI_DIV=5, CLKFB_DIV=4, CLKOP_DIV=16, CLKOS_DIV=25)],  # 614.4 MHz
    (25, 24.576): [
        dict(CLKI_DIV=1, CLKFB_DIV=2, CLKOP_DIV=12, CLKOS_DIV=25),  # 600 MHz
        dict(CLKI_DIV=5, CLKFB_DIV=8, CLKOP_DIV=16, CLKOS_DIV=25),  # 614.4 MHz
    ],
}

#: Block RAM of an iCE40 reads as zero for 3 us from configuration on; a wide margin.
_REST = 15e-6


def _ice40_pll(m, platform, port, settings):
    clock, lock = Signal(name="pll_clock"), Signal()
    fixed = dict(
        p_FEEDBACK_PATH="SIMPLE",
        p_PLLOUT_SELECT="GENCLK",
        i_RESETB=Const(1),
        i_BYPASS=Const(0),
        o_PLLOUTGLOBAL=clock,
        o_LOCK=lock,
    )
    fixed |= {f"p_{name}": value for name, value in settings.items()}
    if platform.pll == "pad":
        m.submodules.pll = Instance("SB_PLL40_PAD", i_PACKAGEPIN=port.io, **fixed)
    else:
        m.submodules.buffer = buffer = io.Buffer("i", port)
        m.submodules.pll = Instance("SB_PLL40_CORE", i_REFERENCECLK=buffer.i, **fixed)
    return clock, lock


def _ecp5_pll(m, port, stages):
    """Clock and lock of PLLs, each held in reset until the one before has locked."""
    m.submodules.buffer = buffer = io.Buffer("i", port)
    clock, lock = buffer.i, Const(1)
    for number, settings in enumerate(stages):
        fed, made, locked = Signal(), Signal(name=f"pll{number}_clock"), Signal()
        second = {}
        if "CLKOS_DIV" in settings:
            second = dict(
                p_CLKOS_ENABLE="ENABLED",
                p_CLKOS_CPHASE=settings["CLKOS_DIV"] // 2 - 1,
                p_CLKOS_FPHASE=0,
                i_ENCLKOS=Const(1),
                o_CLKOS=made,
            )
        else:
            fed = made
        m.submodules[f"pll{number}"] = Instance(
            "EHXPLLL",
            a_ICP_CURRENT="12",
            a_LPF_RESISTOR="8",
            a_MFG_ENABLE_FILTEROPAMP="1",
            a_MFG_GMCREF_SEL="2",
            p_FEEDBK_PATH="CLKOP",
            p_CLKOP_ENABLE="ENABLED",
            p_CLKOP_CPHASE=settings["CLKOP_DIV"] // 2 - 1,
            p_CLKOP_FPHASE=0,
            i_CLKI=clock,
            i_CLKFB=fed,
            i_RST=~lock,
            i_STDBY=Const(0),
            i_ENCLKOP=Const(1),
            o_CLKOP=fed,
            o_LOCK=locked,
            **{f"p_{name}": value for name, value in settings.items()},
            **second,
        )
        clock, lock = made, lock & locked
    return clock, lock


def add_clock(m, platform, frequency):
    """Make domain ``sync`` of ``frequency`` Hz; the board's own clock needs nothing."""
    own = platform.default_clk_frequency
    ice40 = isinstance(platform, LatticeICE40Platform)
    if frequency == own:
        return
    table = ICE40 if ice40 else ECP5 if isinstance(platform, LatticeECP5Platform) else {}
    settings = table.get((own / 1e6, frequency / 1e6))
    if settings is None:
        raise V90Error(f"no PLL settings make {frequency / 1e6:g} MHz of {own / 1e6:g} MHz")
    port = platform.request(platform.default_clk, dir="-")
    if ice40:
        clock, lock = _ice40_pll(m, platform, port, settings)
    else:
        clock, lock = _ecp5_pll(m, port, settings)
    # The domain waits until the PLL has locked and memories can be read.
    m.domains.wait = ClockDomain("wait", reset_less=True)
    m.domains.sync = ClockDomain("sync")
    left, locked = Signal(range(int(_REST * frequency) + 1), init=int(_REST * frequency)), Signal()
    m.d.comb += [ClockSignal("wait").eq(clock), ClockSignal("sync").eq(clock)]
    with m.If(lock & (left != 0)):
        m.d.wait += left.eq(left - 1)
    m.d.wait += locked.eq(left == 0)
    m.submodules.reset = ResetSynchronizer(~locked, domain="sync")
    platform.add_clock_constraint(clock, frequency)
