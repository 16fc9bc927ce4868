import numpy as np
import pytest
from amaranth.lib import data

from golden.pcm import g711
from golden.pcm.parameters import DELAY_FRAMES, INTERVALS
from hdl.pcm.g711 import LAW_BITS
from hdl.pcm.mapper import UCODES_LAYOUT
from hdl.pcm.multiplexer import Multiplexer
from sim.engines.compare import compare
from tests.hdl.support import unpacked


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("idle", [0xD5, 0x7F])
def test_multiplexer(channels, idle, rng):
    """Octets in slot order, three data frames late, with the signs inverted as they should be."""
    layout = data.StructLayout(
        {
            "channel": max(1, (channels - 1).bit_length()),
            "initialise": 1,
            "active": 1,
            "signs": INTERVALS,
            "ucodes": UCODES_LAYOUT,
            "law": 1,
            "inversions": INTERVALS,
        }
    )
    frames, count = 40, 40 * channels
    tokens = {
        "channel": np.arange(count) % channels,
        "initialise": (rng.random(count) < 0.1).astype(int),
        "active": (rng.random(count) < 0.8).astype(int),
        "signs": rng.integers(1 << INTERVALS, size=count),
        "ucodes": rng.integers(128, size=(count, INTERVALS)),
        "law": rng.integers(2, size=count),
        "inversions": rng.integers(1 << INTERVALS, size=count),
    }
    tokens["initialise"] &= tokens["active"]

    def by_frame(name):
        return tokens[name].reshape(frames, channels, *tokens[name].shape[1:])[:-DELAY_FRAMES]

    octets = np.full((frames, channels, INTERVALS), idle)
    for law, bit in LAW_BITS.items():
        made = g711.octet(by_frame("ucodes"), unpacked(by_frame("signs"), INTERVALS), law)
        chosen = (by_frame("law") == bit) & (by_frame("active") == 1)
        octets[DELAY_FRAMES:][chosen] = made[chosen]
    later = tokens["inversions"].reshape(frames, channels)[DELAY_FRAMES:]
    later = np.where(by_frame("active"), later, 0)
    octets[DELAY_FRAMES:] ^= unpacked(later, INTERVALS).astype(int) << 7
    # What was idle is not inverted by a shaper: its row is zero.
    tokens["inversions"].reshape(frames, channels)[DELAY_FRAMES:] = later
    starts = np.zeros((frames, channels, INTERVALS), int)
    starts[DELAY_FRAMES:] = by_frame("initialise")[..., None]
    in_order = np.moveaxis(np.broadcast_to(np.arange(channels)[:, None], octets.shape), 1, 2)
    interval = np.moveaxis(np.broadcast_to(np.arange(INTERVALS), octets.shape), 1, 2)
    expected = {
        "channel": in_order.reshape(-1),
        "octet": np.moveaxis(octets, 1, 2).reshape(-1),
        "interval": interval.reshape(-1),
        "start": np.moveaxis(starts, 1, 2).reshape(-1),
    }
    results = compare(
        Multiplexer(channels, layout, idle), {"i": tokens}, {"o": expected}, reset_at=171
    )
    # A data frame in 8 cycles while there is room; an octet every other cycle.
    assert np.diff(results[0].taken["i"])[: channels * 2 - 1].tolist() == [8] * (channels * 2 - 1)
    assert set(np.diff(results[0].given["o"])) == {2}
