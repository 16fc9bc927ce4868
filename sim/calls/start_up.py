"""Calls with a start-up: phases 3 and 4, data, retrains and rate changes, cleardown.

The modems are given nothing: the analogue modem learns line and network and asks for a rate
(:mod:`golden.modem.analogue`). Hosts at both ends send again what does not arrive
(:mod:`sim.calls.host`).
"""

from dataclasses import replace

import numpy as np

from golden.errors import CallFailed
from golden.learning.learning import dil_request
from golden.modem.states import AnaloguePhase
from golden.pcm.parameters import FRAMES_A_SECOND, INTERVALS
from golden.receiver.timetable import Kind
from golden.receiver.training_levels import training_levels
from sim.calls import host, pcm
from sim.calls.outcome import Outcome
from sim.calls.reception import joined, taps_of
from sim.calls.session import Session

#: Seconds in which data must have begun.
SECONDS_TO_DATA = 30.0

#: A call is given up after so many times the time that its file takes at the lowest rate.
PATIENCE_FACTOR = 3.0

#: Lowest rate in bit/s.
_LOWEST_RATE = 28000

#: Bits that the digital modem has waiting: two pieces at the highest rate.
_AHEAD = 2 * 56000 * 0.048

#: Damaged frames without a good one after which data frames are taken to begin elsewhere: a slip.
_SLIPPED = 8

#: Data frames after the cleardown, for what is on its way.
_CLOSING_FRAMES = 192


class _Recorder:
    """A session of one call that keeps what goes over the line.

    The network's slips and its high-pass wait for the first octet of data: positions count from it.
    """

    def __init__(self, call, receiver):
        n = call.network
        self._late = {"slips": n.slips, "high_pass": n.high_pass, "high_pass_at": n.high_pass_at}
        calm = replace(n, slips=(), high_pass=None, high_pass_at=0)
        self.session = Session([replace(call, network=calm)], receiver=receiver)
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
        """Give the network its events; the piece given last holds the first octet of data."""
        first = next(one.first for one in modem.timeline if one.signal == "data") * INTERVALS
        late, self._late = self._late, None
        network.parameters = replace(
            network.parameters,
            high_pass=late["high_pass"],
            high_pass_at=late["high_pass_at"] + first,
            slips=tuple((at + first, change) for at, change in late["slips"]),
        )


class Ends:
    """The hosts at both ends of one line of a session; a file goes downstream.

    Call :meth:`before` and :meth:`after` around each piece.

    Members
    -------
    sender : :class:`~sim.calls.host.SendingHost`
    mine : :class:`~sim.calls.host.ReceivingHost`
    begun : int or None
        Data frame with which data were first sent.
    rates : list of (int, float)
        Data frame and bit/s of each beginning of data.
    in_data : bool
        The analogue modem is in data.
    """

    def __init__(self, session, line, data):
        self.session, self.line = session, line
        self.sender, self.mine = host.SendingHost(data), host.ReceivingHost()
        self.begun, self.rates, self.in_data = None, [], False
        self._answer = 0, False

    def before(self):
        """Give the digital modem frames where there are data to send them in."""
        digital, analogue = self.session.digital[self.line], self.session.analogue[self.line]
        if digital.in_data:
            if analogue.phase is AnaloguePhase.DATA:
                digital.send(self.sender.process(*self._answer, _AHEAD - digital.queued))
            self.begun = self.session.now if self.begun is None else self.begun

    def after(self):
        """Take what came; ask for a retrain if all frames come damaged."""
        analogue = self.session.analogue[self.line]
        now_in_data = analogue.phase is AnaloguePhase.DATA
        if now_in_data and not self.in_data:
            self.rates.append((self.session.now, float(analogue.reading.cp.rate)))
        self.in_data = now_in_data
        self._answer = self.mine.process(analogue.take())
        if self.mine.bad >= _SLIPPED and self.in_data and not self.mine.file.complete:
            self.mine.bad = 0
            analogue.retrain()


def _carry(call, data, receiver, show):
    """The ``Outcome`` of a call on one receiver; None is golden's."""
    recorder = _Recorder(call, receiver)
    session = recorder.session
    digital, analogue = session.digital[0], session.analogue[0]
    ends, whole = Ends(session, 0, data), None
    file = ends.mine.file
    seconds = SECONDS_TO_DATA + PATIENCE_FACTOR * len(data) * 8 / _LOWEST_RATE
    most = int(FRAMES_A_SECOND * seconds)
    while session.now < most and not digital.cleared:
        ends.before()
        session.step()
        ends.after()
        show(min(file.octets, len(data)), max(len(data), 1))
        if file.complete and whole is None and ends.in_data:
            whole = session.now
            analogue.cleardown()
    session.run(_CLOSING_FRAMES)
    decisions = joined(recorder.decisions)
    if ends.begun is None or not ends.rates:
        why = _why(session, decisions)
        raise CallFailed(f"the modems did not come to data: {why}")
    return Outcome(
        call=call,
        data=data,
        parameters=next(one.cp for one in reversed(analogue.readings) if one.cp),
        octets=np.concatenate(recorder.octets),
        samples=np.concatenate(recorder.samples),
        decisions=decisions,
        taps=taps_of(session.receiver) if receiver is None else None,
        timeline=digital.timeline,
        rates=ends.rates,
        lasted=((whole or session.now) - ends.begun) / FRAMES_A_SECOND,
        file=file,
        again=ends.sender.again,
        digital=digital,
        analogue=analogue,
    )


def _why(session, decisions):
    """The reason for which a call did not come to data."""
    digital, analogue = session.digital[0], session.analogue[0]
    kinds = [kind for _, kind in decisions.events]
    if Kind.DETECTED not in kinds:
        return "the receiver found no Sd"
    if Kind.TRAINED not in kinds:
        return "the receiver found Sd, but no taps that make TRN1d's symbols out"
    if digital.refused:
        return digital.refused
    trainings = len(analogue.readings)
    if not any(one.cp for one in analogue.readings):
        return f"in {trainings} trainings the line never bore the lowest rate of V.90 at its noise"
    return f"after {trainings} trainings the last was in {analogue.phase.name}"


def _demand_same(golden, gateware):
    for name in ("fine", "error", "ucode"):
        a, b = (getattr(one.decisions, name).reshape(-1) for one in (golden, gateware))
        pcm.demand_equal(a, b, name, INTERVALS)
    if golden.decisions.events != gateware.decisions.events:
        raise CallFailed("golden and gateware report different events")


def carry(call, data, engines):
    """Send a file (bytes) through a call with a start-up; return the ``Outcome``.

    Raises as :func:`sim.calls.call.run`.
    """

    def gateware(show):
        # Amaranth takes a while to load; golden calls need not wait for it.
        from sim.calls.gateware_receiver import AnalogueGateware

        receiver = AnalogueGateware(
            training_levels(call.u_info, call.law), descriptor=dil_request(call.u_info)
        )
        return _carry(call, data, receiver, show)

    return engines.run("call", lambda show: _carry(call, data, None, show), gateware, _demand_same)
