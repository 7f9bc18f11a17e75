"""A whole run: cross-validate by person, calibrate on what was never seen, refit.

Every step leaves a file and every fit a checkpoint; a run that was killed goes on where
it stood when the same command is given again.
"""

import sys
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from torch import nn

from leukoscope_edge.arrays import F64
from leukoscope_train import run_folder
from leukoscope_train.data import (
    I64,
    CropSet,
    concatenate,
    fold_people,
    folds_of,
    load_crops,
    refuse_leaks,
    save_folds,
)
from leukoscope_train.distributed import Machine
from leukoscope_train.errors import DataError
from leukoscope_train.evaluation import (
    Figures,
    calibrate_calls,
    figures,
    gallery,
    plot_calls,
    plot_history,
    probabilities,
    size_out_of_fold,
)
from leukoscope_train.fit import N_WATCHED, fit, margins_by, save_weights, some_of
from leukoscope_train.history import history_path
from leukoscope_train.json_files import read_json, write_json
from leukoscope_train.networks import make_network
from leukoscope_train.plan import FitPlan


def fit_run(folder: Path, plan: FitPlan, machine: Machine) -> Figures:
    """Cross-validate a plan and refit it to everybody; return the former's figures.

    Raises:
        DataError: The cells cannot be split or fitted; see `folds` and `fit`.
    """
    found = cross_validate(folder, plan, machine)
    crops, extra = load_run_crops(folder)
    network = fit(
        crops if extra is None else concatenate([crops, extra]),
        plan,
        checkpoint=folder / "final.ckpt",
        note="everybody",
        machine=machine,
    )
    if machine.writes:
        save_weights(network, folder / run_folder.FINAL)
        _draw_curves(folder)
    return found


def cross_validate(folder: Path, plan: FitPlan, machine: Machine) -> Figures:
    """Judge every person by a fit that never saw them; return the figures.

    Raises:
        DataError: The cells cannot be split or fitted; see `folds` and `fit`.
    """
    crops, extra = load_run_crops(folder)
    folds = fold_people(crops)
    refuse_leaks(crops, folds)
    fold_of = folds_of(crops, folds)
    if machine.writes:
        _write_plan(folder, plan, folds)
    margins = _out_of_fold_margins(crops, extra, fold_of, plan, folder, machine)
    if not machine.writes:
        return {}
    run_folder.save_margins(folder, margins, crops, fold_of)
    _draw_curves(folder)
    return judge_run(folder)


def _out_of_fold_margins(
    crops: CropSet,
    extra: CropSet | None,
    fold_of: I64,
    plan: FitPlan,
    folder: Path,
    machine: Machine,
) -> F64:
    """Fit once per fold and return (N,) margins of cells whose person was not seen.

    Args:
        crops: Cells with known people.
        extra: Cells of unknown people, in training only; or None.
        fold_of: (N,) fold of every cell of `crops`.
        plan: What to do.
        folder: Where each fold's network and checkpoint go.
        machine: This process's part.
    """
    found = np.full(len(crops), np.nan)
    for fold in np.unique(fold_of):
        seen, held = crops.pick(fold_of != fold), crops.pick(fold_of == fold)
        training = seen if extra is None else concatenate([seen, extra])
        network = fit(
            training,
            plan,
            checkpoint=folder / f"fold{fold}.ckpt",
            note=f"fold {fold}",
            machine=machine,
            watch=some_of(held, N_WATCHED) if plan.n_epochs > 1 else None,
        )
        if machine.writes:
            save_weights(network, folder / f"fold{fold}.pt")
        found[fold_of == fold] = margins_by(network, held, plan)
    return np.asarray(found, np.float64)


def load_run_crops(folder: Path) -> tuple[CropSet, CropSet | None]:
    """Return a prepared folder's cells of known people, and the others or None."""
    stored = folder / run_folder.EXTRA
    return load_crops(folder / run_folder.CROPS), (
        load_crops(stored) if stored.exists() else None
    )


def _write_plan(folder: Path, plan: FitPlan, folds: dict[str, int]) -> None:
    command = "python -m leukoscope_train " + " ".join(sys.argv[1:])
    write_json(
        folder / run_folder.PLAN,
        {
            "plan": asdict(plan),
            "command": command,
            "split_sha256": save_folds(folder / run_folder.FOLDS, folds),
        },
    )


def _draw_curves(folder: Path) -> None:
    histories = {
        path.stem: read_json(history_path(path))
        for path in sorted(folder.glob("*.ckpt"))
    }
    if any(len(rows) > 1 for rows in histories.values()):
        plot_history(histories, folder / "curves.png")


def judge_again(folder: Path, plan: FitPlan) -> Figures:
    """Judge a run that was fitted by this very plan, from its stored margins.

    Raises:
        DataError: It was not.
    """
    if run_folder.load_plan(folder) != plan:
        raise DataError(f"{folder}: of another plan; compare without --again")
    return judge_run(folder)


def judge_run(folder: Path) -> Figures:
    """Calibrate a fitted run from its stored margins and write all its figures."""
    crops, _ = load_run_crops(folder)
    margins, fold_of = run_folder.load_margins(folder, crops)
    plan = run_folder.load_plan(folder)
    calibration = calibrate_calls(margins, crops.labels, crops.people)
    run_folder.save_calibration(folder, calibration)
    p = probabilities(margins, calibration.decision.temperature)
    p_size = size_out_of_fold(crops, fold_of)
    found = figures(crops, margins, calibration, fold_of, p_size, plan.architecture)
    write_json(folder / run_folder.REPORT, found)
    plot_calls(crops.labels, p, folder / "calls.png")
    gallery(crops, p, folder / "worst.png")
    return found


def fitted_network(
    folder: Path, plan: FitPlan, name: str = run_folder.FINAL
) -> nn.Module:
    """Return a run's network by its file: fitted to everybody, or `fold<k>.pt`.

    Raises:
        DataError: There is none, or it is of another architecture.
    """
    network = make_network(plan.architecture, plan.side_px)
    path = folder / name
    try:
        network.load_state_dict(torch.load(path, weights_only=True))
    except (OSError, RuntimeError) as err:
        raise DataError(f"{path}: no fitted network: {err}; run `fit` first") from err
    return network.eval()


def mean_probabilities(runs: list[Path], crops: CropSet) -> F64:
    """Return (N,) the mean of runs' calibrated probabilities, out of fold.

    Raises:
        DataError: The runs are not of the same cells.
    """
    parts: list[F64] = []
    folds: list[I64] = []
    for folder in runs:
        margins, fold_of = run_folder.load_margins(folder, crops)
        temperature = run_folder.load_calibration(folder).decision.temperature
        parts.append(probabilities(margins, temperature))
        folds.append(fold_of)
    if not all(np.array_equal(folds[0], other) for other in folds):
        raise DataError(f"{runs}: were split differently")
    return np.asarray(np.mean(parts, axis=0), np.float64)
