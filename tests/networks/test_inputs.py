"""How symbols enter: every form of what is read gives the same product, forward and turned round."""

import pytest
import torch

from textrnn.architecture import Learned, OneHot, Pretrained
from textrnn.networks.inputs import build_input
from textrnn.networks.read import Lookup, OneHotLookup, Vectors, reverse

SYMBOLS, SIZE, OUT = 7, 4, 5


@pytest.mark.parametrize(("steps", "batch"), [(2, 3), (5, 4)], ids=["fewer ids than symbols", "more"])
@pytest.mark.parametrize("kind", ["vectors", "look-up", "one-hot"])
def test_a_product_is_that_of_the_vectors_with_its_gradients(kind, steps, batch):
    torch.manual_seed(0)
    ids = torch.randint(SYMBOLS, (steps, batch))
    table, kept = torch.randn(SYMBOLS, SIZE).requires_grad_(), torch.tensor([1.0, 0, 2, 1, 0, 2, 1])
    reads = {
        "vectors": (Vectors(table[ids]), table[ids]),
        "look-up": (Lookup(ids, table), table[ids]),
        "one-hot": (OneHotLookup(ids, kept), torch.diag(kept)[ids]),
    }
    read, vectors = reads[kind]
    weight, bias = torch.randn(OUT, vectors.shape[2]).requires_grad_(), torch.randn(OUT).requires_grad_()
    assert read.steps == steps
    assert torch.equal(read.vectors(), vectors)
    found, expected = read.project(weight, bias), vectors @ weight.T + bias
    torch.testing.assert_close(found, expected)
    leaves = [weight, bias, *([table] if kind != "one-hot" else [])]
    scale = torch.randn_like(found)
    for mine, its in zip(
        torch.autograd.grad((found * scale).sum(), leaves, retain_graph=True),
        torch.autograd.grad((expected * scale).sum(), leaves),
        strict=True,
    ):
        torch.testing.assert_close(mine, its)


def test_a_sequence_is_turned_round_as_far_as_it_goes():
    letters = torch.tensor([[ord(letter) for letter in word] for word in ("abcd", "ef..", "g...")]).T  # (time, batch)
    turned = reverse(letters, torch.tensor([4, 2, 1]))
    assert ["".join(map(chr, column)) for column in turned.T.tolist()] == ["dcba", "fe..", "g..."]
    assert ["".join(map(chr, column)) for column in reverse(letters, None).T.tolist()] == ["dcba", "..fe", "...g"]


@pytest.mark.parametrize("lengths", [None, torch.tensor([5, 2, 1])], ids=["whole", "padded"])
def test_what_is_read_backward_are_the_vectors_turned_round(lengths):
    torch.manual_seed(1)
    ids, table = torch.randint(SYMBOLS, (5, 3)), torch.randn(SYMBOLS, SIZE)
    for read in (Vectors(table[ids]), Lookup(ids, table), OneHotLookup(ids, torch.rand(SYMBOLS))):
        vectors, turned = read.vectors(), read.reversed(lengths)
        assert type(turned) is type(read)
        for column, length in enumerate([5, 5, 5] if lengths is None else lengths.tolist()):
            expected = [*reversed(vectors[:length, column]), *vectors[length:, column]]
            assert torch.equal(turned.vectors()[:, column], torch.stack(expected))


def test_vectors_start_as_they_are_given_and_stay_where_they_are_frozen():
    vectors = torch.randn(SYMBOLS, SIZE)
    for spec, learns in (
        (Learned(symbols=SYMBOLS, size=SIZE), True),
        (Pretrained(symbols=SYMBOLS, size=SIZE), True),
        (Pretrained(symbols=SYMBOLS, size=SIZE, frozen=True), False),
    ):
        module = build_input(spec)
        module.start_from(vectors.numpy())
        assert torch.equal(module.table, vectors)
        assert module.table.requires_grad == learns
        assert module.size == SIZE
    unit = build_input(OneHot(symbols=SYMBOLS))
    assert torch.equal(unit(torch.arange(SYMBOLS)[:, None]).vectors()[:, 0], torch.eye(SYMBOLS))
