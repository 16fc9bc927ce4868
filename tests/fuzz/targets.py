"""Targets of fuzzing: what takes octets from outside, and what must hold whatever they are.

A target is a function of octets (bytes) that raises only where something is wrong: an assertion, or
any exception but the project's own. It has seeds, valid inputs that reach its depths, of which
hypothesis and the coverage-guided fuzzer make others. ``guided`` ones are those of `make fuzz`, and
what that found is in corpus/, which `make test` replays.
"""

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import serial

from boards.host import bank
from boards.host import client as receiver
from boards.host.link import Board, Link
from golden.bits import crc
from golden.bits.hdlc import LONGEST, Deframer, Framer
from golden.errors import V90Error
from golden.learning.learning import dil_request
from golden.modem.digital import DigitalModem
from golden.modem.states import Upstream
from golden.pcm.parameters import INTERVALS, MappingParameters
from golden.ports import link
from golden.ports.link import HostLink, Information, Section, Top, Unframer
from golden.receiver.framing import JD_LENGTHS, MP_LENGTHS, SequenceFramer
from golden.receiver.training import TrainingDecoder
from golden.signals.generator import Command, Signal
from golden.signals.sequences import (
    CP,
    DIL,
    INFO0A,
    INFO0D,
    INFO1A,
    INFO1A_V34,
    INFO1D,
    JD,
    MP,
    cp_fields,
    mapping_parameters,
)
from golden.signals.training import check_descriptor, dil
from sim.calls.parameter_sets import EXTREMES
from sim.calls.transfer import FileReceiver, file_bits
from sim.cli.read import descriptor_of
from sim.reading.phase4 import parameters_given

CORPUS = Path(__file__).with_name("corpus")

#: Octets of a line bit by bit that are looked at: several sequences or frames, in milliseconds.
SHORT = 400

SEQUENCES = (JD, DIL, CP, MP, INFO0D, INFO0A, INFO1D, INFO1A, INFO1A_V34)


@dataclass(frozen=True)
class Target:
    """``function`` of octets; ``seeds``, a function that gives valid inputs; ``guided``."""

    function: Callable
    seeds: Callable
    guided: bool = True


def _bits(octets):
    return np.unpackbits(np.frombuffer(octets, np.uint8), bitorder="little")


def _octets(bits):
    return np.packbits(np.asarray(bits, np.uint8), bitorder="little").tobytes()


def _pieces(line, cut):
    """``line`` in pieces of ``cut`` and of one more, in turn."""
    at, size = 0, cut
    while at < len(line):
        yield line[at : at + size]
        at, size = at + size, 2 * cut + 1 - size


# --- Sequences -----------------------------------------------------------------------------------


def mended(sequence, bits):
    """``bits`` with the frame sync, start bits and CRC of a sequence; None where there is none.

    No fuzzer finds a CRC, so that without this nothing after it would be reached.
    """
    head = sequence._head
    bits = np.concatenate([bits, np.zeros(max(0, head.length - len(bits)), np.uint8)])
    bits[head.frame] = head.frame_bits
    with suppress(V90Error):
        layout = sequence._shape({name: head.get(name, bits) for name in head.fields})
        bits = np.concatenate([bits, np.zeros(max(0, layout.length - len(bits)), np.uint8)])
        bits[layout.frame] = layout.frame_bits
        bits[layout.crc] = crc.crc_bits(bits[layout.covered])
        return bits
    return None


def _sequences(octets):
    """Octets: which sequence, whether frame and CRC are made good, a multiple; then bits."""
    which, good, multiple = octets[:3].ljust(3, b"\0")
    sequence, bits = SEQUENCES[which % len(SEQUENCES)], _bits(octets[3:SHORT])
    if good & 1:
        bits = mended(sequence, bits)
        if bits is None:
            return
    values = sequence.parse(bits)
    assert values is not None or not good & 1
    found = sequence.find(bits)
    if values is None:
        return
    assert found[0] == (0, values)
    with suppress(V90Error):
        # A field may have a value that building refuses.
        built = sequence.build(1 + multiple % 42, **values)
        assert sequence.parse(built) == values
    with suppress(V90Error):
        if sequence is CP:
            p = mapping_parameters(values)
            assert mapping_parameters(CP.parse(CP.build(**cp_fields(p)))).rate == p.rate
        elif sequence is DIL:
            check_descriptor(values)
            ucodes, signs = dil(values)
            assert len(ucodes) == len(signs) and not len(ucodes) % INTERVALS


def _examples():
    """A pair of sequence and valid fields for each of them and each of their shapes."""
    yield JD, {"rates": 0x3FFFFF, "training": 0, "renegotiation": 1, "look_ahead": 3}
    yield DIL, dil_request(79)
    yield (
        DIL,
        {
            "segments": 0,
            "sign_length": 0,
            "training_length": 0,
            "sign_pattern": [1],
            "training_pattern": [1],
            "H": [0] * 8,
            "REF": [0] * 8,
            "training_ucodes": [],
        },
    )
    for name in ("one-and-128-exact", "no-shaping-least-k"):
        p = EXTREMES[name]
        yield CP, cp_fields(p)
        yield CP, cp_fields(p, acknowledge=1, codec=p.constellations)
    mp = {
        "type": 0,
        "drn": 14,
        "trellis": 2,
        "nonlinear": 1,
        "shaping": 0,
        "acknowledge": 0,
        "upstream_rates": 0x1FFF,
    }
    yield MP, mp
    yield MP, {**mp, "type": 1, "precoding": [1, 2, 3, 4, 5, 0xFFFF]}
    for info in (INFO0D, INFO0A, INFO1D, INFO1A, INFO1A_V34):
        yield (
            info,
            {
                name: rows[0].values[-1] if rows[0].values else 1
                for name, rows in info._head.fields.items()
            },
        )


def _sequence_seeds():
    for sequence, values in _examples():
        if not values.get("segments", 1):
            del values["training_ucodes"]
        which = SEQUENCES.index(sequence)
        for good in (0, 1):
            yield bytes([which, good, 0]) + _octets(sequence.build(**values))


def _framing(octets):
    """Octets: bits of a data frame, of which sequence, pieces; then bits of a line."""
    size, kind, cut = octets[:3].ljust(3, b"\0")
    size, lengths = 6 + size % 37, (MP_LENGTHS, JD_LENGTHS)[kind % 2]
    bits = _bits(octets[3:SHORT])
    frames = bits[: len(bits) // size * size].reshape(-1, size)
    begins, end = SequenceFramer(size, lengths).process(frames)
    framer, own, ended = SequenceFramer(size, lengths), [], None
    for piece in _pieces(frames, 1 + cut % 8):
        more, ended = framer.process(piece)
        own += more
        if ended is not None:
            break
    assert (own, ended) == (begins, end)
    signs = bits[: len(bits) // INTERVALS * INTERVALS].reshape(-1, INTERVALS)
    whole, decoder = TrainingDecoder(), TrainingDecoder()
    got, parts = whole.process(signs), [decoder.process(one) for one in _pieces(signs, 1 + cut % 8)]
    assert decoder.dil == whole.dil
    if parts:
        for n in (0, 1):
            assert np.array_equal(np.concatenate([one[n] for one in parts]), got[n])


def _framing_seeds():
    jd = JD.build(rates=1, training=0, renegotiation=0, look_ahead=1)
    mp = MP.build(
        24, type=0, drn=14, trellis=0, nonlinear=0, shaping=0, acknowledge=0, upstream_rates=1
    )
    yield bytes([0, 1, 2]) + _octets(np.concatenate([jd, jd, np.zeros(24, np.uint8)]))
    yield bytes([18, 0, 1]) + _octets(np.concatenate([mp, mp, np.zeros(48, np.uint8)]))


# --- The digital modem's events ------------------------------------------------------------------

_UPSTREAM = tuple(Upstream)


def _digital(octets):
    """Octets: law, then events, each an octet of what and one of time.

    Behind Ja and CP a length and the bits follow, whose frame and CRC are made good.
    """
    modem = DigitalModem("A" if octets[:1] == b"A" else "mu", 79, trn1d=2040)
    at = 1
    while at + 1 < len(octets) and at < 1024:
        upstream, wait = _UPSTREAM[octets[at] % len(_UPSTREAM)], octets[at + 1]
        at += 2
        bits = None
        if upstream in (Upstream.JA, Upstream.CP):
            size = octets[at] if at < len(octets) else 0
            bits = mended(DIL if upstream == Upstream.JA else CP, _bits(octets[at + 1 :][:size]))
            at += 1 + size
            if bits is None:
                continue
        line = modem.frames(wait % 16 * 40)
        assert line.dtype == np.uint8 and len(line) == wait % 16 * 40 * INTERVALS
        modem.receive(upstream, bits)


def _digital_seeds():
    ja, cpt = DIL.build(**dil_request(79)), EXTREMES["least-k-spread-exact"]
    cp = MappingParameters.from_json(_JSON[0])
    steps = [
        ("S", 2),
        ("S_BAR", 0),
        ("JA", 0, ja),
        ("S", 15),
        ("S_BAR", 15),
        ("S", 1),
        ("S_BAR", 1),
        ("CP", 0, CP.build(**cp_fields(cpt))),
        ("CP", 15, CP.build(**cp_fields(cp))),
        ("CP", 4, CP.build(**cp_fields(cp, acknowledge=1))),
        ("E", 1),
        ("B1", 15),
        ("S", 2),
        ("S_BAR", 1),
        ("CP", 15, CP.build(**cp_fields(cp))),
    ]
    line = b"A"
    for name, wait, *bits in steps:
        line += bytes([_UPSTREAM.index(Upstream[name]), wait])
        for one in bits:
            body = _octets(one)[:255]
            line += bytes([len(body)]) + body
    yield line


# --- HDLC ----------------------------------------------------------------------------------------


def _hdlc(octets):
    """An octet of pieces; then bits of a line. A file's receiver takes the frames."""
    cut, bits = 1 + octets[:1].ljust(1, b"\0")[0], _bits(octets[1 : SHORT // 2])
    whole, parts = Deframer(), Deframer()
    frames, again = whole.process(bits), []
    for piece in _pieces(bits, cut):
        again += parts.process(piece)
    assert again == frames and (whole.good, whole.bad) == (parts.good, parts.bad)
    assert whole.good == len(frames) and all(1 <= len(frame) <= LONGEST for frame in frames)
    for repeats in (False, True):
        file = FileReceiver(repeats)
        file.process(bits)
        # What is taken for a whole file was sent as one.
        with suppress(V90Error):
            file.file()
            assert file.complete


def _hdlc_seeds():
    yield b"\7" + _octets(Framer().process([b"\x01\x00\x00ab", b"\xff\x7e"]))
    yield b"\0" + _octets(file_bits(bytes(range(140)), 30))


# --- The host link -------------------------------------------------------------------------------

_BANK = Information(Top.SIGNALS, 3, 32, 32, 4, 24_000_000, 1_000_000, "generator tdm")


def _link(octets):
    """An octet of pieces; then what comes over the line to a board, and contents of a frame."""
    cut, line = 1 + octets[:1].ljust(1, b"\0")[0] % 16, octets[1:]
    whole, parts = Unframer(), Unframer()
    contents = whole.process(line)
    assert [one for piece in _pieces(line, cut) for one in parts.process(piece)] == contents
    assert whole.damaged == parts.damaged
    for content in contents:
        # Nothing else is sent for these contents, but for what need not be escaped.
        assert content and Unframer().process(link.frame(content)) == [content]
    model = HostLink(_BANK)
    answers = Unframer().process(model.process(line))
    last, due = link.HELLO, []
    for number in (one[0] for one in contents):
        if number in (link.HELLO, last, last % link.NUMBERS[-1] + 1):
            last = number
            due.append(number)
    assert [one[0] for one in answers] == due
    assert all(len(one) <= link.LONGEST_ANSWER for one in answers)
    if line:
        answers = Unframer().process(HostLink(_BANK).process(link.frame(line)))
        assert [one[0] for one in answers] == [line[0]] * (line[0] < 2)
        assert all(len(answer) <= link.LONGEST_ANSWER for answer in answers)
        assert all(kind in Section for kind, *_ in link.sections(line))
    with suppress(V90Error):
        information = Information.of(line[: link.INFORMATION])
        if information.version == link.LINK_VERSION:
            assert Information.of(information.octets()) == information


def _link_seeds():
    requests = [
        link.hello(),
        b"\1" + link.data(0, b"abc") + link.status(2),
        b"\2" + link.take(9),
        b"\3" + link.words(1, [(3, 0x7E7D), (4, 5)]) + link.info(),
    ]
    yield b"\3" + b"".join(map(link.frame, requests))
    yield from (b"\0" + one for one in requests)
    yield b"\0" + _BANK.octets()


class _Answers:
    """A port from which contents of answers come one after the other; after them it is gone."""

    name, timeout, in_waiting = "a port", 0, 1

    def __init__(self, contents, number=True):
        self._contents, self._number, self._back = list(contents), number, b""

    def write(self, octets):
        (request,) = Unframer().process(octets)
        if self._contents:
            content = self._contents.pop(0)
            self._back += link.frame(request[:1] + content) if self._number else content

    def read(self, size):
        if not self._back:
            raise serial.SerialException("nothing follows")
        octets, self._back = self._back, b""
        return octets


_COMMANDS = (Command(Signal.DATA, repeat=True), Command(Signal.SILENCE, repeat=True, now=True))

#: What a host asks of a board, all of it without patience.
_ASKED = (
    lambda board: board.states(),
    lambda board: board.take(),
    lambda board: board.words(0, [(n, n) for n in range(100)], 0),
    lambda board: board.stream({0: bytes(100), 1: b"", 2: b"abc"}, patience=0),
    lambda board: board.drain([0, 1], 0),
    lambda board: board.command(1, _COMMANDS[0], "A", 0),
    lambda board: board.check_channel(2),
    lambda board: receiver.state(board),
    lambda board: receiver.receive(board, 0),
    lambda board: bank.selftest(board, lambda *text: None, patience=0),
)


def _host(octets):
    """Octets: way and what is asked; then answers, each with its length before it.

    The first one is the board's information, where ``way`` has bit 0 the octets themselves.
    """
    way, asked, line = octets[:1], octets[1:2].ljust(1, b"\0")[0], octets[2:]
    contents = []
    while line:
        contents.append(line[1 : 1 + line[0]])
        line = line[1 + line[0] :]
    first = way[:1].ljust(1, b"\0")[0]
    if not first & 1:
        contents.insert(0, _BANK.octets()[::-1])
    with suppress(V90Error):
        board = Board(Link(_Answers(contents, not first & 2), attempts=1))
        _ASKED[asked % len(_ASKED)](board)


def _host_seeds():
    def line(way, asked, *contents):
        return bytes([way, asked]) + b"".join(bytes([len(one)]) + one for one in contents)

    state = bytes([0, 0, 0, 2, 32])
    client = Information(Top.RECEIVER, 30, 0, 0, 2, 12_000_000, 1_000_000, "receiver")
    yield line(0, 0, state * 3)
    yield line(0, 1, bytes([0, 65, 1, 66, link.NO_MORE]))
    yield line(0, 2, b"\0", b"\5", b"\0")
    yield line(0, 3, state * 3, bytes([32, *state[:4], 3, *state[:4]]), b"\40\0\0\0\0\3")
    yield line(0, 4, state * 2)
    yield line(0, 5, b"\0", b"\0")
    yield line(1, 7, client.octets()[::-1], bytes(60))
    yield line(1, 8, client.octets()[::-1], bytes([1, 2, 1, 0, 1, 0, 1, 0, 0, 65, 255]))
    yield line(1, 0, _BANK.octets()[::-1], state * 3)
    yield line(0, 9, *[_BANK.octets()[::-1]] * 50, state * 3)


# --- Text ----------------------------------------------------------------------------------------

_JSON = [MappingParameters.to_json(p) for p in EXTREMES.values()]


def _parameters(octets):
    """JSON of mapping parameters."""
    with suppress(V90Error):
        p = MappingParameters.from_json(octets.decode("utf-8", "replace"))
        assert MappingParameters.from_json(p.to_json()) == p
        assert p.average_power >= 0 and mapping_parameters(cp_fields(p)).rate == p.rate


def _given(octets):
    """The files of `v90 read` that say what was asked for: Ja, and mapping parameters."""
    with suppress(V90Error):
        dil(descriptor_of("ja", octets))
    try:
        values = json.loads(octets.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return
    with suppress(V90Error):
        for kind, p in parameters_given(values).items():
            assert p.type == kind


def _given_seeds():
    bits = "".join(map(str, DIL.build(**dil_request(79))))
    yield bits.encode()
    yield json.dumps({"ja": {"bits": bits}}).encode()
    yield json.dumps({"cpt": json.loads(_JSON[0]), "cp": json.loads(_JSON[3])}).encode()
    yield _JSON[0].encode()


#: All of them by name.
TARGETS = {
    "sequences": Target(_sequences, _sequence_seeds),
    "framing": Target(_framing, _framing_seeds),
    "digital": Target(_digital, _digital_seeds, guided=False),
    "hdlc": Target(_hdlc, _hdlc_seeds),
    "link": Target(_link, _link_seeds),
    "host": Target(_host, _host_seeds),
    "parameters": Target(_parameters, lambda: (one.encode() for one in _JSON)),
    "given": Target(_given, _given_seeds),
}


def corpus(name):
    """Inputs of a target that are kept, in the order of their names."""
    return [path.read_bytes() for path in sorted((CORPUS / name).glob("*"))]
