"""Each int8 file has the form that its runtime needs."""

import onnx
import pytest
from tests.export.graphs.small_networks import CROPS, network_of
from tests.export.spec import SIDE_PX, SPEC

from leukoscope_export.graphs import Files, graph_rules, onnx_bytes, quantise_graph
from leukoscope_train.errors import DataError


def test_both_files_have_their_runtimes_form_and_are_admitted(files: Files) -> None:
    trt, cpu = (onnx.load_from_string(m) for m in (files.trt, files.cpu))
    assert graph_rules.broken_trt(trt) == []
    assert graph_rules.broken_cpu(cpu) == []
    assert len(files.cpu) < 0.6 * len(files.fp32) + 20_000


def test_each_file_breaks_the_rules_of_the_other(files: Files) -> None:
    trt, cpu = (onnx.load_from_string(m) for m in (files.trt, files.cpu))
    assert graph_rules.broken_trt(cpu)
    assert graph_rules.broken_cpu(trt)
    with pytest.raises(DataError, match="int8 files are wrong"):
        graph_rules.refuse_broken(cpu, trt)


def test_a_file_that_is_mostly_in_float_is_no_int8_file() -> None:
    fp32 = onnx_bytes(network_of("cnn"), SIDE_PX)
    with pytest.raises(DataError, match="4 of 5 layers are in float"):
        quantise_graph(fp32, CROPS, SPEC, float_first=4)
