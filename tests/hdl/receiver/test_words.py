"""Words that a host writes into the receiver, read back by what is said of them."""

import numpy as np

from golden.formats import TRAINING_LEVEL
from golden.pcm.parameters import INTERVALS
from golden.receiver.slicer import Levels
from hdl.receiver import words as receiver_words
from hdl.receiver.words import COUNTS_AT, ENTRIES_AT, GUESS, LOSS_AT, POWER_AT, SINGLE


def test_words_of_levels(rng):
    """Each entry is a value, its Ucode, and how far above TRN1d's level, in 4096ths, modulo 512."""
    training = Levels(((4032,),) * INTERVALS, ((79,),) * INTERVALS)
    values = [
        np.sort(rng.choice(np.arange(3900, 4160), int(n), replace=False))
        for n in rng.integers(1, 128, INTERVALS)
    ]
    ucodes = [rng.integers(0, 128, len(row)) for row in values]
    levels = Levels(
        tuple(tuple(map(int, row)) for row in values),
        tuple(tuple(map(int, r)) for r in ucodes),
        guess=True,
    )
    words = dict(receiver_words.level_words(levels, training))
    assert words.pop(LOSS_AT) == levels.loss
    power = words.pop(POWER_AT)
    assert power == levels.power_bits + (int(levels.single) << SINGLE) + (1 << GUESS)
    for interval in range(INTERVALS):
        assert words.pop(COUNTS_AT + interval) == len(values[interval]) - 1
        both = zip(values[interval], ucodes[interval], strict=True)
        for index, (value, ucode) in enumerate(both):
            word = words.pop(ENTRIES_AT + 128 * interval + index)
            share = TRAINING_LEVEL * value / 4032 - TRAINING_LEVEL
            assert word & 0xFFFF == value and word >> 16 & 0x7F == ucode and word < 1 << 32
            above = ((word >> 23) + 256) % 512 - 256
            assert abs(above - np.clip(share, -255, 255)) <= 0.5
    assert not words
