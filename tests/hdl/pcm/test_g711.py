import numpy as np
import pytest

from golden.pcm import g711
from golden.pcm.shaper import LINEAR_STEP
from hdl.pcm.g711 import LAW_BITS, Codeword
from sim.engines.compare import ENGINES, compare
from sim.engines.pattern import Pattern


@pytest.mark.parametrize("engine", ENGINES)
def test_every_ucode_sign_and_law(engine):
    assert set(LAW_BITS) == set(g711.LAWS)
    ucode, sign = (np.tile(x.reshape(-1), 2) for x in np.mgrid[0:128, 0:2])
    laws = np.repeat(list(g711.LAWS), 256)
    (result,) = compare(
        Codeword(),
        {},
        {},
        engine=engine,
        probes=["octet", "linear"],
        waves={"ucode": ucode, "sign": sign, "law": [LAW_BITS[law] for law in laws]},
        patterns=[Pattern()],
        cycles=512,
        drain=0,
    )
    assert Codeword.latency == 0 and len(result.probes["octet"]) == 512
    for law in g711.LAWS:
        of = laws == law
        octets = g711.octet(ucode[of], sign[of], law)
        assert np.array_equal(result.probes["octet"][of], octets)
        linear = g711.linear(ucode[of], law)
        assert np.array_equal(LINEAR_STEP * result.probes["linear"][of], linear)
