"""A file received through a receiver's host link: what `v90 board` does there."""

import time

import numpy as np

from golden.errors import CallFailed, V90Error
from golden.learning import constellations
from golden.pcm.parameters import INTERVALS
from golden.receiver.slicer import FINE
from golden.receiver.timetable import SLOW_BITS, Kind, State
from hdl.modem.client import (
    ADDRESS_AT,
    DATA_CHANNEL,
    EVENTS_CHANNEL,
    FLAGS_AT,
    HIGH_AT,
    LOST_FLAG,
    LOW_AT,
    NUMBER_AT,
    PARAMETERS_CHANNEL,
    QUALITY_AT,
    RECEIVER_CHANNEL,
    STATES,
    STEP_AT,
    TRAINING_FLAG,
)
from hdl.pcm.csr import configuration_words
from hdl.receiver.words import configuration_words as receiver_words
from sim.calls import design, transfer
from sim.world.network import NetworkParameters

#: PCM values, those of Table 1/V.90, of full scale.
FULL_SCALE = 32768


def levels_of(parameters, u_info):
    """Levels of TRN1d and of data, as a network without a pad gives them."""
    arrived = design.arrivals(NetworkParameters(law=parameters.law))
    return design.training_levels(arrived, u_info), constellations.data_levels(arrived, parameters)


def configure(board, parameters, u_info, symbols):
    """Give a receiver TRN1d's symbols and U_INFO, and the parameters of the data after it."""
    board.demand_receiver()
    levels = levels_of(parameters, u_info)
    board.words(PARAMETERS_CHANNEL, configuration_words(parameters))
    wide = receiver_words(*levels, symbols // INTERVALS)
    board.words(
        RECEIVER_CHANNEL,
        [
            pair
            for address, word in wide
            for pair in ((ADDRESS_AT, address), (LOW_AT, word & 0xFFFF), (HIGH_AT, word >> 16))
        ],
    )


class ClientReception:
    """A file that a receiver hears, as far as it has come.

    ``file``, a :class:`sim.calls.transfer.FileReceiver`; ``events``, a list of pairs of kind and
    data frame; ``octets`` of data.
    """

    def __init__(self):
        self.file, self.events, self.octets = transfer.FileReceiver(), [], 0
        self._event = bytearray()

    def take(self, pairs):
        """Take pairs of channel and octet, as :meth:`boards.host.link.Board.take` gives them."""
        data = np.array([octet for channel, octet in pairs if channel == DATA_CHANNEL], np.uint8)
        self.octets += len(data)
        self.file.process(np.unpackbits(data, bitorder="little"))
        self._event += bytes(octet for channel, octet in pairs if channel == EVENTS_CHANNEL)
        while len(self._event) >= 4:
            kind, number = self._event[0], int.from_bytes(self._event[1:4], "little")
            if kind not in list(Kind):
                raise V90Error(f"the board reports an event of kind {kind}, which is unknown here")
            self.events.append((Kind(kind), number))
            del self._event[:4]


def receive(board, patience, progress=lambda reception: None, over=None):
    """Receive a file: a :class:`ClientReception`, whole or as far as it came.

    Ends with the file. Without one it ends when no event and no next frame of the file has come for
    ``patience`` seconds, whatever else comes: a line that stays alive does not hold it up.

    ``progress(reception)`` is called whenever something has come. ``over()``, of a simulated board,
    says whether all that it is to hear has been heard. ``patience`` begins then, and reception ends
    at once when nothing comes any more.

    Raises :class:`~golden.errors.CallFailed` where the board's queue was full.
    """
    reception, reached, last = ClientReception(), None, time.monotonic()
    while not reception.file.complete:
        pairs = board.take()
        if pairs:
            reception.take(pairs)
            progress(reception)
        now = (reception.file.frames, len(reception.events))
        heard = over is None or over()
        if now != reached or not heard:
            reached, last = now, time.monotonic()
        if (over is not None and heard and not pairs) or time.monotonic() > last + patience:
            break
    if state(board)["lost"]:
        raise CallFailed(
            f"this computer was too slow for the board: data were lost after {reception.octets} "
            "octets"
        )
    return reception


def state(board):
    """A receiver's numbers, all of about the same time, as a dict.

    ``state``, ``training``, ``lost``, ``number``, ``step``, ``quality``.
    """
    octets = board.numbers(STATES)

    def number(at, size, signed=False):
        return int.from_bytes(octets[at : at + size], "little", signed=signed)

    flags = octets[FLAGS_AT]
    if flags & 0xF not in list(State):
        raise V90Error(f"the board is in state {flags & 0xF}, which is unknown here")
    return {
        "state": flags & 0xF,
        "training": bool(flags & 1 << TRAINING_FLAG),
        "lost": bool(flags & 1 << LOST_FLAG),
        "number": number(NUMBER_AT, 3),
        "step": number(STEP_AT, 4, signed=True),
        "quality": number(QUALITY_AT, 5),
    }


def _error_power(state):
    """Mean of squared errors of symbol 0, in PCM values; 0 before there are any."""
    return state["quality"] / (1 << SLOW_BITS) / (1 << 2 * FINE)


def errors(state):
    """Text for the mean of squared errors: as a level and in PCM values."""
    power = _error_power(state)
    if not power:
        return "none yet"
    decibels = 10 * np.log10(power / FULL_SCALE**2)
    return f"{decibels:.1f} dB of full scale, {power**0.5:.1f} in PCM values"


def snr(state, levels):
    """Text for the SNR in dB; ``levels`` are those of :func:`levels_of`."""
    power = _error_power(state)
    if not power:
        return "none yet"
    sent = levels[0 if state["training"] else 1].power
    return f"{10 * np.log10(sent / power):.1f} dB"
