"""A file through a whole simulated call: phases 3 and 4, data, whatever it takes, cleardown.

Nobody is told anything: the analogue modem learns line and network and asks for a rate
(:mod:`golden.modem.analogue`); hosts send again what does not arrive (:mod:`sim.calls.host`).
"""

import time
from dataclasses import dataclass, replace

import numpy as np

from golden.errors import CallFailed, V90Error
from golden.learning.learning import dil_request
from golden.modem.states import AnaloguePhase
from golden.pcm.parameters import FRAME_RATE
from golden.receiver.timetable import Kind
from golden.receiver.training_levels import training_levels
from sim.calls import host, pcm
from sim.calls.call import Engines
from sim.calls.reception import Taps, joined, taps_of
from sim.calls.session import Session, Setting

#: Seconds in which data must have begun, and those for each second that the file takes at the
#: lowest rate, beyond which a call is given up.
START, PATIENCE = 30.0, 3.0

#: Bits that the digital modem has waiting, in pieces of the highest rate.
_AHEAD = 2 * 56000 * 0.048

#: Damaged frames without a good one that tell of data frames that begin elsewhere: a slip.
_SLIPPED = 8

#: Golden, without a word.
ENGINES = Engines()

#: Data frames behind the cleardown, for what is on its way.
_TAIL = 192


@dataclass
class Outcome:
    """What a call was and what became of it.

    Fields: ``setting``; ``data`` and ``back``, the file sent and received (None: it did not
    arrive); ``failure``, a sentence or None; ``session``; ``octets`` sent and ``samples`` received;
    ``decisions``, of all trainings; ``taps`` at the end (None where only gateware ran); ``begun``,
    data frame with which data first were sent, or None; ``lasted``, seconds of data until the file
    was whole; ``again``, frames sent more than once; ``file``; ``rates``, pairs of the data frame
    and bit/s, from each beginning of data; ``seconds``, the time that it took.
    """

    setting: Setting
    data: bytes
    session: Session
    octets: np.ndarray
    samples: np.ndarray
    decisions: object
    taps: Taps | None
    begun: int | None
    lasted: float
    again: int
    file: object
    rates: list
    back: bytes | None = None
    failure: str | None = None
    seconds: float = 0.0

    @property
    def analogue(self):
        """The analogue modem."""
        return self.session.analogue[0]

    @property
    def parameters(self):
        """Mapping parameters of the last CP."""
        return next(one.cp for one in reversed(self.analogue.readings) if one.cp)

    @property
    def digital(self):
        """The digital modem."""
        return self.session.digital[0]


class _Recorder:
    """A session of one call that keeps what went over the line, and moves the network's events."""

    def __init__(self, setting, receiver):
        n = setting.network
        self._late = {"slips": n.slips, "high_pass": n.high_pass, "high_pass_at": n.high_pass_at}
        calm = replace(n, slips=(), high_pass=None, high_pass_at=0)
        self.session = Session([replace(setting, network=calm)], receiver=receiver)
        self.octets, self.samples, self.decisions = [], [], []
        network, modem = self.session.network[0], self.session.digital[0]
        heard, sent = self.session.receiver.process, modem.frames

        def listen(rows):
            found = heard(rows)
            self.samples.append(rows[0])
            self.decisions.append(found[0])
            return found

        def say(frames):
            octets = sent(frames)
            self.octets.append(octets)
            if self._late and modem.in_data:
                self._disturb(network, modem)
            return octets

        self.session.receiver.process, modem.frames = listen, say

    def _disturb(self, network, modem):
        """Positions count from the first octet of data, which is in the piece given last."""
        first = next(one.first for one in modem.timeline if one.signal == "data") * 6
        late, self._late = self._late, None
        network.parameters = replace(
            network.parameters,
            high_pass=late["high_pass"],
            high_pass_at=late["high_pass_at"] + first,
            slips=tuple((at + first, what) for at, what in late["slips"]),
        )


class Ends:
    """The hosts at both ends of one line of a session, with a file that goes downstream.

    :meth:`before` and :meth:`after` each piece; ``mine``: the :class:`~sim.calls.host.Receiver`;
    ``sender``; ``begun``, ``rates``: as those of :class:`Outcome`; ``in_data``: whether the
    analogue modem is in data.
    """

    def __init__(self, session, line, data):
        self.session, self.line = session, line
        self.sender, self.mine = host.Sender(data), host.Receiver()
        self.begun, self.rates, self.in_data = None, [], False
        self._told = 0, False

    def before(self):
        """Give the digital modem frames where there are data to send them in."""
        digital, analogue = self.session.digital[self.line], self.session.analogue[self.line]
        if digital.in_data:
            if analogue.phase is AnaloguePhase.DATA:
                digital.send(self.sender.process(*self._told, _AHEAD - digital.queued))
            self.begun = self.session.now if self.begun is None else self.begun

    def after(self):
        """Take what came; ask for a retrain where frames only come damaged."""
        analogue = self.session.analogue[self.line]
        now_in_data = analogue.phase is AnaloguePhase.DATA
        if now_in_data and not self.in_data:
            self.rates.append((self.session.now, float(analogue.reading.cp.rate)))
        self.in_data = now_in_data
        self._told = self.mine.process(analogue.take())
        if self.mine.bad >= _SLIPPED and self.in_data and not self.mine.file.complete:
            self.mine.bad = 0
            analogue.retrain()


def _carry(setting, data, receiver, show):
    """:class:`Outcome` of a call on one receiver, None: golden's."""
    recorder = _Recorder(setting, receiver)
    session = recorder.session
    digital, analogue = session.digital[0], session.analogue[0]
    ends, whole = Ends(session, 0, data), None
    mine, sender = ends.mine, ends.sender
    most = int(FRAME_RATE * (START + PATIENCE * len(data) * 8 / 28000))
    while session.now < most and not digital.cleared:
        ends.before()
        session.step()
        ends.after()
        show(min(mine.file.octets, len(data)), max(len(data), 1))
        if mine.file.complete and whole is None and ends.in_data:
            whole = session.now
            analogue.cleardown()
    session.run(_TAIL)
    begun, rates = ends.begun, ends.rates
    lasted = ((whole or session.now) - begun) / FRAME_RATE if begun is not None else 0.0
    outcome = Outcome(
        setting,
        data,
        session,
        np.concatenate(recorder.octets),
        np.concatenate(recorder.samples),
        joined(recorder.decisions),
        taps_of(session.receiver) if receiver is None else None,
        begun,
        lasted,
        sender.again,
        mine.file,
        rates,
    )
    if begun is None or not rates:
        raise CallFailed(f"the modems did not come to data: {_why(outcome)}")
    try:
        outcome.back = mine.file.file()
        if outcome.back != data:
            outcome.failure = "the file that arrived is another one"
    except V90Error as error:
        outcome.failure = str(error)
    return outcome


def _why(outcome):
    """What kept a call from data."""
    kinds = [kind for _, kind in outcome.decisions.events]
    if Kind.DETECTED not in kinds:
        return "the receiver found no Sd"
    if Kind.TRAINED not in kinds:
        return "the receiver found Sd, but no taps that make TRN1d's symbols out"
    if outcome.digital.refused:
        return outcome.digital.refused
    trainings = len(outcome.analogue.readings)
    if not any(one.cp for one in outcome.analogue.readings):
        return f"in {trainings} trainings the line never bore the lowest rate of V.90 at its noise"
    return f"after {trainings} trainings the last was in {outcome.analogue.phase.name}"


def _demand_same(golden, gateware):
    for name in ("fine", "error", "ucode"):
        a, b = (getattr(one.decisions, name).reshape(-1) for one in (golden, gateware))
        pcm.demand_equal(a, b, name, 6)
    if golden.decisions.events != gateware.decisions.events:
        raise CallFailed("golden and gateware tell of different events")


def run(setting, data, engines=ENGINES):
    """Send a file (bytes) through a call of that :class:`~sim.calls.session.Setting`.

    Positions in the network count from the first octet of data. Returns the :class:`Outcome`; a
    file that does not arrive is a failure in it. Raises :class:`~golden.errors.CallFailed` where
    the modems do not come to data, or golden and gateware differ.
    """
    began = time.perf_counter()

    def gateware(show):
        # Amaranth takes a while to load, which golden calls need not wait for.
        from sim.calls.gateware_receiver import AnalogueGateware

        receiver = AnalogueGateware(
            training_levels(setting.u_info, setting.law), descriptor=dil_request(setting.u_info)
        )
        return _carry(setting, data, receiver, show)

    outcome = engines.run(
        "call", lambda show: _carry(setting, data, None, show), gateware, _demand_same
    )
    outcome.seconds = time.perf_counter() - began
    return outcome
