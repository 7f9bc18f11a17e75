"""TensorRT at arm's length: compile, load, run in a child, and the driver's state."""

from typing import TYPE_CHECKING

from leukoscope_edge import load_on_use

if TYPE_CHECKING:
    from leukoscope_edge.inference.nvidia.compiler import INT8_FROM as INT8_FROM
    from leukoscope_edge.inference.nvidia.compiler import MODULES as MODULES
    from leukoscope_edge.inference.nvidia.compiler import SPOKEN as SPOKEN
    from leukoscope_edge.inference.nvidia.compiler import Form as Form
    from leukoscope_edge.inference.nvidia.compiler import build as build
    from leukoscope_edge.inference.nvidia.compiler import listener as listener
    from leukoscope_edge.inference.nvidia.gpu import has_driver as has_driver
    from leukoscope_edge.inference.nvidia.tensorrt import runtimes_here as runtimes_here
else:
    __getattr__, __all__ = load_on_use(__name__, __file__)
