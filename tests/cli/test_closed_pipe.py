"""A reader of standard error that goes away ends a command quietly."""

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize("arguments", [("score", "--text", "a"), ("generate", "--max-tokens", "5", "--logprobs")])
def test_a_closed_standard_error_is_no_error(tiny_model: Path, arguments: tuple[str, ...]) -> None:
    command, *rest = arguments
    with subprocess.Popen(
        [sys.executable, "-m", "textrnn", command, str(tiny_model), *rest],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stderr is not None
        process.stderr.close()
        assert process.wait() == 0
