"""Models: the bundle and its card, the engines, and the call on each cell.

Offers: backend, background, bundle, card, card_entries, card_evidence, classifier,
cpu_session, engine, explanation, nvidia.compiler, nvidia.gpu, nvidia.tensorrt,
onnx_policy, reference_cells, segmenter, segmenter_fallback, selftest.
"""
