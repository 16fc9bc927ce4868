"""What became of a whole call (:mod:`sim.calls.connection`): summary, timeline, and report.html."""

import numpy as np

from golden.pcm import g711
from golden.pcm.parameters import FRAME_RATE, INTERVALS
from golden.receiver.slicer import FINE
from golden.receiver.timetable import Kind
from sim.files import dbm0
from sim.reports import call as report
from sim.reports import drawing
from sim.reports.drawing import figure_of, legend, plain, png
from sim.world import lines
from sim.world.line import OCTETS

#: Data frames over which errors are averaged: 24 ms.
_BLOCK = 32

#: Signals of the timeline that a picture has room to name.
_NAMED = ("TRN1d", "DIL", "TRN2d", "data", "Rd")


# --- The summary ---------------------------------------------------------------------------------


def summary(outcome):
    """Rows ``(what, text)`` that say what a call was and what became of it."""
    s, a, d = outcome.setting, outcome.analogue, outcome.digital
    reading = _last(a.readings)
    found, cp, cpt = reading.impairments, reading.cp, reading.cpt
    starts = [sent for sent in d.timeline if sent.signal == "Sd"]
    begins = next(sent for sent in d.timeline if sent.signal == "data")
    changes = sum(sent.signal == "Rd" for sent in d.timeline)
    changes -= bool(d.cleared)  # the cleardown is one too
    rates = [f"{rate:.0f} bit/s from {at / FRAME_RATE:.2f} s" for at, rate in outcome.rates]
    power = "at the codec" if s.at_codec else "at the terminals"
    took = (begins.first - starts[0].first) / FRAME_RATE
    last_ppm = outcome.decisions.step[-1] / 2**32 * 1e6
    rows = [
        ("result", outcome.failure or "the file arrived"),
        ("line", f"{s.line}: {lines.find(s.line).description}"),
        ("conditions", report.conditions(s.conditions)),
        ("network", report.network(s.network)),
        ("found", "; ".join(found.sentences) or "a network that changes nothing"),
        ("rate", "; ".join(rates)),
        (
            "CP",
            f"{float(cp.rate):.0f} bit/s, {cp.law}-law, K {cp.k}, S {cp.s}, Sr {cp.sr}, ld "
            f"{cp.ld}; {report.joined(cp.moduli, 'd')} points, {dbm0(cp):.2f} dBm0 on average; "
            f"limit {s.power:g} dBm0 {power}",
        ),
        (
            "CPt",
            f"{float(cpt.rate):.0f} bit/s; {report.joined(cpt.moduli, 'd')} points, "
            f"{dbm0(cpt):.2f} dBm0",
        ),
        (
            "training",
            f"U_INFO {s.u_info}, {s.trn1d} symbols of TRN1d, {reading.jds} Jd, "
            f"{reading.passes} of DIL, {reading.mps} MP",
        ),
        (
            "Sd to data",
            f"{took:.2f} s; {_many(len(starts), 'training')}, "
            f"{_many(changes, 'rate renegotiation')}",
        ),
        ("noise", _noise(reading)),
        (
            "margin",
            f"{a.proposal.room(cp, reading.phase4_deviation):.1f} dB to 1e-6 wrong "
            "decisions, from TRN2d or the data before the last change",
        ),
        (
            "file",
            f"{len(outcome.data)} octets in, {outcome.file.octets} out in "
            f"{outcome.lasted:.2f} s; {_many(outcome.again, 'frame')} sent again, "
            f"{outcome.file.damaged} damaged",
        ),
        ("clock", f"{last_ppm:.1f} ppm at the end"),
        ("events", "; ".join(_events(outcome)) or "none in data"),
        ("on the line", f"{len(outcome.octets) / OCTETS:.2f} s, {len(outcome.samples)} samples"),
    ]
    return rows


def _last(readings):
    """The last training that came as far as CP."""
    return next((one for one in reversed(readings) if one.cp), readings[-1])


def _many(count, what):
    return f"{count} {what}{'s' * (count != 1)}"


def _noise(reading):
    parts = []
    for name, deviation in (("TRN1d", reading.deviation), ("TRN2d", reading.phase4_deviation)):
        if deviation is not None:
            parts.append(f"{float(np.median(deviation)):.1f} in {name}")
    return f"{', '.join(parts)} (standard deviation, PCM values)"


def timeline(outcome):
    """Rows ``(signal, seconds, milliseconds)`` of what the digital modem sent."""
    return [
        (one.signal, one.first / FRAME_RATE, one.frames / FRAME_RATE * 1e3)
        for one in outcome.digital.timeline
    ]


_HITS = (Kind.DISTURBED, Kind.LOST, Kind.RECOVERED, Kind.GIVEN_UP, Kind.FAILED)


def _events(outcome):
    """What hit the receiver, with the call's time, until the connection was ended."""
    origin = _origins(outcome)
    ends = [one.first for one in outcome.digital.timeline if one.signal == "Rd"]
    end = ends[-1] if outcome.digital.cleared and ends else np.inf
    return [
        f"{kind.name.lower().replace('_', ' ')} at {(base + number) / FRAME_RATE:.2f} s"
        for base, events in zip(origin, _trainings(outcome), strict=True)
        for number, kind in events
        if kind in _HITS and base + number < end
    ]


def _trainings(outcome):
    """Events of each training; before the first there are none."""
    parts = []
    for number, kind in outcome.decisions.events:
        if kind is Kind.DETECTED:
            parts.append([])
        if parts:
            parts[-1].append((number, kind))
    return parts


def _origins(outcome):
    """The call's data frame of TRN1d's first, for each training."""
    origin = [one.first for one in outcome.digital.timeline if one.signal == "TRN1d"]
    return origin[: len(_trainings(outcome))]


def _times(outcome):
    """The call's time in s of each data frame decided."""
    number = outcome.decisions.number
    training = np.concatenate([[0], np.cumsum(np.diff(number) < 0)]).astype(int)
    origin = np.array(_origins(outcome))
    return (origin[np.minimum(training, len(origin) - 1)] + number) / FRAME_RATE


# --- Pictures ------------------------------------------------------------------------------------


def _signals(axes, outcome):
    low, high = axes.get_ylim()
    for one in outcome.digital.timeline:
        if one.signal in _NAMED:
            at = one.first / FRAME_RATE
            axes.axvline(at, color="0.7", lw=0.8, ls=":")
            axes.text(at, high, f" {one.signal}", fontsize="x-small", va="top", rotation=90)
    axes.set_ylim(low, high)


def convergence(outcome):
    """Errors of decisions against time."""
    figure = figure_of(11, 4.2)
    axes = figure.subplots()
    error, time = outcome.decisions.error / (1 << FINE), _times(outcome)
    n = len(error) // _BLOCK * _BLOCK
    power = np.mean(error[:n].reshape(-1, _BLOCK * INTERVALS).astype(float) ** 2, axis=1)
    level = float(g711.linear(outcome.setting.u_info, outcome.setting.law))
    at = time[:n].reshape(-1, _BLOCK).mean(1)
    axes.plot(
        at,
        10 * np.log10(np.maximum(power, 1e-3) / level**2),
        ".",
        ms=3,
        color="C0",
        label=f"errors, means of {_BLOCK} data frames",
    )
    plain(axes, "Errors of the decisions, against TRN1d's level", "time in s", "error in dB")
    axes.margins(y=0.15)
    _signals(axes, outcome)
    legend(figure)
    return png(figure)


def dil(outcome):
    """Where Ucodes arrive, by interval: beside what they would be without a network."""
    figure = figure_of(11, 6.4)
    found, law = _last(outcome.analogue.readings).impairments, outcome.setting.law
    sent = g711.linear(np.arange(128), law).astype(float)
    panels = figure.subplots(2, 3, sharex=True, sharey=True)
    for interval, axes in enumerate(panels.flat):
        for level, colour, name in ((found.least, "C0", "least"), (found.most, "C3", "most")):
            with np.errstate(divide="ignore", invalid="ignore"):
                ratio = 20 * np.log10(level[interval] / sent)
            axes.plot(
                np.arange(128), ratio, ".", ms=3, color=colour, label=name if not interval else None
            )
        plain(
            axes,
            f"interval {interval}",
            "Ucode sent" * (interval > 2),
            "dB above it" * (interval % 3 == 0),
        )
        axes.set_ylim(-12, 8)
    figure.suptitle(
        "DIL: the level at which each Ucode arrives, against Table 1's", fontsize="medium"
    )
    legend(figure)
    return png(figure)


def eye(outcome):
    """Soft values of the smallest levels of the last constellations, by interval."""
    analogue, d = outcome.analogue, outcome.decisions
    reading = _last(analogue.readings)
    # Of the last training: data behind the last B1d.
    last = np.flatnonzero(np.diff(d.number) < 0)
    rows = np.arange(len(d.number)) > (last[-1] if len(last) else -1)
    rows &= d.number >= reading.times.get("B1d", 0)
    rd = [one.first for one in outcome.digital.timeline if one.signal == "Rd"]
    if outcome.digital.cleared and rd:
        rows &= d.number < rd[-1] - _origins(outcome)[-1] - 8
    levels = analogue.proposal.levels(reading.cp.intervals)
    return report.eye_of(_times(outcome)[rows], d.fine[rows], levels, "time in s")


def clock(outcome):
    """The clock's offset against time."""
    at, c = _times(outcome), outcome.setting.conditions
    return report.clock_of(
        at,
        outcome.decisions.step,
        c.ppm + c.drift * at,
        lambda axes: _signals(axes, outcome),
        "time in s",
    )


def pictures(outcome):
    """``(title, PNG)`` of all pictures; the taps are golden's alone."""
    line = outcome.setting.line
    drawn = [
        ("Line", drawing.draw(line, lines.find(line))),
        ("Errors", convergence(outcome)),
        ("Levels in DIL", dil(outcome)),
        ("Eye", eye(outcome)),
    ]
    if outcome.taps is not None:
        drawn.append(("Taps", report.taps(outcome.taps)))
    return [*drawn, ("Clock", clock(outcome))]


def page(outcome):
    """report.html (bytes): summary, pictures, timeline, CP; nothing outside of it is needed."""
    rate = outcome.rates[-1][1]
    signals = "\n".join(
        f"{at:8.3f} s  {lasts:9.1f} ms  {signal}" for signal, at, lasts in timeline(outcome)
    )
    cp = _last(outcome.analogue.readings).cp
    return report.page_of(
        f"{outcome.setting.line}, {rate:.0f} bit/s",
        bool(outcome.failure),
        [*summary(outcome), report.taken(outcome)],
        pictures(outcome),
        [("What the digital modem sent", signals), ("CP: mapping parameters", cp.to_json())],
    )
