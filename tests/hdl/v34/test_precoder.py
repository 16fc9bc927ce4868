"""Precoder, its inverse and the whitening filter against their models, many channels at once."""

import numpy as np
import pytest

from golden.v34 import precoder as golden
from golden.v34.formats import RECEIVED_PRECODED
from golden.v34.mapper import PointMapper
from golden.v34.parser import frame_bits
from hdl.v34.precoder import InversePrecoder, Precoder, WhiteningFilter, tap_words
from hdl.v34.trellis import TRELLIS_NUMBERS
from tests.golden.v34.support import random_parameters
from tests.hdl.support import (
    ENGINES_AND_CHANNELS,
    Configured,
    columns,
    compare_resetting,
    scaled,
)


class Workload:
    """Channels with parameters of their own; some begin anew in the middle."""

    def __init__(self, rng, channels, tokens):
        self.rng = rng
        self.parameters = [random_parameters(rng) for _ in range(channels)]
        words = [
            {"channel": channel, "address": address, "data": word}
            for channel, p in enumerate(self.parameters)
            for address, word in tap_words(p.precoder)
        ]
        self.words = columns([words[n] for n in rng.permutation(len(words))])
        order = np.concatenate([np.arange(channels), rng.integers(0, channels, tokens)])
        self.order = order[: max(tokens, channels)].tolist()

    def tokens(self, make):
        """Tokens sent and expected: ``make(p, count)`` gives both for ``count`` of a channel."""
        queues = {}
        for channel in set(self.order):
            count, queue = self.order.count(channel), []
            while count:
                run = int(self.rng.integers(1, count + 1))
                pairs = make(self.parameters[channel], run)
                for n, (sent, expected) in enumerate(pairs):
                    head = {"channel": channel, "initialise": int(n == 0)}
                    queue.append(({**head, **sent}, {**head, **expected}))
                count -= run
            queues[channel] = iter(queue)
        pairs = [next(queues[channel]) for channel in self.order]
        return columns([sent for sent, _ in pairs]), columns([expected for _, expected in pairs])

    def compare(self, block, make, engine):
        """Run it; return the result at full speed."""
        sent, expected = self.tokens(make)
        count = len(self.words["data"])
        return compare_resetting(
            Configured(block),
            {"i_configuration": self.words, "i": sent},
            {"o": expected},
            (count + 20, count + 150),
            engine=engine,
            waves={"words": count},
        )

    def points(self, p, count):
        """u of ``count`` 4D symbols with U0 = 0."""
        frames = self.rng.integers(0, 2, (-(-count // 4), frame_bits(p.framing)), dtype=np.uint8)
        return PointMapper(p).process(frames)[:, : 2 * count]

    def precoded(self, p, count):
        """Tokens of the precoder."""
        points = self.points(p, count)
        inversions = self.rng.integers(0, 2, count)
        x = golden.Precoder(p).process(points, inversions)
        for m in range(count):
            both = slice(2 * m, 2 * m + 2)
            sent = {"trellis": TRELLIS_NUMBERS[p.trellis], "w": p.w - 1}
            sent |= {"inversion": int(inversions[m]), "points": points[:, both].T.ravel().tolist()}
            yield sent, {"x": x[:, both].T.ravel().tolist()}

    def outputs(self, p, count):
        """Tokens of its inverse: what a precoder gave, with some wrong decisions, or anything."""
        precoder = golden.Precoder(p)
        precoder.process(self.points(p, count), np.zeros(count, int))
        y = precoder.outputs.copy()
        wrong = self.rng.random(y.shape) < self.rng.choice([0, 0.05, 1])
        y[wrong] = 2 * self.rng.integers(-129, 130, wrong.sum()) + 1
        u = golden.InversePrecoder(p).process(y)
        for m in range(count):
            both = slice(2 * m, 2 * m + 2)
            sent = {"w": p.w - 1, "points": y[:, both].T.ravel().tolist()}
            yield sent, {"points": u[:, both].T.ravel().tolist()}

    def received(self, p, count):
        """Tokens of the filter: symbols of any size, the rails among them."""
        form = RECEIVED_PRECODED
        x = self.rng.integers(form.min, form.max + 1, (2, count)) >> self.rng.integers(0, 8)
        x = np.where(self.rng.random((2, count)) < 0.1, form.min, x)
        r = golden.WhiteningFilter(p).process(x)
        for n in range(count):
            yield (
                dict(zip(("re", "im"), x[:, n].tolist(), strict=True)),
                dict(zip(("re", "im"), r[:, n].tolist(), strict=True)),
            )


BLOCKS = [(Precoder, "precoded"), (InversePrecoder, "outputs"), (WhiteningFilter, "received")]


@pytest.mark.parametrize("engine, channels", ENGINES_AND_CHANNELS)
@pytest.mark.parametrize("block, kind", BLOCKS)
def test_equal_to_golden(block, kind, engine, channels, rng):
    """Every symbol of every channel, and as late as is said."""
    work = Workload(rng, channels, scaled(engine, 600, 8))
    full = work.compare(block(channels), getattr(work, kind), engine)
    assert set((full.given["o"] - full.taken["i"]).tolist()) == {block.latency}
    assert set(np.diff(full.taken["i"]).tolist()) == {block.latency + 1}
