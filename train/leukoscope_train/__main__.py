"""The workstation's training commands.

python -m leukoscope_train scale      C-NMC's cell sizes, and what size alone tells
python -m leukoscope_train prepare    cut every cell once
python -m leukoscope_train fit        cross-validate, calibrate, refit on everybody

`prepare simulated` cuts the cells of simulated slides; the same `fit` follows.
"""

import argparse
import sys
from dataclasses import asdict
from pathlib import Path

import cv2
import numpy as np
import torch

from leukoscope_edge.config import read_toml
from leukoscope_edge.errors import LeukoscopeError
from leukoscope_edge.vision.crop import CropSpec
from leukoscope_train import work
from leukoscope_train.calibrate import calibrate
from leukoscope_train.cells import (
    BLAST,
    CNMC_UM_PER_PX,
    NORMAL,
    CropSet,
    DataError,
    concatenate,
    crop_cells,
    cut_out_crop,
    load_crops,
    read_class_folders,
    read_cnmc,
    save_crops,
)
from leukoscope_train.fit import FitPlan, fit, out_of_fold_margins
from leukoscope_train.folds import fold_people, folds_of, refuse_leaks, save_folds
from leukoscope_train.report import figures
from leukoscope_train.simulated import crops_of_slides

REAL_SPEC = CropSpec(side_px=144, scale_um_per_px=0.16, colour="masked")
"""Of the stored crops: 128 px show 20.5 um, a monocyte with its rim; the rest is room
to turn and shift before cutting."""
SIMULATED_SPEC = CropSpec(side_px=72, scale_um_per_px=0.32, colour="masked")
"""The same for 64 px, enough for drawn cells."""
PBC_UM_PER_PX = 0.28
"""Micrometres per pixel of PBC's 128 px cells: their red cells measure 26 px, and a
red cell on a dried smear 7.3 um."""
PBC_NORMAL = ("basophil", "eosinophil", "lymphocyte", "monocyte", "neutrophil")
PBC_PER_CLASS = 400


def main(arguments: list[str] | None = None) -> int:
    """Run one command; return its exit status."""
    options = _parse(arguments)
    torch.set_num_threads(options.threads)
    cv2.setNumThreads(1)
    try:
        options.run(options)
    except (DataError, LeukoscopeError) as err:
        print(f"leukoscope_train: {err}", file=sys.stderr)  # noqa: T201
        return 1
    return 0


def scale(options: argparse.Namespace) -> None:
    """Print the sizes of C-NMC's training cells and what size alone tells."""
    from sklearn.linear_model import LogisticRegression

    from leukoscope_train.metrics import auroc, person_weights

    spec = CropSpec(side_px=32, scale_um_per_px=0.6, colour="masked")
    crops, _ = crop_cells(read_cnmc(options.cnmc, "train"), cut_out_crop, spec)
    diameter_um = 2 * np.sqrt(crops.areas_um2 / np.pi)
    for label, name in ((NORMAL, "hem"), (BLAST, "all")):
        own = np.percentile(diameter_um[crops.labels == label], [5, 50, 95])
        px = np.round(own / CNMC_UM_PER_PX, 1).tolist()
        _say(f"{name}: diameter p5, median, p95 = {px} px = {own.round(2).tolist()} um")
    _say(f"AUROC of size alone: {auroc(crops.labels, crops.areas_um2):.3f}")
    weights = person_weights(crops.labels, crops.people)
    model = LogisticRegression(C=1e6).fit(
        diameter_um[:, None], crops.labels, sample_weight=weights
    )
    slope = float(model.coef_[0, 0])
    middle = -float(model.intercept_[0]) / slope
    _say(f"logistic of the diameter: middle {middle:.2f} um, slope {slope:.3f} per um")


def prepare(options: argparse.Namespace) -> None:
    """Cut every training cell once, on a canvas with a margin."""
    options.work.mkdir(parents=True, exist_ok=True)
    if options.source == "simulated":
        crops = crops_of_slides(options.slides, SIMULATED_SPEC)
        _store(options.work, crops, SIMULATED_SPEC)
        return
    spec = REAL_SPEC
    files = read_cnmc(Path(options.source), "train")
    crops, left_out = crop_cells(files, cut_out_crop, spec)
    _store(options.work, crops, spec)
    if options.pbc:
        extra, more = _pbc_crops(options.pbc, spec)
        save_crops(options.work / work.EXTRA, extra)
        left_out += more
    for line in left_out:
        print(f"left out: {line}", file=sys.stderr)  # noqa: T201
    _say(f"{len(left_out)} images left out")


def _store(folder: Path, crops: CropSet, spec: CropSpec) -> None:
    save_crops(folder / work.CROPS, crops)
    work.write_json(folder / work.SPEC, asdict(spec))
    n_blasts = int((crops.labels == BLAST).sum())
    _say(f"{folder}: {len(crops)} cells, {n_blasts} of them blasts")


def _pbc_crops(folder: Path, spec: CropSpec) -> tuple[CropSet, list[str]]:
    from leukoscope_train.fields import crops_of_fields

    random = np.random.default_rng(0)
    files = []
    for name in PBC_NORMAL:
        own = read_class_folders(folder, {name: NORMAL}, f"pbc-{name}")
        files += [own[i] for i in random.permutation(len(own))[:PBC_PER_CLASS]]
    return crops_of_fields(
        files, spec, scale_um_per_px=PBC_UM_PER_PX, only_central=True
    )


def fit_run(options: argparse.Namespace) -> None:
    """Cross-validate by person, calibrate on what was never seen, refit on all."""
    folder = options.work
    plan = read_toml(options.plan, FitPlan) if options.plan else FitPlan()
    crops = load_crops(folder / work.CROPS)
    stored = folder / work.EXTRA
    extra = load_crops(stored) if stored.exists() else None
    folds = fold_people(crops)
    refuse_leaks(crops, folds)
    split_sha256 = save_folds(folder / work.FOLDS, folds)
    command = "python -m leukoscope_train " + " ".join(sys.argv[1:])
    work.write_json(
        folder / work.PLAN,
        {"plan": asdict(plan), "command": command, "split_sha256": split_sha256},
    )
    fold_of = folds_of(crops, folds)
    margins = out_of_fold_margins(crops, extra, fold_of, plan, folder)
    np.savez(
        folder / work.MARGINS,
        margins=margins,
        labels=crops.labels,
        people=crops.people,
    )
    calibration = calibrate(margins, crops.labels, crops.people)
    work.save_calibration(folder, calibration)
    report = figures(crops, margins, calibration, fold_of)
    work.write_json(folder / work.REPORT, report)
    _say(f"out of fold: {report['pooled']}")
    _say(f"person-weighted: {report['person_weighted']}")
    everybody = crops if extra is None else concatenate([crops, extra])
    network = fit(everybody, plan, checkpoint=folder / "final.ckpt", note="everybody")
    torch.save(network.state_dict(), folder / work.FINAL)


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m leukoscope_train")
    parser.add_argument("--threads", type=int, default=2, help="for torch")
    commands = parser.add_subparsers(required=True)
    one = commands.add_parser("scale", help="what C-NMC's scale must be")
    one.add_argument("cnmc", type=Path)
    one.set_defaults(run=scale)
    one = commands.add_parser("prepare", help="cut every cell once")
    one.add_argument("source", help="the C-NMC share's folder, or simulated")
    one.add_argument("--slides", type=int, default=24, help="simulated slides")
    one.add_argument("--pbc", type=Path, help="more normal cells")
    one.add_argument("--work", type=Path, required=True)
    one.set_defaults(run=prepare)
    one = commands.add_parser("fit", help="cross-validate, calibrate, refit")
    one.add_argument("--work", type=Path, required=True)
    one.add_argument("--plan", type=Path, help="TOML with the keys of FitPlan")
    one.set_defaults(run=fit_run)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
