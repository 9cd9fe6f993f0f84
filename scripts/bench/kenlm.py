"""KenLM (Heafield, 2011) as the peer of language models: its programs lmplz and query, built from its sources.

It refuses the word <unk> in a text, which therefore goes in under another name.
"""

import re
import subprocess
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Found:
    """What `query` says of a text."""

    logprob: float  # base 10, of all tokens and ends
    tokens: int  # ends included
    oov: int
    seconds: float  # of the whole process, the model's loading included


class NGrams:
    """A 5-gram model with modified Kneser-Ney smoothing, in a folder that goes when this does."""

    def __init__(self, programs: Path, lines: Iterable[str], *, order: int = 5) -> None:
        self.programs, self.folder = programs, tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name)
        text = as_words(lines)
        arguments = ["-o", str(order), "--discount_fallback"]
        begin = time.perf_counter()
        arpa = subprocess.run([programs / "lmplz", *arguments], input=text, capture_output=True, check=True)
        self.training_seconds = time.perf_counter() - begin
        (self.path / "model.arpa").write_bytes(arpa.stdout)
        built = [programs / "build_binary", self.path / "model.arpa", self.path / "model.bin"]
        subprocess.run(built, capture_output=True, check=True)

    def query(self, lines: Iterable[str]) -> Found:
        """Score lines of words."""
        text = as_words(lines)
        begin = time.perf_counter()
        command = [self.programs / "query", "-v", "sentence", self.path / "model.bin"]
        answer = subprocess.run(command, input=text, capture_output=True, check=True)
        seconds = time.perf_counter() - begin
        totals = re.findall(r"Total: (\S+) OOV: (\d+)", answer.stdout.decode())
        words = len(text.split()) + text.count(b"\n")
        return Found(sum(float(value) for value, _ in totals), words, sum(int(oov) for _, oov in totals), seconds)


def as_words(lines: Iterable[str]) -> bytes:
    """Lines as KenLM's programs read them."""
    return "".join(line.replace("<unk>", "(unk)") + "\n" for line in lines).encode()
