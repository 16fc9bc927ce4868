"""Two modems and what is between them, piece after piece: phases 3 and 4, data, renegotiations.

The digital modem's octets go through network and line; what the analogue modem sends upstream comes
to the digital modem as signals and bit sequences, without errors, a piece later.
"""

from dataclasses import dataclass, field, replace

import numpy as np

from golden.modem.analogue import MARGIN, AnalogueModem
from golden.modem.digital import DigitalModem
from golden.receiver.receiver import Receiver
from golden.receiver.training_levels import training_levels
from sim.calls import design
from sim.world.line import Conditions
from sim.world.line_stream import LineStream
from sim.world.network import Network, NetworkParameters

#: Data frames of a piece: 48 ms, which is a round trip to the next town.
PIECE = 64

#: Power in dB below full scale to which the A/D's gain brings TRN1d, and the A/D's bits.
LEVEL, BITS = -22.0, 16


@dataclass(frozen=True)
class Setting:
    """What a session is run on.

    Fields: ``law`` of the digital modem; ``line``, its name; ``conditions``, whose SNR refers to
    TRN1d at the A/D; ``network``; ``power`` limit in dBm0 and ``at_codec`` of INFO0d; ``u_info``;
    ``margin`` in dB; ``trn1d`` in symbols; ``options``, more of :class:`AnalogueModem`'s.
    """

    law: str = "A"
    line: str = "codec"
    conditions: Conditions = Conditions(snr=45)
    network: NetworkParameters = NetworkParameters()
    power: float = -12.0
    at_codec: bool = False
    u_info: int = 79
    margin: float = MARGIN
    trn1d: int = 2040
    options: dict = field(default_factory=dict)

    def line_of(self):
        """The :class:`~sim.world.line.Line` with its noise and gain set against TRN1d."""
        network = replace(self.network, law=self.law)
        return design.line_at(self.line, network, self.conditions, self.u_info, LEVEL, BITS)


class Session:
    """Sessions side by side, one receiver for all: ``receiver``, or golden's.

    ``run(frames, until)``: piece after piece, at most so many data frames, until ``until(self)``;
    ``digital`` and ``analogue`` are the modems, ``now`` the data frames that have passed.
    """

    def __init__(self, settings, piece=PIECE, receiver=None):
        self.settings, self.piece = list(settings), piece
        levels = [training_levels(s.u_info, s.law) for s in self.settings]
        self.receiver = receiver or Receiver(levels, lines=len(self.settings))
        self.digital, self.analogue, self.network, self._line = [], [], [], []
        for k, s in enumerate(self.settings):
            self.digital.append(DigitalModem(s.law, s.u_info, s.power, s.at_codec, trn1d=s.trn1d))
            self.analogue.append(
                AnalogueModem(
                    self.receiver, k, s.law, s.power, s.at_codec, s.u_info, s.margin, **s.options
                )
            )
            self.network.append(Network(replace(s.network, law=s.law)))
            self._line.append(LineStream(s.line_of()))
        self._samples = [np.zeros(0, np.int64) for _ in self.settings]
        self._upstream = [[] for _ in self.settings]
        self.now = 0

    def step(self):
        """One piece."""
        for k, modem in enumerate(self.digital):
            for upstream, bits in self._upstream[k]:
                modem.receive(upstream, bits)
            octets = modem.frames(self.piece)
            samples = self._line[k].process(self.network[k].process(octets))
            samples = np.rint(samples * (1 << (BITS - 1))).astype(np.int64)
            self._samples[k] = np.concatenate([self._samples[k], samples])
        # Clocks differ: each line has its own number of samples, the receiver takes as many of all.
        take = min(map(len, self._samples))
        rows = np.stack([row[:take] for row in self._samples])
        self._samples = [row[take:] for row in self._samples]
        decisions = self.receiver.process(rows)
        for k, modem in enumerate(self.analogue):
            self._upstream[k] = modem.process(decisions[k], self.piece)
        self.now += self.piece

    def run(self, frames, until=None):
        """See the class."""
        end = self.now + frames
        while self.now < end and not (until and until(self)):
            self.step()
        return self
