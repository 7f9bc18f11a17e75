"""Heads fitted anew to the features that the int8 network sees.

Where a run learned nothing but its heads, int8 need not imitate the float features:
the heads are fitted to what the device's own file makes of the same training cells. A
fold's heads see no cell of the people they will judge, so that the out-of-fold figures
are those of this very procedure.
"""

import numpy as np
import onnx

from leukoscope_edge.inference.card import InputEntry
from leukoscope_edge.types import F64, U8
from leukoscope_export.quantise import run_onnx
from leukoscope_export.surgery import Graph
from leukoscope_train.cells import CropSet
from leukoscope_train.heads import fit_heads
from leukoscope_train.networks import Pooled
from leukoscope_train.plan import FitPlan
from leukoscope_train.sampling import kept_crops


def refit_heads(
    network: Pooled, model: bytes, cells: CropSet, plan: FitPlan, spec: InputEntry
) -> None:
    """Replace a network's heads by those that suit its int8 file.

    Args:
        network: Whose heads they become.
        model: Its int8 file for the CPU.
        cells: The cells that the heads were learned from.
        plan: How they are drawn.
        spec: The card's input entry.
    """
    fit_heads(network, features_of(model, kept_crops(cells, plan), spec), cells, plan)


def features_of(model: bytes, crops: U8, spec: InputEntry) -> F64:
    """Return (N, C) what the dense layers of an ONNX file read.

    Args:
        model: The file.
        crops: (N, side, side, 3) uint8 RGB.
        spec: The card's input entry.
    """
    whole = onnx.load_from_string(model)
    seen = next(n.input[0] for n in Graph(whole).nodes if n.op_type == "Gemm")
    del whole.graph.output[:]
    whole.graph.output.append(onnx.helper.make_empty_tensor_value_info(seen))
    return np.asarray(run_onnx(whole.SerializeToString(), crops, spec)[0], np.float64)
