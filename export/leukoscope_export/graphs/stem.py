"""The first convolution in a form for which the CPU has a fast int8 kernel.

A convolution that takes three channels with stride 2 has to gather its pixels one by
one; one that takes twelve with stride 1 reads them in rows. Both are the same sum: the
picture's 2 x 2 blocks become channels (SpaceToDepth), and the kernel is cut along the
same blocks, filled up with zeros. The answers stay the same to the last bit.
"""

import numpy as np
import onnx
from onnx import helper

from leukoscope_export.graphs.onnx_graph import Array, Graph

BLOCK = 2
"""The stride that is unfolded, and the side of a block."""
MIN_KERNEL = 5
"""Smaller kernels would grow by more than they gain."""


def unfold_stem(graph: Graph) -> None:
    """Rewrite the convolution that reads the quantised crops, where it is of the kind.

    Args:
        graph: The CPU's graph, with its pairs in place: crops, Q, DQ, Conv.
    """
    maker = {node.output[0]: node for node in graph.nodes}
    for conv in [node for node in graph.nodes if node.op_type == "Conv"]:
        dequantise = maker.get(conv.input[0])
        quantise = maker.get(dequantise.input[0]) if dequantise is not None else None
        if quantise is None or quantise.input[0] not in graph.inputs:
            continue
        crops, weights = quantise.input[0], maker[conv.input[1]].input[0]
        if _is_unfoldable(conv, graph.side_px(crops), graph.arrays[weights]):
            graph.arrays[weights] = _unfold(conv, graph.arrays[weights])
            quantise.input[0] = graph.add_node(
                "SpaceToDepth", [crops], f"{crops}.blocks", blocksize=BLOCK
            )


def _is_unfoldable(conv: onnx.NodeProto, side_px: int, weights: Array) -> bool:
    """Say whether a convolution halves the picture and pads it alike on all sides."""
    found = {a.name: helper.get_attribute_value(a) for a in conv.attribute}
    side = weights.shape[2]
    return (
        side_px % BLOCK == 0
        and weights.shape[3] == side >= MIN_KERNEL
        and side % 2 == 1
        and found.get("strides") == [BLOCK, BLOCK]
        and found.get("pads") == [side // 2] * 4
        and set(found.get("dilations", [1])) == {1}
        and found.get("group", 1) == 1
    )


def _unfold(conv: onnx.NodeProto, weights: Array) -> Array:
    """Give a convolution its new strides and pads, and return its new weights.

    The output at o reads the rows from BLOCK o - side // 2 on, which lie in the blocks
    from o - before to o + after.
    """
    n_out, n_in, side, _ = weights.shape
    before, after = -(-(side // 2) // BLOCK), side // 2 // BLOCK
    n_blocks = before + after + 1
    first = BLOCK * before - side // 2
    inside = slice(first, first + side)
    filled = np.zeros((n_out, n_in, *[BLOCK * n_blocks] * 2), weights.dtype)
    filled[:, :, inside, inside] = weights
    parts = filled.reshape(n_out, n_in, n_blocks, BLOCK, n_blocks, BLOCK)
    settings = {
        "kernel_shape": [n_blocks, n_blocks],
        "strides": [1, 1],
        "pads": [before, before, after, after],
    }
    kept = [a for a in conv.attribute if a.name not in settings]
    del conv.attribute[:]
    conv.attribute.extend(kept)
    conv.attribute.extend(helper.make_attribute(k, v) for k, v in settings.items())
    as_channels = parts.transpose(0, 3, 5, 1, 2, 4)  # SpaceToDepth's own order
    return as_channels.reshape(n_out, BLOCK**2 * n_in, n_blocks, n_blocks)
