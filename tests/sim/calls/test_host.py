"""Files whose frames are lost on the way, and sent again."""

import numpy as np
import pytest

from golden.bits.hdlc import Framer
from sim.calls import host, transfer

DATA = bytes(np.random.default_rng(3).integers(0, 256, 40_000, np.uint8))


def carried(data, hit, rounds=2000, room=1000, delay=2):
    """``(sender, receiver)`` after pieces of bits that ``hit(number, bits)`` may change."""
    sender, receiver = host.SendingHost(data), host.ReceivingHost()
    told, way = [(0, False)] * delay, []
    for number in range(rounds):
        way.append(hit(number, sender.process(*told.pop(0), room)))
        told.append(receiver.process(way.pop(0)))
        if receiver.file.complete:
            return sender, receiver
    raise AssertionError("the file never arrived")


@pytest.mark.parametrize("data", [b"", b"x", DATA[:128], DATA])
def test_nothing_is_sent_twice_where_nothing_is_lost(data):
    sender, receiver = carried(data, lambda number, bits: bits)
    assert receiver.file.file() == data
    assert sender.again == receiver.file.skipped == receiver.file.damaged == 0


def test_what_is_lost_damaged_or_cut_is_sent_again():
    rng = np.random.default_rng(4)

    def hit(number, bits):
        what = rng.integers(0, 6)
        if what == 0:
            return bits[:0]
        if what == 1:
            return np.where(rng.random(len(bits)) < 0.01, 1 - bits, bits).astype(np.uint8)
        if what == 2:
            return bits[int(rng.integers(0, len(bits))) :]
        return bits

    sender, receiver = carried(DATA, hit, rounds=20_000)
    assert receiver.file.file() == DATA
    assert sender.again > 0 and receiver.file.damaged > 0 and receiver.file.skipped > 0


def test_a_last_frame_that_is_lost_comes_again_without_being_asked_for():
    lost = []

    def hit(number, bits):
        # All that is sent in the first pieces: no frame after it shows a gap.
        lost.append(number)
        return bits[:0] if len(lost) < 4 else bits

    sender, receiver = carried(b"short", hit, rounds=100)
    assert receiver.file.file() == b"short"
    assert sender.again == 1


def test_the_sender_knows_when_all_has_arrived():
    sender = host.SendingHost(DATA[:300])
    sender.process(0, False, 5000)
    sender.process(2, False, 0)
    assert not sender.done
    sender.process(3, False, 0)
    assert sender.done and sender.again == 0


def test_damaged_frames_in_a_row_are_counted():
    receiver = host.ReceivingHost()
    sender = host.SendingHost(DATA)
    bits = sender.process(0, False, 12_000)
    receiver.process(bits[:3000])
    assert receiver.bad == 0
    bad = bits[3000:].copy()
    bad[::100] ^= 1
    receiver.process(bad)
    assert receiver.bad >= 5


def test_a_frame_that_is_no_files_is_as_good_as_damaged():
    """Noise between flags has a good FCS once in a while."""
    framer, receiver = Framer(), host.ReceivingHost()
    good = transfer.frames_of(DATA[:300])
    for frame in (bytes([9]), bytes([2, 0, 0, 1]), bytes([1, 1, 0]), *good):
        receiver.process(framer.process([frame]))
    receiver.process(framer.fill(1))
    assert receiver.file.file() == DATA[:300] and receiver.file.damaged == 3
