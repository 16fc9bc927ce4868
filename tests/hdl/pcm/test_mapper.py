import numpy as np
import pytest
from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import connect, flipped

from golden.pcm import g711
from golden.pcm import mapper as golden
from golden.pcm.decoder import Decoder as GoldenDecoder
from golden.pcm.encoder import Encoder
from golden.pcm.parameters import INTERVALS
from hdl.pcm.csr import COMMIT, FRAME_AT, MASKS_AT
from hdl.pcm.decoder import Decoder
from hdl.pcm.mapper import Demapper, Mapper
from sim.engines.compare import ENGINES, compare
from sim.engines.gateware import Gateware
from tests.hdl.support import (
    ENGINES_AND_CHANNELS,
    FULL_SPEED,
    Configured,
    any_parameters,
    columns,
    compare_resetting,
    host_words,
    scaled,
    some_rows,
    write_words,
)


def workload(rng, channels, count, rows, addresses):
    sets = {row: any_parameters(rng) for row in some_rows(rng, channels, rows)}
    sent, expected = [], []
    for _ in range(count):
        channel, half = row = list(sets)[rng.integers(len(sets))]
        p = sets[row]
        head = {"channel": channel, "half": half, "tag": int(rng.integers(2))}
        moduli = np.array(p.moduli)
        labels = [0 * moduli, moduli - 1, rng.integers(moduli)][rng.integers(3)]
        if rng.random() < 0.2:
            # Labels that the constellations may lack; golden has zeros there, too.
            labels = rng.integers(128, size=INTERVALS)
        sent.append({**head, "labels": labels})
        expected.append({**head, "ucodes": golden.Mapper(p.intervals).process(labels)})
    words = columns(write_words(rng, sets, addresses))
    return {"i_configuration": words, "i": columns(sent)}, {"o": columns(expected)}


@pytest.mark.parametrize("engine, channels", ENGINES_AND_CHANNELS)
def test_equal_to_golden(engine, channels, rng):
    all_words = engine == "cxxrtl"  # others', too, which must not disturb
    sent, expected = workload(
        rng,
        channels,
        scaled(engine, 1000, 10),
        100 if all_words else 3,
        range(COMMIT if all_words else FRAME_AT),
    )
    words = len(sent["i_configuration"]["data"])
    full = compare_resetting(
        Configured(Mapper(channels)),
        sent,
        expected,
        (words + 20, words + 150),
        engine=engine,
        waves={"words": words},
    )
    assert (full.given["o"] - full.taken["i"] <= Mapper.latency).all()


def masks(ucodes):
    """Words of a constellation that all intervals have."""
    mask = sum(1 << ucode for ucode in ucodes)
    return [
        {
            "channel": 0,
            "half": 0,
            "address": MASKS_AT + word,
            "data": mask >> word % 8 * 16 & 0xFFFF,
        }
        for word in range(FRAME_AT)
    ]


def test_every_label_of_every_size():
    """All 128 sizes of constellations of the smallest and of the largest Ucodes."""
    gateware = Gateware(Mapper())
    for size in range(1, 129):
        for ucodes in (range(size), range(128 - size, 128)):
            labels = np.arange(size - size % INTERVALS + INTERVALS).reshape(-1, INTERVALS) % size
            zeros = np.zeros(len(labels), int)
            tokens = {"channel": zeros, "half": zeros, "tag": zeros, "labels": labels}
            gateware.run({"i_configuration": columns(masks(ucodes))})
            got = gateware.run({"i": tokens}, {"o": len(labels)}, reset=False).outputs["o"]
            table = golden.Mapper([ucodes] * INTERVALS)
            assert np.array_equal(got["ucodes"], table.process(labels)), ucodes


@pytest.mark.parametrize("ucode", [0, 1, 15, 16, 127])
def test_latency_depends_on_where_the_ucode_is(ucode):
    # A cycle less for each Uchord below its own, and for each Ucode below it in its Uchord.
    zeros = np.zeros(5, int)
    head = {"channel": zeros, "half": zeros, "tag": zeros}
    every = np.zeros((5, INTERVALS), int)
    (result,) = compare(
        Configured(Mapper()),
        {"i_configuration": columns(masks([ucode])), "i": {**head, "labels": every}},
        {"o": {**head, "ucodes": every + ucode}},
        patterns=[FULL_SPEED],
        waves={"words": FRAME_AT},
    )
    latency = Mapper.latency - (ucode // 16 + ucode % 16) * INTERVALS
    assert (result.given["o"] - result.taken["i"] == latency).all()
    assert (np.diff(result.taken["i"]) == latency + 1).all()


def configuration(*sets):
    words = host_words([(0, p) for p in sets])
    return {"address": words["address"], "data": words["data"]}


def test_labels_of_all_ucodes(rng):
    """Golden's of those that a constellation has; others are counted."""
    gateware = Gateware(Demapper())
    unknown = 0
    for _ in range(60):
        p = any_parameters(rng)
        gateware.run({"i_configuration": configuration(p)}, {}, drain=4)
        ucode, interval = (x.reshape(-1) for x in np.mgrid[:128, :INTERVALS])
        sign = rng.integers(2, size=ucode.size)
        symbols = {"ucode": ucode, "sign": sign, "interval": interval}
        result = gateware.run(
            {"i": symbols}, {"o": ucode.size, "o_configuration": 1}, reset=False, probes=["unknown"]
        )
        labels, known = golden.Demapper(p.intervals).process(np.arange(128)[:, None])
        labels, known = labels.reshape(-1), known.reshape(-1)
        got = result.outputs["o"]
        assert np.array_equal(got["label"][known], labels[known])
        assert np.array_equal(got["sign"], sign) and np.array_equal(got["first"], interval == 0)
        greater = [
            sum(u > ucode for u in p.intervals[i]) for ucode, i in zip(ucode, interval, strict=True)
        ]
        assert np.array_equal(got["label"], np.array(greater) % 128)
        # A COMMIT makes way for the first symbol only.
        assert result.outputs["o_configuration"]["address"].tolist() == [COMMIT]
        # The first one waits for the COMMIT; Ucodes of Uchord 1, which come first, take longest.
        assert result.given["o"][0] == Demapper.latency
        assert np.diff(result.given["o"]).max() == Demapper.latency
        unknown = (~known).sum()
        assert result.probes["unknown"][-1] == unknown - (not known[-1])
    assert unknown


class Decoding(wiring.Component):
    """From Ucodes to bits."""

    def __init__(self):
        self.demapper, self.decoder = Demapper(), Decoder()
        members = self.demapper.signature.members
        super().__init__(
            {
                "i_configuration": members["i_configuration"],
                "i": members["i"],
                "o": self.decoder.signature.members["o"],
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.demapper, m.submodules.decoder = demapper, decoder = (
            self.demapper,
            self.decoder,
        )
        connect(m, flipped(self.i_configuration), demapper.i_configuration)
        connect(m, flipped(self.i), demapper.i)
        connect(m, demapper.o_configuration, decoder.i_configuration)
        connect(m, demapper.o, decoder.i)
        connect(m, decoder.o, flipped(self.o))
        return m


@pytest.mark.parametrize("engine", ENGINES)
def test_bits_through_the_decoder(engine, rng):
    """Symbols before the first data frame are dropped."""
    for _ in range(scaled(engine, 20, 2)):
        p = any_parameters(rng)
        encoder = Encoder(p)
        bits = rng.integers(0, 2, scaled(engine, 40, 4) * p.data_bits, np.uint8)
        octets = np.concatenate([encoder.process(bits), encoder.flush()])
        ucode, sign = g711.ucode(octets, p.law), g711.sign(octets)
        lead = rng.integers(1, INTERVALS)
        interval = np.concatenate([np.arange(lead, INTERVALS), np.arange(len(octets)) % INTERVALS])
        before = np.zeros(INTERVALS - lead, int)
        symbols = {
            "ucode": np.concatenate([before, ucode]).astype(int),
            "sign": np.concatenate([before, sign]).astype(int),
            "interval": interval,
        }
        expected = GoldenDecoder(p).process(octets)
        first = np.arange(len(expected)) % p.data_bits == 0
        words = configuration(p)
        compare(
            Configured(Decoding()),
            {"i_configuration": words, "i": symbols},
            {"o": {"bit": expected, "first": first.astype(int)}},
            engine=engine,
            waves={"words": len(words["data"])},
        )
