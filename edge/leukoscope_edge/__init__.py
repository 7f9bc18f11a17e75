"""Leukoscope on the device: camera frames in, a screening result out.

This package is all that the wheel contains. It needs numpy, OpenCV and ONNX
Runtime, and it never contacts a network.
"""

__version__ = "0.1.0"
