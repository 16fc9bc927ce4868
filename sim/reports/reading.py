"""A reading as a timeline to read, as JSON, and as a picture of the DIL's levels."""

import json
import math
from pathlib import Path

import numpy as np
from rich.table import Table
from rich.text import Text

from golden.learning.constellations import DEVIATIONS
from golden.pcm import g711
from golden.pcm.parameters import INTERVALS, POWER_LIMITS
from sim.reading.network import POWER

#: Octets a second.
OCTETS = 8000

#: Octets between two signals that a timeline names as not read.
GAP = 160

#: Widest that text gets.
WIDTH = 96

#: Colours of signals in the timeline and in the picture.
COLOURS = {
    "Sd": "cyan",
    "S-bar-d": "cyan",
    "TRN1d": "blue",
    "Jd": "green",
    "Jd'": "green",
    "DIL": "magenta",
    "TRN2d": "blue",
    "MP": "green",
    "Ed": "green",
    "B1d": "blue",
    "data": "yellow",
}


def length(symbols):
    """Text for how long so many symbols last."""
    ms = 1000 * symbols / OCTETS
    return f"{ms:.1f} ms" if ms < 100 else f"{ms:.0f} ms" if ms < 1000 else f"{ms / 1000:.2f} s"


def timeline(reading):
    """The signals as a :class:`rich.table.Table`."""
    table = Table(box=None, pad_edge=False, width=WIDTH, header_style="bold")
    for heading, justify in (
        ("at, s", "right"),
        ("symbol", "right"),
        ("symbols", "right"),
        ("lasts", "right"),
        ("signal", "left"),
        ("what it says", "left"),
    ):
        table.add_column(heading, justify=justify, no_wrap=heading != "what it says")
    end, first = 0, True

    def gap(until):
        if until - end >= GAP:
            text = "not read: phases 1 and 2, or no V.90" if first else "not read"
            table.add_row(
                f"{end / OCTETS:.3f}",
                str(end),
                str(until - end),
                length(until - end),
                "",
                text,
                style="dim",
            )

    for one in reading.signals:
        gap(one.first)
        table.add_row(
            f"{one.first / OCTETS:.3f}",
            str(one.first),
            str(one.symbols),
            length(one.symbols),
            Text(one.name, COLOURS.get(one.name, "cyan")),
            one.note,
        )
        end, first = one.end, False
    gap(len(reading.line.octets))
    return table


# --- Sentences -----------------------------------------------------------------------------------


def _named(law):
    return {"mu": "mu-law", "A": "A-law"}[law]


def network_of(training):
    """Sentences on what the network does."""
    found, network = [], training.network
    if network is None:
        found.append(
            "There is no DIL to tell it."
            if training.dil is None
            else "DIL does not tell it, as small levels are lost in noise; "
            "--ja says what was asked for."
        )
    else:
        found += [one[0].upper() + one[1:] + "." for one in network.sentences]
        if network.pad and network.law != network.law_out:
            found[-1 if len(found) == 2 else 1] = (
                f"A digital pad of {network.pad:g} dB ({network.how})."
            )
        if not found:
            found.append(
                "Octets arrive as they were sent: no law conversion, no pad, no robbed bit."
            )
        if network.odd:
            found.append(
                f"Ucodes {', '.join(map(str, network.odd))} arrive, which that does not explain."
            )
        if (network.u_info and network.law != network.law_out) or network.pad:
            words = " or ".join(str(u) for u in network.u_info) or "unknown"
            found.append(f"U_INFO was {words} when it was sent.")
    if training.sd_inverted:
        found.append("The polarity is inverted.")
    if training.inverted != training.sd_inverted:
        found.append("The polarity of TRN1d and DIL is inverted against Sd.")
    if training.high_pass:
        where = ""
        if training.dil is not None and training.high_pass_at is not None:
            at = training.dil.start + training.high_pass_at * INTERVALS
            where = f" It begins about {at / OCTETS:.2f} s, in DIL."
        found.append(f"A one-pole high-pass, its pole at about {training.high_pass:.3f}.{where}")
    return found


def _power(parameters):
    limit, root = max(POWER_LIMITS.items())
    return limit + 10 * math.log10(float(parameters.average_power) / root**2)


def rates_of(training):
    """Sentences on the rate that this call had, and those that a client could have had here."""
    found = []
    if training.cp is not None:
        p = training.cp
        # Those before the last one may not have been decoded.
        whole = [one.fields["whole"] for one in training.signals if "whole" in one.fields]
        power = f", with {_power(p):.1f} dBm0 as they arrive" if whole[-1] else ""
        found.append(f"Data run at {float(p.rate):.0f} bit/s{power}.")
    if training.network is None or training.jd is None:
        return found
    if training.snr is not None:
        snr, rate = training.network.rates(training.jd, (training.snr,))[0]
        found.append(
            f"At its SNR of {snr:.1f} dB the client could have chosen {rate:.0f} bit/s (at most "
            f"{POWER:g} dBm0, noise {20 * math.log10(DEVIATIONS):.1f} dB below each bound)."
        )
        return found
    rates = training.network.rates(training.jd)
    if any(rate for _, rate in rates):
        row = ", ".join(
            f"{rate:.0f} at {snr} dB" if rate else f"none at {snr} dB" for snr, rate in rates
        )
        found.append(
            f"A client with this SNR of TRN1d could have chosen (bit/s, at most {POWER:g} dBm0, "
            f"noise {20 * math.log10(DEVIATIONS):.1f} dB below each bound): {row}."
        )
    return found


def text(reading, name):
    """What is printed: renderables in order."""
    line = reading.line
    seconds = len(line.octets) / OCTETS
    source = "octets of" if reading.samples is None else "symbols received as"
    title = f"{Path(name).name}: {len(line.octets)} {source} {_named(line.law)}, {seconds:.2f} s"
    yield Text(title, style="bold")
    yield Text()
    yield timeline(reading)
    for number, training in enumerate(reading.trainings):
        which = f" of training {number + 1}" if len(reading.trainings) > 1 else ""
        for title, sentences in (
            ("Network", network_of(training)),
            ("Rates", rates_of(training)),
            ("Received", training.remarks),
        ):
            if sentences:
                yield Text()
                yield Text.assemble((f"{title}{which}. ", "bold"), " ".join(sentences))


# --- JSON ----------------------------------------------------------------------------------------


def _plain(value):
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value).__name__} is no JSON")


def as_json(reading, name):
    """The same as JSON (text): ``signals`` with all their fields, ``trainings``."""
    line, trainings = reading.line, []
    for training in reading.trainings:
        network = training.network
        trainings.append(
            {
                "signals": [
                    {
                        "signal": one.name,
                        "first": one.first,
                        "symbols": one.symbols,
                        "seconds": one.first / OCTETS,
                        "note": one.note,
                        **one.fields,
                    }
                    for one in training.signals
                ],
                "inverted": {"Sd": training.sd_inverted, "TRN1d": training.inverted},
                "high_pass": training.high_pass
                and {
                    "pole": training.high_pass,
                    "data_frame_of_dil": training.high_pass_at,
                },
                "network": network
                and {
                    "law": network.law,
                    "output_law": network.law_out,
                    "pad": network.pad,
                    "how": network.how,
                    "robbed": list(network.robbed),
                    "robbed_after": list(network.robbed_after),
                    "u_info": list(network.u_info),
                    "unexplained": list(network.odd),
                },
                "cpt": training.cpt and training.cpt.to_dict(),
                "cp": training.cp and training.cp.to_dict(),
                "rates": [{"snr": snr, "rate": rate} for snr, rate in network.rates(training.jd)]
                if network and training.jd
                else [],
                "snr": training.snr,
                "network_says": network_of(training),
                "remarks": training.remarks,
            }
        )
    whole = {"file": name, "law": line.law, "octets": len(line.octets), "trainings": trainings}
    return json.dumps(whole, indent=1, default=_plain) + "\n"


# --- The picture ---------------------------------------------------------------------------------


def picture(reading, name):
    """A PNG (bytes): the recording with its signals, and DIL's Ucodes by interval and time."""
    from sim.reports.drawing import figure_of, png

    training = next((one for one in reading.trainings if one.dil), reading.trainings[0])
    figure = figure_of(12, 8.4 if training.dil else 3.2)
    rows = figure.subplots(
        3 if training.dil else 1,
        1,
        squeeze=False,
        height_ratios=(1, 1.7, 1.5) if training.dil else (1,),
    )[:, 0]
    _strip(rows[0], reading, name)
    if training.dil:
        _levels(rows[1], reading, training)
        _raster(rows[2], reading, training)
    return png(figure)


def _plain_axes(axes, title, x, y):
    axes.set_title(title, fontsize="medium", loc="left")
    axes.set(xlabel=x, ylabel=y)
    axes.spines[["top", "right"]].set_visible(False)


_FILLS = {"cyan": "C9", "blue": "C0", "green": "C2", "magenta": "C6", "yellow": "C8"}


def _strip(axes, reading, name):
    x = np.abs(reading.line.values)
    block = max(1, len(x) // 1500)
    n = len(x) // block
    level = np.sqrt((x[: n * block].reshape(n, block) ** 2).mean(1))
    axes.plot(
        np.arange(n) * block / OCTETS, 20 * np.log10(np.maximum(level, 1)), lw=0.6, color="0.3"
    )
    top = axes.get_ylim()[1]
    axes.set_ylim(0, top * 1.25)
    ends = [-math.inf] * 3
    width = len(x) / OCTETS
    for one in reading.signals:
        begin = one.first / OCTETS
        colour = _FILLS[COLOURS.get(one.name, "cyan")]
        axes.axvspan(begin, one.end / OCTETS, color=colour, alpha=0.3, lw=0)
        row = next((k for k, end in enumerate(ends) if end <= begin), None)
        if row is None or one.symbols < 300:
            continue
        axes.text(begin, top * (1.17 - 0.13 * row), one.name, fontsize="small", color=colour)
        ends[row] = begin + width * (0.012 * len(one.name) + 0.01)
    axes.set_xlim(0, width)
    _plain_axes(
        axes, f"{Path(name).name}: level and signals", "time in s", "rms in dB (value 1 is 0)"
    )


def _levels(axes, reading, training):
    part = training.dil
    ucodes = reading.line.ucodes[part].reshape(-1, INTERVALS)
    seconds = (part.start + INTERVALS * np.arange(len(ucodes))) / OCTETS
    for i in range(INTERVALS):
        # A little apart, or the last interval would hide the others.
        axes.plot(
            seconds,
            ucodes[:, i] + (i - 2.5) / 3,
            ".",
            ms=2.2,
            color=f"C{i}",
            alpha=0.6,
            label=f"interval {i}",
        )
    axes.legend(frameon=False, ncols=6, fontsize="small", loc="upper right", markerscale=3)
    axes.set_xlim(seconds[0], seconds[-1])
    axes.set_ylim(-2, 142)
    axes.set_yticks(range(0, 129, 16))
    axes.grid(color="0.92", axis="y")
    _plain_axes(
        axes,
        "DIL: Ucodes as they arrive; intervals are drawn a third of a Ucode apart",
        "time in s",
        "Ucode",
    )


def _raster(axes, reading, training):
    part = training.dil
    ucodes = reading.line.ucodes[part].reshape(-1, INTERVALS)
    counts = np.stack([np.bincount(column, minlength=128) for column in ucodes.T])
    shown = np.where(counts, np.log10(np.maximum(counts, 1)) + 0.4, np.nan)
    axes.imshow(
        shown,
        aspect="auto",
        cmap="viridis_r",
        interpolation="nearest",
        extent=(-0.5, 127.5, INTERVALS - 0.5, -0.5),
    )
    for edge in np.arange(0.5, INTERVALS - 1):
        axes.axhline(edge, color="w", lw=1.5)
    axes.set_xticks(range(0, 128, 8))
    axes.set_yticks(range(INTERVALS))
    heard = int(np.count_nonzero(counts.sum(0)))
    level = g711.linear(int(np.flatnonzero(counts.sum(0)).max()), reading.line.law)
    _plain_axes(
        axes,
        f"DIL: which of {heard} Ucodes arrive in which interval (white: never; dark: often; the "
        f"largest has the value {level})",
        "Ucode",
        "interval",
    )
