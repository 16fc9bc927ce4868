"""Stimuli and expectations that several tests share."""

from golden.pcm import g711
from golden.ports.emulator import RESPONSE_PHASES, Response
from golden.ports.report import (
    Field,
    FieldKind,
)
from sim.world import lines
from sim.world.line import Line

U_INFO, LEVEL = 79, -20


def response_of(name, law="A", **options):
    impulse = Line(lines.find(name), law=law).impulse(8000 * RESPONSE_PHASES)
    return Response.of(impulse, int(g711.linear(U_INFO, law)), LEVEL, **options)


def octets_of(rng, count, law="A", low=60, high=90):
    return g711.octet(rng.integers(low, high, count), rng.integers(0, 2, count), law)


TEMPLATES = (
    ("searching\r\n",),
    (
        "SNR ",
        Field(0, FieldKind.TENTHS),
        " dB, ",
        Field(1),
        " errors in ",
        Field(2),
        " bits, clock ",
        Field(3, FieldKind.OFFSET),
        " ppm\r\n",
    ),
)
