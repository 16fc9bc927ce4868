"""HDLC framing against 8.1.1/V.42 taken one bit after the other."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from golden.bits.hdlc import FLAG, LONGEST, Deframer, Framer, stuff, unstuff

BITS = st.lists(st.integers(0, 1), max_size=200) | st.lists(
    st.sampled_from([0, 1, 1, 1, 1, 1]), max_size=200
)

PAYLOADS = {
    "one-octet": b"\x00",
    "flags": b"\x7e" * 40,
    "ones": b"\xff" * 40,
    "zeros": bytes(40),
    "escapes": bytes([0x7D, 0x5E, 0x7E, 0x7F, 0xFE, 0xFC, 0x3F, 0x1F, 0xF8] * 5),
    "all-octets": bytes(range(256)),
    "address-control": bytes([0x03, 0x3F]),
}


def array(bits):
    return np.array(bits, np.uint8)


def bits_of(octets):
    """Bits of a bytes object, bit 0 of each octet first (8.1.2.2)."""
    return [octet >> place & 1 for octet in octets for place in range(8)]


def stuff_bit_by_bit(bits):
    """8.1.1.2: a 0 after all sequences of five contiguous 1 bits."""
    out, ones = [], 0
    for bit in bits:
        out.append(int(bit))
        ones = ones + 1 if bit else 0
        if ones == 5:
            out.append(0)
            ones = 0
    return out


def unstuff_bit_by_bit(bits):
    out, ones = [], 0
    for bit in bits:
        if ones == 5:
            ones = 0
            continue
        out.append(int(bit))
        ones = ones + 1 if bit else 0
    return out


def crc_bit_by_bit(octets):
    """FCS of 8.1.1.6.1 by a register that holds x^15 in its top bit."""
    register = 0xFFFF
    for octet in octets:
        for place in range(8):
            out = register >> 15 ^ octet >> place & 1
            register = register << 1 & 0xFFFF ^ (0x1021 if out else 0)
    register ^= 0xFFFF
    # Sent x^15 first, and the first bit sent is an octet's lowest.
    word = int(format(register, "016b")[::-1], 2)
    return word.to_bytes(2, "little")


class Receiver:
    """What a receiver does with each bit: 8.1.1, 8.1.3 and 8.1.4/V.42."""

    def __init__(self):
        self.frames, self.bad = [], 0
        self.last = []  # the latest eight bits
        self.body = None  # bits since the flag, or None while waiting for one

    def take(self, bit):
        self.last = [*self.last[-7:], int(bit)]
        if self.body is not None:
            self.body.append(int(bit))
        if self.last == [0, 1, 1, 1, 1, 1, 1, 0]:
            if self.body is not None:
                self.close(self.body[:-8])  # nothing, too, when flags share a zero
            self.body = []
        elif self.body is not None and self.last[-7:] == [1] * 7:
            # An abort, or idle line when no frame has begun.
            self.bad += self.body[:7] != [1] * 7
            self.body = None

    def close(self, body):
        if not body:
            return
        bits = unstuff_bit_by_bit(body)
        octets = bytes(
            sum(bit << place for place, bit in enumerate(bits[n : n + 8]))
            for n in range(0, len(bits), 8)
        )
        whole = len(bits) % 8 == 0 and 3 <= len(octets) <= LONGEST + 2
        if whole and crc_bit_by_bit(octets[:-2]) == octets[-2:]:
            self.frames.append(octets[:-2])
        else:
            self.bad += 1


def received(bits):
    receiver = Receiver()
    for bit in bits:
        receiver.take(bit)
    return receiver.frames, receiver.bad


def deframed(bits, piece=None):
    deframer, frames = Deframer(), []
    piece = piece or max(1, len(bits))
    for start in range(0, len(bits), piece):
        frames += deframer.process(bits[start : start + piece])
    assert deframer.good == len(frames)
    return frames, deframer.bad


def random_frames(rng, count):
    """Payloads of 1 to 60 octets, in which runs of ones and flags are common."""
    frames = []
    for _ in range(count):
        octets = rng.integers(0, 256, rng.integers(1, 61), dtype=np.uint8)
        common = rng.choice(np.array([0x7E, 0xFF, 0x7F, 0xFE, 0x3F], np.uint8), len(octets))
        frames.append(np.where(rng.random(len(octets)) < 0.4, common, octets).tobytes())
    return frames


# --- Zero insertion ----------------------------------------------------------------------------


@given(BITS)
def test_stuff_and_unstuff_bit_by_bit(bits):
    stuffed = stuff(array(bits))
    assert stuffed.dtype == np.uint8
    assert stuffed.tolist() == stuff_bit_by_bit(bits)
    assert unstuff(stuffed).tolist() == bits == unstuff_bit_by_bit(stuffed)
    # A flag's six ones never come up inside.
    assert "111111" not in "".join(map(str, stuffed))


@pytest.mark.parametrize("length", range(14))
def test_stuff_all_short_sequences(length):
    for number in range(1 << min(length, 10)):
        bits = [1] * (length - 10) + [number >> place & 1 for place in range(min(length, 10))]
        stuffed = stuff(array(bits))
        assert stuffed.tolist() == stuff_bit_by_bit(bits)
        assert unstuff(stuffed).tolist() == bits


def test_five_ones_at_the_end():
    # A transmitter puts a zero even there; a receiver may find it cut off.
    assert stuff(array([0, 1, 1, 1, 1, 1])).tolist() == [0, 1, 1, 1, 1, 1, 0]
    assert unstuff(array([0, 1, 1, 1, 1, 1])).tolist() == [0, 1, 1, 1, 1, 1]


# --- Framer ------------------------------------------------------------------------------------


def test_flag():
    assert FLAG.tolist() == [0, 1, 1, 1, 1, 1, 1, 0]
    assert Framer.fill(3).tolist() == FLAG.tolist() * 3
    assert len(Framer.fill(0)) == len(Framer().process([])) == 0


@pytest.mark.parametrize("name", PAYLOADS)
def test_a_frame_on_the_line(name):
    frame = PAYLOADS[name]
    inside = stuff_bit_by_bit(bits_of(frame + crc_bit_by_bit(frame)))
    want = FLAG.tolist() + inside + FLAG.tolist()
    assert Framer().process([frame]).tolist() == want


def test_one_flag_closes_and_opens(rng):
    frames = random_frames(rng, 5)
    whole = Framer().process(frames)
    framer = Framer()
    parts = [framer.process(frames[:2]), framer.process([]), framer.process(frames[2:])]
    assert np.array_equal(np.concatenate(parts), whole)
    # 8.1.1.2: six flags for five frames.
    windows = np.lib.stride_tricks.sliding_window_view(whole, 8)
    assert np.count_nonzero((windows == FLAG).all(axis=1)) == 6
    framer.reset()
    assert np.array_equal(framer.process(frames), whole)


# --- Deframer ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PAYLOADS)
def test_payloads(name):
    frame = PAYLOADS[name]
    assert deframed(Framer().process([frame, frame])) == ([frame, frame], 0)


@pytest.mark.parametrize("seed", range(20))
def test_round_trip(seed):
    rng = np.random.default_rng(seed)
    frames = random_frames(rng, 12)
    framer, parts = Framer(), []
    for frame in frames:
        parts += [framer.process([frame]), Framer.fill(int(rng.integers(3)))]
    bits = np.concatenate(parts)
    assert deframed(bits) == (frames, 0) == received(bits)


@pytest.mark.parametrize("piece", [1, 2, 3, 5, 7, 8, 9, 21, 28, 42, 1000])
def test_pieces_are_the_whole(rng, piece):
    frames = random_frames(rng, 10)
    bits = np.concatenate([Framer().process(frames[:5]), Framer().process(frames[5:])])
    bits[rng.choice(len(bits), 6, replace=False)] ^= 1
    whole = deframed(bits)
    assert 0 < len(whole[0]) < 10 and whole[1] > 0
    assert deframed(bits, piece) == whole


#: Pieces of a line that a receiver may meet, in any order.
PARTS = st.one_of(
    st.just(FLAG.tolist()),
    st.just([1, 1, 1, 1, 1, 1, 0]),  # a flag that shares the zero before it
    st.integers(0, 20).map(lambda n: [1] * n),
    st.lists(st.integers(0, 1), max_size=30),
    st.binary(min_size=1, max_size=6).map(lambda frame: Framer().process([frame]).tolist()),
    st.binary(max_size=6).map(lambda octets: FLAG.tolist() + stuff_bit_by_bit(bits_of(octets))),
)


@settings(max_examples=200)
@given(st.lists(PARTS, max_size=12).map(lambda parts: sum(parts, [])), st.integers(1, 40))
def test_anything_at_all_is_received_bit_by_bit(bits, piece):
    want = received(bits)
    assert deframed(array(bits)) == want
    assert deframed(array(bits), piece) == want


def shared(flags):
    """Flags that share a zero: 0 111111 0 111111 0."""
    return array([0] + [1, 1, 1, 1, 1, 1, 0] * flags)


def test_flags_with_shared_zeros():
    frame = b"\x12\x34"
    inside = Framer().process([frame])[8:-8]
    bits = np.concatenate([shared(3), inside, shared(4), inside, shared(1), FLAG, inside, FLAG])
    for piece in (None, 1, 7, 11):
        assert deframed(bits, piece) == ([frame] * 3, 0)


def test_idle_before_between_and_after():
    frame = b"\x12\x34"
    one = Framer().process([frame])
    for ones in (1, 6, 7, 8, 15, 100):
        idle = np.ones(ones, np.uint8)
        for piece in (None, 1, 13):
            assert deframed(np.concatenate([idle, one, one]), piece) == ([frame, frame], 0)
            if ones >= 7:
                bits = np.concatenate([one, idle, one, idle])
                assert deframed(bits, piece) == ([frame, frame], 0)


def test_nothing_before_the_first_flag_counts(rng):
    one = Framer().process([b"\x12\x34"])
    for length in (1, 5, 8, 40, 200):
        before = stuff(rng.integers(0, 2, length, dtype=np.uint8))
        assert deframed(np.concatenate([before, [0], one])) == ([b"\x12\x34"], 0)


def body_of(frame):
    return Framer().process([frame])[8:-8]


def cases_of_bad_frames():
    frame = b"\x12\x34\x56\x78"
    body = body_of(frame)
    wrong = body.copy()
    wrong[3] ^= 1  # 0x12 = 0 1 0 0 1 0 0 0: no run of five comes or goes
    return {
        "wrong-fcs": wrong,
        "truncated-octet": body[:-8],
        "truncated-bit": body[:-1],
        "one-bit-more": np.concatenate([body, [0]]),
        "two-octets": stuff(
            array(bits_of(crc_bit_by_bit(b"")))
        ),  # an empty frame with the FCS that belongs to it
        "one-bit": array([0]),
        "five-ones-at-the-end": array([0, 1, 0] * 7 + [1, 1, 1, 1, 1]),
        "abort": np.concatenate([body[:20], [0], [1] * 7]),
        "abort-and-idle": np.concatenate([body[:20], [0], [1] * 50]),
        "abort-and-more": np.concatenate([body[:20], [0], [1] * 9, [0], body[:17], [0]]),
        "too-long": body_of(bytes(LONGEST + 1)),
        "much-too-long": body_of(bytes(2 * LONGEST + 100)),
    }


BAD = cases_of_bad_frames()


@pytest.mark.parametrize("name", BAD)
def test_bad_frames_are_counted_and_what_follows_is_received(name):
    good = Framer().process([b"after"])
    for closing in (FLAG, FLAG[:0]):
        # Followed by a flag of its own, or by the one that opens the next frame.
        bits = np.concatenate([FLAG, BAD[name], closing, good])
        assert deframed(bits) == ([b"after"], 1) == received(bits)
        for piece in (1, 7, 1000) if len(bits) < 1000 else (28, 50_001):
            assert deframed(bits, piece) == ([b"after"], 1)


def test_longest_frame(rng):
    for octets in (rng.bytes(LONGEST), b"\xff" * LONGEST):
        bits = Framer().process([octets])
        assert deframed(bits) == deframed(bits, 28) == ([octets], 0)


def test_a_bit_slip_costs_one_frame(rng):
    frames = random_frames(rng, 6)
    bits = Framer().process(frames)
    flags = np.flatnonzero((np.lib.stride_tricks.sliding_window_view(bits, 8) == FLAG).all(axis=1))
    slipped = np.delete(bits, flags[2] + 8 + 4)
    got, bad = deframed(slipped)
    assert got == frames[:2] + frames[3:] and bad == 1


def test_reset(rng):
    deframer = Deframer()
    bits = Framer().process([b"\x12\x34"])
    deframer.process(np.concatenate([bits, BAD["wrong-fcs"], FLAG, bits[:20]]))
    assert (deframer.good, deframer.bad) == (1, 1)
    deframer.reset()
    assert (deframer.good, deframer.bad) == (0, 0)
    # Nothing is left of the open frame: what closes it now is no frame.
    assert deframer.process(bits[20:]) == [] and deframer.bad == 0
    assert deframer.process(bits) == [b"\x12\x34"]


LONG = {
    "idle-ones": lambda n: np.ones(n, np.uint8),
    "zeros": lambda n: np.zeros(n, np.uint8),
    "flags": lambda n: np.tile(FLAG, n // 8),
    "one-endless-frame": lambda n: np.tile(array([0, 1]), n // 2),
    "abort-then-ones": lambda n: np.concatenate([array([0, 1, 0]), np.ones(n, np.uint8)]),
}


@pytest.mark.parametrize("name", LONG)
def test_long_lines_stay_bounded(name):
    """Four seconds of 56 kbit/s in pieces of a data frame: no growth, no slowness."""
    first = Framer().process([b"\x12\x34"])
    bits = np.concatenate([first, LONG[name](200_000)])
    deframer, frames, longest = Deframer(), [], 0
    start = time.perf_counter()
    for at in range(0, len(bits), 28):
        frames += deframer.process(bits[at : at + 28])
        longest = max(longest, len(deframer._bits))
    seconds = time.perf_counter() - start
    assert frames == [b"\x12\x34"]
    # Only a frame that has begun is kept, and no more than twice the longest.
    assert longest <= (16 * LONGEST if name in ("zeros", "one-endless-frame") else 64)
    # 7000 pieces of some 30 us; going over all that is kept again took 1 ms for each.
    assert seconds < 5
    assert deframer.bad == {"idle-ones": 0, "flags": 0}.get(name, 1)
    assert deframer.process(np.concatenate([FLAG, first])) == [b"\x12\x34"]
