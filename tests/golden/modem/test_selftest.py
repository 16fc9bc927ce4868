"""The self-test's model: what is sent arrives, and what does not is counted."""

import re

import numpy as np
import pytest

from golden.errors import V90Error
from golden.modem import selftest
from golden.modem.selftest import ASIDE, LEAST_TRN1D_FRAMES, SILENCE_FRAMES, Selftest, plan
from golden.pcm.parameters import MappingParameters
from golden.signals.generator import Generator
from tests.golden.ports.support import response_of
from tests.hdl.support import check_refused
from tests.support import EXAMPLES


def octets_of(model, frames):
    """So many data frames of the digital modem."""
    sender = Generator(model.plan.law)
    for command in model.plan.commands:
        sender.give(command)
    return sender.process(frames)


@pytest.mark.parametrize(
    "name, ppm, snr", [("45333.json", 120, 45), ("28000.json", -300, 40), (None, 60, 35)]
)
def test_ones_arrive(name, ppm, snr):
    p = None if name is None else MappingParameters.from_json((EXAMPLES / name).read_text())
    law = "A" if p is None else p.law
    model = Selftest(
        response_of("26awg-6kft", law), plan(law, p, trn1d=LEAST_TRN1D_FRAMES), ppm, snr
    )
    outcome = model.process(octets_of(model, SILENCE_FRAMES + 72 + LEAST_TRN1D_FRAMES + 1200))
    assert outcome.decisions.good.all() and len(outcome.bits) > 1000
    # B1d begins with memories at zero; TRN1d is met in its midst.
    assert outcome.bits[4 if p is None else 0 :].all()
    index = len(outcome.decisions.number) - 1
    text = model.line(outcome, index).decode()
    found = re.fullmatch(
        r"(\d+) bit/s, SNR ([\d.]+) dB, 0 errors in (\d+) bits, clock ([+-][\d.]+) ppm\r\n", text
    )
    bits_per_second, measured, bits, clock = found.groups()
    assert int(bits_per_second) == (8000 if p is None else int(p.rate))
    assert int(bits) == (index - outcome.first - ASIDE) * outcome.bits.shape[1]
    assert abs(float(clock) - ppm) < 5
    # Noise beyond the signal's band does not come through; taps' own noise does.
    assert snr - 2.5 < float(measured) < snr + 2.5
    if p is not None:
        assert model.line(outcome, 0).startswith(b"TRN1d, SNR ")


def test_noise_makes_errors():
    """At 30 dB, 45 333 bit/s are too many, and the report says so."""
    p = MappingParameters.from_json((EXAMPLES / "45333.json").read_text())
    model = Selftest(response_of("26awg-6kft"), plan("A", p, trn1d=LEAST_TRN1D_FRAMES), 20, 30)
    outcome = model.process(octets_of(model, SILENCE_FRAMES + 72 + LEAST_TRN1D_FRAMES + 300))
    text = model.line(outcome, len(outcome.decisions.number) - 1).decode()
    errors, bits = map(int, re.search(r"(\d+) errors in (\d+) bits", text).groups())
    counted = outcome.bits[ASIDE : len(outcome.decisions.number) - 1 - outcome.first]
    assert errors == np.count_nonzero(counted == 0) > 100 and bits == counted.size


def test_what_cannot_be():
    p = MappingParameters.from_json((EXAMPLES / "45333.json").read_text())
    check_refused(V90Error, "no use on a mu-law line", plan, "mu", p)
    check_refused(V90Error, "TRN1d is", plan, "A", p, trn1d=LEAST_TRN1D_FRAMES - 1)
    check_refused(V90Error, "U_INFO is", plan, "A", p, u_info=112)
    assert len(selftest.templates(None)) == len(selftest.Text)
