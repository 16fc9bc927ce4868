"""The description of one call: who is at its ends, what is between them, how it trains."""

from dataclasses import dataclass, field, replace

from golden.errors import V90Error
from golden.modem.analogue import MARGIN
from golden.modem.digital import TRN1D_SYMBOLS, check_length
from golden.pcm.parameters import INTERVALS, MappingParameters
from golden.receiver.timetable import SKIPPED, SOLVING, TRAINED
from golden.signals.training import ABOVE
from sim.calls import design
from sim.world import lines
from sim.world.conditions import Conditions
from sim.world.network import NetworkParameters

#: Symbols of TRN1d in a call with a start-up, and in one with given parameters.
START_UP_TRN1D, GIVEN_TRN1D = 2040, 8040

#: Fewest symbols of TRN1d in a call with given parameters: the taps are there five data frames
#: before data begin.
LEAST_GIVEN_TRN1D = INTERVALS * (SKIPPED + TRAINED + SOLVING + 5)


@dataclass(frozen=True)
class Call:
    """One call between a digital and an analogue modem, in data as soon as it can be.

    With ``parameters`` both ends know the mapping parameters, and data follow TRN1d at once.
    Without them the modems learn line and network in a start-up and agree on a rate.

    Parameters
    ----------
    law : str
        Law of the digital modem; that of ``parameters`` where they are given.
    line : str
        Name of a line.
    conditions : :class:`~sim.world.conditions.Conditions`
        Noise refers to TRN1d at the A/D. ``power``, ``gain``, ``level`` and ``bits`` are replaced
        by the call's own.
    network : :class:`~sim.world.network.NetworkParameters`
        Its ``law`` is replaced by the call's. Positions count from the first octet of data.
    u_info : int
        Ucode of TRN1d (8.4.5); W of Sd is 16 more.
    trn1d : int
        Symbols of TRN1d; None is the usual number, which depends on ``parameters``.
    parameters : :class:`~golden.pcm.parameters.MappingParameters`
        None: a start-up finds them. The fields below are for start-ups alone.
    power, at_codec
        Power limit of INFO0d in dBm0, and whether it holds at the codec's output.
    margin : float
        Margin in dB of the points' distance.
    options : dict
        More parameters of :class:`~golden.modem.analogue.AnalogueModem`.

    Raises
    ------
    golden.errors.V90Error
        There can be no such call.
    """

    law: str = "A"
    line: str = "codec"
    conditions: Conditions = Conditions(snr=design.USUAL_SNR)
    network: NetworkParameters = NetworkParameters()
    power: float = -12.0
    at_codec: bool = False
    u_info: int = design.USUAL_U_INFO
    margin: float = MARGIN
    trn1d: int | None = None
    options: dict = field(default_factory=dict)
    parameters: MappingParameters | None = None

    def __post_init__(self):
        def put(name, value):
            object.__setattr__(self, name, value)

        if self.conditions.seed < 0:
            raise V90Error(f"the seed is a whole number from 0, not {self.conditions.seed}")
        if self.given:
            put("law", self.parameters.law)
        if self.trn1d is None:
            put("trn1d", GIVEN_TRN1D if self.given else START_UP_TRN1D)
        if self.given:
            check_given_training(self.u_info, self.trn1d)
        else:
            check_u_info(self.u_info)
            check_length("TRN1d", self.trn1d, TRN1D_SYMBOLS)
        put("network", replace(self.network, law=self.law))
        lines.find(self.line)

    @property
    def given(self):
        """Whether the mapping parameters are given."""
        return self.parameters is not None

    def line_of(self):
        """The :class:`~sim.world.line.Line` with its noise and gain set against TRN1d."""
        level = design.GIVEN_LEVEL if self.given else design.START_UP_LEVEL
        return design.line_at(self.line, self.network, self.conditions, self.u_info, level)


def check_u_info(u_info):
    """Raise :class:`~golden.errors.V90Error` unless there is an Sd for this U_INFO."""
    if not 1 <= u_info < 128 - ABOVE:
        raise V90Error(f"U_INFO is 1 to {127 - ABOVE}, not {u_info}")


def check_given_training(u_info, symbols):
    """Raise :class:`~golden.errors.V90Error` unless a call with given parameters can train so."""
    check_u_info(u_info)
    check_length("TRN1d", symbols, (LEAST_GIVEN_TRN1D, TRN1D_SYMBOLS[1]))
