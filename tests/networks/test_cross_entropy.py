"""The loss that never holds all logits at once: the same number and gradients as torch's."""

import pytest
import torch
from torch.nn import functional

from textrnn.batch import IGNORE
from textrnn.networks import cross_entropy as module
from textrnn.networks.cross_entropy import BlockwiseCrossEntropy, cross_entropy

ROWS, CLASSES, SIZE, ROWS_AT_ONCE = 17, 11, 5, 3


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    """A few rows of few classes already make several blocks."""
    monkeypatch.setattr(module, "ENTRIES_AT_ONCE", ROWS_AT_ONCE * CLASSES)
    monkeypatch.setattr(module, "FEW_CLASSES", 4)


def arguments(*, ignored: float = 0.3, dtype: torch.dtype = torch.float32) -> tuple[torch.Tensor, ...]:
    """hidden, weight, bias and targets, of which a share is ignored."""
    generator = torch.Generator().manual_seed(1)
    shapes = ((ROWS, SIZE), (CLASSES, SIZE), (CLASSES,))
    hidden, weight, bias = (torch.randn(*shape, generator=generator).requires_grad_() for shape in shapes)
    targets = torch.randint(CLASSES, (ROWS,), generator=generator)
    targets[torch.rand(ROWS, generator=generator) < ignored] = IGNORE
    return hidden.detach().to(dtype).requires_grad_(), weight, bias, targets


def plain(hidden: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    logits = functional.linear(hidden.float(), weight, bias)
    return functional.cross_entropy(logits, targets, ignore_index=IGNORE, reduction="sum")


@pytest.mark.parametrize("ignored", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("scale", [1.0, 0.25])
def test_value_and_gradients_equal_torch(ignored, scale):
    *leaves, targets = arguments(ignored=ignored)
    assert (targets == IGNORE).any() == (ignored > 0)
    nats = cross_entropy(*leaves, targets)
    found = torch.autograd.grad(nats * scale, leaves)
    expected = plain(*leaves, targets)
    torch.testing.assert_close(nats, expected, atol=1e-5, rtol=1e-6)
    for mine, its in zip(found, torch.autograd.grad(expected * scale, leaves), strict=True):
        torch.testing.assert_close(mine, its, atol=1e-6, rtol=1e-5)


def test_few_classes_and_many_give_the_same(monkeypatch):
    values = arguments()
    blockwise = cross_entropy(*values)
    monkeypatch.setattr(module, "FEW_CLASSES", CLASSES)
    monkeypatch.setattr(BlockwiseCrossEntropy, "apply", None)  # not asked
    torch.testing.assert_close(cross_entropy(*values), blockwise, atol=1e-5, rtol=1e-6)


def test_logits_far_apart_stay_finite():
    hidden, weight, bias, targets = arguments()
    nats = cross_entropy(1000 * hidden, weight, bias, targets)
    nats.backward()
    torch.testing.assert_close(nats, plain(1000 * hidden, weight, bias, targets), rtol=1e-5, atol=0)
    assert weight.grad.isfinite().all()


def test_in_bfloat16_it_is_near_float32_and_the_weights_keep_their_type():
    *leaves, targets = arguments(dtype=torch.bfloat16)
    nats = cross_entropy(*leaves, targets)
    found = torch.autograd.grad(nats, leaves)
    expected = plain(*leaves, targets)
    assert nats.dtype == torch.float32
    torch.testing.assert_close(nats, expected, rtol=0.02, atol=0)
    for mine, leaf, its in zip(found, leaves, torch.autograd.grad(expected, leaves), strict=True):
        assert mine.dtype == leaf.dtype
        torch.testing.assert_close(mine.float(), its.float(), atol=0.1, rtol=0.05)


def sizes_of(monkeypatch, name: str) -> list[int]:
    """Entries of every result of a function of torch from now on."""
    sizes, function = [], getattr(torch, name)

    def noting(*values, **options):
        result = function(*values, **options)
        sizes.append(result.numel())
        return result

    monkeypatch.setattr(torch, name, noting)
    return sizes


def test_no_more_logits_exist_at_once_than_allowed(monkeypatch):
    *leaves, targets = arguments()
    sizes = sizes_of(monkeypatch, "log_softmax")
    cross_entropy(*leaves, targets).backward()
    assert max(sizes) <= ROWS_AT_ONCE * CLASSES
    assert sum(sizes) == int((targets != IGNORE).sum()) * CLASSES


def test_without_a_gradient_the_value_is_the_same():
    values = arguments()
    with torch.no_grad():
        nats = cross_entropy(*values)
    assert not nats.requires_grad
    torch.testing.assert_close(nats, plain(*values).detach(), atol=1e-5, rtol=1e-6)


def test_without_a_gradient_none_is_made(monkeypatch):
    values = arguments(ignored=0.0)
    sizes = sizes_of(monkeypatch, "mm")
    with torch.no_grad():
        cross_entropy(*values)
    assert sizes == [ROWS_AT_ONCE * CLASSES] * (ROWS // ROWS_AT_ONCE) + [ROWS % ROWS_AT_ONCE * CLASSES]
