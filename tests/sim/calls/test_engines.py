"""Which engines run, and that their results are compared."""

import pytest

from golden.errors import CallFailed
from sim.calls.engines import GOLDEN, Engines


@pytest.mark.parametrize(
    ("engines", "ran", "result"),
    [
        (GOLDEN, ["golden"], 1),
        (Engines(gateware=True), ["gateware"], 2),
        (Engines(check=True), ["golden", "gateware"], 1),
        (Engines(gateware=True, check=True), ["golden", "gateware"], 1),
    ],
)
def test_engines(engines, ran, result):
    log, compared = [], []

    def engine(name, value):
        def run(show):
            show(1, 2)
            log.append(name)
            return value

        return run

    found = engines.run(
        "x", engine("golden", 1), engine("gateware", 2), lambda *pair: compared.append(pair)
    )
    assert log == ran and found == result
    assert compared == ([(1, 2)] if engines.check else [])


def test_a_difference_is_raised():
    def differ(*pair):
        raise CallFailed("they differ")

    with pytest.raises(CallFailed, match="they differ"):
        Engines(check=True).run("x", lambda show: 1, lambda show: 2, differ)


def test_phases_have_names():
    names = []

    class Phase:
        def __init__(self, name):
            names.append(name)

        def __enter__(self):
            return lambda done, total: None

        def __exit__(self, *error):
            pass

    Engines(check=True, phase=Phase).run("x", lambda show: 1, lambda show: 1, lambda *pair: None)
    assert names == ["x", "x, gateware"]
