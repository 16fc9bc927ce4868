"""The real calls read from their octets alone, beside the facts known of them."""

import time

import numpy as np

from golden.signals.sequences import DIL
from golden.signals.training import dil
from sim.figures.row import Row
from sim.reading import octets as reading
from sim.reading import recorded
from sim.reading.dil import passes_of


def segments_of(facts, octets, law):
    """DIL-segments of a call, and how many are octet for octet what its Ja asks for.

    The sign of Ucode 0 is left out: +0 and -0 read alike.
    """
    descriptor = DIL.parse(np.array([int(bit) for bit in facts["ja"]["bits"]], np.uint8))
    where = facts["samples"]
    line = reading.Line(octets[where["dil"] : where["ri"]], law)
    count = passes_of(descriptor, len(line.octets))
    ucodes, signs = dil(descriptor, count)
    n = len(line.octets)
    same = (ucodes[:n] == line.ucodes) & ((signs[:n] == line.signs) | (ucodes[:n] == 0))
    lengths = [len(dil(descriptor, k + 1)[0]) for k in range(count)]
    return count, sum(
        bool(same[begin:end].all()) for begin, end in zip([0, *lengths], lengths, strict=False)
    )


def row_of(name, facts, octets):
    """Row of one call: the findings, and whether they are the known facts."""
    begin = time.perf_counter()
    found = reading.read(octets)
    seconds = time.perf_counter() - begin
    training = found.trainings[-1]
    where, signals = facts["samples"], {one.name: one for one in training.signals}
    fields = {
        one: signals[one].fields if one in signals else {}
        for one in ("Jd", "DIL", "TRN2d", "MP", "B1d")
    }
    clean = "bit-exactly" in facts["note"]
    places = {
        "Sd": "sd",
        "TRN1d": "trn1d",
        "Jd": "jd",
        "DIL": "dil",
        "Ri": "ri",
        "TRN2d": "trn2d",
        "B1d": "b1d",
    }
    moved = [
        one
        for one, key in places.items()
        if (signals[one].first if one in signals else None) != where[key]
    ]
    count, equal = segments_of(facts, octets, found.line.law)
    turned = "R-bar-i" in signals and signals["R-bar-i"].end == where["trn2d"]
    network = training.network
    mp, jd = fields["MP"], fields["Jd"]
    # The notes of the calls name these, and no others.
    expected = {
        "law": facts["server_law"],
        "pad": 3.0 if "pads 3 dB" in facts["note"] else 0.0,
        "inverted": "inverted" in facts["note"],
        "high-pass": "high-pass" in facts["note"],
    }
    named = {
        "law": network.law,
        "pad": network.pad,
        "inverted": training.inverted,
        "high-pass": training.high_pass is not None,
    }
    told = fields["B1d"].get("rate")
    rate = facts["downstream_rate"]
    found_mp = mp.get("good", 0) / max(1, mp.get("count", 0))
    met = (
        not moved
        and turned
        and named == expected
        and jd["good"] == jd["count"] == facts["jd_frames"]
        and mp["good"] >= facts["mp_frames"] * (1.0 if clean else 0.99)
        and found_mp >= (1.0 if clean else 0.99)
        and fields["TRN2d"]["ones"] == 1
        and (rate is None or (int(told) == rate and fields["B1d"]["ones"] == 1 and "Ed" in signals))
        and (not clean or (equal == count and fields["DIL"].get("equal") == 1))
    )
    values = {
        "Jd": f"{jd['good']}/{jd['count']}",
        "DIL as Ja": f"{equal}/{count}" if clean else "-",
        "DIL rebuilt": fields["DIL"].get("equal", float("nan")),
        "Ri, reversal": "yes" if turned else "no",
        "TRN2d ones": fields["TRN2d"]["ones"],
        "MP": f"{mp['good']}/{mp['count']}",
        "Ed": "yes" if "Ed" in signals else "no",
        "B1d ones": fields["B1d"].get("ones", float("nan")),
        "rate": float(told) if told else float("nan"),
        "of call.json": float(rate or np.nan),
        "law": network.law,
        "pad": network.pad,
        "inverted": named["inverted"],
        "high-pass": training.high_pass or 0.0,
        "moved": ", ".join(moved) or "-",
        "s": seconds,
    }
    return Row(name, values, bool(met))


def real_call_rows(folder):
    """Rows of all real calls in ``folder``, each read from nothing but its octets."""
    return [row_of(call.name, call.facts, call.octets) for call in recorded.calls(folder)]
