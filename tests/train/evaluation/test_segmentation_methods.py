"""Every way of segmenting has its name, and finds a drawn nucleus."""

from pathlib import Path

import cv2
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from leukoscope_edge.inference import SHIPPED
from leukoscope_edge.types import CellKind
from leukoscope_train.data import CELL_NUCLEUS, WHITE_CELL
from leukoscope_train.evaluation.segmentation_methods import METHODS, method_of

SCALE_UM_PER_PX = 0.1
FIELD = np.full((240, 240, 3), (225, 215, 225), np.uint8)
cv2.circle(FIELD, (120, 120), 60, (205, 190, 220), cv2.FILLED)
cv2.circle(FIELD, (120, 120), 45, (110, 60, 140), cv2.FILLED)


LEVELS = np.array([0.9, 0.9, 0.6, 0.9], np.float32).reshape(4, 1, 1, 1)
"""Grey below which a pixel is of an object: a cell, twice; a nucleus; a doubt."""


def stand_in(folder: Path) -> Path:
    """Write a file with the ports of Mask R-CNN's; its masks are levels of grey."""
    constants = {
        "levels": LEVELS,
        "boxes": np.zeros((4, 4), np.float32),
        "labels": np.array([WHITE_CELL, WHITE_CELL, CELL_NUCLEUS, WHITE_CELL]),
        "scores": np.array([0.9, 0.8, 0.9, 0.4], np.float32),
    }
    nodes = [
        helper.make_node("ReduceMean", ["input"], ["grey"], axes=[0], keepdims=1),
        helper.make_node("Less", ["grey", "levels"], ["dark"]),
        helper.make_node("Cast", ["dark"], ["masks"], to=TensorProto.FLOAT),
    ]
    picture = helper.make_tensor_value_info("input", TensorProto.FLOAT, [3, "h", "w"])
    ports = [
        helper.make_tensor_value_info(name, kind, None)
        for name, kind in (
            ("boxes", TensorProto.FLOAT),
            ("labels", TensorProto.INT64),
            ("scores", TensorProto.FLOAT),
            ("masks", TensorProto.FLOAT),
        )
    ]
    graph = helper.make_graph(
        nodes,
        "levels",
        [picture],
        ports,
        [numpy_helper.from_array(v, k) for k, v in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    onnx.save(model, folder / "m.onnx")
    return folder / "m.onnx"


@pytest.mark.parametrize("name", METHODS)
def test_each_method_finds_the_nucleus(name: str, tmp_path: Path) -> None:
    network = SHIPPED / "unet-nuclei-1"
    find = method_of(name, stand_in(tmp_path) if name == "maskrcnn" else network)
    found = find(cv2.GaussianBlur(FIELD, (0, 0), 1.2), SCALE_UM_PER_PX)
    cells = [i for kind in (CellKind.WBC, CellKind.BORDER) for i in found.indices(kind)]
    assert cells
    assert found.nucleus_labels[120, 120] - 1 in cells


def test_a_name_that_is_none_is_refused() -> None:
    with pytest.raises(KeyError):
        method_of("guess", Path())


def test_of_mask_rcnn_the_sure_objects_count_once_and_a_cut_cell_is_known(
    tmp_path: Path,
) -> None:
    find = method_of("maskrcnn", stand_in(tmp_path))
    found = find(FIELD, SCALE_UM_PER_PX)
    assert found.kinds == (CellKind.WBC,)  # twice the same, and one in doubt
    assert found.centres_px[0] == pytest.approx((120, 120), abs=1)
    assert found.boxes_px[0] == pytest.approx((60, 60, 181, 181), abs=2)
    assert found.nucleus_labels.max() == 1
    assert find(FIELD[:, 80:], SCALE_UM_PER_PX).kinds == (CellKind.BORDER,)
    blank = find(np.full_like(FIELD, 235), SCALE_UM_PER_PX)
    assert blank.kinds == ()
