"""The telephone line between the exchange's D/A and the samples of the client's A/D (float64).

Octets become impulses at 8 kHz, and these pass the codec's reconstruction filter, the loop, the
client's transformer and the filter of its A/D. All of that is one response, computed exactly at
each frequency and used as an impulse response at 32 kHz, four samples an octet. The A/D's filter
leaves nothing above 9 kHz, so the signal at 32 kHz stands for the analogue one, and the client's
clock may take its samples anywhere between: :class:`~sim.world.resampler.Resampler` is off by less
than -100 dB for each frequency. An A/D with another rate has all of that in proportion.

Units: 1.0 is the linear value 32768 on the scale of Table 1/V.90, at the codec's output into its
own impedance, and the full scale of the A/D. Time is in seconds of the network's clock from the
instant of the first octet on.
"""

from functools import cached_property, lru_cache

import numpy as np
from scipy import signal
from scipy.fft import next_fast_len

from golden.errors import V90Error
from golden.pcm import g711
from golden.pcm.parameters import OCTET_RATE
from golden.receiver.timing import SAMPLE_RATE
from sim.world import loop as loops
from sim.world.conditions import Conditions
from sim.world.filters import AD_DELAY, AD_PASS, AD_STOP, INNER, ad_taps, high_pass, low_pass
from sim.world.line_parameters import LineParameters
from sim.world.network import values
from sim.world.resampler import Resampler

#: Factor from octets to the inner signal.
_UP = INNER // OCTET_RATE

# Points of the response, 0 to 16 kHz: an impulse response of 1.024 s.
_POINTS = 16384


class Line:
    """A line under conditions: octets of one law in, samples at 16 kHz, or at ``rate`` Hz, out.

    ``rate``: a multiple of 16 kHz, for an A/D that is faster. It takes in the D/A's images above
    9 kHz, and more of the noise, as much in each Hz. There is no echo then.

    :meth:`process` takes a whole call. It is repeatable: the same conditions, seed included, give
    the same samples, and a change of one impairment leaves the random numbers of others alone.
    """

    def __init__(self, parameters=None, conditions=None, law="A", rate=SAMPLE_RATE):
        self.parameters = parameters or LineParameters()
        self.conditions = conditions or Conditions()
        self.law = g711.check_law(law)
        if rate % SAMPLE_RATE:
            raise V90Error(f"a line's samples come at a multiple of {SAMPLE_RATE} Hz, not {rate:g}")
        self.rate, self._inner = rate, INNER * (rate // SAMPLE_RATE)

    # Responses -----------------------------------------------------------------------------------

    def codec(self, f):
        """Response of the codec's D/A at ``f`` in Hz."""
        p = self.parameters
        return low_pass(p.band_edge, f) * high_pass(p.high_pass, f)

    def loop(self, f):
        """Response of the loop and its terminations at ``f`` in Hz, above 0."""
        p = self.parameters
        source, load = loops.termination(p.exchange, f), loops.termination(p.client, f)
        return loops.transfer(p.loop, source, load, f) * self._transformer(f)

    def _transformer(self, f):
        corner = self.parameters.transformer
        return high_pass(() if corner is None else (corner,), f)

    def response(self, f):
        """Response from the codec's octets to the A/D's input at ``f`` in Hz (complex, ``(n,)``).

        The A/D's own filter is left out; it is flat up to 7 kHz, with a delay of ``AD_DELAY``.
        """
        f = np.maximum(np.asarray(f, np.float64), 1e-6)
        return self.codec(f) * self.loop(f)

    def group_delay(self, f):
        """Group delay in seconds of :meth:`response` at ``f`` in Hz."""
        step = 0.05
        f = np.maximum(np.asarray(f, np.float64), 2 * step)
        turn = self.response(f + step) / self.response(f - step)
        return -np.angle(turn) / (4 * np.pi * step)

    @cached_property
    def _impulse(self):
        """Response to an octet of value 1, at twice the rate, without its end that is zero."""
        faster = self.rate // SAMPLE_RATE
        points = _POINTS * faster
        f = np.arange(points + 1) * self._inner / 2 / points
        f[0] = 1e-6
        both = self.response(f) * np.fft.rfft(ad_taps(), 2 * points)
        return _causal(np.fft.irfft(both) * _UP * faster)

    def impulse(self, rate=SAMPLE_RATE):
        """Response to one octet of value 1 at time 0: float64, ``rate`` Hz, from time 0 on.

        The A/D's filter is in it, with its delay.
        """
        at = np.arange(int(len(self._impulse) * rate / self._inner)) * self._inner / rate
        return resampler().process(self._impulse, at)

    # The call ------------------------------------------------------------------------------------

    def process(self, octets, upstream=None):
        """Samples (float64, ``(n,)``, 1.0 is full scale) that the A/D takes while octets come.

        Parameters
        ----------
        octets : uint8, ``(m,)``
        upstream : float64, optional
            What the client sends, at the samples' instants; 1.0 is what the linear value 32768 of
            the codec is on the line. It comes back as echo.
        """
        octets = np.asarray(octets, np.uint8)
        return self.process_values(values(octets, self.law) / 32768, upstream)

    def process_values(self, x, upstream=None):
        """:meth:`process` for values (float64, ``(m,)``, 1.0 is 32768) in place of octets."""
        c = self.conditions
        x = np.asarray(x, np.float64)
        at = sample_times(len(x) / OCTET_RATE, c, self.rate)
        inner = self._hits(self._convolve(x))
        samples = resampler().process(inner, at * self._inner)
        power = float(np.mean(samples**2)) if len(samples) else 0.0
        gain = 10 ** (c.gain / 20)
        if c.level is not None and power:
            gain = 10 ** (c.level / 20) / np.sqrt(power)
        samples += self._noise(at, power if c.power is None else c.power)
        if upstream is not None:
            if self.rate != SAMPLE_RATE:
                raise V90Error(f"there is echo at {SAMPLE_RATE} Hz, not at {self.rate}")
            samples += self._echo(np.asarray(upstream, np.float64), len(samples))
        return converted(samples * gain, c.bits)

    def _convolve(self, x):
        """The signal at twice the rate, for ``x`` and a millisecond more."""
        taps, up = self._impulse, self._inner // OCTET_RATE
        taps = np.concatenate([taps, np.zeros(-len(taps) % up)]).reshape(-1, up)
        if not len(x):
            return np.zeros(0)
        # The A/D's last samples are interpolated with values just after them.
        x = np.concatenate([x, np.zeros(OCTET_RATE // 1000)])
        return signal.oaconvolve(x[:, None], taps, axes=0)[: len(x)].reshape(-1)

    def _hits(self, x):
        for at, last, degrees in self.conditions.phase_hits:
            part = span(at, last, self._inner, len(x))
            if part.start < part.stop:
                # The analytic signal turned, by the Hilbert transform of the whole signal.
                turned = signal.hilbert(x, next_fast_len(len(x))) * np.exp(1j * np.radians(degrees))
                x[part] = turned.real[part]
        for at, last, decibels in self.conditions.gain_hits:
            x[span(at, last, self._inner, len(x))] *= 10 ** (decibels / 20)
        return x

    def _noise(self, at, power):
        """White noise, mains and impulses at times ``at``, for a signal of ``power``."""
        c = self.conditions
        rms = np.sqrt(power)
        wider = np.sqrt(self.rate / SAMPLE_RATE)
        noise = np.zeros(len(at))
        if c.snr is not None:
            white = np.random.default_rng([c.seed, 0])
            noise += rms * wider * 10 ** (-c.snr / 20) * white.standard_normal(len(at))
        if c.mains_snr is not None:
            number = np.arange(1, 21)
            amplitude = np.where(number % 2, 1, 10**-0.5) / number
            amplitude *= rms * 10 ** (-c.mains_snr / 20) / np.sqrt(np.sum(amplitude**2) / 2)
            phase = np.random.default_rng([c.seed, 1]).uniform(0, 2 * np.pi, len(number))
            # The powers of one turn, so that twenty sines cost one.
            turn = step = np.exp(2j * np.pi * c.mains * at)
            for factor in amplitude * np.exp(1j * phase):
                noise += factor.real * turn.real - factor.imag * turn.imag
                turn = turn * step
        for index, (start, last, level) in enumerate(c.impulses):
            burst = np.random.default_rng([c.seed, 2, index])
            mine = slice(*np.searchsorted(at, [start, start + last]))
            size = max(0, mine.stop - mine.start)
            noise[mine] += rms * wider * 10 ** (level / 20) * burst.standard_normal(size)
        return noise

    # Echo ----------------------------------------------------------------------------------------

    def near_echo(self, f):
        """Response at ``f`` in Hz, above 0, from upstream to the A/D through the client's hybrid.

        It is the line's reflection against the balance network, less ``near_loss``.
        """
        p, c = self.parameters, self.conditions
        if c.near_loss is None:
            return np.zeros(len(f), complex)
        line = loops.input_impedance(p.loop, loops.termination(p.exchange, f), f)
        balance = loops.termination(c.balance, f)
        return (
            (line - balance) / (line + balance) * 10 ** (-c.near_loss / 20) * self._transformer(f)
        )

    def far_echo(self, f):
        """Response at ``f`` in Hz, above 0, from upstream over both ways to the exchange's hybrid.

        The loop is reciprocal; the codec's filter counts twice, for its A/D has the same. The delay
        ``far_delay`` is left out.
        """
        c = self.conditions
        if c.far_loss is None:
            return np.zeros(len(f), complex)
        return (self.codec(f) * self.loop(f)) ** 2 * 10 ** (-c.far_loss / 20)

    @cached_property
    def _echo_taps(self):
        c = self.conditions
        points = _POINTS // 2
        f = np.arange(points + 1) * SAMPLE_RATE / 2 / points
        f[0] = 1e-6
        # Both converters stop at 8 kHz.
        over = np.clip((f - AD_PASS) / (SAMPLE_RATE / 2 - AD_PASS), 0, 1)
        band = (1 + np.cos(np.pi * over)) / 2
        # Whole samples of the far echo's delay are zeros before it.
        late, rest = divmod(c.far_delay * SAMPLE_RATE, 1)
        far = self.far_echo(f) * np.exp(-2j * np.pi * f * rest / SAMPLE_RATE)
        near, far = (
            _causal(np.fft.irfft(part * band * np.exp(-2j * np.pi * f * AD_DELAY)))
            for part in (self.near_echo(f), far)
        )
        taps = np.zeros(max(len(near), int(late) + len(far)))
        taps[: len(near)] += near
        taps[int(late) : int(late) + len(far)] += far
        return taps

    def _echo(self, upstream, size):
        if not len(upstream) or not size:
            return np.zeros(size)
        echo = signal.oaconvolve(upstream[:size], self._echo_taps)[:size]
        return np.concatenate([echo, np.zeros(size - len(echo))])


def sample_times(duration, conditions, rate=SAMPLE_RATE):
    """Times in seconds of the network's clock of the client's samples before ``duration``.

    Sample k is taken at t where the client's clock, ``rate`` (t + 1e-6 ``conditions.ahead(t)``),
    has come to k + phase.
    """
    count = np.arange(int(duration * rate * conditions.fastest(duration)) + 2)
    at = times_of(count, conditions, rate)
    return at[: np.searchsorted(at, duration)]


def times_of(numbers, conditions, rate=SAMPLE_RATE):
    """Times in seconds of the network's clock of the client's samples of these numbers."""
    nominal = (numbers + conditions.phase) / rate
    at = nominal
    for _ in range(4):
        # The correction changes by a thousandth of a step at most, so each pass gives 3 digits.
        at = nominal - 1e-6 * conditions.ahead(at)
    return at


@lru_cache
def resampler():
    return Resampler(AD_STOP / INNER)


def _causal(taps):
    """Taps from time 0 on, without the end in which the energy is below 1e-12 of the whole.

    The last quarter is the time before 0. Only the G of the cables' model, which no passive pair
    could have, puts anything there: -78 dB of the energy for 18 kft of 26 AWG.
    """
    taps = taps[: len(taps) * 3 // 4]
    energy = np.cumsum(taps[::-1] ** 2)[::-1]
    return taps[: max(1, int(np.sum(energy > 1e-12 * energy[0])))]


def span(at, last, rate, size):
    """The slice of samples from ``at`` on for ``last`` seconds."""
    start, stop = (min(round(min(t, 1e9) * rate), size) for t in (at, at + last))
    return slice(start, stop)


def converted(samples, bits):
    """Samples as an A/D of so many bits gives them, between -1 and just below 1."""
    if bits is None:
        return samples
    scale = 1 << (bits - 1)
    return np.clip(np.rint(samples * scale), -scale, scale - 1) / scale
