"""Measure how often a slide of two magnifications is noticed, and how often one is not.

    python tools/evaluate_mixed_scales.py DATA [SET...] [--every N] [--json]

Each set is seen at its own scale, through an objective twice as strong (the middle
quarter of a picture, twice as large) and one half as strong (four pictures in one, half
as large), all of the same size in pixels. Of each: how many pictures can tell their
scale, and how many contradict the one that the device says of the set. Then 100 folders
of 40 pictures are drawn, with none, a quarter and half of them at the other scale, and
those are counted whose calls and negative would not stand (`vision.scale.are_mixed`).

Keys of `--json`: `set`, `um_per_px`, `alone` (a magnification: pictures, that tell,
that contradict), `folders` (a magnification and share: noticed of 100).
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from leukoscope_edge.arrays import U8
from leukoscope_edge.errors import LeukoscopeError
from leukoscope_edge.vision.scale import (
    FrameScale,
    are_mixed,
    estimate_source_scale,
    measure_sizes,
    n_contradicting,
    scale_of_frame,
)
from leukoscope_train.data import as_taken
from leukoscope_train.evaluation import picture, pictures_of, whole_number

EVERY = {
    "wbc-fields": 3,
    "wbc-crops-120": 4,
    "wbc-crops-300": 1,
    "pbc": 140,
    "marrow": 36,
    "taleqani": 7,
}
"""Of each set each n-th picture, unless one says otherwise."""
N_FOLDERS, N_PICTURES, SHARES = 100, 40, (0.25, 0.5)
Said = list[FrameScale | None]


def main(arguments: list[str] | None = None) -> int:
    """Run the program; return its exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("data", type=Path, help="holds a folder for each set")
    parser.add_argument("sets", nargs="*", default=list(EVERY))
    parser.add_argument("--every", type=whole_number, help="each n-th picture")
    parser.add_argument("--json", action="store_true", help="one array on stdout")
    options = parser.parse_args(arguments)
    cv2.setNumThreads(1)
    rows = []
    try:
        for name in options.sets:
            every = options.every or EVERY.get(name, 1)
            rows.append(measured(name, shown(options.data / name, every)))
    except (OSError, LeukoscopeError) as err:
        print(f"evaluate_mixed_scales: {err}", file=sys.stderr)
        return 1
    print(json.dumps(rows, indent=1) if options.json else "\n".join(map(_line, rows)))
    return 0


def shown(folder: Path, every: int) -> list[U8]:
    """Return pictures of a set, Taleqani's stretched to 4:3."""
    paths = pictures_of(folder)[::every]
    return [as_taken(picture(path), folder.name) for path in paths]


def measured(name: str, pictures: list[U8]) -> dict[str, Any]:
    """Return what a set says, and what mixtures of it do."""
    n = len(pictures)
    sizes = [measure_sizes(p) for p in pictures]
    um_per_px = estimate_source_scale(sizes).um_per_px
    if um_per_px is None:
        raise LeukoscopeError(f"{name}: its cells say no scale")
    said: dict[str, Said] = {
        "1": [scale_of_frame(s) for s in sizes],
        "2": [scale_of_frame(measure_sizes(twice(p))) for p in pictures],
        "0.5": [
            scale_of_frame(
                measure_sizes(half([pictures[(i + k) % n] for k in range(4)]))
            )
            for i in range(n)
        ],
    }
    alone = {}
    for at, own in said.items():
        k, n_telling = n_contradicting(filter(None, own), um_per_px)
        alone[at] = [len(own), n_telling, k]
    random = np.random.default_rng(0)
    folders = {"1": noticed(said["1"], [], 0.0, um_per_px, random)}
    for at in ("2", "0.5"):
        for share in SHARES:
            found = noticed(said["1"], said[at], share, um_per_px, random)
            folders[f"{at}, {share}"] = found
    return {"set": name, "um_per_px": um_per_px, "alone": alone, "folders": folders}


def twice(pixels: U8) -> U8:
    """Return a picture as an objective twice as strong shows its middle."""
    height, width = pixels.shape[:2]
    y, x = height // 4, width // 4
    part = np.ascontiguousarray(pixels[y : y + height // 2, x : x + width // 2])
    way = cv2.INTER_CUBIC
    return np.asarray(cv2.resize(part, (width, height), interpolation=way), np.uint8)


def half(pictures: Sequence[U8]) -> U8:
    """Return four pictures in one, as an objective half as strong shows them."""
    height, width = pictures[0].shape[:2]
    size = width // 2, height // 2
    small = [cv2.resize(p, size, interpolation=cv2.INTER_AREA) for p in pictures]
    return np.vstack([np.hstack(small[:2]), np.hstack(small[2:])])


def noticed(
    plain: Said,
    other: Said,
    share: float,
    um_per_px: float,
    random: np.random.Generator,
) -> int:
    """Return how many folders are seen to be mixed, of N_FOLDERS drawn by chance."""
    n = min(N_PICTURES, len(plain))
    n_other, found = int(n * share), 0
    for _ in range(N_FOLDERS):
        chosen = random.choice(len(plain), n, replace=False)
        mixture = [plain[i] for i in chosen[n_other:]]
        mixture += [other[i] for i in chosen[:n_other]]
        found += are_mixed([s for s in mixture if s], um_per_px)
    return found


def _line(row: dict[str, Any]) -> str:
    alone = "; ".join(
        f"{at}x: {k} of {telling} that tell, of {n}"
        for at, (n, telling, k) in row["alone"].items()
    )
    folders = ", ".join(f"{at}: {found}" for at, found in row["folders"].items())
    return (
        f"{row['set']} at {row['um_per_px']:.3f}: contradict {alone}\n"
        f"  folders noticed of {N_FOLDERS}: {folders}"
    )


if __name__ == "__main__":
    sys.exit(main())
