"""Speeds of the blocks of clause 5.4, one by one and together."""

import numpy as np

from golden.bits.scrambler import GPC, Descrambler, Scrambler
from golden.pcm import g711
from golden.pcm.decoder import Decoder
from golden.pcm.encoder import Encoder
from golden.pcm.mapper import Demapper, Mapper
from golden.pcm.modulus import ModulusDecoder, ModulusEncoder
from golden.pcm.parameters import INTERVALS, MappingParameters
from golden.pcm.shaper import Shaper
from golden.pcm.signs import DifferentialDecoder, DifferentialEncoder
from golden.signals.generator import Command, Generator, Signal
from sim.calls import pcm
from sim.engines.measuring import Block, Simulated, alone, example, of, random, simulated

#: Data frames on which golden is measured with one channel: 1.5 s of a line. Several channels have
#: a third of that each.
ENCODED_FRAMES = 2000

#: Data frames, in sum, on which gateware is measured.
CYCLED = 1200


def _share(channels):
    return max(1, ENCODED_FRAMES // (1 if channels == 1 else 3))


def _tokens(channels, tokens, **fields):
    """Tokens of channels by turns, the first of each initialises it."""
    number = np.arange(tokens)
    return {
        "channel": number % channels,
        "initialise": (number < channels).astype(int),
        "tag": np.zeros(tokens, int),
        **fields,
    }


def _words(parameters, channels):
    """Configuration words of every channel as blocks take them."""
    from hdl.pcm.csr import configuration_words

    words = np.array(configuration_words(parameters, commit=False))
    return {
        "channel": np.repeat(np.arange(channels), len(words)),
        "half": np.zeros(channels * len(words), int),
        "address": np.tile(words[:, 0], channels),
        "data": np.tile(words[:, 1], channels),
    }


def _configured(block, parameters, channels, **fields):
    tokens = _tokens(channels, CYCLED, half=np.zeros(CYCLED, int), **fields)
    if "initialise" not in dict(block.i_layout):
        del tokens["initialise"]
    words = {"i_configuration": _words(parameters, channels)}
    return simulated(block, {"i": tokens}, CYCLED * INTERVALS, list(words.items()))


def _numbers(parameters, *shape):
    return random().integers(0, 1 << parameters.k, shape)


# --- Blocks of clause 5.4 -------------------------------------------------------------------------


def _scrambling(kind, channels):
    frames, d = _share(channels), example("56000").data_bits
    bits = random().integers(0, 2, (channels, frames * d), np.uint8)
    return lambda: kind(GPC).process(bits), channels * frames * INTERVALS


def _scrambling_gateware(kind, channels):
    from hdl.bits import scrambler

    d = example("56000").data_bits
    data = random().integers(0, 1 << d, CYCLED)
    tokens = _tokens(channels, CYCLED, count=np.full(CYCLED, d), data=data)
    return simulated(getattr(scrambler, kind)(channels), {"i": tokens}, CYCLED * INTERVALS)


def _golden_frames(make, values):
    """Golden on an array ``(channels, frames, ...)``."""
    return lambda: make().process(values), values.shape[0] * values.shape[1] * INTERVALS


def _modulus(channels):
    p = example("56000")
    return _golden_frames(lambda: ModulusEncoder(p.moduli), _numbers(p, channels, _share(channels)))


def _labels(*shape):
    p = example("56000")
    return ModulusEncoder(p.moduli).process(_numbers(p, *shape))


def _modulus_back(channels):
    p = example("56000")
    return _golden_frames(lambda: ModulusDecoder(p.moduli), _labels(channels, _share(channels)))


def _modulus_gateware(channels):
    from hdl.pcm.modulus import ModulusEncoder as Gateware

    p = example("56000")
    return _configured(Gateware(channels), p, channels, number=_numbers(p, CYCLED))


def _modulus_back_gateware(channels):
    from hdl.pcm.modulus import ModulusDecoder as Gateware

    return _configured(Gateware(channels), example("56000"), channels, labels=_labels(CYCLED))


def _mapper(channels):
    p = example("56000")
    return _golden_frames(lambda: Mapper(p.intervals), _labels(channels, _share(channels)))


def _mapper_gateware(channels):
    from hdl.pcm.mapper import Mapper as Gateware

    return _configured(Gateware(channels), example("56000"), channels, labels=_labels(CYCLED))


def _demapper(channels):
    p = example("56000")
    ucodes = Mapper(p.intervals).process(_labels(channels, _share(channels)))
    return _golden_frames(lambda: Demapper(p.intervals), ucodes)


def _demapper_gateware(channels):
    from hdl.pcm.csr import configuration_words
    from hdl.pcm.mapper import Demapper as Gateware

    p = example("56000")
    ucodes = Mapper(p.intervals).process(_labels(CYCLED)).reshape(-1).astype(int)
    words = np.array(configuration_words(p))
    symbols = {"ucode": ucodes, "sign": ucodes & 1, "interval": np.arange(len(ucodes)) % INTERVALS}
    words = {"address": words[:, 0], "data": words[:, 1]}
    return simulated(Gateware(), {"i": symbols}, len(ucodes), [("i_configuration", words)])


def _signs(kind, channels):
    frames = _share(channels)
    carried = 5 if kind is DifferentialEncoder else INTERVALS
    bits = random().integers(0, 2, (channels, frames * carried), np.uint8)
    return lambda: kind(1).process(bits), channels * frames * INTERVALS


def _signs_gateware(kind, channels):
    from hdl.pcm import signs

    tokens = _tokens(
        channels, CYCLED, sr=np.ones(CYCLED, int), bits=random().integers(0, 1 << INTERVALS, CYCLED)
    )
    return simulated(getattr(signs, kind)(channels), {"i": tokens}, CYCLED * INTERVALS)


#: The shaper's filter here: a pole at DC and another, and zeroes, none of them whole.
_FILTER = (60, -20, 30, 12)


def shaping(sr, ld):
    """Golden's shaper on random signs and magnitudes: a function of the number of channels."""

    def golden(channels):
        frames = max(40, ENCODED_FRAMES // (10 if channels == 1 else 40))
        t = random().integers(0, 2, (channels, frames * INTERVALS), np.uint8)
        x = g711.linear(random().integers(0, 128, t.shape), "mu")
        return lambda: Shaper(sr, ld, *_FILTER).process(t, x), t.size

    return golden


def shaping_gateware(sr, ld):
    """The gateware's."""

    def gateware(channels):
        from hdl.pcm.shaper import Shaper as Gateware

        p = example("45333")
        # The modulus encoder has as many bits with each Sr, and signs have one less.
        p = MappingParameters(
            "CP",
            p.drn - sr + p.sr,
            sr,
            ld,
            p.law,
            *_FILTER,
            p.interval_constellation,
            p.constellations,
        )
        return _configured(
            Gateware(channels),
            p,
            channels,
            active=np.ones(CYCLED, int),
            signs=random().integers(0, 1 << INTERVALS, CYCLED),
            ucodes=random().integers(0, 128, (CYCLED, INTERVALS)),
        )

    return gateware


# --- Encoder, decoder, generator ------------------------------------------------------------------


def encoding(name, channels, frames=None):
    """Golden's encoder with the parameters of an example."""
    p = example(name)
    frames = frames or _share(channels) // (5 if p.sr else 1)
    bits = random().integers(0, 2, (channels, frames * p.data_bits), np.uint8)
    return lambda: pcm.encode(p, bits), channels * frames * INTERVALS


def _sending(bank, channels, **words):
    """A :class:`Simulated` of a bank whose commands are ``words``, and which has begun to send.

    It sends ones, which take as many cycles as other data.
    """
    gateware = pcm.compiled(bank)
    gateware.power_on()
    gateware.run(words, {}, reset=False)
    # The first data frames of a channel are silence, and those in which parameters come.
    gateware.run({}, {"o": 30 * channels * INTERVALS}, 10**8, reset=False)
    count = max(10, CYCLED // channels) * channels * INTERVALS
    return Simulated(lambda: gateware.run({}, {"o": count}, 10**8, reset=False).cycles, count)


def encoding_gateware(name, channels):
    """The gateware's."""
    from hdl.pcm.csr import configuration_words
    from hdl.pcm.encoder import Encoder as Gateware

    words = np.array(configuration_words(example(name)))
    words = {
        "channel": np.repeat(np.arange(channels), len(words)),
        "address": np.tile(words[:, 0], channels),
        "data": np.tile(words[:, 1], channels),
    }
    return _sending(Gateware(channels), channels, i_configuration=words)


def _decoding(name, channels):
    p = example(name)
    frames = _share(channels)
    octets = Encoder(p.with_law(p.law)).process(
        random().integers(0, 2, (channels, (frames + 3) * p.data_bits), np.uint8)
    )[..., : frames * INTERVALS]
    return lambda: Decoder(p).process(octets), octets.size


def _decoding_gateware(name):
    p = example(name)
    function, _ = encoding(name, 1, CYCLED)
    octets, bank = function()[0], pcm.DecoderBank()

    def run():
        bank.decode(p, octets)
        return bank.cycles

    return Simulated(run, octets.size)


#: Data frames of a signal that one command asks for.
_SENT = 1500


def _digital(channels):
    p, frames = example("45333"), max(48, _SENT // (1 if channels == 1 else 8))

    def run():
        # Modems side by side are separate objects, because they answer each other.
        for _ in range(channels):
            generator = Generator(p.law)
            generator.give(Command(Signal.TRN2D, 1, value=p))
            generator.give(Command(Signal.DATA, 1, repeat=True))
            generator.process(frames)

    return run, channels * frames * INTERVALS


def _digital_gateware(channels):
    from hdl.signals.commands import command_words
    from hdl.signals.generator import Generator as Gateware

    p = example("45333")
    commands = [Command(Signal.TRN2D, 1, value=p), Command(Signal.DATA, 1, repeat=True)]
    words = [word for command in commands for word in [command_words(command, p.law)]]
    ends = np.concatenate([np.arange(len(one)) == len(one) - 1 for one in words]).astype(int)
    words = np.concatenate([np.asarray(one) for one in words])
    given = {
        "channel": np.repeat(np.arange(channels), len(words)),
        "data": np.tile(words, channels),
        "last": np.tile(ends, channels),
    }
    return _sending(Gateware(channels), channels, i_command=given)


#: The blocks, in the order of the signal. Gateware with channels is measured with each of CHANNELS,
#: a receiver's with one.
PCM_BLOCKS = (
    Block("scrambler", of(_scrambling, Scrambler), of(_scrambling_gateware, "Scrambler")),
    Block("modulus encoder", _modulus, _modulus_gateware),
    Block("mapper", _mapper, _mapper_gateware),
    Block(
        "differential encoder, Sr 1",
        of(_signs, DifferentialEncoder),
        of(_signs_gateware, "DifferentialEncoder"),
    ),
    *(
        Block(f"shaper, Sr {sr}, ld {ld}", shaping(sr, ld), shaping_gateware(sr, ld))
        for sr in (1, 2, 3)
        for ld in range(4)
    ),
    Block("encoder, 56 000 bit/s, Sr 0", of(encoding, "56000"), of(encoding_gateware, "56000")),
    Block(
        "encoder, 45 333 bit/s, Sr 1, ld 3", of(encoding, "45333"), of(encoding_gateware, "45333")
    ),
    Block(
        "decoder, 56 000 bit/s", of(_decoding, "56000"), alone(_decoding_gateware, "56000"), (1,)
    ),
    Block(
        "decoder, 45 333 bit/s, Sr 1",
        of(_decoding, "45333"),
        alone(_decoding_gateware, "45333"),
        (1,),
    ),
    Block("demapper", _demapper, _demapper_gateware, (1,)),
    Block(
        "differential decoder, Sr 1",
        of(_signs, DifferentialDecoder),
        of(_signs_gateware, "DifferentialDecoder"),
    ),
    Block("modulus decoder", _modulus_back, _modulus_back_gateware),
    Block("descrambler", of(_scrambling, Descrambler), of(_scrambling_gateware, "Descrambler")),
    Block("digital modem: generator, data", _digital, _digital_gateware),
)
