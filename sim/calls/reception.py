"""Samples to a file: a receiver's decisions, data frames found again behind slips, the decoder."""

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
from sim.calls import pcm, transfer
from sim.world.line import SAMPLES

# Samples that the receiver takes at once: half a second.
_PIECE = SAMPLES // 2

# Full I frames that a stretch must have room for before its alignment is judged.
_FRAMES = 4


@dataclass
class Taps:
    """Taps at the call's end (float64): feed-forward, newest sample first, and feedback."""

    forward: np.ndarray
    feedback: np.ndarray


@dataclass
class Reception:
    """What came out of samples.

    Fields: ``decisions``; ``taps`` (None where only gateware ran); ``stretches``, pairs of the
    first symbol from the data's first and octets decided from there on, whole data frames;
    ``slips``, pairs of the data frame about which the network slipped and how many intervals later
    data frames begin from there on; ``file``, the :class:`~sim.calls.transfer.FileReceiver`;
    ``overflows`` of the decoder.
    """

    decisions: Decisions
    taps: Taps | None
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
    """``Decisions`` and :class:`Taps` of samples by the golden receiver."""
    receiver, parts = Receiver(training, data, start), []
    for at in range(0, max(1, len(samples)), _PIECE):
        progress(at, len(samples))
        parts.append(receiver.process(samples[at : at + _PIECE]))
    progress(len(samples), len(samples))
    return joined(parts), taps_of(receiver)


def taps_of(receiver):
    """:class:`Taps` of the golden receiver's first line."""
    equalizer = receiver.equalizer
    scale = 2.0 ** (-FORWARD_TAP.fraction - equalizer.drop[0] + 16 - FINE)
    return Taps(
        equalizer.forward_taps[0] * scale,
        equalizer.feedback_taps[0] / (1 << FEEDBACK_TAP.fraction),
    )


def _receive_gateware(samples, training, data, start, progress):
    # Amaranth takes a while to load, which golden calls need not wait for.
    from sim.calls.gateware_receiver import receive_gateware

    return receive_gateware(samples, training, data, start, progress), None


def demand_same(golden, gateware):
    """Raise where decisions differ, of pairs of ``Decisions`` and taps."""
    for name, what in (
        ("fine", "soft value"),
        ("error", "error"),
        ("ucode", "Ucode"),
        ("sign", "sign"),
    ):
        a, b = (getattr(result[0], name).reshape(-1) for result in (golden, gateware))
        pcm.demand_equal(a, b, what, INTERVALS)


def receive(samples, training, data, parameters, start, engines):
    """:class:`Reception` of samples (int64 within 16 bits, ``(n,)``).

    ``training`` and ``data`` are :class:`~golden.receiver.slicer.Levels`, ``start`` the data frame
    with which data begin. Raises :class:`~golden.errors.CallFailed` when it does not come to data.
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
    return Reception(decisions, taps, stretches, slips, file, overflows)


def demand_trained(decisions):
    """Raise :class:`~golden.errors.CallFailed` unless Sd was found and the equaliser trained."""
    kinds = [kind for _, kind in decisions.events]
    if Kind.DETECTED not in kinds:
        raise CallFailed("the receiver found no Sd")
    if Kind.TRAINED not in kinds:
        raise CallFailed("the receiver found Sd, but no taps that make TRN1d's symbols out")


# --- Slips ---------------------------------------------------------------------------------------


def align(decisions, levels, start, parameters, progress=lambda done, total: None):
    """Decided data as octets, with the data frames' boundaries moved where the network slipped.

    Where check sequences fail and no frame of the file arrives, the soft values are decided anew
    for each of the six places at which data frames may begin; the one with which frames arrive
    again, if there is one, holds from there on. What lies between is lost.

    Returns ``stretches`` and ``slips``, as in :class:`Reception`.
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
    """Octets of soft values (fine, ``(n,)``), the first of them in interval ``-phase`` mod 6."""
    interval = (np.arange(len(soft)) - phase) % INTERVALS
    ucode = np.zeros(len(soft), np.uint8)
    for i, (values, ucodes) in enumerate(zip(levels.values, levels.ucodes, strict=True)):
        bounds = [(a + b) << (FINE - 1) for a, b in pairwise(values)]
        mine = interval == i
        ucode[mine] = np.array(ucodes)[np.searchsorted(bounds, np.abs(soft[mine]))]
    return g711.octet(ucode, soft >= 0, law)


def _whole(octets, parameters):
    """How many frames arrive whole from octets that begin a data frame somewhere in the data."""
    deframer = Deframer()
    deframer.process(Decoder(parameters).process(octets))
    return deframer.good


def aside(reception):
    """What the receiver had to tell beside the file: text that begins with a semicolon, or none."""
    parts = [f"the network slipped about data frame {at}" for at, _ in reception.slips]
    for kind, what in (
        (Kind.DISTURBED, "was disturbed"),
        (Kind.LOST, "was lost"),
        (Kind.GIVEN_UP, "was given up"),
    ):
        places = [at for at, event in reception.decisions.events if event == kind]
        if places:
            parts.append(f"synchronism {what} in data frame {places[0]}")
    return "".join(f"; {part}" for part in parts)
