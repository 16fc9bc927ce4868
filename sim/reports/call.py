"""What became of a call: its summary, and report.html with its pictures inside."""

import base64
import html

import numpy as np
from scipy.signal import welch

from golden.learning import constellations
from golden.learning.constellations import DEVIATIONS
from golden.pcm import g711
from golden.pcm.parameters import INTERVALS
from golden.receiver.slicer import FINE
from golden.receiver.timetable import Kind
from sim.calls import design
from sim.files import dbm0
from sim.reports import drawing
from sim.reports.drawing import figure_of, legend, plain, png
from sim.world import lines
from sim.world.line import OCTETS, SAMPLES
from sim.world.network import values

#: Data frames over which convergence is averaged, at least (18 ms), and most points of its curve.
_BLOCK, _BLOCKS = 24, 250

#: Symbols between two points of the eye's picture, and most of them in a panel.
_POINTS = 1500

#: Levels, from the smallest on, that the eye's picture shows.
_SHOWN = 8

#: Events that a picture marks, and how.
_MARKS = {
    Kind.TRAINED: ("taps", "C2"),
    Kind.DATA: ("data", "0.3"),
    Kind.LOST: ("lost", "C3"),
    Kind.RECOVERED: ("back", "C4"),
    Kind.GIVEN_UP: ("given up", "C3"),
    Kind.DISTURBED: ("disturbed", "C1"),
}

# Times of calls without a start-up.
_TIME = "time from TRN1d's start in s"

_STYLE = """
body { font: 15px/1.45 sans-serif; max-width: 1150px; margin: 2em auto; padding: 0 1em; }
table { border-collapse: collapse; }
td, th { padding: .2em 1em .2em 0; text-align: left; vertical-align: top; }
tr { border-bottom: 1px solid #ddd; }
img { width: 100%; }
.failed { color: #b00; }
"""


# --- The summary ---------------------------------------------------------------------------------


def summary(outcome):
    """Rows ``(what, text)`` that say what a call was and what became of it."""
    call, p, d = outcome.call, outcome.parameters, outcome.reception.decisions
    sigma = outcome.deviations()
    room = constellations.margins(outcome.arrived, p, sigma)
    wrong, compared = outcome.wrong()
    file = outcome.reception.file
    rows = [
        ("result", outcome.failure or "the file arrived"),
        ("line", f"{call.line}: {lines.find(call.line).description}"),
        ("conditions", conditions(call.conditions)),
        ("network", network(call.network)),
        ("rate", f"{float(p.rate):.0f} bit/s, {p.law}-law, K {p.k}, S {p.s}, Sr {p.sr}, ld {p.ld}"),
        ("constellations", f"{joined(p.moduli, 'd')} points, {dbm0(p):.2f} dBm0 on average"),
        ("training", f"U_INFO {call.u_info}, {call.trn1d} symbols of TRN1d"),
    ]
    return rows + [
        ("decision SNR", f"{joined(_snr(outcome, sigma))} dB by interval"),
        ("margin", f"{joined(room)} dB by interval, to 1e-6 wrong decisions"),
        ("decisions", f"{wrong} of {compared} symbols wrong"),
        (
            "decoder",
            f"{outcome.reception.overflows} data frames of more than K bits; "
            f"{file.frames} frames of the file whole, {file.bad} damaged",
        ),
        ("octets", f"{len(outcome.data)} in, {file.octets} out"),
        ("clock", f"{d.step[-1] / 2**32 * 1e6:.1f} ppm at the end"),
        ("events", "; ".join(_events(outcome))),
        (
            "on the line",
            f"{len(outcome.octets) / OCTETS:.2f} s, {len(outcome.samples)} samples, "
            f"{_clipped(outcome.samples)} clipped",
        ),
    ]


def joined(items, form=".1f"):
    """Numbers as text, one behind the other."""
    return " ".join(format(item, form) for item in items)


def conditions(c):
    """Text for :class:`~sim.world.line.Conditions`."""
    parts = ["no noise" if c.snr is None else f"SNR {c.snr:g} dB", f"client's clock {c.ppm:+g} ppm"]
    if c.drift:
        parts.append(f"drifting {c.drift:+g} ppm/s")
    return ", ".join([*parts, f"seed {c.seed}"])


def network(n):
    """Text for :class:`~sim.world.network.NetworkParameters`."""
    parts = [f"{n.law}-law" + (f" to {n.law_out}-law" if n.law_out != n.law else "")]
    for name, patterns in (
        ("robbed bits", n.robbed),
        ("robbed bits behind the pad", n.robbed_after),
    ):
        if any(patterns):
            parts.append(f"{name} {' '.join(bits or '-' for bits in patterns)}")
    if n.pad:
        parts.append(f"{n.pad:g} dB pad")
    if n.high_pass is not None:
        parts.append(f"high-pass {n.high_pass:g} from octet {n.high_pass_at} of the data")
    if n.invert:
        parts.append("inverted")
    parts += [
        f"octet {at} of the data {'repeated' if what > 0 else 'dropped'}" for at, what in n.slips
    ]
    return ", ".join(parts)


def _snr(outcome, sigma):
    """SNR in dB ``(6,)``: the power of the levels sent over that of the errors."""
    levels = outcome.levels.values
    power = np.array([np.mean(np.square(v, dtype=np.float64)) for v in levels])
    return 10 * np.log10(power / np.maximum(sigma, 1e-9) ** 2)


def _clipped(samples):
    return int(np.count_nonzero((samples >= 32767) | (samples <= -32768)))


def _seconds(frame):
    return frame * INTERVALS / OCTETS


def _events(outcome):
    """Events as text, with times from TRN1d's start."""
    r = outcome.reception
    told = [
        f"{kind.name.lower().replace('_', ' ')} at {_seconds(at):.2f} s"
        for at, kind in r.decisions.events
    ]
    return told + [f"slip found at {_seconds(at):.2f} s" for at, _ in r.slips]


# --- Pictures ------------------------------------------------------------------------------------


def _mark(axes, outcome):
    """Draw the events into a picture over time; each kind is in the legend once."""
    seen = set()
    for at, kind in outcome.reception.decisions.events:
        if kind in _MARKS:
            text, colour = _MARKS[kind]
            label = None if kind in seen else text
            axes.axvline(_seconds(at), color=colour, ls=":", lw=1.3, label=label)
            seen.add(kind)


def convergence(outcome):
    """Error against time."""
    figure = figure_of(11, 4.2)
    axes = figure.subplots()
    errors, number = outcome.errors(), outcome.reception.decisions.number
    level = design.training_levels(outcome.arrived, outcome.call.u_info).values[0][0]
    block = max(_BLOCK, len(errors) // _BLOCKS)
    n = len(errors) // block * block
    blocks = errors[:n].reshape(-1, block * INTERVALS)
    known = ~np.isnan(blocks).any(axis=1)
    power = np.mean(blocks[known] ** 2, axis=1)
    at = _seconds(number[:n].reshape(-1, block).mean(axis=1))[known]
    axes.plot(
        at,
        10 * np.log10(np.maximum(power, 1e-3) / level**2),
        color="C0",
        lw=1.2,
        label=f"errors, means of {block} data frames",
    )
    room = outcome.levels.least_distance / 2 / DEVIATIONS
    begin = _seconds(outcome.call.start)
    axes.plot(
        [begin, max(at.max(initial=0), begin)],
        [20 * np.log10(room / level)] * 2,
        color="C1",
        ls="--",
        lw=1.2,
        label="1e-6 wrong on the data's levels",
    )
    _mark(axes, outcome)
    plain(
        axes,
        "Convergence: errors of the decisions, against TRN1d's level",
        "time from TRN1d's start in s",
        "error in dB",
    )
    axes.margins(y=0.1)
    legend(figure)
    return png(figure)


def eye_of(time, fine, levels, what):
    """Soft values (fine, ``(n, 6)``) of the smallest of ``levels`` by interval, over ``time``.

    ``what``: the time axis's label. Of many data frames as many are drawn as can be told apart.
    """
    figure = figure_of(11, 6.4)
    some = slice(None, None, -(-len(fine) // _POINTS) or 1)
    panels = figure.subplots(2, 3, sharex=True, sharey=True)
    top = max(v[min(_SHOWN, len(v)) - 1] for v in levels.values)
    top += levels.least_distance
    for interval, axes in enumerate(panels.flat):
        own = np.array(levels.values[interval])
        soft = np.abs(fine[some, interval]) / (1 << FINE)
        axes.scatter(time[some], soft, s=2, color="C0", lw=0)
        for bound in (own[1:] + own[:-1]) / 2:
            if bound < top:
                axes.axhline(bound, color="C1", lw=0.6)
        plain(
            axes,
            f"interval {interval}",
            what * (interval > 2),
            "|soft value|" * (interval % 3 == 0),
        )
        axes.grid(visible=False)
        axes.set_ylim(0, top)
    figure.suptitle(
        "Eye: soft values in data (PCM values of Table 1), smallest levels; "
        "lines are the bounds between two",
        fontsize="medium",
    )
    return png(figure)


def eye(outcome):
    """Soft values of the smallest levels by interval, over time."""
    d, mine = outcome.reception.decisions, outcome.in_data
    return eye_of(_seconds(d.number[mine]), d.fine[mine], outcome.levels, _TIME)


def histograms(outcome):
    """Soft values, and errors, by interval.

    Errors beside the picture count in its outermost bars; the bell has the errors' quartiles.
    """
    figure = figure_of(11, 11)
    panels = figure.subplots(INTERVALS, 2, sharex="col", width_ratios=(2.2, 1))
    soft = np.abs(outcome.reception.decisions.fine[outcome.in_data]) / (1 << FINE)
    errors = outcome.errors()[outcome.in_data]
    most = max(v[-1] for v in outcome.levels.values) * 1.05
    reach = 1.5 * outcome.levels.least_distance
    edges, fine = np.linspace(0, most, 700), np.linspace(-reach, reach, 151)
    for interval, (left, right) in enumerate(panels):
        last = interval == INTERVALS - 1
        left.hist(soft[:, interval], edges, color="C0", histtype="stepfilled")
        levels = outcome.levels.values[interval]
        left.plot(levels, np.zeros(len(levels)), "|", color="C3", ms=7, clip_on=False)
        plain(left, "", "|soft value|, PCM values of Table 1" * last, f"interval {interval}")
        own = errors[:, interval]
        own = own[~np.isnan(own)]
        right.hist(np.clip(own, -reach, reach), fine, color="C0", histtype="stepfilled")
        # Of the quartiles, which a loss of synchronism leaves alone.
        sigma = max(np.diff(np.quantile(own, (0.25, 0.75)))[0] / 1.349, 1e-3)
        bell = len(own) * (fine[1] - fine[0]) / (sigma * np.sqrt(2 * np.pi))
        right.plot(fine, bell * np.exp(-((fine / sigma) ** 2) / 2), color="k", lw=0.8)
        for side in (-1, 1):
            right.axvline(side * outcome.levels.least_distance / 2, color="C1", lw=1)
        right.set_yscale("log")
        right.set_ylim(0.5, max(3.0, 2 * bell))
        plain(right, "", "error, PCM values" * last, "")
    panels[0][0].set_title("How often each soft value came; red: the levels", fontsize="medium")
    panels[0][1].set_title("Errors; orange: least bound", fontsize="medium")
    return png(figure)


def taps(t):
    """:class:`~sim.calls.reception.Taps` at the call's end."""
    figure = figure_of(11, 3.8)
    forward, feedback = figure.subplots(1, 2, width_ratios=(2, 1))
    for axes, x in ((forward, t.forward), (feedback, t.feedback)):
        axes.vlines(np.arange(len(x)), 0, x, color="C0", lw=1.4)
        axes.plot(np.arange(len(x)), x, "o", color="C0", ms=3)
        axes.axhline(0, color="0.5", lw=0.8)
    plain(
        forward,
        "Feed-forward taps at the end",
        "half symbols back from the newest",
        "PCM values per sample at the working level",
    )
    plain(feedback, "Feedback taps at the end", "symbols back, from the last one on", "factor")
    return png(figure)


def clock_of(time, step, expected, mark, what):
    """The clock's offset ``step`` (Q32) over ``time``, beside what is ``expected`` in ppm.

    ``mark(axes)`` draws events into it; ``what``: the time axis's label.
    """
    figure = figure_of(11, 3.6)
    axes = figure.subplots()
    # Points: between two trainings there is none.
    axes.plot(time, step / 2**32 * 1e6, ".", ms=2, color="C0", label="receiver")
    axes.plot(time, expected, color="C1", ls="--", lw=1.2, label="line")
    plain(axes, "Clock: how much the client's is fast", what, "ppm")
    axes.ticklabel_format(useOffset=False)
    if np.ptp(axes.get_ylim()) < 4:
        axes.set_ylim(np.mean(axes.get_ylim()) + np.array([-2, 2]))
    mark(axes)
    legend(figure)
    return png(figure)


def clock(outcome):
    """The clock's offset against time."""
    d, c = outcome.reception.decisions, outcome.call.conditions
    at = _seconds(d.number)
    since = outcome.first / OCTETS
    expected = c.ppm + c.drift * (at + since)
    return clock_of(at, d.step, expected, lambda axes: _mark(axes, outcome), _TIME)


def spectrum(outcome):
    """Power density of the octets that the encoder sent."""
    figure = figure_of(11, 3.6)
    axes = figure.subplots()
    begin = outcome.first + outcome.call.trn1d
    sent = outcome.octets[begin : begin + outcome.frames * INTERVALS]
    x = values(sent, outcome.parameters.law)
    f, power = welch(x, OCTETS, nperseg=min(256, len(x)), detrend=False)
    # One-sided: what lies between the ends counts twice.
    power[[0, -1]] *= 2
    white = np.mean(
        g711.linear(g711.ucode(sent, outcome.parameters.law), outcome.parameters.law).astype(
            np.float64
        )
        ** 2
    )
    axes.plot(
        f / 1000,
        10 * np.log10(np.maximum(power / (white / (OCTETS / 2)), 1e-6)),
        color="C0",
        lw=1.2,
    )
    plain(axes, "Spectrum at the encoder, data", "frequency in kHz", "density in dB, 0 is white")
    axes.set_xlim(0, OCTETS / 2000)
    low, high = axes.get_ylim()
    axes.set_ylim(min(low, -10), max(high, 5))
    return png(figure)


def pictures(outcome):
    """``(title, PNG)`` of all pictures.

    Gateware alone tells neither its taps nor how its clock went, only where that is in the end.
    """
    call = outcome.call
    drawn = [
        ("Line", drawing.draw(call.line, lines.find(call.line))),
        ("Equaliser's convergence", convergence(outcome)),
    ]
    if outcome.in_data.any():
        drawn += [("Eye", eye(outcome)), ("Levels by interval", histograms(outcome))]
    if outcome.reception.taps is not None:
        drawn += [("Taps", taps(outcome.reception.taps)), ("Clock", clock(outcome))]
    return [*drawn, ("Spectrum", spectrum(outcome))]


# --- The page ------------------------------------------------------------------------------------


def page(outcome):
    """report.html (bytes): summary, pictures, parameters; nothing outside of it is needed.

    It is the same for the same call, but for the time taken.
    """
    rows = [*summary(outcome), taken(outcome)]
    heading = f"{outcome.call.line}, {float(outcome.parameters.rate):.0f} bit/s"
    texts = [("Mapping parameters", outcome.parameters.to_json())]
    return page_of(heading, bool(outcome.failure), rows, pictures(outcome), texts)


def taken(outcome):
    """The row that tells the time taken."""
    speed = len(outcome.samples) / SAMPLES / max(outcome.seconds, 1e-3)
    return "time taken", f"{outcome.seconds:.1f} s, {speed:.2f} times real time"


def page_of(heading, failed, rows, pictures, texts):
    """A page (bytes) of rows ``(what, text)``, and pairs of a title and a PNG, or a text."""
    e = html.escape
    body = [
        f"<h1{' class=failed' * failed}>{e(heading)}</h1>",
        "<table>",
        *(f"<tr><th>{e(what)}</th><td>{e(text)}</td></tr>" for what, text in rows),
        "</table>",
    ]
    for title, picture in pictures:
        data = base64.b64encode(picture).decode()
        body.append(f"<h2>{e(title)}</h2>")
        body.append(f'<img alt="{e(title)}" src="data:image/png;base64,{data}">')
    for title, text in texts:
        body.append(f"<h2>{e(title)}</h2>")
        body.append(f"<pre style='white-space: pre-wrap'>{e(text)}</pre>")
    head = f'<meta charset="utf-8"><title>v90 call, {e(heading)}</title>'
    text = "\n".join(
        [
            "<!DOCTYPE html>",
            '<html lang="en">',
            f"<head>{head}<style>{_STYLE}</style></head>",
            "<body>",
            *body,
            "</body></html>",
            "",
        ]
    )
    return text.encode()
