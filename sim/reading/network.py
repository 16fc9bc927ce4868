"""What the network did, told by which octets come out of it, and what a client could choose there.

Of the digital modem's law, a digital pad and robbed bits each leaves Ucodes that never arrive. DIL
asks for most Ucodes, so those that do arrive tell of the network, though nobody knows what was
asked for: the explanation counts that assumes least and makes them likeliest. Sd and TRN1d add two
Ucodes that were 16 apart when they were sent (8.4.4). With Ja it is known what was asked for.
"""

from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np

from golden.errors import CallFailed, V90Error
from golden.learning import learning
from golden.learning.proposal import Proposal
from golden.pcm import g711
from golden.pcm.parameters import INTERVALS
from golden.signals.training import ABOVE, dil
from sim.world.network import convert, nearest

#: What each thing that is assumed must gain, and what a Ucode costs that should not arrive, in
#: natural units of likelihood.
PRICE, IMPOSSIBLE = 6.0, 7.0

#: What it costs when no U_INFO makes the Ucodes of Sd and TRN1d.
NO_U_INFO = 40.0

#: Ucodes below which a network's own offset moves levels by their sign.
LOW = 16

#: Times that a Ucode arrives, not to be one that noise made.
SEEN = 2

#: Different Ucodes, but for the last bit, with one last bit, that tell of a robbed one.
ROBBED = 12

#: SNR of a client in dB, of TRN1d to noise, for which rates are told.
SNRS = (36, 40, 44, 48, 52)

#: Average power in dBm0 that they keep.
POWER = -12.0

#: U_INFO may be so many (Table 10/V.90), so that Sd's W exists.
_U_INFO = 67, 128 - ABOVE

_ONE = np.ones(128, np.uint8)


@dataclass
class Network:
    """A network as octets tell of it.

    Fields: ``law`` of the digital modem, ``law_out``; ``pad`` in dB; ``how``, where the pad and
    the conversion are; ``robbed``, ``robbed_after``: what replaces the last bit by interval, in
    front and behind; ``u_info``, Ucodes of TRN1d when it was sent that are possible;
    ``codewords`` ``(6, 128, 2)``, Ucodes that arrive by interval, Ucode sent and data frame, even
    or odd; ``measured`` (bool, ``(128,)``), Ucodes sent that DIL may have held; ``odd``, Ucodes
    that arrive although they should not.
    """

    law: str
    law_out: str
    pad: float
    how: str
    robbed: tuple
    robbed_after: tuple
    u_info: tuple
    codewords: np.ndarray = field(repr=False)
    measured: np.ndarray = field(repr=False)
    odd: tuple

    @property
    def sentences(self):
        """What was found, in words; none where the network does nothing."""
        return self.impairments.sentences

    @property
    def impairments(self):
        """The same as :class:`golden.learning.learning.Impairments`."""
        words = np.repeat(self.codewords[..., None], 2, -1)
        levels = g711.linear(words, self.law_out).astype(float)
        return learning.Impairments(
            self.law,
            self.law_out,
            self.pad,
            1.0,
            self.robbed,
            self.robbed_after,
            words,
            levels.min((2, 3)),
            levels.max((2, 3)),
            self.measured,
            (),
            1.0,
        )

    def rates(self, jd, snrs=SNRS):
        """Pairs of SNR in dB and the highest rate (bit/s, 0: none) at ``POWER``."""
        found, u_info = [], self.u_info[0] if self.u_info else 79
        proposal = Proposal(self.impairments, jd, POWER, False, u_info)
        level = float(
            np.sqrt(
                np.mean(g711.linear(self.codewords[:, u_info], self.law_out).astype(float) ** 2)
            )
        )
        for snr in snrs:
            try:
                best = proposal.cp(np.full(INTERVALS, level * 10 ** (-snr / 20)), 0.0)
                found.append((snr, float(best.rate)))
            except (CallFailed, V90Error):
                found.append((snr, 0.0))
        return found


def _near(values, law):
    return g711.ucode(nearest(values, _ONE, law), law)


def _levels(law):
    return g711.linear(np.arange(128), law).astype(float)


@lru_cache(2)
def _candidates(out):
    """Lists of names ``(law, tenths of a dB, how)`` and Ucodes ``(n, 128)`` that become of all."""
    names, words = [], []

    def add(law, tenths, how, ucodes):
        names.append((law, tenths, how))
        words.append(ucodes)

    for law in (out, *(one for one in g711.LAWS if one != out)):
        for tenths in learning.PADS:
            factor = 10 ** (-tenths / 200)
            scaled = _levels(law) * factor
            if law == out:
                add(law, tenths, "pad" * bool(tenths), _near(scaled, out))
                continue
            other = _near(_levels(law), out)
            table = g711.ucode(convert(g711.octet(np.arange(128), 1, law), law, out), out)
            if not tenths:
                add(law, 0, "converted by Tables 3 and 4/G.711", table)
                add(law, 0, "converted to the nearest value", other)
                continue
            add(law, tenths, "pad, then converted", _near(_levels(law)[_near(scaled, law)], out))
            add(law, tenths, "converted, then pad", _near(_levels(out)[table] * factor, out))
            add(law, tenths, "pad and conversion in one", _near(scaled, out))
    return names, np.stack(words)


def _prices(names, out):
    return np.array(
        [PRICE * (bool(tenths) + bool(tenths % 10) + (law != out)) for law, tenths, _ in names]
    )


def _forced(law, bit):
    """Ucodes ``(128,)`` with the octet's last bit replaced; "" leaves it."""
    octets = g711.octet(np.arange(128), 1, law)
    return g711.ucode(octets & 0xFE | np.uint8(int(bit)) if bit else octets, law)


def _robbed_behind(ucodes, law):
    """By interval what the last bit is always, "", "0", "1" or "01", of Ucodes ``(n, 6)``."""
    found = []
    for column in ucodes.T:
        bits = [g711.octet(column[turn::2], 1, law) & 1 for turn in range(2)]
        enough = all(len(np.unique(column[turn::2] >> 1)) >= ROBBED for turn in range(2))
        same = [one.min() == one.max() if len(one) else False for one in bits]
        if not (enough and all(same)):
            found.append("")
            continue
        even, odd = (str(int(one[0])) for one in bits)
        found.append(even if even == odd else "01")
    return tuple(found)


def _likelihood(arrived, image, shift):
    """Costs of what arrived under images, (n, 128) bool; ``shift`` folds a robbed last bit away."""
    if shift:
        arrived = arrived.reshape(-1, 2).any(1)
        image = image.reshape(*image.shape[:-1], -1, 2).any(-1)
    low = LOW >> shift
    seen = np.flatnonzero(arrived)
    top = int(seen.max()) if len(seen) else low
    part = slice(0, top + 1)
    impossible = (arrived & ~image)[..., low:].sum(-1)
    a = (image & arrived)[..., part].sum(-1)
    n = np.maximum(image[..., part].sum(-1), 1)
    q = np.clip(a / n, 1e-9, 1 - 1e-9)
    return IMPOSSIBLE * impossible - n * (q * np.log(q) + (1 - q) * np.log(1 - q))


def find(ucodes, every, law, u_info, w, asked=None):
    """:class:`Network` that explains DIL's ``ucodes`` (whole data frames, ``(n, 6)``) in ``law``.

    ``every``: those of all DIL, a high-pass or not. ``u_info`` and ``w``: Ucodes of TRN1d and of
    Sd's W as they arrive; ``asked``: fields of :data:`golden.signals.sequences.DIL`, where Ja is
    known.
    """
    names, words = _candidates(law)
    behind = _robbed_behind(ucodes, law)
    cost = _prices(names, law)
    # A robbed bit in front of a pad or conversion; without these it is one behind.
    sources = np.array([name[0] for name in names])
    kinds = {}
    for kind in learning.ROBBED_BITS:
        ways = np.empty((len(names), len(kind) or 1, 128), np.int64)
        for source in g711.LAWS:
            mine = sources == source
            for n, bit in enumerate(kind or [""]):
                ways[mine, n] = words[mine][:, _forced(source, bit)]
        kinds[kind] = ways
    total = np.zeros((INTERVALS, len(kinds), len(names)))
    plain = np.array([source == law and not tenths for source, tenths, _ in names])
    for i in range(INTERVALS):
        counts = np.bincount(ucodes[:, i], minlength=128)
        arrived = counts >= SEEN
        for k, (kind, ways) in enumerate(kinds.items()):
            if asked is None:
                image = np.zeros((len(names), 128), bool)
                for way in range(ways.shape[1]):
                    np.put_along_axis(image, ways[:, way], True, axis=1)
                total[i, k] = _likelihood(arrived, image, bool(behind[i]))
            else:
                total[i, k] = _departures(ucodes, ways, asked, i, bool(behind[i]))
            if kind:
                total[i, k] += PRICE
                total[i, k, plain] = np.inf
    cost = cost + total.min(1).mean(0)
    cost += NO_U_INFO * np.array([not _u_infos(one, u_info, w, behind) for one in words])
    best = int(cost.argmin())
    source, tenths, how = names[best]
    chosen = [list(kinds)[int(k)] for k in total[:, :, best].argmin(1)]
    codewords = np.empty((INTERVALS, 128, 2), np.int64)
    for i in range(INTERVALS):
        for turn in range(2):
            ways = kinds[chosen[i]][best]
            last = behind[i][turn % len(behind[i])] if behind[i] else ""
            codewords[i, :, turn] = _forced(law, last)[ways[turn % len(ways)]]
    arrived = np.bincount(ucodes.reshape(-1), minlength=128) >= SEEN
    odd = arrived & ~np.isin(np.arange(128), codewords)
    measured = np.bincount(every.reshape(-1), minlength=128) >= SEEN
    return Network(
        source,
        law,
        tenths / 10,
        how,
        tuple(chosen),
        behind,
        _u_infos(words[best], u_info, w, behind),
        codewords,
        measured[codewords[..., 0]].all(0),
        tuple(int(u) for u in np.flatnonzero(odd) if u >= LOW),
    )


def _u_infos(words, u_info, w, behind):
    """Ucodes of TRN1d, when it was sent, of which these two become."""
    near = 1 if any(behind) else 0
    ucodes = np.arange(*_U_INFO)
    good = (abs(words[ucodes] - u_info) <= near) & (abs(words[ucodes + ABOVE] - w) <= near)
    return tuple(int(u) for u in ucodes[good])


def _departures(ucodes, ways, asked, interval, fold):
    """Costs of the Ucodes that are other than ``ways`` ``(n, turns, 128)`` make of those asked."""
    sent = np.resize(dil(asked)[0], ucodes.size).reshape(-1, INTERVALS)[:, interval]
    cost = np.zeros(len(ways))
    for turn in range(2):
        pairs, counts = np.unique(
            sent[turn::2].astype(int) * 128 + ucodes[turn::2, interval], return_counts=True
        )
        u, v = pairs[counts >= SEEN] // 128, pairs[counts >= SEEN] % 128
        expected = ways[:, turn % ways.shape[1]][:, u]
        wrong = (expected >> fold != v >> fold) & (v >= LOW)
        cost += IMPOSSIBLE * wrong.sum(1)
    return cost


def of_impairments(found, u_infos):
    """:class:`Network` for what was measured of DIL's levels; ``u_infos``: TRN1d's, arriving.

    Those of the Ucodes sent count that arrive so.
    """
    codewords = found.codewords[..., 1].astype(np.int64)
    sent = [
        u for u in range(*_U_INFO) if all(u_infos[i] in codewords[i, u] for i in range(INTERVALS))
    ]
    return Network(
        found.law,
        found.law_out,
        found.pad,
        "pad" * bool(found.pad),
        found.robbed,
        found.robbed_after,
        tuple(sent),
        codewords,
        found.measured,
        (),
    )
