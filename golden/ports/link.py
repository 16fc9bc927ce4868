"""The host link: frames of octets between a host and a design, over a line that may spoil them.

No clause describes it. A frame is that of RFC 1662 with octet stuffing: a flag, octets, a CRC of 16
bits (8.1.1.6.1/V.42), a flag. An octet that is a flag or an escape is sent as an escape and the
octet less 32. Octets that the line cuts, adds, changes or swaps spoil a frame or two; the next flag
begins anew. The CRC always finds up to three wrong bits of a frame, an odd number of them, or any
within 16 in a row, unless they make or unmake a flag or an escape. Of all other errors it passes
one in 65 536 (tests/fuzz/test_link.py).

The host asks, and the board answers every request once. The first octet of both is a sequence
number. A request with the number of the last one is answered as before and not acted on again, so
that the host may repeat a request that was not answered. The number 0 is for the first request of a
host, which is always the same (:func:`hello`); then come 1 to 255, and 1 again. A board acts on the
number that is due and on 0, and leaves all others without an answer. So a request that the line
held back and gave later is not acted on twice. After reset only 0 and 1 are due, so that a host
notices that its board was reset.

After the number a request has sections. Each has three octets (:class:`Section`, channel, count)
and its contents. The answer has in their order:

======  ========================  ====================================================
section contents                  answer
======  ========================  ====================================================
DATA    count octets              how many octets the channel's queue had room for before
WORDS   count times address, low  how many words were not taken; if any, the answer ends here,
        and high octet            and later sections are not acted on
INFO    none                      the board's :class:`Information`, the last octet first
STATUS  none                      the channel's state, the last octet first: the number of
                                  spoilt frames, modulo 256, comes before the design's octets
TAKE    none                      at most count pairs of channel and octet from the design,
                                  then NO_MORE
======  ========================  ====================================================

DATA for which there is no room is lost. So a host asks with count 0 first, and counts. Octets
beyond LONGEST_ANSWER are left out of an answer.
"""

from dataclasses import dataclass
from enum import IntEnum

from golden.bits import crc
from golden.errors import V90Error

FLAG_OCTET, ESCAPE_OCTET, ESCAPE_TURN = 0x7E, 0x7D, 0x20

#: Version of the protocol that this module describes, which :class:`Information` has.
LINK_VERSION = 2

#: Most octets of a request, and of an answer, the number included, the CRC not.
LONGEST_REQUEST, LONGEST_ANSWER = 252, 182

#: Numbers of requests after the first.
NUMBERS = range(1, 256)

#: The number of a host's first request. It is always acted on, and is the last number after reset.
HELLO = 0

#: Ends the answer to TAKE.
NO_MORE = 0xFF


class Section(IntEnum):
    """Kind of a section of a request; the number is the gateware's."""

    DATA = 0
    WORDS = 1
    INFO = 2
    STATUS = 3
    TAKE = 4


class Top(IntEnum):
    """Design that a board has; the number is the gateware's."""

    ENCODERS = 0
    SIGNALS = 1
    RECEIVER = 2


#: Octets of :class:`Information`, and of these, of its text.
INFORMATION, TEXT = 64, 48


@dataclass(frozen=True)
class Information:
    """Description that a board gives of itself.

    Fields
    ------
    top : :class:`Top`
    channels : how many
    queue : octets that a channel's queue of data holds
    slots : of the PCM highway, 0 where there is none
    status : octets of a channel's state, 1 at least
    clock : Hz
    baud : bit/s of the link
    text : the blocks that there are, ASCII, 48 octets at most
    version : of the link
    """

    top: Top
    channels: int = 1
    queue: int = 0
    slots: int = 0
    status: int = 1
    clock: int = 0
    baud: int = 0
    text: str = ""
    version: int = LINK_VERSION

    def octets(self):
        """The 64 octets of it; numbers of four octets have the lowest first."""
        text = self.text.encode("ascii")
        if len(text) > TEXT:
            raise V90Error(f"a board's text has {TEXT} octets at most, not {len(text)}")
        head = bytes(
            [
                self.version,
                self.top,
                self.channels - 1,
                self.slots,
                self.status,
                self.queue.bit_length(),
            ]
        )
        head += int(self.clock).to_bytes(4, "little") + int(self.baud).to_bytes(4, "little")
        return head + bytes(INFORMATION - TEXT - len(head)) + text.ljust(TEXT, b"\0")

    @classmethod
    def of(cls, octets):
        """The inverse of :meth:`octets`. Of another version of the link only ``version`` is right.

        Raises :class:`~golden.errors.V90Error` for another number of octets, and for an unknown
        top.
        """
        octets = bytes(octets)
        if len(octets) != INFORMATION:
            raise V90Error(f"a board's information has {INFORMATION} octets, not {len(octets)}")
        version, top, channels, slots, status, queue = octets[:6]
        if version != LINK_VERSION:
            return cls(Top.ENCODERS, version=version)
        if top not in list(Top):
            raise V90Error(f"a board says that it is a top of kind {top}, which is unknown here")
        clock, baud = (int.from_bytes(octets[at : at + 4], "little") for at in (6, 10))
        # A terminal takes other characters for commands.
        text = "".join(
            chr(octet) if 0x20 <= octet < 0x7F else "?" for octet in octets[-TEXT:].rstrip(b"\0")
        )
        queue = 1 << queue >> 1
        return cls(Top(top), channels + 1, queue, slots, status, clock, baud, text, version)


# --- Frames --------------------------------------------------------------------------------------


def frame(content):
    """Octets of a frame, flags included, with the number and sections ``content`` (bytes)."""
    body = bytearray()
    for octet in bytes(content) + crc.fcs(content):
        body += (
            bytes([ESCAPE_OCTET, octet - ESCAPE_TURN])
            if octet in (FLAG_OCTET, ESCAPE_OCTET)
            else bytes([octet])
        )
    return bytes([FLAG_OCTET, *body, FLAG_OCTET])


class Unframer:
    """Octets of the link into contents of frames.

    ``process(octets)`` takes bytes in pieces and returns a list of contents (bytes). It leaves out
    octets before the first flag, and frames that are spoilt or have no octet besides the CRC;
    ``damaged`` counts such frames.
    """

    def __init__(self):
        self.reset()

    def reset(self):
        """Forget all octets, and wait for a flag."""
        self._octets, self._escaped, self.damaged = None, False, 0

    def process(self, octets):
        """See the class."""
        contents = []
        for octet in octets:
            if octet == FLAG_OCTET and not self._escaped:
                whole = bytes(self._octets or b"")
                if len(whole) > 2 and crc.remainder_of_octets(whole) == crc.FCS_GOOD:
                    contents.append(whole[:-2])
                elif whole:
                    self.damaged += 1
                self._octets = bytearray()
            elif octet == ESCAPE_OCTET and not self._escaped:
                self._escaped = self._octets is not None
            elif self._octets is not None:
                self._octets.append((octet + ESCAPE_TURN * self._escaped) % 256)
                self._escaped = False
        return contents


# --- Requests and answers ------------------------------------------------------------------------


def data(channel, octets=b""):
    """A section with data for a channel; without octets, it asks for the room."""
    return bytes([Section.DATA, channel, len(octets), *octets])


def words(channel, pairs):
    """A section with words ``(address, data)`` for a channel, 83 at most."""
    body = b"".join(bytes([address]) + int(word).to_bytes(2, "little") for address, word in pairs)
    return bytes([Section.WORDS, channel, len(body) // 3]) + body


def info():
    """A section that asks for the board's information."""
    return bytes([Section.INFO, 0, 0])


def status(channel):
    """A section that asks for a channel's state."""
    return bytes([Section.STATUS, channel, 0])


def take(count):
    """A section that asks for at most so many octets from the design."""
    return bytes([Section.TAKE, 0, count])


def hello():
    """The first request of a host: the number 0, and INFO."""
    return bytes([HELLO]) + info()


def sections(content):
    """Sections of a request: a list of ``(section, channel, count, octets)``; one cut is left out.

    A section of an unknown kind is the last.
    """
    found, at = [], 1
    while at + 3 <= len(content):
        kind, channel, count = content[at : at + 3]
        size = {Section.DATA: count, Section.WORDS: 3 * count}.get(kind, 0)
        at += 3
        if kind not in list(Section):
            break
        found.append((Section(kind), channel, count, content[at : at + size]))
        at += size
    return found


class HostLink:
    """The board's side of the link: octets of a host in, octets of answers out.

    Unlike a board, it is never busy: it answers at once, and hears everything.

    ``process(octets)``: bytes in pieces; returns the answers (bytes).

    Parameters: ``information``, of the board (:class:`Information`). The attributes stand for the
    design, and whoever makes the link replaces them.

    Attributes
    ----------
    room(channel) : how many octets the queue has room for
    put(channel, octet) : takes an octet
    word(channel, address, data) : takes a word, returns whether it did
    state(channel) : the design's octets of the state
    given : list of pairs of channel and octet that wait to be taken
    """

    def __init__(self, information):
        self.information = information
        self.room = lambda channel: information.queue
        self.put = lambda channel, octet: None
        self.word = lambda channel, address, data: True
        self.state = lambda channel: bytes(information.status - 1)
        self.reset()

    def reset(self):
        """Forget all requests."""
        self._unframer, self._number, self._answer = Unframer(), HELLO, b""
        self.given = []

    @property
    def damaged(self):
        """Frames that came spoilt."""
        return self._unframer.damaged

    def process(self, octets):
        """See the class."""
        answers = []
        for request in self._unframer.process(octets):
            if request[0] in (HELLO, self._number % NUMBERS[-1] + 1):
                self._number, self._answer = request[0], self._act(request)
            if request[0] == self._number:
                answers.append(frame(self._answer))
        return b"".join(answers)

    def _act(self, request):
        answer = bytearray(request[:1])
        for section, channel, count, octets in sections(request):
            if section == Section.DATA:
                room = self.room(channel)
                for octet in octets[:room]:
                    self.put(channel, octet)
                answer.append(room)
            elif section == Section.WORDS:
                left = count
                for address, low, high in zip(*[iter(octets)] * 3, strict=False):
                    if not self.word(channel, address, low | high << 8):
                        break
                    left -= 1
                answer.append(left)
                if left:
                    break
            elif section == Section.INFO:
                answer += self.information.octets()[::-1]
            elif section == Section.STATUS:
                answer += bytes([self.damaged % 256, *reversed(self.state(channel))])
            else:
                for _ in range(min(count, len(self.given))):
                    answer += bytes(self.given.pop(0))
                answer.append(NO_MORE)
        return bytes(answer[:LONGEST_ANSWER])
