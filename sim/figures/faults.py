"""Faults of a call, drawn at random: at the exchange, in the network and on the line.

A :class:`FaultyCall` is drawn from its seed alone, so that each of many can be run again by itself.
"""

from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from golden.pcm import g711
from golden.pcm.parameters import INTERVALS
from sim.calls.description import Call
from sim.world import lines
from sim.world.conditions import Conditions
from sim.world.network import Network, NetworkParameters

#: Seconds of a call in which something may go wrong; the first and the last half second are calm.
FAULTY_SECONDS, _CALM = 20.0, 0.5

#: Most faults of a call.
MOST_FAULTS = 3

#: One in so many far ends that fall silent never speaks again.
_FOR_EVER = 5

#: Pads in dB between which a network changes.
_PADS = (0.0, 1.5, 3.0, 6.0)


@dataclass(frozen=True)
class Fault:
    """A fault: its ``kind``, a key of :data:`FAULT_KINDS`, and ``at`` and ``last`` in seconds.

    Its effect is one of: ``line``, a field of :class:`~sim.world.conditions.Conditions` and a hit
    to append to it; ``slip``, 1 or -1; ``change``, a function from network parameters to others;
    ``silent``; ``restart``.
    """

    kind: str
    at: float
    last: float = 0.0
    line: tuple | None = None
    slip: int = 0
    change: object = None
    silent: bool = False
    restart: bool = False

    @property
    def end(self):
        """Second at which it ends; changes of the network stay."""
        return self.at + self.last


def _span(rng, least, most):
    """Seconds, as many short ones as long ones by their logarithm."""
    return float(np.exp(rng.uniform(np.log(least), np.log(most))))


def _sign(rng):
    return float(rng.choice((-1, 1)))


def _slip(rng, at):
    return {"slip": int(_sign(rng))}


def _dropout(rng, at):
    last = _span(rng, 0.002, 1.0)
    return {"last": last, "line": ("gain_hits", (at, last, -np.inf))}


def _burst(rng, at):
    last = _span(rng, 0.0005, 0.2)
    return {"last": last, "line": ("impulses", (at, last, rng.uniform(-20, 10)))}


def _gain_hit(rng, at):
    last = _span(rng, 0.02, 5.0)
    return {"last": last, "line": ("gain_hits", (at, last, _sign(rng) * rng.uniform(0.3, 6)))}


def _phase_hit(rng, at):
    last = _span(rng, 0.02, 2.0)
    return {"last": last, "line": ("phase_hits", (at, last, _sign(rng) * rng.uniform(3, 90)))}


def _ppm_step(rng, at):
    return {"line": ("ppm_steps", (at, _sign(rng) * _span(rng, 1, 100)))}


def _rob_elsewhere(shift, new, p):
    # If no bit is robbed yet, one is from here on: the call took another way.
    robbed = p.robbed if any(p.robbed) else (new, *p.robbed[1:])
    return replace(p, robbed=(*robbed[-shift:], *robbed[:-shift]))


def _robbed_bit(rng, at):
    shift, new = int(rng.integers(1, INTERVALS)), str(rng.choice(("0", "1", "01")))
    return {"change": partial(_rob_elsewhere, shift, new)}


def _other_pad(step, p):
    return replace(p, pad=_PADS[(_PADS.index(p.pad) + step) % len(_PADS)])


def _pad(rng, at):
    return {"change": partial(_other_pad, int(rng.integers(1, len(_PADS))))}


def _silent(rng, at):
    last = np.inf if rng.integers(_FOR_EVER) == 0 else _span(rng, 0.05, 5.0)
    return {"last": last, "silent": True}


def _restart(rng, at):
    return {"restart": True}


#: The effect of a fault of each kind, drawn for its time.
FAULT_KINDS = {
    "slip": _slip,
    "dropout": _dropout,
    "impulse burst": _burst,
    "gain hit": _gain_hit,
    "phase hit": _phase_hit,
    "ppm step": _ppm_step,
    "robbed bit elsewhere": _robbed_bit,
    "pad changes": _pad,
    "far end silent": _silent,
    "far end restarts": _restart,
}


@dataclass(frozen=True)
class FaultyCall:
    """A call by its ``seed``: its description and its faults by time."""

    seed: int
    call: Call
    faults: tuple

    @property
    def over(self):
        """Second from which nothing goes wrong any more."""
        return max(fault.end for fault in self.faults)


def draw(seed):
    """The :class:`FaultyCall` of a seed: a line of the set, a law, a network, noise, faults."""
    rng = np.random.default_rng([seed, 6])
    law = str(rng.choice(g711.LAWS))
    other = {"A": "mu", "mu": "A"}[law]
    robbed = [""] * INTERVALS
    for interval in rng.choice(INTERVALS, int(rng.integers(0, 3)), replace=False):
        robbed[interval] = str(rng.choice(("0", "1", "01")))
    faults = []
    for kind in rng.choice(list(FAULT_KINDS), int(rng.integers(1, MOST_FAULTS + 1))):
        at = float(rng.uniform(_CALM, FAULTY_SECONDS - _CALM))
        faults.append(Fault(str(kind), at, **FAULT_KINDS[kind](rng, at)))
    faults.sort(key=lambda fault: fault.at)
    of_line = {"impulses": (), "gain_hits": (), "phase_hits": (), "ppm_steps": ()}
    for fault in faults:
        if fault.line:
            name, what = fault.line
            of_line[name] += (what,)
    conditions = Conditions(
        snr=float(rng.uniform(36, 50)),
        ppm=float(rng.uniform(-100, 100)),
        phase=float(rng.uniform(0, 1)),
        seed=seed,
        **of_line,
    )
    network = NetworkParameters(
        law, other if rng.integers(4) == 0 else None, tuple(robbed), pad=float(rng.choice(_PADS))
    )
    call = Call(law, str(rng.choice(list(lines.known()))), conditions, network)
    return FaultyCall(seed, call, tuple(faults))


class Trunk:
    """A network that changes, slips and falls silent at the times of a call's faults.

    ``process`` is that of :class:`~sim.world.network.Network`. Silence is the octet of the least
    positive value. It comes from the far end and goes through the network.
    """

    def __init__(self, faulty):
        p = faulty.call.network
        taken = {}
        for fault in faulty.faults:
            if fault.slip:
                taken.setdefault(_octet(fault.at), fault.slip)
        self.network = Network(replace(p, slips=tuple(taken.items())))
        self._changes = [fault for fault in faulty.faults if fault.change]
        self._silences = [fault for fault in faulty.faults if fault.silent]
        self._idle = g711.octet(0, 1, p.law)

    def process(self, octets):
        """Octets to octets."""
        begin = self.network.position
        octets = np.array(octets, np.uint8)
        for fault in self._silences:
            first, last = (_octet(at) - begin for at in (fault.at, fault.end))
            octets[max(first, 0) : max(last, 0)] = self._idle
        parts = []
        while self._changes and _octet(self._changes[0].at) < begin + len(octets):
            fault = self._changes.pop(0)
            cut = _octet(fault.at) - self.network.position
            parts.append(self.network.process(octets[:cut]))
            octets = octets[cut:]
            begin += cut
            self.network.parameters = fault.change(self.network.parameters)
        return np.concatenate([*parts, self.network.process(octets)])


def _octet(seconds):
    return round(min(seconds, 1e9) * 8000)
