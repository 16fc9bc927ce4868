"""The blocks that `v90 verilog` writes, and how one is made."""

import gc
import importlib
import inspect
import warnings

from golden.bits.scrambler import GPA
from golden.errors import V90Error
from hdl.ports.tdm import SPEECH_SLOTS

#: Name -> module in hdl, class, arguments beside those of :func:`block`.
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


def module_of(name):
    """A block's module in Verilog: ``v90_modulus_encoder`` of ``modulus-encoder``."""
    return f"v90_{name.replace('-', '_')}"


def kind_of(name):
    """A block's class; :class:`~golden.errors.V90Error` where no block has the name."""
    if name not in BLOCKS:
        raise V90Error(f"no block is called {name}: there are {', '.join(sorted(BLOCKS))}")
    stem, title, _ = BLOCKS[name]
    return getattr(importlib.import_module(f"hdl.{stem}"), title)


def block(name, channels=None, slots=None):
    """The component of a block of ``BLOCKS``; None leaves a default.

    ``slots`` of a highway without ``channels`` gives it as many channels as have room.

    Raises :class:`~golden.errors.V90Error` for an unknown block, and for channels or slots that a
    block does not take.
    """
    from amaranth.hdl import UnusedElaboratable

    kind = kind_of(name)
    arguments = dict(BLOCKS[name][2])
    taken = inspect.signature(kind.__init__).parameters
    if slots is not None:
        if "slots" not in taken:
            raise V90Error(f"the block {name} has no highway, and takes no --slots")
        if slots not in SPEECH_SLOTS:
            known = " or ".join(map(str, SPEECH_SLOTS))
            raise V90Error(f"--slots is {known}, not {slots}")
        arguments |= {"slots": slots, "channels": len(SPEECH_SLOTS[slots])}
    if channels is not None:
        if "channels" not in taken:
            raise V90Error(f"the block {name} has one channel, and takes no --channels")
        if not 1 <= channels <= MOST_CHANNELS:
            raise V90Error(f"--channels is 1 to {MOST_CHANNELS}, not {channels}")
        arguments["channels"] = channels
    with warnings.catch_warnings():
        # Parts of a block that could not be made are left over. Amaranth takes them for an
        # oversight and would say so below our sentence.
        warnings.simplefilter("ignore", UnusedElaboratable)
        try:
            return kind(**arguments)
        except (ValueError, V90Error) as error:
            sentence = str(error)
        gc.collect()
    raise V90Error(sentence)
