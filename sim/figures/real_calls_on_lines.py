"""The real calls through simulated lines, read by a client that knows its own requests.

The requests are Ja, CPt and CP, which call.json has; the client knows nothing else. Each call whose
network leaves octets alone goes through four different lines, each with another clock.
"""

from pathlib import Path

import numpy as np
from scipy import stats

from golden.learning.constellations import margins
from golden.pcm import g711
from golden.pcm.encoder import B1D_FRAMES
from golden.pcm.parameters import INTERVALS
from golden.signals.sequences import DIL
from golden.signals.training import dil
from sim import work
from sim.calls import design
from sim.figures.bounds import expected_errors, mmse_bound
from sim.figures.row import Row
from sim.reading import recorded
from sim.reading import samples as reading_samples
from sim.reading.phase4 import parameters_given
from sim.world import lines
from sim.world.conditions import Conditions
from sim.world.network import NetworkParameters

#: Largest offset of the client's clock in ppm, and lines that each call goes through.
MOST_PPM, LINES_A_CALL = 150.0, 4

#: Octets before Sd that are heard.
HEARD_BEFORE_SD = 4000

#: Lines of lines.toml that come last: codecs without a loop have the highest bound.
CODECS = 2

#: Share of calls in which noise at the bound makes no more symbols wrong than are allowed.
SHARE_WITHIN = 0.99

#: Signals, and their beginnings in call.json, which count from Sd because the line has a delay.
PLACES = {
    "Sd": "sd",
    "TRN1d": "trn1d",
    "Jd": "jd",
    "DIL": "dil",
    "Ri": "ri",
    "TRN2d": "trn2d",
    "B1d": "b1d",
}


def through(octets, line, u_info, ppm, seed=0):
    """Samples (int64, 16 kHz) of A-law octets after a line of that name."""
    conditions = Conditions(snr=design.USUAL_SNR, ppm=ppm, phase=0.37, seed=seed)
    made = design.line_at(line, NetworkParameters(law="A"), conditions, u_info)
    full = 1 << (design.CONVERTER_BITS - 1)
    return np.clip(np.rint(made.process(octets) * full), -full, full - 1).astype(np.int64)


def named(descriptor, training):
    """How many levels of DIL there were, by interval, Ucode and sign, and how many are named right.

    The right name is the Ucode sent, because the network changes nothing.
    """
    ucodes, signs = dil(descriptor)
    signal = training.signal("DIL")
    n = signal.symbols if signal else 0
    asked = np.unique(
        np.stack(
            [
                np.arange(n) % INTERVALS,
                np.resize(ucodes, n),
                np.resize(signs, n),
            ]
        ),
        axis=1,
    )
    if training.measured is None:
        return asked.shape[1], 0
    interval, ucode, sign = asked
    words = training.measured.codewords[interval, ucode, :, sign]
    return asked.shape[1], int(np.count_nonzero((words == ucode[:, None]).all(1)))


def room(parameters, line, level):
    """SNR in dB that 1e-6 wrong symbols need, the line's bound, and wrong ones in B1d there."""
    own = parameters.with_law("A")
    gives = float(mmse_bound(line, [design.USUAL_SNR])[0])
    sigma = level * 10 ** (-gives / 20)
    arrived = design.arrivals(NetworkParameters(law="A"))
    needs = gives - float(margins(arrived, own, np.full(INTERVALS, sigma)).min())
    wrong = sum(expected_errors(one, sigma, B1D_FRAMES) for one in own.intervals)
    return needs, gives, wrong


def descriptor_of(facts):
    """Fields of Ja in call.json."""
    return DIL.parse(np.array([int(bit) for bit in facts["ja"]["bits"]], np.uint8))


def read(facts, octets, line, ppm, seed=0):
    """Reading of one call (octets from its first on) through one line."""
    heard = octets[facts["samples"]["sd"] - HEARD_BEFORE_SD :]
    samples = through(heard, line, facts["u_info_received"], ppm, seed)
    return reading_samples.read(samples, ja=descriptor_of(facts), given=parameters_given(facts))


def row_of(name, facts, octets, line, ppm, seed=0):
    """:class:`~sim.figures.row.Row` of one call (octets from its first on) through one line."""
    found = read(facts, octets, line, ppm, seed)
    return judged(name, facts, octets, line, ppm, found)


def judged(name, facts, octets, line, ppm, found):
    """:class:`~sim.figures.row.Row` of a call's reading, beside the facts known of it."""
    where, start = facts["samples"], facts["samples"]["sd"] - HEARD_BEFORE_SD
    training = found.trainings[-1]
    signals = {one.name: one for one in training.signals}
    fields = {
        one: signals[one].fields if one in signals else {} for one in ("Jd", "MP", "TRN2d", "B1d")
    }
    late = signals["Sd"].first - HEARD_BEFORE_SD
    moved = [
        one
        for one, key in PLACES.items()
        if (signals[one].first if one in signals else -1) != where[key] - start + late
    ]
    levels, right = named(descriptor_of(facts), training)
    jd, mp, b1d = fields["Jd"], fields["MP"], fields["B1d"]
    level = float(g711.linear(facts["u_info_received"], "A"))
    needs, gives, expected = room(parameters_given(facts)["CP"], line, level)
    wrong = B1D_FRAMES * INTERVALS
    if b1d:
        first = signals["B1d"].first
        sent = octets[where["b1d"] : where["b1d"] + signals["B1d"].symbols]
        wrong -= int(np.count_nonzero(found.line.octets[first : first + len(sent)] == sent))
    # If points are too close for the line, a receiver has all ones only by chance.
    allowed = int(stats.poisson.ppf(SHARE_WITHIN, expected)) if needs > gives else 0
    met = (
        not moved
        and training.network is not None
        and training.network.sentences == []
        and right == levels
        and jd.get("good") == jd.get("count") == facts["jd_frames"]
        and mp.get("good") == mp.get("count") == facts["mp_frames"]
        and fields["TRN2d"].get("ones") == 1
        and int(b1d.get("rate", 0)) == facts["downstream_rate"]
        and (b1d.get("ones") == 1 or 0 < wrong <= allowed)
    )
    values = {
        "line": line,
        "ppm": ppm,
        "SNR": training.snr,
        "Jd": f"{jd.get('good', 0)}/{jd.get('count', 0)}",
        "DIL named": f"{right}/{levels}",
        "TRN2d ones": fields["TRN2d"].get("ones", 0.0),
        "MP": f"{mp.get('good', 0)}/{mp.get('count', 0)}",
        "of": facts["mp_frames"],
        "B1d ones": b1d.get("ones", 0.0),
        "rate": float(b1d.get("rate", 0.0)),
        "wrong symbols": wrong,
        "at the bound": expected,
        "needs dB": needs,
        "line gives": gives,
        "moved": ", ".join(moved) or "-",
    }
    return Row(name, values, bool(met))


def cases(folder):
    """Arguments of :func:`row_of`: each call whose network leaves octets alone, over its lines."""
    names = list(lines.known())
    names = [*names[CODECS:], *names[:CODECS]]
    calls = [(one.name, one.facts, one.octets) for one in recorded.calls(folder) if one.clean]
    count = len(calls) * LINES_A_CALL
    # Neighbours are far apart in ppm, and no offset is there twice.
    order = np.random.default_rng(94).permutation(count)
    spread = np.linspace(-MOST_PPM, MOST_PPM, count)
    return [
        (
            *call,
            names[(i + len(calls) * j) % len(names)],
            float(spread[order[i * LINES_A_CALL + j]]),
            i * LINES_A_CALL + j,
        )
        for i, call in enumerate(calls)
        for j in range(LINES_A_CALL)
    ]


def rows(folder, workers=work.HERE):
    """Rows of all real calls in ``folder`` that can be compared, over their lines."""
    items = [(str(folder), index) for index in range(len(cases(folder)))]
    return work.ordered(_row_of_case, items, workers)


def _row_of_case(item):
    folder, index = item
    return row_of(*cases(Path(folder))[index])
