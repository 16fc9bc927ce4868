"""The host link's CRC notices exactly what it should, and a host takes no other answer for its own.

The CRC of 16 bits is x^16 + x^12 + x^5 + 1 (8.1.1.6.1/V.42). Within the octets of a frame it
notices every error of one, two or three bits, of an odd number of bits, and within 16 bits in a
row; of others all but one in 65 536. Where wrong bits make or unmake a flag or an escape, the
octets of the frame become others, or fewer, and then only the last holds.
"""

import itertools
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from boards.host.link import Link
from golden.bits import crc
from golden.ports import link
from golden.ports.link import ESCAPE_OCTET, FLAG_OCTET, LONGEST_REQUEST, Unframer
from tests.fuzz.limits import deadline

#: Octets of the longest frame, the CRC included.
LONGEST = LONGEST_REQUEST + 2


def turned(octets, places):
    """Octets with the bits at these places turned; bit 0 of each octet is first."""
    line = bytearray(octets)
    for place in places:
        line[place // 8] ^= 1 << place % 8
    return bytes(line)


@pytest.fixture(scope="module")
def syndromes():
    """Each wrong bit of the longest frame adds this to the CRC's register, and no more."""
    whole = bytes(LONGEST)
    right = crc.remainder_of_octets(whole)
    return np.array(
        [crc.remainder_of_octets(turned(whole, [place])) ^ right for place in range(8 * LONGEST)]
    )


@given(st.binary(min_size=1, max_size=LONGEST), st.sets(st.integers(0, 8 * LONGEST - 1)))
def test_wrong_bits_add_up_whatever_the_frame_is(syndromes, octets, places):
    """So what holds of wrong bits holds for all contents, and for all lengths.

    The last octets of the longest frame stand for a shorter one.
    """
    places = [place for place in places if place < 8 * len(octets)]
    shift = 8 * (LONGEST - len(octets))
    added = np.bitwise_xor.reduce(syndromes[[place + shift for place in places]], initial=0)
    right = crc.remainder_of_octets(octets)
    assert crc.remainder_of_octets(turned(octets, places)) == right ^ int(added)


def test_one_two_and_three_wrong_bits_are_noticed(syndromes):
    """All of them, in frames of every length: a shorter one has the last places of the longest."""
    single = np.zeros(1 << 16, bool)
    single[syndromes] = True
    assert syndromes.all() and np.count_nonzero(single) == len(syndromes)
    for at in range(1, len(syndromes)):
        pairs = syndromes[at] ^ syndromes[:at]
        assert pairs.all() and not single[pairs].any()


def test_an_odd_number_of_wrong_bits_and_bursts_are_noticed(syndromes):
    # x + 1 divides the polynomial: each wrong bit turns an odd number of the register's.
    assert all(one.bit_count() % 2 for one in syndromes.tolist())
    # Sixteen in a row are independent, so that no sum of some of them is nothing.
    for first in range(len(syndromes) - 15):
        rows = []
        for row in syndromes[first : first + 16].tolist():
            for other in rows:
                row = min(row, row ^ other)
            assert row
            rows.append(row)


def test_four_wrong_bits_may_pass(syndromes):
    """The guarantee ends here: the polynomial itself has four terms."""
    places = [8 * LONGEST - 1 - term for term in (0, 5, 12, 16)]
    assert np.bitwise_xor.reduce(syndromes[places]) == 0


def structure(line):
    """Where a line has flags and escapes."""
    return [(at, octet) for at, octet in enumerate(line) if octet in (FLAG_OCTET, ESCAPE_OCTET)]


@pytest.mark.parametrize("content", [b"\x01\x02\x03\x04", b"\x00\x7e\x7d\xff", b"\x05\x01\x00\x7c"])
def test_every_one_and_two_wrong_bits_on_the_line(content):
    """Of a frame between two others, by the unframer: none is taken for another frame."""
    line = link.frame(content)
    before, after = link.frame(b"before"), link.frame(b"after")
    same = structure(line)
    counts = {"kept": 0, "changed": 0}
    for n in (1, 2):
        for places in itertools.combinations(range(8 * len(line)), n):
            wrong = turned(line, places)
            got = Unframer().process(before + wrong + after)
            kept = structure(wrong) == same
            counts["kept" if kept else "changed"] += 1
            if kept:
                assert got == [b"before", b"after"]
            else:
                # No guarantee: 1 in 65 536 would pass, and of these few none does.
                assert set(got) <= {b"before", content, b"after"}
                assert b"before" in got or not places[0] // 8
    print(counts)
    assert counts["kept"] > 1000 and counts["changed"] > 100


def test_a_wrong_bit_that_makes_a_flag_may_pass():
    """The limit, so that nobody believes in more: what is before it happens to have a good CRC."""
    inner = b"\x01\x02"
    content = inner + crc.fcs(inner) + bytes([FLAG_OCTET ^ 1]) + b"rest"
    line = link.frame(content)
    assert Unframer().process(line) == [content]
    at = line.index(FLAG_OCTET ^ 1)
    assert Unframer().process(turned(line, [8 * at])) == [inner]


#: What a line does to an answer that passes.
FATES = ("given", "lost", "twice", "late", "spoilt", "cut", "turned round")


class Unruly:
    """A port whose board answers with what it was asked; the line loses, repeats and reorders."""

    name, timeout = "a port", 0

    def __init__(self, fates):
        self.fates, self.asked, self._held, self._back = iter(fates), 0, [], b""

    in_waiting = property(lambda self: len(self._back))

    def write(self, octets):
        (request,) = Unframer().process(octets)
        self.asked += 1
        answer = link.frame(request)
        fate = next(self.fates, "given")
        line = {
            "lost": b"",
            "twice": 2 * answer,
            "spoilt": turned(answer, [12]),
            "late": b"",
            "cut": answer[: len(answer) // 2],
        }.get(fate, answer)
        if fate == "turned round":
            # What was held comes, but later.
            self._back += line + b"".join(reversed(self._held))
        else:
            self._back += b"".join(self._held) + line
        self._held = [answer] if fate == "late" else []

    def read(self, size):
        if not self._back:
            time.sleep(min(self.timeout, 1e-4))
        octets, self._back = self._back[:size], self._back[size:]
        return octets


@settings(max_examples=40)
@given(
    st.lists(st.sampled_from(FATES), max_size=30),
    st.lists(st.binary(max_size=20), min_size=1, max_size=12),
)
def test_an_answer_is_that_of_its_request(fates, sections):
    """Whatever was lost, came twice or late: up to 255 requests ago, when numbers come again."""
    port = Unruly(fates)
    one = Link(port, attempts=40, slowness=1e-3)
    with deadline():
        assert [one.ask(part) for part in sections] == sections
    assert port.asked >= len(sections)


@settings(max_examples=60)
@given(st.lists(st.binary(min_size=1, max_size=40), min_size=1, max_size=6), st.data())
def test_frames_cut_lost_and_reordered_are_left_out_or_come_whole(contents, data):
    """A line of whole frames, some cut: what comes are those sent, in the line's order."""
    order = data.draw(st.permutations(range(len(contents))))
    line, sent = b"", []
    for n in order:
        frame = link.frame(contents[n])
        if data.draw(st.booleans()):
            frame = frame[: data.draw(st.integers(0, len(frame)))]
        sent.append(contents[n])
        line += frame
    rest = iter(sent)
    # Two pieces of cut frames without a flag between are one frame, which one in 65 536 passes.
    assert all(content in rest for content in Unframer().process(line + bytes([FLAG_OCTET])))
