"""The outcome of a call: the file that arrived, and all that went over the line."""

from dataclasses import dataclass, field

import numpy as np

from golden.errors import V90Error
from golden.modem.analogue import AnalogueModem
from golden.modem.digital import DigitalModem
from golden.pcm.parameters import MappingParameters
from golden.receiver.decisions import Decisions
from sim.calls.comparison import Comparison
from sim.calls.description import Call
from sim.calls.reception import FinalTaps, noticed
from sim.calls.transfer import FileReceiver


@dataclass
class Outcome:
    """The outcome of a call; a file that did not arrive is a ``failure`` in it.

    Fields
    ------
    call : :class:`~sim.calls.description.Call`
    data, back : bytes
        The file sent, and the file received; ``back`` is None where none arrived.
    failure : str or None
        One sentence.
    parameters : :class:`~golden.pcm.parameters.MappingParameters`
        Those of the data sent last.
    octets, samples : uint8 and int64
        All that the digital modem sent, and all that the A/D took (within 16 bits).
    decisions : :class:`~golden.receiver.decisions.Decisions`
        Of all trainings.
    taps : :class:`~sim.calls.reception.FinalTaps` or None
        Taps at the end; None where only gateware ran.
    timeline : list of :class:`~golden.modem.digital.Sent`
        Signals of the digital modem, in the order of sending.
    rates : list of (int, float)
        Data frame and bit/s of each beginning of data.
    lasted : float
        Seconds from the first data until the file was whole, or until the end.
    again : int
        Frames sent more than once.
    file : :class:`~sim.calls.transfer.FileReceiver`
    comparison : :class:`~sim.calls.comparison.Comparison` or None
        Of calls with given parameters.
    digital, analogue
        The modems of a start-up, or None.
    seconds : float
        Time that the call took to simulate.
    """

    call: Call
    data: bytes
    parameters: MappingParameters
    octets: np.ndarray
    samples: np.ndarray
    decisions: Decisions
    taps: FinalTaps | None
    timeline: list
    rates: list
    lasted: float
    file: FileReceiver
    again: int = 0
    comparison: Comparison | None = None
    digital: DigitalModem | None = None
    analogue: AnalogueModem | None = None
    seconds: float = 0.0
    back: bytes | None = field(init=False, default=None)
    failure: str | None = field(init=False, default=None)

    def __post_init__(self):
        try:
            self.back = self.file.file()
        except V90Error as error:
            aside = noticed(self.comparison.received) if self.comparison else ""
            self.failure = f"{error}{aside}"
        else:
            if self.back != self.data:
                self.failure = "the file that arrived is another one"
