"""A start-up as the receiver sees it, from Sd to data, with what its host does when.

The digital modem's signals are golden.signals.generator's; the host knows when they come. Its
actions are bound to data frames, so that gateware's host can do the same.
"""

from dataclasses import dataclass, field

import numpy as np

from golden.pcm import g711
from golden.pcm.parameters import INTERVALS, MappingParameters
from golden.receiver.receiver import Receiver
from golden.receiver.slicer import Levels
from golden.signals.generator import Command, Generator, Signal
from golden.signals.sequences import JD, MP
from golden.signals.training import R_BAR
from sim.world import lines
from sim.world.line import Conditions, Line
from sim.world.network import Network

U_INFO, SILENCE = 79, 40

#: Fields of a Jd and of an MP, whose drn and rates are any.
_JD = {"rates": 0x3FFFFF, "training": 0, "renegotiation": 1, "look_ahead": 1}
_MP = {"type": 0, "drn": 9, "trellis": 1, "nonlinear": 0, "shaping": 1, "upstream_rates": 0x1ABC}


def parameters(kind, law, d, ucodes, sr=0, ld=0):
    """Mapping parameters with these Ucodes in all intervals."""
    offset = {"CP": 20, "CPt": 8}[kind]
    return MappingParameters(
        kind, d - offset, sr, ld, law, 0, 0, 0, 0, (0,) * INTERVALS, (tuple(ucodes),)
    )


def levels_of(intervals, law, **options):
    """Where Ucodes arrive that no network moves; ``intervals``: six tuples."""
    return Levels(
        tuple(tuple(int(v) for v in g711.linear(np.array(row), law)) for row in intervals),
        tuple(tuple(row) for row in intervals),
        **options,
    )


def training_levels(law):
    """TRN1d's."""
    return levels_of(((U_INFO,),) * INTERVALS, law)


def grid(law):
    """All levels that there are in G.711, as for DIL."""
    return levels_of(
        (range(0 if law == "A" else 1, 128),) * INTERVALS, law, lost=2**32 - 1, guess=True
    )


@dataclass
class StartUp:
    """Signals with the data frames, from TRN1d's first on, with which they begin.

    ``octets`` of the digital modem; ``at``, data frames by name of the signal, of several the
    first; ``bits``, data; ``dil``, DIL's descriptor; ``cpt``, ``cp``, mapping parameters.
    """

    law: str
    cpt: MappingParameters
    cp: MappingParameters
    octets: np.ndarray = None
    bits: np.ndarray = None
    dil: dict = None
    at: dict = field(default_factory=dict)

    @classmethod
    def make(cls, rng, law="A", trn1d=470, jds=2, ri=40, trn2d=40, data=40, sr=1, again=0):
        """``again``: so many rate renegotiations behind the data, each with as many data.

        The other numbers are data frames, Jd and periods.
        """
        one = cls(
            law,
            parameters("CPt", law, 18, range(40, 104, 8), sr=sr, ld=0),
            parameters("CP", law, 30, range(38, 104, 3), sr=sr, ld=1),
        )
        generator = Generator(law)
        d = one.cpt.data_bits
        first_mp, ack = (MP.build(d, **_MP, acknowledge=one) for one in range(2))
        dil = {
            "segments": 3,
            "sign_length": 10,
            "training_length": 6,
            "sign_pattern": rng.integers(0, 2, 11).tolist(),
            "training_pattern": [0, 0, 1, 0, 1, 0, 0],
            "H": [3] * 8,
            "REF": [U_INFO] * 8,
            "training_ucodes": [90, 40, 66],
        }
        one.dil = {
            name: dil[name]
            for name in ("sign_pattern", "training_pattern", "H", "REF", "training_ucodes")
        }
        top = [max(row) for row in one.cp.intervals]
        phase4 = [
            ("trn2d", Signal.TRN2D, trn2d, one.cpt),
            ("mp", Signal.MP, 2, first_mp),
            ("mp", Signal.MP_ACK, 2, ack),
            ("ed", Signal.ED, 2, None),
            ("b1d", Signal.B1D, 48, one.cp),
            ("data", Signal.DATA, data, None),
        ]
        sent = [
            ("silence", Signal.SILENCE, SILENCE, None),
            ("sd", Signal.SD, 64, U_INFO),
            ("sd_bar", Signal.SD_BAR, 8, U_INFO),
            ("trn1d", Signal.TRN1D, trn1d, U_INFO),
            ("jd", Signal.JD, jds, (U_INFO, JD.build(**_JD))),
            ("jd_end", Signal.JD_END, 1, (U_INFO, None)),
            ("dil", Signal.DIL, 6, dil),
            ("r", Signal.R, ri, [U_INFO] * INTERVALS),
            ("r_bar", Signal.R_BAR, R_BAR, [U_INFO] * INTERVALS),
            *phase4,
        ]
        for _ in range(again):
            sent += [("rd", Signal.R, 32, top), ("rd_bar", Signal.R_BAR, R_BAR, top), *phase4]
        sent.append(("data", Signal.DATA, 20, None))
        one.bits = rng.integers(0, 2, (data * (1 + again) + 20) * one.cp.data_bits, np.uint8)
        generator.fill(one.bits)
        made = []
        for number, (_, signal, length, value) in enumerate(sent):
            generator.give(Command(signal, length, value=value))
            if number % 4 == 3:
                made.append(generator.process(0))
            while generator.waiting > 4:
                made.append(generator.process(1))
        while generator.waiting or generator.log[-1].command.signal != Signal.SILENCE:
            made.append(generator.process(1))
        made.append(generator.process(5))
        one.octets = np.concatenate(made)
        begun = generator.log[1:]
        first = next(e.first for e in begun if e.command.signal == Signal.TRN1D)
        for (name, *_), entry in zip(sent, begun, strict=False):
            one.at.setdefault(name, entry.first - first)
        return one

    def samples(self, name="26awg-6kft", network=None, **conditions):
        """16-bit samples over a line."""
        octets = Network(**(network or {})).process(self.octets)
        known = {"snr": 50, "level": -22, "bits": 16, "phase": 0.37} | conditions
        line = Line(lines.find(name), Conditions(**known), self.law)
        samples = np.rint(line.process(octets) * 32768)
        return np.clip(samples, -32768, 32767).astype(np.int64)

    def script(self, six=None):
        """What a host does: pairs of a data frame and calls ``(name, *arguments)`` then."""
        law, at = self.law, self.at
        cpt, cp = levels_of(self.cpt.intervals, law), levels_of(self.cp.intervals, law)
        script = [
            (at["jd_end"] - 8, [("switch", grid(law), at["dil"])]),
            (at["r"] - 5, [("arm", cpt), ("follow", self.cpt)]),
            (at["trn2d"] + 7, [("after_ed", cp)]),
        ]
        if six is not None:
            script.insert(0, (six[0], [("switch", six[1], 0)]))
        return script


@dataclass
class Host:
    """Runs a golden receiver of one line in pieces, with what a host calls, bound to data frames.

    ``script``: pairs of a data frame and calls, in their order; each is made at the first piece's
    end at which the receiver has come to it. ``done``: triples of how many Sd there had been, the
    next data frame, and the calls.
    """

    receiver: Receiver
    script: list
    piece: int = 133
    done: list = field(default_factory=list)

    def run(self, samples):
        """Decisions of all pieces, a list."""
        script, parts, starts = list(self.script), [], 0
        for begin in range(0, len(samples), self.piece):
            parts.append(self.receiver.process(samples[begin : begin + self.piece]))
            starts += sum(kind.name == "DETECTED" for _, kind in parts[-1].events)
            number = int(self.receiver._number[0])
            while script and starts and number >= script[0][0]:
                _, calls = script.pop(0)
                for name, *arguments in calls:
                    getattr(self.receiver, name)(*arguments)
                self.done.append((starts, number, calls))
        assert not script
        return parts


def joined(parts):
    """Decisions of pieces as one."""
    first = parts[0]
    names = [name for name in vars(first) if name != "events"]
    together = {name: np.concatenate([getattr(part, name) for part in parts]) for name in names}
    return type(first)(**together, events=sum((part.events for part in parts), []))
