"""What words of a receiver's host change, and when; that they are used, test_control.py has."""

import numpy as np

from hdl.receiver.settings import Settings
from hdl.receiver.slicer import LEVEL
from hdl.receiver.words import (
    AFTER_ED,
    ARM,
    GUESS,
    IGNORE_SD,
    KNOW,
    LOSS,
    POWER,
    REFERENCES,
    SINGLE,
    START,
    SWITCH,
    TRAINING,
    TRAINING_LOSS,
    TRAINING_POWER,
    TURN,
    Wait,
)
from sim.engines.gateware import Gateware

#: Addresses of words that are not of levels, and some that nothing has.
ADDRESSES = [
    TRAINING,
    TRAINING_POWER,
    TRAINING_LOSS,
    POWER,
    LOSS,
    START,
    TURN,
    SWITCH,
    ARM,
    AFTER_ED,
    IGNORE_SD,
    KNOW,
    REFERENCES + 3,
    REFERENCES + 10,
    1052,
    1100,
]

#: What is looked at in every cycle.
PROBES = [
    "value",
    "ucode",
    "training_power",
    "power",
    "single",
    "guess",
    "wait",
    "bank",
    "deaf",
    "know",
    "said",
    "turn",
    "symbols",
]


class Plain:
    """What was written, cycle by cycle."""

    def __init__(self):
        self.now = dict.fromkeys(PROBES, 0)
        self.losses, self.start, self.references = [0] * 4, 0, [0] * 16
        self._again = False

    def cycle(self, word, put, forget):
        """Go on by a cycle with a word that is taken or None; returns what is seen in it."""
        address, value = word or (2047, 0)
        level, now = address < TRAINING, self.now
        told = level or address in (POWER, LOSS, START, SWITCH, ARM, AFTER_ED)
        seen = {**now, "said": told, "turn": address == TURN, "symbols": value & 7}
        if put:
            now["wait"], now["bank"] = Wait.NOTHING, 1 - now["bank"]
        if forget:
            # Levels of START wait again: where they are in use already, in that table.
            now["bank"] ^= self._again and now["wait"] == Wait.NOTHING and not level
            now["wait"], now["know"] = Wait.FRAME if self._again else Wait.NOTHING, 0
        if told:
            self._again = address == START
            now["wait"] = {
                START: Wait.FRAME,
                SWITCH: Wait.FRAME,
                AFTER_ED: Wait.ED,
                ARM: Wait.R_BAR if value & 1 else Wait.NOTHING,
            }.get(address, Wait.NOTHING)
        if address == TRAINING:
            now["value"], now["ucode"] = value & 0x7FFF, value >> 16 & 127
        elif address == TRAINING_POWER:
            now["training_power"] = value & 31
        elif address == POWER:
            now["power"], now["single"] = value & 31, value >> SINGLE & 1
            now["guess"] = value >> GUESS & 1
        elif address == TRAINING_LOSS:
            self.losses[2] = value
        elif address == LOSS:
            self.losses[1 - seen["bank"]] = value
        elif address in (START, SWITCH):
            self.start = value & 0xFFFFFF
        elif address == IGNORE_SD:
            now["deaf"] = value & 1
        elif address == KNOW:
            now["know"] = value & 1
        elif REFERENCES <= address < REFERENCES + 16:
            self.references[address - REFERENCES] = value & 0x7FFF
        return seen


def test_what_words_change(rng):
    """Any words, those of levels too, in any order, with levels put to use and Sd between."""
    count = 3000
    address = rng.choice([*ADDRESSES, *rng.integers(0, 1030, 8)], count)
    value = rng.integers(1 << 32, size=count)
    pulse = rng.integers(12, size=4 * count)
    put, forget = (pulse == 0).astype(int), (pulse == 1).astype(int)
    words = np.zeros(count, [("address", "<i8"), ("data", "<i8")])
    words["address"], words["data"] = address, value
    result = Gateware(Settings(LEVEL)).run(
        {"i": words},
        waves={"put": put, "forget": forget},
        probes=PROBES,
        idle=0.4,
        seed=5,
    )
    model, taken = (
        Plain(),
        dict(zip(result.taken["i"].tolist(), zip(address, value, strict=True), strict=True)),
    )
    expected = []
    for cycle in range(result.cycles):
        word = taken.get(cycle)
        assert word is None or not put[cycle]
        word = word and tuple(map(int, word))
        expected.append(model.cycle(word, put[cycle], forget[cycle]))
    for name in PROBES:
        got = result.probes[name]
        wanted = np.array([int(row[name]) for row in expected])
        # Symbols are those of a word that there is.
        mine = np.isin(np.arange(result.cycles), result.taken["i"]) | (name != "symbols")
        assert np.array_equal(got[mine], wanted[mine]), name
    levels = result.outputs["o"]
    own = address < TRAINING
    assert len(levels) == own.sum() > 500
    assert np.array_equal(levels["value"], value[own] & 0x7FFF)
    assert np.array_equal(levels["ucode"], value[own] >> 16 & 127)
    assert np.array_equal(levels["kind"], address[own] >> 10)


def test_what_is_in_memories(rng):
    """Losses by table and TRN1d's, the data frame, references; each a cycle after it is asked."""
    gateware, model = Gateware(Settings(LEVEL)), Plain()
    for _ in range(60):
        pair = int(rng.choice(ADDRESSES)), int(rng.integers(1 << 32))
        place = int(rng.integers(16))
        put, training = int(rng.integers(2)), int(rng.integers(2))
        word = np.array([pair], [("address", "<i8"), ("data", "<i8")])
        gateware.run({"i": word}, waves={"put": 0}, drain=2, reset=False)
        gateware.run(
            waves={"put": np.array([put, 0]), "training": training, "place": place},
            cycles=3,
            reset=False,
        )
        model.cycle(pair, 0, 0)
        model.cycle(None, put, 0)
        assert gateware.get("bank") == model.now["bank"]
        assert gateware.get("loss") == model.losses[2 if training else model.now["bank"]]
        assert gateware.get("start") == model.start
        assert gateware.get("reference") == model.references[place]
