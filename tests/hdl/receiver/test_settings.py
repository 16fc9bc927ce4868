"""Changes that words of a receiver's host make; test_control.py shows that they are used."""

import numpy as np

from hdl.receiver.settings import Settings
from hdl.receiver.slicer import LEVEL_WORD
from hdl.receiver.words import (
    AFTER_ED_AT,
    ARM_AT,
    GUESS,
    IGNORE_SD_AT,
    KNOW_AT,
    LOSS_AT,
    POWER_AT,
    REFERENCES_AT,
    SINGLE,
    START_AT,
    SWITCH_AT,
    TRAINING_AT,
    TRAINING_LOSS_AT,
    TRAINING_POWER_AT,
    TURN_AT,
    Wait,
)
from sim.engines.gateware import Gateware

#: Addresses of words that are not of levels, and some that nothing has.
ADDRESSES = [
    TRAINING_AT,
    TRAINING_POWER_AT,
    TRAINING_LOSS_AT,
    POWER_AT,
    LOSS_AT,
    START_AT,
    TURN_AT,
    SWITCH_AT,
    ARM_AT,
    AFTER_ED_AT,
    IGNORE_SD_AT,
    KNOW_AT,
    REFERENCES_AT + 3,
    REFERENCES_AT + 10,
    1052,
    1100,
]

#: Ports that are compared in every cycle.
PROBES = [
    "training_value",
    "training_ucode",
    "training_power",
    "waiting__power_bits",
    "waiting__single",
    "waiting__guess",
    "waiting__wait",
    "bank",
    "deaf",
    "know",
    "said",
    "turn",
    "symbols",
]


class Plain:
    """The words written, cycle by cycle."""

    def __init__(self):
        self.now = dict.fromkeys(PROBES, 0)
        self.losses, self.start, self.references = [0] * 4, 0, [0] * 16
        self._again = False

    def cycle(self, word, put, forget):
        """Go on by a cycle with a word that is taken or None; returns what is seen in it."""
        address, value = word or (2047, 0)
        level, now = address < TRAINING_AT, self.now
        told = level or address in (POWER_AT, LOSS_AT, START_AT, SWITCH_AT, ARM_AT, AFTER_ED_AT)
        seen = {**now, "said": told, "turn": address == TURN_AT, "symbols": value & 7}
        if put:
            now["waiting__wait"], now["bank"] = Wait.NOTHING, 1 - now["bank"]
        if forget:
            # Levels of START_AT wait again: where they are in use already, in that table.
            now["bank"] ^= self._again and now["waiting__wait"] == Wait.NOTHING and not level
            now["waiting__wait"], now["know"] = Wait.FRAME if self._again else Wait.NOTHING, 0
        if told:
            self._again = address == START_AT
            now["waiting__wait"] = {
                START_AT: Wait.FRAME,
                SWITCH_AT: Wait.FRAME,
                AFTER_ED_AT: Wait.ED,
                ARM_AT: Wait.R_BAR if value & 1 else Wait.NOTHING,
            }.get(address, Wait.NOTHING)
        if address == TRAINING_AT:
            now["training_value"], now["training_ucode"] = value & 0x7FFF, value >> 16 & 127
        elif address == TRAINING_POWER_AT:
            now["training_power"] = value & 31
        elif address == POWER_AT:
            now["waiting__power_bits"], now["waiting__single"] = value & 31, value >> SINGLE & 1
            now["waiting__guess"] = value >> GUESS & 1
        elif address == TRAINING_LOSS_AT:
            self.losses[2] = value
        elif address == LOSS_AT:
            self.losses[1 - seen["bank"]] = value
        elif address in (START_AT, SWITCH_AT):
            self.start = value & 0xFFFFFF
        elif address == IGNORE_SD_AT:
            now["deaf"] = value & 1
        elif address == KNOW_AT:
            now["know"] = value & 1
        elif REFERENCES_AT <= address < REFERENCES_AT + 16:
            self.references[address - REFERENCES_AT] = value & 0x7FFF
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
    result = Gateware(Settings(LEVEL_WORD)).run(
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
    own = address < TRAINING_AT
    assert len(levels) == own.sum() > 500
    assert np.array_equal(levels["value"], value[own] & 0x7FFF)
    assert np.array_equal(levels["ucode"], value[own] >> 16 & 127)
    assert np.array_equal(levels["kind"], address[own] >> 10)


def test_what_is_in_memories(rng):
    """Losses by table and TRN1d's, the data frame, references; each a cycle after it is asked."""
    gateware, model = Gateware(Settings(LEVEL_WORD)), Plain()
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
        assert gateware.get("waiting__start") == model.start
        assert gateware.get("reference") == model.references[place]
