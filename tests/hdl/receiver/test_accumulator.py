import numpy as np

from hdl.receiver.accumulator import Accumulator, Step
from sim.engines.gateware import Gateware

MOST = 1 << (Accumulator.WIDTH - 1)


def after(total, carry, step, product, word, plus_one, rounding):
    """``(total, carry)`` a cycle later, with Python's integers."""
    kept = carry
    if step == Step.SIXTEENTH:
        kept = total >> 3 & 1
    one = carry | plus_one
    bits = {Step.FIT_16: 16, Step.FIT_SOFT: 22, Step.FIT_32: 32}
    if step in bits:
        low = -1 << (bits[step] - 1)
        total = min(max(total, low), ~low)
    elif step == Step.DOUBLE:
        total *= 2 if -(1 << 39) <= total < 1 << 39 else 1
    else:
        total = {
            Step.KEEP: total,
            Step.ADD_PRODUCT: total + product,
            Step.ADD_WORD: total + word + one,
            Step.ADD_CARRY: total + one,
            Step.LESS_ONE: total - 1,
            Step.ZEROS: 0,
            Step.ONES: -1,
            Step.SIXTEENTH: total >> 4,
        }[step]
    return (total + MOST) % (2 * MOST) - MOST, kept & rounding


def test_every_step_is_that_of_whole_numbers(rng):
    # Some often in a row: what doubles from one product on goes as far as there is.
    steps = np.repeat(rng.choice(list(Step), 4000), rng.integers(1, 13, 4000))
    count = len(steps)
    large = 1 << rng.integers(0, 32, (2, count))
    product, word = rng.integers(-large, large)
    plus_one, rounding = rng.integers(2, size=count), (rng.random(count) < 0.8).astype(int)
    waves = {
        "do": steps,
        "product": product,
        "word": word,
        "plus_one": plus_one,
        "rounding": rounding,
    }
    got = Gateware(Accumulator()).run(waves=waves, cycles=count, probes=["total"])
    total, carry = 0, 0
    expected, seen = [], set()
    for step, *rest in zip(
        steps.tolist(), *(wave.tolist() for wave in [*waves.values()][1:]), strict=True
    ):
        expected.append(total)
        seen.add((step, abs(total) >= 1 << 39, carry))
        total, carry = after(total, carry, step, *rest)
    assert got.probes["total"].tolist() == expected
    # Also with a carry, and where nothing doubles any more.
    assert {(step, False, carry) for step in Step for carry in (0, 1)} | {
        (Step.DOUBLE, True, 0)
    } <= seen
