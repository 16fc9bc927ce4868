"""The register map against the functions that make words, and the page that is made of it."""

import re

import pytest

from golden.pcm.parameters import MappingParameters
from hdl.modem.analogue_receiver import follow_words
from hdl.pcm.csr import configuration_words
from sim.export import registers
from tests.support import EXAMPLES, ROOT

PARAMETERS, FOLLOWED, RECEIVER, COMMANDS, DESCRIPTOR = registers.MAPS


def addresses(one):
    return {
        name: at
        for names, ats, _ in registers.rows(one)
        for name, at in zip(names, ats, strict=True)
    }


def test_mapping_parameters_are_where_the_map_says():
    p = MappingParameters.from_json((EXAMPLES / "45333.json").read_text())
    words, at = dict(configuration_words(p)), addresses(PARAMETERS)
    assert list(at) == ["MASKS", "FRAME", "POLES", "ZEROS", "MODULI", "COMMIT"]
    # Every word lies where one of the map's names begins, or after it.
    known = {at["FRAME"], at["POLES"], at["ZEROS"], at["COMMIT"]}
    known |= {at["MASKS"] + n for n in range(48)} | {at["MODULI"] + n for n in range(6)}
    assert set(words) == known
    (layout,) = registers.layouts(PARAMETERS)
    fields = {
        title: words[at["FRAME"]] >> low & (1 << width) - 1 for low, width, title in layout[1]
    }
    assert fields == {"data_bits": p.data_bits, "sr": p.sr, "ld": p.ld, "law": 1}
    assert [words[at["MODULI"] + n] for n in range(6)] == list(p.moduli)
    framing = set(dict(follow_words(p))) - set(words)
    assert framing == set(addresses(FOLLOWED).values())


def test_every_map_is_of_a_stream_of_an_exported_block():
    for one in registers.MAPS:
        assert registers.takers(one), one.title
    named = {name for name, _ in registers.takers(PARAMETERS)}
    assert set(registers.PARTS) <= named and "encoder" in named
    assert registers.takers(COMMANDS) == [("generator", "i_command"), ("signal-bank", "i_command")]
    assert registers.takers(DESCRIPTOR) == [("analogue-receiver", "i_descriptor")]


@pytest.mark.parametrize("one", registers.MAPS, ids=lambda one: one.module)
def test_a_map_has_rows_and_no_address_twice(one):
    found = [address for _, ats, _ in registers.rows(one) for address in ats]
    assert found and len(set(found)) == len(found)
    assert all(comment for _, _, comment in registers.rows(one))


def test_the_page_of_docs_is_the_one_of_the_code():
    page = registers.page()
    assert (ROOT / "docs" / "registers.md").read_text() == page, "run: make docs"
    assert len(re.findall("^## ", page, re.MULTILINE)) == len(registers.MAPS)
