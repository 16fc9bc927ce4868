"""What a receiver's host tells it: addresses, words, and the calls that they stand for.

Levels are in a table, or two where receivers go through start-ups: one in use, the other waits, and
words of levels go to that. The calls are those of :class:`golden.receiver.receiver.Receiver`.
"""

from enum import IntEnum

from amaranth.hdl import signed, unsigned
from amaranth.lib import data

from golden.formats import ERROR, SOFT, TRAINING_LEVEL
from golden.pcm.parameters import INTERVALS
from golden.receiver.leastsquares import MOST_OFF
from golden.receiver.timetable import Kind

#: Bits of a data frame's number, which counts from TRN1d's first and ends after 35 minutes.
NUMBER = unsigned(24)

DECISION = data.StructLayout(
    {
        "fine": signed(SOFT.width),
        "error": signed(ERROR.width),
        "ucode": 7,
        "sign": 1,
        "interval": 3,
        "good": 1,
        "number": NUMBER,
    }
)

#: Addresses of the configuration stream. Up to ENTRIES + 1023 an address is 128 times an interval
#: plus the number of a level: PCM value in bits 0..14, Ucode in 16..22, and in 23..31 what the
#: level is above TRN1d's in 4096ths of that (:func:`share_above`). COUNTS and
#: on: how many levels an interval has, less one. Words of levels, POWER and LOSS included, are for
#: the table that waits, and from the first of them on it waits for nothing until it is told for
#: what.
ENTRIES, COUNTS = 0, 1024
#: TRN1d's level: PCM value in bits 0..14, Ucode in 16..22; power_bits of ``golden.Levels``; loss.
TRAINING, TRAINING_POWER, TRAINING_LOSS = 1040, 1041, 1042
#: The same of the levels to come; in bit 8 of the power whether they are ``single``, in bit 9
#: whether they are a ``guess``.
POWER, LOSS = 1043, 1044
#: The levels wait for the data frame of this number, or the next one; after each detection of Sd
#: again, until there are words of others.
START = 1045
#: Symbols, 1 to 5, by which the next data frame's first is later in its data frame.
TURN = 1046
#: The levels wait: for the data frame of this number or the next one; for the one behind the next
#: R-bar where bit 0 is 1, and for nothing where it is 0; for the one behind Ed.
SWITCH, ARM, AFTER_ED = 1047, 1048, 1049
#: Bit 0: pass over detections of Sd. Bit 0: in DIL, reference symbols are known, from REFERENCES
#: on: PCM values at twice the interval, and one more in data frames with odd numbers. With Sd they
#: are no more.
IGNORE_SD, KNOW, REFERENCES = 1050, 1051, 1056

WORD = data.StructLayout({"address": 11, "data": 32})
EVENT = data.StructLayout({"kind": Kind, "number": NUMBER})

#: Bits of the word at POWER.
SINGLE, GUESS = 8, 9


class Wait(IntEnum):
    """What the table that waits does wait for."""

    NOTHING = 0
    FRAME = 1
    R_BAR = 2
    ED = 3


def share_above(value, level):
    """How far a PCM value is above TRN1d's ``level``, in TRAINING_LEVEL-ths of that, to nearest.

    MOST_OFF at most, above and below.
    """
    share = (2 * TRAINING_LEVEL * (value - level) + level) // (2 * level)
    return max(-MOST_OFF, min(MOST_OFF, share))


def level_words(levels, training):
    """Words ``(address, data)`` of :class:`golden.receiver.slicer.Levels` for the table that waits.

    ``training``: TRN1d's levels.
    """
    level = int(training.values[0][0])
    words = [
        (POWER, levels.power_bits | levels.single << SINGLE | levels.guess << GUESS),
        (LOSS, levels.loss),
    ]
    for interval, (values, ucodes) in enumerate(zip(levels.values, levels.ucodes, strict=True)):
        words.append((COUNTS + interval, len(values) - 1))
        above = [share_above(int(value), level) & 0x1FF for value in values]
        words += [
            (ENTRIES + 128 * interval + index, int(value) | int(ucode) << 16 | int(share) << 23)
            for index, (value, ucode, share) in enumerate(zip(values, ucodes, above, strict=True))
        ]
    return words


def configuration_words(training, levels=None, start=0):
    """Words ``(address, data)`` for the levels of TRN1d and of the data.

    Both are :class:`golden.receiver.slicer.Levels`.
    """
    words = [
        (TRAINING, int(training.values[0][0]) | int(training.ucodes[0][0]) << 16),
        (TRAINING_POWER, training.power_bits),
        (TRAINING_LOSS, training.loss),
    ]
    if levels is not None:
        words += [*level_words(levels, training), (START, start)]
    return words


def command_words(training, name, *arguments):
    """Words of a call ``name`` of a golden ``Receiver``: a method and its arguments.

    ``training``: TRN1d's levels. For ``know`` the descriptor is not among the words; for ``follow``
    there are none, as data frames are not decoded by a receiver.
    """
    if name == "switch":
        levels, frame = arguments
        return [*level_words(levels, training), (SWITCH, frame)]
    if name in ("arm", "after_ed"):
        (levels,) = arguments
        if levels is None:
            return [(ARM, 0)]
        return [*level_words(levels, training), (ARM, 1) if name == "arm" else (AFTER_ED, 0)]
    if name == "ignore_sd":
        return [(IGNORE_SD, int(*arguments))]
    if name == "turn":
        return [(TURN, arguments[0] % INTERVALS)]
    if name == "know":
        descriptor, references = arguments[:2]
        if descriptor is None:
            return [(KNOW, 0)]
        words = [
            (REFERENCES + 2 * interval + odd, int(references[interval][odd]))
            for interval in range(INTERVALS)
            for odd in range(2)
        ]
        return [*words, (KNOW, 1)]
    if name == "follow":
        return []
    raise ValueError(f"{name!r} is no call of a receiver")
