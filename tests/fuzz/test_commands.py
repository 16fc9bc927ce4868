"""Every command that reads a file, on wrong ones: one sentence, and nothing is overwritten."""

import io
import json
import re
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import soundfile

import v90
from boards.host import cli as cli_board
from golden.learning.learning import dil_request
from golden.signals.sequences import DIL
from tests.fuzz.limits import deadline
from tests.support import ROOT

PARAMETERS = (ROOT / "examples" / "45333.json").read_text()
JA = "".join(map(str, DIL.build(**dil_request(79))))


def wav(encoding="PCM_16", channels=1, rate=16000, kind="WAV", **edits):
    """A recording of a tone, with octets of its header replaced: ``at22=b"..."``."""
    file = io.BytesIO()
    x = np.tile(0.3 * np.sin(np.arange(2000) / 3)[:, None], channels)
    soundfile.write(file, x, rate, format=kind, subtype=encoding)
    content = bytearray(file.getvalue())
    for at, own in edits.items():
        content[int(at[2:]) : int(at[2:]) + len(own)] = own
    return bytes(content)


def parameters(**changes):
    return json.dumps({**json.loads(PARAMETERS), **changes}).encode()


#: Files that are no mapping parameters.
NO_PARAMETERS = {
    "empty": b"",
    "cut": PARAMETERS[:200].encode(),
    "nested": b"[" * 100_000,
    "list": b"[]",
    "number": b"1" * 100_000,
    "not-utf-8": b"\xff\xfe{}",
    "noise": bytes(range(256)),
    "nan": parameters(a1=float("nan")),
    "infinite": parameters(b2=float("inf")),
    "huge": parameters(drn=10**4000),
    "law": parameters(law={"A": 1}),
    "type": parameters(type=[]),
    "none": parameters(constellations=[]),
    "deep": parameters(constellations=[[[[1]]]]),
    "ucodes": parameters(constellations=[[1, 1]]),
    "indices": parameters(interval_constellation=9),
    "control": parameters(type="\x1b[2J\n\ud800"),
    "wave": wav(),
}

#: Files that are no DIL descriptor, and no mapping parameters with cpt and cp.
NO_JA = {
    "empty": b"",
    "cut": JA[:250].encode(),
    "bit": (JA[:100] + "2" + JA[101:]).encode(),
    "flipped": (JA[:60] + "10"[int(JA[60])] + JA[61:]).encode(),
    "noise": bytes(range(256)),
    "nested": b'{"ja":' * 50_000,
    "kind": b'{"ja": [1]}',
    "number": b'{"ja": {"bits": 1e999}}',
    "segments": "".join(
        map(
            str,
            DIL.build(
                segments=0,
                sign_length=0,
                training_length=0,
                sign_pattern=[1],
                training_pattern=[1],
                H=[0] * 8,
                REF=[0] * 8,
            ),
        )
    ).encode(),
}
NO_CPT = {
    **{name: NO_PARAMETERS[name] for name in ("empty", "cut", "nested", "list", "nan", "law")},
    "kind": b'{"cpt": 3}',
    "deep": b'{"cp": [[[]]]}',
}

#: Files that are no recording of a line, though their names end in wav.
NO_WAV = {
    "empty.wav": b"",
    "riff.wav": b"RIFF\xff\xff\xff\xffWAVE",
    "text.wav": PARAMETERS.encode(),
    "cut.wav": wav()[:700],
    "adpcm.wav": wav("IMA_ADPCM"),
    "gsm.wav": wav("GSM610"),
    "block.wav": wav("GSM610", at32=b"\x02\0"),
    "stereo.wav": wav(channels=2),
    "none.wav": wav(at22=b"\0\0"),
    "all.wav": wav(at22=b"\xff\xff"),
    "rate.wav": wav(rate=7000),
    "no-rate.wav": wav(at24=b"\0\0\0\0"),
    "no-bits.wav": wav(at34=b"\0\0"),
    "flac.wav": wav(kind="FLAC"),
    "claims.wav": wav(kind="FLAC", at22=b"\xff" * 4),
    "nan.wav": wav("FLOAT", at90=b"\xff" * 8),
    "huge.wav": wav("DOUBLE", at80=b"\xff" * 6 + b"\xef\x7f"),
    "no-fmt.wav": wav(at16=b"\xff" * 4),
}

#: Octets of which there is no file or start-up to be had.
NO_LINE = {
    "empty": b"",
    "one": b"\xd5",
    "silence": b"\xd5" * 9000,
    "zeroes": bytes(9000),
    "noise": np.random.default_rng(1).bytes(9000),
}


class Simulated:
    """A stand-in for the simulated board of `v90 board sim receive`, which plays a recording."""

    rate, bits = 16000, 16


@pytest.fixture
def fails(tmp_path, monkeypatch, capfd):
    """Run a command that must fail: its status, one sentence, and not a file changed."""

    @contextmanager
    def board(device, arguments):
        # Compiling one takes longer than all of this; files are read before it is asked anything.
        yield None, Simulated()

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(cli_board, "_board", board)
    for name, content in {
        "p.json": PARAMETERS.encode(),
        "data": b"data",
        "ja": JA.encode(),
        "kept": b"kept",
    }.items():
        Path(name).write_bytes(content)
    assert v90.main(["transmit", "data", "-o", "line", "--parameters", "p.json"]) == 0

    def run(statuses, name, content, *argv):
        Path(name).write_bytes(content)
        before = {path.name: path.read_bytes() for path in Path().iterdir()}
        capfd.readouterr()
        # --force, so that what keeps the file that is there is nothing but the error.
        with deadline():
            status = v90.main([one.format(name) for one in argv])
        out, err = capfd.readouterr()
        assert status in statuses, err
        assert out == "" and re.fullmatch(r"v90: error: [^\n]+\n", err), (out, err)
        assert err.rstrip("\n").isprintable() and len(err) < 500
        assert {path.name: path.read_bytes() for path in Path().iterdir()} == before

    return run


#: Commands by what is wrong with the file that stands for ``{}``.
COMMANDS = {
    "parameters": (
        NO_PARAMETERS,
        {2},
        [
            ("transmit", "data", "--parameters", "{}", "-o", "kept", "--force"),
            ("receive", "line", "--parameters", "{}", "-o", "kept", "--force"),
            ("call", "data", "--parameters", "{}", "-o", "kept", "--force"),
            ("board", "sim", "send", "data", "--parameters", "{}", "-o", "kept", "--force"),
            (
                "board",
                "sim",
                "receive",
                "--parameters",
                "{}",
                "-o",
                "kept",
                "--force",
                "--recording",
                "p.json",
            ),
        ],
    ),
    "ja": (NO_JA, {2}, [("read", "line", "--ja", "{}", "--json", "kept", "--force")]),
    "cpt": (NO_CPT, {2}, [("read", "line", "--cpt", "{}", "--picture", "kept", "--force")]),
    "wav": (
        NO_WAV,
        {2},
        [
            ("receive", "{}", "--parameters", "p.json", "-o", "kept", "--force"),
            ("read", "{}", "--json", "kept", "--force"),
            (
                "board",
                "sim",
                "receive",
                "--parameters",
                "p.json",
                "-o",
                "kept",
                "--force",
                "--recording",
                "{}",
            ),
        ],
    ),
    # A file that ends too early is bad input, one that was spoilt is a call that failed.
    "line": (
        NO_LINE,
        {1, 2},
        [
            ("receive", "{}", "--parameters", "p.json", "-o", "kept", "--force"),
            ("read", "{}", "--json", "kept", "--force"),
        ],
    ),
}


@pytest.mark.parametrize(
    "what, argv",
    [
        pytest.param(what, argv, id=f"{what}-{argv[2 if argv[0] == 'board' else 0]}")
        for what, (_, _, commands) in COMMANDS.items()
        for argv in commands
    ],
)
def test_wrong_files(fails, what, argv):
    files, statuses, _ = COMMANDS[what]
    for name, content in files.items():
        fails(statuses, f"bad-{name}", content, *argv)
