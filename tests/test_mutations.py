"""Plant an error in a block, and its tests must turn red.

Each row copies the tree aside, replaces one piece of text that stands there once, and runs the
block's own tests. A survivor is a gap in the tests. `make mutants` plants all of them.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

#: (file, what stands there, what is planted), and whose tests, unless all of the file's own; one of
#: them by name where those before it take long.
MUTANTS = [
    # a lost rounding, a stale bound, the wrong law's bits, a wrong polynomial tap
    ("golden/fixed.py", "1 << (drop - 1) if drop > 0 else 0", "0"),
    ("golden/g711.py", '"A": 0x55', '"A": 0x54'),
    ("golden/scrambler.py", "GPC = (18, 23)", "GPC = (17, 23)"),
    ("golden/crc.py", "0x8408", "0x8404"),
    # a power sum that forgets the frames above, a swapped interval, labels upside down
    ("golden/parameters.py", "below * (r - above)", "below * r"),
    ("golden/modulus.py", "np.cumprod([1, *moduli[:-1]]", "np.cumprod([1, *moduli[1:]]"),
    ("golden/mapper.py", "ucodes[::-1]", "ucodes"),
    ("golden/signs.py", "p[..., 1] ^= change[..., 0]", "p[..., 1] ^= 0"),
    # the other trellis, a stale metric, look-ahead cut short
    ("golden/shaper.py", "number ^ (number >> 1)", "number"),
    ("golden/shaper.py", "best // (sequences // 2)", "best % 2"),
    ("golden/encoder.py", "self.underruns += count - full", "self.underruns += 0"),
    ("golden/decoder.py", "& 1\n        signs", "| 1\n        signs"),
    ("golden/hdlc.py", "(run % 5 == 0)", "(run % 6 == 0)"),
    # a clock that runs the other way, Sd without an end, lost roundings, a tie, a wrong step,
    # a CRC over too much, a line that is never dead
    ("golden/detection.py", "tangent = -tangent if cross < 0", "tangent = -tangent if cross > 0"),
    ("golden/training.py", "signs[SD * 6 :] ^= 1", "signs[SD * 6 :] ^= 0"),
    ("golden/timing.py", "(1 << (drop - 1))) >> drop", "0) >> drop"),
    ("golden/leastsquares.py", "(root >> 1)[:, None]", "0 * root[:, None]"),
    ("golden/equalizer.py", "a + b) << (FINE - 1)", "a + b) << FINE"),
    ("golden/equalizer.py", "power_bits - training_bits + STEP_BITS", "power_bits + STEP_BITS"),
    ("golden/sequences.py", "crc_bits(bits[layout.covered]), bits", "bits[layout.crc], bits"),
    ("golden/sequences.py", "(end + 1) % 2, FILL", "end % 2, FILL"),
    ("golden/training.py", "ucode >> 4]", "ucode >> 3]"),
    # a DIL whose segment never ends, a history that forgets, TRN1d that does not come back, one
    # value too many
    ("golden/training.py", "position == lengths[segments] - 1", "position == lengths[segments]"),
    ("golden/training.py", "self._line = line[-far:]", "self._line = line[:far]"),
    ("golden/training.py", "AGAIN, NO_MORE = 4, 5", "AGAIN, NO_MORE = 400, 5"),
    ("golden/training.py", "entries] < DIL_COUNT.max", "entries] <= DIL_COUNT.max"),
    ("golden/receiver.py", "QUIET = 12 * 64", "QUIET = 0"),
    # a law converted amiss, a robbed bit that never turns, points too close, data too loud, MP's
    # zeroes taken for Ed, R that ends with itself, Rd taken for data
    ("golden/g711.py", "(a - 1) // 2 + 26 - a", "(a - 1) // 2 + 25 - a"),
    ("golden/learning.py", "text[turn % len(text)]", "text[0]"),
    ("golden/constellations.py", "least[taken[-1]] + most[taken[-1]]) / 4", "0) / 4"),
    ("golden/proposal.py", "10**0.3", "10**0.6"),
    ("golden/shaping.py", "np.where(np.arange(len(values)) % 2, -1.0, 1.0)", "0 * values + 1.0"),
    ("golden/shaping.py", "- np.sum(self._wrong * gram)", "+ 0"),
    ("golden/analogue.py", "if self._finished and not self._quiet", "if self._finished",
     "analogue::test_rate_renegotiation_with_silence"),
    ("golden/framing.py", "if zero and place == self._zeroes", "if zero"),
    ("golden/detection.py", "run == -R_BAR_FRAMES * heard", "run == R_BAR_FRAMES * heard"),
    ("golden/analogue.py", "number - R_FRAMES + 1", "number + 1"),
    # a line that rings too long, ppm cut and not rounded, B1d counted
    ("golden/emulator.py", "self._leaks[k] >> bits", "self._leaks[k] >> (bits + 1)"),
    ("golden/report.py", "+ PPM_DIVISOR // 2", "+ 0"),
    ("golden/selftest.py", "outcome.bits[ASIDE : max", "outcome.bits[0 : max"),
    # the same kinds in gateware
    ("hdl/fixed.py", "x = x + (1 << (drop - 1))\n", "x = x + 0\n"),
    ("hdl/mac.py", "self.a * self.b", "self.a * self.b[:15]"),
    ("hdl/g711.py", "Mux(lowest, 1, segment)", "segment"),
    ("hdl/scrambler.py", "line[delay - 1]", "line[delay - 2]"),
    ("hdl/modulus.py", "quotient.insert(0,", "quotient.append("),
    ("hdl/mapper.py", "with m.If(left < members)", "with m.If(left <= members)"),
    ("hdl/signs.py", "                    bit ^= change\n", "                    pass\n"),
    ("hdl/shaper.py", "before = ~self.fresh &", "before ="),
    ("hdl/shaper.py", "nothing_yet | smaller", "nothing_yet | ~smaller"),
    ("hdl/shaper.py", "m.d.sync += frame.sr.eq(0)", "m.d.sync += sub.eq(0)"),
    ("hdl/stream.py", "bits < count", "bits <= count"),
    ("hdl/encoder.py", "out.half.eq(~half)", "out.half.eq(half)"),
    ("hdl/encoder.py", "(frame + 1)[:2]", "(frame + 2)[:2]"),
    ("hdl/encoder.py", "read.data ^ (sign << 7)", "read.data",
     "encoder::test_data_frames_that_are_not_encoded"),
    ("hdl/signs.py", "after.odd.eq(token.bits[-1])", "after.odd.eq(0)"),
    # memories that are not zero, a command that waits for another's end, a DIL-segment cut,
    # parameters changed too early, a drop of what waits, a word written over
    ("hdl/generator.py", "~(kind.plain | self._ran)", "0"),
    ("hdl/generator.py", "(waits & header.now) | over", "over"),
    ("hdl/generator.py", "row.midst.eq(~following.last)", "row.midst.eq(0)"),
    ("hdl/generator.py", "older.eq(under_way - self.i_done)", "older.eq(0)",
     "generator::test_other_engines_give_the_same"),
    ("hdl/commands.py", "m.If(first & header.now)", "m.If(first)"),
    ("hdl/commands.py", "(at + 1 + REST)", "(at + REST)"),
    ("hdl/decoder.py", "INTERVALS + frame.sr", "INTERVALS"),
    ("hdl/hdlc.py", "with m.If(ones != 5)", "with m.If(ones != 6)"),
    ("hdl/tdm.py", "range(17, 32)", "range(16, 31)"),
    ("hdl/detection.py", "Phase.SECOND: STRETCH", "Phase.SECOND: STRETCH + 1"),
    ("hdl/detection.py", "heard & ~lasts & (now", "~lasts & (now"),
    ("hdl/framing.py", "(known | comes) & (now == zeroes)", "(known | comes)"),
    ("hdl/timing.py", "total.eq(total >> 1)", "total.eq((total + 1) >> 1)"),
    ("hdl/leastsquares.py", "RIDGE.bit_length() - 1", "RIDGE.bit_length() - 2"),
    ("hdl/equalizer.py", "(candidate <= count)", "(candidate < count)"),
    ("hdl/equalizer.py", "self.i_write.valid & idle)", "self.i_write.valid)",
     "equalizer::test_slicer_searches_while_words_come"),
    # patterns that go on in the next segment, Jd' anywhere, signs for their changes, a stale sum
    ("hdl/training.py", "last | training_ends", "training_ends"),
    ("hdl/training.py", "(phase == _JD_FRAMES - 1) & ", ""),
    ("hdl/training.py", "line.eq(changes[-far:])", "line.eq(whole[-far:])"),
    ("hdl/training.py", "Mux(held.count == 0, 0, held.sum)", "held.sum"),
    ("hdl/training.py", "interval.eq(place.interval)", "interval.eq(following.interval)"),
    # a solution that is never used, levels a data frame late, a step that is not the mean
    ("hdl/control.py", "self._second.eq(self._second | self._again)", "self._second.eq(0)"),
    ("hdl/control.py", "(self._left == 1)", "(self._left == 2)"),
    ("hdl/control.py", "(self.measured & ~self.settling)", "self.measured"),
    ("hdl/control.py", "self._second.eq(0), self.plain.eq(0)]", "self._second.eq(0)]"),
    ("hdl/control.py", "(self._rate >> RATE_BITS) - self.step", "self._rate >> RATE_BITS"),
    # TRN1d's levels all alike, a guess that moves the drift's tap, known symbols with wrong signs,
    # MP taken for data, a TRN1d and bits that go on behind Sd, detections of Sd in R
    ("hdl/leastsquares.py", "TRAINING_LEVEL + item.above", "TRAINING_LEVEL"),
    ("hdl/equalizer.py", "self._at(_Phase.ADAPT_DRIFT) & self.guess", "0"),
    ("hdl/receiver.py", "Mux(self.reference_sign, value, -value)", "value",
     "startup::test_from_sd_to_data"),
    ("hdl/top.py", "following.eq(committed & followed)", "following.eq(0)",
     "startup::test_from_sd_to_data"),
    ("hdl/top.py", "self._decoding.eq(0), following.eq(0),", "following.eq(0),",
     "startup::test_sd_ends_what_was_decoded"),
    ("hdl/top.py", "restart.eq(receiver.state == State.TRAIN)", "restart.eq(0)",
     "startup::test_sd_drops_what_waits"),
    ("hdl/receiver.py", "(less | negative)", "less", "receiver::test_loudness"),
    ("hdl/receiver.py", "(detector.found & ~self.deaf) | self.stop", "detector.found | self.stop",
     "startup::test_a_long_r"),
    ("hdl/top.py", "self.late.eq(highway.late)", "self.late.eq(0)"),
    ("hdl/top.py", "committing.eq(committed)", "committing.eq(0)", "startup::test_from_sd_to_data"),
    # an escape that is none, a bit read too late, a request that is acted on twice
    ("golden/link.py", "octet - TURN", "octet"),
    ("hdl/uart.py", "self.cycles // 2 - 1", "self.cycles - 1"),
    ("hdl/link_program.py", "p.indexed(Op.COMPARE, 0)", "p.constant(Op.COMPARE, 0)", "link"),
    # the wrong channel's row, a stale word, a reset that some channels miss
    ("hdl/channels.py", "addr=self._ahead", "addr=self._channel"),
    ("hdl/channels.py", "enabled.eq(port._en)", "enabled.eq(1)"),
    ("hdl/channels.py", "fresh.eq(last)", "fresh.eq(0)"),
    ("hdl/mapper.py", "(read.data >> position) >> 1", "read.data >> position"),
    ("hdl/leastsquares.py", "away.eq(negative)]", "away.eq(0)]"),
    ("hdl/equalizer.py", "word.payload[8] & ~stale", "word.payload[8]",
     "equalizer::test_taps_asked_for_before_a_discard_are_none"),
    # another phase of what rings on, a digit too small, an S-bar-d that is Sd
    ("hdl/emulator.py", "second & is_value", "second"),
    ("hdl/report.py", "taken >= divisor", "taken > divisor"),
    ("hdl/selftest.py", "(symbol < 3) ^ part[1]", "symbol < 3", "selftest::test_small_modem"),
    # a codec's samples out of step, an offset binary, a tap too late, a bit read too early, a
    # decimator that takes what is there
    ("golden/decimator.py", "whole[..., len(starts) * self.factor :]", "whole[..., len(starts) :]"),
    ("golden/i2s.py", "mine[..., 0] << CODEC.width", "mine[..., 0] << 0"),
    ("hdl/decimator.py", "read.addr.eq(newest - tap)", "read.addr.eq(newest - tap - 1)"),
    ("hdl/i2s.py", "self.bit // 2 + 1 + 1 + 1", "self.bit // 2 + 1 + 1"),
    ("hdl/linked.py", "decimator.i.valid.eq(i2s.strobe)", "decimator.i.valid.eq(1)"),
    ("hdl/linked.py", "m.If(path.decided)", "m.If(~path.decided)"),
    ("sim/codec.py", "slot == 0 and self._slot is not None", "slot == 0"),
    ("sim/line.py", "wider = np.sqrt(", "wider = ("),
    # the world around: ties, slips by a place, a high-pass that forgets, a tap upside down,
    # a clock that runs backwards, amplitudes for powers
    ("sim/network.py", 'side="left"', 'side="right"'),
    ("sim/network.py", "at % PHASES == phase", "at % PHASES == phase ^ 1"),
    ("sim/network.py", "zi=self._state", "zi=0 * self._state"),
    ("sim/stream.py", "self._tail = whole[len(x) :]", "self._tail = 0 * whole[len(x) :]"),
    ("sim/network.py", "times[place] += what", "times[place] -= what"),
    ("sim/loop.py", "np.tanh(length) / z", "np.tanh(length) * z"),
    ("sim/loop.py", "(d * far + b) / (c * far + a)", "(a * far + b) / (c * far + d)"),
    ("sim/line.py", "nominal - 1e-6", "nominal + 1e-6"),
    ("sim/line.py", "self.drift * at**2 / 2", "self.drift * at**2"),
    ("sim/line.py", "10 ** (-c.snr / 20)", "10 ** (-c.snr / 10)"),
    ("sim/line.py", "scale - 1) / scale", "scale) / scale"),
    ("sim/line.py", "(line - balance) / (line", "(balance - line) / (line"),
    ("sim/lines.py", "if wanted not in table", "if wanted in ()"),
    # recordings read: a turned polarity unseen, Jd that ends too late, a Ja that is not compared
    ("sim/reading.py", "early.mean() < 0.5", "early.mean() < 0.0"),
    ("sim/reading.py", "score = np.concatenate([[0], np.cumsum(2 * same - 1)])",
     "score = np.concatenate([[0], np.cumsum(1 - 2 * same)])"),
    ("sim/reading.py", "(asked == ucodes) & (", "(asked != ucodes) & ("),
    # signs of a DIL that are ignored, a period too short, labels that rise, signs of other bits,
    # a filter without memory, a bit robbed elsewhere, a conversion that is free
    ("sim/reading_dil.py", "(heard & (known >= 0) & (known != seen)).any()", "False"),
    ("sim/reading_dil.py", "(one[known % period] == pattern[known]).all()", "True"),
    ("sim/reading_mapping.py", "rise >= 0, rise < -1", "rise <= 0, rise < -1"),
    ("sim/reading_mapping.py", "(sent == decoded[sr])", "(sent != decoded[sr])"),
    ("sim/reading_highpass.py", "(gain * decided + memory)", "memory"),
    ("sim/reading_network.py", "_forced(law, last)[", "_forced(law, \"\")["),
    ("sim/reading_network.py", "n * (q * np.log(q)", "0 * (q * np.log(q)"),
    # levels that are never told apart, a time that is late by a period
    ("sim/reading_listener.py", "np.diff(ordered) > gap * sigma", "np.diff(ordered) > 99 * sigma",
     "reading_samples"),
    ("sim/reading_listener.py", "found.reversal - TURN if", "found.reversal + 12 * TURN if",
     "reading_samples"),
    # an R that anything is, a bound on the wrong side
    ("sim/reading_levels.py", "(OTHER * sigma) ** 2", "(9999 * OTHER * sigma) ** 2",
     "reading_levels::test_r_is_seen_without_decisions"),
    ("sim/reading_lines.py", "needs = gives - float(", "needs = gives + float(",
     "reading_lines::test_what_points_need"),
    ("sim/cli_read.py", "check_descriptor(found[0][1])\n    return found[0][1]",
     "return dict(found[0][1], REF=[0] * 8)"),
]

#: Tests that show a gateware block wrong without the slow simulators.
QUICK = "not verilator and not icarus"


def planted():
    """Every tenth row, from all packages, for `make test`; all of them with V90_MUTANTS=all."""
    return MUTANTS if os.environ.get("V90_MUTANTS") == "all" else MUTANTS[::10]


def test_every_row_can_be_planted():
    """What it replaces stands once, though `make test` plants a tenth."""
    for path, old, *_ in MUTANTS:
        assert (ROOT / path).read_text().count(old) == 1, (path, old)


@pytest.mark.parametrize(
    "path, old, new, stem", [(*row, None)[:4] for row in planted()],
    ids=lambda text: (text or "").split("\n")[0][:40],
)  # fmt: skip
def test_planted_error_is_caught(tmp_path, path, old, new, stem):
    for name in ("golden", "hdl", "sim", "tests", "docs"):
        shutil.copytree(
            ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__", "build")
        )
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    target = tmp_path / path
    text = target.read_text()
    assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {path}"
    target.write_text(text.replace(old, new))
    package = Path(path).parent.name
    name, _, case = (stem or Path(path).stem).partition("::")
    test = f"tests/{package}/test_{name}.py" + (f"::{case}" if case else "")
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "-k", QUICK, test],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path), "PYTEST_ADDOPTS": ""},
        capture_output=True,
        text=True,
        timeout=600,
    )
    # 1 is a failed test; anything else would be red for another reason.
    assert run.returncode == 1, run.stdout[-2000:] + run.stderr[-2000:]
