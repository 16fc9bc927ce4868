"""Self-test of a chip with both modems and a line: the signals sent, and a report on them.

It sends a training with Sd, S-bar-d and TRN1d (8.4.4, 8.4.5), then data that are all ones. The
scrambler makes them look random (5.3), and every zero received is an error. There is no host. The
tables that a host would compute are made here.
"""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from golden.bits.scrambler import GPC, Descrambler
from golden.errors import V90Error
from golden.pcm import g711
from golden.pcm.decoder import Decoder
from golden.pcm.encoder import B1D_FRAMES
from golden.pcm.parameters import INTERVALS, MappingParameters, rate
from golden.ports.emulator import LineEmulator
from golden.ports.report import Decibels, Field, FieldKind, Reporter, error_power
from golden.receiver.decisions import Decisions
from golden.receiver.equalizer import FEEDBACK, FORWARD
from golden.receiver.receiver import Receiver
from golden.receiver.slicer import FINE, Levels
from golden.receiver.timetable import SKIPPED, SOLVING, TRAINED
from golden.signals.generator import Command, Signal
from golden.signals.training import ABOVE, SD, SD_BAR

#: U_INFO, and data frames of TRN1d, in which both solutions of the receiver are ready.
SELFTEST_U_INFO, SELFTEST_TRN1D = 79, 1340

#: Data frames of silence before Sd; and data frames that do not count, at the beginning of data, or
#: of the decided part of TRN1d where there are no data.
SILENCE_FRAMES, ASIDE = 133, B1D_FRAMES

#: Data frames of TRN1d at least: taps are there by then.
LEAST_TRN1D_FRAMES = SKIPPED + TRAINED + SOLVING + 5


class Text(IntEnum):
    """Kind of a report."""

    SEARCHING = 0
    TRAINING = 1
    TRN1D = 2
    DATA = 3


class Value(IntEnum):
    """Values of a report."""

    BITS = 0
    ERRORS = 1
    TENTHS = 2
    STEP = 3


def templates(parameters):
    """Texts of reports; without mapping parameters, data are TRN1d, a bit a symbol."""
    bits_per_second = int(rate(INTERVALS if parameters is None else parameters.data_bits))
    snr = "SNR ", Field(Value.TENTHS, FieldKind.TENTHS), " dB, "
    clock = "clock ", Field(Value.STEP, FieldKind.OFFSET), " ppm\r\n"
    errors = Field(Value.ERRORS), " errors in ", Field(Value.BITS), " bits, "
    return (
        ("no signal\r\n",),
        ("training\r\n",),
        ("TRN1d, ", *snr, *clock),
        (f"{bits_per_second} bit/s, ", *snr, *errors, *clock),
    )


def commands(parameters, u_info=SELFTEST_U_INFO, trn1d=SELFTEST_TRN1D):
    """Commands for a :class:`golden.signals.generator.Generator`, given again and again."""
    data = (
        []
        if parameters is None
        else [
            Command(Signal.B1D, B1D_FRAMES, value=parameters),
            Command(Signal.DATA, repeat=True),
        ]
    )
    return [
        Command(Signal.SILENCE, SILENCE_FRAMES, now=True),
        Command(Signal.SD, SD, value=u_info),
        Command(Signal.SD_BAR, SD_BAR, value=u_info),
        Command(Signal.TRN1D, trn1d, repeat=not data, value=u_info),
        *data,
    ]


def levels(parameters, law, u_info=SELFTEST_U_INFO):
    """The receiver's :class:`~golden.receiver.slicer.Levels` of TRN1d, and of data or None."""

    def of(intervals):
        return Levels(
            tuple(tuple(int(x) for x in g711.linear(np.array(row), law)) for row in intervals),
            tuple(tuple(row) for row in intervals),
        )

    return of([[u_info]] * INTERVALS), None if parameters is None else of(parameters.intervals)


def check(parameters, law, u_info, trn1d):
    """Raise :class:`~golden.errors.V90Error` unless there can be such a self-test."""
    g711.check_law(law)
    if parameters is not None and parameters.law != law:
        raise V90Error(
            f"mapping parameters for {parameters.law}-law are no use on a {law}-law line"
        )
    if not 1 <= u_info < 128 - ABOVE:
        raise V90Error(f"U_INFO is 1 to {127 - ABOVE}, not {u_info}")
    if not LEAST_TRN1D_FRAMES <= trn1d < 1 << 16:
        raise V90Error(f"TRN1d is {LEAST_TRN1D_FRAMES} to 65535 data frames, not {trn1d}")


@dataclass(frozen=True)
class Plan:
    """Signals, levels and reports of a self-test, as :func:`plan` makes them.

    Fields
    ------
    law : str
    parameters : of data; None: data are TRN1d
    u_info : int
    trn1d : data frames of TRN1d
    commands : of the signal generator
    training, data : the receiver's levels of TRN1d, and of data or None
    texts : of reports, by :class:`Text`
    power : of TRN1d, as :class:`golden.ports.report.Decibels` takes it
    """

    law: str
    parameters: MappingParameters | None
    u_info: int
    trn1d: int
    commands: tuple
    training: Levels
    data: Levels | None
    texts: tuple
    power: float


def plan(law, parameters=None, u_info=SELFTEST_U_INFO, trn1d=SELFTEST_TRN1D):
    """The :class:`Plan` of a self-test.

    Raises :class:`~golden.errors.V90Error` for mapping parameters of the other law, and for a
    U_INFO or a TRN1d that cannot be.
    """
    check(parameters, law, u_info, trn1d)
    training, data = levels(parameters, law, u_info)
    return Plan(
        law,
        parameters,
        u_info,
        trn1d,
        tuple(commands(parameters, u_info, trn1d)),
        training,
        data,
        templates(parameters),
        error_power(training.values[0][0], FINE, INTERVALS),
    )


@dataclass
class SelftestResult:
    """Outcome of a self-test.

    Fields
    ------
    samples : of the line
    decisions : of the receiver
    bits : uint8 ``(n, D)``, of the data frames that were decoded
    first : index of the first of those among the data frames decided
    """

    samples: np.ndarray
    decisions: Decisions
    bits: np.ndarray
    first: int


class Selftest:
    """A line, a receiver and reports, for one training: octets in, counted errors out.

    ``process(octets)``: uint8, from a silence before Sd on; returns a :class:`SelftestResult`.
    ``line(outcome, index)`` is a report on it.

    Parameters: ``response`` of the line; ``plan``, a :class:`Plan`; ``ppm``, ``snr``, those of
    :class:`golden.ports.emulator.LineEmulator`; ``forward``, ``feedback``, taps of the receiver.
    """

    def __init__(self, response, plan, ppm=0.0, snr=None, forward=FORWARD, feedback=FEEDBACK):
        self.plan = plan
        self._line = LineEmulator(response, plan.law, ppm, snr)
        self._receiver = Receiver(
            plan.training, plan.data, plan.trn1d, forward=forward, feedback=feedback
        )
        self._reporter = Reporter(plan.texts)
        self._decibels = Decibels(plan.power)

    def process(self, octets):
        """See the class."""
        self._line.reset()
        self._receiver.reset()
        samples = self._line.process(octets)
        decided = self._receiver.process(samples)
        if self.plan.parameters is None:
            bits = Descrambler(GPC).process(decided.sign.reshape(-1)).reshape(-1, INTERVALS)
            return SelftestResult(samples, decided, bits, 0)
        law, parameters = self.plan.law, self.plan.parameters
        first = int(np.searchsorted(decided.number, self.plan.trn1d))
        coded = g711.octet(decided.ucode[first:], decided.sign[first:], law).reshape(-1)
        bits = Decoder(parameters).process(coded)
        return SelftestResult(samples, decided, bits.reshape(-1, parameters.data_bits), first)

    def line(self, outcome, index):
        """The report (bytes) after data frame ``index`` of the decisions.

        It counts the data frames before, which are decoded by then. The receiver has synchronism.
        """
        decided = outcome.decisions
        counted = outcome.bits[ASIDE : max(ASIDE, index - outcome.first)]
        values = {
            Value.BITS: counted.size,
            Value.ERRORS: counted.size - int(counted.sum()),
            Value.TENTHS: self._decibels.process(decided.quality[index].sum()),
            Value.STEP: decided.step[index],
        }
        text = Text.DATA if index >= outcome.first else Text.TRN1D
        return self._reporter.process(text, values)
