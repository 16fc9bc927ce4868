"""`v90 board DEVICE`: what a board's host link is for."""

import argparse
import sys
import time
from contextlib import contextmanager, suppress

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from boards.host import bank
from boards.host import client as receiver
from boards.host.link import BAUD, Board, Link, open_port
from golden.errors import CallFailed, V90Error
from golden.ports.link import Top
from golden.receiver.timetable import Kind, State
from sim.calls.description import GIVEN_TRN1D, check_given_training
from sim.calls.design import USUAL_U_INFO
from sim.files import check_output, read_file, read_parameters, write_file
from sim.terminal import Parser, progress
from sim.world import wav

#: The DEVICE that is no device: the gateware of a bank, simulated.
SIMULATED = "sim"

#: Seconds between two looks at what changes.
_REFRESH = 0.2

#: Most seconds that an option takes: a week.
MOST_SECONDS = 7 * 24 * 3600

#: Names of tops for a person.
TOP_NAMES = {
    Top.ENCODERS: "bank of encoders on a PCM highway",
    Top.SIGNALS: "bank of signal generators on a PCM highway",
    Top.RECEIVER: "analogue receiver",
}


def _seconds(text):
    """An option's seconds: a time that there is, and that ends."""
    value = float(text)
    if not 0 <= value <= MOST_SECONDS:
        raise ValueError
    return value


_seconds.__name__ = "number of seconds"


def parser(device="DEVICE"):
    """The argument parser of what follows `v90 board DEVICE`."""
    top = Parser(
        prog=f"v90 board {device}",
        description="DEVICE is a board's serial port, or sim: the same gateware, simulated.",
    )
    top.add_argument("--baud", type=int, default=BAUD, metavar="BIT/S", help=f"default: {BAUD}")
    top.add_argument(
        "--channels", type=int, metavar="N", help="of the simulated bank, 1 to 24 (default: 2)"
    )
    top.add_argument(
        "--codec",
        type=int,
        metavar="HZ",
        help="simulate a client with a codec of 48000 or 32000 samples a second, no bank",
    )
    actions = top.add_subparsers(dest="action", required=True, metavar="ACTION")

    def action(name, function, text):
        sub = actions.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")
        sub.set_defaults(function=function)
        return sub

    action("info", info, "print what the board is, and the state of its link")
    action("selftest", selftest, "test the board through its link; exit status 1 where it fails")
    sub = action("send", send, "send a file on a channel of a bank: B1d, then V.42 frames")
    sub.add_argument("file", metavar="FILE", help="- is stdin")
    sub.add_argument("--parameters", required=True, metavar="P.json", help="mapping parameters")
    sub.add_argument("--channel", type=int, default=0, metavar="N", help="default: 0")
    sub.add_argument(
        "-o", "--output", metavar="LINE", help="of the simulated board: its octets on the highway"
    )
    sub.add_argument("--force", action="store_true", help="overwrite what exists")
    sub = action("receive", receive, "receive a file after Sd and TRN1d, as `v90 call` sends it")
    sub.add_argument("-o", "--output", required=True, metavar="FILE")
    sub.add_argument("--force", action="store_true", help="overwrite what exists")
    sub.add_argument("--parameters", required=True, metavar="P.json", help="mapping parameters")
    sub.add_argument(
        "--training-symbols",
        type=int,
        default=GIVEN_TRN1D,
        metavar="N",
        help=f"of TRN1d (default: {GIVEN_TRN1D})",
    )
    sub.add_argument(
        "--u-info",
        type=int,
        default=USUAL_U_INFO,
        metavar="UCODE",
        help=f"of TRN1d (default: {USUAL_U_INFO})",
    )
    sub.add_argument(
        "--seconds",
        type=_seconds,
        default=30.0,
        metavar="S",
        help="without a frame of the file or an event, after which to end (default: 30)",
    )
    sub.add_argument("--recording", metavar="X.wav", help="what the simulated board is to hear")
    sub = action("watch", watch, "show the channels' state, again and again")
    sub.add_argument("--seconds", type=_seconds, metavar="S", help="end then (default: at Ctrl-C)")
    sub.add_argument(
        "--parameters", metavar="P.json", help="of a receiver's data, for their rate and the SNR"
    )
    sub.add_argument(
        "--u-info",
        type=int,
        default=USUAL_U_INFO,
        metavar="UCODE",
        help=f"of a receiver's TRN1d (default: {USUAL_U_INFO})",
    )
    return top


def options(sub):
    """The options of `v90 board`; what follows ACTION has a parser of its own."""
    sub.add_argument("device", metavar="DEVICE", help="a serial port, or sim")
    sub.add_argument(
        "action",
        metavar="ACTION ...",
        nargs=argparse.REMAINDER,
        help="info, selftest, send, receive or watch; `v90 board DEVICE --help` says more",
    )


def run(arguments):
    """`v90 board`"""
    act(arguments.device, arguments.action)


def act(device, words):
    """`v90 board DEVICE WORDS`; raises :class:`~golden.errors.V90Error`."""
    arguments = parser(device).parse_args(words)
    for name in ("channels", "codec"):
        if getattr(arguments, name) is not None and device != SIMULATED:
            raise V90Error(f"--{name} is for the simulated board")
    if arguments.channels is not None and arguments.codec is not None:
        raise V90Error("--channels is for a simulated bank, and --codec for a client")
    receives = arguments.function is receive
    if getattr(arguments, "output", None) is not None:
        if device != SIMULATED and not receives:
            raise V90Error("-o is for the simulated board: a real one's octets are on its highway")
        check_output(arguments.output, arguments.force)
    if receives and (arguments.recording is None) == (device == SIMULATED):
        raise V90Error("--recording is what the simulated board is to hear, and only that")
    with _board(device, arguments) as (board, simulated):
        arguments.function(board, simulated, arguments)


@contextmanager
def _board(device, arguments):
    """The :class:`Board`, and the simulated one where it is that."""
    if device != SIMULATED:
        with open_port(device, arguments.baud) as port:
            yield Board(Link(port)), None
        return
    from boards.host.simulated import SimulatedBoard, SimulatedClient, SimulatedReceiver

    channels = 2 if arguments.channels is None else arguments.channels
    with progress("compiling the gateware"):
        if arguments.codec is not None:
            simulated = SimulatedClient(arguments.codec)
        elif arguments.function is receive:
            simulated = SimulatedReceiver()
        else:
            simulated = SimulatedBoard(channels)
    with simulated, open_port(simulated.device) as port:
        yield Board(Link(port)), simulated


def info(board, simulated, arguments):
    """`v90 board DEVICE info`"""
    what = board.information
    receives = what.top == Top.RECEIVER
    # For the link's statistics.
    if receives:
        receiver.state(board)
    else:
        board.states()
    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    rows = {
        "top": TOP_NAMES[what.top],
        "blocks": what.text,
        "channels": None if receives else what.channels,
        "queues": f"{what.queue} octets each" if what.queue else None,
        "highway": {32: "E1, 32 slots", 24: "T1, 24 slots"}.get(what.slots),
        "clock": f"{what.clock / 1e6:g} MHz",
        "link": f"version {what.version}, {what.baud} bit/s, {_traffic(board)}",
    }
    for name, value in rows.items():
        if value:
            table.add_row(name, Text(str(value)))
    Console().print(table)


def _traffic(board):
    s = board.link.statistics
    return f"{s.requests} requests, {s.again} sent again, {s.spoilt} answers spoilt"


def selftest(board, simulated, arguments):
    """`v90 board DEVICE selftest`"""

    def report(what, passed, text):
        print(f"{'pass' if passed else 'FAIL'}  {what}: {text}")

    if not bank.selftest(board, report):
        raise CallFailed("the board failed its self-test")


def send(board, simulated, arguments):
    """`v90 board DEVICE send FILE`"""
    p = read_parameters(arguments.parameters)
    content = read_file(arguments.file)
    begun = time.monotonic()
    with progress("sending") as show:
        octets = bank.send(board, {arguments.channel: (content, p)}, show)
    text = f"{len(content)} octets at {float(p.rate):.0f} bit/s sent on channel {arguments.channel}"
    text += f" in {time.monotonic() - begun:.1f} s, as {octets[arguments.channel]} octets of data"
    if simulated:
        wanted = bank.expected(content, p)
        sent = _sent(simulated, arguments.channel)
        at = bank.on_the_highway(sent, wanted)
        if arguments.output:
            line = sent[at : at + len(wanted)].astype("uint8").tobytes()
            write_file(arguments.output, line, arguments.force)
        text += f"; {len(wanted)} octets on the simulated highway, equal to golden"
    print(f"{text} ({_traffic(board)})", file=sys.stderr)


def _sent(simulated, channel, frames=120, patience=60.0):
    """Octets of a channel, once those that were on their way have come, so many frames later.

    Raises :class:`~golden.errors.CallFailed` if the frames take more than ``patience`` seconds.
    """
    end, until = simulated.frames + frames, time.monotonic() + patience
    while simulated.frames < end and simulated.error is None:
        if time.monotonic() > until:
            raise CallFailed(
                f"the simulated board needs more than {patience:g} s for {frames} frames"
            )
        time.sleep(0.01)
    return simulated.octets(channel)


def receive(board, simulated, arguments):
    """`v90 board DEVICE receive`"""
    p = read_parameters(arguments.parameters)
    check_given_training(arguments.u_info, arguments.training_symbols)
    samples = None
    if simulated:
        recording = read_file(arguments.recording)
        samples = wav.read(recording, arguments.recording, simulated.rate, simulated.bits)
    receiver.configure(board, p, arguments.u_info, arguments.training_symbols)
    over = None
    if simulated:
        simulated.play(samples)
        over = _since(lambda: simulated.playing, 1.0)
    view = _receiver_view(p, arguments.u_info)
    with _live(lambda: view(board, {}), Console(stderr=True)) as show:
        reception = receiver.receive(board, arguments.seconds, lambda reception: show(), over)
    last, levels = receiver.state(board), receiver.levels_of(p, arguments.u_info)
    kinds = [kind for kind, _ in reception.events]
    if Kind.DETECTED not in kinds:
        raise CallFailed("the receiver found no Sd")
    data = reception.file.file()
    write_file(arguments.output, data, arguments.force)
    text = f"{len(data)} octets in {reception.file.frames} frames received at "
    text += f"{float(p.rate):.0f} bit/s, SNR {receiver.snr(last, levels)}"
    print(f"{text} ({_traffic(board)})", file=sys.stderr)


def _since(busy, seconds):
    """A function that says whether ``busy()`` has been false for so many seconds."""
    last = time.monotonic()

    def over():
        nonlocal last
        if busy():
            last = time.monotonic()
        return time.monotonic() > last + seconds

    return over


def watch(board, simulated, arguments):
    """`v90 board DEVICE watch`"""
    end = None if arguments.seconds is None else time.monotonic() + arguments.seconds
    view = _view
    if board.information.top == Top.RECEIVER:
        p = arguments.parameters and read_parameters(arguments.parameters)
        view = _receiver_view(p, arguments.u_info)
    elif arguments.parameters:
        raise V90Error("--parameters is for a receiver: a bank's channels each have their own")
    # Where nobody sees it change, once is enough.
    console, before = Console(), {}
    if not console.is_terminal:
        console.print(view(board, before))
        return
    with suppress(KeyboardInterrupt), _live(lambda: view(board, before), console) as show:
        # Ctrl-C is how it ends.
        while end is None or time.monotonic() < end:
            time.sleep(_REFRESH)
            show()


@contextmanager
def _live(view, console):
    """Give a function that shows ``view()`` where it was, but not too often, on a terminal."""
    if not console.is_terminal:
        yield lambda: None
        return
    shown = time.monotonic()
    with Live(view(), console=console, auto_refresh=False) as live:

        def show():
            nonlocal shown
            if time.monotonic() >= shown + _REFRESH:
                live.update(view(), refresh=True)
                shown = time.monotonic()

        yield show


def _receiver_view(parameters, u_info):
    """A function that makes a receiver's numbers a table; ``parameters`` of its data, or None."""
    levels = parameters and receiver.levels_of(parameters, u_info)

    def view(board, before):
        state = receiver.state(board)
        table = Table(title=TOP_NAMES[Top.RECEIVER], show_header=False)
        rows = {
            "state": State(state["state"]).name.lower() + (", TRN1d" if state["training"] else ""),
            "data frame": str(state["number"]),
            "rate": parameters and f"{float(parameters.rate):.0f} bit/s",
            "SNR": levels and receiver.snr(state, levels),
            "clock": f"{state['step'] / 2**32 * 1e6:.1f} ppm",
            "errors": receiver.errors(state),
            "queue": Text("data were lost", "red") if state["lost"] else "nothing lost",
        }
        for name, value in rows.items():
            if value:
                table.add_row(name, value)
        return Group(table, Text(f"link: {_traffic(board)}"))

    return view


def _view(board, before):
    """The channels' states as a table; ``before``: those of the last time, which it keeps."""
    what, states = board.information, board.states()
    table = Table(title=TOP_NAMES[what.top])
    for heading in ("channel", "queue", "octets", "underruns", "since before"):
        table.add_column(heading, justify="left" if heading == "queue" else "right")
    for channel, state in states.items():
        fill = what.queue - state.room
        bar = round(20 * fill / max(1, what.queue))
        more = state.underruns - before.get(channel, state.underruns)
        table.add_row(
            str(channel),
            Text("\u2588" * bar + "\u2591" * (20 - bar)),
            str(fill),
            str(state.underruns),
            Text(f"+{more}", "yellow") if more else "",
        )
        before[channel] = state.underruns
    late = any(state.late for state in states.values())
    highway = Text("highway: an octet was late", "red") if late else Text("highway: in time")
    return Group(table, highway, Text(f"link: {_traffic(board)}"))
