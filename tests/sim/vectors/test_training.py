"""Vectors of the digital modem's signals: what its generator sends."""

import numpy as np
import pytest

from golden.pcm import g711
from golden.pcm.parameters import DELAY_FRAMES, INTERVALS, MappingParameters
from golden.signals.generator import Command, Generator, Signal
from golden.signals.sequences import JD, MP
from sim.vectors import manifest as vectors
from tests.sim.vectors.support import arrays, entries


@pytest.fixture(scope="module")
def files():
    return vectors.make(kinds=["signal"])


@pytest.fixture(scope="module")
def manifest(files):
    return entries(files)


def _generated(law, commands, data=()):
    """Octets of a generator that is given commands one after the other."""
    generator, octets, waiting = Generator(law), [], list(commands)
    generator.fill(np.asarray(data, np.uint8))
    for _ in range(DELAY_FRAMES + sum(command.length for command in commands) * 400):
        while waiting and generator.waiting < 2:
            generator.give(waiting.pop(0))
        octets.append(generator.process(1))
        last = generator.log[-1]
        if not waiting and last.command is commands[-1] and last.frames > 40:
            break
    first = generator.log[1].first
    return np.concatenate(octets)[first * INTERVALS :]


@pytest.mark.parametrize("law", g711.LAWS)
def test_the_generator_sends_the_signals_of_phase_3(files, manifest, law):
    jd = JD.build(rates=(1 << 22) - 1, training=0, renegotiation=1, look_ahead=3)
    descriptor = manifest["signal/DIL-N3"]["parameters"]
    sent = _generated(
        law,
        [
            Command(Signal.SD, 64, value=79),
            Command(Signal.SD_BAR, 8, value=79),
            Command(Signal.TRN1D, 340, value=79),
            Command(Signal.JD, 3, value=(79, jd)),
            Command(Signal.JD_END, value=(79, None)),
            Command(Signal.DIL, 3, value=descriptor),
            Command(Signal.R, 32, value=(79,) * 6),
            Command(Signal.R_BAR, 4, value=(79,) * 6),
            Command(Signal.SILENCE, repeat=True),
        ],
    )
    names = ("Sd-U79", "TRN1d-Jd", "DIL-N3", "Ri")
    known = np.concatenate(
        [arrays(files, manifest[f"signal/{name}"])[f"octets_{law}"] for name in names]
    )
    assert np.array_equal(sent[: len(known)], known)
    assert (sent[len(known) :] == g711.octet(0, 1, law)).all()


def test_the_generator_sends_phase_4_and_renegotiations(files, manifest):
    checked = 0
    for name, entry in manifest.items():
        how, a = entry["parameters"], arrays(files, entry)
        if "segments" not in how or "training" not in how:
            continue
        cpt, cp = (MappingParameters.from_dict(how[key]) for key in ("training", "data"))
        mp = [MP.build(cpt.data_bits, **how["MP"], acknowledge=one) for one in (0, 1)]
        value = {"TRN2d": cpt, "MP": mp[0], "MP'": mp[1], "B1d": cp}
        again = {"Rd", "R-bar-d"}
        signals = {
            "TRN2d": Signal.TRN2D,
            "MP": Signal.MP,
            "MP'": Signal.MP_ACK,
            "Ed": Signal.ED,
            "B1d": Signal.B1D,
            "data": Signal.DATA,
            "Rd": Signal.R,
            "R-bar-d": Signal.R_BAR,
        }
        commands = []
        for signal, _, symbols in how["segments"]:
            units = symbols // INTERVALS
            if signal in ("MP", "MP'"):
                units //= len(value[signal]) // cpt.data_bits
            what = tuple(how["R"]) if signal in again else value.get(signal)
            commands.append(Command(signals[signal], units, signal == "data", what))
        frames = how["segments"][-1][2] // INTERVALS
        sent = _generated(cp.law, commands, a["bits_data"][-frames:].ravel())
        assert np.array_equal(sent[: a["octets"].size], a["octets"].ravel()), name
        checked += 1
    assert checked == 2 * 5
