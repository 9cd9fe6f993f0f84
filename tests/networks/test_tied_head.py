"""A head whose weights are the symbols' vectors: kept once, counted once, refused where it cannot be."""

import json

import numpy as np
import onnx
import pytest
from safetensors.numpy import load

import textrnn
from textrnn.architecture import Architecture, Core, LabelPerStep, Learned, OneHot, Pretrained
from textrnn.config import ModelConfig, TextSettings
from textrnn.errors import UsageError
from textrnn.export.quantize import quantize
from textrnn.export.save import count_parameters, save_model
from textrnn.text.tokenizer import Tokenizer


@pytest.fixture
def tied(build):
    return build(input="tied")


@pytest.fixture
def folder(tied, tmp_path):
    config = ModelConfig(task="lm", architecture=tied.architecture, text=TextSettings())
    save_model(tmp_path / "model", tied, Tokenizer.of_characters("abcdefg"), config)
    return tmp_path / "model"


def test_head_and_input_are_one_array(tied):
    assert tied.head.weight is tied.input.table
    assert "head.weight" not in tied.state_dict()
    assert tied.layers.layer("0").units != tied.layers.layer("1").units == tied.input.size


def test_a_folder_holds_the_array_once_in_each_part(tied, folder):
    table = tied.input.table.detach().numpy()
    weights = load((folder / "model.safetensors").read_bytes())
    assert [name for name, value in weights.items() if value.shape == table.shape] == ["input.table"]
    graph = onnx.load(folder / "model.onnx").graph
    arrays = [onnx.numpy_helper.to_array(weight) for weight in graph.initializer]
    same = [array for array in arrays if array.shape in (table.shape, table.T.shape)]
    assert len(same) == 1
    np.testing.assert_array_equal(same[0], table)


def test_a_saved_model_scores_as_the_network_did(folder):
    exact, again = (textrnn.load(folder, engine=engine) for engine in ("torch", "onnx"))
    texts = ["abc", "", "gfedcba" * 9]
    scores = [[score.logprob for score in model.score(texts, eos=True)] for model in (exact, again)]
    np.testing.assert_allclose(scores[0], scores[1], rtol=1e-5)
    quantize(folder, folder.with_name("int8"))
    rough = [score.logprob for score in textrnn.load(folder.with_name("int8")).score(texts, eos=True)]
    np.testing.assert_allclose(rough, scores[0], rtol=0.02)


def test_inspect_counts_the_parameters_of_the_network(run, tied, folder):
    code, stdout, _ = run("inspect", folder, "--format", "jsonl")
    assert code == 0
    *rows, total = map(json.loads, stdout.splitlines())
    shapes = {name: shape for row in rows for name, shape in row["weights"].items()}
    assert total["stored"] == count_parameters(tied)
    assert shapes["layers.0.weight_hh"] == [4 * 7, 7]
    assert shapes["layers.1.weight_ih"] == [4 * 5, 7]
    assert "head.weight" not in shapes


@pytest.mark.parametrize(
    ("input", "core", "says"),
    [
        (OneHot(symbols=11), Core(units=11), "a tied head needs learned vectors"),
        (Pretrained(symbols=11, size=5, frozen=True), Core(units=5), "neither one-hot nor frozen ones"),
        (Learned(symbols=11, size=5), Core(units=7), "a top layer of the vectors' size"),
        (Learned(symbols=11, size=5), Core(units=5, layers=2, top_units=7), "a top layer of the vectors' size"),
        (Learned(symbols=12, size=5), Core(units=5), "as many labels as symbols"),
    ],
)
def test_a_tied_head_that_does_not_fit_is_refused(input, core, says):
    Architecture(input=input, core=core, head=LabelPerStep(classes=11))
    with pytest.raises(ValueError, match=says):
        Architecture(input=input, core=core, head=LabelPerStep(classes=11, tied=True))


def test_tied_unit_vectors_are_a_usage_error(tmp_path):
    (tmp_path / "text.txt").write_text("she sells sea shells.\n" * 60)
    with pytest.raises(UsageError, match="a tied head needs learned vectors"):
        textrnn.train(
            "lm", [tmp_path / "text.txt"], out=tmp_path / "model", tied=True, embedding="one-hot", units=4, steps=1
        )
