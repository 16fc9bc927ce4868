"""Pictures of lines: attenuation, group delay, impulse response."""

import io

import numpy as np

from sim.world import loop as loops
from sim.world.filters import AD_DELAY
from sim.world.line import Line

#: Frequencies in Hz that are drawn.
_BAND = np.concatenate([np.geomspace(10, 100, 60), np.arange(110, 5001, 10.0)])

#: Where group delay is drawn: beyond the band's ends it grows out of every scale.
_DELAY_BAND = np.arange(100, 3901, 10.0)

#: The rate in Hz of the impulse response that is drawn, and how much of it in ms.
_RATE, _SHOWN = 64000, 4.0

_GREY = "0.55"


def figure_of(width, height):
    """A figure of so many inches."""
    # Without pyplot nothing global is touched, and no display is looked for.
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), dpi=110, layout="constrained")


def png(figure):
    """A figure as PNG (bytes)."""
    file = io.BytesIO()
    # The version would make each release of matplotlib give another file.
    figure.savefig(file, format="png", metadata={"Software": None})
    return file.getvalue()


def plain(axes, title, x, y):
    """Title, labels, grid and no frame."""
    axes.set_title(title, fontsize="medium")
    axes.set(xlabel=x, ylabel=y)
    axes.grid(color="0.9")
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)


def legend(figure):
    """A legend below, where no curve is."""
    figure.legend(loc="outside lower center", frameon=False, fontsize="small", ncols=7)


def _attenuation(axes, line, **style):
    loss = -20 * np.log10(np.abs(line.response(_BAND)))
    axes.plot(_BAND / 1000, loss, **style)


def _group_delay(axes, line, **style):
    axes.plot(_DELAY_BAND / 1000, line.group_delay(_DELAY_BAND) * 1e3, **style)


def _impulse(axes, line, **style):
    # From the octet's instant on, without the A/D's delay; the ripple before it is the A/D's.
    taps = line.impulse(_RATE)
    time = (np.arange(len(taps)) / _RATE - AD_DELAY) * 1e3
    mine = (time > -0.5) & (time < _SHOWN)
    axes.plot(time[mine], taps[mine], **style)


def _label(attenuation, delay, impulse):
    for axes in (attenuation, delay, impulse):
        axes.grid(color="0.9")
        axes.set_axisbelow(True)
        axes.spines[["top", "right"]].set_visible(False)
    for axes in (attenuation, delay):
        axes.axvspan(0.3, 3.4, color="0.96", zorder=-2)
        axes.set_xlabel("frequency in kHz")
    attenuation.set(xlim=(0, 5), ylim=(42, -1), ylabel="attenuation in dB")
    delay.set(xlim=(0, 4), xticks=range(5), ylabel="group delay in ms")
    delay.set_ylim(bottom=min(0, delay.get_ylim()[0]))
    impulse.set(xlim=(-0.5, _SHOWN), xlabel="time in ms", ylabel="response to one octet of value 1")


def makeup(parameters):
    """Text for the make-up of a line, as '900+2.16uF | 9 kft 26 AWG | 600'."""
    parts = []
    for section in parameters.loop:
        text = f"{section.feet / 1000:g} kft {section.gauge} AWG"
        parts.append(f"(tap {text})" if section.tap else text)
    return " | ".join([parameters.exchange, *parts, parameters.client])


def draw(name, parameters):
    """A PNG (bytes) of one line: its three curves and what it is made of."""
    line = Line(parameters)
    figure = figure_of(13, 4.4)
    panels = figure.subplots(1, 3)
    for panel, curve in zip(panels, (_attenuation, _group_delay, _impulse), strict=True):
        curve(panel, line, color="C0", label="the line")
    bare = -20 * np.log10(np.abs(line.codec(_BAND)))
    panels[0].plot(_BAND / 1000, bare, color=_GREY, ls="--", lw=1, label="its codec alone")
    if parameters.loop:
        f = _BAND
        ends = (loops.termination(end, f) for end in (parameters.exchange, parameters.client))
        loss = loops.insertion_loss(parameters.loop, *ends, f)
        panels[0].plot(f / 1000, loss, color="C1", lw=1, label="its loop's insertion loss")
    _label(*panels)
    panels[0].legend(frameon=False, loc="lower left", fontsize="small")
    figure.suptitle(f"{name}: {parameters.description}\n{makeup(parameters)}", fontsize="medium")
    return png(figure)


def families(lines):
    """Lines (name to parameters) in groups by the part of their name before the first hyphen."""
    groups = {}
    for name, parameters in lines.items():
        groups.setdefault(name.partition("-")[0], {})[name] = parameters
    return groups


def overview(lines):
    """A PNG (bytes) of lines (name to parameters), a row for each family, all on one scale."""
    groups = families(lines)
    figure = figure_of(13, 0.4 + 3.6 * len(groups))
    rows = figure.subplots(len(groups), 3, squeeze=False, sharex="col", sharey="col")
    for panels, group in zip(rows, groups.values(), strict=True):
        for index, (name, parameters) in enumerate(group.items()):
            line = Line(parameters)
            # Ten colours; then the same, dashed.
            style = {"color": f"C{index % 10}", "ls": "--" if index >= 10 else "-", "lw": 1.3}
            for panel, curve in zip(panels, (_attenuation, _group_delay, _impulse), strict=True):
                curve(panel, line, label=name, **style)
        panels[2].legend(frameon=False, loc="upper right", fontsize="small")
    for panels in rows:
        _label(*panels)
    for panels in rows[:-1]:
        for panel in panels:
            panel.set_xlabel("")
    return png(figure)
