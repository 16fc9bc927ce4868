"""An emulated line between octets and the samples of the analogue modem's A/D, in integers.

No clause describes it: 5.2/V.90 leaves D/A, loop, noise and the client's free clock open. Here
they are a table of taps, small enough for a chip. sim/world/line.py has the same in float64 and in
full; :meth:`Response.of` takes an impulse response of that.
"""

from dataclasses import dataclass

import numpy as np

from golden.bits.scrambler import Scrambler
from golden.errors import V90Error
from golden.formats import EMULATED_TAP, LEAK, LEAK_USED, LINEAR, SAMPLE
from golden.pcm import g711
from golden.pcm.parameters import OCTET_RATE
from golden.receiver.timing import SAMPLE_RATE

#: Phases in an octet's time for which the table has taps; between them values are interpolated.
RESPONSE_PHASES, RESPONSE_PHASE_BITS = 32, 5

#: Fraction bits of an instant in octets, and of the place between two phases.
OCTET_FRACTION, RESPONSE_PLACE_BITS = 28, 13

#: Delays of the noise's shift register, of a primitive trinomial. It is longer than the number of
#: signs in a sample, so that these are independent of each other.
REGISTER = (20, 41)

#: Left shift of a sample's sum of signs before it is multiplied.
NOISE_SHIFT = 4

#: Share of the energy before the first tap, and after the last, that is left out.
_NOTHING = 1e-7


@dataclass(frozen=True)
class Response:
    """A line's response, quantised: taps for its beginning, recursions for its tail.

    Fields
    ------
    taps : EMULATED_TAP, ``RESPONSE_PHASES`` for each octet from the newest on, and one more
    leaks : for each recursion n, whose pole is ``1 - 2**-n``
    tails : EMULATED_TAP, for each recursion its share of the output, by phase
    delay : octets at the beginning that are left out
    rms : of TRN1d at the output, in units of a sample
    """

    taps: tuple
    leaks: tuple
    tails: tuple
    delay: int
    rms: float

    @classmethod
    def of(cls, impulse, value, level, slots=32, leaks=(5, 6)):
        """The response of a line.

        Parameters: ``impulse`` response to a value of 1 (float64, ``RESPONSE_PHASES`` an octet);
        ``value`` of TRN1d on the scale of Table 1, and its ``level`` in dB against full scale at
        the output; ``slots``, a power of two: a sample has ``slots - 1`` products, those of
        ``leaks`` included.

        Raises :class:`~golden.errors.V90Error` where the gain is too large for the taps.
        """
        count = slots - 1 - len(leaks)
        impulse = np.asarray(impulse, np.float64)
        impulse = np.concatenate([impulse, np.zeros(RESPONSE_PHASES * (slots + 64))])
        rows = impulse[: len(impulse) // RESPONSE_PHASES * RESPONSE_PHASES].reshape(
            -1, RESPONSE_PHASES
        )
        energy = np.cumsum((rows**2).sum(1))
        delay = int(np.searchsorted(energy, _NOTHING * energy[-1]))
        rows = rows[delay:]
        rms = 10 ** (level / 20) * SAMPLE.max
        gain = rms / np.sqrt((rows**2).sum() / RESPONSE_PHASES) / (value / 4)
        tail = rows[count:]
        poles = (1 - 2.0 ** -np.array(leaks)) ** np.arange(len(tail))[:, None]
        tails = np.linalg.lstsq(poles, tail, rcond=None)[0] * 2.0**-LEAK_USED.fraction
        scale = gain * (1 << EMULATED_TAP.fraction)
        taps = np.rint(rows.reshape(-1)[: count * RESPONSE_PHASES + 1] * scale).astype(np.int64)
        tails = np.rint(tails * scale).astype(np.int64)
        most = max(abs(taps).max(), abs(tails).max(initial=0))
        if most > EMULATED_TAP.max:
            raise V90Error(
                f"a level of {level:g} dB needs taps of {most / 2**EMULATED_TAP.fraction:.1f}, and "
                f"{EMULATED_TAP.max / 2**EMULATED_TAP.fraction:.1f} is the most"
            )
        return cls(
            tuple(taps.tolist()), tuple(leaks), tuple(map(tuple, tails.tolist())), delay, float(rms)
        )

    @property
    def count(self):
        """Octets that have taps."""
        return len(self.taps) // RESPONSE_PHASES

    @property
    def products(self):
        """Products of a sum, and signs of a sample's noise."""
        return self.count + len(self.leaks)

    @property
    def most(self):
        """The largest magnitude that a sum can have."""
        table = np.abs(np.array(self.taps))
        sums = [table[p::RESPONSE_PHASES][: self.count].sum() for p in range(RESPONSE_PHASES + 1)]
        tails = sum(max(map(abs, tail)) for tail in self.tails)
        return int(max(sums)) * LINEAR.max + tails * (LEAK_USED.max + 1)


def step_of(ppm):
    """Octets that pass in a sample's time, in Q28, for a client's clock that is ``ppm`` fast."""
    if not -1000 <= ppm <= 1000:
        raise V90Error(f"ppm is -1000 to 1000, not {ppm:g}")
    return round((1 << OCTET_FRACTION) * OCTET_RATE / SAMPLE_RATE / (1 + ppm * 1e-6))


def noise_scale(response, snr):
    """Factor of a sample's sum of signs for noise ``snr`` dB below TRN1d; None: no noise."""
    if snr is None:
        return 0
    one = response.rms * 10 ** (-snr / 20) / np.sqrt(response.products)
    scale = round(one * 2 ** (EMULATED_TAP.fraction - NOISE_SHIFT))
    if not 0 <= scale < 1 << 15:
        raise V90Error(f"an SNR of {snr:g} dB is more noise than the emulated line has")
    return scale


class LineEmulator:
    """PCM octets of a law to samples of the client's A/D.

    ``process(octets)``: uint8 ``(n,)``; returns the samples (int64, 16 bits) for which these octets
    suffice. Calls in pieces give what one call gives.

    Parameters: ``response`` (:class:`Response`); ``law``; ``ppm``, offset of the client's clock;
    ``snr`` in dB against TRN1d, or None.

    Raises :class:`~golden.errors.V90Error` for another law, an offset beyond 1000 ppm, or too much
    noise.

    A sample is interpolated between two sums, those for the phase before it and for the phase
    after, each of which is rounded. Noise is a sum of ``response.products`` signs times a factor.
    """

    def __init__(self, response, law, ppm=0.0, snr=None):
        self.response, self.law = response, g711.check_law(law)
        self.step, self.scale = step_of(ppm), noise_scale(response, snr)
        table = np.array(response.taps)
        at = np.arange(RESPONSE_PHASES + 1)[:, None] + RESPONSE_PHASES * np.arange(response.count)
        tails = np.array(response.tails, np.int64).reshape(-1, RESPONSE_PHASES).T
        #: Row p: taps and tails for phase p, and for the phase after it (with the tails of p).
        self._before = np.concatenate([table[at[:-1]], tails], axis=1)
        self._after = np.concatenate([table[at[1:]], tails], axis=1)
        self.reset()

    def reset(self):
        """The line is silent; the next octet is the first, and a sample's instant is its own."""
        count = self.response.count
        self._values = np.zeros(count, np.int64)
        self._leaks = [0] * len(self.response.leaks)
        self._at = 0  # instant of the next sample, from the next octet on
        self._register = Scrambler(REGISTER, initial=(1 << max(REGISTER)) - 1)

    def process(self, octets):
        """See the class."""
        octets = np.asarray(octets, np.uint8)
        value = g711.linear(g711.ucode(octets, self.law), self.law) // 4
        value = np.where(g711.sign(octets), value, -value)
        count = self.response.count
        values = np.concatenate([self._values, value])
        leaks = self._leak(values[: len(octets)])
        end = len(octets) << OCTET_FRACTION
        at = self._at + np.arange(max(0, -(-(end - self._at) // self.step))) * self.step
        self._at += len(at) * self.step - end
        self._values = values[len(octets) :]
        number, fraction = at >> OCTET_FRACTION, at & ((1 << OCTET_FRACTION) - 1)
        fine = fraction >> (OCTET_FRACTION - RESPONSE_PHASE_BITS - RESPONSE_PLACE_BITS)
        phase, place = fine >> RESPONSE_PLACE_BITS, fine & ((1 << RESPONSE_PLACE_BITS) - 1)
        windows = values[number[:, None] + count - np.arange(count)]
        windows = np.concatenate([windows, leaks[number]], axis=1)
        before, after = (
            _narrowed((windows * table[phase]).sum(-1)) for table in (self._before, self._after)
        )
        total = before * ((1 << RESPONSE_PLACE_BITS) - place) + after * place
        return _narrowed(total + self._noise(len(at)) * self.scale)

    def _leak(self, leaving):
        """States of the recursions with each octet, for the values that leave the taps."""
        rows = np.empty((len(leaving), len(self._leaks)), np.int64)
        for row, value in zip(rows, leaving.tolist(), strict=True):
            for k, bits in enumerate(self.response.leaks):
                self._leaks[k] += (value << LEAK.fraction) - (self._leaks[k] >> bits)
                row[k] = self._leaks[k]
        return rows >> (LEAK.fraction - LEAK_USED.fraction)

    def _noise(self, count):
        bits = self._register.process(np.zeros(count * self.response.products, np.uint8))
        ones = bits.reshape(count, self.response.products).sum(1, dtype=np.int64)
        return (2 * ones - self.response.products) << NOISE_SHIFT


def _narrowed(total):
    total = (total + (1 << (EMULATED_TAP.fraction - 1))) >> EMULATED_TAP.fraction
    return np.clip(total, SAMPLE.min, SAMPLE.max)
