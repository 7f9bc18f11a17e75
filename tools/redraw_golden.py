"""Draw a bundle's stored cells again and store its own answers; its model stays.

    python tools/redraw_golden.py BUNDLE [--without 14]

For a bundle whose stored cells were drawn by an earlier `leukoscope_export.golden`, or
of which one lies on the edge of two int8 steps: processors may round it either way, and
it tests none of them (`tools/same_answers.py`). A bundle of two networks, or a signed
one, is made anew instead.
"""

import argparse
import hashlib
import io
from pathlib import Path

import numpy as np

from leukoscope_edge.inference import OnnxCpuEngine, open_bundle, p_blast, self_test
from leukoscope_export.golden import golden_cells
from leukoscope_export.graphs import run_onnx


def main() -> None:
    """Read the options and redraw."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("bundle", type=Path)
    parser.add_argument(
        "--without", type=int, nargs="+", default=[], help="cells to leave out, from 0"
    )
    options = parser.parse_args()
    folder = options.bundle
    card = open_bundle(folder).card
    if card.quick is not None:
        parser.error(f"{card.id} has two networks: make the bundle anew")
    crops = golden_cells(card.domain, card.input.crop_spec)
    crops = np.delete(crops, options.without, axis=0)
    model = (folder / card.model_cpu.name).read_bytes()
    logits = run_onnx(model, crops, card.input)[0]
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, crops=crops, logits=logits)
    text = (folder / "card.toml").read_text("utf-8")
    old, new = card.golden.file.sha256, hashlib.sha256(buffer.getvalue()).hexdigest()
    (folder / card.golden.file.name).write_bytes(buffer.getvalue())
    (folder / "card.toml").write_text(text.replace(old, new), encoding="utf-8")
    with OnnxCpuEngine(bundle := open_bundle(folder)) as engine:
        worst = self_test(engine, bundle)
    likely = np.round(p_blast(logits, card.decision.temperature), 2).tolist()
    print(f"{len(crops)} cells, {len(buffer.getvalue())} bytes, p {likely}")
    print(f"largest difference of a logit: {worst:.2g}")


if __name__ == "__main__":
    main()
