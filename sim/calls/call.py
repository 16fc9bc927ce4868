"""A file through a simulated call: encoder, network, line, and the analogue modem's receiver.

Downstream there are Sd and S-bar-d (8.4.4), TRN1d (8.4.5), and, instead of the rest of the
start-up, data at once: B1d and V.42 frames by the encoder of clause 5.4, which starts on the data
frame after TRN1d's last. Both ends know the mapping parameters; :mod:`sim.calls.connection` has
calls in which they are found.
"""

import time
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import numpy as np

from golden.errors import V90Error
from golden.learning import constellations
from golden.pcm import g711
from golden.pcm.parameters import INTERVALS, MappingParameters
from golden.receiver.detection import SdDetector
from golden.receiver.slicer import FINE, Levels
from golden.receiver.timetable import SKIPPED, SOLVING, TRAINED
from golden.signals.training import ABOVE, SD, SD_BAR, sd, trn1d
from sim.calls import design, pcm, transfer
from sim.calls.reception import Reception, aside, receive
from sim.world.line import OCTETS, SAMPLES, Conditions
from sim.world.network import Network, NetworkParameters

#: U_INFO that calls have: near the power that data may have, and W of Sd exists.
U_INFO = 79

#: Symbols of TRN1d as a rule, and the fewest: then the taps are there, five data frames before.
TRN1D, LEAST_TRN1D = 8040, INTERVALS * (SKIPPED + TRAINED + SOLVING + 5)

#: Octets of Ucode 0 before Sd, a multiple of 6, so that data frames begin with the network's.
SILENCE = 798

#: Power in dB below full scale to which the A/D's gain brings TRN1d, and the A/D's bits.
LEVEL, BITS = -20.0, 16

#: Data frames of ones behind the file: what is in the line and the receiver must come out.
TAIL = 24


@contextmanager
def quiet(what):
    """A phase that shows nothing; see :attr:`Engines.phase`."""
    yield lambda done, total: None


@dataclass(frozen=True)
class Engines:
    """What a call runs on.

    Fields: ``gateware``, the compiled gateware and not golden; ``check``, both, which must be
    equal; ``phase(name)``, a context manager that gives ``show(done, total)``.
    """

    gateware: bool = False
    check: bool = False
    phase: object = quiet

    def run(self, what, golden, gateware, check):
        """Run one or both; ``check(a, b)`` raises where the results differ."""
        results = []
        if not self.gateware or self.check:
            with self.phase(what) as show:
                results.append(golden(show))
        if self.gateware or self.check:
            with self.phase(f"{what}, gateware") as show:
                results.append(gateware(show))
        if self.check:
            check(*results)
        return results[0]


@dataclass(frozen=True)
class Call:
    """What a call is.

    Parameters
    ----------
    parameters : :class:`~golden.pcm.parameters.MappingParameters`
        Of data; their law is the digital modem's, and so that of the network's input.
    line : str
        Name of a line.
    conditions : :class:`~sim.world.line.Conditions`
        Noise refers to TRN1d at the A/D; ``power``, ``gain``, ``level`` and ``bits`` are the
        call's own.
    network : :class:`~sim.world.network.NetworkParameters`
        Positions count from the first octet of data; ``law`` is the call's.
    u_info : int
        Ucode of TRN1d (8.4.5); W of Sd is 16 more.
    trn1d : int
        Symbols of it.
    """

    parameters: MappingParameters
    line: str = "codec"
    conditions: Conditions = Conditions(snr=45)
    network: NetworkParameters = NetworkParameters()
    u_info: int = U_INFO
    trn1d: int = TRN1D

    def __post_init__(self):
        check_training(self.u_info, self.trn1d)
        if self.conditions.seed < 0:
            raise V90Error(f"the seed is a whole number from 0, not {self.conditions.seed}")
        if self.network.law != self.law:
            object.__setattr__(self, "network", replace(self.network, law=self.law))

    @property
    def law(self):
        """Of the digital modem."""
        return self.parameters.law

    @property
    def opening(self):
        """Octets before the data."""
        parts = [
            (np.zeros(SILENCE, np.uint8), np.ones(SILENCE, np.uint8)),
            sd(self.u_info),
            trn1d(self.u_info, self.trn1d),
        ]
        return np.concatenate([g711.octet(*part, self.law) for part in parts])

    @property
    def start(self):
        """Data frame, counted from TRN1d's first, with which data begin."""
        return self.trn1d // INTERVALS

    def line_of(self):
        """The :class:`~sim.world.line.Line` with the call's conditions, at the A/D's level."""
        return design.line_at(self.line, self.network, self.conditions, self.u_info, LEVEL, BITS)

    def network_of(self):
        """The :class:`~sim.world.network.Network` with its positions moved behind the opening."""
        n, before = self.network, SILENCE + (SD + SD_BAR) * INTERVALS + self.trn1d
        slips = tuple((at + before, what) for at, what in n.slips)
        return Network(replace(n, slips=slips, high_pass_at=n.high_pass_at + before))

    def samples(self, octets):
        """Samples of the A/D (int64 within 16 bits) for octets that begin with the opening."""
        samples = self.line_of().process(self.network_of().process(octets))
        return np.rint(samples * (1 << (BITS - 1))).astype(np.int64)


def check_u_info(u_info):
    """Return U_INFO; raise :class:`~golden.errors.V90Error` unless there is an Sd for it."""
    if not 1 <= u_info < 128 - ABOVE:
        raise V90Error(f"U_INFO is 1 to {127 - ABOVE}, not {u_info}")
    return u_info


def check_training(u_info, symbols):
    """Raise :class:`~golden.errors.V90Error` unless Sd and TRN1d can be."""
    check_u_info(u_info)
    if symbols % INTERVALS or symbols < LEAST_TRN1D:
        raise V90Error(f"TRN1d is {LEAST_TRN1D} symbols or more, a multiple of 6, not {symbols}")


# --- The call ------------------------------------------------------------------------------------


@dataclass
class Outcome:
    """What a call was and what became of it.

    Fields: ``call``; ``parameters``; ``arrived``, what :func:`sim.calls.design.arrivals` gave;
    ``levels`` of the data; ``octets``, all
    that were sent; ``frames``, data frames of the file, from B1d on; ``samples``; ``data`` and
    ``back``, the file sent and received (None: it did not arrive); ``failure``, a sentence or None;
    ``reception``; ``seconds``, the time that it took.
    """

    call: Call
    parameters: MappingParameters
    arrived: tuple
    levels: Levels
    octets: np.ndarray
    frames: int
    samples: np.ndarray
    data: bytes
    reception: Reception
    back: bytes | None = None
    failure: str | None = None
    seconds: float = 0.0
    source: np.ndarray = field(init=False, repr=False)

    def __post_init__(self):
        # Which octet sent is behind each one that left the network.
        times = np.ones(len(self.octets), np.int64)
        for at, what in self.call.network_of().parameters.slips:
            if at < len(times):
                times[at] += what
        self.source = np.repeat(np.arange(len(times)), times)

    @property
    def first(self):
        """Index of TRN1d's first octet."""
        return SILENCE + (SD + SD_BAR) * INTERVALS

    def _sent(self, symbols):
        """Indices of the octets sent for symbols from TRN1d's first on, and which are there."""
        index = self.first + symbols
        known = index < len(self.source)
        return self.source[np.minimum(index, len(self.source) - 1)], known

    def errors(self):
        """Soft value less the level sent, PCM values (float64, ``(n, 6)``, a row a data frame).

        It is NaN where nothing was sent.
        """
        d = self.reception.decisions
        index, known = self._sent(INTERVALS * d.number[:, None] + np.arange(INTERVALS))
        level = design.arriving(self.call.network, self.octets)
        sent = np.where(g711.sign(self.octets) == 1, level, -level)[index]
        return np.where(known, d.fine / (1 << FINE) - sent, np.nan)

    @property
    def in_data(self):
        """Rows of decisions that are of the file's data frames."""
        number = self.reception.decisions.number - self.call.start
        return (number >= 0) & (number < self.frames)

    def deviations(self):
        """Standard deviations (PCM values, ``(6,)``) of soft values of the file by interval.

        They are NaN where the receiver gave up before there were any.
        """
        errors = self.errors()[self.in_data]
        if not len(errors):
            return np.full(INTERVALS, np.nan)
        return np.sqrt(np.nanmean(errors**2, axis=0))

    def wrong(self):
        """Symbols decided wrong, and how many were compared, over the file's data frames."""
        wrong = total = 0
        for at, octets in self.reception.stretches:
            index, known = self._sent(self.call.trn1d + at + np.arange(len(octets)))
            known &= index < self.first + self.call.trn1d + self.frames * INTERVALS
            wrong += int(np.count_nonzero((octets != self.octets[index])[known]))
            total += int(np.count_nonzero(known))
        return wrong, total


def run(call, data, engines=Engines()):
    """Send a file (bytes) through a call; return the :class:`Outcome`.

    Raises :class:`~golden.errors.V90Error` where there can be no such call, and
    :class:`~golden.errors.CallFailed` where it does not come to data, or golden and gateware
    differ. A file that does not arrive is a failure in the outcome.
    """
    began = time.perf_counter()
    arrived = design.arrivals(call.network)
    training = design.training_levels(arrived, call.u_info)
    p = call.parameters
    levels = constellations.data_levels(arrived, p)
    bits = transfer.file_bits(data, p.data_bits)
    frames = len(bits) // p.data_bits
    bits = np.concatenate([bits, np.ones(TAIL * p.data_bits, np.uint8)])
    sent = engines.run(
        "encoding",
        lambda show: pcm.encode(p, bits, show),
        lambda show: pcm.encode_gateware(p, bits, show),
        lambda a, b: pcm.demand_equal(a, b, "octet", INTERVALS),
    )
    octets = np.concatenate([call.opening, sent])
    with engines.phase("network and line"):
        samples = call.samples(octets)
    reception = receive(samples, training, levels, p, call.start, engines)
    outcome = Outcome(call, p, arrived, levels, octets, frames, samples, data, reception)
    try:
        outcome.back = reception.file.file()
        if outcome.back != data:
            outcome.failure = "the file that arrived is another one"
    except V90Error as error:
        outcome.failure = f"{error}{aside(reception)}"
    outcome.seconds = time.perf_counter() - began
    return outcome


# --- Samples from elsewhere ----------------------------------------------------------------------


def receive_recording(samples, parameters, u_info=U_INFO, symbols=TRN1D, engines=Engines()):
    """:class:`Reception` of a recording (int64 within 16 bits, 16 kHz) of an analogue line.

    Levels are those of Table 1 in the law of the parameters. Raises
    :class:`~golden.errors.V90Error` for a recording that is too short or holds no Sd.
    """
    check_training(u_info, symbols)
    frames = SD + SD_BAR + symbols // INTERVALS + 48
    least = frames * INTERVALS / OCTETS
    if len(samples) < least * SAMPLES:
        raise V90Error(
            f"the recording is too short: {len(samples) / SAMPLES:.2f} s, and Sd, TRN1d and B1d "
            f"take {least:.2f} s"
        )
    if SdDetector().process(samples) is None:
        raise V90Error("the recording holds no Sd")
    arrived = design.arrivals(NetworkParameters(law=parameters.law))
    training = design.training_levels(arrived, u_info)
    data = constellations.data_levels(arrived, parameters)
    return receive(samples, training, data, parameters, symbols // INTERVALS, engines)
