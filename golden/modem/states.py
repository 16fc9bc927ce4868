"""Where each modem is, what it sends upstream, and what a training found (clause 9/V.90).

The two modems and the objects of their phases share these names; nothing here does anything.
"""

from dataclasses import dataclass, field
from enum import Enum, IntEnum, auto

import numpy as np

from golden.learning import learning


class Upstream(Enum):
    """A signal or sequence of the analogue modem, as the digital modem notices it."""

    SILENCE = auto()
    S = auto()
    S_BAR = auto()  #: the transition from S to S-bar
    JA = auto()
    SCR = auto()
    CP = auto()
    E = auto()  #: 20 bits
    B1 = auto()
    TONE_A = auto()


class DigitalState(Enum):
    """The event for which a digital modem waits."""

    S = auto()  #: S and the S-to-S-bar transition, with which phase 3 begins
    JA = auto()
    S_IN_JD = auto()
    S_IN_DIL = auto()  #: S and its transition; the transition after Jd's S comes before
    CPT = auto()
    CP = auto()
    ACKNOWLEDGE = auto()  #: CP' or E
    SILENCE = auto()  #: CPs'
    CP_IN_SILENCE = auto()  #: CP, with bit 30 clear
    DATA = auto()  #: S, for a rate renegotiation
    ANSWER = auto()  #: anything that says that drn = 0 was understood
    CLEARED = auto()


#: States in which a CP may come.
RATE_STATES = (
    DigitalState.CPT,
    DigitalState.CP,
    DigitalState.ACKNOWLEDGE,
    DigitalState.SILENCE,
    DigitalState.CP_IN_SILENCE,
    DigitalState.ANSWER,
)


class AnaloguePhase(IntEnum):
    """The part of its procedures in which an analogue modem is."""

    SD = 0
    TRN1D = 1
    DIL = 2
    RI = 3
    TRN2D = 4
    MP = 5
    DATA = 6
    RD = 7
    CLEARED = 8
    SILENCE = 9


@dataclass
class TrainingReading:
    """The findings of one training; None or 0 where there is none yet.

    Fields
    ------
    jd : fields of the last Jd; jds : how many Jd were read
    passes : how often all of DIL was averaged
    deviation : float64 ``(6,)``, of the errors in TRN1d and Jd, PCM values
    phase4_deviation : the same in TRN2d
    impairments : :class:`~golden.learning.learning.Impairments`
    cpt, cp : mapping parameters
    mp : fields of the last MP; mps : how many MP were read
    b1d : share of ones in B1d
    times : data frames by name, counted from TRN1d's first
    """

    jd: dict | None = None
    jds: int = 0
    passes: int = 0
    deviation: np.ndarray | None = None
    phase4_deviation: np.ndarray | None = None
    impairments: learning.Impairments | None = None
    cpt: object = None
    cp: object = None
    mp: dict | None = None
    mps: int = 0
    b1d: float | None = None
    times: dict = field(default_factory=dict)
