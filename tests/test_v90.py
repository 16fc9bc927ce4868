"""The `v90` command itself: its names of commands."""

import pytest


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "required: COMMAND"),
        (["hang-up"], "invalid choice: 'hang-up'"),
    ],
)
def test_bad_command_lines(fails, arguments, sentence):
    assert sentence in fails(2, *arguments)
