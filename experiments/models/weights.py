"""Trained weights out of the files of others: NumPy arrays, a torch state_dict, an ONNX graph; NOT their training.

What is read is a chain of fully connected layers. Nothing is unpickled beyond what torch's ``weights_only`` allows.
"""

import io
import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from data.arrays import check_numbers, npz_arrays
from data.sets import FloatArray
from emulator.errors import TaskError

__all__ = ["Layer", "folded", "read_weights"]

_SUFFIXES: Final = (".npz", ".pt", ".pth", ".onnx")
_PASSES: Final = frozenset({"Relu", "Clip", "Flatten", "Identity", "Dropout"})
"""ONNX nodes that hold no weights: the chip's own activation, and what only moves data."""


class Layer(NamedTuple):
    """Hold one fully connected layer: ``matrix`` (outputs, inputs), ``bias`` (outputs,), 0 where it has none."""

    matrix: FloatArray
    bias: FloatArray


def read_weights(path: Path, content: bytes) -> tuple[Layer, ...]:
    """Return the layers in ``content``, that of the file at ``path``, first to last; raises ``TaskError``.

    ``.npz``: matrices W1, W2, ... (outputs, inputs), biases b1, b2, ... ; any names in natural order will do.
    ``.pt``: a state_dict of Linear layers. ``.onnx``: a chain of Gemm or MatMul and Add.
    """
    suffix, where = path.suffix.lower(), str(path)
    if suffix == ".npz":
        arrays = npz_arrays(content, where)
        layers = _paired({name: arrays[name] for name in sorted(arrays, key=_natural)}, where)
    elif suffix in {".pt", ".pth"}:
        layers = _paired(_state_dict(content, where), where)
    elif suffix == ".onnx":
        layers = _of_graph(content, where)
    else:
        raise TaskError(
            f"{where}: {suffix or 'no suffix'!r} is no kind of weights; allowed: {', '.join(_SUFFIXES)}"
        )
    for number, (before, after) in enumerate(pairwise(layers), start=1):
        if before.matrix.shape[0] != after.matrix.shape[1]:
            raise TaskError(
                f"{where}: layer {number} has {before.matrix.shape[0]} outputs and layer {number + 1} takes "
                f"{after.matrix.shape[1]} inputs; allowed: matrices of shape (outputs, inputs) that follow "
                "each other"
            )
    return layers


def folded(layers: Sequence[Layer], constant_input: bool, where: str) -> tuple[FloatArray, ...]:
    """Return the matrices of ``layers`` without biases: refused, or carried by a constant input of 1.

    With ``constant_input`` every layer has one input more, the constant, and every layer but the last passes it on.
    """
    if not constant_input:
        for number, layer in enumerate(layers, start=1):
            if layer.bias.any():
                raise TaskError(
                    f"{where}: layer {number} has biases, up to {np.abs(layer.bias).max():.3g}; a passive mesh has "
                    "none. Train without (bias=False), or set task.constant_input = true: one more input carries a "
                    "constant 1, and biases ride on it"
                )
        return tuple(layer.matrix for layer in layers)
    matrices = [np.hstack([layer.matrix, layer.bias[:, np.newaxis]]) for layer in layers]
    passed_on = [
        np.vstack([matrix, np.append(np.zeros(matrix.shape[1] - 1), 1.0)]) for matrix in matrices[:-1]
    ]
    return (*passed_on, matrices[-1])


def _paired(arrays: Mapping[str, NDArray[Any]], where: str) -> tuple[Layer, ...]:
    """Return matrices with the bias of the same name, but for the word that says which of the two it is."""
    found = {name: check_numbers(array, f"{where}: array {name!r}") for name, array in arrays.items()}
    for name, array in found.items():
        if array.ndim not in {1, 2} or array.size == 0:
            raise TaskError(
                f"{where}: array {name!r} has shape {array.shape}; allowed: the matrices (outputs, inputs) "
                "and biases "
                "(outputs,) of fully connected layers"
            )
    matrices = {_stem(name): (name, array) for name, array in found.items() if array.ndim == 2}
    biases = {_stem(name): (name, array) for name, array in found.items() if array.ndim == 1}
    if len(matrices) + len(biases) < len(found):
        raise TaskError(
            f"{where}: two arrays are the same layer's by their names: {', '.join(found)}; allowed: W1, b1, ..."
        )
    if not matrices:
        raise TaskError(f"{where}: there is no matrix (outputs, inputs) among {', '.join(found)}")
    for stem, (name, bias) in biases.items():
        if stem not in matrices or matrices[stem][1].shape[0] != len(bias):
            raise TaskError(
                f"{where}: array {name!r} of shape {bias.shape} is the bias of no matrix; allowed: W1 with b1, or "
                "0.weight with 0.bias"
            )
    return tuple(
        Layer(matrix, biases[stem][1] if stem in biases else np.zeros(len(matrix)))
        for stem, (_, matrix) in matrices.items()
    )


def _stem(name: str) -> str:
    """Return ``name`` without what tells matrix and bias apart: "1" of W1 and b1, "fc." of fc.bias."""
    stem = re.sub(r"weights?|bias(es)?|kernel", "", name, flags=re.IGNORECASE)
    return re.sub(r"^[Wb](?=\d|_|$)", "", stem) if stem == name else stem


def _natural(name: str) -> list[tuple[int, int, str]]:
    return [
        (1, int(part), "") if part.isdigit() else (0, 0, part) for part in re.split(r"(\d+)", name) if part
    ]


def _state_dict(content: bytes, where: str) -> dict[str, NDArray[Any]]:
    import torch

    try:
        found = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises errors of many kinds upon what it does not like
        raise TaskError(
            f"{where}: this is no state_dict that loads without running code "
            f"({str(error).splitlines()[0][:80]}); save "
            "one with torch.save(model.state_dict(), path)"
        ) from error
    if not isinstance(found, Mapping) or not all(isinstance(each, torch.Tensor) for each in found.values()):
        raise TaskError(f"{where}: this is no state_dict; save one with torch.save(model.state_dict(), path)")
    return {str(name): tensor.detach().to(torch.float64).numpy() for name, tensor in found.items()}


def _of_graph(content: bytes, where: str) -> tuple[Layer, ...]:
    try:
        import onnx
        from onnx import numpy_helper
    except ImportError as error:
        raise TaskError(f"{where}: to read ONNX, install the extra: pip install 'lightloop[onnx]'") from error
    try:
        graph = onnx.load_model_from_string(content).graph
    except Exception as error:  # protobuf's own errors, which are of no public class
        raise TaskError(f"{where}: this is no ONNX model ({str(error)[:80]})") from error
    known: dict[str, FloatArray] = {}
    for tensor in graph.initializer:
        if tensor.data_location == onnx.TensorProto.EXTERNAL:
            raise TaskError(
                f"{where}: the tensor {tensor.name!r} lies in another file; allowed: all in one file"
            )
        known[tensor.name] = check_numbers(numpy_helper.to_array(tensor), f"{where}: tensor {tensor.name!r}")
    layers: list[Layer] = []
    signal = [each.name for each in graph.input if each.name not in known]
    if len(signal) != 1:
        raise TaskError(f"{where}: the graph has {len(signal)} inputs; allowed: 1")
    for node in graph.node:
        _follow(node, signal, known, layers, where)
    if not layers or [each.name for each in graph.output] != signal:
        raise TaskError(
            f"{where}: the graph is no chain of fully connected layers from its input to its output"
        )
    return tuple(layers)


def _follow(
    node: Any, signal: list[str], known: dict[str, FloatArray], layers: list[Layer], where: str
) -> None:
    """Let ``signal``, the name of what flows, pass ``node``; a layer in it is added to ``layers``."""
    name = f"{where}: node {node.name or node.output[0]!r} ({node.op_type})"
    if node.op_type == "Constant":
        from onnx import numpy_helper

        (value,) = (each.t for each in node.attribute if each.name == "value")
        known[node.output[0]] = check_numbers(np.atleast_1d(numpy_helper.to_array(value)), name)
        return
    if signal[0] not in node.input:
        raise TaskError(f"{name} is not in the chain; allowed: one layer behind the other")
    tensors = [known[each] for each in node.input if each in known]
    numbers = {each.name: each for each in node.attribute}
    if node.op_type == "Gemm":
        if any(numbers[key].f != 1.0 for key in ("alpha", "beta") if key in numbers) or _flag(
            numbers, "transA"
        ):
            raise TaskError(f"{name} scales or transposes its input; allowed: alpha = beta = 1, transA = 0")
        matrix = tensors[0] if _flag(numbers, "transB") else tensors[0].T
        bias = tensors[1].ravel() if len(tensors) > 1 else np.zeros(len(matrix))
        layers.append(Layer(np.ascontiguousarray(matrix), np.broadcast_to(bias, len(matrix)).copy()))
    elif node.op_type == "MatMul" and len(tensors) == 1 and node.input[0] == signal[0]:
        matrix = np.ascontiguousarray(tensors[0].T)
        layers.append(Layer(matrix, np.zeros(len(matrix))))
    elif node.op_type == "Add" and len(tensors) == 1 and layers:
        layers[-1] = layers[-1]._replace(bias=layers[-1].bias + tensors[0].ravel())
    elif node.op_type not in _PASSES:
        raise TaskError(
            f"{name} has no place on a chip; allowed: Gemm, MatMul, Add, and Relu or Clip between them"
        )
    signal[0] = node.output[0]


def _flag(numbers: Mapping[str, Any], key: str) -> bool:
    return key in numbers and bool(numbers[key].i)
