"""The digital modem's offer in INFO0d and Jd, and the CP that keep to it (8.4.2, 8.5.2/V.90)."""

from dataclasses import dataclass

from golden.errors import V90Error
from golden.pcm import g711
from golden.pcm.parameters import POWER_LIMITS
from golden.signals.sequences import mapping_parameters


@dataclass(frozen=True)
class Offer:
    """Limits of the mapping parameters that a digital modem accepts.

    Fields
    ------
    law : str, law of what is sent
    power : float, most average power in dBm0; one of Table 15
    at_codec : bool, power counts at the codec's output, not at the modem's terminals (INFO0d)
    rates : int, bit i: drn i + 1 is offered (Jd)
    look_ahead : int, largest look-ahead of the shaper (Jd)

    Raises :class:`~golden.errors.V90Error` for a law or a power that INFO0d does not have.
    """

    law: str
    power: float
    at_codec: bool
    rates: int
    look_ahead: int

    def __post_init__(self):
        g711.check_law(self.law)
        if self.power not in POWER_LIMITS:
            raise V90Error(
                f"INFO0d has powers of -0.5 to -16 dBm0 in steps of 0.5, not {self.power:g}"
            )

    def accepted(self, cp):
        """Mapping parameters, in this offer's law, for the fields of a CP.

        Raises :class:`~golden.errors.V90Error` where the CP asks for more than is offered.
        """
        asked = mapping_parameters(cp)
        name = asked.type
        if cp["type"] and not self.rates >> cp["drn"] - 1 & 1:
            raise V90Error(f"{name} asks for {int(asked.rate)} bit/s, which Jd does not offer")
        if asked.ld > self.look_ahead:
            raise V90Error(
                f"{name} asks for a look-ahead of {asked.ld}, and Jd offers {self.look_ahead}"
            )
        measured = asked.with_law(self.law)
        if self.at_codec and cp["codec_differs"]:
            measured = mapping_parameters({**cp, "constellations": cp["codec_constellations"]})
        if measured.exceeds(self.power):
            raise V90Error(f"{name} asks for more power than {self.power:g} dBm0")
        return asked.with_law(self.law)
