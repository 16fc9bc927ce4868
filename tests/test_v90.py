"""The `v90` command itself: its names of commands."""

import pytest

import v90


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "required: COMMAND"),
        (["hang-up"], "invalid choice: 'hang-up'"),
    ],
)
def test_bad_command_lines(capsys, arguments, sentence):
    assert v90.main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == "" and sentence in err and err.startswith("v90: error: ")
