"""Rates of the telephone network and of the client's A/D."""

from golden.pcm.parameters import INTERVALS

#: Octets, which are PCM symbols, a second.
OCTET_RATE = 8000

#: Samples of the client's A/D a second.
SAMPLE_RATE = 16000

#: Data frames a second.
FRAMES_A_SECOND = OCTET_RATE / INTERVALS
