"""Loops: the cables against published figures, chain matrices against lumped circuits."""

import numpy as np
import pytest

from golden.errors import V90Error
from sim.world import loop
from sim.world.loop import CABLES, KFT, CableSection

F = np.array([100.0, 300, 1000, 2000, 3400, 8000])


def decibels(neper):
    return 20 * np.log10(np.e) * neper


# --- Cables --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("gauge", "ohm"), [(26, 40.81), (24, 25.67)])
def test_resistance_is_that_of_the_wire(gauge, ohm):
    # Ohm per 1000 ft of one conductor at 20 degrees in AWG wire tables. The model's pairs have 3.7
    # and 6.9 % more: twisted wires are longer than their cable, and drawn to 0.4 and 0.5 mm.
    table = 2 * ohm / KFT
    r = CABLES[gauge].series(np.array([1.0])).real[0]
    assert table < r < 1.075 * table


@pytest.mark.parametrize(("gauge", "loss"), [(26, 2.2), (24, 1.79)])
def test_attenuation_at_1600_Hz(gauge, loss):
    # dB per km of BT's 0.4 and 0.5 mm copper at 1600 Hz (johnhearfield.com, Telephone cable
    # modelling; BT SIN 351 rounds the second to 1.7). Its resistances, 275 and 168 ohm per km, are
    # 4 % below the model's, so its losses are 2 % below.
    found = decibels(CABLES[gauge].secondary(np.array([1600.0]))[0].real[0])
    assert found == pytest.approx(loss, rel=0.05)


def test_15_kft_of_26_gauge_are_8_dB():
    # The planner's rule for 1 kHz (telephone.bouwman.com, Design Notes); it has one digit.
    f = np.array([1000.0])
    assert loop.insertion_loss((CableSection(26, 15000),), 600, 600, f) == pytest.approx(8, abs=0.5)


def test_image_loss_is_attenuation_times_length():
    # Between its own characteristic impedances a cable does nothing but attenuate and delay.
    for gauge, cable in CABLES.items():
        constant, z = cable.secondary(F)
        through = loop.transfer((CableSection(gauge, 18000),), z, z, F)
        assert through == pytest.approx(np.exp(-constant * 18 * KFT), rel=1e-12)


# --- Chains --------------------------------------------------------------------------------------


def ladder(sections, source, load, f, pieces=1000):
    """The transfer by lumps: currents and voltages from the load back to the generator."""
    v, i = np.ones(1, complex), 1 / load
    for section in reversed(sections):
        cable = CABLES[section.gauge]
        length = section.feet / 1000 * KFT / pieces
        z, y = cable.series(f) * length, cable.shunt(f) * length
        if section.tap:
            w, j = np.ones(1, complex), np.zeros(1, complex)
            for _ in range(pieces):
                w = w + j * z / 2
                j = j + w * y
                w = w + j * z / 2
            i = i + v * j / w
            continue
        for _ in range(pieces):
            v = v + i * z / 2
            i = i + v * y
            v = v + i * z / 2
    return 2 / (v + i * source)


@pytest.mark.parametrize("end", loop.TERMINATIONS)
@pytest.mark.parametrize(
    "sections",
    [
        (CableSection(26, 18000),),
        (CableSection(26, 9000), CableSection(24, 6000)),
        (CableSection(26, 3000), CableSection(24, 6000, tap=True), CableSection(24, 9000)),
        (
            CableSection(24, 6000, tap=True),
            CableSection(26, 9000),
            CableSection(26, 1500, tap=True),
        ),
    ],
)
def test_chains_equal_lumped_circuits(sections, end):
    # 1000 lumps of a section whose propagation constant times length is below 5: the T's error is
    # its cube over 12 and the lumps squared, 1e-5.
    source, load = loop.termination(end, F), loop.termination("600", F)
    found = loop.transfer(sections, source, load, F)
    for index, f in enumerate(F):
        at = np.array([f])
        by_lumps = ladder(sections, source[index], load[index : index + 1], at)
        assert found[index] == pytest.approx(by_lumps[0], rel=1e-5)


def test_chains_are_reciprocal():
    sections = (CableSection(26, 5000), CableSection(24, 4000, tap=True), CableSection(24, 9000))
    a, b, c, d = loop.chain(sections, F)
    assert a * d - b * c == pytest.approx(np.ones(len(F)), abs=1e-9)
    back = loop.transfer(sections[::-1], 600, 900, F) / 900
    assert loop.transfer(sections, 900, 600, F) / 600 == pytest.approx(back, rel=1e-9)


def test_two_halves_are_one_loop():
    halves = (CableSection(26, 6000), CableSection(26, 6000))
    whole = loop.chain((CableSection(26, 12000),), F)
    assert np.array(loop.chain(halves, F)) == pytest.approx(np.array(whole), rel=1e-9)


def test_order_matters_where_it_should():
    tap = CableSection(26, 6000, tap=True)
    near, far = (tap, CableSection(26, 9000)), (CableSection(26, 9000), tap)
    loss = [loop.insertion_loss(s, 900, 100, F) for s in (near, far)]
    assert (loss[0] - loss[1] > 1)[F > 1000].all()


def test_no_loop_and_matched_ends_are_nothing():
    z = loop.termination("900+2.16uF", F)
    assert loop.transfer((), z, z, F) == pytest.approx(np.ones(len(F)))
    assert loop.insertion_loss((), z, 600, F) == pytest.approx(np.zeros(len(F)), abs=1e-12)


def test_900_ohm_and_2_16_uF():
    # The corner of that much capacitance with 900 ohm is 81.9 Hz: there both parts are equal.
    z = loop.termination("900+2.16uF", np.array([1 / (2 * np.pi * 900 * 2.16e-6)]))
    assert z[0] == pytest.approx(900 - 900j)
    assert loop.termination("600", F) == pytest.approx(np.full(len(F), 600))


def test_input_impedance_of_a_long_cable_is_its_own():
    # 4 times 18 kft at 3.4 kHz: what comes back from the far end is below -140 dB.
    f = np.array([3400.0])
    found = loop.input_impedance((CableSection(26, 18000),) * 4, 600, f)
    assert found == pytest.approx(CABLES[26].secondary(f)[1], rel=1e-6)
    assert loop.input_impedance((), 900, f) == pytest.approx([900])
    # Seen from the client, the last section is the nearest one.
    mixed = (CableSection(26, 18000),) * 4 + (CableSection(24, 18000),) * 4
    assert loop.input_impedance(mixed, 600, f) == pytest.approx(
        CABLES[24].secondary(f)[1], rel=1e-5
    )


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((22, 100), "no cable of 22 AWG: there are 24 and 26"),
        ((26, 0), "more than 0 and at most 18000 feet"),
        ((26, 18001), "more than 0 and at most 18000 feet"),
        ((26, "100"), "a number of feet"),
        ((26, True), "a number of feet"),
        ((26, float("nan")), "more than 0"),
        ((26, 100, "yes"), "tap is true or false"),
    ],
)
def test_bad_sections(arguments, sentence):
    with pytest.raises(V90Error, match=sentence):
        CableSection(*arguments)
