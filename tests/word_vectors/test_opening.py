"""Word vectors by the name of a file or of a model, and the words that are looked for in them."""

import re

import numpy as np
import pytest

import textrnn
from tests.small_models import (
    save_one_hot_model,
    save_small_model,
    save_two_vocabularies,
    small_config,
    small_tokenizer,
    untrained,
)
from tests.word_vectors.small import on_a_circle
from textrnn.errors import DataError, MissingExtra, ModelError
from textrnn.export.save import save_model
from textrnn.text.levels import LEVELS
from textrnn.text.tokenizer import SPECIAL, Tokenizer
from textrnn.word_vectors.opening import WordVectors, open_vectors


def test_the_words_of_a_file_come_in_its_order_the_first_row_of_each(tmp_path):
    path = tmp_path / "vectors.txt"
    path.write_text("the 1 2\nzero 0 0\nship 3 4\nthe 5 6\n")
    vectors = open_vectors(str(path))
    assert vectors.words == ["the", "ship"]  # zeros point nowhere
    assert vectors.rows.tolist() == [[1, 2], [3, 4]]
    np.testing.assert_allclose(vectors.directions[1], [0.6, 0.8], rtol=1e-6)


def test_a_word_is_looked_for_as_it_is_then_in_lower_case():
    vectors = WordVectors("v", ["us", "US", "ship"], np.eye(3, dtype=np.float32))
    assert [vectors.find(word) for word in ("US", "us", "Us", "SHIP", "boat")] == ["US", "us", "us", "ship", None]


def test_a_word_is_looked_for_as_a_piece_that_begins_a_word():
    vectors = WordVectors("v", ["king", "▁king", "▁the", "s"], np.eye(4, dtype=np.float32))
    asked = ("king", "▁king", "The", "s", "S", "es")
    assert [vectors.find(word) for word in asked] == ["▁king", "▁king", "▁the", "s", "s", None]


def test_an_unknown_word_is_one_line_with_spellings_close_to_it():
    with pytest.raises(DataError, match=r"^circle\.txt has no word 'Nort'; close to it: north$"):
        on_a_circle().known("Nort")
    with pytest.raises(DataError, match=r"^circle\.txt has no word 'xyz', and no word close to it$"):
        on_a_circle().known("xyz")


def test_vectors_that_are_all_zeros_are_refused(tmp_path):
    path = tmp_path / "vectors.txt"
    path.write_text("the 0 0\n")
    with pytest.raises(DataError, match="all vectors are zeros"):
        open_vectors(str(path))


@pytest.mark.parametrize("level", LEVELS)
def test_the_vectors_of_a_model_are_those_that_its_network_reads(tmp_path, level):
    small = save_small_model(tmp_path / "model", level)
    full = tmp_path / "model-float32"
    tokenizer = small_tokenizer(level)
    table = untrained(small_config(tokenizer, "line").architecture).input.table.detach().numpy()
    vectors = open_vectors(str(full))
    kept = [
        index
        for index in range(len(SPECIAL), len(tokenizer))
        if level != "bpe" or not re.fullmatch("<0x..>", tokenizer.tokens[index])
    ]
    tokens = [tokenizer.tokens[index] for index in kept]
    assert vectors.words == [f"▁{token[1:]}" if level == "bpe" and token[0] == " " else token for token in tokens]
    np.testing.assert_array_equal(vectors.rows, table[kept])
    if level != "char":  # of characters int8 keeps what the first layer makes of them
        np.testing.assert_allclose(open_vectors(str(small)).rows, vectors.rows, atol=0.6 / 127)


def test_a_bundled_model_is_opened_by_its_name():
    vectors = open_vectors("sentiment")
    assert {"good", "terrible"} <= set(vectors.words)
    assert vectors.rows.shape[1] == vectors.keyed.vector_size


def test_a_translators_vectors_are_those_of_its_sources(tmp_path):
    save_two_vocabularies(tmp_path / "model")
    translator = textrnn.load(tmp_path / "model")
    assert translator.source_tokenizer.tokens != translator.tokenizer.tokens
    assert open_vectors(str(tmp_path / "model")).words == translator.source_tokenizer.tokens[len(SPECIAL) :]


def test_a_model_with_one_hot_input_has_no_neighbours(tmp_path):
    with pytest.raises(ModelError, match="reads its symbols one-hot: each is as far from every other"):
        open_vectors(str(save_one_hot_model(tmp_path / "model")))


def test_a_folder_that_is_no_model_is_named(tmp_path):
    with pytest.raises(ModelError, match="is not a model folder"):
        open_vectors(str(tmp_path))


def test_symbols_that_the_network_does_not_have_are_refused(tmp_path):
    config = small_config(small_tokenizer("char"), "text")
    more = Tokenizer.of_characters("abcdefghijklmnopqrstuvwxyz")
    save_model(tmp_path / "model", untrained(config.architecture), more, config)
    with pytest.raises(ModelError, match=rf"tokenizer\.json has {len(more)} symbols and config\.json"):
        open_vectors(str(tmp_path / "model"))


def test_without_gensim_one_line_says_what_to_install(monkeypatch):
    monkeypatch.setattr("textrnn.extras.find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match=r"pip install 'textrnn\[train\]'"):
        _ = on_a_circle().keyed
