"""Files and tests through a bank's host link: what `v90 board` does there."""

import time

import numpy as np

from boards.host.link import whole_octets
from golden.errors import CallFailed
from golden.pcm.encoder import B1D_FRAMES
from golden.pcm.parameters import DELAY_FRAMES, INTERVALS, MappingParameters
from golden.ports import link as sections
from golden.ports.link import Top
from golden.signals.generator import Command, Generator, Signal
from sim.calls import transfer

#: Of a board that sends a channel's file, before its first data frame.
_SILENCE = Command(Signal.SILENCE, repeat=True, now=True)


def commands_of(parameters):
    """Commands to a channel of a bank of generators: B1d, then data."""
    return [
        Command(Signal.B1D, B1D_FRAMES, value=parameters),
        Command(Signal.DATA, repeat=True),
    ]


def bits_of(data, parameters, top):
    """Data bits for a file: without B1d where that is a signal of its own."""
    d = parameters.data_bits
    bits = transfer.file_bits(data, d)
    return bits[B1D_FRAMES * d :] if top == Top.SIGNALS else bits


def send(board, files, progress=lambda done, total: None):
    """Send files, each on a channel of its own: ``{channel: (bytes, parameters)}``.

    Ends when they have left the queues. Returns the octets of data given.

    Raises :class:`~golden.errors.CallFailed` where data came too late, so that ones were sent in
    a file's midst, or the board takes none.
    """
    board.demand_bank()
    top = board.information.top
    data = {}
    for channel, (content, p) in files.items():
        board.check_channel(channel)
        data[channel] = whole_octets(bits_of(content, p, top), p.data_bits).tobytes()
    queue = board.information.queue
    # What a queue holds is there before the first data frame asks for it.
    board.stream({channel: octets[:queue] for channel, octets in data.items()})
    for channel, (_, p) in files.items():
        if top == Top.SIGNALS:
            for command in commands_of(p):
                board.command(channel, command, p.law)
        else:
            board.configure(channel, p)
    late = board.stream(
        {channel: octets[queue:] for channel, octets in data.items()}, progress, empty=False
    )
    board.drain(list(files))
    for channel, (_, p) in files.items():
        if top == Top.SIGNALS:
            board.command(channel, _SILENCE, p.law)
    if any(late.values()):
        channel = max(late, key=late.get)
        raise CallFailed(
            f"data came too late for {late[channel]} data frames on channel {channel}, which were "
            "sent as ones in the file's midst: a lower rate, or a higher baud, keeps up"
        )
    return {channel: len(octets) for channel, octets in data.items()}


def expected(content, parameters):
    """Octets that golden sends for a file on a channel of a bank of generators, B1d and on."""
    p = parameters
    generator = Generator(p.law)
    for command in commands_of(p):
        generator.give(command)
    octets = whole_octets(bits_of(content, p, Top.SIGNALS), p.data_bits)
    bits = np.unpackbits(octets, bitorder="little")
    generator.fill(bits)
    frames = B1D_FRAMES + len(bits) // p.data_bits
    return generator.process(DELAY_FRAMES + frames)[DELAY_FRAMES * INTERVALS :]


def on_the_highway(octets, wanted):
    """Where ``wanted`` is in a channel's octets: the place of its first one.

    Raises :class:`~golden.errors.CallFailed` where it is not there.
    """
    octets = np.asarray(octets, np.uint8).tobytes()
    at = octets.find(np.asarray(wanted, np.uint8).tobytes())
    if at < 0:
        raise CallFailed("what came out on the highway is not what golden sends for the file")
    return at


#: Mapping parameters of the self-test: 32000 bit/s, so that a data frame is three octets.
TEST = MappingParameters(
    type="CP",
    drn=4,
    sr=0,
    ld=0,
    law="A",
    a1=0,
    a2=0,
    b1=0,
    b2=0,
    interval_constellation=(0,) * INTERVALS,
    constellations=(tuple(range(60, 68)),),
)

#: Data frames of DATA without data, which the self-test counts as underruns.
_WANTING = 5

#: Requests with which the link is tested.
_REQUESTS = 50


def selftest(board, report, seed=0, patience=5.0):
    """Test a bank through its link, all channels at once; they send nothing else meanwhile.

    ``report(what, passed, text)`` is called for each test, ``text`` being short. What takes
    longer than ``patience`` s has failed. Returns whether all passed.
    """
    passed = True

    def check(what, holds, text):
        nonlocal passed
        passed &= bool(holds)
        report(what, bool(holds), text)
        return holds

    board.demand_bank()
    information, link, rng = board.information, board.link, np.random.default_rng(seed)
    whole = information.octets()[::-1]
    wrong = sum(link.ask(sections.info()) != whole for _ in range(_REQUESTS))
    check("link", not wrong, f"{_REQUESTS} requests, {link.statistics.again} sent again")

    frame = TEST.data_bits // 8
    before = board.states()
    empty = all(state.room == information.queue for state in before.values())
    if not check("queues empty", empty, f"{information.queue} octets each"):
        return passed
    # Of each channel another number of data frames, as many as there is room for.
    most = information.queue // frame
    frames = {channel: 1 + channel % most for channel in before}
    board.stream({c: rng.bytes(frame * count) for c, count in frames.items()})
    rooms = {channel: state.room for channel, state in board.states().items()}
    right = [rooms[c] == information.queue - frame * count for c, count in frames.items()]
    check("queues filled", all(right), f"{sum(right)} of {len(right)} report their room")
    try:
        for channel, count in frames.items():
            if information.top == Top.SIGNALS:
                for command in (
                    Command(Signal.B1D, value=TEST),
                    Command(Signal.DATA, count + _WANTING),
                ):
                    board.command(channel, command, TEST.law, patience)
            else:
                board.configure(channel, TEST, patience)
        check("words taken", True, f"by {len(frames)} channels")
        board.drain(list(frames), patience)
        check("data sent", True, "all queues are empty again")
    except CallFailed as error:
        check("data sent", False, str(error))
        return passed
    counts = _underruns(board, before, patience)
    if information.top == Top.SIGNALS:
        right = [count == _WANTING for count in counts.values()]
    else:
        right = [count >= _WANTING for count in counts.values()]
    check("underruns", all(right), f"{sum(right)} of {len(right)} channels count {_WANTING}")
    late = any(state.late for state in board.states([0]).values())
    check("highway", not late, "an octet was late" if late else "no octet was late")
    return passed


def _underruns(board, before, patience):
    """Underruns of all channels since ``before``, once all have _WANTING, or after so many s."""
    until = time.monotonic() + patience
    while True:
        counts = {c: s.underruns - before[c].underruns for c, s in board.states().items()}
        if min(counts.values()) >= _WANTING or time.monotonic() > until:
            return counts
