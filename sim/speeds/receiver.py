"""Speeds of the blocks of the analogue modem's receiver, and of those of sequences and HDLC."""

import numpy as np

from golden.bits.hdlc import Deframer, Framer
from golden.pcm import g711
from golden.pcm.parameters import INTERVALS
from golden.receiver import timing
from golden.receiver.equalizer import Equalizer
from golden.receiver.framing import SequenceFramer
from golden.receiver.slicer import Levels, Slicer
from golden.receiver.training import DilAverager, TrainingDecoder
from golden.signals import training
from golden.signals.sequences import MP
from sim.engines.measuring import Block, example, random, simulated

#: Data frames on which blocks of one line are measured: 1.5 s.
RECEIVED_FRAMES = 2000


def _equalizer(channels):
    """Golden's equaliser and slicer, taps moving, on 29 levels."""
    p, frames = example("45333"), 60 if channels > 1 else 300
    equalizer, lines = equalizer_of(channels)
    slicer = Slicer([levels_of(p)] * channels)
    halves = random().integers(-4000, 4000, (channels, timing.HALVES))
    zero, no = np.zeros(channels, np.int64), np.zeros(channels, bool)
    bits = np.full(channels, 22)

    def run():
        for _ in range(frames):
            equalizer.process(halves, slicer, lines, zero, no, no)
            equalizer.adapt(~no, bits, bits, lines, no, no)

    return run, channels * frames * INTERVALS


def equalizer_of(lines, *taps):
    """Golden's equaliser with small taps, and the numbers of its lines."""
    equalizer = Equalizer(lines, *taps)
    equalizer.forward_taps[:] = random().integers(-1 << 26, 1 << 26, equalizer.forward_taps.shape)
    return equalizer, np.arange(lines)


def levels_of(parameters):
    """Levels of mapping parameters that arrive as they were sent."""
    values = [
        tuple(g711.linear(np.array(one), parameters.law).tolist()) for one in parameters.intervals
    ]
    return Levels(tuple(values), parameters.intervals)


def _equalizer_gateware(_):
    from sim.speeds.alone import EqualizerAlone

    frames = 60
    levels = levels_of(example("45333"))
    rows = []
    for interval, (values, ucodes) in enumerate(zip(levels.values, levels.ucodes, strict=True)):
        pairs = zip(values, ucodes, strict=True)
        rows += [(0, interval, n, 0, *pair, 0) for n, pair in enumerate(pairs)]
        rows.append((0, interval, 0, 1, len(values) - 1, 0, 0))
    names = ("bank", "interval", "index", "kind", "value", "ucode", "above")
    words = dict(zip(names, np.array(rows).T, strict=True))
    model, _ = equalizer_of(1)
    taps = np.array([*model.forward_taps[0], *model.feedback_taps[0], 1 << 8 | int(model.drop[0])])
    halves = {
        "half": random().integers(-4000, 4000, frames * timing.HALVES),
        "index": np.arange(frames * timing.HALVES) % timing.HALVES,
    }
    before = [("i_write", words), ("i_taps", taps), "load"]
    return simulated(EqualizerAlone(), {"i": halves}, frames * INTERVALS, before)


def _timing(channels):
    frames = 400 if channels == 1 else 100
    samples = random().integers(-32768, 32768, (channels, timing.HALVES, timing.TAPS))
    at = random().integers(0, 1 << timing.INSTANT_FRACTION, (channels, timing.HALVES))
    shift = np.zeros((channels, 1), np.int64)

    def run():
        # A data frame at a time, as the clock needs it.
        interpolator = timing.Interpolator()
        for _ in range(frames):
            interpolator.process(samples, at, shift)

    return run, channels * frames * INTERVALS


def _timing_gateware(_):
    from sim.speeds.alone import InterpolatorAlone

    samples = random().integers(-32768, 32768, 6000)
    before = ["start", ("i", samples[:2000])]
    return simulated(InterpolatorAlone(), {"i": samples}, len(samples) // 2, before)


#: A DIL of 120 segments of ten data frames, reference and training symbols by turns.
TIMED_DIL = {
    "training_ucodes": list(range(120)),
    "sign_pattern": [0, 1, 1, 0, 1, 0, 0],
    "training_pattern": [0, 1],
    "H": [9] * 8,
    "REF": [79] * 8,
}


def _dil(_):
    fine = random().integers(-30000, 30000, (RECEIVED_FRAMES, INTERVALS))
    return lambda: DilAverager(TIMED_DIL).process(fine), fine.size


def _decisions(count, sign):
    number = np.arange(count)
    return {
        "fine": random().integers(-30000, 30000, count),
        "error": np.zeros(count, int),
        "ucode": np.full(count, 79),
        "sign": sign,
        "interval": number % INTERVALS,
        "good": np.ones(count, int),
        "number": number // INTERVALS,
    }


def _dil_gateware(_):
    from hdl.receiver.training import DilAverager as Gateware
    from hdl.signals.training import descriptor_words

    words = np.array(descriptor_words(TIMED_DIL))
    words = {"address": words[:, 0], "data": words[:, 1]}
    items = _decisions(RECEIVED_FRAMES * INTERVALS, np.zeros(RECEIVED_FRAMES * INTERVALS, int))
    return simulated(
        Gateware(), {"i": items}, RECEIVED_FRAMES * INTERVALS, [("i_descriptor", words)], {"dil": 1}
    )


def _training(_):
    signs = training.trn1d(79, RECEIVED_FRAMES * INTERVALS)[1].reshape(-1, INTERVALS)
    return lambda: TrainingDecoder().process(signs), signs.size


def _training_gateware(_):
    from hdl.receiver.training import TrainingDecoder as Gateware

    signs = training.trn1d(79, RECEIVED_FRAMES * INTERVALS)[1].astype(int)
    return simulated(Gateware(), {"i": _decisions(len(signs), signs)}, len(signs))


def _mp(frames):
    d = example("45333").data_bits
    one = MP.build(
        d, type=0, drn=14, trellis=0, nonlinear=0, shaping=0, acknowledge=0, upstream_rates=0x1FFF
    )
    return np.tile(one, frames * d // len(one) + 1)[: frames * d], d


def _framing(_):
    bits, d = _mp(RECEIVED_FRAMES)
    bits = bits.reshape(-1, d)
    return lambda: SequenceFramer(d).process(bits), len(bits) * INTERVALS


def _framing_gateware(_):
    from hdl.receiver.framing import SequenceFramer as Gateware
    from hdl.receiver.framing import framing

    bits, d = _mp(RECEIVED_FRAMES)
    waves = {"bit": bits, "strobe": np.ones(len(bits), int), "framing": framing(d)}
    return simulated(Gateware(), {}, RECEIVED_FRAMES * INTERVALS, waves=waves, cycles=len(bits))


#: Octets of HDLC frames.
_OCTETS = 60


def _frames():
    rng = random()
    return [rng.bytes(_OCTETS) for _ in range(150)]


def _symbols(bits):
    return len(bits) // example("56000").data_bits * INTERVALS


def _framer(_):
    frames = _frames()
    return lambda: Framer().process(frames), _symbols(Framer().process(frames))


def _framer_gateware(_):
    from hdl.bits.hdlc import Framer as Gateware

    frames = _frames()
    octets = np.frombuffer(b"".join(frames), np.uint8).astype(int)
    last = (np.arange(len(octets)) % _OCTETS == _OCTETS - 1).astype(int)
    return simulated(
        Gateware(), {"i": {"octet": octets, "last": last}}, _symbols(Framer().process(frames))
    )


def _deframer(_):
    bits = Framer().process(_frames())
    return lambda: Deframer().process(bits), _symbols(bits)


def _deframer_gateware(_):
    from hdl.bits.hdlc import Deframer as Gateware

    bits = Framer().process(_frames())
    return simulated(Gateware(), {"i": bits.astype(int)}, _symbols(bits))


#: The blocks, in the order of the signal.
RECEIVER_BLOCKS = (
    Block("timing: interpolator", _timing, _timing_gateware, (1,)),
    Block("equaliser and slicer, taps moving", _equalizer, _equalizer_gateware, (1,)),
    Block("DIL averaging", _dil, _dil_gateware, (1,), True),
    Block("TRN1d and Jd as bits", _training, _training_gateware, (1,), True),
    Block("sequences: framer, MP", _framing, _framing_gateware, (1,), True),
    Block("HDLC framer", _framer, _framer_gateware, (1,), True),
    Block("HDLC deframer", _deframer, _deframer_gateware, (1,), True),
)
