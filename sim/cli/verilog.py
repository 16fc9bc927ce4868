"""`v90 verilog`: a block as Verilog."""

import gc
import importlib
import inspect
import warnings

from golden.bits.scrambler import GPA
from golden.errors import V90Error
from sim.cli.options import output
from sim.files import check_output, write_file
from sim.terminal import progress

#: Blocks that `v90 verilog` writes: name -> module in hdl, class, arguments beside ``channels``.
BLOCKS = {
    "encoder": ("pcm.encoder", "Encoder", {}),
    "decoder": ("pcm.decoder", "Decoder", {}),
    "generator": ("signals.generator", "Generator", {}),
    "scrambler": ("bits.scrambler", "Scrambler", {}),
    "scrambler-gpa": ("bits.scrambler", "Scrambler", {"polynomial": GPA}),
    "descrambler": ("bits.scrambler", "Descrambler", {}),
    "descrambler-gpa": ("bits.scrambler", "Descrambler", {"polynomial": GPA}),
    "modulus-encoder": ("pcm.modulus", "ModulusEncoder", {}),
    "modulus-decoder": ("pcm.modulus", "ModulusDecoder", {}),
    "mapper": ("pcm.mapper", "Mapper", {}),
    "demapper": ("pcm.mapper", "Demapper", {}),
    "differential-encoder": ("pcm.signs", "DifferentialEncoder", {}),
    "differential-decoder": ("pcm.signs", "DifferentialDecoder", {}),
    "shaper": ("pcm.shaper", "Shaper", {}),
    "sd-detector": ("receiver.detection", "SdDetector", {}),
    "interpolator": ("receiver.timing", "Interpolator", {}),
    "correlator": ("receiver.leastsquares", "Correlator", {}),
    "solver": ("receiver.solver", "Solver", {}),
    "slicer": ("receiver.slicer", "Slicer", {}),
    "equalizer": ("receiver.equalizer", "Equalizer", {}),
    "receiver": ("receiver.receiver", "Receiver", {}),
    "receivers": ("receiver.receiver", "Receivers", {}),
    "analogue-receiver": ("modem.analogue_receiver", "AnalogueReceiver", {}),
    "framer": ("bits.hdlc", "Framer", {}),
    "deframer": ("bits.hdlc", "Deframer", {}),
    "i2s": ("ports.i2s", "I2s", {}),
    "decimator": ("ports.decimator", "Decimator", {"factor": 3}),
    "highway": ("ports.tdm", "Highway", {"channels": 30}),
    "bank": ("modem.bank", "Bank", {}),
    "signal-bank": ("modem.bank", "Bank", {"signals": True}),
}

#: Channels that a block can have; a block may have room for fewer.
MOST_CHANNELS = 256


def options(sub):
    """The options of `v90 verilog`."""
    output(sub, "FILE.v")
    sub.add_argument("block", metavar="BLOCK", help=", ".join(sorted(BLOCKS)))
    sub.add_argument("--channels", type=int, metavar="N", help=f"1 to {MOST_CHANNELS}")


def block(name, channels=None):
    """The component of a block of ``BLOCKS``; ``channels`` None leaves its default.

    Raises :class:`~golden.errors.V90Error` for an unknown one, and for channels that a block does
    not take.
    """
    from amaranth.hdl import UnusedElaboratable

    if name not in BLOCKS:
        raise V90Error(f"no block is called {name}: there are {', '.join(sorted(BLOCKS))}")
    stem, title, options = BLOCKS[name]
    kind = getattr(importlib.import_module(f"hdl.{stem}"), title)
    if channels is not None:
        if "channels" not in inspect.signature(kind.__init__).parameters:
            raise V90Error(f"the block {name} has one channel, and takes no --channels")
        if not 1 <= channels <= MOST_CHANNELS:
            raise V90Error(f"--channels is 1 to {MOST_CHANNELS}, not {channels}")
        options = {**options, "channels": channels}
    with warnings.catch_warnings():
        # Parts of a block that could not be made are left over, which Amaranth takes for an
        # oversight and would tell below our sentence.
        warnings.simplefilter("ignore", UnusedElaboratable)
        try:
            return kind(**options)
        except (ValueError, V90Error) as error:
            sentence = str(error)
        gc.collect()
    raise V90Error(sentence)


def payloads(component):
    """Verilog comment that says which bits of each stream's payload are which field."""
    from amaranth.lib import data

    from sim.engines.layout import ports

    def fields(shape, at=0, prefix=""):
        for title, field in shape:
            if isinstance(field.shape, data.StructLayout):
                yield from fields(field.shape, at + field.offset, f"{prefix}{title}.")
            else:
                low = at + field.offset
                yield f"[{low + field.width - 1}:{low}] {prefix}{title}"

    lines = ["A transfer happens in a cycle with valid and ready high. Payload bits:"]
    for name, port in ports(component)[0].items():
        if isinstance(port.shape, data.Layout):
            parts = list(fields(port.shape))
        else:
            parts = [f"[{port.width - 1}:0]"]
        lines.append(f"  {name}__payload: {', '.join(parts)}")
    return "".join(f"// {line}\n" for line in lines)


def run(arguments):
    """`v90 verilog`"""
    from amaranth.back import verilog

    check_output(arguments.output, arguments.force)
    component = block(arguments.block, arguments.channels)
    name = arguments.block.replace("-", "_")
    with progress("converting"):
        text = verilog.convert(component, name=f"v90_{name}", emit_src=False)
    write_file(arguments.output, (payloads(component) + text).encode(), arguments.force)
