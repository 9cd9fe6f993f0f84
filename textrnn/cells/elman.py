"""The simple recurrent network (Elman, 1990), and with rectified linear units (Le, Jaitly and Hinton, 2015).

The second remembers long only where its recurrent weights start as the identity matrix and its biases at 0
(`--recurrent-start identity`): then a hidden vector is handed on as it is, until something is learnt.
"""

from textrnn.cells.cell import Cell, FromHidden, Fused, Gates, Ops, State


def step(x: Gates, u: FromHidden, before: State, _: Gates, ops: Ops) -> State:
    """The new hidden vector is what is read and what is remembered, squashed."""
    return {"hidden": ops.tanh(x["hidden"] + u["hidden"])}


def relu_step(x: Gates, u: FromHidden, before: State, _: Gates, ops: Ops) -> State:
    """What is read and what is remembered, cut off below 0: the gradient of what is above neither shrinks nor grows."""
    return {"hidden": ops.relu(x["hidden"] + u["hidden"])}


ELMAN = Cell(
    "elman",
    gates=("hidden",),
    state=("hidden",),
    step=step,
    fused=Fused(torch="rnn_tanh", onnx="RNN", onnx_gates=("hidden",)),
    bound=1.0,
)
ELMAN_RELU = Cell(
    "elman-relu",
    gates=("hidden",),
    state=("hidden",),
    step=relu_step,
    fused=Fused(torch="rnn_relu", onnx="RNN", onnx_gates=("hidden",), onnx_attributes={"activations": ["Relu"]}),
)
