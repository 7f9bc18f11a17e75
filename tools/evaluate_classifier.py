"""Measure a bundle on single cells with truth.

    python tools/evaluate_classifier.py DATA [--bundle DIR] [--split NAME] [--json]

DATA is a folder in the shape of the C-NMC share (`cells.csv`, `images/`: cells cut
out on black) or one with a folder per class, whose images may show whole fields; the
device's own segmentation then finds the cells, and each takes its folder's class.

Three models stand in the table: the bundle, "always ALL", and "size only" (cell
diameter alone, a known shortcut). Sensitivity, specificity and weighted F1 call a
blast at a calibrated probability of 0.5, so that they compare with what others
report; `unclear`, `false_blast` and `false_normal` are at the card's operating points.
Intervals are at 95 %, by resampling people; they are absent where people are unknown.
"""

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from leukoscope_edge.errors import LeukoscopeError
from leukoscope_edge.inference.bundle import open_bundle, shipped_bundle_for
from leukoscope_edge.inference.card import Card, DecisionEntry
from leukoscope_edge.inference.classifier import BATCH_SIZE, p_blast
from leukoscope_edge.inference.engine import OnnxCpuEngine
from leukoscope_edge.types import F64
from leukoscope_edge.vision.crop import CropSpec
from leukoscope_train import metrics
from leukoscope_train.cells import (
    BLAST,
    I64,
    NORMAL,
    CellFile,
    CropSet,
    DataError,
    crop_cells,
    cut_out_crop,
    read_class_folders,
    read_cnmc,
)
from leukoscope_train.fields import crops_of_fields

CLASSES = {
    "hem": NORMAL,
    "normal": NORMAL,
    "healthy": NORMAL,
    "Benign": NORMAL,
    "lymphocyte": NORMAL,
    "neutrophil": NORMAL,
    "monocyte": NORMAL,
    "eosinophil": NORMAL,
    "basophil": NORMAL,
    "all": BLAST,
    "blast": BLAST,
    "Early": BLAST,
    "Pre": BLAST,
    "Pro": BLAST,
}
"""Truth by the name of a class folder (C-NMC, PBC, Taleqani); others are left out."""
SIZE_MIDDLE_UM = 11.95
SIZE_SLOPE_PER_UM = 0.893
"""Logistic regression of the class on the diameter over C-NMC `train`, each person
counting alike: `python -m leukoscope_train scale`."""
FIGURES = ("weighted_f1", "auroc", "sensitivity", "specificity", "ece")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One model on one set."""

    model: str
    set: str
    n_cells: int
    n_subjects: int
    weighted_f1: float
    auroc: float
    sensitivity: float
    specificity: float
    ece: float
    intervals: dict[str, tuple[float, float]]
    unclear: float | None = None
    false_blast: float | None = None
    false_normal: float | None = None


def main(arguments: list[str] | None = None) -> int:
    """Run the program; return its exit status."""
    options = _parse(arguments)
    try:
        rows = evaluate(options.data, options.bundle, options.split, options.limit)
    except (DataError, LeukoscopeError) as err:
        print(f"evaluate_classifier: {err}", file=sys.stderr)
        return 1
    print(_as_json(rows) if options.json else _as_table(rows))
    return 0


def evaluate(
    data: Path, bundle_folder: Path | None, split: str | None, limit: int
) -> list[Row]:
    """Return the rows of a bundle and the baselines on one set."""
    bundle = open_bundle(bundle_folder or shipped_bundle_for("real"))
    crops = _read(data, split, bundle.card, limit)
    with OnnxCpuEngine(bundle) as engine:
        parts = [
            engine.run(crops.pixels[start : start + BATCH_SIZE])
            for start in range(0, len(crops), BATCH_SIZE)
        ]
    p = p_blast(np.concatenate(parts), bundle.card.decision.temperature)
    name = data.resolve().name + (f" {split}" if split else "")
    diameter_um = 2 * np.sqrt(crops.areas_um2 / np.pi)
    size = 1 / (1 + np.exp(-SIZE_SLOPE_PER_UM * (diameter_um - SIZE_MIDDLE_UM)))
    return [
        row_for(bundle.card.id, name, crops, p, bundle.card.decision),
        row_for("size only", name, crops, size, None),
        row_for("always ALL", name, crops, np.ones(len(crops)), None),
    ]


def row_for(
    model: str, name: str, crops: CropSet, p: F64, decision: DecisionEntry | None
) -> Row:
    """Return the figures of one model's probabilities."""
    labels, people = crops.labels, crops.people
    values = {f: _figure(f, labels, p)(np.arange(len(p))) for f in FIGURES}
    row = Row(
        model=model,
        set=name,
        n_cells=len(p),
        n_subjects=len(set(people.tolist()) - {""}),
        weighted_f1=values["weighted_f1"],
        auroc=values["auroc"],
        sensitivity=values["sensitivity"],
        specificity=values["specificity"],
        ece=values["ece"],
        intervals={
            f: metrics.bootstrap_interval(_figure(f, labels, p), people)
            for f in FIGURES
        },
    )
    if decision is None:
        return row
    blast, normal = p >= decision.blast_from, p <= decision.normal_to
    return replace(
        row,
        unclear=float(np.mean(~blast & ~normal)),
        false_blast=_mean(blast[labels == NORMAL]),
        false_normal=_mean(normal[labels == BLAST]),
    )


def _mean(values: metrics.BoolArray) -> float:
    return float(values.mean()) if len(values) else float("nan")


def _figure(name: str, labels: I64, p: F64) -> Callable[[I64], float]:
    called = p >= 0.5
    match name:
        case "weighted_f1":
            return lambda i: metrics.weighted_f1(labels[i], called[i])
        case "auroc":
            return lambda i: metrics.auroc(labels[i], p[i])
        case "sensitivity":
            return lambda i: metrics.sensitivity(labels[i], called[i])
        case "specificity":
            return lambda i: metrics.specificity(labels[i], called[i])
        case _:
            return lambda i: metrics.expected_calibration_error(labels[i], p[i])


def _read(data: Path, split: str | None, card: Card, limit: int) -> CropSet:
    spec = CropSpec(
        side_px=card.input.side_px,
        scale_um_per_px=card.input.scale_um_per_px,
        colour=card.input.colour,
    )
    if (data / "cells.csv").is_file():
        crops, left_out = crop_cells(read_cnmc(data, split), cut_out_crop, spec)
    else:
        crops, left_out = crops_of_fields(_class_files(data, limit), spec)
    for line in left_out[:20]:
        print(f"left out: {line}", file=sys.stderr)
    if len(left_out) > 20:
        print(f"left out: {len(left_out) - 20} more", file=sys.stderr)
    return crops


def _class_files(data: Path, limit: int) -> list[CellFile]:
    present = {n: label for n, label in CLASSES.items() if (data / n).is_dir()}
    if not present:
        raise DataError(f"{data}: neither cells.csv nor a class folder {set(CLASSES)}")
    random = np.random.default_rng(0)
    files = []
    for name, label in present.items():
        own = read_class_folders(data, {name: label}, data.name)
        chosen = random.permutation(len(own))[: limit or None]
        files += [own[i] for i in sorted(chosen)]
    return files


def _as_json(rows: list[Row]) -> str:
    def plain(value: object) -> object:
        if isinstance(value, float) and not np.isfinite(value):
            return None
        if isinstance(value, tuple):
            return [plain(v) for v in value]
        if isinstance(value, dict):
            return {k: plain(v) for k, v in value.items()}
        return value

    return json.dumps(
        [{k: plain(getattr(r, k)) for k in Row.__slots__} for r in rows], indent=1
    )


def _as_table(rows: list[Row]) -> str:
    head = ["model", "set", "cells", "people", *FIGURES]
    head += ["unclear", "false_blast", "false_normal"]
    lines = [head]
    for row in rows:
        line = [row.model, row.set, str(row.n_cells), str(row.n_subjects)]
        line += [_with_interval(getattr(row, f), row.intervals[f]) for f in FIGURES]
        ends = (row.unclear, row.false_blast, row.false_normal)
        lines.append(line + ["" if e is None else f"{e:.3f}" for e in ends])
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(word.ljust(width) for word, width in zip(line, widths, strict=True))
        for line in lines
    )


def _with_interval(value: float, interval: tuple[float, float]) -> str:
    low, high = interval
    return f"{value:.3f}" + (f" [{low:.3f} {high:.3f}]" if np.isfinite(low) else "")


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, help="folder of cells with truth")
    parser.add_argument("--bundle", type=Path, help="default: the shipped one")
    parser.add_argument("--split", help="only this split of cells.csv")
    parser.add_argument("--limit", type=int, default=0, help="images per class folder")
    parser.add_argument("--json", action="store_true", help="one array on stdout")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
