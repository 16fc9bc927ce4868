"""The signal sequencer's data frames: how many cycles each takes, and what is in them."""

import numpy as np

from golden.signals.generator import ENCODED, Command, Signal
from hdl.signals.generator import SignalSequencer
from sim.calls.parameter_sets import random_parameters
from sim.engines.gateware import Gateware
from tests.hdl.signals.support import PATIENCE, any_descriptor
from tests.hdl.support import (
    host_commands,
)


def test_cycles_of_the_sequencer(rng):
    """The longest data frames of each kind, where nobody waits, and their fields."""
    sequencer = Gateware(SignalSequencer(3))
    p = random_parameters(rng, law="A")
    for kind, command in (
        ("parameters", Command(Signal.B1D, value=p)),
        ("DIL", Command(Signal.DIL, value={**any_descriptor(rng), "H": [9] * 8})),
        ("other", Command(Signal.SD, 9, value=70)),
    ):
        sequencer.power_on()
        words = host_commands([(1, command, "A")])
        sequencer.run({"i_command": words}, {"o": 0}, PATIENCE, reset=False)
        result = sequencer.run({}, {"o": 7}, PATIENCE, reset=False)
        frames = result.outputs["o"]
        begin, *_ = np.flatnonzero(frames["begins"])
        assert (frames["channel"][begin], frames["active"][begin]) == (1, 1)
        assert np.diff(result.given["o"])[begin - 1] == SignalSequencer.cycles[kind], kind
        assert frames["plain"][begin] == (command.signal not in ENCODED)
        if kind == "parameters":
            written = result.outputs["o_configuration"]
            assert len(written) == 57 and (written["half"] == 1).all()
            assert (frames["count"][begin], frames["sr"][begin]) == (p.data_bits, p.sr)
            assert frames["half"][begin] == 1
