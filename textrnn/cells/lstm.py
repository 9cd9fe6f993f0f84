"""Long short-term memory (Hochreiter and Schmidhuber, 1997) with a forget gate (Gers et al., 2000), and two variants.

`peephole-lstm` lets the gates see the memory, each unit its own entry (diagonal weights; Gers and Schmidhuber, 2000).
Textbooks differ in which memory the output gate sees: here, as in that paper, the new one; the other two see the old.

`coupled-lstm` forgets exactly as much as it admits, f = 1 - i (Greff et al., 2017): a quarter fewer weights.

The forget gate's bias starts at 1 (Jozefowicz et al., 2015): gradients reach far back before anything is learnt. A
coupled cell has no such gate; what admits starts half open.
"""

from textrnn.cells.cell import Cell, FromHidden, Fused, Gates, Ops, State

GATES = ("input", "forget", "candidate", "output")
ONNX_GATES = ("input", "output", "forget", "candidate")


def step(x: Gates, u: FromHidden, before: State, _: Gates, ops: Ops) -> State:
    """The input gate admits new content, the forget gate keeps the old, the output gate shows the memory."""
    admit = ops.sigmoid(x["input"] + u["input"])
    keep = ops.sigmoid(x["forget"] + u["forget"])
    candidate = ops.tanh(x["candidate"] + u["candidate"])
    emit = ops.sigmoid(x["output"] + u["output"])
    memory = keep * before["memory"] + admit * candidate
    return {"hidden": emit * ops.tanh(memory), "memory": memory}


def peephole_step(x: Gates, u: FromHidden, before: State, peephole: Gates, ops: Ops) -> State:
    """As in an LSTM, but each gate sees the memory that it acts on."""
    admit = ops.sigmoid(x["input"] + u["input"] + peephole["input"] * before["memory"])
    keep = ops.sigmoid(x["forget"] + u["forget"] + peephole["forget"] * before["memory"])
    candidate = ops.tanh(x["candidate"] + u["candidate"])
    memory = keep * before["memory"] + admit * candidate
    emit = ops.sigmoid(x["output"] + u["output"] + peephole["output"] * memory)
    return {"hidden": emit * ops.tanh(memory), "memory": memory}


def coupled_step(x: Gates, u: FromHidden, before: State, _: Gates, ops: Ops) -> State:
    """What is admitted takes the place of what is forgotten."""
    admit = ops.sigmoid(x["input"] + u["input"])
    candidate = ops.tanh(x["candidate"] + u["candidate"])
    emit = ops.sigmoid(x["output"] + u["output"])
    memory = (1 - admit) * before["memory"] + admit * candidate
    return {"hidden": emit * ops.tanh(memory), "memory": memory}


LSTM = Cell(
    "lstm",
    gates=GATES,
    state=("hidden", "memory"),
    step=step,
    fused=Fused(torch="lstm", onednn=True, onnx="LSTM", onnx_gates=ONNX_GATES),
    open_gates=("forget",),
    bound=1.0,
)
PEEPHOLE_LSTM = Cell(
    "peephole-lstm",
    gates=GATES,
    state=("hidden", "memory"),
    step=peephole_step,
    peepholes=("input", "forget", "output"),
    fused=Fused(onnx="LSTM", onnx_gates=ONNX_GATES, onnx_peepholes=("input", "output", "forget")),
    open_gates=("forget",),
    bound=1.0,
)
COUPLED_LSTM = Cell(
    "coupled-lstm",
    gates=("input", "candidate", "output"),
    state=("hidden", "memory"),
    step=coupled_step,
    fused=Fused(
        onnx="LSTM",
        onnx_gates=("input", "output", "input", "candidate"),  # it wants weights of a forget gate, and ignores them
        onnx_attributes={"input_forget": 1},
    ),
    bound=1.0,
)
