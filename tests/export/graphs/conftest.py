from functools import cache

import pytest
from tests.export.graphs.small_networks import CROPS, network_of
from tests.export.spec import SIDE_PX, SPEC

from leukoscope_export.graphs import Files, onnx_bytes, quantise_graph


@cache
def quantised(name: str) -> Files:
    """A small network's files, made once a process in whatever order tests run."""
    return quantise_graph(onnx_bytes(network_of(name), SIDE_PX), CROPS, SPEC)


@pytest.fixture(params=["residual", "alexnet-tiny", "cnn", "alexnet-kind-first"])
def files(request: pytest.FixtureRequest) -> Files:
    return quantised(request.param)
