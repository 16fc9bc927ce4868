"""Recordings of an analogue line: a receiver makes octets of samples, and those are read.

The receiver (:mod:`sim.reading.listener`) knows nothing of the call, or what a client knows. Which
law and U_INFO make its values G.711's is told by DIL afterwards.
"""

import numpy as np

from golden.errors import CallFailed
from golden.pcm import g711
from golden.pcm.parameters import INTERVALS, OCTET_RATE
from golden.receiver.timing import SAMPLE_RATE
from golden.signals.training import SD, sd, trn1d
from sim.reading import mapping as reading_mapping
from sim.reading import octets as reading
from sim.reading.listener import GAPS, LAW, NOISE, OWN, U_INFO, listen, snapped
from sim.world.network import nearest

#: U_INFO that may be (Table 10/V.90, and W of Sd).
U_INFOS = range(67, 112)

#: Least half steps between codewords, in standard deviations of the noise, that tell the scale, and
#: how many values there must be of them.
TELLING, LEAST_TELLING = 3.0, 60

#: Share of the best law and U_INFO's misfit that the next best has at least, to be sure.
SURE = 1.15


def scale_of(values, sigma, sure):
    """``(law, U_INFO, factor)`` that make DIL's ``values`` levels of G.711.

    ``values``: in LAW's scale, where TRN1d has U_INFO's level. What is sure to be of TRN1d's level
    tells nothing. None where several do as well.
    """
    level = float(g711.linear(U_INFO, LAW))
    size = np.abs(values.reshape(-1))
    telling = size[(size < OWN[0] * level) | (size > OWN[1] * level)]
    found = []
    for law in g711.LAWS:
        grid = g711.linear(np.arange(128), law).astype(float)
        for u_info in U_INFOS:
            factor = g711.linear(u_info, law) / level
            x = telling * factor
            at = np.clip(np.searchsorted((grid[1:] + grid[:-1]) / 2, x), 1, 126)
            half = np.minimum(grid[at + 1] - grid[at], grid[at] - grid[at - 1]) / 2
            # Where steps are wide beside the noise, levels are in the middle of them.
            use = (half > TELLING * sigma * factor) & (x < grid[-1])
            if np.count_nonzero(use) < LEAST_TELLING:
                continue
            off = np.abs(x - grid[at])[use] / half[use]
            found.append((float(np.mean(off)), law, u_info, float(factor)))
    found.sort()
    if not found or (len(found) > 1 and found[1][0] < sure * found[0][0]):
        return None
    return found[0][1:]


def _regions(listener, end):
    """``(name, first, behind)`` of data frames by what they are decided on."""
    marks = [("TRN1d", 0), *listener.marks, ("end", end)]
    return [
        (name, first, after) for (name, first), (_, after) in zip(marks, marks[1:], strict=False)
    ]


def octets_of(listener, law, factor):
    """Data frames from the first that was decided, as octets ``(n, 6)``, and its number.

    TRN1d, Jd, TRN2d, MP and data are those of the levels at which they cluster, DIL and R of the
    nearest codeword.
    """
    numbers = np.concatenate([number for number, _, _ in listener.parts])
    fine = listener.since(0)
    ucodes = np.empty(fine.shape, np.int64)
    nearest_of = g711.ucode(nearest(np.abs(fine) * factor, fine >= 0, law), law)
    own = int(
        g711.ucode(nearest(np.array([g711.linear(U_INFO, LAW) * factor]), np.ones(1), law), law)[0]
    )
    known = dict(listener.points)
    for name, first, behind in _regions(listener, int(numbers[-1]) + 1):
        mine = (numbers >= first) & (numbers < behind)
        ucodes[mine] = nearest_of[mine]
        if name == "TRN1d":
            ucodes[mine] = own
        elif name in ("TRN2d", "B1d"):
            kind = "CPt" if name == "TRN2d" else "CP"
            part = fine[mine]
            stop = _before_r(part)
            # Those that a client asked for are only the first ones.
            points = known.pop(kind, None)
            snap = (
                _explained(part[:stop], listener.sigma, kind)
                if points is None
                else _decided(part[:stop], *points)
            )
            if snap is not None:
                places = np.flatnonzero(mine)[:stop]
                ucodes[places] = snap
    return g711.octet(ucodes, fine >= 0, law), int(numbers[0])


def _before_r(fine):
    """Data frames before R that ends them, if there is one; or all."""
    up = (fine >= 0) == np.array([1, 1, 1, 0, 0, 0], bool)
    way = up.all(1).astype(int) - (~up).all(1)
    n = len(way)
    while n and way[n - 1] != 0:
        n -= 1
    return n


def _decided(fine, levels, names):
    """Ucodes (int64, ``(n, 6)``) by ``names`` of the nearest levels."""
    return np.stack(
        [
            names[i][np.abs(np.abs(fine[:, i, None]) - np.array(row)).argmin(1)]
            for i, row in enumerate(levels.values)
        ],
        axis=1,
    ).astype(np.int64)


def _explained(fine, sigma, kind):
    """Ucodes of clusters for which there are mapping parameters, or None."""
    for gap in GAPS:
        ucodes = snapped(fine, sigma, gap)
        if ucodes is None:
            continue
        if reading_mapping.find(kind, ucodes, (fine >= 0).astype(np.uint8), LAW) is not None:
            return ucodes
    return None


def read(samples, law=None, ja=None, given=None, progress=lambda done, total: None):
    """:class:`~sim.reading.octets.Reading` of samples of a line (int64 within 16 bits, 16 kHz).

    ``law``: of the codec at the exchange, None: as DIL tells. ``ja`` and ``given`` as in
    :func:`sim.reading.octets.read`; with both, points are those until a renegotiation. Times are
    those of octets, two samples each.

    Raises :class:`~golden.errors.CallFailed` where the receiver finds no Sd or no taps.
    """
    heard = listen(samples, ja, given, False, progress)
    if not heard:
        raise CallFailed(reading.NOTHING)
    marks = [name for _, listener in heard for name, _ in listener.marks]
    if "DIL" in marks and "TRN2d" not in marks and ja is None:
        # An offset has grown in DIL until nothing was heard any more.
        again = listen(samples, None, given, True, progress)
        if any(name == "TRN2d" for _, listener in again for name, _ in listener.marks):
            heard = again
    whole, noises, measured = np.zeros(0, np.uint8), [], []
    for turn, listener in heard:
        if listener.sigma is None:
            errors = np.concatenate([error for _, _, error in listener.parts])
            listener.sigma = float(np.sqrt(np.median((errors[-NOISE:] ** 2).mean(0))))
        begun = dict(listener.marks).get("DIL")
        found = told = None
        if listener.found is not None:
            told = listener.found.impairments
            found = told.law_out, U_INFO, 1 / told.gain
        elif begun is not None and not listener.deaf and ja is None:
            behind = next((n for name, n in listener.marks if name == "TRN2d"), None)
            values = listener.since(begun)[: None if behind is None else behind - begun]
            found = scale_of(values, listener.sigma, SURE)
        # What Ja tells is surer than who says which law it is.
        sure = found is not None and (told is not None or law in (None, found[0]))
        own, u_info, factor = found if sure else (law or LAW, U_INFO, 1.0)
        if own != LAW and not sure:
            factor = float(g711.linear(U_INFO, own) / g711.linear(U_INFO, LAW))
        octets, first = octets_of(listener, own, factor)
        if told is not None:
            u_info = min(int(g711.ucode(octets[0, :1], own)[0]), U_INFOS[-1])
        # TRN1d's beginning, before there were taps, and Sd are filled in as they are sent.
        head = [g711.octet(*sd(u_info), own), g711.octet(*trn1d(u_info, first * INTERVALS), own)]
        # What was decided of the next Sd, before it was told, was no data.
        begin = max(0, round(turn * OCTET_RATE / SAMPLE_RATE) - SD * INTERVALS)
        silence = np.full(max(0, begin - len(whole)), g711.octet(0, 1, own), np.uint8)
        whole = np.concatenate([whole[:begin], silence, *head, octets.reshape(-1)])
        snr = 20 * np.log10(float(g711.linear(U_INFO, LAW)) / max(listener.sigma, 1e-3))
        noises.append((snr, sure))
        measured.append(told)
    with_network = next((one.found for _, one in heard if one.found is not None), None)
    if given and with_network is not None:
        given = {kind: with_network.arriving(one) for kind, one in given.items()}
        given = {kind: one for kind, one in given.items() if one is not None}
    found = reading.read(whole, own, ja, given, [snr for snr, _ in noises], measured)
    found.samples = len(samples)
    lost = heard[0][1].deaf or (ja is not None and with_network is None)
    for training, (snr, sure) in zip(found.trainings, noises, strict=False):
        training.remarks = [
            f"TRN1d has an SNR of {snr:.1f} dB behind the equaliser.",
            "Sd and TRN1d's first 0.3 s, before there were taps, are filled in as they are sent.",
        ]
        if lost:
            training.remarks.append(
                "DIL's symbols are lost, as the line passes no DC and it is not known what was "
                "asked for: --ja tells it."
                if ja is None
                else "DIL's symbols are lost: they are not what was asked for, or too few."
            )
        if not sure:
            training.remarks.append(
                "DIL does not tell law and U_INFO: Ucodes are told as if they were "
                f"{own} and {U_INFO}."
            )
    return found
