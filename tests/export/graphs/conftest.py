import pytest
from tests.export.graphs.small_networks import CROPS, network_of
from tests.export.spec import SIDE_PX, SPEC

from leukoscope_export.graphs.fp32_graph import onnx_bytes
from leukoscope_export.graphs.quantise import Files, quantise


@pytest.fixture(
    scope="session", params=["residual", "alexnet-tiny", "cnn", "alexnet-kind-first"]
)
def files(request: pytest.FixtureRequest) -> Files:
    """A small network's files, quantised once for all tests."""
    return quantise(onnx_bytes(network_of(request.param), SIDE_PX), CROPS, SPEC)
