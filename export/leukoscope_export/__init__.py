"""Workstation: ONNX, quantisation, parity and bundles."""
