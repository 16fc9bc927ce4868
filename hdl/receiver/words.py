"""A receiver's host words: their addresses, what they mean, and the calls that they stand for.

Levels are in a table. Where receivers go through start-ups there are two: one is in use, the other
waits, and words of levels are for the one that waits. The calls are those of
:class:`golden.receiver.receiver.Receiver`.
"""

from enum import IntEnum

from amaranth.hdl import signed, unsigned
from amaranth.lib import data

from golden.formats import ERROR, SOFT, TRAINING_LEVEL
from golden.pcm.parameters import INTERVALS
from golden.receiver.leastsquares import MOST_OFF
from golden.receiver.timetable import Kind

#: A data frame's number: 0 is TRN1d's first; it ends after 35 minutes.
DATA_FRAME_NUMBER = unsigned(24)

#: A decision: soft value and error, fine; Ucode; sign, 1 positive; data frame interval; whether
#: there is synchronism; the data frame's number.
DECISION = data.StructLayout(
    {
        "fine": signed(SOFT.width),
        "error": signed(ERROR.width),
        "ucode": 7,
        "sign": 1,
        "interval": 3,
        "good": 1,
        "number": DATA_FRAME_NUMBER,
    }
)

#: A level of the table that waits, at 128 times its interval plus its number there: PCM value in
#: bits 0..14, Ucode in 16..22, and in 23..31 how far it is above TRN1d's level, in 4096ths of that
#: (:func:`share_above`). This word, and those at COUNTS, POWER and LOSS, end
#: what the table waits for, until a word says it anew.
ENTRIES_AT = 0
#: How many levels an interval has, less one, at the interval's number from here on.
COUNTS_AT = 1024
#: TRN1d's level: PCM value in bits 0..14, Ucode in 16..22.
TRAINING_AT = 1040
#: ``power_bits`` of TRN1d's ``golden.receiver.slicer.Levels``.
TRAINING_POWER_AT = 1041
#: ``loss`` of TRN1d's ``golden.receiver.slicer.Levels``.
TRAINING_LOSS_AT = 1042
#: ``power_bits`` of the levels that wait; whether they are ``single`` in bit 8, and whether they
#: are a ``guess`` in bit 9.
POWER_AT = 1043
#: ``loss`` of the levels that wait.
LOSS_AT = 1044
#: The levels wait for the data frame of this number, or the next one. After each detection of Sd
#: they wait again, until other levels come.
START_AT = 1045
#: Symbols, 1 to 5, by which the next data frame's first symbol is later in its data frame.
TURN_AT = 1046
#: The levels wait for the data frame of this number, or the next one.
SWITCH_AT = 1047
#: Bit 0 is 1: the levels wait for the data frame after the next R-bar. Bit 0 is 0: for nothing.
ARM_AT = 1048
#: The levels wait for the data frame after Ed.
AFTER_ED_AT = 1049
#: Bit 0: ignore detections of Sd.
IGNORE_SD_AT = 1050
#: Bit 0: in DIL, reference symbols are known. A detection of Sd sets it to 0.
KNOW_AT = 1051
#: PCM values of reference symbols: at twice the interval from here on that of data frames with even
#: numbers, at the next address that of data frames with odd numbers.
REFERENCES_AT = 1056

#: A word of the configuration stream.
WORD = data.StructLayout({"address": 11, "data": 32})

#: An event, and the data frame that it belongs to.
EVENT = data.StructLayout({"kind": Kind, "number": DATA_FRAME_NUMBER})

#: Bits of the word at POWER_AT.
SINGLE, GUESS = 8, 9


class Wait(IntEnum):
    """The event for which the levels in the waiting table wait."""

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
    """Words ``(address, data)`` of :class:`golden.receiver.slicer.Levels` for the waiting table.

    ``training``: TRN1d's levels.
    """
    level = int(training.values[0][0])
    words = [
        (POWER_AT, levels.power_bits | levels.single << SINGLE | levels.guess << GUESS),
        (LOSS_AT, levels.loss),
    ]
    for interval, (values, ucodes) in enumerate(zip(levels.values, levels.ucodes, strict=True)):
        words.append((COUNTS_AT + interval, len(values) - 1))
        above = [share_above(int(value), level) & 0x1FF for value in values]
        words += [
            (ENTRIES_AT + 128 * interval + index, int(value) | int(ucode) << 16 | int(share) << 23)
            for index, (value, ucode, share) in enumerate(zip(values, ucodes, above, strict=True))
        ]
    return words


def configuration_words(training, levels=None, start=0):
    """Words ``(address, data)`` for the levels of TRN1d and of the data.

    Both are :class:`golden.receiver.slicer.Levels`.
    """
    words = [
        (TRAINING_AT, int(training.values[0][0]) | int(training.ucodes[0][0]) << 16),
        (TRAINING_POWER_AT, training.power_bits),
        (TRAINING_LOSS_AT, training.loss),
    ]
    if levels is not None:
        words += [*level_words(levels, training), (START_AT, start)]
    return words


def command_words(training, name, *arguments):
    """Words of a call ``name`` of a golden ``Receiver``: a method and its arguments.

    ``training``: TRN1d's levels. For ``know`` the descriptor is not among the words; for ``follow``
    there are none, as data frames are not decoded by a receiver.
    """
    if name == "switch":
        levels, frame = arguments
        return [*level_words(levels, training), (SWITCH_AT, frame)]
    if name in ("arm", "after_ed"):
        (levels,) = arguments
        if levels is None:
            return [(ARM_AT, 0)]
        return [*level_words(levels, training), (ARM_AT, 1) if name == "arm" else (AFTER_ED_AT, 0)]
    if name == "ignore_sd":
        return [(IGNORE_SD_AT, int(*arguments))]
    if name == "turn":
        return [(TURN_AT, arguments[0] % INTERVALS)]
    if name == "know":
        descriptor, references = arguments[:2]
        if descriptor is None:
            return [(KNOW_AT, 0)]
        words = [
            (REFERENCES_AT + 2 * interval + odd, int(references[interval][odd]))
            for interval in range(INTERVALS)
            for odd in range(2)
        ]
        return [*words, (KNOW_AT, 1)]
    if name == "follow":
        return []
    raise ValueError(f"{name!r} is no call of a receiver")
