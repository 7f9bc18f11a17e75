"""ONNX graphs: exported, scaled, rewritten and checked for each runtime."""
