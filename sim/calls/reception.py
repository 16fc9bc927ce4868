"""From samples to a file: decisions, the search for data frames after slips, the decoder."""

from dataclasses import dataclass, fields
from itertools import pairwise

import numpy as np

from golden.bits.hdlc import Deframer
from golden.errors import CallFailed
from golden.formats import FEEDBACK_TAP, FORWARD_TAP
from golden.pcm import g711
from golden.pcm.decoder import Decoder
from golden.pcm.parameters import INTERVALS
from golden.receiver.decisions import Decisions
from golden.receiver.receiver import Receiver
from golden.receiver.slicer import FINE
from golden.receiver.timetable import Kind
from golden.receiver.timing import SAMPLE_RATE
from sim.calls import pcm, transfer

#: Samples that the receiver takes at once: half a second.
_PIECE = SAMPLE_RATE // 2

#: Full I frames for which a stretch has room before its alignment is judged.
_FRAMES = 4


@dataclass
class FinalTaps:
    """Taps at a call's end (float64): feed-forward, for the newest sample first, and feedback."""

    forward: np.ndarray
    feedback: np.ndarray


@dataclass
class Received:
    """Decisions, data and file out of the samples of a call with given parameters.

    Fields
    ------
    decisions : :class:`~golden.receiver.decisions.Decisions`
    taps : :class:`FinalTaps` or None
        None where only gateware ran.
    stretches : list of (int, uint8 array)
        First symbol, counted from the first of data, and the octets decided from there on: whole
        data frames.
    slips : list of (int, int)
        Data frame near which the network slipped, and how many intervals later data frames begin
        from there on.
    file : :class:`~sim.calls.transfer.FileReceiver`
    overflows : int
        Data frames whose number did not fit into K bits.
    """

    decisions: Decisions
    taps: FinalTaps | None
    stretches: list
    slips: list
    file: transfer.FileReceiver
    overflows: int = 0


def joined(parts):
    """:class:`~golden.receiver.decisions.Decisions` of pieces as one."""
    arrays = {
        item.name: np.concatenate([getattr(part, item.name) for part in parts])
        for item in fields(Decisions)
        if item.name != "events"
    }
    return Decisions(**arrays, events=[event for part in parts for event in part.events])


def receive_golden(samples, training, data, start, progress):
    """``Decisions`` and :class:`FinalTaps` of samples by the golden receiver."""
    receiver, parts = Receiver(training, data, start), []
    for at in range(0, max(1, len(samples)), _PIECE):
        progress(at, len(samples))
        parts.append(receiver.process(samples[at : at + _PIECE]))
    progress(len(samples), len(samples))
    return joined(parts), taps_of(receiver)


def taps_of(receiver):
    """:class:`FinalTaps` of the golden receiver's first line."""
    equalizer = receiver.equalizer
    scale = 2.0 ** (-FORWARD_TAP.fraction - equalizer.drop[0] + 16 - FINE)
    return FinalTaps(
        equalizer.forward_taps[0] * scale,
        equalizer.feedback_taps[0] / (1 << FEEDBACK_TAP.fraction),
    )


def _receive_gateware(samples, training, data, start, progress):
    # Amaranth takes a while to load; golden calls need not wait for it.
    from sim.calls.gateware_receiver import receive_gateware

    return receive_gateware(samples, training, data, start, progress), None


def demand_same(golden, gateware):
    """Raise :class:`~golden.errors.CallFailed` if the decisions of two pairs with taps differ."""
    for name, what in (
        ("fine", "soft value"),
        ("error", "error"),
        ("ucode", "Ucode"),
        ("sign", "sign"),
    ):
        a, b = (getattr(result[0], name).reshape(-1) for result in (golden, gateware))
        pcm.demand_equal(a, b, what, INTERVALS)


def receive(samples, training, data, parameters, start, engines):
    """:class:`Received` of samples (int64 within 16 bits, ``(n,)``).

    ``training`` and ``data`` are :class:`~golden.receiver.slicer.Levels`; ``start`` is the data
    frame with which data begin. Raises :class:`~golden.errors.CallFailed` if the receiver does not
    come to data.
    """
    decisions, taps = engines.run(
        "receiving",
        lambda show: receive_golden(samples, training, data, start, show),
        lambda show: _receive_gateware(samples, training, data, start, show),
        demand_same,
    )
    demand_trained(decisions)
    with engines.phase("alignment") as show:
        stretches, slips = align(decisions, data, start, parameters, show)
    file, overflows = transfer.FileReceiver(), 0
    for _, octets in stretches:
        bits = engines.run(
            "decoding",
            lambda show, octets=octets: pcm.decode(parameters, octets, show),
            lambda show, octets=octets: pcm.decode_gateware(parameters, octets, show),
            lambda a, b: pcm.demand_equal(a, b, "bit", parameters.data_bits),
        )
        file.process(bits)
        decoder = Decoder(parameters)
        decoder.process(octets)
        overflows += decoder.overflows
    return Received(decisions, taps, stretches, slips, file, overflows)


def demand_trained(decisions):
    """Raise :class:`~golden.errors.CallFailed` unless Sd was found and the equaliser trained."""
    kinds = [kind for _, kind in decisions.events]
    if Kind.DETECTED not in kinds:
        raise CallFailed("the receiver found no Sd")
    if Kind.TRAINED not in kinds:
        raise CallFailed("the receiver found Sd, but no taps that make TRN1d's symbols out")


# --- Slips ---------------------------------------------------------------------------------------


def align(decisions, levels, start, parameters, progress=lambda done, total: None):
    """Decide data as octets, and move the data frames' boundaries where the network slipped.

    If check sequences fail and no frame of the file arrives, the soft values are decided anew for
    each of the six places at which data frames may begin. The place with which frames arrive again
    holds from there on. Symbols between the slip and that place are lost.

    Returns ``stretches`` and ``slips``, as in :class:`Received`.
    """
    soft = decisions.fine[decisions.number >= start].reshape(-1)
    phases = {}

    def octets(phase):
        if phase not in phases:
            phases[phase] = decide(soft, levels, phase, parameters.law)
        return phases[phase]

    size = INTERVALS * -(-_FRAMES * 9 * transfer.N401 // parameters.data_bits)
    stretches, slips = [], []
    at = begin = phase = 0
    decoder, deframer, arrived = Decoder(parameters), Deframer(), 0
    while at + INTERVALS <= len(soft):
        progress(at, len(soft))
        bad, end = deframer.bad, at + size
        frames = deframer.process(decoder.process(octets(phase)[at:end]))
        arrived += len(frames)
        if any(len(frame) > 2 and frame[2] & 1 for frame in frames):
            break
        if deframer.bad > bad or (arrived and not frames):
            counts = [
                _whole(octets((phase + k) % INTERVALS)[at + k : at + k + 2 * size], parameters)
                for k in range(INTERVALS)
            ]
            k = int(np.argmax(counts))
            if counts[k] > counts[0]:
                stretches.append((begin, octets(phase)[begin:at]))
                slips.append((start + at // INTERVALS, k))
                begin = at = at + k
                phase = (phase + k) % INTERVALS
                decoder, deframer = Decoder(parameters), Deframer()
                continue
        at = end
    progress(len(soft), len(soft))
    rest = octets(phase)[begin:]
    stretches.append((begin, rest[: len(rest) // INTERVALS * INTERVALS]))
    return stretches, slips


def decide(soft, levels, phase, law):
    """Octets of soft values (fine, ``(n,)``); the first is in interval ``-phase`` mod 6."""
    interval = (np.arange(len(soft)) - phase) % INTERVALS
    ucode = np.zeros(len(soft), np.uint8)
    for i, (values, ucodes) in enumerate(zip(levels.values, levels.ucodes, strict=True)):
        bounds = [(a + b) << (FINE - 1) for a, b in pairwise(values)]
        mine = interval == i
        ucode[mine] = np.array(ucodes)[np.searchsorted(bounds, np.abs(soft[mine]))]
    return g711.octet(ucode, soft >= 0, law)


def _whole(octets, parameters):
    """How many frames arrive whole in octets that begin with a data frame somewhere in the data."""
    deframer = Deframer()
    deframer.process(Decoder(parameters).process(octets))
    return deframer.good


def noticed(received):
    """Slips and losses that the receiver noticed: text that begins with a semicolon, or none."""
    parts = [f"the network slipped about data frame {at}" for at, _ in received.slips]
    for kind, what in (
        (Kind.DISTURBED, "was disturbed"),
        (Kind.LOST, "was lost"),
        (Kind.GIVEN_UP, "was given up"),
    ):
        places = [at for at, event in received.decisions.events if event == kind]
        if places:
            parts.append(f"synchronism {what} in data frame {places[0]}")
    return "".join(f"; {part}" for part in parts)
