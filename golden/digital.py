"""The digital modem through phases 3 and 4 and data, downstream (9.3.1, 9.4.1, 9.5.1, 9.6.1/V.90).

A state is a signal; each is a generator of pieces of whole data frames, and asks at every boundary
at which the clauses let it end whether what it waits for has come.
"""

from collections import deque
from dataclasses import dataclass, replace
from enum import Enum

import numpy as np

from golden import g711, training
from golden.constellations import at_codec
from golden.encoder import B1D_FRAMES, Encoder
from golden.errors import V90Error
from golden.framing import ED_FRAMES
from golden.parameters import INTERVALS, TYPES
from golden.sequences import CP, DIL, JD, JD_END, MP, mapping_parameters

#: Data frames a second.
FRAMES = 8000 / INTERVALS

#: Rates of Jd, 28 000 to 56 000 bit/s.
ALL_RATES = (1 << 22) - 1

#: Least data frames of Ri (192T), Rd and Rt (384T): 9.4.1.1, 9.6.1.
RI_FRAMES, RD_FRAMES = 32, 64

#: Timeouts in data frames: S after TRN1d's start (9.3.1.5), B1 (9.4.1) and E (9.6.1), to which
#: round trips add; and DIL, for which the client has the 5000 ms of 9.3.2.10.
_S_TIME, _B1_TIME, _E_TIME, _DIL_TIME = (int(s * FRAMES) for s in (5.1, 15.0, 5.0, 5.1))

#: Data frames of silence before a retrain (70 ms, 9.5.1).
_SILENCE = 93

#: MP's fields unless told: type 0, 33 600 bit/s, all rates.
_MP = {"type": 0, "drn": 14, "trellis": 0, "nonlinear": 0, "shaping": 0, "upstream_rates": 0x1FFF}


class Upstream(Enum):
    """What crosses the return path. ``S_BAR`` is the transition from S to S-bar."""

    SILENCE = "silence"
    S = "S"
    S_BAR = "S-bar"
    JA = "Ja"
    SCR = "SCR"
    CP = "CP"
    E = "E"
    B1 = "B1"
    TONE_A = "Tone A"


@dataclass
class Sent:
    """A signal sent: its name in V.90, its first data frame from the modem's first, its length."""

    signal: str
    first: int
    frames: int = 0


class _Retrain(Exception):
    pass


class _Cleared(Exception):
    pass


def renegotiated(cpt, cp):
    """Mapping parameters of TRN2d, MP and Ed in a rate renegotiation (8.6).

    CPt's constellations and K with the shaping of the data mode before.
    """
    offset = TYPES["CPt"][0]
    drn = cpt.k + INTERVALS - cp.sr - offset
    return replace(
        cpt, drn=drn, sr=cp.sr, ld=cp.ld, a1=cp.a1, a2=cp.a2, b1=cp.b1, b2=cp.b2
    )  # fmt: skip


class DigitalModem:
    """One digital modem; Ja, CPt and CP say what it sends.

    Parameters
    ----------
    law : str
    u_info : int
        Of INFO1a.
    power, at_codec
        Of INFO0d: limit of the average power in dBm0, and whether it counts at the codec's output.
    rates : int
        Of Jd: bit i is 28 000 + i * 8000 / 6 bit/s.
    look_ahead : int
        Of Jd, 1 to 3.
    trn1d, trn2d : int
        Symbols of TRN1d and the least of TRN2d, multiples of 6, at least 2040.
    mp : dict, optional
        Fields of MP that differ from the usual.
    wait : int
        Data frames between Ja and Sd.
    round_trip : float
        In s, which timeouts add.

    ``receive(upstream, bits)``: something has come, with a whole Ja or CP its bits (uint8).
    ``send(bits)`` queues data. ``frames(count)`` gives the octets (uint8, ``(6 count,)``).
    ``timeline`` lists what was sent (:class:`Sent`). ``in_data``, ``cleared``; ``parameters``, the
    data's; ``cpt``; ``refused``: why a CP was not taken, or None.
    """

    def __init__(
        self, law="A", u_info=79, power=-12.0, at_codec=True, rates=ALL_RATES, look_ahead=3,
        trn1d=2040, mp=None, wait=0, trn2d=2040, round_trip=0.0,
    ):  # fmt: skip
        g711.check_law(law)
        for name, symbols in (("TRN1d", trn1d), ("TRN2d", trn2d)):
            if symbols % INTERVALS or symbols < 2040:
                raise V90Error(f"{name} is 2040 symbols or more, a multiple of 6, not {symbols}")
        self.law, self.u_info, self.power, self.at_codec = law, u_info, power, at_codec
        self.jd = {"rates": rates, "training": 1, "renegotiation": 1, "look_ahead": look_ahead}
        JD.build(**self.jd)
        self.trn1d, self.trn2d, self.wait = trn1d // INTERVALS, trn2d // INTERVALS, wait
        self.mp = {**_MP, **(mp or {})}
        self.round_trip = int(np.ceil(round_trip * FRAMES))
        self.timeline, self.refused = [], None
        self.in_data = self.cleared = False
        self.parameters = self.cpt = None
        self._data = np.zeros(0, np.uint8)
        self._events, self._asked, self._clearing = deque(), None, False
        self._now = 0
        self._ready, self._signals = np.zeros(0, np.uint8), self._whole()

    # --- Ports ------------------------------------------------------------------------------------

    def receive(self, upstream, bits=None):
        """See the class; what cannot be parsed is not there."""
        if upstream is Upstream.JA:
            bits = DIL.parse(bits)
        elif upstream is Upstream.CP:
            bits = CP.parse(bits)
        if bits is not None or upstream not in (Upstream.JA, Upstream.CP):
            self._events.append((upstream, bits))

    def send(self, bits):
        """Queue data bits (uint8)."""
        self._data = np.concatenate([self._data, np.asarray(bits, np.uint8)])

    @property
    def queued(self):
        """Data bits that were not sent yet."""
        return len(self._data)

    def renegotiate(self):
        """Start a rate renegotiation (9.6.1.1)."""
        self._asked = self._asked or "renegotiation"

    def retrain(self):
        """Start a retrain (9.5.1.1)."""
        self._asked = "retrain"

    def cleardown(self):
        """End the call (9.7)."""
        self._clearing = True
        self.renegotiate()

    def frames(self, count):
        """See the class."""
        need, parts = count * INTERVALS, [self._ready]
        have = len(self._ready)
        while have < need:
            piece = next(self._signals)
            self._now += len(piece) // INTERVALS
            parts.append(piece)
            have += len(piece)
        octets = np.concatenate(parts)
        self._ready = octets[need:]
        return octets[:need]

    # --- Signals ----------------------------------------------------------------------------------

    def _name(self, signal):
        self.timeline.append(Sent(signal, self._now))

    def _octets(self, symbols):
        """A piece of given Ucodes and signs."""
        self.timeline[-1].frames += len(symbols[0]) // INTERVALS
        return g711.octet(*symbols, self.law)

    def _came(self, *wanted):
        """Whether one of these came; those before it are dropped. The last one's bits."""
        if any(event is Upstream.TONE_A for event, _ in self._events):
            raise _Retrain
        if self._asked == "retrain":
            raise _Retrain
        found = None
        while any(event in wanted for event, _ in self._events):
            event, bits = self._events.popleft()
            if event in wanted:
                found = event, bits
        return found

    def _whole(self):
        """All that is ever sent."""
        while True:
            try:
                yield from self._training()
                while True:
                    yield from self._data_mode()
                    yield from self._renegotiation()
            except _Retrain:
                self._events = deque(
                    one for one in self._events if one[0] is not Upstream.TONE_A
                )
                self._asked, self.in_data = None, False
                yield from self._silent(_SILENCE)
            except _Cleared:
                self.cleared, self.in_data = True, False
                break
        self._name("silence")
        while True:
            yield self._silence()

    def _silence(self):
        return self._octets((np.zeros(6, np.uint8), np.tile(np.array([0, 1], np.uint8), 3)))

    def _silent(self, frames):
        self._name("silence")
        for _ in range(frames):
            yield self._silence()

    def _until(self, *wanted, timeout=None):
        """Silence until one of these comes."""
        self._name("silence")
        begin = self._now
        while (found := self._came(*wanted)) is None:
            if timeout is not None and self._now - begin > timeout:
                raise _Retrain
            yield self._silence()
        return found

    def _r(self, name, ucodes, least):
        """R of ``least`` data frames, or until something comes; then R-bar (8.6.4)."""
        self._name(f"R{name}")
        symbols, signs = training.r(ucodes, 1)
        done = 0
        while done < least:
            yield self._octets((symbols[:6], signs[:6]))
            done += 1

    def _r_bar(self, name, ucodes):
        self._name(f"R-bar-{name}")
        symbols, signs = training.r(ucodes, 0)
        yield self._octets((symbols, signs))

    # --- Phase 3 (9.3.1) --------------------------------------------------------------------------

    def _training(self):
        yield from self._until(Upstream.S)
        yield from self._until(Upstream.S_BAR)
        _, descriptor = yield from self._until(Upstream.JA)
        self._started = self._now
        yield from self._silent(self.wait)
        symbols, signs = training.sd(self.u_info)
        self._name("Sd")
        yield self._octets((symbols[: 6 * training.SD], signs[: 6 * training.SD]))
        self._name("S-bar-d")
        yield self._octets((symbols[6 * training.SD :], signs[6 * training.SD :]))
        self._name("TRN1d")
        began = self._now
        symbols, signs = training.trn1d(self.u_info, INTERVALS * self.trn1d)
        yield self._octets((symbols, signs))
        yield from self._jd(signs, began)
        if descriptor["segments"]:
            yield from self._dil(descriptor)
        else:
            self._came(Upstream.S, Upstream.S_BAR)
        yield from self._phase4()

    def _jd(self, before, began):
        """Jd until S, and Jd' behind it: one scrambler and one differential encoder."""
        self._name("Jd")
        one = JD.build(**self.jd)
        bits = np.zeros(0, np.uint8)

        def more(new):
            nonlocal bits
            bits = np.concatenate([bits, new])
            symbols = training.after_trn1d(self.u_info, bits, before)
            return self._octets(tuple(part[-len(new) :] for part in symbols))

        while True:
            yield more(one)
            if self._came(Upstream.S):
                break
            if self._now - began > _S_TIME + self.round_trip:
                raise _Retrain
        self._name("Jd'")
        yield more(np.zeros(JD_END, np.uint8))

    def _dil(self, descriptor):
        """DIL, segment after segment, until S-bar (8.4.1, 9.3.1.6)."""
        self._name("DIL")
        began = self._now
        ends = np.cumsum(training.dil_lengths(descriptor))
        ucodes, signs = training.dil(descriptor)
        while True:
            for begin, end in zip([0, *ends[:-1]], ends, strict=True):
                yield self._octets((ucodes[begin:end], signs[begin:end]))
                if self._came(Upstream.S_BAR):
                    return
                if self._now - began > _DIL_TIME + self.round_trip:
                    raise _Retrain

    # --- Phase 4 (9.4.1) --------------------------------------------------------------------------

    def _phase4(self):
        self._name("Ri")
        done, cpt = 0, None
        while cpt is None or done < RI_FRAMES:
            symbols, signs = training.r(self.u_info, 1)
            yield self._octets((symbols[:6], signs[:6]))
            done += 1
            cpt = cpt or self._cp(0)
            self._late(self._started, _B1_TIME, 5)
        self.cpt = cpt[1]
        yield from self._r_bar("i", self.u_info)
        yield from self._exchange(self.cpt, self.trn2d)

    def _late(self, began, time, trips):
        if self._now - began > time + trips * self.round_trip:
            raise _Retrain

    def _cp(self, kind):
        """``(fields, mapping parameters)`` of the CP (kind 1) or CPt (0) that came, or None."""
        found = self._came(Upstream.CP)
        if found is None or found[1]["type"] != kind:
            return None
        fields = found[1]
        if fields["drn"] == 0 or fields["silence"]:
            return fields, None
        try:
            # The law of CP is that of the client's codec, which a network may have changed.
            p = mapping_parameters(fields).with_law(self.law)
            self._demand(fields, p)
        except V90Error as error:
            self.refused = str(error)
            return fields, None
        return fields, p

    def _demand(self, fields, p):
        if p.ld > self.jd["look_ahead"]:
            raise V90Error(f"look-ahead of {p.ld} data frames was not offered")
        if p.type == "CP" and not self.jd["rates"] >> (p.data_bits - 21) & 1:
            raise V90Error(f"{int(p.rate)} bit/s was not offered")
        counted = p
        if self.at_codec and fields["codec_differs"]:
            # What CP says of the codec's output is all that is known here of it.
            words = np.zeros((INTERVALS, 128), np.int64)
            for i, index in enumerate(fields["interval_constellation"]):
                mask = fields["codec_constellations"][index]
                there = [u for u in range(128) if mask >> u & 1]
                if len(there) != len(p.intervals[i]):
                    raise V90Error("the codec's constellations have other sizes than those sent")
                words[i, list(p.intervals[i])] = there
            counted = at_codec(p, words, "A" if fields["law"] else "mu")
        if counted.exceeds(self.power):
            raise V90Error(
                f"the average power of {p.type}'s constellations is above {self.power:g} dBm0"
            )

    def _coded(self, encoder, frames, bits=None):
        """Octets of an encoder for so many data frames of its own."""
        if bits is not None:
            encoder.fill(bits)
        self.timeline[-1].frames += frames
        return encoder.frames(frames)

    def _exchange(self, p, trn2d, silent=False):
        """TRN2d, MP, Ed (9.4.1.2 to 9.4.1.4, 9.6.1.2.3), then B1d and its parameters."""
        encoder, began = Encoder(p), self._now
        taken = accepted = acknowledged = None
        if trn2d:
            self._name("TRN2d")
        for _ in range(trn2d):
            yield self._coded(encoder, 1)
            taken = self._cp(1) or taken
        while True:
            self._late(began, _E_TIME if self.parameters else _B1_TIME, 2)
            if taken is not None:
                fields, accepted = taken
                if accepted is None and not fields["silence"]:
                    self._clearing = self._clearing or fields["drn"] != 0
            ends = acknowledged and (
                accepted is not None or self._clearing or bool(taken and taken[0]["silence"])
            )
            if taken is not None and taken[0]["drn"] == 0:
                ends = True
            if ends:
                break
            acknowledge = int(taken is not None)
            name = "MP'" if acknowledge else "MP"
            if self.timeline[-1].signal != name:
                self._name(name)
            values = {**self.mp, "acknowledge": acknowledge}
            if self._clearing:
                values["drn"] = 0
            mp = MP.build(p.data_bits, **values)
            yield self._coded(encoder, len(mp) // p.data_bits, mp)
            sent = acknowledge
            found = self._came(Upstream.E)
            if sent and (found or (taken and taken[0]["acknowledge"])):
                acknowledged = True
            taken = self._cp(1) or taken
            if sent and taken[0]["acknowledge"]:
                acknowledged = True
        self._name("Ed")
        yield self._coded(encoder, ED_FRAMES, np.zeros(ED_FRAMES * p.data_bits, np.uint8))
        pending = encoder.flush()
        if len(pending):
            yield pending
        if taken is not None and taken[0]["silence"] and not self._clearing:
            yield from self._pause(p)
            return
        if accepted is None:
            raise _Cleared
        self.parameters = accepted

    def _pause(self, p):
        """Silence that CPs asked for, until a CP without (9.6.1.2.5, 9.6.1.2.6)."""
        self._name("silence")
        began = self._now
        while True:
            found = self._came(Upstream.CP)
            if found and not found[1]["silence"]:
                break
            self._late(began, _E_TIME, 2)
            yield self._silence()
        self._events.append(found)
        highest = [one[-1] for one in self.cpt.intervals]
        yield from self._r("t", highest, RD_FRAMES)
        yield from self._r_bar("t", highest)
        yield from self._exchange(p, 0)

    # --- Data, rate renegotiation (9.6.1), cleardown (9.7) ----------------------------------------

    def _data_mode(self):
        p = self.parameters
        encoder = Encoder(p)
        self._events.clear()
        self._name("B1d")
        yield self._coded(encoder, B1D_FRAMES)
        self._name("data")
        self.in_data = True
        while True:
            if self._came(Upstream.S_BAR) or self._asked == "renegotiation":
                break
            whole = self._data[: p.data_bits]
            if len(whole) == p.data_bits:
                self._data = self._data[p.data_bits :]
                yield self._coded(encoder, 1, whole)
            else:
                yield self._coded(encoder, 1)
        pending = encoder.flush()
        if len(pending):
            yield pending
        self.in_data = False

    def _renegotiation(self):
        self._asked = None
        highest = [one[-1] for one in self.parameters.intervals]
        yield from self._r("d", highest, RD_FRAMES)
        yield from self._r_bar("d", highest)
        p = renegotiated(self.cpt, self.parameters)
        yield from self._exchange(p, 0)
