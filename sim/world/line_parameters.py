"""The parameters of a telephone line: codec, loop and terminations."""

from dataclasses import dataclass, fields

from golden.errors import V90Error, short
from sim.world import loop as loops

#: Range of the codec's band edge in Hz: where its loss is 3 dB.
EDGES = (3500, 3850)

#: Lowest corner in Hz of a high-pass: the response of a lower one would not fit into a second.
LEAST_CORNER = 2.0


def check_number(name, value, least, most):
    """The value as a float; :class:`~golden.errors.V90Error` unless it is within both bounds."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
        raise V90Error(f"{name} is {least:g} to {most:g}, not {short(value)}")
    return float(value)


@dataclass(frozen=True)
class LineParameters:
    """A line: codec, loop and terminations; by default a codec and nothing else.

    Parameters
    ----------
    description, source : str
        A description, and the source of it.
    band_edge : float
        Frequency in Hz, 3500 to 3850, at which the codec's loss is 3 dB.
    high_pass : tuple of float
        Corners in Hz of the codec's one-pole high-passes.
    loop : tuple of :class:`sim.world.loop.CableSection`
        From the exchange to the client; mappings of its fields will do.
    exchange, client : str
        Impedances at both ends (``TERMINATIONS`` of sim/world/loop.py).
    transformer : float
        Corner in Hz of the client's transformer, None for none.
    """

    description: str = "a codec"
    source: str = "own"
    band_edge: float = 3600.0
    high_pass: tuple = (20.0,)
    loop: tuple = ()
    exchange: str = "600"
    client: str = "600"
    transformer: float | None = None

    def __post_init__(self):
        def put(name, value):
            object.__setattr__(self, name, value)

        for name in ("description", "source"):
            if not isinstance(getattr(self, name), str) or not getattr(self, name):
                raise V90Error(f"a line's {name} is text")
        put("band_edge", check_number("band_edge", self.band_edge, *EDGES))
        if not isinstance(self.high_pass, list | tuple):
            raise V90Error("high_pass is a list of corners in Hz")
        put(
            "high_pass",
            tuple(
                check_number("a corner of high_pass", corner, LEAST_CORNER, 400)
                for corner in self.high_pass
            ),
        )
        if self.transformer is not None:
            put("transformer", check_number("transformer", self.transformer, LEAST_CORNER, 400))
        loops.check_termination(self.exchange)
        loops.check_termination(self.client)
        if not isinstance(self.loop, list | tuple):
            raise V90Error("a loop is a list of sections")
        put("loop", tuple(_section(section) for section in self.loop))

    @classmethod
    def from_dict(cls, table):
        """A line from a mapping, as TOML gives it; an unknown key is an error."""
        known = [field.name for field in fields(cls)]
        for key in table:
            if key not in known:
                raise V90Error(f"a line has no {key!r}: it has {', '.join(known)}")
        return cls(**table)

    @property
    def feet(self):
        """Length in feet from exchange to client, bridged taps left out."""
        return sum(section.feet for section in self.loop if not section.tap)

    @property
    def taps(self):
        """Length in feet of the bridged taps together."""
        return sum(section.feet for section in self.loop if section.tap)


def _section(section):
    if isinstance(section, loops.CableSection):
        return section
    try:
        return loops.CableSection(**section)
    except TypeError:
        raise V90Error("a loop's sections have a gauge and feet, and may have tap") from None
