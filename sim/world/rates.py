"""Rates of the telephone network and of the client's A/D."""

from golden.pcm.parameters import FRAMES_A_SECOND, OCTET_RATE
from golden.receiver.timing import SAMPLE_RATE

__all__ = ["FRAMES_A_SECOND", "OCTET_RATE", "SAMPLE_RATE"]
