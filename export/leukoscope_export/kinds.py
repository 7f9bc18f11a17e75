"""The two numbers that the device calls by, put before the logits of kinds.

A network of kinds answers with a logit for each. The blast's logit and the log-sum-exp
of all others are joined before them in float32, so that every backend answers alike
and all that reads two logits goes on to do so: their difference is the log odds of
blast against everything else.
"""

from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from leukoscope_edge.inference import LOGITS_NAME, onnx_policy
from leukoscope_export.graphs import FLOAT, Graph
from leukoscope_train.errors import DataError

OF_KINDS = "logits.kinds"
"""The old output."""
N_PARTS = 2


def with_two_logits(model: bytes) -> bytes:
    """Return a model that answers (N, 2 + K) of one that answers (N, K).

    Args:
        model: An ONNX file whose first logit is the blast's.

    Raises:
        DataError: It does not tell at least two kinds.
        BundleError: The device would not admit the file.
    """
    whole = onnx.load_from_string(model)
    graph = whole.graph
    output = next(port for port in graph.output if port.name == LOGITS_NAME)
    rows, columns = output.type.tensor_type.shape.dim
    n_kinds = columns.dim_value
    if n_kinds < N_PARTS:
        raise DataError(f"the model answers with {n_kinds} logits, expected kinds")
    for node in graph.node:
        for names in (node.input, node.output):
            for i, name in enumerate(names):
                if name == LOGITS_NAME:
                    names[i] = OF_KINDS
    for name, value in _constants(n_kinds).items():
        graph.initializer.append(numpy_helper.from_array(value, f"{FLOAT}{name}"))
    graph.node.extend(_steps())
    shape = [rows.dim_param or "n", n_kinds + N_PARTS]
    output.CopyFrom(
        helper.make_tensor_value_info(LOGITS_NAME, TensorProto.FLOAT, shape)
    )
    data = bytes(logits_alone(whole).SerializeToString())
    onnx_policy.check(data, where="the model with its kinds")
    return data


def logits_alone(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return a model without other outputs, as the map, which no device asks for.

    A GPU would compute it for every cell, in float.
    """
    kept = onnx.ValueInfoProto()
    kept.CopyFrom(next(p for p in model.graph.output if p.name == LOGITS_NAME))
    del model.graph.output[:]
    model.graph.output.append(kept)
    return Graph(model).finish()


def _constants(n_kinds: int) -> dict[str, np.ndarray[Any, np.dtype[np.int64]]]:
    return {
        "kind_axis": np.array([1], np.int64),
        "first_kind": np.array([0], np.int64),
        "second_kind": np.array([1], np.int64),
        "end_of_kinds": np.array([n_kinds], np.int64),
    }


def _steps() -> list[onnx.NodeProto]:
    def named(*names: str) -> list[str]:
        return [n if n in (OF_KINDS, LOGITS_NAME) else f"{FLOAT}{n}" for n in names]

    blast = named(OF_KINDS, "first_kind", "second_kind", "kind_axis")
    others = named(OF_KINDS, "second_kind", "end_of_kinds", "kind_axis")
    joined = named("any_other", "blast_logit", OF_KINDS)
    return [
        helper.make_node("Slice", blast, named("blast_logit")),
        helper.make_node("Slice", others, named("other_logits")),
        helper.make_node(
            "ReduceLogSumExp",
            named("other_logits", "kind_axis"),
            named("any_other"),
            keepdims=1,
        ),
        helper.make_node("Concat", joined, named(LOGITS_NAME), axis=1),
    ]
