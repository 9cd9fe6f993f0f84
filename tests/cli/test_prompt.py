"""The commands that take one prompt take it in the same two ways."""

import pytest

COMMANDS = {
    "generate": ("--seed", "1"),
    "next": (),
    "explain sampling": (),
    "explain forcing": ("--text", " to be"),
}


@pytest.mark.parametrize("command", COMMANDS)
def test_a_prompt_is_an_argument_or_an_option_and_not_both(run, tiny_int8, command):
    names, rest = command.split(), COMMANDS[command]
    as_argument, as_option = (run(*names, tiny_int8, *way, *rest) for way in (("To be",), ("-p", "To be")))
    assert as_argument == as_option
    assert as_argument.code == 0
    assert run(*names, tiny_int8, *rest).stdout != as_argument.stdout
    both = run(*names, tiny_int8, "To be", "-p", "To be", *rest)
    assert (both.code, both.stderr) == (2, "error: give one prompt, as an argument or by --prompt\n")
