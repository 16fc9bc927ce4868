"""Hits of a call in mid-data, and the seconds that they cost; the file arrives whole.

They are compared with a call without a hit.
"""

import numpy as np

from sim import work
from sim.calls.call import run
from sim.calls.description import Call
from sim.calls.design import USUAL_SNR
from sim.figures.row import Row, yes
from sim.world.conditions import Conditions
from sim.world.network import NetworkParameters

#: Octets of the file, which last for 6 s and more; second of the call and octet of data at which it
#: is hit, after 2 s of data.
FILE_OCTETS, HIT_SECOND, HIT_OCTET = 40_000, 4.8, 16_000

#: Lines on which calls are hit.
HIT_LINES = ("codec", "26awg-12kft", "tap-18kft")

#: Conditions and network of each hit. Impulses are white noise in dB above the signal.
HITS = {
    "none": ({}, {}),
    "burst of 20 ms": ({"impulses": ((HIT_SECOND, 0.02, -10.0),)}, {}),
    "octet twice": ({}, {"slips": ((HIT_OCTET, 1),)}),
    "octet lost": ({}, {"slips": ((HIT_OCTET + 1, -1),)}),
    "SNR 3 dB less from here on": ({"impulses": ((HIT_SECOND, 100.0, -USUAL_SNR),)}, {}),
    "SNR 6 dB less up to here": ({"impulses": ((0.0, HIT_SECOND, -USUAL_SNR + 4.74),)}, {}),
}


def _outcome(case):
    line, name = case
    conditions, network = HITS[name]
    data = np.random.default_rng(9).bytes(FILE_OCTETS)
    call = Call(
        line=line,
        conditions=Conditions(snr=USUAL_SNR, ppm=60.0, seed=3, **conditions),
        network=NetworkParameters(**network),
    )
    outcome = run(call, data)
    signals = [one.signal for one in outcome.digital.timeline]
    return {
        "arrived": outcome.failure is None,
        "lasted": outcome.lasted,
        "first": outcome.rates[0][1],
        "last": outcome.rates[-1][1],
        "again": outcome.again,
        "trainings": len(outcome.analogue.readings),
        "renegotiations": signals.count("Rd") - 1,
    }


def rows(names=HIT_LINES, hits=tuple(HITS), workers=work.HERE):
    """Rows by line and hit; met if the file is whole and the modems did as they should.

    Without a hit they change nothing. After one, anything that helps is right. With less SNR the
    rate must fall, with more it must rise.
    """
    cases = [(name, hit) for name in names for hit in dict.fromkeys(("none", *hits))]
    found = dict(zip(cases, work.ordered(_outcome, cases, workers), strict=True))
    made = []
    for (name, hit), one in found.items():
        lost = one["lasted"] - found[name, "none"]["lasted"]
        changed = one["trainings"] > 1 or one["renegotiations"]
        good = {
            "none": not changed,
            "burst of 20 ms": True,
            "SNR 3 dB less from here on": one["last"] < one["first"],
            "SNR 6 dB less up to here": one["last"] > one["first"],
        }.get(hit, changed)
        values = {
            "hit": hit,
            "first rate": one["first"],
            "last rate": one["last"],
            "s lost": round(lost, 2),
            "trainings": one["trainings"],
            "renegotiations": one["renegotiations"],
            "frames again": one["again"],
            "file whole": yes(one["arrived"]),
        }
        made.append(Row(name, values, bool(one["arrived"] and good)))
    return made
