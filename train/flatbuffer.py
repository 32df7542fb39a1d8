"""What a .tflite file really holds, read from its own tensors."""

from __future__ import annotations

from dataclasses import dataclass

import flatbuffers
import numpy as np
from tensorflow.lite.python import schema_py_generated as schema


@dataclass(frozen=True, slots=True)
class Sparsity:
    """Weights, and how many of them are exactly zero."""

    weights: int
    zeros: int

    @property
    def share(self) -> float:
        """Of the weights that are zero, 0..1."""
        return self.zeros / self.weights


def sparsity(content: bytes) -> Sparsity:
    """Count over all weights: the constant int8 tensors. Biases are int32 and left out.

    Args:
        content: A fully quantized .tflite file; its weights are symmetric (zero point 0), so zero is stored as 0.
    """
    model = schema.ModelT.InitFromPackedBuf(content, 0)
    buffers = [model.buffers[tensor.buffer].data for tensor in model.subgraphs[0].tensors if tensor.type == INT8]
    weights = np.concatenate([np.asarray(data, np.uint8) for data in buffers if data is not None])
    return Sparsity(weights.size, int(np.count_nonzero(weights == 0)))


def operators(content: bytes) -> dict[str, int]:
    """Names of the operators in a .tflite file, with the greatest version of each."""
    model = schema.ModelT.InitFromPackedBuf(content, 0)
    names = {value: name for name, value in vars(schema.BuiltinOperator).items() if isinstance(value, int)}
    return {names[code.builtinCode]: int(code.version) for code in model.operatorCodes}


def without_names(content: bytes) -> bytes:
    """The same network, its inner tensors without names: most of a kilobyte that no runtime reads.

    Args:
        content: A .tflite file with one subgraph. Names of its input and output stay, and so does its signature.
    """
    model = schema.ModelT.InitFromPackedBuf(content, 0)
    graph = model.subgraphs[0]
    for number, tensor in enumerate(graph.tensors):
        if number not in {*graph.inputs, *graph.outputs}:
            tensor.name = b""
    builder = flatbuffers.Builder(len(content))
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


INT8 = schema.TensorType.INT8
