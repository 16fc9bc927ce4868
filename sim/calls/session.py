"""Two modems, a network and a line, piece after piece: phases 3 and 4, data, renegotiations.

The digital modem's octets go through network and line. The analogue modem's signals and bit
sequences reach the digital modem without errors, a piece later. Calls side by side share a receiver
and nothing else: each goes as it would by itself.
"""

from dataclasses import replace

import numpy as np

from golden.modem.analogue import AnalogueModem
from golden.modem.digital import DigitalModem
from golden.receiver.receiver import Receiver
from golden.receiver.training_levels import training_levels
from sim.calls import design
from sim.world.line_stream import LineStream
from sim.world.network import Network

#: Data frames of a piece: 48 ms, the round trip to the next town.
PIECE_FRAMES = 64


class Session:
    """Start-ups side by side, on one receiver of as many lines.

    Parameters
    ----------
    calls : iterable of :class:`~sim.calls.description.Call`
    piece : int
        Data frames of a piece.
    receiver
        In place of the golden :class:`~golden.receiver.receiver.Receiver`.

    Members
    -------
    digital, analogue, network : lists
        The modems and networks of all calls.
    now : int
        Data frames that have passed.
    """

    def __init__(self, calls, piece=PIECE_FRAMES, receiver=None):
        self.calls, self.piece = list(calls), piece
        levels = [training_levels(call.u_info, call.law) for call in self.calls]
        self.receiver = receiver or Receiver(levels, lines=len(self.calls))
        self.digital, self.analogue, self.network, self._line = [], [], [], []
        for k, c in enumerate(self.calls):
            self.digital.append(DigitalModem(c.law, c.u_info, c.power, c.at_codec, trn1d=c.trn1d))
            self.analogue.append(
                AnalogueModem(
                    self.receiver, k, c.law, c.power, c.at_codec, c.u_info, c.margin, **c.options
                )
            )
            self.network.append(Network(replace(c.network, law=c.law)))
            self._line.append(LineStream(c.line_of()))
        self._upstream = [[] for _ in self.calls]
        self.now = 0

    def step(self):
        """Run one piece."""
        rows = []
        for k, modem in enumerate(self.digital):
            for upstream, bits in self._upstream[k]:
                modem.receive(upstream, bits)
            octets = modem.frames(self.piece)
            samples = self._line[k].process(self.network[k].process(octets))
            rows.append(np.rint(samples * (1 << (design.CONVERTER_BITS - 1))).astype(np.int64))
        decisions = self.receiver.process(rows)
        for k, modem in enumerate(self.analogue):
            self._upstream[k] = modem.process(decisions[k], self.piece)
        self.now += self.piece

    def run(self, frames, until=None):
        """Run at least so many data frames, or until ``until(self)``; return the session."""
        end = self.now + frames
        while self.now < end and not (until and until(self)):
            self.step()
        return self
