"""The report of a call: its summary, the digital modem's signals, and report.html with pictures."""

import base64
import html

import numpy as np

from golden.learning import constellations
from golden.pcm.parameters import FRAMES_A_SECOND, OCTET_RATE
from golden.receiver.timetable import Kind
from golden.receiver.timing import SAMPLE_RATE
from sim.files import dbm0
from sim.reports import call_pictures
from sim.reports.call_pictures import last_reading, training_events, training_origins
from sim.world import lines

_STYLE = """
body { font: 15px/1.45 sans-serif; max-width: 1150px; margin: 2em auto; padding: 0 1em; }
table { border-collapse: collapse; }
td, th { padding: .2em 1em .2em 0; text-align: left; vertical-align: top; }
tr { border-bottom: 1px solid #ddd; }
img { width: 100%; }
.failed { color: #b00; }
"""

#: Events that a summary names in data.
_HITS = (Kind.DISTURBED, Kind.LOST, Kind.RECOVERED, Kind.GIVEN_UP, Kind.FAILED)


# --- The summary ---------------------------------------------------------------------------------


def summary(outcome):
    """Rows ``(name, text)`` of a call and of what became of it."""
    call = outcome.call
    line = f"{call.line}: {lines.find(call.line).description}"
    rows = _known(outcome) if call.given else _found(outcome)
    return [
        ("result", outcome.failure or "the file arrived"),
        ("line", line),
        ("conditions", conditions(call.conditions)),
        ("network", network(call.network)),
        *rows,
    ]


def _known(outcome):
    """Rows of a call whose parameters were given: symbols and levels are known."""
    call, p, file, known = outcome.call, outcome.parameters, outcome.file, outcome.comparison
    sigma = known.deviations()
    room = constellations.margins(known.arrived, p, sigma)
    wrong, compared = known.wrong()
    return [
        ("rate", f"{float(p.rate):.0f} bit/s, {p.law}-law, K {p.k}, S {p.s}, Sr {p.sr}, ld {p.ld}"),
        ("constellations", f"{joined(p.moduli, 'd')} points, {dbm0(p):.2f} dBm0 on average"),
        ("training", f"U_INFO {call.u_info}, {call.trn1d} symbols of TRN1d"),
        ("decision SNR", f"{joined(_snr(known.levels, sigma))} dB by interval"),
        ("margin", f"{joined(room)} dB by interval, to 1e-6 wrong decisions"),
        ("decisions", f"{wrong} of {compared} symbols wrong"),
        (
            "decoder",
            f"{known.received.overflows} data frames of more than K bits; "
            f"{file.frames} frames of the file whole, {file.bad} damaged",
        ),
        ("octets", f"{len(outcome.data)} in, {file.octets} out"),
        _clock(outcome),
        ("events", "; ".join(_known_events(known))),
        ("on the line", f"{_duration(outcome)}, {_clipped(outcome.samples)} clipped"),
    ]


def _found(outcome):
    """Rows of a call that started up: what the modems learnt, asked for and did."""
    call, analogue = outcome.call, outcome.analogue
    reading = last_reading(outcome)
    cp, cpt = reading.cp, reading.cpt
    starts = [sent for sent in outcome.timeline if sent.signal == "Sd"]
    begins = next(sent for sent in outcome.timeline if sent.signal == "data")
    changes = sum(sent.signal == "Rd" for sent in outcome.timeline)
    changes -= bool(outcome.digital.cleared)  # the cleardown is one too
    rates = [f"{rate:.0f} bit/s from {at / FRAMES_A_SECOND:.2f} s" for at, rate in outcome.rates]
    limit = f"{call.power:g} dBm0 {'at the codec' if call.at_codec else 'at the terminals'}"
    took = (begins.first - starts[0].first) / FRAMES_A_SECOND
    return [
        ("found", "; ".join(reading.impairments.sentences) or "a network that changes nothing"),
        ("rate", "; ".join(rates)),
        (
            "CP",
            f"{float(cp.rate):.0f} bit/s, {cp.law}-law, K {cp.k}, S {cp.s}, Sr {cp.sr}, ld "
            f"{cp.ld}; {joined(cp.moduli, 'd')} points, {dbm0(cp):.2f} dBm0 on average; "
            f"limit {limit}",
        ),
        (
            "CPt",
            f"{float(cpt.rate):.0f} bit/s; {joined(cpt.moduli, 'd')} points, {dbm0(cpt):.2f} dBm0",
        ),
        (
            "training",
            f"U_INFO {call.u_info}, {call.trn1d} symbols of TRN1d, {reading.jds} Jd, "
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
            f"{analogue.proposal.room(cp, reading.phase4_deviation):.1f} dB to 1e-6 wrong "
            "decisions, from TRN2d or the data before the last change",
        ),
        (
            "file",
            f"{len(outcome.data)} octets in, {outcome.file.octets} out in "
            f"{outcome.lasted:.2f} s; {_many(outcome.again, 'frame')} sent again, "
            f"{outcome.file.damaged} damaged",
        ),
        _clock(outcome),
        ("events", "; ".join(_hits(outcome)) or "none in data"),
        ("on the line", _duration(outcome)),
    ]


def joined(items, form=".1f"):
    """Numbers as text, with spaces between."""
    return " ".join(format(item, form) for item in items)


def conditions(c):
    """Text for :class:`~sim.world.conditions.Conditions`."""
    parts = ["no noise" if c.snr is None else f"SNR {c.snr:g} dB", f"client's clock {c.ppm:+g} ppm"]
    if c.drift:
        parts.append(f"drifting {c.drift:+g} ppm/s")
    return ", ".join([*parts, f"seed {c.seed}"])


def network(n):
    """Text for :class:`~sim.world.network.NetworkParameters`."""
    parts = [f"{n.law}-law" + (f" to {n.law_out}-law" if n.law_out != n.law else "")]
    for name, patterns in (
        ("robbed bits", n.robbed),
        ("robbed bits after the pad", n.robbed_after),
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
        f"octet {at} of the data {'repeated' if change > 0 else 'dropped'}"
        for at, change in n.slips
    ]
    return ", ".join(parts)


def _many(count, name):
    return f"{count} {name}{'s' * (count != 1)}"


def _clock(outcome):
    return "clock", f"{outcome.decisions.step[-1] / 2**32 * 1e6:.1f} ppm at the end"


def _duration(outcome):
    return f"{len(outcome.octets) / OCTET_RATE:.2f} s, {len(outcome.samples)} samples"


def _clipped(samples):
    return int(np.count_nonzero((samples >= 32767) | (samples <= -32768)))


def _snr(levels, sigma):
    """SNR in dB ``(6,)``: the power of the levels sent over that of the errors."""
    power = np.array([np.mean(np.square(v, dtype=np.float64)) for v in levels.values])
    return 10 * np.log10(power / np.maximum(sigma, 1e-9) ** 2)


def _noise(reading):
    parts = []
    for name, deviation in (("TRN1d", reading.deviation), ("TRN2d", reading.phase4_deviation)):
        if deviation is not None:
            parts.append(f"{float(np.median(deviation)):.1f} in {name}")
    return f"{', '.join(parts)} (standard deviation, PCM values)"


def _name(kind):
    return kind.name.lower().replace("_", " ")


def _known_events(known):
    """Events with times from TRN1d's start."""
    received = known.received
    return [
        *(
            f"{_name(kind)} at {at / FRAMES_A_SECOND:.2f} s"
            for at, kind in received.decisions.events
        ),
        *(f"slip found at {at / FRAMES_A_SECOND:.2f} s" for at, _ in received.slips),
    ]


def _hits(outcome):
    """Events that hit the receiver, with the call's time, until the connection was ended."""
    ends = [one.first for one in outcome.timeline if one.signal == "Rd"]
    end = ends[-1] if outcome.digital.cleared and ends else np.inf
    return [
        f"{_name(kind)} at {(base + number) / FRAMES_A_SECOND:.2f} s"
        for base, events in zip(training_origins(outcome), training_events(outcome), strict=True)
        for number, kind in events
        if kind in _HITS and base + number < end
    ]


def timeline(outcome):
    """Rows ``(signal, seconds, milliseconds)`` of the digital modem's signals."""
    return [
        (one.signal, one.first / FRAMES_A_SECOND, one.frames / FRAMES_A_SECOND * 1e3)
        for one in outcome.timeline
    ]


def taken(outcome):
    """The row for the time that the call took."""
    speed = len(outcome.samples) / SAMPLE_RATE / max(outcome.seconds, 1e-3)
    return "time taken", f"{outcome.seconds:.1f} s, {speed:.2f} times real time"


# --- The page ------------------------------------------------------------------------------------


def page(outcome):
    """report.html (bytes): summary, pictures, signals, parameters; it needs nothing else.

    It is the same for the same call, but for the time taken.
    """
    rate = outcome.rates[-1][1]
    texts = [("Mapping parameters", outcome.parameters.to_json())]
    if not outcome.call.given:
        signals = "\n".join(
            f"{at:8.3f} s  {lasts:9.1f} ms  {signal}" for signal, at, lasts in timeline(outcome)
        )
        texts = [
            ("Signals of the digital modem", signals),
            ("CP: mapping parameters", last_reading(outcome).cp.to_json()),
        ]
    return page_of(
        f"{outcome.call.line}, {rate:.0f} bit/s",
        bool(outcome.failure),
        [*summary(outcome), taken(outcome)],
        call_pictures.pictures(outcome),
        texts,
    )


def page_of(heading, failed, rows, pictures, texts):
    """A page (bytes) of rows ``(name, text)``, and pairs of a title and a PNG, or a text."""
    e = html.escape
    body = [
        f"<h1{' class=failed' * failed}>{e(heading)}</h1>",
        "<table>",
        *(f"<tr><th>{e(name)}</th><td>{e(text)}</td></tr>" for name, text in rows),
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
