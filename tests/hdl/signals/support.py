"""Stimuli that several tests of this package share."""

import numpy as np

from golden.modem.digital import MP_FIELDS
from golden.pcm.parameters import INTERVALS
from golden.signals.generator import ENCODED, STARTS, Command, Signal
from golden.signals.generator import Generator as Golden
from golden.signals.sequences import JD, MP
from golden.signals.training import DilSequencer, dil_lengths
from hdl.signals.commands import command_words
from hdl.signals.generator import Generator
from hdl.signals.training import (
    descriptor_words,
)
from sim.calls.parameter_sets import EXTREMES, random_parameters
from tests.hdl.support import columns, data_frames, host_commands

#: Octet of a channel before its first command.
IDLE = 0xD5

#: Cycles, more than anything here takes.
PATIENCE = 10_000_000

#: Words that a channel's ring has, bits that its queue has.
RING_WORDS, QUEUE_BITS = 511, 256

#: Data frames between the sequencer and the multiplexer of a bank that stands still, one a block,
#: and those of each channel that the multiplexer has made ready.
IN_BLOCKS, READY = 6, 2

ENGINES = ("cxxrtl", "verilator", "icarus")


def descriptor(rng, segments, signs, training, most=20):
    """A DIL descriptor, with DIL-segments of up to ``most`` data frames."""
    return {
        "training_ucodes": rng.integers(0, 128, segments).tolist(),
        "sign_pattern": rng.integers(0, 2, signs).tolist(),
        "training_pattern": rng.integers(0, 2, training).tolist(),
        "H": rng.integers(0, most, 8).tolist(),
        "REF": rng.integers(0, 128, 8).tolist(),
    }


def words_of(descriptor):
    return columns([{"address": a, "data": word} for a, word in descriptor_words(descriptor)])


def places(descriptor, count):
    """States (a dict of arrays) of DIL's first ``count`` symbols, from the lengths alone."""
    lengths = np.resize(dil_lengths(descriptor), count)
    number = np.repeat(np.arange(len(lengths)), lengths)[:count]
    at = np.arange(count) - (np.cumsum(lengths) - lengths)[number]
    return {
        "segment": number % len(descriptor["training_ucodes"]),
        "frame": at // INTERVALS,
        "interval": at % INTERVALS,
        "sign_place": at % len(descriptor["sign_pattern"]),
        "training_place": at % len(descriptor["training_pattern"]),
    }


def symbols(descriptor, count):
    """``(states, symbols)`` of DIL's first ``count``, dicts of arrays."""
    state = places(descriptor, count + 1)
    got = DilSequencer(descriptor).process(count)
    following = {name: values[1:] for name, values in state.items()}
    return {name: values[:-1] for name, values in state.items()}, {
        "ucode": got.ucodes,
        "sign": got.signs,
        "training": got.training.astype(int),
        "segment": got.segments,
        "last": got.last.astype(int),
        "state": following,
    }


def chosen(tree, which):
    return {n: chosen(v, which) if isinstance(v, dict) else v[which] for n, v in tree.items()}


def joined(trees):
    return {
        name: joined([tree[name] for tree in trees])
        if isinstance(value, dict)
        else np.concatenate([tree[name] for tree in trees])
        for name, value in trees[0].items()
    }


class Bank:
    """A bank and golden generators side by side, one a channel of the law given."""

    def __init__(self, gateware, laws):
        self.gateware, self.laws, self.channels = gateware, laws, len(laws)
        self.golden = [Golden(law) for law in laws]
        self.octets = [[] for _ in laws]
        self.first = [None] * self.channels
        self.parts, self.taken = [], 0
        # The multiplexer's buffers, and what is in the blocks, at the least speed that there is.
        self.limit = 2000 + (READY + 1) * Generator.cycles_per_frame * self.channels
        gateware.reset()
        self.take(0)

    def decided(self, channel):
        """Data frames of a channel that have been decided on, when all stands still."""
        whole = (self.taken + READY) * self.channels + IN_BLOCKS - channel
        return -(-whole // self.channels)

    def run(self, inputs, frames=0, cycles=PATIENCE, **options):
        count = frames * INTERVALS * self.channels
        result = self.gateware.run(
            inputs, {"o": count} if count else {"o": 0}, cycles, reset=False, **options
        )
        self.parts.append(result.outputs["o"])
        self.taken += frames
        return result

    def take(self, frames):
        """Take so many data frames of all channels, and go on until all stands still."""
        if frames:
            self.run({}, frames)
        self.run({}, cycles=self.limit)
        for channel, golden in enumerate(self.golden):
            more = self.decided(channel) - golden.given
            self.octets[channel].append(golden.process(more))

    def give(self, *commands):
        """Give ``(channel, command)`` of what there is room for."""
        for channel, command in commands:
            if self.first[channel] is None:
                self.first[channel] = self.golden[channel].made
            self.golden[channel].give(command)
        return self.run(
            {
                "i_command": host_commands(
                    [(channel, command, self.laws[channel]) for channel, command in commands]
                )
            }
        )

    def fill(self, bits):
        """Give data bits, ``{channel: bits}``, whole octets."""
        for channel, own in bits.items():
            self.golden[channel].fill(own)
            octets = np.packbits(own, bitorder="little")
            self.run({"i_data": {"channel": np.full(len(octets), channel), "octet": octets}})

    def check(self):
        """Hold all that came against golden, octets and beginnings; the numbers of these."""
        octets, starts = data_frames(np.concatenate(self.parts), self.channels)
        total = []
        for channel, golden in enumerate(self.golden):
            expected = np.concatenate(self.octets[channel]).reshape(-1, INTERVALS)
            count = octets.shape[1]
            first = count if self.first[channel] is None else self.first[channel]
            assert (octets[channel][:first] == IDLE).all()
            assert np.array_equal(octets[channel][first:], expected[first:count]), channel
            begun = [entry.first for entry in golden.log[1:] if first <= entry.first < count]
            assert np.flatnonzero(starts[channel]).tolist() == begun
            total.append(len(begun))
        return total


def any_descriptor(rng, most=None):
    """Fields of a DIL descriptor, with at most so many DIL-segments."""
    most = most or (255 if rng.random() < 0.1 else 8)
    n, lsp, ltp = rng.integers(1, [most + 1, 129, 129])
    return {
        "segments": n,
        "sign_length": lsp - 1,
        "training_length": ltp - 1,
        "training_ucodes": rng.integers(0, 128, n).tolist(),
        "sign_pattern": rng.integers(0, 2, lsp).tolist(),
        "training_pattern": rng.integers(0, 2, ltp).tolist(),
        "H": rng.integers(0, rng.choice([3, 20]), 8).tolist(),
        "REF": rng.integers(0, 128, 8).tolist(),
    }


def jd_bits(rng):
    return JD.build(rates=int(rng.integers(1 << 22)), training=0, renegotiation=1, look_ahead=3)


def mp_bits(rng, parameters, acknowledge):
    fields = {**MP_FIELDS, "type": int(rng.integers(2))}
    if fields["type"]:
        fields["precoding"] = rng.integers(0, 1 << 16, 6).tolist()
    return MP.build(parameters.data_bits, acknowledge=int(acknowledge), **fields)


def parameters_of(rng, law):
    own = [p for p in EXTREMES.values() if p.law == law]
    if rng.random() < 0.3:
        return own[rng.integers(len(own))]
    return random_parameters(rng, law=law)


class Commands:
    """Random commands of a channel, each of which may follow the one before.

    ``least``: data frames for which mapping parameters last.
    """

    def __init__(self, rng, law, golden, least):
        self.rng, self.law, self.golden, self.least = rng, law, golden, least

    def last(self):
        """Signal and mapping parameters of what was given last, with what was dropped left out."""
        current, *waiting = self.golden.commands
        signal, parameters = current.signal, self.golden.parameters
        for command in waiting:
            signal = command.signal
            if signal in STARTS:
                parameters = command.value
        return signal, parameters

    def next(self, now=False, repeats=0.3, signal=None):
        rng = self.rng
        last, parameters = self.last()
        if now:
            last = Signal.SILENCE
            parameters = self.golden.parameters
        options = [s for s in Signal if s < Signal.JD or s in (Signal.DIL, *STARTS)]
        # With silence between them Jd does not follow.
        if last in (Signal.TRN1D, Signal.JD, Signal.JD_END) and self.golden.waiting:
            options += [Signal.JD, Signal.JD_END] * 5
        if parameters is not None:
            options += [s for s in ENCODED if s not in STARTS] * 3
        signal = Signal(options[rng.integers(len(options))] if signal is None else signal)
        length, value = int(rng.integers(1, 6)), None
        if signal in (Signal.SD, Signal.SD_BAR, Signal.TRN1D):
            value = int(rng.integers(112))
        elif signal in (Signal.R, Signal.R_BAR):
            value = tuple(rng.integers(0, 128, INTERVALS).tolist())
        elif signal in (Signal.JD, Signal.JD_END):
            value = int(rng.integers(128)), jd_bits(rng) if signal == Signal.JD else None
            length = int(rng.integers(1, 3))
        elif signal == Signal.DIL:
            value = any_descriptor(rng)
        elif signal in STARTS:
            value, length = parameters_of(rng, self.law), length - 1 + self.least
        elif signal in (Signal.MP, Signal.MP_ACK):
            value, length = mp_bits(rng, parameters, signal == Signal.MP_ACK), 1
        return Command(signal, length, bool(rng.random() < repeats), value, now)

    def words(self):
        """Words of the ring that are taken: of the command being sent and those that wait."""
        return sum(len(command_words(command, self.law)) for command in self.golden.commands)
