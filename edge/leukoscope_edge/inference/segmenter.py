"""A learned segmenter on ONNX Runtime."""

INPUT_UM_PER_PX = 0.2
CELL, NUCLEUS = 1, 2
