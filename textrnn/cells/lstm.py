"""Long short-term memory (Hochreiter and Schmidhuber, 1997) with a forget gate (Gers et al., 2000).

The forget gate's bias starts at 1 (Jozefowicz et al., 2015): gradients reach far back before anything is learnt.
"""

from textrnn.cells.cell import Cell, Fused, Gates, Ops, State


def step(x: Gates, u: Gates, before: State, ops: Ops) -> State:
    """The input gate admits new content, the forget gate keeps the old, the output gate shows the memory."""
    admit = ops.sigmoid(x["input"] + u["input"])
    keep = ops.sigmoid(x["forget"] + u["forget"])
    candidate = ops.tanh(x["candidate"] + u["candidate"])
    emit = ops.sigmoid(x["output"] + u["output"])
    memory = keep * before["memory"] + admit * candidate
    return {"hidden": emit * ops.tanh(memory), "memory": memory}


LSTM = Cell(
    "lstm",
    gates=("input", "forget", "candidate", "output"),
    state=("hidden", "memory"),
    step=step,
    fused=Fused(torch="lstm", onnx="LSTM", onnx_gates=("input", "output", "forget", "candidate")),
    sums_shares=True,
    open_gates=("forget",),
)
