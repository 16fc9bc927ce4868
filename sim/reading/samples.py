"""Recordings of an analogue line: octets are made of samples, and those are read.

The reader (:mod:`sim.reading.listener`) knows nothing of the call, or what a client knows. Which
law and U_INFO make its values G.711's is shown by DIL or TRN2d.
"""

import numpy as np

from golden.errors import CallFailed
from golden.pcm import g711
from golden.pcm.parameters import INTERVALS, OCTET_RATE
from golden.receiver.detection import SdDetector
from golden.receiver.timing import SAMPLE_RATE
from golden.signals.training import SD, SD_BAR, sd
from sim.reading import octets as reading
from sim.reading.listener import Listener
from sim.reading.points import LAW, U_INFO, codewords
from sim.reading.symbols import Symbols
from sim.world.network import nearest

#: Samples from S-bar-d's first to that at which the detector sees the turn; samples of S-bar-d.
TURN, TURNED = 11, SD_BAR * INTERVALS * SAMPLE_RATE // OCTET_RATE

#: Symbols of Sd and S-bar-d; samples that are searched at once.
HEAD, PIECE = (SD + SD_BAR) * INTERVALS, SAMPLE_RATE


def find_sd(samples, progress=lambda done, total: None):
    """Pairs of TRN1d's first sample and the clock's step, of each Sd that may be one."""
    detector, found, at = SdDetector(), [], 0
    while at < len(samples):
        progress(at, len(samples))
        before = detector.taken
        one = detector.process(samples[at : at + PIECE])
        at += detector.taken - before
        if one is not None:
            found.append((one.reversal - TURN + TURNED, one.step / (1 << 32)))
    return found


def listen(samples, ja=None, given=None, progress=lambda done, total: None):
    """A :class:`~sim.reading.listener.Listener` that has heard, for each training there is.

    Of samples (int64, 16 kHz); ``ja`` and ``given`` as in :func:`read`.
    """
    values, trained = samples.astype(np.float64), []
    for first, step in find_sd(samples, progress):
        # Rd and a long Ri are like Sd, but no TRN1d comes behind them.
        symbols = Symbols(values, first, step)
        if symbols.train():
            trained.append((first, symbols))
    heard = []
    for number, (first, symbols) in enumerate(trained):
        if number + 1 < len(trained):
            symbols.count = min(symbols.count, int((trained[number + 1][0] - first) / 2) - HEAD)
        one = Listener(symbols, ja, given)
        one.start = first
        one.hear()
        heard.append(one)
    return heard


def octets_of(listener, law, u_info):
    """Octets (uint8) of all symbols from TRN1d's first on, in ``law``, TRN1d with U_INFO."""
    symbols, scale = listener.symbols, float(g711.linear(u_info, law))
    values = symbols.y[symbols.part(0, listener.end)]
    ucodes = g711.ucode(nearest(np.abs(values) * scale, values >= 0, law), law).astype(np.int64)
    own = np.abs(np.outer(symbols.levels, np.ones(128)) - codewords(law, u_info)).argmin(1)
    for span in listener.spans:
        part = slice(span.first, span.last)
        if span.name == "TRN1d":
            ucodes[part] = np.resize(own, span.last)
        elif span.rows is not None:
            ucodes[part] = span.rows.ucodes(values[part], span.first, law, u_info)
    return g711.octet(ucodes, values >= 0, law)


def read(samples, law=None, ja=None, given=None, progress=lambda done, total: None):
    """:class:`~sim.reading.octets.Reading` of samples of a line (int64 within 16 bits, 16 kHz).

    ``law``: of the codec at the exchange, None: as DIL tells. ``ja`` and ``given`` as in
    :func:`sim.reading.octets.read`; with both, points are those until a renegotiation. Times are
    those of octets, two samples each.

    Raises :class:`~golden.errors.CallFailed` where there is no Sd with a TRN1d behind it.
    """
    heard = listen(samples, ja, given, progress)
    if not heard:
        raise CallFailed(reading.NOTHING)
    whole, sure = np.zeros(0, np.uint8), []
    for one in heard:
        scale = one.scale if one.scale and law in (None, one.scale.law) else None
        sure.append(scale is not None)
        own, u_info = (scale.law, scale.u_info) if scale else (law or LAW, U_INFO)
        octets = octets_of(one, own, u_info)
        # Sd is filled in as it is sent.
        begin = max(0, round(one.start * OCTET_RATE / SAMPLE_RATE) - HEAD)
        silence = np.full(max(0, begin - len(whole)), g711.octet(0, 1, own), np.uint8)
        head = g711.octet(*sd(min(u_info, 111)), own)
        whole = np.concatenate([whole[:begin], silence, head, octets])
    with_network = next((one.found for one in heard if one.found is not None), None)
    if given and with_network is not None:
        given = {kind: with_network.arriving(one) for kind, one in given.items()}
        given = {kind: one for kind, one in given.items() if one is not None}
    snrs = [-20 * np.log10(one.symbols.deviation) for one in heard]
    measured = [one.found and one.found.impairments for one in heard]
    found = reading.read(whole, own, ja, given, snrs, measured)
    found.samples = len(samples)
    for training, one, known in zip(found.trainings, heard, sure, strict=False):
        _remark(training, one, known, own, ja)
    return found


def _remark(training, listener, sure, law, ja):
    """Say how a training was received."""
    training.remarks = [
        f"TRN1d has an SNR of {training.snr:.1f} dB behind the equaliser.",
        "Sd is filled in as it is sent.",
    ]
    if ja is not None and listener.found is None:
        training.remarks.append("DIL is not what Ja asks for, or too short to compare.")
    if not sure:
        training.remarks.append(
            "Neither DIL nor TRN2d shows law and U_INFO: Ucodes are those that "
            f"{law} and {U_INFO} would give."
        )
