"""Pictures of a call: convergence, eye, levels, taps, clock, spectrum."""

import numpy as np
from scipy.signal import welch

from golden.learning.constellations import DEVIATIONS
from golden.pcm import g711
from golden.pcm.parameters import FRAMES_A_SECOND, INTERVALS, OCTET_RATE
from golden.receiver.slicer import FINE
from golden.receiver.timetable import Kind
from sim.calls import design
from sim.reports import drawing
from sim.reports.drawing import figure_of, legend, plain, png
from sim.world import lines
from sim.world.network import values

#: Data frames over which errors are averaged where symbols are known, at least (18 ms), and most
#: points of the curve.
_KNOWN_BLOCK, _CURVE_POINTS = 24, 250

#: Data frames over which errors of decisions are averaged: 24 ms.
_DECIDED_BLOCK = 32

#: Most data frames that the eye's picture draws: more cannot be told apart.
_EYE_POINTS = 1500

#: Levels, from the smallest on, that the eye's picture shows.
_EYE_LEVELS = 8

#: Events that a picture marks: label and colour.
_MARKS = {
    Kind.TRAINED: ("taps", "C2"),
    Kind.DATA: ("data", "0.3"),
    Kind.LOST: ("lost", "C3"),
    Kind.RECOVERED: ("back", "C4"),
    Kind.GIVEN_UP: ("given up", "C3"),
    Kind.DISTURBED: ("disturbed", "C1"),
}

#: Signals of the timeline that a picture has room to name.
_NAMED = ("TRN1d", "DIL", "TRN2d", "data", "Rd")

#: Time axes: of calls with given parameters, and of those with a start-up.
_FROM_TRN1D, _FROM_START = "time from TRN1d's start in s", "time in s"


def pictures(outcome):
    """``(title, PNG)`` of all pictures.

    Gateware alone gives no taps. With given parameters it gives only the clock's last offset.
    """
    call, known = outcome.call, outcome.comparison
    drawn = [("Line", drawing.draw(call.line, lines.find(call.line)))]
    taps_drawn = [("Taps", taps(outcome.taps))] if outcome.taps is not None else []
    if not call.given:
        drawn += [
            ("Errors", decided_convergence(outcome)),
            ("Levels in DIL", dil(outcome)),
            ("Eye", eye(outcome)),
        ]
        return [*drawn, *taps_drawn, ("Clock", clock(outcome))]
    drawn.append(("Equaliser's convergence", known_convergence(outcome)))
    if known.in_data.any():
        drawn += [("Eye", eye(outcome)), ("Levels by interval", histograms(known))]
    if outcome.taps is not None:
        drawn += [*taps_drawn, ("Clock", clock(outcome))]
    return [*drawn, ("Spectrum", spectrum(known))]


# --- Times ---------------------------------------------------------------------------------------


def last_reading(outcome):
    """The analogue modem's reading of the last training that came as far as CP."""
    readings = outcome.analogue.readings
    return next((one for one in reversed(readings) if one.cp), readings[-1])


def training_events(outcome):
    """Events of each training, in lists; before the first there are none."""
    parts = []
    for number, kind in outcome.decisions.events:
        if kind is Kind.DETECTED:
            parts.append([])
        if parts:
            parts[-1].append((number, kind))
    return parts


def training_origins(outcome):
    """The call's data frame of TRN1d's first, for each training."""
    origin = [one.first for one in outcome.timeline if one.signal == "TRN1d"]
    return origin[: len(training_events(outcome))]


def _times(outcome):
    """Time in s of each data frame decided; see ``_FROM_TRN1D`` and ``_FROM_START``."""
    number = outcome.decisions.number
    if outcome.call.given:
        return number / FRAMES_A_SECOND
    training = np.concatenate([[0], np.cumsum(np.diff(number) < 0)]).astype(int)
    origin = np.array(training_origins(outcome))
    return (origin[np.minimum(training, len(origin) - 1)] + number) / FRAMES_A_SECOND


def _time_axis(outcome):
    return _FROM_TRN1D if outcome.call.given else _FROM_START


def _mark(axes, outcome):
    """Draw events, or the digital modem's signals, into a picture over time."""
    if outcome.call.given:
        _mark_events(axes, outcome)
    else:
        _mark_signals(axes, outcome)


def _mark_events(axes, outcome):
    """Draw the receiver's events; each kind is in the legend once."""
    seen = set()
    for at, kind in outcome.decisions.events:
        if kind in _MARKS:
            text, colour = _MARKS[kind]
            label = None if kind in seen else text
            axes.axvline(at / FRAMES_A_SECOND, color=colour, ls=":", lw=1.3, label=label)
            seen.add(kind)


def _mark_signals(axes, outcome):
    low, high = axes.get_ylim()
    for one in outcome.timeline:
        if one.signal in _NAMED:
            at = one.first / FRAMES_A_SECOND
            axes.axvline(at, color="0.7", lw=0.8, ls=":")
            axes.text(at, high, f" {one.signal}", fontsize="x-small", va="top", rotation=90)
    axes.set_ylim(low, high)


# --- Convergence ---------------------------------------------------------------------------------


def _decibels(power, level):
    return 10 * np.log10(np.maximum(power, 1e-3) / level**2)


def known_convergence(outcome):
    """Errors against the symbols sent, over time."""
    figure = figure_of(11, 4.2)
    axes = figure.subplots()
    known = outcome.comparison
    errors, time = known.errors(), _times(outcome)
    level = design.training_levels(known.arrived, outcome.call.u_info).values[0][0]
    block = max(_KNOWN_BLOCK, len(errors) // _CURVE_POINTS)
    n = len(errors) // block * block
    blocks = errors[:n].reshape(-1, block * INTERVALS)
    there = ~np.isnan(blocks).any(axis=1)
    power = np.mean(blocks[there] ** 2, axis=1)
    at = time[:n].reshape(-1, block).mean(axis=1)[there]
    label = f"errors, means of {block} data frames"
    axes.plot(at, _decibels(power, level), color="C0", lw=1.2, label=label)
    room = known.levels.least_distance / 2 / DEVIATIONS
    begin = known.start / FRAMES_A_SECOND
    axes.plot(
        [begin, max(at.max(initial=0), begin)],
        [20 * np.log10(room / level)] * 2,
        color="C1",
        ls="--",
        lw=1.2,
        label="1e-6 wrong on the data's levels",
    )
    _mark(axes, outcome)
    title = "Convergence: errors of the decisions, against TRN1d's level"
    plain(axes, title, _time_axis(outcome), "error in dB")
    axes.margins(y=0.1)
    legend(figure)
    return png(figure)


def decided_convergence(outcome):
    """Errors against the values decided, over time."""
    figure = figure_of(11, 4.2)
    axes = figure.subplots()
    error, time = outcome.decisions.error / (1 << FINE), _times(outcome)
    n = len(error) // _DECIDED_BLOCK * _DECIDED_BLOCK
    blocks = error[:n].reshape(-1, _DECIDED_BLOCK * INTERVALS).astype(float)
    power = np.mean(blocks**2, axis=1)
    level = float(g711.linear(outcome.call.u_info, outcome.call.law))
    at = time[:n].reshape(-1, _DECIDED_BLOCK).mean(1)
    label = f"errors, means of {_DECIDED_BLOCK} data frames"
    axes.plot(at, _decibels(power, level), ".", ms=3, color="C0", label=label)
    title = "Errors of the decisions, against TRN1d's level"
    plain(axes, title, _time_axis(outcome), "error in dB")
    axes.margins(y=0.15)
    _mark(axes, outcome)
    legend(figure)
    return png(figure)


# --- Levels --------------------------------------------------------------------------------------


def _data_rows(outcome):
    """Which data frames decided are of the last data, and the levels of these."""
    if outcome.call.given:
        return outcome.comparison.in_data, outcome.comparison.levels
    number, reading = outcome.decisions.number, last_reading(outcome)
    # Of the last training: data after the last B1d.
    last = np.flatnonzero(np.diff(number) < 0)
    rows = np.arange(len(number)) > (last[-1] if len(last) else -1)
    rows &= number >= reading.times.get("B1d", 0)
    rd = [one.first for one in outcome.timeline if one.signal == "Rd"]
    if outcome.digital.cleared and rd:
        rows &= number < rd[-1] - training_origins(outcome)[-1] - 8
    return rows, outcome.analogue.proposal.levels(reading.cp.intervals)


def eye(outcome):
    """Soft values of the smallest levels by interval, over time."""
    rows, levels = _data_rows(outcome)
    time, fine = _times(outcome)[rows], outcome.decisions.fine[rows]
    figure = figure_of(11, 6.4)
    some = slice(None, None, -(-len(fine) // _EYE_POINTS) or 1)
    panels = figure.subplots(2, 3, sharex=True, sharey=True)
    top = max(v[min(_EYE_LEVELS, len(v)) - 1] for v in levels.values)
    top += levels.least_distance
    for interval, axes in enumerate(panels.flat):
        own = np.array(levels.values[interval])
        soft = np.abs(fine[some, interval]) / (1 << FINE)
        axes.scatter(time[some], soft, s=2, color="C0", lw=0)
        for bound in (own[1:] + own[:-1]) / 2:
            if bound < top:
                axes.axhline(bound, color="C1", lw=0.6)
        below, left = _time_axis(outcome) * (interval > 2), "|soft value|" * (interval % 3 == 0)
        plain(axes, f"interval {interval}", below, left)
        axes.grid(visible=False)
        axes.set_ylim(0, top)
    figure.suptitle(
        "Eye: soft values in data (PCM values of Table 1), smallest levels; "
        "lines are the bounds between two",
        fontsize="medium",
    )
    return png(figure)


def histograms(known):
    """Soft values, and errors, by interval, of a ``Comparison``.

    Errors beyond the picture count in its outermost bars. The bell has the errors' quartiles.
    """
    figure = figure_of(11, 11)
    panels = figure.subplots(INTERVALS, 2, sharex="col", width_ratios=(2.2, 1))
    soft = np.abs(known.received.decisions.fine[known.in_data]) / (1 << FINE)
    errors = known.errors()[known.in_data]
    most = max(v[-1] for v in known.levels.values) * 1.05
    reach = 1.5 * known.levels.least_distance
    edges, fine = np.linspace(0, most, 700), np.linspace(-reach, reach, 151)
    for interval, (left, right) in enumerate(panels):
        last = interval == INTERVALS - 1
        left.hist(soft[:, interval], edges, color="C0", histtype="stepfilled")
        levels = known.levels.values[interval]
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
            right.axvline(side * known.levels.least_distance / 2, color="C1", lw=1)
        right.set_yscale("log")
        right.set_ylim(0.5, max(3.0, 2 * bell))
        plain(right, "", "error, PCM values" * last, "")
    panels[0][0].set_title("How often each soft value came; red: the levels", fontsize="medium")
    panels[0][1].set_title("Errors; orange: least bound", fontsize="medium")
    return png(figure)


def dil(outcome):
    """Levels at which Ucodes arrive, by interval, over those that they have without a network."""
    figure = figure_of(11, 6.4)
    found, law = last_reading(outcome).impairments, outcome.call.law
    sent = g711.linear(np.arange(128), law).astype(float)
    panels = figure.subplots(2, 3, sharex=True, sharey=True)
    for interval, axes in enumerate(panels.flat):
        for level, colour, name in ((found.least, "C0", "least"), (found.most, "C3", "most")):
            with np.errstate(divide="ignore", invalid="ignore"):
                ratio = 20 * np.log10(level[interval] / sent)
            label = None if interval else name
            axes.plot(np.arange(128), ratio, ".", ms=3, color=colour, label=label)
        below, left = "Ucode sent" * (interval > 2), "dB above it" * (interval % 3 == 0)
        plain(axes, f"interval {interval}", below, left)
        axes.set_ylim(-12, 8)
    figure.suptitle(
        "DIL: the level at which each Ucode arrives, against Table 1's", fontsize="medium"
    )
    legend(figure)
    return png(figure)


# --- Taps, clock, spectrum -----------------------------------------------------------------------


def taps(t):
    """:class:`~sim.calls.reception.FinalTaps`."""
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


def clock(outcome):
    """The clock's offset as the receiver has it, beside the line's, over time."""
    figure = figure_of(11, 3.6)
    axes = figure.subplots()
    c, at = outcome.call.conditions, _times(outcome)
    # Conditions count time from the first octet on.
    since = outcome.comparison.first / OCTET_RATE if outcome.call.given else 0.0
    # Points, because between two trainings there is no curve.
    step = outcome.decisions.step / 2**32 * 1e6
    axes.plot(at, step, ".", ms=2, color="C0", label="receiver")
    axes.plot(at, c.ppm + c.drift * (at + since), color="C1", ls="--", lw=1.2, label="line")
    plain(axes, "Clock: how much the client's is fast", _time_axis(outcome), "ppm")
    axes.ticklabel_format(useOffset=False)
    if np.ptp(axes.get_ylim()) < 4:
        axes.set_ylim(np.mean(axes.get_ylim()) + np.array([-2, 2]))
    _mark(axes, outcome)
    legend(figure)
    return png(figure)


def spectrum(known):
    """Power density of the octets that the encoder sent, of a ``Comparison``."""
    figure = figure_of(11, 3.6)
    axes = figure.subplots()
    law = known.call.law
    begin = known.first + known.call.trn1d
    sent = known.octets[begin : begin + known.frames * INTERVALS]
    x = values(sent, law)
    f, power = welch(x, OCTET_RATE, nperseg=min(256, len(x)), detrend=False)
    # One-sided: all between the ends counts twice.
    power[[0, -1]] *= 2
    levels = g711.linear(g711.ucode(sent, law), law).astype(np.float64)
    white = np.mean(levels**2) / (OCTET_RATE / 2)
    axes.plot(f / 1000, 10 * np.log10(np.maximum(power / white, 1e-6)), color="C0", lw=1.2)
    plain(axes, "Spectrum at the encoder, data", "frequency in kHz", "density in dB, 0 is white")
    axes.set_xlim(0, OCTET_RATE / 2000)
    low, high = axes.get_ylim()
    axes.set_ylim(min(low, -10), max(high, 5))
    return png(figure)
