"""A board without one: the compiled gateware of a top on a pseudo-terminal.

What a host writes goes bit by bit into the top's ``rx``, and its ``tx`` comes back. What a bank
sends on the PCM highway is kept by channel; a receiver hears samples that are given, and a client
words of a codec.
"""

import os
import pty
import select
import threading
import tty

import numpy as np

from golden.errors import CallFailed, V90Error
from golden.ports.decimator import factor_of
from golden.receiver.equalizer import FEEDBACK, FORWARD
from golden.receiver.timing import SAMPLE_RATE
from hdl.modem.bank import LinkedBank
from hdl.modem.client import LinkedClient, LinkedReceiver
from hdl.ports.tdm import SPEECH_SLOTS
from sim.engines.gateware import Gateware
from sim.world.codec import CODEC_BITS, Codec

#: Cycles of the design's clock for a bit of the highway and of the UART, the least there may be; as
#: nothing waits for real time, that is the fastest.
CYCLES_OF_HIGHWAY, CYCLES_OF_UART = 10, 8

#: Cycles of a receiver's clock, 12 MHz, for a sample, and samples that are run in one go.
CYCLES_OF_SAMPLE, _SAMPLES = 750, 16

#: A client's clock in Hz, that of the boards.
CLIENT_CLOCK = 24.576e6

#: Bits of a highway's frame.
_FRAME_BITS = {32: 256, 24: 193}


class Faults:
    """Spoils octets of a line, ``share`` of them: changed, lost, new ones in between, swapped.

    ``process(octets)`` (bytes) gives what arrives; ``count`` is how often something was done.
    """

    def __init__(self, share, seed=0):
        self.share, self.count = share, 0
        self._rng = np.random.default_rng(seed)

    def process(self, octets):
        """See the class."""
        line, rng = bytearray(), self._rng
        for octet in octets:
            line.append(octet)
            if rng.random() >= self.share:
                continue
            self.count += 1
            kind = rng.integers(4)
            if kind == 0:
                line[-1] ^= int(rng.integers(1, 256))
            elif kind == 1:
                line.pop()
            elif kind == 2:
                line.append(int(rng.integers(256)))
            elif len(line) > 1:
                line[-2:] = line[:-3:-1]
        return bytes(line)


class UartLine:
    """A UART's two lines as waves, a piece at a time."""

    def __init__(self, cycles):
        self.cycles = cycles
        self._bits, self._seen = [], np.zeros(0, np.uint8)

    def send(self, octets):
        """Append octets to what goes to the board."""
        for octet in octets:
            self._bits += [0, *(octet >> n & 1 for n in range(8)), 1]

    @property
    def sending(self):
        """Whether there is something to go."""
        return bool(self._bits)

    def wave(self, length):
        """The next ``length`` cycles of the line to the board, a whole number of bits."""
        count = length // self.cycles
        bits = self._bits[:count]
        del self._bits[:count]
        return np.repeat(np.array(bits + [1] * (count - len(bits)), np.int64), self.cycles)

    def receive(self, wave):
        """Octets (bytes) that the line from the board has had with this piece of it."""
        self._seen = np.concatenate([self._seen, wave.astype(np.uint8)])
        octets, at = bytearray(), 0
        starts = np.flatnonzero(self._seen == 0)
        middles = self.cycles // 2 + self.cycles * np.arange(1, 9)
        while len(starts) and starts[0] + 10 * self.cycles <= len(self._seen):
            octets += np.packbits(self._seen[starts[0] + middles], bitorder="little").tobytes()
            at = starts[0] + 9 * self.cycles + self.cycles // 2
            starts = starts[np.searchsorted(starts, at) :]
        # A start bit that is not whole stays, and so does a little of what is before it.
        self._seen = self._seen[starts[0] if len(starts) else len(self._seen) :]
        return bytes(octets)


class _Simulated:
    """Common to simulated boards: they run while entered; ``device`` is the port's name."""

    def __init__(self, top, cycles=CYCLES_OF_UART, **options):
        self.information, self._cycles = top.information, cycles
        self._gateware = Gateware(top, **options)
        self.faults, self.error = None, None

    def __enter__(self):
        self._uart = UartLine(self._cycles)
        self.error = None
        self._restart()
        self._master, self._slave = pty.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        self.device = os.ttyname(self._slave)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join()
        os.close(self._master)
        os.close(self._slave)
        if self.error:
            raise self.error

    def _run(self):
        try:
            self._gateware.power_on()
            back = b""
            while not self._stop.is_set():
                readable, _, _ = select.select([self._master], [], [], 0)
                if readable:
                    octets = os.read(self._master, 4096)
                    self._uart.send(self.faults[0].process(octets) if self.faults else octets)
                octets = self._step()
                back += self.faults[1].process(octets) if self.faults else octets
                if back:
                    try:
                        back = back[os.write(self._master, back) :]
                    except BlockingIOError:
                        pass  # nobody reads
        except Exception as error:  # it is raised where the board is left
            self.error = error


def bank_top(channels=2, slots=24, signals=True, queue_octets=32):
    """The :class:`hdl.modem.bank.LinkedBank` of a :class:`SimulatedBoard` with these parameters."""
    clock = 8000 * _FRAME_BITS[slots] * CYCLES_OF_HIGHWAY
    return LinkedBank(channels, slots, clock, clock / CYCLES_OF_UART, signals, queue_octets)


class SimulatedBoard(_Simulated):
    """A ``LinkedBank`` that runs while this is entered; ``device`` is its port's name.

    Parameters: ``channels``, ``slots``, ``signals``, ``queue_octets`` of the bank; ``options``
    as those of :class:`sim.engines.gateware.Gateware`, for :func:`bank_top` with the same.
    Attributes that may be set before this is entered, each time with a board just powered on:
    ``faults``, two :class:`Faults` for octets to the board and from it, or None; ``clocked``:
    whether the highway has a bit clock.

    ``octets(channel)`` are those that a channel has sent, from the highway's first frame on, as
    they were read at the bit clock's falling edges. ``frames`` counts frames of the highway,
    ``cycles`` those of the clock.

    Raises :class:`~golden.errors.V90Error` for a number of channels that the highway has not.
    """

    def __init__(self, channels=2, slots=24, signals=True, queue_octets=32, **options):
        if not 1 <= channels <= len(SPEECH_SLOTS[slots]):
            raise V90Error(
                f"a simulated bank has 1 to {len(SPEECH_SLOTS[slots])} channels, not {channels}"
            )
        super().__init__(bank_top(channels, slots, signals, queue_octets), **options)
        self.clocked = True
        self._speech = list(SPEECH_SLOTS[slots][:channels])
        # A frame, to which the piece of both lines is equal, with whole bits of the UART.
        bits = np.arange(_FRAME_BITS[slots] * CYCLES_OF_HIGHWAY) // (CYCLES_OF_HIGHWAY // 2)
        clock = 1 - bits % 2
        sync = np.zeros_like(clock)
        sync[-CYCLES_OF_HIGHWAY:] = 1
        # Data follow a rising edge by 3 or 4 cycles, the falling one comes after 5.
        self._falls = np.arange(8 * slots) * CYCLES_OF_HIGHWAY + CYCLES_OF_HIGHWAY // 2
        pieces = next(n for n in range(1, 9) if len(clock) * n % CYCLES_OF_UART == 0)
        self._pieces, self._length, self._slots = pieces, len(clock) * pieces, slots
        self._waves = {"bit_clock": np.tile(clock, pieces), "frame_sync": np.tile(sync, pieces)}

    def _restart(self):
        self._kept, self.frames = [], 0

    @property
    def cycles(self):
        """See the class."""
        return self.frames // self._pieces * self._length

    def octets(self, channel):
        """See the class."""
        kept = list(self._kept)
        return np.concatenate([frames[:, channel] for frames in kept]) if kept else np.zeros(0, int)

    def _step(self):
        """Run frames of the highway; return the octets that came back."""
        clocks = self._waves if self.clocked else dict.fromkeys(self._waves, 0)
        result = self._gateware.run(
            waves={**clocks, "rx": self._uart.wave(self._length)},
            cycles=self._length,
            probes=("tx", "data", "enable"),
            reset=False,
        )
        data = result.probes["data"].reshape(self._pieces, -1)[:, self._falls]
        frames = np.packbits(data.reshape(self._pieces, self._slots, 8).astype(np.uint8), axis=2)
        enable = result.probes["enable"].reshape(self._pieces, -1)[:, self._falls[0::8]]
        ours = enable[:, self._speech].all(axis=1)
        self._kept.append(frames[ours][:, self._speech, 0])
        self.frames += self._pieces
        return self._uart.receive(result.probes["tx"])


class SimulatedReceiver(_Simulated):
    """A :class:`hdl.modem.client.LinkedReceiver` at 12 MHz, that runs while this is entered.

    ``play(samples)`` (int64 of 16 bits, 16 kHz) lets it hear them, and then silence; before, too.

    ``rate`` and ``bits`` say what samples have.

    Parameters: ``forward`` and ``feedback``, numbers of taps. ``faults`` as of
    :class:`SimulatedBoard`.
    """

    rate, bits = SAMPLE_RATE, 16

    def __init__(self, forward=FORWARD, feedback=FEEDBACK):
        super().__init__(
            LinkedReceiver(
                16000 * CYCLES_OF_SAMPLE,
                16000 * CYCLES_OF_SAMPLE / CYCLES_OF_UART,
                forward,
                feedback,
            )
        )
        self._length = CYCLES_OF_SAMPLE * _SAMPLES
        self._strobe = (np.arange(self._length) % CYCLES_OF_SAMPLE == 0).astype(np.int64)

    def _restart(self):
        self._left = np.zeros(0, np.int64)

    def play(self, samples):
        """See the class."""
        self._left = np.asarray(samples, np.int64)

    @property
    def playing(self):
        """Whether there are samples to come."""
        return len(self._left) > 0

    def _step(self):
        """Run some samples; return the octets that came back."""
        left = self._left
        samples = np.zeros(_SAMPLES, np.int64)
        samples[: len(left[:_SAMPLES])] = left[:_SAMPLES]
        if len(left):
            self._left = left[_SAMPLES:]
        result = self._gateware.run(
            waves={
                "rx": self._uart.wave(self._length),
                "strobe": self._strobe,
                "sample": np.repeat(samples, CYCLES_OF_SAMPLE),
            },
            cycles=self._length,
            probes=("tx",),
            reset=False,
        )
        return self._uart.receive(result.probes["tx"])


class SimulatedClient(_Simulated):
    """A :class:`hdl.modem.client.LinkedClient` with its codec, that runs while this is entered.

    ``play(words)`` (int64 of 24 bits, at the codec's ``rate``) is what the codec's left channel
    hears, and then silence; before, too. Their bits go in for the clocks that come out.

    Parameters: ``codec``, its samples a second; ``forward`` and ``feedback``, numbers of taps;
    ``cycles`` of a bit of the UART. ``faults`` as of :class:`SimulatedBoard`.
    """

    bits = CODEC_BITS

    def __init__(self, codec=48000, forward=FORWARD, feedback=FEEDBACK, cycles=CYCLES_OF_UART):
        self.rate, frame = codec, round(CLIENT_CLOCK / codec)
        self._frames = factor_of(codec) * _SAMPLES
        super().__init__(
            LinkedClient(
                CLIENT_CLOCK, CLIENT_CLOCK / cycles, codec, forward=forward, feedback=feedback
            ),
            cycles,
        )
        self._length = frame * self._frames

    def _restart(self):
        self._codec, self._clocks = Codec(), None

    def play(self, words):
        """See the class."""
        self._codec.play(np.stack([words, np.zeros_like(words)], axis=-1))

    @property
    def playing(self):
        """Whether there are words to come."""
        return self._codec.playing

    def _step(self):
        """Run some frames of the codec; return the octets that came back."""
        # The clocks are the same in each piece, which is checked after it.
        before = self._clocks
        sdout = self._codec.process(**before) if before else np.zeros(self._length, np.int64)
        probes = self._gateware.run(
            waves={"rx": self._uart.wave(self._length), "sdout": sdout},
            cycles=self._length,
            probes=("tx", "sclk", "lrck"),
            reset=False,
        ).probes
        self._clocks = {name: probes[name] for name in ("sclk", "lrck")}
        if before and not all(np.array_equal(before[n], self._clocks[n]) for n in before):
            raise CallFailed("the codec's clocks are not what they were")
        return self._uart.receive(probes["tx"])
