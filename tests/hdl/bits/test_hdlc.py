import numpy as np
import pytest
from amaranth.hdl import Module
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from golden.bits import crc
from golden.bits import hdlc as golden
from golden.bits.hdlc import LONGEST
from hdl.bits.hdlc import FLAG_OCTET, Deframer, Framer
from sim.engines.compare import ENGINES, compare
from sim.engines.gateware import Gateware
from tests.hdl.support import compare_resetting, packed, scaled


def random_frames(rng, count, longest=40):
    """Frames of all sizes, some of them all flags, ones, or zeros."""
    frames = []
    for _ in range(count):
        size = int(rng.choice([1, 2, 3, rng.integers(1, longest + 1)]))
        kind = rng.random()
        if kind < 0.4:
            octets = rng.choice([0x7E, 0xFF, 0x00, 0x1F, 0xF8, 0x3E], size)
        else:
            octets = rng.integers(256, size=size)
        frames.append(bytes(octets.tolist()))
    return frames


def octets_of(frames):
    """Frames as a payload of octets with ``last``."""
    ends = np.cumsum([len(frame) for frame in frames]) - 1
    octets = np.frombuffer(b"".join(frames), np.uint8).astype(int)
    return {"octet": octets, "last": np.isin(np.arange(len(octets)), ends).astype(int)}


def frames_of(output):
    """``(frame, good)`` of each frame that the deframer gave to its end."""
    frames, start = [], 0
    for end in np.flatnonzero(output["last"]) + 1:
        octets = output["octet"][start:end].astype(np.uint8)
        frames.append((octets.tobytes(), int(output["good"][end - 1])))
        start = end
    return frames


def good_frames(output):
    return [frame for frame, good in frames_of(output) if good]


def test_the_flag_is_goldens():
    assert packed(golden.FLAG) == FLAG_OCTET


# --- Framer ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("engine", ENGINES)
def test_framer_equals_golden(engine, rng):
    frames = random_frames(rng, scaled(engine, 200, 5), 40 if engine == "cxxrtl" else 8)
    bits = golden.Framer().process(frames)
    full = compare_resetting(
        Framer(), {"i": octets_of(frames)}, {"o": bits}, (5, 50, 93), engine=engine
    )
    # A bit a cycle, but for two cycles more before each octet, and a third before a frame's first.
    more = np.diff(full.given["o"]) - 1
    assert set(more) <= {0, 1, 2, 3} and np.count_nonzero(more == 3) == len(frames) - 1
    assert np.count_nonzero(more) == sum(len(frame) + 3 for frame in frames)


def test_framer_sends_nothing_between_frames(rng):
    gateware = Gateware(Framer())
    assert not len(gateware.run(cycles=200).outputs["o"])
    model = golden.Framer()
    for number in range(20):
        frames = random_frames(rng, int(rng.integers(1, 4)))
        bits = model.process(frames)
        result = gateware.run(
            {"i": octets_of(frames)},
            {"o": len(bits)},
            cycles=100_000,
            drain=100,
            reset=number == 0,
            stall=0.2 * (number % 3),
            seed=number,
        )
        assert np.array_equal(result.outputs["o"], bits)


def test_framer_waits_in_the_midst_of_a_frame(rng):
    (frame,) = random_frames(rng, 1)
    frame += bytes(20)
    result = Gateware(Framer()).run(
        {"i": octets_of([frame])},
        {"o": len(golden.Framer().process([frame]))},
        idle=0.95,
    )
    assert np.array_equal(result.outputs["o"], golden.Framer().process([frame]))


def test_framer_opens_anew_after_reset():
    gateware = Gateware(Framer())
    frame = octets_of([b"abc"])
    bits = golden.Framer().process([b"abc"])
    for cycles in range(1, 80, 7):
        gateware.run({"i": frame}, cycles=cycles, partial=True)
        assert np.array_equal(gateware.run({"i": frame}, {"o": len(bits)}).outputs["o"], bits)


# --- Deframer -------------------------------------------------------------------------------------


@pytest.mark.parametrize("engine", ENGINES)
def test_deframer_equals_golden(engine, rng):
    """Good frames between flags, idle ones, and frames too short to give anything."""
    size = 40 if engine == "cxxrtl" else 8
    parts = [rng.integers(0, 2, 5, np.uint8)]  # not a flag yet
    for frame in random_frames(rng, scaled(engine, 200, 5), size):
        framer = golden.Framer()
        kind = rng.integers(5)
        parts.append(framer.process([frame, *random_frames(rng, int(kind), size)]))
        fillers = (
            framer.fill(3),
            np.ones(30, np.uint8),
            np.array([1, 0, 1], np.uint8),
            golden.FLAG[1:],
            np.zeros(24, np.uint8),
        )
        if kind:
            parts.append(fillers[kind])
    parts.append(golden.Framer().process([b"the last"]))
    bits = np.concatenate(parts)
    # Zeros between flags are 24 bits: an octet and a wrong FCS, which gives a frame that is not
    # good; golden has none.
    expected, bad = [], Gateware(Deframer()).run({"i": bits}, cycles=10**6, drain=20)
    good = golden.Deframer().process(bits)
    assert good_frames(bad.outputs["o"]) == good and len(good) > 5
    for octets, is_good in frames_of(bad.outputs["o"]):
        if is_good:
            assert octets == good.pop(0)
        for number, octet in enumerate(octets):
            last = number == len(octets) - 1
            expected.append((octet, last, last and is_good))
    octet, last, is_good = np.array(expected).T
    full = compare_resetting(
        Deframer(),
        {"i": bits},
        {"o": {"octet": octet, "last": last, "good": is_good}},
        (5, 100, 144),
        engine=engine,
    )
    flags = np.count_nonzero(
        (np.lib.stride_tricks.sliding_window_view(bits, 8) == golden.FLAG).all(axis=1)
    )
    assert full.taken["i"][-1] + 1 - len(bits) in (flags - 1, flags)  # a cycle more at a flag


@pytest.fixture(scope="module")
def deframer():
    return Gateware(Deframer())


def received(deframer, bits, **pattern):
    result = deframer.run({"i": bits}, cycles=50 * len(bits), drain=20, **pattern)
    return good_frames(result.outputs["o"])


def test_what_the_framer_sends_comes_back(rng):
    frames = random_frames(rng, 100)
    compare(
        Loop(),
        {"i": octets_of(frames)},
        {"o": {**octets_of(frames), "good": octets_of(frames)["last"]}},
        cycles=1_000_000,
    )


class Loop(wiring.Component):
    """Framer and deframer in a row."""

    i: In(stream.Signature(data.StructLayout({"octet": 8, "last": 1})))
    o: Out(stream.Signature(data.StructLayout({"octet": 8, "last": 1, "good": 1})))

    def elaborate(self, platform):
        m = Module()
        m.submodules.framer = framer = Framer()
        m.submodules.deframer = deframer = Deframer()
        wiring.connect(m, wiring.flipped(self.i), framer.i)
        wiring.connect(m, framer.o, deframer.i)
        wiring.connect(m, deframer.o, wiring.flipped(self.o))
        return m


@pytest.mark.parametrize("rate", [0.0005, 0.003, 0.02, 0.05])
def test_bit_errors(deframer, rate, rng):
    """Flags lost and made, aborts, frames cut and joined: the good ones are golden's."""
    good = bad = 0
    for seed in range(20):
        bits = golden.Framer().process(random_frames(rng, 60))
        bits ^= rng.random(len(bits)) < rate
        model = golden.Deframer()
        expected = model.process(bits)
        assert received(deframer, bits, idle=0.1, stall=0.2, seed=seed) == expected
        good, bad = good + model.good, bad + model.bad
    assert good > 20 and bad > 20


def test_bits_lost_and_inserted(deframer, rng):
    for seed in range(20):
        bits = golden.Framer().process(random_frames(rng, 60))
        bits = np.delete(bits, rng.integers(len(bits), size=9))
        bits = np.insert(bits, rng.integers(len(bits), size=9), rng.integers(2, size=9))
        expected = golden.Deframer().process(bits)
        assert len(expected) > 10
        assert received(deframer, bits, seed=seed) == expected


def test_noise(deframer, rng):
    """Random bits have a flag now and then, and short frames; the FCS keeps them out."""
    for share in (0.5, 0.7, 0.85):
        bits = (rng.random(100_000) < share).astype(np.uint8)
        assert received(deframer, bits) == golden.Deframer().process(bits)


def between_flags(body):
    return np.concatenate([golden.FLAG, np.asarray(body, np.uint8), golden.FLAG])


@pytest.mark.parametrize("shared", [0, 1], ids=["own-zeros", "shared-zero"])
@pytest.mark.parametrize("flags", [1, 2, 5])
def test_flags_between_frames(deframer, flags, shared, rng):
    frames = random_frames(rng, 12)
    bits = [golden.FLAG]
    for frame in frames:
        body = golden.Framer().process([frame])[8:]  # ends with a flag
        bits += [body, *[golden.FLAG[shared:]] * (flags - 1)]
    assert received(deframer, np.concatenate(bits)) == frames


def test_aborts(deframer, rng):
    """Seven ones and more in a row in a frame end it; so do they between frames."""
    frame = b"0123456789"
    bits = golden.Framer().process([frame])
    whole = golden.Framer().process([b"whole"])
    for ones in (6, 7, 8, 15, 40):
        for at in range(8, len(bits) - 8, 5):
            cut = np.concatenate([bits[:at], np.ones(ones, np.uint8), whole])
            model = golden.Deframer()
            assert received(deframer, cut) == model.process(cut)
            joined = np.concatenate([bits[:at], np.ones(ones, np.uint8), bits[at:], whole])
            assert received(deframer, joined) == golden.Deframer().process(joined)
    assert received(deframer, np.concatenate([bits, np.ones(50, np.uint8), whole])) == [
        frame,
        b"whole",
    ]


@pytest.mark.parametrize("octets", [0, 1, 2, 3])
def test_short_frames(deframer, octets):
    """With a right FCS as far as there is one; three octets are the shortest that is good."""
    frame = golden.Framer().process([bytes(range(1, octets + 1))])[8:-8] if octets else []
    whole = golden.Framer().process([b"whole"])
    body = {0: [], 1: [1] * 3 + [0] * 5, 2: frame[: len(frame) - 8], 3: frame}[octets]
    bits = np.concatenate([between_flags(body), whole[8:]])
    expected = golden.Deframer().process(bits)
    assert expected[-1] == b"whole"
    assert received(deframer, bits) == expected
    # An empty frame with its FCS is two octets: nothing.
    fcs = crc.fcs(b"")
    body = golden.stuff(np.unpackbits(np.frombuffer(fcs, np.uint8), bitorder="little"))
    assert received(deframer, np.concatenate([between_flags(body), whole[8:]])) == [b"whole"]


@pytest.mark.parametrize("more", range(1, 8))
def test_parts_of_octets_are_bad(deframer, more):
    bits = golden.Framer().process([b"frame"])
    whole = golden.Framer().process([b"whole"])
    bits = np.concatenate([bits[:8], np.zeros(more, np.uint8), bits[8:], whole[8:]])
    assert received(deframer, bits) == golden.Deframer().process(bits) == [b"whole"]


@pytest.mark.parametrize("size", [LONGEST - 1, LONGEST, LONGEST + 1, 2 * LONGEST, 3 * LONGEST])
def test_the_longest_frame(deframer, size, rng):
    frame = bytes(rng.integers(256, size=size).tolist())
    bits = golden.Framer().process([frame, b"whole"])
    expected = [frame] * (size <= LONGEST) + [b"whole"]
    assert received(deframer, bits) == golden.Deframer().process(bits) == expected


def test_deframer_forgets_at_reset(deframer, rng):
    bits = golden.Framer().process([b"first", b"second"])
    for cycles in range(10, 150, 9):
        deframer.run({"i": bits}, cycles=cycles, partial=True)
        assert received(deframer, bits) == [b"first", b"second"]
        deframer.run({"i": bits}, cycles=cycles, partial=True)
        assert received(deframer, bits[8:]) == [b"second"]  # its flag was before the reset
