"""`fit`, `pretrain`, `compare` and `learn`: everything that trains."""

import argparse
import hashlib
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy.special import logit

from leukoscope_edge.arrays import F64
from leukoscope_edge.config import read_toml
from leukoscope_train import run_folder
from leukoscope_train.arguments import MAX_SEED, whole
from leukoscope_train.commands import add_command, say
from leukoscope_train.commands.data import pbc_cells, real_spec, some
from leukoscope_train.data import (
    CropSet,
    concatenate,
    fold_people,
    folds_of,
    load_crops,
    read_class_folders,
    save_crops,
)
from leukoscope_train.distributed import Machine, this_machine
from leukoscope_train.errors import DataError
from leukoscope_train.evaluation import (
    SHOWN_FRACTIONS,
    SIZE_ONLY,
    CallCalibration,
    Figures,
    Judge,
    calibrate_calls,
    extrapolate,
    markdown_table,
    measure_learning,
    model_row,
    model_table,
    plot_learning,
    size_margins,
    size_out_of_fold,
    slide_of,
    with_interval,
)
from leukoscope_train.fit import fit, logits, margins, save_weights
from leukoscope_train.json_files import write_json
from leukoscope_train.networks import adopt_lite0, make_network, n_parameters
from leukoscope_train.plan import FitPlan
from leukoscope_train.run import (
    cross_validate,
    fit_run,
    judge_again,
    load_run_crops,
    mean_probabilities,
)
from leukoscope_train.sampling import kept_crops

PRETRAINING_PER_CLASS = 600
"""Cells of each of PBC's eight classes; the smallest class has twice as many."""
HELD_BACK = 10
"""One in so many pretraining cells is kept to see whether anything was learned."""
SLIDE_CELLS = 200
"""White cells of the slides by which models are compared: what a device counts."""
COLUMNS = ("weighted_f1", "auroc", "sensitivity", "specificity", "ece")


def add_commands(commands: Any) -> None:
    """Add the parsers of this module's commands."""
    one = add_command(commands, "fit", run_fit, "cross-validate, calibrate, refit")
    _add_work(one)
    one.add_argument("--plan", type=Path, help="TOML with the keys of FitPlan")
    one = add_command(commands, "pretrain", pretrain, "learn eight kinds of cell first")
    one.add_argument("pbc", type=Path, help="folder with a folder per class")
    one.add_argument("--plan", type=Path, required=True)
    one.add_argument("--out", type=Path, required=True, help="file of weights")
    one = add_command(commands, "adopt", adopt, "ImageNet's weights as a start")
    one.add_argument("weights", type=Path, help="EfficientNet-Lite0's .pth")
    one.add_argument("--out", type=Path, required=True, help="file of weights")
    one = add_command(commands, "compare", compare, "fit several plans, print a table")
    one.add_argument("plans", type=Path, nargs="+")
    one.add_argument("--seeds", type=whole(0, MAX_SEED), nargs="+", default=[0])
    one.add_argument("--pair", nargs=2, metavar="PLAN", help="average these two")
    one.add_argument("--name", help="of the table; default: the plans' folder")
    one.add_argument(
        "--again", action="store_true", help="judge fitted runs again; fit nothing"
    )
    _add_work(one)
    one = add_command(commands, "learn", learn, "how much more people would help")
    _add_work(one)
    one.add_argument("--plan", type=Path, help="default: size alone")


def _add_work(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--work", type=Path, required=True, help="prepared folder")


def run_fit(options: argparse.Namespace) -> None:
    """Cross-validate by person, calibrate on what was never seen, refit on all."""
    plan = read_toml(options.plan, FitPlan) if options.plan else FitPlan()
    found = fit_run(options.work, plan, this_machine(options.workers))
    if found:
        say(model_table(found["models"]))


def pretrain(options: argparse.Namespace) -> None:
    """Fit a plan's network to the kinds of PBC's cells and keep its weights."""
    plan = replace(read_toml(options.plan, FitPlan), start="")
    options.out.parent.mkdir(parents=True, exist_ok=True)
    crops = _kinds(options.pbc, options.out.parent, plan.side_px)
    back = np.arange(len(crops)) % HELD_BACK == 0
    machine = this_machine(options.workers)
    network = fit(
        crops.pick(~back),
        plan,
        checkpoint=options.out.with_suffix(".ckpt"),
        note="kinds of cell",
        machine=machine,
    )
    held = crops.pick(back)
    right = logits(network, kept_crops(held, plan)).argmax(axis=1) == held.labels
    if machine.writes:
        save_weights(network, options.out)
        say(
            f"{options.out}: {np.mean(right):.3f} of {len(held)} cells named rightly "
            f"among {len(np.unique(crops.labels))} kinds"
        )


def adopt(options: argparse.Namespace) -> None:
    """Turn published weights of EfficientNet-Lite0 into a plan's start."""
    start = adopt_lite0(options.weights)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    torch.save(start, options.out)
    say(f"{options.out}: {len(start)} arrays, heads left out")


def _kinds(folder: Path, beside: Path, side_px: int) -> CropSet:
    """Return some cells of each class folder, cut once and kept for the next time."""
    stored = beside / f"kinds-{side_px}.npz"
    if stored.exists():
        return load_crops(stored)
    names = sorted(p.name for p in folder.glob("*") if p.is_dir())
    if len(names) < 2:
        raise DataError(f"{folder}: expected a folder per class, found {names}")
    files = []
    for label, name in enumerate(names):
        own = read_class_folders(folder, {name: label}, f"pbc-{name}")
        files += some(own, PRETRAINING_PER_CLASS)
    crops, left_out = pbc_cells(files, real_spec(side_px))
    save_crops(stored, crops)
    say(f"{stored}: {len(crops)} cells of {names}; {len(left_out)} images left out")
    return crops


def compare(options: argparse.Namespace) -> None:
    """Fit every plan with every seed on the same cells and print one table."""
    machine = this_machine(options.workers)
    rows, baselines = [], []
    for path in options.plans:
        for seed in options.seeds:
            plan = replace(read_toml(path, FitPlan), seed=seed)
            folder = _folder(options.work, path, seed)
            run_folder.share_crops(options.work, folder)
            if options.again:
                found = judge_again(folder, plan)
            else:
                found = cross_validate(folder, plan, machine)
            if found:
                rows.append(_compared(path.stem, plan, found["models"][0]))
                rows[-1]["slide"] = _slide(run_folder.load_calibration(folder))
                baselines = found["models"][1:]
    if not machine.writes:
        return
    if options.pair:
        rows += [_pair(options, seed) for seed in options.seeds]
    rows += [_baseline(options.work, row) for row in baselines]
    name = options.name or options.plans[0].parent.name
    write_json(options.work / f"compare-{name}.json", rows)
    say(comparison_table(rows))


def _folder(prepared: Path, plan: Path, seed: int) -> Path:
    return prepared / f"{plan.stem}-{seed}"


def _compared(name: str, plan: FitPlan, row: Figures) -> Figures:
    network = make_network(plan.architecture, plan.side_px)
    return {
        **row,
        "model": f"{name}, seed {plan.seed}",
        "n_parameters": n_parameters(network),
        "n_seen": plan.n_epochs * plan.n_draws,
    }


def _baseline(prepared: Path, row: Figures) -> Figures:
    if row["model"] != SIZE_ONLY:
        return {**row, "n_parameters": 0, "n_seen": 0}
    slide = _slide(_of_size(prepared))
    return {**row, "n_parameters": 2, "n_seen": 0, "slide": slide}


def _pair(options: argparse.Namespace, seed: int) -> Figures:
    crops, _ = load_run_crops(options.work)
    runs = [_folder(options.work, Path(f"{name}.toml"), seed) for name in options.pair]
    p = mean_probabilities(runs, crops)
    name = f"{' + '.join(options.pair)}, averaged, seed {seed}"
    row = model_row(name, crops.labels, p, crops.people)
    slide = _slide(calibrate_calls(logit(p), crops.labels, crops.people))
    return {**row, "n_parameters": 0, "n_seen": 0, "slide": slide}


def _of_size(prepared: Path) -> CallCalibration:
    """Return how calls by the cell's size alone would be calibrated."""
    crops, _ = load_run_crops(prepared)
    p = size_out_of_fold(crops, folds_of(crops, fold_people(crops)))
    return calibrate_calls(logit(p), crops.labels, crops.people)


def _slide(calibration: CallCalibration) -> Figures:
    """Return what slides of so many cells would show by these calls."""
    return asdict(slide_of(calibration, SLIDE_CELLS))


def comparison_table(rows: list[Figures]) -> str:
    """Return Table 1 anew: each model with its size and its training budget.

    The last columns say what slides would show, where the figures are known.
    """
    lines = [
        [
            row["model"],
            f"{row['n_parameters'] / 1e6:.2f}" if row["n_parameters"] else "",
            str(row["n_seen"] or ""),
            _level(row.get("auroc_within_folds")),
            *(with_interval(row["pooled"][name]) for name in COLUMNS),
            *_found_on_slides(row.get("slide")),
        ]
        for row in rows
    ]
    head = ["model", "M parameters", "cells drawn a fit", "auroc within folds"]
    head += [c.replace("_", " ") for c in COLUMNS]
    head += [f"found at {100 * f:.0f} % blasts" for f in SHOWN_FRACTIONS[:2]]
    return markdown_table(head, lines)


def _found_on_slides(slide: Figures | None) -> list[str]:
    return [f"{share:.2f}" for share in slide["found"][:2]] if slide else ["", ""]


def _level(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def learn(options: argparse.Namespace) -> None:
    """Judge models of a quarter, half, three quarters and all of the people."""
    crops, extra = load_run_crops(options.work)
    fold_of = folds_of(crops, fold_people(crops))
    name = options.plan.stem if options.plan else SIZE_ONLY.replace(" ", "-")
    judge: Judge = size_margins
    if options.plan:
        plan = read_toml(options.plan, FitPlan)
        machine = this_machine(options.workers)
        judge = _Network(options.work / f"learn-{name}", plan, extra, machine)
    rows = measure_learning(crops, fold_of, judge)
    twice = extrapolate(rows)
    found = {"model": name, "rows": rows, "auroc_with_twice_the_people": twice}
    write_json(options.work / f"learning-{name}.json", found)
    plot_learning(rows, options.work / f"learning-{name}.png")
    say(model_table(rows))
    say(f"a power law through these gives an AUROC of {twice:.3f} for twice as many")


class _Network:
    """Fits a plan to some people, with a checkpoint for each fit."""

    def __init__(
        self, folder: Path, plan: FitPlan, extra: CropSet | None, machine: Machine
    ) -> None:
        self.folder, self.plan, self.extra = folder, plan, extra
        self.machine = machine
        folder.mkdir(exist_ok=True)

    def __call__(self, seen: CropSet, held: CropSet) -> F64:
        name = hashlib.sha256("\n".join(seen.names.tolist()).encode()).hexdigest()[:12]
        training = seen if self.extra is None else concatenate([seen, self.extra])
        network = fit(
            training,
            self.plan,
            checkpoint=self.folder / f"{name}.ckpt",
            note=name,
            machine=self.machine,
        )
        return margins(network, kept_crops(held, self.plan))
