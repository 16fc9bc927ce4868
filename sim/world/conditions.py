"""The conditions of one call on a line: noise, hits, clocks, converter, echo."""

from dataclasses import dataclass

import numpy as np

from golden.errors import V90Error
from sim.world.line_parameters import check_number
from sim.world.loop import check_termination


@dataclass(frozen=True)
class Conditions:
    """Impairments of a call on a line; by default there are none.

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
                check_number(name, getattr(self, name), least, most)
        if self.mains not in (50, 60):
            raise V90Error(f"mains is 50 or 60 Hz, not {self.mains!r}")
        check_termination(self.balance)
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
