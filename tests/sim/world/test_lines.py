"""The named lines, and `v90 lines`, which lists and draws them."""

import io
from dataclasses import replace

import matplotlib.image
import numpy as np
import pytest

import v90
from golden.errors import V90Error
from sim.reports import drawing
from sim.world import lines
from sim.world.line import Line

NAMES = list(lines.known())


def test_the_set_spans_what_it_should():
    known = lines.known()
    assert len(known) >= 16
    assert known["codec"].loop == ()
    assert max(line.feet for line in known.values()) == 18_000
    assert sum(line.taps > 0 for line in known.values()) >= 4
    assert {section.gauge for line in known.values() for section in line.loop} == {24, 26}
    assert {line.exchange for line in known.values()} == {"600", "900+2.16uF"}
    edges = [line.band_edge for line in known.values()]
    assert (min(edges), max(edges)) == (3500, 3850)
    assert len({line.high_pass for line in known.values()}) >= 2
    # No two lines are the same one.
    bare = {replace(line, description="x", source="x") for line in known.values()}
    assert len(bare) == len(known)


@pytest.mark.parametrize("name", NAMES)
def test_every_line_is_fit_for_a_modem(name):
    parameters = lines.find(name)
    assert parameters.description and parameters.source
    line = Line(parameters)
    band = np.arange(300, 3401, 50.0)
    loss = -20 * np.log10(np.abs(line.response(band)))
    # A passive line gives nothing, beside 0.1 dB of the codec's ripple; 40 dB is no line to call.
    assert -0.15 < loss.min() and loss.max() < 40
    # An octet of DC leaves nothing: the response falls towards 0 Hz.
    assert np.abs(line.response(np.array([1.0])))[0] < 0.1
    # Its response ends within the second that it is computed for.
    taps = line.impulse(8000)
    assert len(taps) < 4000 and np.abs(taps[-8:]).max() < 1e-4 * np.abs(taps).max()


def test_longer_loops_lose_more():
    f = np.array([1000.0, 3400])
    for gauge, lengths in ((26, (3, 6, 9, 12, 15, 18)), (24, (6, 12, 18))):
        loss = [
            -20 * np.log10(np.abs(Line(lines.find(f"{gauge}awg-{kft}kft")).response(f)))
            for kft in lengths
        ]
        assert (np.diff(loss, axis=0) > 0.4).all()


def test_unknown_lines_list_the_known_ones():
    with pytest.raises(V90Error, match="no line is called 30kft: there are codec, .*tap-18kft"):
        lines.find("30kft")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("x", "not TOML"),
        ("x = 1", "x is not a line"),
        ("[x]\nsource = 'own'", "x: it has no description"),
        ("[x]\ndescription = 'd'", "x: it has no source"),
        ("[x]\ndescription = 'd'\nsource = 's'\nfeet = 3", "x: a line has no 'feet'"),
        ("[x]\ndescription = 'd'\nsource = 's'\nband_edge = 1", "x: band_edge is 3500 to 3850"),
        (
            "[x]\ndescription = 'd'\nsource = 's'\nloop = [{gauge = 1, feet = 1}]",
            "x: there is no cable of 1 AWG",
        ),
    ],
)
def test_bad_files(text, sentence):
    with pytest.raises(V90Error, match=f"bad.toml: {sentence}"):
        lines.parse(text, "bad.toml")


# --- `v90 lines` ---------------------------------------------------------------------------------


def test_the_list_has_every_line_and_true_figures(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "140")
    assert v90.main(["lines"]) == 0
    rows = [line.split("│")[1:-1] for line in capsys.readouterr().out.splitlines()]
    rows = {row[0].strip(): [cell.strip() for cell in row[1:]] for row in rows if len(row) == 7}
    assert list(rows) == NAMES
    kft, taps, at_1000, at_3400, spread, what = rows["tap-9kft"]
    assert (kft, taps) == ("9", "2.5")
    assert what == lines.find("tap-9kft").description
    line = Line(lines.find("tap-9kft"))
    loss = -20 * np.log10(np.abs(line.response(np.array([1000, 3400]))))
    assert [float(at_1000), float(at_3400)] == pytest.approx(loss, abs=0.051)
    delay = line.group_delay(np.arange(300, 3401, 100.0)) * 1000
    assert float(spread) == pytest.approx(np.ptp(delay), abs=0.01)
    assert v90.main(["lines", "codec", "tap-6kft"]) == 0
    out = capsys.readouterr().out
    assert "tap-6kft" in out and "tap-9kft" not in out


def image(content):
    pixels = matplotlib.image.imread(io.BytesIO(content), format="png")
    assert pixels.shape[0] > 300 and pixels.shape[1] > 1000
    return pixels


def test_pictures_show_the_line():
    pictures = [image(drawing.draw(name, lines.find(name))) for name in ("codec", "26awg-18kft")]
    assert pictures[0].shape == pictures[1].shape
    # Curves, not empty panels, and not the same ones.
    assert all(np.mean(picture[..., :3].min(axis=2) < 0.8) > 0.01 for picture in pictures)
    assert (pictures[0] != pictures[1]).any()
    assert drawing.draw("codec", lines.find("codec")) == drawing.draw("codec", lines.find("codec"))


def test_a_folder_and_a_file(tmp_path, capsys):
    folder, file = tmp_path / "pictures", tmp_path / "two.PNG"
    assert v90.main(["lines", "codec", "tap-6kft", "-o", str(folder)]) == 0
    assert sorted(p.name for p in folder.iterdir()) == ["all.png", "codec.png", "tap-6kft.png"]
    for path in folder.iterdir():
        image(path.read_bytes())
    assert v90.main(["lines", "codec", "-o", str(file)]) == 0
    image(file.read_bytes())
    assert "1 line in" in capsys.readouterr().err
    for arguments, sentence in (
        (["-o", str(folder)], "is not empty; --force"),
        (["-o", str(file)], "exists; --force"),
        (["-o", str(tmp_path / "no" / "x.png")], "there is no folder"),
        (["codex", "-o", str(folder), "--force"], "no line is called codex"),
    ):
        assert v90.main(["lines", *arguments]) == 2
        assert sentence in capsys.readouterr().err
    assert v90.main(["lines", "codec", "-o", str(file), "--force"]) == 0


def test_the_makeup_reads_from_exchange_to_client():
    assert drawing.makeup(lines.find("tap-6kft")) == (
        "900+2.16uF | 3 kft 26 AWG | (tap 3 kft 26 AWG) | 3 kft 26 AWG | 600"
    )
    assert drawing.makeup(lines.find("codec")) == "600 | 600"
