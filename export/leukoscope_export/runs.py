"""A fitted run as the exporter needs it: its cells, folds and networks."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from torch import nn

from leukoscope_edge.arrays import F32, U8, BoolArray
from leukoscope_edge.inference import InputEntry, OutlierEntry
from leukoscope_export.graphs import (
    Files,
    Method,
    QatPlan,
    correct_biases,
    fine_tune,
    onnx_bytes,
    pooled_features,
    pooled_name,
    quantise_graph,
    run_onnx,
    torch_outputs,
    with_distance,
)
from leukoscope_train import run_folder
from leukoscope_train.data import (
    I64,
    CropSet,
    Strings,
    concatenate,
    folds_of,
    load_crops,
)
from leukoscope_train.errors import DataError
from leukoscope_train.evaluation import fit_outliers
from leukoscope_train.json_files import read_json
from leukoscope_train.networks import INPUT_MEAN, INPUT_STD
from leukoscope_train.plan import FitPlan
from leukoscope_train.run import fitted_network
from leukoscope_train.sampling import draw_weights, kept_crops

FINAL = "final"
N_CALIBRATION = 256
"""Cells from which the ranges of the activations are taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What `python -m leukoscope_train fit` left in a folder.

    Attributes:
        folder: The folder.
        plan: What was fitted.
        stored: The plan's file, with the command and the hash of the split.
        crops: The cells.
        extra: Normal cells of unknown people, if any; in training only.
        pixels: (N, side, side, 3) uint8, the cells as the device would cut them.
        fold_of: (N,) fold of every cell.
        spec: The card's input entry.
    """

    folder: Path
    plan: FitPlan
    stored: dict[str, Any]
    crops: CropSet
    extra: CropSet | None
    pixels: U8
    fold_of: I64
    spec: InputEntry

    def seen_by(self, name: str) -> BoolArray:
        """Return (N,) which cells a network was fitted on: `final` or `fold<k>`."""
        if name == FINAL:
            return np.ones(len(self.crops), np.bool_)
        return np.asarray(self.fold_of != int(name.removeprefix("fold")), np.bool_)

    def fold_names(self) -> list[str]:
        """Return the names of the folds' networks."""
        return [f"fold{k}" for k in np.unique(self.fold_of)]


def read_run(folder: Path) -> Run:
    """Read a run.

    Raises:
        DataError: A part is missing, or crops were made as no device makes them.
    """
    stored, plan = (
        read_json(folder / run_folder.PLAN),
        run_folder.load_plan(folder),
    )
    if plan.contrast != "none":
        raise DataError(f"{folder}: fitted with contrast, which no device raises")
    crops = load_crops(folder / run_folder.CROPS)
    return Run(
        folder=folder,
        plan=plan,
        stored=stored,
        crops=crops,
        extra=load_crops(extra)
        if (extra := folder / run_folder.EXTRA).exists()
        else None,
        pixels=kept_crops(crops, plan),
        fold_of=folds_of(crops, read_json(folder / run_folder.FOLDS)),
        spec=_spec(folder, plan),
    )


def _spec(folder: Path, plan: FitPlan) -> InputEntry:
    stored = read_json(folder / run_folder.SPEC)
    return InputEntry(
        side_px=plan.side_px,
        scale_um_per_px=stored["scale_um_per_px"],
        colour=plan.colour,
        mean=INPUT_MEAN,
        std=INPUT_STD,
    )


def network_of(run: Run, name: str) -> nn.Module:
    """Load a network of the run, `final` or `fold<k>`, as `fitted_network` does."""
    return fitted_network(run.folder, run.plan, f"{name}.pt")


def calibration_cells(run: Run, seen: BoolArray) -> tuple[U8, Strings]:
    """Draw cells as training draws them, so that no person sets the ranges alone.

    Args:
        run: The run.
        seen: (N,) cells of known people that may be drawn.

    Returns:
        (256, side, side, 3) uint8 RGB, with repeats, and their (256,) names.
    """
    cells = run.crops.pick(seen)
    if run.extra is not None:
        cells = concatenate([cells, run.extra])
    random = np.random.default_rng(run.plan.seed)
    chances = draw_weights(cells, run.plan)
    chosen = cells.pick(random.choice(len(cells), N_CALIBRATION, p=chances))
    return kept_crops(chosen, run.plan), chosen.names


def quantised(
    run: Run, name: str, method: Method = "minmax", qat: QatPlan | None = None
) -> Files:
    """Quantise a network of the run, as a release does.

    The biases take back what int8 shifts on average; not after quantisation-aware
    training, which has fitted them to int8 itself.
    """
    network, seen = network_of(run, name), run.seen_by(name)
    if qat is not None:
        fine_tune(network, run.pixels[seen], run.crops.labels[seen], qat)
    fp32 = onnx_bytes(network, run.spec.side_px)
    chosen, _ = calibration_cells(run, seen)
    files = quantise_graph(fp32, chosen, run.spec, method)
    return files if qat is not None else correct_biases(files, chosen, run.spec)


def out_of_fold(run: Run, method: Method, qat: QatPlan | None) -> tuple[F32, F32]:
    """Return the (N, 2) logits of the fitted networks and of their int8 CPU files.

    Every cell is judged by a network that never saw its person. The first are as `fit`
    left them, before any step towards int8: what int8 costs is counted whole.
    """
    before = np.zeros((len(run.crops), 2), np.float32)
    after = np.zeros((len(run.crops), 2), np.float32)
    for name in run.fold_names():
        held = ~run.seen_by(name)
        before[held] = torch_outputs(network_of(run, name), run.pixels[held])[0]
        files = quantised(run, name, method, qat)
        after[held] = run_onnx(files.cpu, run.pixels[held], run.spec)[0]
    return before, after


def with_outliers(files: Files, run: Run) -> tuple[Files, OutlierEntry]:
    """Fit the test to a run's cells as its int8 file sees them, and build it in.

    Args:
        files: The final network's, quantised.
        run: Its run.

    Returns:
        The files, each answering with three numbers, and the card's entry.
    """
    pooled = pooled_name(files.fp32)
    known = pooled_features(files.cpu, pooled, run.pixels, run.spec)
    others = None
    if run.extra is not None:
        shown = kept_crops(run.extra, run.plan)
        others = pooled_features(files.cpu, pooled, shown, run.spec)
    entry, arrays = fit_outliers(known, run.crops.labels, run.crops.people, others)
    found = replace(
        files,
        fp32=with_distance(files.fp32, pooled, arrays),
        cpu=with_distance(files.cpu, pooled, arrays),
        trt=with_distance(files.trt, pooled, arrays),
    )
    return found, entry
