"""The description of a call: what follows from its fields, and what cannot be."""

from dataclasses import replace

import pytest

from golden.errors import V90Error
from sim.calls import design
from sim.calls.description import GIVEN_TRN1D, START_UP_TRN1D, Call
from sim.world.conditions import Conditions
from sim.world.network import NetworkParameters
from tests.sim.calls.support import designed


def test_a_start_up():
    call = Call("mu", network=NetworkParameters(law="A", pad=3.0))
    assert not call.given and call.trn1d == START_UP_TRN1D
    assert call.network == NetworkParameters(law="mu", pad=3.0)


def test_given_parameters():
    call = Call("A", parameters=designed(NetworkParameters(law="mu")))
    assert call.given and call.trn1d == GIVEN_TRN1D
    assert call.law == call.network.law == "mu"
    assert replace(call, trn1d=2664).trn1d == 2664


@pytest.mark.parametrize("given", [False, True])
def test_the_line_has_the_level_of_its_kind(given):
    call = Call(parameters=designed(NetworkParameters()) if given else None)
    c = call.line_of().conditions
    level = design.GIVEN_LEVEL if given else design.START_UP_LEVEL
    plain = design.line_at("codec", call.network, call.conditions, 79, level)
    assert c == plain.conditions and c.bits == 16 and c.snr == 45


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"line": "x"}, "no line is called x"),
        ({"u_info": 112}, "U_INFO is 1 to 111, not 112"),
        ({"u_info": 0}, "U_INFO is 1 to 111, not 0"),
        ({"trn1d": 2034}, "TRN1d is 2040 to 32760 symbols"),
        ({"trn1d": 2041}, "TRN1d is 2040 to 32760 symbols, whole data frames"),
        ({"conditions": Conditions(seed=-1)}, "the seed is a whole number from 0"),
    ],
)
def test_start_ups_that_cannot_be(options, sentence):
    with pytest.raises(V90Error, match=sentence):
        Call(**options)
