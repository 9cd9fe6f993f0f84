"""Lines on which much depends, each broken in turn in a copy of the library: the tests named beside it see it."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[1]
pytestmark = pytest.mark.slow


class Mutation(NamedTuple):
    """A line that stands once in a file of the library, what it becomes, and the tests that must fail."""

    file: str
    line: str
    broken: str
    tests: str


MUTATIONS = {
    "a score leaves out the last symbol": Mutation(
        "tasks/scoring.py",
        "math.fsum(row.logprobs) if tokens else None",
        "math.fsum(row.logprobs[:-1]) if tokens else None",
        "tests/metrics/test_perplexity.py",
    ),
    "the ends are not among the predictions": Mutation(
        "metrics/perplexity.py",
        "value = perplexity(nats + end_nats, count + ends)",
        "value = perplexity(nats + end_nats, count)",
        "tests/metrics/test_perplexity.py",
    ),
    "what was only read counts too": Mutation(
        "batch.py",
        "np.where(own, padded[position], IGNORE)",
        "np.where(True, padded[position], IGNORE)",
        "tests/test_batch.py",
    ),
    "a target that does not count is learnt": Mutation(
        "networks/cross_entropy.py",
        "kept = targets != IGNORE",
        "kept = targets == targets",
        "tests/networks/test_cross_entropy.py",
    ),
    "all samples of a seed are one": Mutation(
        "decoding/sampling.py",
        "np.array([seed, index], np.uint64)",
        "np.array([seed, 0], np.uint64)",
        "tests/decoding/test_sampling.py::test_noise_differs_by_seed_and_by_index",
    ),
    "a return stands bare in csv": Mutation(
        "cli/output.py",
        r"""NEEDS_QUOTES = re.compile(r'[,"\r\n]')""",
        r"""NEEDS_QUOTES = re.compile(r'[,"\n]')""",
        "tests/cli/test_output.py",
    ),
    "a backslash stands bare in tsv": Mutation(
        "cli/output.py",
        r"""NEEDS_ESCAPE = re.compile(r"[\\\t\n\r]")""",
        r"""NEEDS_ESCAPE = re.compile(r"[\t\n\r]")""",
        "tests/cli/test_output.py",
    ),
    "padding is among what is summed up": Mutation(
        "networks/readouts.py",
        "return cls((step < lengths).float(), (step == lengths - 1).float())",
        "return cls((step < steps).float() * (lengths > 0), (step == lengths - 1).float())",
        "tests/networks/test_readouts.py",
    ),
    "the state is lost between windows": Mutation(
        "training/run_state.py",
        "if self.carried is None or not batch.continues.any():",
        "if True:",
        "tests/training/test_training.py::test_the_state_goes_on_for_the_sequences_that_continue_alone",
    ),
    "a damaged part is read": Mutation(
        "model_folder.py",
        "hexdigest() != part.sha256",
        'hexdigest() == ""',
        "tests/test_model_folder.py::test_a_part_with_one_bit_flipped_is_named",
    ),
    "gradients grow without bound": Mutation(
        "training/run_state.py",
        "if settings.clip_norm:",
        "if False:",
        "tests/training/test_training.py::test_gradients_are_clipped",
    ),
}


def run(copy: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Python on the copy, which never takes a compiled module for the source that has changed."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("COV")}  # the copy is not measured
    env |= {"PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run([sys.executable, *arguments], cwd=copy, env=env, capture_output=True, text=True)


def run_tests(copy: Path, *tests: str) -> subprocess.CompletedProcess[str]:
    return run(copy, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests)


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The library and its tests, which pass."""
    folder = tmp_path_factory.mktemp("mutations")
    for name in ("textrnn", "tests"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("models", "__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    imported = run(folder, "-c", "import textrnn; print(textrnn.__file__)")
    assert imported.stdout.strip() == str(folder / "textrnn" / "__init__.py")
    result = run_tests(folder, *dict.fromkeys(mutation.tests for mutation in MUTATIONS.values()))
    assert result.returncode == 0, result.stdout
    return folder


@pytest.fixture
def broken(copy: Path, request: pytest.FixtureRequest) -> Iterator[Mutation]:
    """A mutation, while it is made."""
    mutation = MUTATIONS[request.param]
    file = copy / "textrnn" / mutation.file
    source = file.read_text(encoding="utf-8")
    assert source.count(mutation.line) == 1
    file.write_text(source.replace(mutation.line, mutation.broken), encoding="utf-8")
    yield mutation
    file.write_text(source, encoding="utf-8")


@pytest.mark.parametrize("broken", MUTATIONS, indirect=True)
def test_a_line_that_is_broken_is_seen(copy: Path, broken: Mutation) -> None:
    result = run_tests(copy, broken.tests)
    assert result.returncode == 1, result.stdout  # a test has failed: not one could be collected is another code
