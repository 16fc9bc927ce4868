"""Commands into the bank and into golden, at the same data frames, and the same octets out.

A bank whose octets are not taken fills up and stands still: then it is known how many data frames
of each channel have been decided on, and what is given counts from the next one, as in golden.
"""

from collections import Counter

import numpy as np
import pytest

from golden.digital import MP_FIELDS
from golden.generator import ENCODED, QUEUE, STARTS, Command, Signal
from golden.generator import Generator as Golden
from golden.parameters import INTERVALS
from golden.sequences import JD, MP
from hdl.generator import Generator, command_words
from sim.gateware import Gateware
from sim.parameter_sets import EXTREMES, random_parameters
from tests.hdl.support import columns, data_frames

IDLE = 0xD5
PATIENCE = 10_000_000

#: Words that a channel's ring has, bits that its queue has.
RING_WORDS, QUEUE_BITS = 511, 256

#: Data frames between the sequencer and the multiplexer of a bank that stands still, one a block,
#: and those of each channel that the multiplexer has made ready.
IN_BLOCKS, READY = 6, 2


def host_commands(commands):
    """Words as the bank takes them, of ``[(channel, command, law), ...]`` in order."""
    return columns([
        {"channel": channel, "data": word, "last": n == len(words) - 1}
        for channel, command, law in commands
        for words in [command_words(command, law)]
        for n, word in enumerate(words)
    ])  # fmt: skip


class Bank:
    """A bank and golden generators side by side, one a channel of the law given."""

    def __init__(self, gateware, laws, limit=3000):
        self.gateware, self.laws, self.channels = gateware, laws, len(laws)
        self.golden = [Golden(law) for law in laws]
        self.octets = [[] for _ in laws]
        self.first = [None] * self.channels
        self.parts, self.taken, self.limit = [], 0, limit
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
        return self.run({"i_command": host_commands(
            [(channel, command, self.laws[channel]) for channel, command in commands]
        )})  # fmt: skip

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


@pytest.fixture(scope="module")
def gateware():
    """The bank of three channels, compiled."""
    return Gateware(Generator(3))


# --- What can be commanded ------------------------------------------------------------------------


def descriptor(rng):
    n, lsp, ltp = rng.integers(1, [256 if rng.random() < 0.1 else 9, 129, 129])
    return {
        "segments": n, "sign_length": lsp - 1, "training_length": ltp - 1,
        "training_ucodes": rng.integers(0, 128, n).tolist(),
        "sign_pattern": rng.integers(0, 2, lsp).tolist(),
        "training_pattern": rng.integers(0, 2, ltp).tolist(),
        "H": rng.integers(0, rng.choice([3, 20]), 8).tolist(),
        "REF": rng.integers(0, 128, 8).tolist(),
    }  # fmt: skip


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
    """Random commands of a channel, each of which may follow the one before."""

    def __init__(self, rng, law, golden):
        self.rng, self.law, self.golden = rng, law, golden

    def last(self):
        """Signal and mapping parameters of what was given last, with what was dropped left out."""
        golden = self.golden
        parameters = golden._encoder.parameters if golden._encoder else None
        signal = golden.log[-1].command.signal
        for command in golden._waiting:
            signal = command.signal
            if signal in STARTS:
                parameters = command.value
        return signal, parameters

    def next(self, now=False, repeats=0.3, signal=None):
        rng = self.rng
        last, parameters = self.last()
        if now:
            last = Signal.SILENCE
            parameters = self.golden._encoder.parameters if self.golden._encoder else None
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
            value = descriptor(rng)
        elif signal in STARTS:
            value = parameters_of(rng, self.law)
        elif signal in (Signal.MP, Signal.MP_ACK):
            value, length = mp_bits(rng, parameters, signal == Signal.MP_ACK), 1
        return Command(signal, length, bool(rng.random() < repeats), value, now)

    def words(self):
        """Words of the ring that are taken: of the command being sent and those that wait."""
        own = [self.golden.log[-1].command, *self.golden._waiting]
        return sum(len(command_words(command, self.law)) for command in own)


# --- Against golden -------------------------------------------------------------------------------


def script(rng, bank, steps, now=0.1):
    """Random commands and data for all channels while data frames are taken; counts of signals."""
    commands = [Commands(rng, law, golden)
                for law, golden in zip(bank.laws, bank.golden, strict=True)]  # fmt: skip
    given = Counter()
    for _ in range(steps):
        for channel in rng.permutation(bank.channels):
            own, golden = commands[channel], bank.golden[channel]
            for _ in range(rng.integers(4)):
                command = own.next(bool(rng.random() < now))
                room = own.words() + len(command_words(command, own.law)) < RING_WORDS
                if command.now or (room and golden.waiting < QUEUE):
                    bank.give((channel, command))
                    given[command.signal, command.now] += 1
            room = QUEUE_BITS - 8 - golden.queued
            if rng.random() < 0.3 and room >= 8:
                count = 8 * rng.integers(1, room // 8 + 1)
                bank.fill({channel: rng.integers(0, 2, count, np.uint8)})
        bank.take(int(rng.integers(1, 14)))
    return given


@pytest.mark.parametrize("laws", [("A", "mu", "A")])
def test_equal_to_golden(gateware, laws, rng):
    """Any commands in any order, of channels side by side."""
    given, begun = Counter(), 0
    for _ in range(6):
        bank = Bank(gateware, laws)
        given += script(rng, bank, 60)
        bank.take(40)
        begun += sum(bank.check())
    assert {signal for signal, _ in given} == set(Signal)
    assert begun > 1000, given
