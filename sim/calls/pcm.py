"""The PCM path of clause 5/V.90 by two engines: golden, and the compiled gateware.

Both take and give the same arrays. Golden's result for n data frames does not depend on where the
line ends: scrambled ones that would follow decide the last signs, as in gateware whose queue is
empty.
"""

import numpy as np

from golden.errors import CallFailed
from golden.pcm import g711
from golden.pcm.decoder import Decoder
from golden.pcm.encoder import Encoder
from golden.pcm.mapper import Demapper
from golden.pcm.parameters import DELAY_FRAMES, INTERVALS

#: Data frames between two calls of a progress callback: a fraction of a second for any engine.
CHUNK = 1024

# Cycles a transfer after which gateware is taken to hang.
_PATIENCE = 100_000


def _silent(done, total):
    """A progress callback that shows nothing."""


def _frames(parameters, bits):
    frames, rest = divmod(bits.shape[-1], parameters.data_bits)
    if rest:
        raise ValueError(f"{bits.shape[-1]} bits are no whole number of data frames")
    return frames


def encode(parameters, bits, progress=_silent):
    """Golden encoder from its initial state.

    Parameters: ``bits`` (uint8, ``(..., n D)``) and ``progress(done, total)``, in data frames.
    Returns octets (uint8, ``(..., 6 n)``).
    """
    frames = _frames(parameters, bits)
    d = parameters.data_bits
    encoder = Encoder(parameters)
    parts = []
    for at in range(0, frames, CHUNK):
        progress(at, frames)
        parts.append(encoder.process(bits[..., at * d : (at + CHUNK) * d]))
    if not frames:
        encoder.fill(bits)
    parts.append(encoder.frames(DELAY_FRAMES))
    progress(frames, frames)
    return np.concatenate(parts, axis=-1)[..., : frames * INTERVALS]


def decode(parameters, octets, progress=_silent):
    """Golden decoder from its initial state; octets after the last whole data frame are left out.

    Parameters: ``octets`` (uint8, ``(..., n)``) and ``progress(done, total)``, in data frames.
    Returns bits (uint8, ``(..., frames * D)``).
    """
    frames = octets.shape[-1] // INTERVALS
    decoder = Decoder(parameters)
    parts = [np.zeros((*octets.shape[:-1], 0), np.uint8)]
    for at in range(0, frames, CHUNK):
        progress(at, frames)
        end = min(at + CHUNK, frames)
        parts.append(decoder.process(octets[..., at * INTERVALS : end * INTERVALS]))
    progress(frames, frames)
    return np.concatenate(parts, axis=-1)


def labels_of(parameters, octets):
    """Labels, sign bits and legality of the whole data frames in ``octets`` (``(..., n)``).

    Each has the shape ``(..., frames, 6)``; an octet is legal when its Ucode is in the
    constellation of its interval.
    """
    n = octets.shape[-1] // INTERVALS * INTERVALS
    octets = octets[..., :n].reshape(*octets.shape[:-1], -1, INTERVALS)
    labels, known = Demapper(parameters.intervals).process(g711.ucode(octets, parameters.law))
    return labels, g711.sign(octets), known


def compiled(component, **options):
    """The component as :class:`sim.engines.gateware.Gateware`, of which a hang is a failed call.

    ``options``: as those of :class:`sim.engines.gateware.Gateware`.
    """
    from sim.engines.gateware import ContractError, Gateware, OutOfCycles

    class Engine(Gateware):
        def run(self, *arguments, **options):
            try:
                return super().run(*arguments, **options)
            except (OutOfCycles, ContractError) as error:
                raise CallFailed(f"the gateware failed: {error}") from error

    return Engine(component, **options)


class EncoderBank:
    """The compiled gateware encoder for a number of channels.

    ``cycles`` counts clock cycles of the last :meth:`encode` from the first configuration word on,
    ``frame_cycles`` is the interval of two data frames of a channel in its steady state.
    ``options``: as those of :class:`sim.engines.gateware.Gateware`.
    """

    # Data frames that the pipeline may hold when a channel's first data arrives.
    _HELD = 2 * DELAY_FRAMES + 2

    def __init__(self, channels=1, **options):
        from hdl.pcm.csr import configuration_words
        from hdl.pcm.encoder import Encoder

        self.channels = channels
        self._words = configuration_words
        self._gateware = compiled(Encoder(channels=channels), **options)
        self.cycles = self.frame_cycles = 0

    def encode(self, parameter_sets, bits, progress=_silent):
        """Encode from power-on.

        Parameters: for each channel its parameters and its bits (uint8, ``(n D,)``, the n may
        differ). Returns for each channel its octets (uint8) from where its parameters took effect:
        whole data frames, n and more. Channels get their parameters one after the other, so in a
        bank of many some data frames of ones come first; one channel starts with its data.
        """
        frames = [_frames(p, b) for p, b in zip(parameter_sets, bits, strict=True)]
        if len(frames) != self.channels:
            raise ValueError(f"{len(frames)} parameter sets for {self.channels} channels")
        self._gateware.power_on()
        self.cycles = self.frame_cycles = 0
        self._octets = [[] for _ in frames]
        self._begun, self._got = [False] * self.channels, [0] * self.channels
        data = self._data(parameter_sets, bits)
        configuration = np.array(
            [
                (channel, *word)
                for channel, p in enumerate(parameter_sets)
                for word in self._words(p)
            ],
            [("channel", np.int64), ("address", np.int64), ("data", np.int64)],
        )
        if self.channels == 1:
            # What the queue holds of the first data frame must wait for the parameters.
            first = -(-parameter_sets[0].data_bits // 8)
            self._run(data[:first], "i_data")
            data = data[first:]
        self._run(configuration, "i_configuration")
        self._wanted = [
            n + got // INTERVALS + self._HELD for n, got in zip(frames, self._got, strict=True)
        ]
        size = CHUNK * self.channels
        for at in range(0, len(data), size):
            progress(*self._done())
            self._run(data[at : at + size], "i_data")
        while missing := self._missing():
            progress(*self._done())
            self._run(wanted=min(missing, CHUNK) * self.channels * INTERVALS)
        progress(*self._done())
        # A run ends when its data are taken, at any place in a data frame.
        return [
            np.concatenate(parts)[: got // INTERVALS * INTERVALS]
            for parts, got in zip(self._octets, self._got, strict=True)
        ]

    def _data(self, parameter_sets, bits):
        """The data stream, in the order in which data frames need it.

        So a channel whose queue is full keeps no other waiting.
        """
        parts = [np.packbits(b, bitorder="little") for b in bits]
        needed = np.concatenate(
            [
                8 * np.arange(len(part)) // p.data_bits
                for p, part in zip(parameter_sets, parts, strict=True)
            ]
        )
        data = np.zeros(len(needed), [("channel", np.int64), ("octet", np.int64)])
        data["channel"] = np.repeat(np.arange(self.channels), [len(part) for part in parts])
        data["octet"] = np.concatenate(parts)
        return data[np.argsort(needed, kind="stable")]

    def _run(self, items=(), port=None, wanted=0):
        """Run until the items are taken, or so many octets have come; sort what comes."""
        if not len(items) and not wanted:
            return
        result = self._gateware.run(
            {port: items} if port else {},
            {"o": wanted} if wanted else {},
            reset=False,
            cycles=_PATIENCE * (self.channels + wanted + len(items)),
        )
        self.cycles += result.cycles
        given = result.outputs["o"]
        for channel in range(self.channels):
            mine = given[given["channel"] == channel]
            if not self._begun[channel]:
                starts = np.flatnonzero(mine["start"])
                mine = mine[starts[0] :] if len(starts) else mine[:0]
                self._begun[channel] = bool(len(starts))
            self._octets[channel].append(mine["octet"].astype(np.uint8))
            self._got[channel] += len(mine)
        starts = result.given["o"][(given["channel"] == 0) & (given["interval"] == 0)]
        if len(starts) > 2:
            self.frame_cycles = round((starts[-1] - starts[1]) / (len(starts) - 2))

    def _missing(self):
        """Data frames still to come on the channel that lacks most."""
        return max(
            0, *(n - got // INTERVALS for n, got in zip(self._wanted, self._got, strict=True))
        )

    def _done(self):
        total = max(self._wanted)
        return total - min(total, self._missing()), total


class DecoderBank:
    """The compiled gateware decoder; :meth:`decode` can be called again and again.

    ``cycles`` counts clock cycles of the last :meth:`decode` from its first label on.
    """

    def __init__(self):
        from hdl.pcm.csr import configuration_words
        from hdl.pcm.decoder import Decoder

        self._words = configuration_words
        self._gateware = compiled(Decoder())
        self._gateware.power_on()
        self.cycles = 0

    def decode(self, parameters, octets, progress=_silent):
        """Decode from the initial state, as :func:`decode`; ``octets`` is one-dimensional."""
        labels, signs, _ = labels_of(parameters, octets)
        total = len(labels)
        if not total:
            # Parameters would wait for a data frame, and those of the next call after them.
            return np.zeros(0, np.uint8)
        items = np.zeros(
            (total, INTERVALS), [("label", np.int64), ("sign", np.int64), ("first", np.int64)]
        )
        items["label"], items["sign"] = labels, signs
        items["first"][:, 0] = 1
        words = np.array(self._words(parameters), [("address", np.int64), ("data", np.int64)])
        self._gateware.run({"i_configuration": words}, reset=False)
        self.cycles = 0
        parts = []
        for at in range(0, total, CHUNK):
            progress(at, total)
            chunk = items[at : at + CHUNK]
            wanted = len(chunk) * parameters.data_bits
            result = self._gateware.run(
                {"i": chunk.reshape(-1)},
                {"o": wanted},
                reset=False,
                cycles=_PATIENCE * wanted,
            )
            self.cycles += result.cycles
            parts.append(result.outputs["o"]["bit"].astype(np.uint8))
        progress(total, total)
        return np.concatenate(parts)


def encode_gateware(parameters, bits, progress=_silent):
    """:func:`encode` by the compiled gateware; ``bits`` is one-dimensional."""
    octets = EncoderBank().encode([parameters], [bits], progress)[0]
    return octets[: _frames(parameters, bits) * INTERVALS]


def decode_gateware(parameters, octets, progress=_silent):
    """:func:`decode` by the compiled gateware; ``octets`` is one-dimensional."""
    return DecoderBank().decode(parameters, octets, progress)


def demand_equal(golden, gateware, what, per_frame):
    """Raise :class:`~golden.errors.CallFailed` that names the first difference of two arrays.

    ``what`` is the name of an item; ``per_frame`` is their number in a data frame.
    """
    if len(golden) != len(gateware):
        raise CallFailed(
            f"golden and gateware differ: {len(golden)} {what}s against {len(gateware)}"
        )
    wrong = np.flatnonzero(golden != gateware)
    if len(wrong):
        first = int(wrong[0])
        frame, place = divmod(first, per_frame)
        raise CallFailed(
            f"golden and gateware differ in {len(wrong)} of {len(golden)} {what}s, first in {what} "
            f"{first} (number {place} of data frame {frame}): {golden[first]} against "
            f"{gateware[first]}"
        )


_banks = {}


def _bank(kind, *arguments):
    """A bank that is kept for the process, because making one takes longer than running it."""
    if (kind, *arguments) not in _banks:
        _banks[kind, *arguments] = kind(*arguments)
    return _banks[kind, *arguments]


def compare_bank(parameter_sets, frames, seed=0):
    """Compare golden and gateware, encoder and decoder, on random bits.

    The sets are the channels of one gateware encoder; its octets then go through the gateware
    decoder one channel after the other. Data must come back as sent, too.

    Returns ``(index, sentence)`` for each set that differs; an empty list when all are equal.
    """
    rng = np.random.default_rng(seed)
    bits = [rng.integers(0, 2, frames * p.data_bits, np.uint8) for p in parameter_sets]
    encoded = _bank(EncoderBank, len(parameter_sets)).encode(parameter_sets, bits)
    differences = []
    for index, (p, sent, octets) in enumerate(zip(parameter_sets, bits, encoded, strict=True)):
        try:
            received = decode(p, octets)
            demand_equal(encode(p, in_ones(p, sent, received)), octets, "octet", INTERVALS)
            demand_equal(received, _bank(DecoderBank).decode(p, octets), "bit", p.data_bits)
        except CallFailed as error:
            differences.append((index, str(error)))
    return differences


def in_ones(parameters, sent, received):
    """``sent`` between the data frames of ones that ``received`` has before and after it."""
    d = parameters.data_bits
    for lead in range(0, len(received) - len(sent) + 1, d):
        if np.array_equal(received[lead : lead + len(sent)], sent):
            expected = np.ones_like(received)
            expected[lead : lead + len(sent)] = sent
            return expected
    raise CallFailed("the data sent are not among the data received")
