"""Growth of cost with channels, the equaliser's taps, look-ahead and a call's length.

Speeds of whole receivers and modems, and of the simulators, are here as well.
"""

import resource
import time
from contextlib import redirect_stdout
from io import StringIO

import numpy as np

from golden.learning.learning import dil_request
from golden.pcm.parameters import FRAMES_A_SECOND, INTERVALS, OCTET_RATE
from golden.receiver.receiver import Receiver
from golden.receiver.timing import SAMPLE_RATE
from golden.receiver.training_levels import training_levels
from hdl.pcm.csr import configuration_words
from sim.calls.design import USUAL_SNR, USUAL_U_INFO
from sim.calls.session import Session
from sim.engines.measuring import REAL_TIME, Timed, best, example, gateware_speed, times
from sim.engines.pattern import Pattern
from sim.figures import startup, trials
from sim.speeds.pcm import encoding, encoding_gateware

#: Numbers of channels of the encoder, golden and gateware.
GROWING, GROWING_GATEWARE = (1, 2, 4, 8, 16, 32, 64, 128), (1, 4, 16, 64)

#: Feed-forward and feedback taps.
TAP_COUNTS_GATEWARE = ((24, 12), (32, 16), (64, 32))
TAP_COUNTS = (*TAP_COUNTS_GATEWARE, (128, 64))

#: Seconds of line.
CALL_SECONDS = (1, 4, 16, 64)

#: Data frames of TRN1d on which receivers are measured: more than to the first taps.
_TRN1D = 1000

#: Seconds of a start-up: into data.
START_UP = 4.5

#: The line of receivers here, and TRN1d's levels on it.
GROWTH_LINE = "26awg-9kft"
GROWTH_LEVELS = training_levels(USUAL_U_INFO, trials.TRIAL_LAW)


def channels():
    """Encoder of 45 333 bit/s: ``(channels, golden, gateware or None)``, times real time in sum."""
    rows = []
    for n in GROWING:
        function, symbols = encoding("45333", n)
        golden = times(symbols, best(function).seconds)
        gateware = None
        if n in GROWING_GATEWARE:
            gateware = gateware_speed(encoding_gateware("45333", n))[0]
        rows.append((n, golden, gateware))
    return rows


def samples(frames=_TRN1D):
    """Samples of a call: silence, Sd, S-bar-d and so many data frames of TRN1d."""
    return trials.samples_of(GROWTH_LINE, trials.preamble(frames), USUAL_SNR)


def receiving(lines=1, *taps, given=None, repeats=2):
    """Times real time in sum of golden receivers side by side, in TRN1d or the samples ``given``.

    Raises :class:`AssertionError` if one makes no decisions, which would be quick.
    """
    row = samples() if given is None else given
    rows = trials.together([row] * lines)
    spent = best(
        lambda: Receiver(GROWTH_LEVELS, lines=lines, **_named(taps)).process(rows), repeats
    )
    if not all(len(decisions.number) for decisions in spent.result):
        raise AssertionError("a receiver that is measured did not train")
    return lines * len(row) / SAMPLE_RATE / spent.seconds


def _named(taps):
    return dict(zip(("forward", "feedback"), taps, strict=False))


def receiving_gateware(*taps):
    """The gateware's times real time, cycles a symbol and million cycles a second."""
    from sim.calls.gateware_receiver import ReceiverGateware

    row, engine = samples(), ReceiverGateware(*taps)
    spent = best(lambda: engine.process(row, GROWTH_LEVELS), 2)
    symbols = len(row) / SAMPLE_RATE * REAL_TIME
    rate = engine.cycles / spent.seconds / 1e6
    return times(symbols, spent.seconds), engine.cycles / symbols, rate


#: Receivers that take turns on one datapath, and their clock in Hz.
TURNS, TURNS_CLOCK = 8, 48e6


def receiving_in_turns():
    """Times real time in sum of receivers that take turns, at TURNS_CLOCK; Mcycle/s.

    They search for Sd; the cost of a cycle hardly depends on the work in it.
    """
    from hdl.receiver.receiver import Receivers
    from sim.engines.gateware import Gateware

    gateware = Gateware(Receivers(TURNS))
    cycles = 100_000
    count = int(cycles / (TURNS_CLOCK / SAMPLE_RATE) * TURNS)
    rng = np.random.default_rng(90)
    items = {"channel": np.arange(count) % TURNS, "sample": rng.integers(-8000, 8000, count)}
    idle = 1 - count / cycles
    spent = best(lambda: gateware.run({"i": items}, {}, cycles, idle=idle, partial=True).cycles, 2)
    rate = spent.result / spent.seconds
    return rate / TURNS_CLOCK * TURNS, rate / 1e6


def taps():
    """``(forward, feedback, golden, 64 in golden, gateware, its cycles a symbol)``."""
    rows = []
    for pair in TAP_COUNTS:
        gateware = receiving_gateware(*pair) if pair in TAP_COUNTS_GATEWARE else (None, None, None)
        rows.append((*pair, receiving(1, *pair), receiving(64, *pair, repeats=1), *gateware[:2]))
    return rows


def lengths():
    """``(seconds of line, encode Sr 0, encode Sr 1 ld 3, receive)``, golden, times real time."""
    rows = []
    for seconds in CALL_SECONDS:
        row, repeats = [seconds], 3 if seconds < 16 else 1
        for name in ("56000", "45333"):
            function, symbols = encoding(name, 1, seconds * OCTET_RATE // INTERVALS)
            row.append(times(symbols, best(function, repeats).seconds))
        line = np.resize(samples(), seconds * SAMPLE_RATE)
        row.append(receiving(given=line, repeats=1))
        rows.append(tuple(row))
    return rows


def start_up(lines, gateware=False):
    """Times real time in sum of whole start-ups side by side, by part.

    Parts: digital and analogue modem, network and line, all. ``gateware``: the analogue modem's
    receiver compiled, with one line.
    """
    ((*_, call),) = startup.start_ups((GROWTH_LINE,), ("A",), ("clean",), (USUAL_SNR,))
    receiver = None
    if gateware:
        from sim.calls.gateware_receiver import AnalogueGateware

        receiver = AnalogueGateware(
            training_levels(call.u_info, call.law), descriptor=dil_request(call.u_info)
        )
    session, timed = Session([call] * lines, receiver=receiver), Timed()
    bits = np.random.default_rng(90).integers(0, 2, 200_000, np.uint8)
    for modem in session.digital:
        modem.send(bits)
        timed.wrap("digital modem", modem, "frames")
        timed.wrap("digital modem", modem, "receive")
    for modem in session.analogue:
        timed.wrap("analogue modem", modem, "process")
    timed.wrap("analogue modem", session.receiver, "process")
    for parts in (session.network, session._line):
        for part in parts:
            timed.wrap("network and line", part, "process")
    timed.wrap("all", session, "run")
    session.run(int(START_UP * FRAMES_A_SECOND))
    if not all(modem.in_data for modem in session.digital):
        raise AssertionError("a start-up that is measured came to no data")
    return {
        part: times(lines * START_UP * OCTET_RATE, spent) for part, spent in timed.spent.items()
    }


# --- Simulators ----------------------------------------------------------------------------------

#: Rough cycles of a short and of a long run, by engine: the difference is without the start.
_RUNS = {"cxxrtl": (5000, 800_000), "verilator": (1000, 31_000), "icarus": (1000, 16_000)}

#: Rough cycles of a block's token.
_TOKEN = {"scrambler": 45, "shaper, Sr 1, ld 3": 210}


def _tokens(count):
    """Blocks, small and large, with as many tokens as inputs."""
    from hdl.bits.scrambler import Scrambler
    from hdl.pcm.shaper import Shaper

    rng, number = np.random.default_rng(90), np.arange(count)
    head = {"channel": 0 * number, "initialise": (number == 0).astype(int), "tag": 0 * number}
    scrambled = {**head, "count": 0 * number + 42, "data": rng.integers(0, 1 << 42, count)}
    words = np.array(configuration_words(example("45333"), commit=False))
    words = {
        "channel": 0 * words[:, 0],
        "half": 0 * words[:, 0],
        "address": words[:, 0],
        "data": words[:, 1],
    }
    shaped = {
        **head,
        "half": 0 * number,
        "active": 0 * number + 1,
        "signs": rng.integers(0, 1 << INTERVALS, count),
        "ucodes": rng.integers(0, 128, (count, INTERVALS)),
    }
    return {
        "scrambler": (Scrambler, {"i": scrambled}),
        "shaper, Sr 1, ld 3": (Shaper, {"i_configuration": words, "i": shaped}),
    }


def simulators():
    """``(block, engine, cycles a second, seconds to start)`` of blocks on all three engines.

    Neither compiling nor the start of :func:`sim.engines.compare.compare` counts.
    """
    rows = []
    for name, cycles in _TOKEN.items():
        for engine, counts in _RUNS.items():
            short, long = (_simulate(engine, *_tokens(count // cycles)[name]) for count in counts)
            rate = (long[0] - short[0]) / max(long[1] - short[1], 1e-9)
            rows.append((name, engine, rate, max(0.0, short[1] - short[0] / rate)))
    return rows


def _cores():
    """Seconds of a core that this process took, and those that it started and that ended."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + ended.ru_utime + ended.ru_stime


def _simulate(engine, make, inputs):
    """Cycles, and the least seconds of a core, simulator included, of three runs and a first."""
    from sim.engines.compare import compare
    from sim.engines.gateware import Gateware

    expected = Gateware(make()).run(inputs, {}, 10**7, drain=1000).outputs
    seconds = []
    for _ in range(4):
        begin = _cores()
        # It prints its patterns, for pytest.
        with redirect_stdout(StringIO()):
            (result,) = compare(
                make(),
                inputs,
                expected,
                engine=engine,
                cycles=10**7,
                patterns=[Pattern(0.0, 0.0, 1)],
            )
        seconds.append(_cores() - begin)
    return result.cycles, min(seconds)
