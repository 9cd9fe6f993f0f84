"""Any cell over a whole sequence, from its equations alone, forwards and backwards.

The equations are planned once (plan.py); a step is then a few calls on buffers that are ready. What can wait until all
steps are done is done at once: the gradients of the weights are one product for the whole sequence, as the inputs'
shares were before it.

PyTorch's own recurrent kernels are as good on a GPU. On a processor their backward pass is not, least of all in
bfloat16, and they cannot read a look-up without multiplying it out.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, repeat
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from textrnn.networks.plan import PROJECTION, Frame, Plan, Slot
from textrnn.networks.products import Prepared

Memory = dict[str, Tensor]  # the tensors of a whole scan, by name
Columns = dict[Slot, Iterable[Tensor]]  # the tensors of a slot, one for each step


@dataclass(frozen=True)
class Weights:
    """What a scan multiplies by, in the type of its products.

    recurrent: (shared gates x units, outputs). mask: (batch, outputs), what the hidden vector is multiplied by before
    that product, or None. peepholes: (gates, units), float32, or None. products: weight (rows, columns) and bias
    (rows,) of each further product of the plan.
    """

    recurrent: Tensor
    mask: Tensor | None
    peepholes: Tensor | None
    products: tuple[tuple[Tensor, Tensor], ...]


def scan(
    plan: Plan, units: int, addend: Tensor, apart: Tensor | None, state: Sequence[Tensor], weights: Weights
) -> tuple[Tensor, tuple[Tensor, ...]]:
    """Outputs (time, batch, outputs) in the type of the products, and the state after, (batch, size) each.

    addend: (time, batch, shared gates x units), what is added to the product with the last hidden vector; its type is
    that of the products, and all else is in float32, or float64 if that is. apart: (time, batch, apart gates x units),
    the shares of the input that enter by themselves, or None. state: as before the first step.
    """
    others = [tensor for pair in weights.products for tensor in pair]
    outputs, *after = Scan.apply(  # type: ignore[no-untyped-call]
        plan, units, addend, apart, weights.recurrent, weights.mask, weights.peepholes, *state, *others
    )
    return outputs, tuple(after)


class Scan(torch.autograd.Function):
    """The same, as an operation that torch goes back through by `backward`."""

    @staticmethod
    def forward(
        ctx: Any,
        plan: Plan,
        units: int,
        addend: Tensor,
        apart: Tensor | None,
        recurrent: Tensor,
        mask: Tensor | None,
        peepholes: Tensor | None,
        *rest: Tensor,
    ) -> tuple[Tensor, ...]:
        """rest: the state; weight and bias of each further product."""
        state, others = rest[: len(plan.state)], rest[len(plan.state) :]
        given = {"recurrent": recurrent, "mask": mask, "peepholes": peepholes, "apart": apart}
        memory = {name: tensor for name, tensor in given.items() if tensor is not None}
        memory |= {f"weight.{index}": weight for index, weight in enumerate(others[::2])}
        buffers = Buffers(plan, units, addend)
        memory |= buffers.values(state, has_mask=mask is not None)
        columns = buffers.columns(memory)
        columns |= {Slot("bias", index): repeat(bias) for index, bias in enumerate(others[1::2])}
        outputs, pre = memory["outputs"], memory["pre"].unbind()
        product = Prepared(recurrent, rows=buffers.batch, count=buffers.steps)
        reads = memory.get("reads", outputs).unbind()
        unrounded = columns.setdefault(Slot("after", plan.state[0]), repeat(buffers.new(*state[0].shape)))
        rows = zip(buffers.frames(plan.slots, columns), unrounded, strict=False)
        for step, (frame, hidden) in enumerate(rows):
            if mask is not None:
                torch.mul(outputs[step], mask, out=reads[step])
            pre[step].copy_(product.plus(addend[step], reads[step]))
            for act in plan.forward:
                act(frame)
            if buffers.rounds:
                outputs[step + 1].copy_(hidden)
        ctx.plan, ctx.units, ctx.names = plan, units, tuple(memory)
        ctx.save_for_backward(*memory.values())
        after = (memory.get(f"state.{part}", outputs)[-1] for part in plan.state)
        return outputs[1:], *(value.to(buffers.real, copy=True) for value in after)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, from_outputs: Tensor, *from_state: Tensor) -> tuple[Tensor | None, ...]:
        plan: Plan = ctx.plan
        memory: Memory = dict(zip(ctx.names, ctx.saved_tensors, strict=True))
        buffers = Buffers(plan, ctx.units, memory["outputs"][1:])
        back = buffers.gradients(memory, from_state)
        columns = {**buffers.columns(memory), **buffers.gradient_columns(back)}
        recurrent, mask = memory["recurrent"], memory.get("mask")
        d_outputs = from_outputs.to(buffers.real).unbind()  # all at once: an operation on two types converts each time
        product = Prepared(recurrent.T, rows=buffers.batch, count=buffers.steps)
        d_after, d_before = (columns[Slot(kind, plan.state[0], d=True)] for kind in ("after", "before"))
        frames = buffers.frames(plan.backward_slots, columns)
        rows = list(zip(frames, d_outputs, d_after, d_before, back["addend"], strict=True))
        for frame, d_output, d_hidden, d_hidden_before, d_addend in reversed(rows):
            d_hidden.add_(d_output)
            for act in plan.backward:
                act(frame)
            through_product = product.times(d_addend.copy_(back["pre"]))
            if mask is not None:
                through_product.mul_(mask)
            d_hidden_before.add_(through_product)
        reads = memory.get("reads", memory["outputs"][:-1])
        by_product = []
        for index in range(len(plan.products)):
            d = back[f"product.{index}"].flatten(0, 1)
            by_product += [d.T @ memory[f"vector.{index}"].flatten(0, 1), d.sum(0)]
        return (
            None,
            None,
            back["addend"],
            back["apart"] if plan.apart else None,
            back["addend"].flatten(0, 1).T @ reads.flatten(0, 1),
            None,
            back["peepholes"].sum(0).view(-1, ctx.units) if plan.peepholes else None,
            *(back[f"state.{part}"][0] for part in plan.state),
            *by_product,
        )


class Buffers:
    """The tensors of a scan: made whole, and as a column for each slot of its plan."""

    def __init__(self, plan: Plan, units: int, like: Tensor) -> None:
        """like: (time, batch, any) in the type of the products."""
        self.plan, self.units, self.like = plan, units, like
        self.steps, self.batch = like.shape[:2]
        self.real = torch.promote_types(like.dtype, torch.float32)
        self.rounds = self.real != like.dtype  # an output is kept in the type of the products

    def new(self, *shape: int, dtype: torch.dtype | None = None) -> Tensor:
        return self.like.new_empty(shape, dtype=dtype or self.real)

    def values(self, state: Sequence[Tensor], *, has_mask: bool) -> Memory:
        """What the steps write and the way back reads: with the state before the first of them."""
        plan, steps, batch, units, products = self.plan, self.steps, self.batch, self.units, self.like.dtype
        size = state[0].shape[1]
        memory = {"pre": self.new(steps, batch, len(plan.shared) * units)}
        memory["outputs"] = self.new(steps + 1, batch, size, dtype=products)
        memory["outputs"][0] = state[0]
        memory |= {f"saved.{name}": self.new(steps, batch, units) for kind, name, _ in plan.slots if kind == "saved"}
        memory |= {
            f"vector.{index}": self.new(steps, batch, units, dtype=products) for index in range(len(plan.products))
        }
        if has_mask:
            memory["reads"] = self.new(steps, batch, size, dtype=products)
        for part, value in zip(plan.state, state, strict=True):
            if part != plan.state[0] or (plan.keeps_output and self.rounds):
                memory[f"state.{part}"] = self.new(steps + 1, *value.shape)
                memory[f"state.{part}"][0] = value
        return memory

    def gradients(self, memory: Memory, from_state: Sequence[Tensor]) -> Memory:
        """What the way back writes: with the gradient of the state after the last step."""
        plan, steps, batch, units, products = self.plan, self.steps, self.batch, self.units, self.like.dtype
        back = {"pre": self.new(batch, len(plan.shared) * units)}
        back["addend"] = self.new(steps, batch, len(plan.shared) * units, dtype=products)
        back["apart"] = self.new(steps, batch, len(plan.apart) * units)
        back["peepholes"] = self.new(batch, len(plan.peepholes) * units).zero_()
        for index in range(len(plan.products)):
            back[f"product.{index}"] = self.new(steps, batch, len(memory[f"weight.{index}"]), dtype=products)
        for part, gradient in zip(plan.state, from_state, strict=True):
            back[f"state.{part}"] = self.new(2, *gradient.shape)  # before and after a step, in turns
            back[f"state.{part}"][steps % 2] = gradient
        return back

    def columns(self, memory: Memory) -> Columns:
        """The values of each step."""
        plan, found = self.plan, Columns()
        found |= blocks("pre", plan.shared, memory["pre"])
        if plan.apart:
            found |= blocks("x", plan.apart, memory["apart"])
        rows = memory["peepholes"] if plan.peepholes else ()
        wide = (row.expand(self.batch, -1) for row in rows)
        found |= {Slot("peephole", gate): repeat(row) for gate, row in zip(plan.peepholes, wide, strict=True)}
        for part in plan.state:
            states = memory.get(f"state.{part}", memory["outputs"])
            if states.dtype == self.real:
                found |= {Slot("before", part): states[:-1].unbind(), Slot("after", part): states[1:].unbind()}
        for kind, name, d in {*plan.slots, *plan.backward_slots}:
            if kind in ("saved", "vector") and not d:
                found[Slot(kind, name)] = memory[f"{kind}.{name}"].unbind()
            elif kind == "mask":
                is_masked = plan.products[int(name)] != PROJECTION and "mask" in memory
                found[Slot(kind, name)] = repeat(memory["mask"] if is_masked else self.like.new_ones(()))
            elif kind == "weight":
                found[Slot(kind, name)] = repeat(memory[f"weight.{name}"])
            elif kind == "number":
                found[Slot(kind, name)] = repeat(self.like.new_tensor(name, dtype=self.real))
        return found

    def gradient_columns(self, back: Memory) -> Columns:
        """The gradients of each step."""
        plan, steps = self.plan, self.steps
        found = blocks("x", plan.apart, back["apart"], d=True) if plan.apart else Columns()
        found |= blocks("pre", plan.shared, back["pre"].expand(steps, -1, -1), d=True)
        if plan.peepholes:
            found |= blocks("peephole", plan.peepholes, back["peepholes"].expand(steps, -1, -1), d=True)
        for index in range(len(plan.products)):
            found[Slot("product", index, d=True)] = back[f"product.{index}"].unbind()
        for part in plan.state:
            turns = back[f"state.{part}"].unbind()
            found[Slot("before", part, d=True)] = [turns[step % 2] for step in range(steps)]
            found[Slot("after", part, d=True)] = [turns[(step + 1) % 2] for step in range(steps)]
        return found

    def frames(self, slots: Sequence[Slot], columns: Mapping[Slot, Iterable[Tensor]]) -> Iterator[Frame]:
        """The tensors of these slots for each step in turn; what has no column is the same for all steps."""
        one = (repeat(self.new(self.batch, self.units)) if slot not in columns else columns[slot] for slot in slots)
        return islice(zip(*one, strict=False), self.steps)


def blocks(kind: str, gates: Sequence[str], whole: Tensor, *, d: bool = False) -> Columns:
    """The block of each gate: (time, batch, gates x units)."""
    parts = whole.chunk(len(gates), dim=-1) if gates else ()
    return {Slot(kind, gate, d): part.unbind() for gate, part in zip(gates, parts, strict=True)}
