"""Calls with given mapping parameters: encoder, network, line and the analogue modem's receiver.

Downstream there are Sd and S-bar-d (8.4.4), TRN1d (8.4.5) and then data at once, in place of the
rest of the start-up: B1d and V.42 frames by the encoder of clause 5.4, from the data frame after
TRN1d's last on. :mod:`sim.calls.start_up` has calls in which the modems find the parameters.
"""

from dataclasses import replace

import numpy as np

from golden.errors import V90Error
from golden.learning import constellations
from golden.modem.digital import Sent
from golden.pcm import g711
from golden.pcm.parameters import FRAMES_A_SECOND, INTERVALS, OCTET_RATE
from golden.receiver.detection import SdDetector
from golden.receiver.timing import SAMPLE_RATE
from golden.signals.training import SD, SD_BAR, sd, trn1d
from sim.calls import design, pcm, transfer
from sim.calls.comparison import Comparison
from sim.calls.description import GIVEN_TRN1D, check_given_training
from sim.calls.engines import GOLDEN
from sim.calls.outcome import Outcome
from sim.calls.reception import receive
from sim.world.network import Network, NetworkParameters

#: Octets of Ucode 0 before Sd, a multiple of 6, so that data frames begin with the network's.
OPENING_SILENCE = 798

#: Data frames of ones after the file, so that the line and the receiver give all of the file.
CLOSING_FRAMES = 24

#: Octets before TRN1d.
_BEFORE_TRN1D = OPENING_SILENCE + (SD + SD_BAR) * INTERVALS


def opening(call):
    """Octets before the data: silence, Sd, S-bar-d and TRN1d."""
    parts = [
        (np.zeros(OPENING_SILENCE, np.uint8), np.ones(OPENING_SILENCE, np.uint8)),
        sd(call.u_info),
        trn1d(call.u_info, call.trn1d),
    ]
    return np.concatenate([g711.octet(*part, call.law) for part in parts])


def network_of(call):
    """The :class:`~sim.world.network.Network`, its positions moved to after the opening."""
    n, before = call.network, _BEFORE_TRN1D + call.trn1d
    slips = tuple((at + before, change) for at, change in n.slips)
    return Network(replace(n, slips=slips, high_pass_at=n.high_pass_at + before))


def samples_of(call, octets):
    """Samples of the A/D (int64 within 16 bits) for octets that begin with the opening."""
    samples = call.line_of().process(network_of(call).process(octets))
    return np.rint(samples * (1 << (design.CONVERTER_BITS - 1))).astype(np.int64)


def carry(call, data, engines):
    """Send a file (bytes) through a call with given parameters; return the ``Outcome``.

    Raises as :func:`sim.calls.call.run`.
    """
    p = call.parameters
    arrived = design.arrivals(call.network)
    training = design.training_levels(arrived, call.u_info)
    levels = constellations.data_levels(arrived, p)
    bits = transfer.file_bits(data, p.data_bits)
    frames = len(bits) // p.data_bits
    bits = np.concatenate([bits, np.ones(CLOSING_FRAMES * p.data_bits, np.uint8)])
    sent = engines.run(
        "encoding",
        lambda show: pcm.encode(p, bits, show),
        lambda show: pcm.encode_gateware(p, bits, show),
        lambda a, b: pcm.demand_equal(a, b, "octet", INTERVALS),
    )
    octets = np.concatenate([opening(call), sent])
    with engines.phase("network and line"):
        samples = samples_of(call, octets)
    received = receive(samples, training, levels, p, call.trn1d // INTERVALS, engines)
    slips = network_of(call).parameters.slips
    timeline = _timeline(call, frames)
    return Outcome(
        call=call,
        data=data,
        parameters=p,
        octets=octets,
        samples=samples,
        decisions=received.decisions,
        taps=received.taps,
        timeline=timeline,
        rates=[(timeline[-1].first, float(p.rate))],
        lasted=frames / FRAMES_A_SECOND,
        file=received.file,
        comparison=Comparison(
            call, octets, _BEFORE_TRN1D, frames, slips, arrived, levels, received
        ),
    )


def _timeline(call, frames):
    lengths = {
        "silence": OPENING_SILENCE // INTERVALS,
        "Sd": SD,
        "S-bar-d": SD_BAR,
        "TRN1d": call.trn1d // INTERVALS,
        "data": frames,
    }
    firsts = np.cumsum([0, *lengths.values()]).tolist()
    return [
        Sent(signal, first, count)
        for first, (signal, count) in zip(firsts, lengths.items(), strict=False)
    ]


# --- Samples from elsewhere ----------------------------------------------------------------------


def receive_recording(
    samples, parameters, u_info=design.USUAL_U_INFO, symbols=GIVEN_TRN1D, engines=GOLDEN
):
    """Read the data in a recording of an analogue line.

    Levels are those of Table 1 in the law of the parameters.

    Parameters
    ----------
    samples : int64, ``(n,)``
        Within 16 bits, 16 kHz.
    parameters : :class:`~golden.pcm.parameters.MappingParameters`
    u_info, symbols : int
        Ucode and length of TRN1d.

    Returns
    -------
    :class:`~sim.calls.reception.Received`

    Raises
    ------
    golden.errors.V90Error
        The recording is too short, or holds no Sd.
    """
    check_given_training(u_info, symbols)
    frames = SD + SD_BAR + symbols // INTERVALS + 48
    least = frames * INTERVALS / OCTET_RATE
    if len(samples) < least * SAMPLE_RATE:
        raise V90Error(
            f"the recording is too short: {len(samples) / SAMPLE_RATE:.2f} s, and Sd, TRN1d and "
            f"B1d take {least:.2f} s"
        )
    if SdDetector().process(samples) is None:
        raise V90Error("the recording holds no Sd")
    arrived = design.arrivals(NetworkParameters(law=parameters.law))
    training = design.training_levels(arrived, u_info)
    data = constellations.data_levels(arrived, parameters)
    return receive(samples, training, data, parameters, symbols // INTERVALS, engines)
