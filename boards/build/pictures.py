"""Pictures of what tops take of their chips, and of what their parts take of them."""

import matplotlib
from matplotlib.figure import Figure

#: Rows of a result that are drawn, with their names; a chip may not have all.
PART_NAMES = {"cells": "logic cells", "multipliers": "DSP", "ram": "block RAM", "spram": "SPRAM"}

_COLOURS = ("#30638e", "#d1495b", "#edae49", "#66a182")

#: The same picture is the same file: names inside come from a seed, and there is no date.
_SETTINGS = {"svg.hashsalt": "v90", "svg.fonttype": "path", "font.size": 9}


def _save(figure, path):
    figure.savefig(path, format="svg", metadata={"Date": None})


def draw_shares(results, path):
    """Draw, for each ``(title, rows)``, the shares of the chip as bars into an SVG file.

    ``rows``: ``{row: (used, of)}``; rows of which there is no ``of`` are left out.
    """
    with matplotlib.rc_context(_SETTINGS):
        figure = Figure(figsize=(8, 0.6 + 0.42 * len(results)), layout="constrained")
        axes = figure.subplots()
        height = 0.8 / len(PART_NAMES)
        for kind, (row, name) in enumerate(PART_NAMES.items()):
            shares = [
                (at, rows[row])
                for at, (_, rows) in enumerate(results)
                if rows.get(row, (0, None))[1]
            ]
            axes.barh(
                [at + (kind - (len(PART_NAMES) - 1) / 2) * height for at, _ in shares],
                [100 * used / of for _, (used, of) in shares],
                height,
                label=name,
                color=_COLOURS[kind],
            )
        axes.set_yticks(range(len(results)), [title for title, _ in results])
        axes.invert_yaxis()
        axes.set_xlim(0, 100)
        axes.set_xlabel("% of the chip")
        axes.grid(axis="x", alpha=0.3)
        figure.legend(loc="outside upper center", ncols=len(PART_NAMES), frameon=False)
        _save(figure, path)


def draw_parts(results, path):
    """Draw, for each ``(title, parts)``, look-up tables and registers by part into an SVG file.

    ``parts``: as :func:`boards.build.parts.parts`.
    """
    with matplotlib.rc_context(_SETTINGS):
        widths = [max(1, len(parts)) for _, parts in results]
        figure = Figure(figsize=(8, 0.5 * len(results) + 0.2 * sum(widths)), layout="constrained")
        axes = figure.subplots(len(results), height_ratios=widths, squeeze=False)[:, 0]
        for place, (title, parts) in zip(axes, results, strict=True):
            bars = place.barh(range(len(parts)), parts.values(), color=_COLOURS[0])
            place.bar_label(bars, padding=3)
            place.set_yticks(range(len(parts)), parts)
            place.invert_yaxis()
            place.margins(x=0.12)
            place.spines[["top", "right"]].set_visible(False)
            place.set_title(title, loc="left", fontsize=10)
        axes[-1].set_xlabel("look-up tables and registers, as yosys counts them")
        _save(figure, path)
