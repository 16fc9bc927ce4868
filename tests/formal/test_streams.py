"""The contract of every stream that a component gives, whatever comes in, however long it waits.

Proved for all time by induction over one cycle from any state at all, or, with ``bound``, for so
many cycles from power-on: there what holds from any state would need to be said of memories too.
That a claim may fail is shown by a claim that does: that no output ever waits.
"""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from hdl.decoder import Decoder
from hdl.encoder import Sequencer
from hdl.generator import SignalSequencer
from hdl.hdlc import Deframer, Framer
from hdl.mapper import Demapper, Mapper
from hdl.modulus import ModulusDecoder, ModulusEncoder
from hdl.scrambler import Descrambler, Scrambler
from hdl.signs import DifferentialDecoder, DifferentialEncoder
from hdl.stream import BitQueues
from hdl.tdm import Gatherer
from hdl.timing import Interpolator
from hdl.training import DilSequencer, TrainingDecoder
from hdl.uart import UartReceiver
from tests.formal.proof import Free, contract, holds, streams_of


@dataclass(frozen=True)
class Case:
    """A component that ``make()`` gives, and how its contract is proved.

    ``reach``: cycles from power-on in which an output can be made to wait, None where finding that
    takes long: then some state is found in which one does. ``bound``: cycles for which the contract
    is proved, None for all time.
    """

    make: Callable
    reach: int | None = None
    bound: int | None = None


QUICK = {
    "scrambler": Case(lambda: Scrambler(2, width=6), 12),
    "differential encoder": Case(lambda: DifferentialEncoder(2), 6),
    "framer": Case(Framer, 6),
    "queues": Case(lambda: BitQueues(2, 8, 6), 16),
    "DIL sequencer": Case(DilSequencer, 20),
}
LONG = {
    "sequencer": Case(lambda: Sequencer(3), 12, 16),
    "descrambler": Case(lambda: Descrambler(2, width=6), 12),
    "mapper": Case(lambda: Mapper(2)),
    "demapper": Case(Demapper, 20, 16),
    "modulus encoder": Case(lambda: ModulusEncoder(2)),
    "modulus decoder": Case(lambda: ModulusDecoder(2)),
    "differential encoder, direct": Case(lambda: DifferentialEncoder(2, direct=True), 6),
    "differential decoder": Case(lambda: DifferentialDecoder(2), 6),
    "decoder": Case(Decoder),
    "deframer": Case(Deframer),
    "gatherer": Case(lambda: Gatherer(3, 1), 10),
    "interpolator": Case(Interpolator),
    "UART receiver": Case(lambda: UartReceiver(4), 44),
    "training decoder": Case(TrainingDecoder),
    "signal sequencer": Case(lambda: SignalSequencer(3), None, 12),
}
CASES = [pytest.param(case, id=name) for name, case in QUICK.items()]
CASES += [pytest.param(case, id=name, marks=pytest.mark.long) for name, case in LONG.items()]


@pytest.mark.parametrize("case", CASES)
def test_outputs_keep_the_contract(case, tmp_path):
    assert any(port.output for port, _ in streams_of(case.make()).values())
    induction = None if case.bound else 1
    assert holds(tmp_path, Free(case.make(), contract), case.bound or 2, induction)


@pytest.mark.parametrize("case", CASES)
def test_outputs_can_wait(case, tmp_path):
    def claims(m, component):
        contract(m, component, lambda was, valid, same: ~(was & valid))

    if case.reach:
        assert not holds(tmp_path, Free(case.make(), claims), case.reach)
    else:
        assert not holds(tmp_path, Free(case.make(), claims), 1, 1)
