"""The gated recurrent unit (Cho et al., 2014), in its two forms.

They differ in where the reset gate r acts. Cho et al. reset the hidden vector before the product, U (r * h);
`gru-reset-before` is theirs. In `gru` the product comes first, r * (U h + c): cuDNN, and so PyTorch, computes it this
way, since the products of all three gates are then one.

Textbooks differ in which way the update gate z points. Here, as in torch.nn.GRU, z = 1 keeps the old vector; in
Cho et al. too; in Chung et al. (2014) and many figures z = 1 takes the new one.
"""

from textrnn.cells.cell import Cell, FromHidden, Fused, Gates, Ops, State

GATES = ("reset", "update", "candidate")
ONNX_GATES = ("update", "reset", "candidate")


def step(x: Gates, u: FromHidden, before: State, _: Gates, ops: Ops) -> State:
    """The reset gate decides how much of the past the candidate sees, the update gate how much of it stays."""
    reset = ops.sigmoid(x["reset"] + u["reset"])
    update = ops.sigmoid(x["update"] + u["update"])
    candidate = ops.tanh(x["candidate"] + reset * u["candidate"])
    return {"hidden": update * before["hidden"] + (1 - update) * candidate}


def reset_before_step(x: Gates, u: FromHidden, before: State, _: Gates, ops: Ops) -> State:
    """As in a GRU, but the reset gate acts on the hidden vector itself."""
    reset = ops.sigmoid(x["reset"] + u["reset"])
    update = ops.sigmoid(x["update"] + u["update"])
    candidate = ops.tanh(x["candidate"] + u.of("candidate", reset * before["hidden"]))
    return {"hidden": update * before["hidden"] + (1 - update) * candidate}


GRU = Cell(
    "gru",
    gates=GATES,
    state=("hidden",),
    step=step,
    fused=Fused(torch="gru", onnx="GRU", onnx_gates=ONNX_GATES, onnx_attributes={"linear_before_reset": 1}),
    bound=1.0,
)
GRU_RESET_BEFORE = Cell(
    "gru-reset-before",
    gates=GATES,
    state=("hidden",),
    step=reset_before_step,
    fused=Fused(onnx="GRU", onnx_gates=ONNX_GATES),
    bound=1.0,
)
