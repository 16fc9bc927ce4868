"""What the analogue modem asks for: CPt and CP for what it has learnt (8.5.2, 9.4.2/V.90)."""

from dataclasses import replace

import numpy as np

from golden.learning import constellations
from golden.pcm import g711
from golden.pcm.parameters import rate_table
from golden.receiver.slicer import Levels
from golden.signals.sequences import CP, cp_fields

#: dB by which CPt's points are further apart than CP's.
SAFER = 3.0

#: Factor of the power that data may have beside training: 3 dB (8.5.2).
MORE_POWER = 10**0.3

#: Upstream rates of CP: all, for the return path is none.
_UPSTREAM = 0x1FFF


class Proposal:
    """Mapping parameters, levels and CP sequences for one network.

    Parameters
    ----------
    impairments : :class:`~golden.learning.learning.Impairments`
    jd : dict
        Fields of :data:`golden.signals.sequences.JD`: rates and look-ahead that are offered.
    power, at_codec
        Of INFO0d: limit of the average power in dBm0, and whether it counts at the codec's output.
    u_info : int
        Ucode of TRN1d.
    sr, ld, filter
        Of the shaper, as :class:`~golden.learning.constellations.Designer` takes them; no more
        look-ahead than Jd offers, and none without a shaper.
    """

    def __init__(
        self, impairments, jd, power, at_codec, u_info, sr=0, ld=3, filter=constellations.FILTER
    ):
        self.impairments, self.jd, self.u_info = impairments, jd, u_info
        self.power, self.at_codec = power, at_codec
        self.sr, self.ld, self.filter = sr, ld, filter
        #: Ucodes at the codec's output ``(6, 128)``, the larger where a robbed bit takes turns.
        self.codewords = impairments.codewords.max((2, 3))

    def cp(self, deviation, margin, most=None, cpt=None):
        """CP's mapping parameters of the highest rate.

        ``deviation`` (``(6,)``): of one value, in PCM values; ``margin`` in dB; ``most``: largest
        D; ``cpt``: CPt's mapping parameters, beside which data have 3 dB more power at most. Raises
        :class:`~golden.errors.CallFailed` where there are none.
        """
        rates = self.jd["rates"]
        allowed = {d for _, _, d, _ in rate_table("CP") if rates >> (d - 21) & 1}
        ceiling = cpt and MORE_POWER * float(cpt.average_power)
        designer = self._designer(deviation, margin, ceiling=ceiling)
        return self._separated(designer.best(most, allowed))

    def cpt(self, deviation, margin):
        """CPt's, which has points ``SAFER`` dB further apart; raises as :meth:`cp` does."""
        return self._separated(self._designer(deviation, margin + SAFER, kind="CPt").best())

    def _designer(self, deviation, margin, **options):
        found = self.impairments
        ld = min(self.ld, self.jd["look_ahead"]) if self.sr else 0
        return constellations.Designer(
            (np.rint(found.least), np.rint(found.most)),
            found.law,
            constellations.distances(deviation, margin),
            self.sr,
            ld,
            self.filter,
            self.power,
            codec=(self.codewords, found.law_out) if self.at_codec else None,
            usable=[int(u) for u in np.flatnonzero(found.measured)],
            **options,
        )

    def _at_codec(self, interval, ucodes):
        return tuple(int(word) for word in self.codewords[interval, list(ucodes)])

    def _separated(self, p):
        """Intervals share a constellation only where the codec's are the same too."""
        pairs = [(ucodes, self._at_codec(i, ucodes)) for i, ucodes in enumerate(p.intervals)]
        distinct = list(dict.fromkeys(pairs))
        return replace(
            p,
            interval_constellation=tuple(distinct.index(pair) for pair in pairs),
            constellations=tuple(ucodes for ucodes, _ in distinct),
        )

    def sequence(self, parameters, acknowledge=0, cleardown=False, silence=False):
        """Bits (uint8) of a CP, CPt or, with ``silence``, CPs; ``cleardown``: drn is 0 (9.7)."""
        found = self.impairments
        level = g711.linear(found.codewords[:, self.u_info].reshape(-1), found.law_out)
        ratio = g711.linear(self.u_info, found.law) / np.sqrt(np.mean(level.astype(float) ** 2))
        codec = [
            self._at_codec(parameters.interval_constellation.index(index), ucodes)
            for index, ucodes in enumerate(parameters.constellations)
        ]
        if tuple(codec) == parameters.constellations and found.law == found.law_out:
            codec = ()
        fields = cp_fields(
            parameters,
            upstream_rates=_UPSTREAM,
            rms_ratio=min(round(ratio * 8192), 0xFFFF),
            acknowledge=acknowledge,
            silence=int(silence),
            codec=codec,
        )
        fields["law"] = int(found.law_out == "A")
        if cleardown:
            fields["drn"] = 0
        return CP.build(**fields)

    def levels(self, intervals):
        """Where Ucodes of six intervals arrive: of those that arrive at two levels, both.

        Raises :class:`~golden.errors.V90Error` where two Ucodes arrive at one level.
        """
        least, most = (
            np.rint(x).astype(int) for x in (self.impairments.least, self.impairments.most)
        )
        pairs = [
            sorted({(int(x[i, u]), u) for u in ucodes for x in (least, most)})
            for i, ucodes in enumerate(intervals)
        ]
        return Levels(
            tuple(tuple(value for value, _ in row) for row in pairs),
            tuple(tuple(ucode for _, ucode in row) for row in pairs),
        )

    def room(self, parameters, deviation):
        """Noise in dB that all intervals bear beyond ``deviation`` before 1e-6 are wrong."""
        found = self.impairments
        arrived = np.rint(found.least), np.rint(found.most)
        return float(constellations.margins(arrived, parameters, deviation).min())
