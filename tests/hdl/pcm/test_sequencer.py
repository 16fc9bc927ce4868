import numpy as np

from hdl.pcm.csr import COMMIT, FRAME_AT
from hdl.pcm.sequencer import Sequencer
from sim.calls.parameter_sets import random_parameters
from sim.engines.gateware import Gateware
from tests.hdl.support import host_words


def test_sequencer(rng):
    """Halves, commits and underruns, cycle by cycle enough to see what waits for what."""
    sequencer = Gateware(Sequencer(3))
    p = [random_parameters(rng) for _ in range(2)]
    words = host_words([(1, p[0]), (1, p[1])])
    per_set = len(words["data"]) // 2
    answers = {"data": rng.integers(1 << 20, size=50), "underrun": rng.integers(2, size=50)}

    def run(cycles, started=0, **inputs):
        result = sequencer.run(
            inputs,
            cycles=cycles,
            waves={"i_started": [started, 0]},
            partial=True,
            reset=False,
            probes=["underrun", "underrun_channel"],
        )
        taken.append(len(result.taken["i_configuration"]))
        return result.outputs["o"], result.outputs["o_configuration"], result

    taken = []
    sequencer.reset()
    tokens, *_ = run(200)
    assert len(tokens) > 30 and not tokens["active"].any() and not tokens["initialise"].any()
    assert np.array_equal(tokens["channel"], np.arange(len(tokens)) % 3)
    # Without answers from the queue, the first active data frame waits for its bits.
    tokens, written, _ = run(1000, i_configuration=words)
    assert taken[-1] == per_set and not tokens["active"].any()
    assert (written["half"] == 1).all() and (written["channel"] == 1).all()
    assert not (written["address"] == COMMIT).any() and len(written) == per_set - 1
    tokens, written, result = run(
        1000, i_configuration={name: own[per_set:] for name, own in words.items()}, i_bits=answers
    )
    # It has begun, once; the next words wait until it has left the shaper.
    active = tokens["active"].astype(bool)
    assert (tokens["channel"][active] == 1).all() and taken[-1] == 0 and len(written) == 0
    assert np.flatnonzero(tokens["initialise"]).tolist() == np.flatnonzero(active)[:1].tolist()
    mine = tokens[active]
    assert (mine["half"] == 1).all() and (mine["sr"] == p[0].sr).all()
    assert (mine["count"] == p[0].data_bits).all() and len(mine) == 50
    assert np.array_equal(mine["data"], answers["data"])
    events = np.flatnonzero(result.probes["underrun"])
    assert len(events) == answers["underrun"].sum()
    assert (result.probes["underrun_channel"][events] == 1).all()
    tokens, written, _ = run(
        1000, started=1, i_configuration={name: own[per_set:] for name, own in words.items()}
    )
    assert taken[-1] == per_set and (written["half"] == 0).all()
    assert written["data"][written["address"] == FRAME_AT] == host_words([(1, p[1])])["data"][48]
