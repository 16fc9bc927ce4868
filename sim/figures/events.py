"""Slips, dropouts and bursts in data: does the receiver or the decoder notice them?"""

import numpy as np

from golden.bits.hdlc import Deframer, Framer
from golden.pcm import g711
from golden.pcm.decoder import Decoder
from golden.pcm.encoder import Encoder
from golden.pcm.parameters import INTERVALS, OCTET_RATE
from golden.receiver.receiver import Receiver
from golden.receiver.timetable import Kind
from sim.figures.bounds import DEVIATIONS_TO_BOUND
from sim.figures.data import constellation, levels_of, mapping, trained_snr
from sim.figures.row import Row, yes
from sim.figures.trials import (
    BEFORE_TRN1D,
    DATA_AT,
    FRAMES_A_SECOND,
    NOTICED,
    TRIAL_LAW,
    TRN1D_LEVELS,
    TRN1D_VALUE,
    events_text,
    preamble,
    samples_of,
    together,
    wrong_symbols,
)
from sim.world.network import Network

#: Events: hits of :class:`sim.world.conditions.Conditions`, or a slip in the network.
EVENT_HITS = {
    "slip, octet twice": {"slip": 1},
    "slip, octet lost": {"slip": -1},
    "dropout of 20 ms": {"gain_hits": ((0.0, 0.02, -np.inf),)},
    "impulses for 10 ms": {"impulses": ((0.0, 0.01, 10.0),)},
    "no signal from then on": {"gain_hits": ((0.0, 60.0, -np.inf),)},
}

#: Seconds from the first data to the event, and of data after it.
_EVENT_AT, _EVENT_AFTER = 0.5, 1.5

#: Octets of an HDLC frame in these calls.
_FRAME = 60

#: Samples that receiver and decoder take at a time: 20 ms.
_PIECE = 320

#: Data frames by which a hit may seem to come too early.
_AHEAD = 8


def _sets(deviation):
    """Six equal constellations, and six of which one is that of an interval with a robbed bit."""
    wide = 2 * DEVIATIONS_TO_BOUND * deviation * 10 ** (3 / 20)
    equal = constellation(wide)
    # A robbed bit of 1 leaves even Ucodes in A-law.
    return {
        "equal": (equal,) * INTERVALS,
        "one robbed": (equal,) * (INTERVALS - 1) + (constellation(wide, ucodes=range(0, 128, 2)),),
    }


def _framed(parameters, frames, rng):
    """HDLC frames, all different, that fill so many data frames; and their octets."""
    payloads = []
    framer, bits, room = Framer(), [], frames * parameters.data_bits
    while room > 0:
        payload = len(payloads).to_bytes(4, "big") + rng.bytes(_FRAME - 4)
        payloads.append(payload)
        bits.append(framer.process([payload]))
        room -= len(bits[-1])
    encoder = Encoder(parameters)
    encoder.fill(np.concatenate(bits))
    return payloads, encoder.frames(frames)


class _Listener:
    """Decodes a receiver's data frames one after the other, and notes what the decoder says."""

    def __init__(self, parameters):
        self._decoder, self._deframer = Decoder(parameters), Deframer()
        self.frames, self.complaint, self._turned = [], np.inf, False

    def process(self, decisions, first, last):
        """Take the data frames from ``first`` to before ``last``."""
        decoder, deframer = self._decoder, self._deframer
        for i in np.flatnonzero((decisions.number >= first) & (decisions.number < last)):
            octets = g711.octet(decisions.ucode[i], decisions.sign[i], TRIAL_LAW)
            begin = 0
            if decisions.first[i] and not self._turned:
                # After a turn, data frames begin where the interval is zero.
                self._turned = True
                decoder.change(decoder.parameters)
                begin = INTERVALS - int(decisions.first[i])
            before = decoder.illegal + decoder.overflows + deframer.bad
            bits = decoder.process(octets[begin:])
            if len(bits):
                self.frames += deframer.process(bits)
            after = decoder.illegal + decoder.overflows + deframer.bad
            if after > before:
                self.complaint = min(self.complaint, int(decisions.number[i]))


def events(names=("codec", "26awg-12kft", "tap-18kft"), kinds=EVENT_HITS):
    """Slips, a dropout, a burst: detected within 50 ms, then recovered or lost, nothing forged.

    Each comes twice: with equal constellations, where only the decoder can see a slip, and with
    another one in an interval whose bit is robbed. Data are HDLC frames at a rate that leaves 3 dB.
    The receiver turns once a slip is detected, and must deliver frames again.
    """
    cases = [
        _Event(name, title, intervals, what, dict(kinds[what]))
        for name, snr in zip(names, trained_snr(names), strict=True)
        for title, intervals in _sets(TRN1D_VALUE * 10 ** (-snr / 20)).items()
        for what in kinds
    ]
    samples = together([case.samples for case in cases])
    levels = [levels_of(case.intervals) for case in cases]
    receiver = Receiver(TRN1D_LEVELS, levels, DATA_AT, lines=len(cases))
    for begin in range(0, samples.shape[1], _PIECE):
        decisions = receiver.process(samples[:, begin : begin + _PIECE])
        for k, case in enumerate(cases):
            if (turn := case.process(decisions[k])) is not None:
                receiver.turn(turn, k)
    return [case.row() for case in cases]


class _Event:
    """A call with an event in its data, and the reports of receiver and decoder."""

    def __init__(self, name, title, intervals, what, hits):
        self.name, self.title, self.what, self.intervals = name, title, what, intervals
        frames = int((_EVENT_AT + _EVENT_AFTER) * FRAMES_A_SECOND)
        parameters = mapping(intervals)
        self._payloads, self._octets = _framed(parameters, frames, np.random.default_rng(92))
        sent = np.concatenate([preamble(DATA_AT), self._octets])
        at = BEFORE_TRN1D + INTERVALS * DATA_AT + int(_EVENT_AT * OCTET_RATE) + 2
        self._slip = hits.pop("slip", 0)
        if self._slip:
            sent = Network(slips=((at, self._slip),)).process(sent)
        self.samples = samples_of(name, sent, at=at, **hits)
        # Hits are of samples, some of which the equaliser needs before it decides.
        self._moment = (at - BEFORE_TRN1D) // INTERVALS - _AHEAD * (not self._slip)
        self._last = DATA_AT + frames - 4
        self._listener, self._noticed = _Listener(parameters), []
        self._wrong, self._good, self._seen = [], [], np.inf

    def process(self, decisions):
        """Take a piece; return how to turn the receiver, once, when something is noticed."""
        mine = [event for event in decisions.events if self._moment <= event[0] < self._last]
        self._noticed += mine
        self._listener.process(decisions, DATA_AT, self._last)
        self._wrong.append(wrong_symbols(decisions, self._octets, DATA_AT))
        at = decisions.number - DATA_AT
        self._good.append(decisions.good[(at >= 0) & (at < len(self._octets) // INTERVALS)])
        if self._seen < np.inf:
            return None
        told = [number for number, kind in mine if kind in NOTICED]
        self._seen = min([*told, self._listener.complaint])
        # A host would try all intervals; which one is right is known here.
        return -self._slip if self._seen < np.inf else None

    def row(self):
        wrong, good = np.concatenate(self._wrong) > 0, np.concatenate(self._good)
        begin = self._moment - DATA_AT
        hit = self._moment
        if not self._slip and wrong[begin:].any():
            hit += int(np.flatnonzero(wrong[begin:])[0])
        frames, known = self._listener.frames, set(self._payloads)
        forged = sum(frame not in known for frame in frames)
        # The last frames are cut off by the call's end.
        back = bool(set(frames[-3:]) & set(self._payloads[-8:]))
        told = [number for number, kind in self._noticed if kind in NOTICED]
        gone = any(kind is Kind.GIVEN_UP for _, kind in self._noticed)
        after = (self._seen - hit) / FRAMES_A_SECOND * 1000

        def when(number):
            return (number - hit) / FRAMES_A_SECOND * 1000 if number < np.inf else "-"

        return Row(
            self.name,
            {
                "intervals": self.title,
                "event": self.what,
                "receiver ms": when(min(told, default=np.inf)),
                "decoder ms": when(self._listener.complaint),
                "unflagged": "-" if self._slip else int(np.count_nonzero(wrong & good)),
                "HDLC lost": len(known - set(frames)),
                "forged": forged,
                "back": yes(back),
                "events": events_text(self._noticed, hit),
            },
            after <= 50 and (back or gone) and not forged,
        )
