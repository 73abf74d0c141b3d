"""Trained weights: the same network out of NumPy's, torch's and ONNX's files, and what has no place on a chip."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from emulator.errors import TaskError
from emulator.streams import stream
from experiments.models.weights import Layer, folded, read_weights

RNG = stream(0, "tests/weights")
W1, W2, B1 = RNG.normal(size=(4, 3)), RNG.normal(size=(2, 4)), RNG.normal(size=4)


def npz(**arrays: Any) -> tuple[Layer, ...]:
    content = io.BytesIO()
    np.savez(content, **arrays)
    return read_weights(Path("w.npz"), content.getvalue())


def test_an_npz_gives_its_matrices_in_natural_order_of_their_names() -> None:
    layers = npz(W10=np.ones((1, 2)), W2=W2, W1=W1, b1=B1)
    assert [layer.matrix.shape for layer in layers] == [(4, 3), (2, 4), (1, 2)]
    np.testing.assert_array_equal(layers[0].bias, B1)
    assert not layers[1].bias.any()


def test_a_state_dict_is_read_without_running_code(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.ReLU(), torch.nn.Linear(4, 2, bias=False))
    torch.save(model.state_dict(), tmp_path / "w.pt")
    layers = read_weights(tmp_path / "w.pt", (tmp_path / "w.pt").read_bytes())
    np.testing.assert_array_equal(layers[0].matrix, model[0].weight.detach().double().numpy())
    np.testing.assert_array_equal(layers[0].bias, model[0].bias.detach().double().numpy())
    torch.save(model, tmp_path / "whole.pt")
    with pytest.raises(TaskError, match=r"save one with torch.save\(model.state_dict\(\), path\)"):
        read_weights(tmp_path / "whole.pt", (tmp_path / "whole.pt").read_bytes())
    torch.save(torch.nn.Conv2d(1, 1, 3).state_dict(), tmp_path / "conv.pt")
    with pytest.raises(TaskError, match=r"'weight' has shape \(1, 1, 3, 3\)"):
        read_weights(tmp_path / "conv.pt", (tmp_path / "conv.pt").read_bytes())


def graph(*nodes: Any, **tensors: Any) -> bytes:
    onnx = pytest.importorskip("onnx")
    h = onnx.helper
    info = [h.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None) for name in ("x", "y")]
    held = [onnx.numpy_helper.from_array(array.astype(np.float32), name) for name, array in tensors.items()]
    made = [h.make_node(op, takes, [gives], **more) for op, takes, gives, more in nodes]
    content: bytes = h.make_model(h.make_graph(made, "g", info[:1], info[1:], held)).SerializeToString()
    return content


def test_an_onnx_chain_of_gemm_and_matmul_is_read() -> None:
    content = graph(
        ("Gemm", ["x", "A", "b"], "h", {"transB": 1}), ("Relu", ["h"], "r", {}), ("MatMul", ["r", "B"], "y", {}),
        A=W1, b=B1, B=W2.T,
    )  # fmt: skip
    layers = read_weights(Path("w.onnx"), content)
    np.testing.assert_allclose(layers[0].matrix, W1, rtol=1e-6)
    np.testing.assert_allclose(layers[0].bias, B1, rtol=1e-6)
    np.testing.assert_allclose(layers[1].matrix, W2, rtol=1e-6)


@pytest.mark.parametrize("kind", ["Tanh", "Softmax"])
def test_a_node_that_no_chip_has_is_named(kind: str) -> None:
    content = graph(("MatMul", ["x", "A"], "h", {}), (kind, ["h"], "y", {}), A=W1.T)
    with pytest.raises(TaskError, match=rf"node 'y' \({kind}\) has no place on a chip; allowed: Gemm"):
        read_weights(Path("w.onnx"), content)


def test_matrices_that_do_not_follow_each_other_are_refused() -> None:
    with pytest.raises(TaskError, match="layer 1 has 3 outputs and layer 2 takes 4 inputs"):
        npz(W1=W1.T, W2=W2)
    with pytest.raises(TaskError, match=r"'b7'.*is the bias of no matrix"):
        npz(W1=W1, b7=B1)


def test_biases_are_refused_or_ride_on_a_constant_input() -> None:
    layers = npz(W1=W1, W2=W2, b1=B1, b2=np.array([1.0, -2.0]))
    with pytest.raises(TaskError, match=r"layer 1 has biases.*task.constant_input = true"):
        folded(layers, constant_input=False, where="w")
    first, last = folded(layers, constant_input=True, where="w")
    x = RNG.random((5, 3))
    with_one = np.hstack([x, np.ones((5, 1))])
    wanted = np.maximum(x @ W1.T + B1, 0) @ W2.T + [1.0, -2.0]
    np.testing.assert_allclose(np.maximum(with_one @ first.T, 0) @ last.T, wanted, atol=1e-12)
