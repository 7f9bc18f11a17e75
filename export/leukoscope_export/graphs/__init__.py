"""ONNX graphs: exported, scaled, rewritten and checked for each runtime.

Offers the fp32 graph (`onnx_bytes`), both int8 files of it (`quantise_graph`), better
biases, fine-tuning as int8, and a distance to what it was taught.
"""

from typing import TYPE_CHECKING

from leukoscope_edge import load_on_use

if TYPE_CHECKING:
    from leukoscope_export.graphs.bias import correct_biases as correct_biases
    from leukoscope_export.graphs.bias import weighted as weighted
    from leukoscope_export.graphs.fp32_graph import OPSET as OPSET
    from leukoscope_export.graphs.fp32_graph import onnx_bytes as onnx_bytes
    from leukoscope_export.graphs.fp32_graph import (
        refuse_other_answers as refuse_other_answers,
    )
    from leukoscope_export.graphs.fp32_graph import torch_outputs as torch_outputs
    from leukoscope_export.graphs.graph_rules import FLOAT as FLOAT
    from leukoscope_export.graphs.onnx_graph import Graph as Graph
    from leukoscope_export.graphs.outlier_head import pooled_features as pooled_features
    from leukoscope_export.graphs.outlier_head import pooled_name as pooled_name
    from leukoscope_export.graphs.outlier_head import with_distance as with_distance
    from leukoscope_export.graphs.qat import QatPlan as QatPlan
    from leukoscope_export.graphs.qat import fine_tune as fine_tune
    from leukoscope_export.graphs.quantise import Files as Files
    from leukoscope_export.graphs.quantise import quantise_graph as quantise_graph
    from leukoscope_export.graphs.quantise import run_onnx as run_onnx
    from leukoscope_export.graphs.quantise import with_half as with_half
    from leukoscope_export.graphs.scales import METHODS as METHODS
    from leukoscope_export.graphs.scales import Method as Method
    from leukoscope_export.graphs.scales import save_scales as save_scales
else:
    __getattr__, __all__ = load_on_use(__name__, __file__)
