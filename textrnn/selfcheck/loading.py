"""What a score may not depend on where the model is loaded anew: threads, the process, the engine."""

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from textrnn.errors import MissingExtra, ModelError
from textrnn.selfcheck.check import Check, Figures, Subject, agreement, skipped, told
from textrnn.selfcheck.generation import SEED, TOKENS, prompts
from textrnn.selfcheck.scoring import lines_of
from textrnn.tasks import load

ENGINES = 1e-4  # of one token's log-probability, between PyTorch and ONNX Runtime


def threads(subject: Subject, folder: str) -> Check:
    """Any number of threads."""
    others = ((count, replace(subject, model=load(folder, threads=count))) for count in (1, 2))
    ways = ((f"--threads {count}", other.score(other.texts, batch_size=7)) for count, other in others)
    return subject.agreement("threads", subject.usual, ways)


def fresh_score(subject: Subject, folder: str) -> Check:
    """The program itself in a new process, with lines on standard input."""
    content = as_lines(subject.some)
    rows = run_program("score", folder, "-", "--per-token", "--eos", "--batch", "7", content=content)
    return subject.agreement(
        "another process: score", subject.score(lines_of(content)), [("from standard input", figures_of(rows))]
    )


def fresh_generate(subject: Subject, folder: str) -> Check:
    """The program itself in a new process, with prompts on standard input."""
    content = as_lines(prompts(subject))
    expected = subject.model.generate(lines_of(content), n=2, max_tokens=TOKENS, seed=SEED, logprobs=True)
    options = ("-n", "2", "--max-tokens", str(TOKENS), "--seed", str(SEED), "--logprobs")
    rows = run_program("generate", folder, "--prompts", "-", *options, content=content)
    same = [sample.tokens == row["tokens"] for sample, row in zip(expected, rows, strict=False)]
    found = [figures if agrees else [] for figures, agrees in zip(figures_of(rows), same, strict=False)]
    return subject.agreement("another process: generate", told(expected), [("the same seed", found)])


def as_lines(texts: Iterable[str]) -> bytes:
    """A file of lines."""
    return "".join(f"{text}\n" for text in texts).encode()


def run_program(*arguments: str, content: bytes) -> list[dict[str, Any]]:
    """The records of a command in a new process, where strings hash otherwise. Raises ModelError where it fails."""
    result = subprocess.run(
        [sys.executable, "-m", "textrnn", *arguments, "--format", "jsonl"],
        input=content,
        capture_output=True,
        env=os.environ | {"PYTHONHASHSEED": "1"},
    )
    if result.returncode:
        *_, reason = ["no reason given", *result.stderr.decode(errors="replace").splitlines()]
        raise ModelError(f"textrnn {arguments[0]} fails in a process of its own: {reason}")
    return [json.loads(line) for line in result.stdout.decode().removesuffix("\n").split("\n")]


def figures_of(rows: list[dict[str, Any]]) -> Figures:
    """The figures in a command's records."""
    return [[token["logprob"] for token in row["token_logprobs"]] for row in rows]


def engines(subject: Subject, folder: str) -> Check:
    """PyTorch against ONNX Runtime."""
    if "model.safetensors" not in subject.model.config.parts:
        return skipped("engines", "an int8 folder has no weights for PyTorch", tolerance=ENGINES)
    try:
        other = replace(subject, model=load(folder, engine="torch"))
    except MissingExtra as error:
        return skipped("engines", str(error), tolerance=ENGINES)
    return agreement("engines", subject.usual, [("--engine torch", other.usual)], tolerance=ENGINES)


CHECKS = (threads, fresh_score, fresh_generate, engines)
