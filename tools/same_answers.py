"""Does this processor give the answers that the exporter's gave?

    python tools/same_answers.py [BUNDLE...] [--json]
    qemu-x86_64 -cpu Haswell python tools/same_answers.py
    qemu-aarch64 -cpu cortex-a72 python3 tools/same_answers.py

Runs every bundle's stored cells twice: as ONNX Runtime would by itself, and asked for
sums that do not saturate. Which of the two the device takes is decided by the
processor's own flags (`leukoscope_edge.inference.cpu_session.session_entries`). An
emulator of user programs (qemu-user) shows processors that are not at hand: slow, but
exact.

Columns: the largest difference of a logit from the stored answers, both ways, and what
the card allows.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

from leukoscope_edge.inference import (
    CPU_PROVIDER,
    INPUT_NAME,
    LOGITS_NAME,
    Bundle,
    open_bundle,
    prepare,
    shipped_bundles,
)

UNSATURATED = "session.x64quantprecision"


def main() -> None:
    """Print one row a bundle."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("bundles", type=Path, nargs="*", help="default: the shipped")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    folders = options.bundles or list(shipped_bundles().values())
    rows = [row(open_bundle(folder)) for folder in folders]
    if options.json:
        print(json.dumps(rows, indent=1))
        return
    print(f"onnxruntime {onnxruntime.__version__}")
    for found in rows:
        print("  ".join(f"{name} {value}" for name, value in found.items()))


def row(bundle: Bundle) -> dict[str, Any]:
    """Return how far the stored answers of a bundle's networks move here."""
    networks = [bundle] if bundle.quick is None else [bundle, bundle.quick]
    return {
        "bundle": bundle.card.id,
        "by_itself": max(difference(n, "0") for n in networks),
        "unsaturated": max(difference(n, "1") for n in networks),
        "allowed": bundle.card.golden.logit_tolerance,
    }


def difference(bundle: Bundle, unsaturated: str) -> float:
    """Return the largest difference of a network's logit from its stored answers."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.add_session_config_entry(UNSATURATED, unsaturated)
    session = onnxruntime.InferenceSession(
        bundle.model, options, providers=[CPU_PROVIDER]
    )
    ready = prepare(bundle.golden.crops, bundle.card.input)
    logits = session.run([LOGITS_NAME], {INPUT_NAME: ready})[0]
    return float(np.abs(logits - bundle.golden.logits).max())


if __name__ == "__main__":
    main()
