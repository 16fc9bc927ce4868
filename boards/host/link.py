"""The host's side of the link (``golden.ports.link``): requests through a serial port.

:class:`Link` sees to it that each request is acted on once and answered, whatever becomes of octets
on the line; :class:`Board` asks for what a bank's or a receiver's host needs.
"""

import errno
import time
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
import serial

from golden.errors import CallFailed, V90Error
from golden.ports import link
from golden.ports.link import (
    LONGEST_ANSWER,
    LONGEST_REQUEST,
    NO_MORE,
    NUMBERS,
    Section,
    Top,
    Unframer,
)
from hdl.pcm.csr import configuration_words
from hdl.signals.commands import command_words

BAUD = 1_000_000

#: Most bit/s of a port: no USB adapter is faster.
MOST_BAUD = 12_000_000

#: Seconds for which an answer is waited for: at first, at least and at most; times a request is
#: sent.
FIRST_WAIT, LEAST_WAIT, MOST_WAIT, ATTEMPTS = 0.5, 0.02, 2.0, 12

#: Seconds within which a port takes the octets of a request. The longest lasts 3 ms at BAUD, and
#: 0.3 s at 9600 bit/s.
WRITE_WAIT = 2.0

#: Octets of a channel's state, by the top on the link: those of ChannelState, and a number.
_STATUS = {Top.ENCODERS: 4, Top.SIGNALS: 4, Top.RECEIVER: 2}

#: Of a request and its answer, besides their sections: the number.
_NUMBER = 1


def open_port(device, baud=BAUD):
    """The serial port of that name, for one program at a time.

    Raises :class:`~golden.errors.V90Error` where there is none, it may not be used, or no port has
    that rate.
    """
    if not 1 <= baud <= MOST_BAUD:
        raise V90Error(f"a port has 1 to {MOST_BAUD} bit/s, not {baud}")
    try:
        port = serial.Serial(device, baud, timeout=0, write_timeout=WRITE_WAIT, exclusive=True)
    except (serial.SerialException, ValueError) as error:
        number = getattr(error, "errno", None)
        if "configure" in str(error):
            number = errno.ENOTTY
        reason = {
            errno.ENOENT: "there is no such device",
            errno.EACCES: "no permission to use it (on Debian, the group dialout has it)",
            errno.EBUSY: "it is in use by another program",
            errno.EAGAIN: "it is in use by another program",
            errno.EWOULDBLOCK: "it is in use by another program",
            errno.ENOTTY: "it is not a serial port",
            errno.EISDIR: "it is not a serial port",
        }.get(number, str(error))
        raise V90Error(f"{device}: {reason}") from None
    # USB adapters otherwise keep what came for 16 ms. Systems and ports that have no such mode (a
    # pseudo-terminal, macOS) are as good without it.
    with suppress(AttributeError, NotImplementedError, OSError, ValueError):
        port.set_low_latency_mode(True)
    return port


@dataclass
class Statistics:
    """Counts of requests: answered, sent again, and answers that came spoilt."""

    requests: int = 0
    again: int = 0
    spoilt: int = 0
    octets: int = 0


class Link:
    """Requests to a board and their answers, one after the other.

    Parameters: ``port``, an open :class:`serial.Serial` or what has its ``read``, ``write``,
    ``in_waiting`` and ``timeout``; ``attempts``, how often a request is sent at most; ``slowness``,
    by which answers may be later than a board's.

    Attributes: ``statistics``.

    Raises :class:`~golden.errors.V90Error` when a request is not answered.
    """

    def __init__(self, port, attempts=ATTEMPTS, slowness=1):
        self.port, self.attempts = port, attempts
        self._first, self._most = slowness * FIRST_WAIT, slowness * MOST_WAIT
        self.statistics = Statistics()
        self._unframer, self._number = Unframer(), 0
        self._patience, self._answered = self._first, None

    def ask(self, sections):
        """The answer to a request of these sections (bytes), without its number."""
        self._number = self._number % NUMBERS[-1] + 1
        return self._ask(bytes([self._number]) + sections)

    def hello(self):
        """The board's :class:`golden.ports.link.Information`; the first thing to ask for."""
        self._number = link.HELLO
        answer = self._ask(link.hello())
        self.demand(len(answer) == link.INFORMATION)
        information = link.Information.of(answer[::-1])
        if information.version != link.LINK_VERSION:
            raise V90Error(
                f"{self._name}: the board's link has version {information.version}, and this "
                f"program knows version {link.LINK_VERSION}"
            )
        return information

    def demand(self, holds):
        """Raise :class:`~golden.errors.V90Error` unless what was answered holds."""
        if not holds:
            raise V90Error(f"{self._name}: what answers is no board of this project's")

    @property
    def _name(self):
        return getattr(self.port, "name", None) or "the port"

    def _ask(self, request):
        if len(request) > LONGEST_REQUEST:
            raise ValueError(f"a request of {len(request)} octets is too long")
        octets, begun = link.frame(request), time.monotonic()
        heard = self.statistics.octets + self.attempts * len(octets)
        self.statistics.requests += 1
        patience = self._patience
        for attempt in range(self.attempts):
            sent = time.monotonic()
            self._write(octets)
            self.statistics.again += attempt > 0
            answer = self._answer(request[0], sent + patience)
            if answer is not None:
                if not attempt:
                    took = time.monotonic() - sent
                    self._patience = min(
                        self._most, max(LEAST_WAIT, 4 * took, 0.8 * self._patience)
                    )
                # Of a request that was repeated it is not known which one was answered, so that its
                # time says nothing.
                self._answered = request[0]
                return answer[_NUMBER:]
            patience = min(self._most, 2 * patience)
        self._patience = self._first
        raise V90Error(self._silence(time.monotonic() - begun, self.statistics.octets - heard))

    def _silence(self, seconds, octets):
        """The sentence for a request without an answer, of which so many octets came back."""
        tried = f"{self.attempts} requests in {seconds:.1f} s"
        if not octets:
            return (
                f"{self._name} does not answer: {tried}; is a board with a link there, and the "
                "baud right?"
            )
        return (
            f"{self._name} answers, but the line garbles it: {octets} octets came back and no "
            f"whole answer to {tried}; is the baud right, and the line free of noise?"
        )

    def _write(self, octets):
        try:
            self.port.write(octets)
        except serial.SerialTimeoutException:
            raise V90Error(
                f"{self._name} takes no octets for {WRITE_WAIT:g} s: does flow control hold it up?"
            ) from None
        except (serial.SerialException, OSError) as error:
            raise V90Error(f"{self._name}: the port is gone ({error})") from None
        self.statistics.octets += len(octets)

    def _answer(self, number, until):
        """The answer of that number, or None when time is up or one came spoilt."""
        damaged = self._unframer.damaged
        while (left := until - time.monotonic()) > 0:
            try:
                self.port.timeout = left
                octets = self.port.read(max(1, self.port.in_waiting))
            except (serial.SerialException, OSError) as error:
                raise V90Error(f"{self._name}: the port is gone ({error})") from None
            self.statistics.octets += len(octets)
            for content in self._unframer.process(octets):
                if content[0] == number:
                    return content
                if content[0] == self._answered:
                    # The last request is answered again: it was repeated too early. Once is enough
                    # to know, however often it was repeated.
                    self._patience = min(self._most, 2 * self._patience)
                    self._answered = None
            if self._unframer.damaged != damaged:
                self.statistics.spoilt += self._unframer.damaged - damaged
                return None
        return None


@dataclass(frozen=True)
class ChannelState:
    """A channel's state, as a bank has it.

    Underruns since reset; whether the highway was late since then; frames of the link that came
    spoilt, modulo 256; octets that its queue takes.
    """

    underruns: int
    late: bool
    damaged: int
    room: int


class Board:
    """A board that a :class:`Link` reaches.

    Attributes: ``link``; ``information``, a :class:`golden.ports.link.Information`.

    Raises :class:`~golden.errors.V90Error`, here and in what is asked, for answers that a board of
    this project's never gives.
    """

    def __init__(self, link_):
        self.link = link_
        self.information = link_.hello()
        link_.demand(self.information.status == _STATUS[self.information.top])

    def _ask(self, sections, size):
        """The answer to these sections, which has so many octets."""
        answer = self.link.ask(sections)
        self.link.demand(len(answer) == size)
        return answer

    @property
    def _is_bank(self):
        return self.information.top in (Top.ENCODERS, Top.SIGNALS)

    def check_channel(self, channel):
        """Raise :class:`~golden.errors.V90Error` where there is no such channel."""
        if not 0 <= channel < self.information.channels:
            raise V90Error(
                f"there is no channel {channel}: the board has "
                f"{self.information.channels} (0 to {self.information.channels - 1})"
            )

    def demand_bank(self):
        """Raise :class:`~golden.errors.V90Error` unless this is a bank."""
        if not self._is_bank:
            raise V90Error("this board has a receiver, and no bank that could send")

    def demand_receiver(self):
        """Raise :class:`~golden.errors.V90Error` unless this is a receiver."""
        if self._is_bank:
            raise V90Error("this board is a bank, and has no receiver")

    def numbers(self, count):
        """A receiver's state: an octet (int) of each of its first ``count`` channels."""
        self.demand_receiver()
        self.check_channel(count - 1)
        return self._ask(b"".join(map(link.status, range(count))), 2 * count)[1::2]

    def states(self, channels=None):
        """A dict of the channels' :class:`ChannelState` (of all without ``channels``)."""
        self.demand_bank()
        channels = range(self.information.channels) if channels is None else channels
        found, size = {}, self.information.status
        at_once = max(1, min(LONGEST_REQUEST // 6, LONGEST_ANSWER // (size + 1)) - 1)
        channels = list(channels)
        for at in range(0, len(channels), at_once):
            some = channels[at : at + at_once]
            answer = self._ask(
                b"".join(link.status(channel) + link.data(channel) for channel in some),
                len(some) * (size + 1),
            )
            for n, channel in enumerate(some):
                found[channel] = self._state(answer[n * (size + 1) : (n + 1) * (size + 1)])
        return found

    @staticmethod
    def _state(octets):
        damaged, late, high, low, room = octets
        return ChannelState(high << 8 | low, bool(late), damaged, room)

    def words(self, channel, pairs, patience=5.0):
        """Words ``(address, data)`` to a channel, all of them, within so many seconds.

        Raises :class:`~golden.errors.CallFailed` where the board does not take them.
        """
        pairs, until = list(pairs), time.monotonic() + patience
        most = (LONGEST_REQUEST - _NUMBER - 3) // 3
        while pairs:
            (left,) = self._ask(link.words(channel, pairs[:most]), 1)
            self.link.demand(left <= len(pairs[:most]))
            taken = len(pairs[:most]) - left
            pairs = pairs[taken:]
            if not taken and time.monotonic() > until:
                raise CallFailed(
                    f"channel {channel} takes no words: has the board a bit clock and frame sync?"
                )
            if taken:
                until = time.monotonic() + patience

    def command(self, channel, command, law, patience=5.0):
        """A :class:`golden.signals.generator.Command` to a bank of generators."""
        words = command_words(command, law)
        self.words(channel, [(n == len(words) - 1, word) for n, word in enumerate(words)], patience)

    def configure(self, channel, parameters, patience=5.0):
        """Mapping parameters to a bank of encoders."""
        self.words(channel, configuration_words(parameters), patience)

    def stream(self, octets, progress=lambda done, total: None, patience=10.0, empty=True):
        """Data octets to channels: ``octets`` is a dict of bytes by channel.

        Each has what its queue takes; a full one holds up none of the others. ``progress(done,
        total)`` counts octets. Ends when all are in the queues. Returns for each channel its
        underruns while there were octets to come: data frames of ones in their midst.

        ``empty``: queues must be so at first. Raises :class:`~golden.errors.V90Error` where one is
        not, and :class:`~golden.errors.CallFailed` where none takes an octet for so many seconds.
        """
        left = {channel: bytes(data) for channel, data in octets.items()}
        total = sum(map(len, left.values()))
        states = self.states(left)
        room = {channel: state.room for channel, state in states.items()}
        for channel in left:
            if empty and room[channel] < self.information.queue:
                raise V90Error(
                    f"{self.information.queue - room[channel]} octets of earlier data are still "
                    f"in the queue of channel {channel}; reset the board, or clock its highway"
                )
        first, last = {}, {channel: states[channel] for channel in left if not left[channel]}
        pending = [channel for channel in left if left[channel]]
        done, until = 0, time.monotonic() + patience
        while pending:
            asked, request, size = [], b"", _NUMBER
            for channel in pending:
                free = LONGEST_REQUEST - _NUMBER - len(request) - 6
                count = min(room[channel], len(left[channel]), free)
                if free < 0 or (not count and room[channel]):
                    break
                part, ends = left[channel][:count], count == len(left[channel])
                size += 1
                request += link.data(channel, part)
                # Its state before what follows the first octets, and after the last ones.
                with_state = bool(count) and (channel not in first or ends)
                if with_state:
                    request += link.status(channel)
                    size += self.information.status
                asked.append((channel, count, with_state, ends))
                if size > LONGEST_ANSWER - self.information.status - 1:
                    break
            wanted = sum(1 + with_state * self.information.status for _, _, with_state, _ in asked)
            answer, at = self._ask(request, wanted), 0
            for channel, count, with_state, ends in asked:
                # A queue takes what it had room for, as nobody else fills it.
                self.link.demand(answer[at] >= count)
                room[channel] = answer[at] - count
                at += 1
                left[channel] = left[channel][count:]
                done += count
                if count:
                    until = time.monotonic() + patience
                if with_state:
                    state = self._state(answer[at : at + self.information.status] + b"\0")
                    at += self.information.status
                    first.setdefault(channel, state)
                    if ends:
                        last[channel] = state
            # Those that had their turn go to the end of the line.
            turn = [channel for channel, *_ in asked]
            pending = [c for c in pending if c not in turn] + [c for c in turn if left[c]]
            progress(done, total)
            if pending and time.monotonic() > until:
                raise CallFailed(
                    f"channel {pending[0]} takes no data: has the board a bit clock and frame "
                    "sync, and was the channel commanded to send data?"
                )
        return {
            channel: last[channel].underruns - first.get(channel, last[channel]).underruns
            for channel in left
        }

    def drain(self, channels, patience=10.0):
        """Wait until the queues of these channels are empty.

        Raises :class:`~golden.errors.CallFailed` where one is not within so many seconds.
        """
        until = time.monotonic() + patience
        while True:
            states = self.states(channels)
            full = [c for c, state in states.items() if state.room < self.information.queue]
            if not full:
                return
            if time.monotonic() > until:
                raise CallFailed(f"channel {full[0]} does not send what is in its queue")

    def take(self, count=90):
        """Pairs ``(channel, octet)`` that the design has for the host, so many at most."""
        answer = self.link.ask(link.take(count))
        end = len(answer) - 1
        self.link.demand(end >= 0 and end % 2 == 0 and answer[end] == NO_MORE)
        self.link.demand(NO_MORE not in answer[:end:2])
        return list(zip(answer[:end:2], answer[1:end:2], strict=True))


def whole_octets(bits, d):
    """Bits of whole data frames of ``d``, and ones up to as many as are whole octets as well."""
    size = len(bits)
    while size % 8 or size % d:
        size += 1
    return np.packbits(np.append(bits, np.ones(size - len(bits), np.uint8)), bitorder="little")


__all__ = [
    "BAUD",
    "Board",
    "Link",
    "Section",
    "ChannelState",
    "Statistics",
    "open_port",
    "whole_octets",
]
