"""Graphs that are run as they are written, by ONNX Runtime."""

from collections.abc import Mapping

import numpy as np
import onnx
import onnxruntime

from textrnn.networks.graph import Graph, Symbol


def run_graph(graph: Graph, outputs: Mapping[str, Symbol], values: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The outputs of a graph by name, for these values of its inputs."""
    for name, symbol in outputs.items():
        graph.output(symbol, name)
    content = graph.to_bytes("test")
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    return dict(zip(outputs, session.run(list(outputs), dict(values)), strict=True))


def operators(graph: Graph) -> set[str]:
    """The names of a graph's operators."""
    return {node.op_type for node in onnx.load_from_string(graph.to_bytes("test")).graph.node}
