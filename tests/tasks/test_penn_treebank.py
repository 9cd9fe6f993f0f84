"""Perplexity as it is quoted for the Penn Treebank, by an independent computation: str.split, torch.nn, plain loops."""

import json
import math
from collections import Counter
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from tests.conftest import Run
from tests.small_models import small_config, untrained
from textrnn.export.save import save_model
from textrnn.text.levels import Vocabulary
from textrnn.text.tokenizer import Tokenizer

TRAIN = """ mr. <unk> is chairman of <unk> n.v. the dutch group
 the group 's chairman said N million shares did n't trade
 a form of <unk> once used is said to cost $ N
 shares of the group rose N N to N
"""
TEST = """ the chairman of the group said shares rose $ N

 <unk> said the zebra 's trade did n't cost N million
 mr. <unk> is said to trade
 a group
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tied network of two layers over the words of the training text, its weights random."""
    wanted = Vocabulary(literal_unk=True, split="spaces")
    tokenizer = Tokenizer.learn(TRAIN.splitlines(), "word", wanted)
    config = small_config(tokenizer, "line", units=10, layers=2)
    path = tmp_path_factory.mktemp("treebank") / "model"
    save_model(path, untrained(config.architecture), tokenizer, config)
    (path.parent / "test.txt").write_text(TEST)
    return path


def nats_by_hand(folder: Path, *, carries: bool) -> tuple[float, int, int]:
    """Nats of the test text with <eos>, the words and the unknown words in it."""
    counts = Counter(word for word in TRAIN.split() if word != "<unk>")
    frequent = sorted(counts, key=lambda word: (-counts[word], word))
    ids = {word: index for index, word in enumerate(["<pad>", "<unk>", "<start>", "<eos>", *frequent])}

    weights = load_file(folder / "model.safetensors")
    table = weights["input.table"]
    embedding = torch.nn.Embedding(*table.shape)
    lstm = torch.nn.LSTM(table.shape[1], 10, num_layers=2)
    with torch.no_grad():
        embedding.weight.copy_(table)
        for layer in range(2):
            for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
                getattr(lstm, f"{name}_l{layer}").copy_(weights[f"layers.{layer}.{name}"])

    nats, words, unknown, state = 0.0, 0, 0, None
    for line in TEST.removesuffix("\n").split("\n"):
        previous = ids["<start>"]
        state = state if carries else None
        for word in [*line.split(), "<eos>"]:
            with torch.no_grad():
                hidden, state = lstm(embedding(torch.tensor([[previous]])), state)
                logits = table @ hidden[0, 0] + weights["head.bias"].flatten()
            previous = ids.get(word, ids["<unk>"])
            nats -= torch.log_softmax(logits.double(), 0)[previous].item()
            words += word != "<eos>"
            unknown += previous == ids["<unk>"]
    return nats, words, unknown


@pytest.mark.parametrize("carries", [False, True])
def test_evaluate_prints_the_perplexity_computed_by_hand(run: Run, folder: Path, carries: bool) -> None:
    nats, words, unknown = nats_by_hand(folder, carries=carries)
    lines = TEST.count("\n")
    flags = ["--running-text"] if carries else []
    result = run("evaluate", folder, folder.parent / "test.txt", *flags, "--format", "jsonl")
    rows = {row["metric"]: row for row in map(json.loads, result.stdout.splitlines())}
    assert rows["sentences"]["value"] == lines == 5
    assert rows["token_count"]["value"] == words == len(TEST.split())
    assert rows["oov_count"]["value"] == unknown == 2 + 1  # <unk> twice, and zebra
    assert rows["perplexity"]["value"] == pytest.approx(math.exp(nats / (words + lines)), rel=1e-5)
    assert ("state carried across lines" in rows["perplexity"]["protocol"]) == carries
    table = run("evaluate", folder, folder.parent / "test.txt", *flags, "--format", "table").stdout
    assert f"{math.exp(nats / (words + lines)):,.4f}" in table


def test_to_carry_the_state_makes_a_difference(folder: Path) -> None:
    alone, carried = (nats_by_hand(folder, carries=carries)[0] for carries in (False, True))
    assert abs(alone - carried) > 0.1


def test_score_sums_up_what_evaluate_prints(run: Run, folder: Path) -> None:
    for flags in ([], ["--running-text"]):
        scored = run("score", folder, folder.parent / "test.txt", *flags, "--format", "jsonl")
        evaluated = run("evaluate", folder, folder.parent / "test.txt", *flags, "--format", "jsonl")
        rows = {row["metric"]: row["value"] for row in map(json.loads, evaluated.stdout.splitlines())}
        summary = dict(line.split(": ", 1) for line in scored.stderr.splitlines()[1:])
        for name in ("perplexity", "perplexity_without_oov", "perplexity_without_eos"):
            assert float(summary[name].split()[0].replace(",", "")) == pytest.approx(rows[name], rel=1e-5)
        total = math.fsum(json.loads(line)["logprob"] for line in scored.stdout.splitlines())
        count = rows["token_count"] + rows["sentences"]
        assert math.exp(-total / count) == pytest.approx(rows["perplexity"], rel=1e-6)
