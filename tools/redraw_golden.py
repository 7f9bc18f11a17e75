"""Draw a bundle's stored cells again and store its own answers; its models stay.

    python tools/redraw_golden.py BUNDLE [--without 14]

For a bundle whose stored cells were drawn by an earlier `leukoscope_export.golden`, or
of which one lies on the edge of two int8 steps: processors may round it either way, and
it tests none of them (`tools/same_answers.py`). A signed bundle is made anew instead.
"""

import argparse
import hashlib
from pathlib import Path

import numpy as np

from leukoscope_edge.arrays import F32, F64, U8
from leukoscope_edge.inference import open_bundle, open_engine, p_blast, self_test
from leukoscope_export.golden import golden_bytes, golden_cells
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

    def answers(file: str, crops: U8) -> F32:
        return run_onnx((folder / file).read_bytes(), crops, card.input)[0]

    def p_blast_of(crops: U8) -> F64:
        return p_blast(answers(card.model_cpu.name, crops), card.decision.temperature)

    crops = golden_cells(card.domain, card.input.crop_spec, p_blast_of)
    crops = np.delete(crops, options.without, axis=0)
    files = {"logits": card.model_cpu.name}
    if card.quick is not None:
        files["quick_logits"] = card.quick.model_cpu.name
    stored = {name: answers(file, crops) for name, file in files.items()}
    data = golden_bytes(crops, stored)
    text = (folder / "card.toml").read_text("utf-8")
    old, new = card.golden.file.sha256, hashlib.sha256(data).hexdigest()
    (folder / card.golden.file.name).write_bytes(data)
    (folder / "card.toml").write_text(text.replace(old, new), encoding="utf-8")
    with open_engine(bundle := open_bundle(folder), backend="cpu") as engine:
        worst = self_test(engine, bundle)
    likely = np.round(p_blast_of(crops), 2).tolist()
    print(f"{len(crops)} cells, {len(data)} bytes, p {likely}")
    print(f"largest difference of a logit: {worst:.2g}")


if __name__ == "__main__":
    main()
