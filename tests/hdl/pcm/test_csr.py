"""Configuration words, read back by another way than they were made."""

import numpy as np
import pytest

from golden.pcm.parameters import INTERVALS
from hdl.core.channels import channel_shape
from hdl.pcm import csr
from hdl.pcm.csr import configuration_words
from sim.calls.parameter_sets import EXTREMES, random_parameters


def read_back(words):
    """The parameters that words stand for, as Table 14/V.90 and the module's comments say."""
    by_address = dict(words)
    constellations = []
    for interval in range(INTERVALS):
        row = [by_address[csr.MASKS_AT + 8 * interval + uchord] for uchord in range(8)]
        bits = np.unpackbits(np.array(row, "<u2").view(np.uint8), bitorder="little")
        constellations.append(tuple(np.flatnonzero(bits)))
    frame = by_address[csr.FRAME_AT]
    signed = np.array([by_address[csr.POLES_AT], by_address[csr.ZEROS_AT]], "<u2").view(np.int8)
    return {
        "intervals": tuple(constellations),
        "moduli": tuple(by_address[csr.MODULI_AT + interval] for interval in range(INTERVALS)),
        "data_bits": frame & 63,
        "sr": frame >> 6 & 3,
        "ld": frame >> 8 & 3,
        "law": "A" if frame >> 10 else "mu",
    }, signed.tolist()


def check(p):
    words = configuration_words(p)
    assert words[-1][0] == csr.COMMIT and configuration_words(p, commit=False) == words[:-1]
    addresses = [address for address, _ in words]
    assert len(set(addresses)) == len(words) == 48 + 3 + INTERVALS + 1
    assert all(0 <= address < 1 << csr.ADDRESS_BITS for address in addresses)
    assert all(0 <= word < 1 << csr.WORD_BITS for _, word in words)
    fields, (a1, a2, b1, b2) = read_back(words)
    assert fields == {name: getattr(p, name) for name in fields}
    assert sorted((a1, a2)) == sorted((p.a1, p.a2)) and (b1, b2) == (p.b1, p.b2)
    assert abs(a1) >= abs(a2)


def test_words_are_the_parameters(rng):
    for _ in range(300):
        check(random_parameters(rng))


@pytest.mark.parametrize("name", EXTREMES)
def test_words_of_extremes(name):
    check(EXTREMES[name])


def test_the_layout_of_the_frame_word():
    assert {name: (field.offset, field.width) for name, field in csr.FRAME_LAYOUT} == {
        "data_bits": (0, 6),
        "sr": (6, 2),
        "ld": (8, 2),
        "law": (10, 1),
    }


@pytest.mark.parametrize("channels, bits", [(1, 1), (2, 1), (3, 2), (30, 5), (32, 5), (256, 8)])
def test_channel_numbers_fit(channels, bits):
    assert channel_shape(channels).width == bits
    for layout in (csr.word_layout(channels), csr.write_layout(channels)):
        assert layout["channel"].width == bits
    assert [name for name, _ in csr.word_layout()] == ["address", "data"]
