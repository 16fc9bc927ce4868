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

from dataclasses import dataclass, fields
from functools import cached_property, lru_cache

import numpy as np
from scipy import signal
from scipy.fft import next_fast_len

from golden.errors import V90Error, short
from golden.pcm import g711
from sim.world import loop as loops
from sim.world.filters import AD_DELAY, INNER, PASS, STOP, ad_taps, high_pass, low_pass
from sim.world.network import values
from sim.world.resampler import Resampler

#: Octets a second, and samples a second of the A/D.
OCTETS, SAMPLES = 8000, 16000

#: Factor from octets to the inner signal.
_UP = INNER // OCTETS

#: Range of the codec's band edge in Hz: where its loss is 3 dB.
EDGES = (3500, 3850)

#: Lowest corner in Hz of a high-pass: what rings longer would not fit into a second.
LEAST_CORNER = 2.0

# Points of the response, 0 to 16 kHz: an impulse response of 1.024 s.
_POINTS = 16384


def _real(name, value, least, most):
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
        raise V90Error(f"{name} is {least:g} to {most:g}, not {short(value)}")
    return float(value)


def _known_termination(name):
    if name not in list(loops.TERMINATIONS):
        known = ", ".join(loops.TERMINATIONS)
        raise V90Error(f"there is no termination {short(name)}: there are {known}")


@dataclass(frozen=True)
class LineParameters:
    """A line: codec, loop and terminations; as it stands, a codec and nothing else.

    Parameters
    ----------
    description, source : str
        What it is, and where that is from.
    band_edge : float
        Frequency in Hz, 3500 to 3850, at which the codec's loss is 3 dB.
    high_pass : tuple of float
        Corners in Hz of the codec's one-pole high-passes.
    loop : tuple of :class:`sim.world.loop.Section`
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
        put("band_edge", _real("band_edge", self.band_edge, *EDGES))
        if not isinstance(self.high_pass, list | tuple):
            raise V90Error("high_pass is a list of corners in Hz")
        put(
            "high_pass",
            tuple(
                _real("a corner of high_pass", corner, LEAST_CORNER, 400)
                for corner in self.high_pass
            ),
        )
        if self.transformer is not None:
            put("transformer", _real("transformer", self.transformer, LEAST_CORNER, 400))
        _known_termination(self.exchange)
        _known_termination(self.client)
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
    if isinstance(section, loops.Section):
        return section
    try:
        return loops.Section(**section)
    except TypeError:
        raise V90Error("a loop's sections have a gauge and feet, and may have tap") from None


@dataclass(frozen=True)
class Conditions:
    """What happens to a call on a line; as it stands, nothing.

    Levels of noise refer to the power of the downstream signal at the A/D, the mean square of the
    noise-free samples over the whole call (or ``power``, where the call holds silence): the SNR is
    that over the mean square of the white noise in the same samples, both in 0 to 8 kHz.

    Parameters
    ----------
    snr : float
        White noise in dB below the signal; None: none.
    power : float
        Mean square that noise refers to, before ``gain``, in place of the signal's own.
    mains : float
        Frequency in Hz of the mains, 50 or 60.
    mains_snr : float
        All of its harmonics together, in dB below the signal; None: none. The 20th is the last; an
        odd one's amplitude goes as its number's inverse, an even one's 10 dB lower, phases at
        random.
    impulses : tuple of (float, float, float)
        Bursts of white noise: time and duration in s, level in dB above the signal.
    gain_hits : tuple of (float, float, float)
        Time and duration in s, change of the signal's level in dB (-inf: a dropout).
    phase_hits : tuple of (float, float, float)
        Time and duration in s, change of the signal's phase in degrees.
    ppm, drift : float
        The client's clock over the network's in ppm (positive: it is fast, and takes more samples)
        at time 0, and how that changes in ppm/s.
    ppm_steps : tuple of (float, float)
        Time in s, and change of the clock there in ppm.
    phase : float
        Time of the client's first sample, in samples after the first octet.
    gain : float
        Gain in dB in front of the A/D, for echo and noise too.
    level : float
        Level in dB below full scale to bring the signal's power to, in place of ``gain``.
    bits : int
        Bits of the A/D, 8 to 24; None leaves its samples as they are. It clips at full scale.
    near_loss, far_loss : float
        Loss in dB of the client's hybrid beside the mismatch of its balance network, and of the
        exchange's hybrid; None: no such echo.
    balance : str
        Balance network of the client's hybrid (``TERMINATIONS`` of sim/world/loop.py).
    far_delay : float
        Delay in s of the far echo, beside that of loops and codecs.
    seed : int
        Of all that is random.
    """

    snr: float | None = None
    power: float | None = None
    mains: float = 50
    mains_snr: float | None = None
    impulses: tuple = ()
    gain_hits: tuple = ()
    phase_hits: tuple = ()
    ppm: float = 0.0
    drift: float = 0.0
    ppm_steps: tuple = ()
    phase: float = 0.0
    gain: float = 0.0
    level: float | None = None
    bits: int | None = None
    near_loss: float | None = 0.0
    far_loss: float | None = None
    balance: str = "600"
    far_delay: float = 0.0
    seed: int = 0

    def __post_init__(self):
        for name, least, most in (
            ("snr", -50, 200),
            ("power", 1e-30, 1),
            ("mains_snr", -50, 200),
            ("gain", -100, 100),
            ("ppm", -1000, 1000),
            ("drift", -100, 100),
            ("phase", 0, 16000),
            ("level", -100, 0),
            ("near_loss", 0, 200),
            ("far_loss", 0, 200),
            ("far_delay", 0, 2),
        ):
            if getattr(self, name) is not None:
                _real(name, getattr(self, name), least, most)
        if self.mains not in (50, 60):
            raise V90Error(f"mains is 50 or 60 Hz, not {self.mains!r}")
        _known_termination(self.balance)
        if self.bits is not None and (type(self.bits) is not int or not 8 <= self.bits <= 24):
            raise V90Error(f"bits is a whole number from 8 to 24, not {self.bits!r}")
        for name in ("impulses", "gain_hits", "phase_hits"):
            try:
                hits = tuple(
                    (float(at), float(last), float(x)) for at, last, x in getattr(self, name)
                )
            except (TypeError, ValueError):
                raise V90Error(f"{name} are triples: time, duration, value") from None
            if any(not at >= 0 or not last >= 0 or np.isnan(x) for at, last, x in hits):
                raise V90Error(f"times and durations of {name} are seconds from 0")
            object.__setattr__(self, name, hits)
        try:
            steps = tuple((float(at), float(ppm)) for at, ppm in self.ppm_steps)
        except (TypeError, ValueError):
            raise V90Error("ppm_steps are pairs: time, change in ppm") from None
        if any(not at >= 0 or not abs(ppm) <= 1000 for at, ppm in steps):
            raise V90Error("ppm_steps have seconds from 0 and changes of at most 1000 ppm")
        object.__setattr__(self, "ppm_steps", steps)

    def ahead(self, at):
        """Microseconds that the client's clock has gained at times ``at`` (float64, s)."""
        gained = self.ppm * at + self.drift * at**2 / 2
        for since, ppm in self.ppm_steps:
            gained += ppm * np.maximum(at - since, 0)
        return gained

    def fastest(self, duration):
        """No lower than the client's clock's rate over the network's within ``duration`` s."""
        ppm = sum(abs(step) for _, step in self.ppm_steps)
        return 1 + 1e-6 * (abs(self.ppm) + abs(self.drift) * duration + ppm)


class Line:
    """A line under conditions: octets of one law in, samples at 16 kHz, or at ``rate`` Hz, out.

    ``rate``: a multiple of 16 kHz, for an A/D that is faster. What the D/A leaves above 9 kHz then
    comes in, and so does more of the noise, as much in each Hz; there is no echo.

    :meth:`process` takes a whole call. It is repeatable: the same conditions, seed included, give
    the same samples, and a change of one impairment leaves the random numbers of others alone.
    """

    def __init__(self, parameters=None, conditions=None, law="A", rate=SAMPLES):
        self.parameters = parameters or LineParameters()
        self.conditions = conditions or Conditions()
        self.law = g711.check_law(law)
        if rate % SAMPLES:
            raise V90Error(f"a line's samples come at a multiple of {SAMPLES} Hz, not {rate:g}")
        self.rate, self._inner = rate, INNER * (rate // SAMPLES)

    # Responses -----------------------------------------------------------------------------------

    def codec(self, f):
        """Response of the codec's D/A at ``f`` in Hz."""
        p = self.parameters
        return low_pass(p.band_edge, f) * high_pass(p.high_pass, f)

    def loop(self, f):
        """Response of the loop and what terminates it at ``f`` in Hz, above 0."""
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
        """Response to an octet of value 1, at twice the rate, cut where nothing is left."""
        faster = self.rate // SAMPLES
        points = _POINTS * faster
        f = np.arange(points + 1) * self._inner / 2 / points
        f[0] = 1e-6
        both = self.response(f) * np.fft.rfft(ad_taps(), 2 * points)
        return _causal(np.fft.irfft(both) * _UP * faster)

    def impulse(self, rate=SAMPLES):
        """Response to one octet of value 1 at time 0: float64, ``rate`` Hz, from time 0 on.

        The A/D's filter is in it, with its delay.
        """
        at = np.arange(int(len(self._impulse) * rate / self._inner)) * self._inner / rate
        return _resampler().process(self._impulse, at)

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
        at = sample_times(len(x) / OCTETS, c, self.rate)
        inner = self._hits(self._convolve(x))
        samples = _resampler().process(inner, at * self._inner)
        power = float(np.mean(samples**2)) if len(samples) else 0.0
        gain = 10 ** (c.gain / 20)
        if c.level is not None and power:
            gain = 10 ** (c.level / 20) / np.sqrt(power)
        samples += self._noise(at, power if c.power is None else c.power)
        if upstream is not None:
            if self.rate != SAMPLES:
                raise V90Error(f"there is echo at {SAMPLES} Hz, not at {self.rate}")
            samples += self._echo(np.asarray(upstream, np.float64), len(samples))
        return _convert(samples * gain, c.bits)

    def _convolve(self, x):
        """The signal at twice the rate, for ``x`` and a millisecond more."""
        taps, up = self._impulse, self._inner // OCTETS
        taps = np.concatenate([taps, np.zeros(-len(taps) % up)]).reshape(-1, up)
        if not len(x):
            return np.zeros(0)
        # The last of the A/D's samples are interpolated with what comes just behind them.
        x = np.concatenate([x, np.zeros(OCTETS // 1000)])
        return signal.oaconvolve(x[:, None], taps, axes=0)[: len(x)].reshape(-1)

    def _hits(self, x):
        for at, last, degrees in self.conditions.phase_hits:
            part = _span(at, last, self._inner, len(x))
            if part.start < part.stop:
                # The analytic signal turned, by the Hilbert transform of the whole signal.
                turned = signal.hilbert(x, next_fast_len(len(x))) * np.exp(1j * np.radians(degrees))
                x[part] = turned.real[part]
        for at, last, decibels in self.conditions.gain_hits:
            x[_span(at, last, self._inner, len(x))] *= 10 ** (decibels / 20)
        return x

    def _noise(self, at, power):
        """White noise, mains and impulses at times ``at``, for a signal of ``power``."""
        c = self.conditions
        rms = np.sqrt(power)
        wider = np.sqrt(self.rate / SAMPLES)
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

        It is what the line's impedance reflects against the balance network, less ``near_loss``.
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
        f = np.arange(points + 1) * SAMPLES / 2 / points
        f[0] = 1e-6
        # Both converters stop at 8 kHz.
        over = np.clip((f - PASS) / (SAMPLES / 2 - PASS), 0, 1)
        band = (1 + np.cos(np.pi * over)) / 2
        # Whole samples of the far echo's delay are zeros before it.
        late, rest = divmod(c.far_delay * SAMPLES, 1)
        far = self.far_echo(f) * np.exp(-2j * np.pi * f * rest / SAMPLES)
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


def sample_times(duration, conditions, rate=SAMPLES):
    """Times in seconds of the network's clock of the client's samples before ``duration``.

    Sample k is taken at t where the client's clock, ``rate`` (t + 1e-6 ``conditions.ahead(t)``),
    has come to k + phase.
    """
    count = np.arange(int(duration * rate * conditions.fastest(duration)) + 2)
    at = times_of(count, conditions, rate)
    return at[: np.searchsorted(at, duration)]


def times_of(numbers, conditions, rate=SAMPLES):
    """Times in seconds of the network's clock of the client's samples of these numbers."""
    nominal = (numbers + conditions.phase) / rate
    at = nominal
    for _ in range(4):
        # The correction changes by a thousandth of a step at most, so each pass gives 3 digits.
        at = nominal - 1e-6 * conditions.ahead(at)
    return at


@lru_cache
def _resampler():
    return Resampler(STOP / INNER)


def _causal(taps):
    """Taps from time 0 on, without the end in which the energy is below 1e-12 of the whole.

    The last quarter is the time before 0. Only the G of the cables' model, which no passive pair
    could have, puts anything there: -78 dB of the energy for 18 kft of 26 AWG.
    """
    taps = taps[: len(taps) * 3 // 4]
    energy = np.cumsum(taps[::-1] ** 2)[::-1]
    return taps[: max(1, int(np.sum(energy > 1e-12 * energy[0])))]


def _span(at, last, rate, size):
    """The slice of samples from ``at`` on for ``last`` seconds."""
    start, stop = (min(round(min(t, 1e9) * rate), size) for t in (at, at + last))
    return slice(start, stop)


def _convert(samples, bits):
    """Samples as an A/D of so many bits gives them, between -1 and just below 1."""
    if bits is None:
        return samples
    scale = 1 << (bits - 1)
    return np.clip(np.rint(samples * scale), -scale, scale - 1) / scale


def to_int16(samples):
    """Samples (float64, 1.0 full scale) as int16, rounded and clipped."""
    return np.clip(np.rint(samples * 32768), -32768, 32767).astype(np.int16)
