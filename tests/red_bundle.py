"""A bundle made inside a test: the redder a crop, the more it is a blast."""

import hashlib
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

SIDE_PX = 32
CARD = """\
format = 1
id = "{id}"
created = "2026-11-24"
domain = "{domain}"
summary = "a model made inside a test"
limits = ["of no medical use"]

[model_cpu]
name = "model.cpu.onnx"
sha256 = "{model_sha256}"

[network]
architecture = "mean of red"
precision = "fp32"
n_parameters = 0

[input]
side_px = 32
scale_um_per_px = 0.5
colour = "masked"
mean = [0.0, 0.0, 0.0]
std = [1.0, 1.0, 1.0]

[decision]
temperature = 1.0
normal_to = 0.4
blast_from = 0.6

[false_calls]
alpha = 1.0
beta = 99.0
n_people = 11

[true_calls]
alpha = 90.0
beta = 10.0
n_people = 28

[data]
source = "none"
licence = "none"
n_cells = 0
n_people = 0
split_sha256 = "none"
command = "none"

[metrics]
set = "none"
n_cells = 0
n_people = 0
weighted_f1 = 0.5
auroc = 0.5
sensitivity = 0.5
specificity = 0.5
ece = 0.5

[golden]
logit_tolerance = 0.001

[golden.file]
name = "golden.npz"
sha256 = "{golden_sha256}"
"""


def red_model(*, n_outputs: int = 2, gain: float = 8.0) -> bytes:
    """A model whose margin (blast - normal) is gain x mean red - 4."""
    weight = np.zeros((3, n_outputs), np.float32)
    weight[0, -1] = gain
    bias = np.zeros(n_outputs, np.float32)
    bias[-1] = -4.0
    nodes = [
        helper.make_node("GlobalAveragePool", ["input"], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["flat"]),
        helper.make_node("Gemm", ["flat", "w", "b"], ["logits"]),
    ]
    graph = helper.make_graph(
        nodes,
        "red",
        [
            helper.make_tensor_value_info(
                "input", TensorProto.FLOAT, ["n", 3, SIDE_PX, SIDE_PX]
            )
        ],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n", n_outputs])],
        [numpy_helper.from_array(weight, "w"), numpy_helper.from_array(bias, "b")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    onnx.checker.check_model(model)
    return model.SerializeToString()


def write_bundle(
    folder: Path,
    *,
    model: bytes | None = None,
    domain: str = "real",
    id_: str = "red-test",
) -> Path:
    """Write a small honest bundle: the redder the crop, the more a blast."""
    folder.mkdir(parents=True)
    model = model or red_model()
    (folder / "model.cpu.onnx").write_bytes(model)
    crops = np.zeros((2, SIDE_PX, SIDE_PX, 3), np.uint8)
    crops[1, ..., 0] = 255
    logits = np.array([[0, -4], [0, 4]], np.float32)
    np.savez(folder / "golden.npz", crops=crops, logits=logits)
    card = CARD.format(
        id=id_,
        domain=domain,
        model_sha256=hashlib.sha256(model).hexdigest(),
        golden_sha256=hashlib.sha256((folder / "golden.npz").read_bytes()).hexdigest(),
    )
    (folder / "card.toml").write_text(card)
    return folder
