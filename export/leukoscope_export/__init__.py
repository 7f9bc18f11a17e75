"""Workstation: ONNX, quantisation, parity and bundles."""

import leukoscope_edge  # noqa: F401 - silences ONNX Runtime before it is imported
