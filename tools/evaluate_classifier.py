"""Measure a bundle on single cells with truth.

    python tools/evaluate_classifier.py DATA [--bundle DIR] [--split NAME] [--json]
    python tools/evaluate_classifier.py CELLS.csv --um-per-px 0.1 [--fields] [--json]
    python tools/evaluate_classifier.py GATHERED.npz... [--bundle DIR] [--turned]
        [--normal-to P] [--json]

DATA is a folder in the shape of the C-NMC share (`cells.csv`, `images/`: cells cut
out on black) or one with a folder per class, whose images may show whole fields; the
device's own segmentation then finds the cells, and each takes its folder's class.

A CSV table with the columns `file` and `kind`, or any folder per kind with
`--um-per-px`, is judged by kinds instead: AUROC of blasts against all others with its
interval, sensitivity and false calls at the card's points, share unclear, and the
confusion of kinds. The keys of `--json` are those of
`leukoscope_train/evaluation/calls_report.py`; `bundle` and `left_out` (images without a
cell) stand before them. `--sample marrow` cuts and calls the cells as those of marrow;
`--sample both` does so both ways and adds what differs (`blood`, `marrow` and
`difference` are then the keys under which the reports stand). `--every N` takes each
N-th image.

Files of `python -m leukoscope_train gather` are judged so, too, laboratory by
laboratory; `laboratories` then holds a report of each, and `together`, where there are
several, one of the blasts and mature cells of all. `in_sample` names those that the
card says taught the bundle. `--turned` adds what changes when each crop is turned by a
quarter (`turned`); `--normal-to P` judges them as a card would that called cells normal
up to another probability of blast.

Otherwise three models stand in the table: the bundle, "always ALL", and "size only"
(cell diameter alone, a known shortcut). Sensitivity, specificity and weighted F1 call a
blast at a calibrated probability of 0.5, so that they compare with what others
report; `unclear`, `unlike` (unclear as it is unlike all known cells), `false_blast` and
`false_normal` are as the device calls.
Intervals are at 95 %, by resampling people; they are absent where people are unknown.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from leukoscope_edge.arrays import F64
from leukoscope_edge.errors import LeukoscopeError
from leukoscope_edge.inference import (
    Bundle,
    Card,
    open_bundle,
    shipped_bundle_for,
)
from leukoscope_edge.types import Call, CallName
from leukoscope_train.commands import crops_of
from leukoscope_train.data import (
    BLAST,
    I64,
    NORMAL,
    CellFile,
    CropSet,
    HowTaken,
    LabCells,
    Listing,
    gather_cells,
    has_named_kinds,
    join,
    load_cells,
    named_tiles,
    read_cells,
)
from leukoscope_train.errors import DataError
from leukoscope_train.evaluation import (
    ALWAYS_ALL,
    SIZE_ONLY,
    by_laboratory,
    calls_of,
    changed_by_turning,
    differences_of,
    markdown_table,
    metrics,
    p_by_size,
    report_lines,
    report_of,
    whole_number,
    with_interval,
)
from leukoscope_train.json_files import plain
from leukoscope_train.teach import ROOM, kept

SIZE_OFFSET = -10.67
SIZE_SLOPE_PER_UM = 0.893
"""Logistic regression of the class on the diameter over C-NMC `train`, each person
counting alike: `python -m leukoscope_train scale`."""
BLOOD, MARROW, BOTH = "blood", "marrow", "both"
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
    unlike: float | None = None
    false_blast: float | None = None
    false_normal: float | None = None


def main(arguments: list[str] | None = None) -> int:
    """Run the program; return its exit status."""
    options = _parse(arguments)
    try:
        if (report := _report(options)) is not None:
            print(_told(report, as_json=options.json))
            return 0
        rows = evaluate(options.data, options.bundle, options.split, options.limit)
    except LeukoscopeError as err:
        print(f"evaluate_classifier: {err}", file=sys.stderr)
        return 1
    print(_as_json(rows) if options.json else _as_table(rows))
    return 0


def _report(options: argparse.Namespace) -> dict[str, Any] | None:
    """Return the report by kinds; None where the data tell blast or not alone."""
    if {path.suffix for path in options.data} == {".npz"}:
        bundle = open_bundle(options.bundle or shipped_bundle_for("real"))
        if options.normal_to is not None:
            bundle = with_normal_to(bundle, options.normal_to)
        return of_gathered(options.data, bundle, turned=options.turned)
    if options.turned or options.normal_to is not None:
        raise DataError("--turned and --normal-to are of files of `gather`")
    if len(options.data) > 1:
        raise DataError("several DATA: all must be .npz files of `gather`")
    options.data = options.data[0]
    if options.um_per_px is not None or has_named_kinds(options.data):
        return by_kinds(options)
    return None


def with_normal_to(bundle: Bundle, p: float) -> Bundle:
    """Return a bundle that calls cells normal up to another probability of blast.

    Raises:
        DataError: No card may hold it.
    """
    try:
        decision = replace(bundle.card.decision, normal_to=p)
    except ValueError as err:
        raise DataError(f"--normal-to {p}: {err}") from err
    return replace(bundle, card=replace(bundle.card, decision=decision))


def of_gathered(
    paths: list[Path], bundle: Bundle, *, turned: bool = False
) -> dict[str, Any]:
    """Return a bundle's report on cells that were gathered, by laboratory.

    Raises:
        DataError: A file holds no cells.
    """
    cells = join(load_cells(path) for path in paths)
    crops = kept(cells, bundle.card.input.crop_spec.side_px)
    calls = calls_of(bundle, crops)
    told = bundle.card.laboratories
    both = set(told.taught if told else ()) & set(cells.laboratories.tolist())
    report: dict[str, Any] = {"bundle": bundle.card.id, "in_sample": sorted(both)}
    if turned:
        report["turned"] = changed_by_turning(bundle, cells, crops, calls)
    return report | {"laboratories": by_laboratory(cells, calls)}


def by_kinds(options: argparse.Namespace) -> dict[str, Any]:
    """Return the report of a bundle on cells of named kinds.

    Raises:
        DataError: There is not one cell, or a kind or a scale is wrong.
    """
    if options.sample == BOTH and options.fields:
        raise DataError("--sample both compares one cell an image, not --fields")
    bundle = open_bundle(options.bundle or shipped_bundle_for("real"))
    start = {"bundle": bundle.card.id}
    if options.sample != BOTH:
        return start | _judged(bundle, options, options.sample)[0]
    blood, cells, calls = _judged(bundle, options, BLOOD)
    marrow, others, again = _judged(bundle, options, MARROW)
    changed = differences_of(cells, others, calls, again)
    return start | {"blood": blood, "marrow": marrow, "difference": changed}


def _judged(
    bundle: Bundle, options: argparse.Namespace, sample: str
) -> tuple[dict[str, Any], LabCells, list[Call]]:
    """Cut and call the cells as those of a sample; return the report, too."""
    in_marrow = sample == MARROW
    how = HowTaken(
        scale_um_per_px=options.um_per_px,
        shows_field=options.fields,
        on_black=options.on_black,
        in_marrow=in_marrow,
    )
    tiles = named_tiles(options.data, how)
    tiles = [t for t in tiles if options.split in (None, t.split)][:: options.every]
    if not tiles:
        raise DataError(f"{options.data}: no cells here")
    spec = bundle.card.input.crop_spec
    room = replace(spec, side_px=round(spec.side_px * ROOM))
    cells, left_out = gather_cells(tiles, room, degraded=False)
    calls = calls_of(bundle, kept(cells, spec.side_px), in_marrow=in_marrow)
    return {"left_out": len(left_out)} | report_of(cells, calls), cells, calls


def _told(report: dict[str, Any], *, as_json: bool) -> str:
    return json.dumps(report, indent=1) if as_json else "\n".join(_lines(report))


def _lines(report: dict[str, Any]) -> Iterator[str]:
    samples = {name: report[name] for name in (BLOOD, MARROW) if name in report}
    laboratories = report.get("laboratories", {})
    parts = (*samples, "laboratories")
    yield from report_lines({k: v for k, v in report.items() if k not in parts})
    for name, part in samples.items():
        yield f"cut and called as {name}:"
        yield from report_lines(part)
    for name, part in laboratories.items():
        yield f"{name}:"
        yield from report_lines(part)


def evaluate(
    data: Path, bundle_folder: Path | None, split: str | None, limit: int
) -> list[Row]:
    """Return the rows of a bundle and the baselines on one set."""
    bundle = open_bundle(bundle_folder or shipped_bundle_for("real"))
    crops = _read(data, split, bundle.card, limit)
    calls = calls_of(bundle, crops.pixels)
    p = np.array([call.p_blast for call in calls])
    name = data.resolve().name + (f" {split}" if split else "")
    size = p_by_size(crops.areas_um2, SIZE_OFFSET, SIZE_SLOPE_PER_UM)
    return [
        row_for(bundle.card.id, name, crops, p, calls),
        row_for(SIZE_ONLY, name, crops, size, None),
        row_for(ALWAYS_ALL, name, crops, np.ones(len(crops)), None),
    ]


def row_for(
    model: str, name: str, crops: CropSet, p: F64, calls: list[Call] | None
) -> Row:
    """Return the figures of one model's probabilities, and of its calls if any."""
    labels, people = crops.labels, crops.people

    def figures(chosen: I64) -> dict[str, float]:
        found = metrics.all_figures(labels[chosen], p[chosen])
        return {name: found[name] for name in FIGURES}

    row = Row(
        model=model,
        set=name,
        n_cells=len(p),
        n_subjects=len(set(people.tolist()) - {""}),
        intervals=metrics.bootstrap_intervals(figures, people),
        **figures(np.arange(len(p))),
    )
    if calls is None:
        return row
    called = np.array([call.name.value for call in calls])
    blast, normal = (called == n.value for n in (CallName.BLAST, CallName.NORMAL))
    return replace(
        row,
        unclear=float(np.mean(~blast & ~normal)),
        unlike=float(np.mean([call.is_unlike for call in calls])),
        false_blast=_mean(blast[labels == NORMAL]),
        false_normal=_mean(normal[labels == BLAST]),
    )


def _mean(values: metrics.BoolArray) -> float:
    return float(values.mean()) if len(values) else float("nan")


def _read(data: Path, split: str | None, card: Card, limit: int) -> CropSet:
    listing = _some(read_cells(data, split), limit)
    crops, left_out = crops_of(listing, card.input.crop_spec, None)
    for line in left_out[:20]:
        print(f"left out: {line}", file=sys.stderr)
    if len(left_out) > 20:
        print(f"left out: {len(left_out) - 20} more", file=sys.stderr)
    return crops


def _some(listing: Listing, limit: int) -> Listing:
    """Keep at most `limit` images of each folder, chosen by chance; 0 keeps all."""
    random = np.random.default_rng(0)
    folders: dict[Path, list[CellFile]] = {}
    for file in listing.files:
        folders.setdefault(file.path.parent, []).append(file)
    files = []
    for own in folders.values():
        chosen = random.permutation(len(own))[: limit or None]
        files += [own[i] for i in sorted(chosen)]
    return replace(listing, files=files)


def _as_json(rows: list[Row]) -> str:
    return json.dumps(plain([asdict(row) for row in rows]), indent=1)


def _as_table(rows: list[Row]) -> str:
    head = ["model", "set", "cells", "people", *FIGURES]
    head += ["unclear", "unlike", "false_blast", "false_normal"]
    lines = []
    for row in rows:
        line = [row.model, row.set, str(row.n_cells), str(row.n_subjects)]
        line += [with_interval((getattr(row, f), *row.intervals[f])) for f in FIGURES]
        ends = (row.unclear, row.unlike, row.false_blast, row.false_normal)
        lines.append(line + ["" if e is None else f"{e:.3f}" for e in ends])
    return markdown_table(head, lines)


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "data", type=Path, nargs="+", help="folder, table or files of cells with truth"
    )
    parser.add_argument("--bundle", type=Path, help="default: the shipped one")
    parser.add_argument("--split", help="only this split of cells.csv")
    parser.add_argument("--limit", type=int, default=0, help="images per class folder")
    parser.add_argument("--um-per-px", type=float, help="scale; judge by kinds")
    parser.add_argument("--fields", action="store_true", help="images are fields")
    parser.add_argument("--on-black", action="store_true", help="cells cut out already")
    parser.add_argument(
        "--sample",
        choices=(BLOOD, MARROW, BOTH),
        default=BLOOD,
        help="by kinds: cut and called as",
    )
    parser.add_argument(
        "--every", type=whole_number, default=1, help="by kinds: each n-th image"
    )
    parser.add_argument(
        "--turned", action="store_true", help="and when each crop is turned"
    )
    parser.add_argument(
        "--normal-to", type=float, metavar="P", help="in the place of the card's"
    )
    parser.add_argument("--json", action="store_true", help="to stdout")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
