"""From a fitted run to a bundle: every figure on the card is the int8 network's own.

Each fold's network is quantised like the final one and judges the people that it never
saw; the card's thresholds, spreads and figures come from these out-of-fold answers.
"""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from leukoscope_edge.config import read_toml
from leukoscope_edge.inference.card import DataEntry, InputEntry, MetricsEntry
from leukoscope_edge.types import F32, F64, U8, Domain
from leukoscope_export.bundle import Release, write_bundle
from leukoscope_export.graph import export_onnx
from leukoscope_export.parity import Parity, compare, refuse_beyond_tolerance
from leukoscope_export.quantise import quantise, run_onnx
from leukoscope_train import metrics, work
from leukoscope_train.calibrate import calibrate, probabilities
from leukoscope_train.cells import CropSet, DataError, load_crops
from leukoscope_train.fit import (
    INPUT_MEAN,
    INPUT_STD,
    FitPlan,
    draw_weights,
    kept_crops,
)
from leukoscope_train.folds import folds_of
from leukoscope_train.networks import make_network

FP32_NAME = "fp32.onnx"
N_CALIBRATION = 256
"""Cells from which the ranges of the activations are taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseNotes:
    """What a person writes on the card; the rest is measured."""

    id: str
    created: str
    domain: Domain
    summary: str
    limits: tuple[str, ...]
    source: str
    licence: str


def make_bundle(run: Path, notes_path: Path, out: Path) -> tuple[Path, Parity]:
    """Quantise a fitted run, measure it out of fold and write its bundle.

    Args:
        run: Folder of `python -m leukoscope_train fit`.
        notes_path: TOML with the keys of `ReleaseNotes`.
        out: Folder in which the bundle's folder is made.

    Returns:
        The bundle's folder, and what int8 changed for people never seen.

    Raises:
        DataError: The run is incomplete, or int8 changes too much.
        LeukoscopeError: The notes are wrong, or the device refuses the bundle.
    """
    notes = read_toml(notes_path, ReleaseNotes)
    plan, stored = _plan(run)
    crops = load_crops(run / work.CROPS)
    fold_of = folds_of(crops, work.read_json(run / work.FOLDS))
    pixels = kept_crops(crops, plan.side_px, plan.colour)
    spec = _input(run, plan)
    with tempfile.TemporaryDirectory() as aside:
        folder = Path(aside)
        before = np.zeros((len(crops), 2), np.float32)
        after = np.zeros((len(crops), 2), np.float32)
        for fold in np.unique(fold_of):
            network = _network(run / f"fold{fold}.pt", plan)
            seen, held = fold_of != fold, fold_of == fold
            chosen = _calibration_cells(crops.pick(seen), pixels[seen], plan)
            int8 = _quantised(network, folder, chosen, spec)
            before[held] = run_onnx(folder / FP32_NAME, pixels[held], spec)
            after[held] = run_onnx(int8, pixels[held], spec)
        margins = _margins(after)
        calibration = calibrate(margins, crops.labels, crops.people)
        parity = compare(before, after, crops.labels, calibration.decision)
        refuse_beyond_tolerance(parity)
        network = _network(run / work.FINAL, plan)
        chosen = _calibration_cells(crops, pixels, plan)
        int8 = _quantised(network, folder, chosen, spec)
        release = Release(
            id=notes.id,
            created=notes.created,
            domain=notes.domain,
            summary=notes.summary,
            limits=notes.limits,
            architecture=plan.architecture,
            input=spec,
            calibration=calibration,
            data=DataEntry(
                source=notes.source,
                licence=notes.licence,
                n_cells=len(crops),
                n_people=len(np.unique(crops.people)),
                split_sha256=stored["split_sha256"],
                command=stored["command"],
            ),
            metrics=_metrics(
                crops, probabilities(margins, calibration.decision.temperature)
            ),
        )
        write_bundle(out / notes.id, int8, network, release)
    return out / notes.id, parity


def _plan(run: Path) -> tuple[FitPlan, dict[str, Any]]:
    stored = work.read_json(run / work.PLAN)
    plan = stored["plan"]
    recipe = FitPlan().recipe.__class__(**plan.pop("recipe"))
    return FitPlan(**plan, recipe=recipe), stored


def _input(run: Path, plan: FitPlan) -> InputEntry:
    stored = work.read_json(run / work.SPEC)
    return InputEntry(
        side_px=plan.side_px,
        scale_um_per_px=stored["scale_um_per_px"],
        colour=plan.colour,
        mean=INPUT_MEAN,
        std=INPUT_STD,
    )


def _network(path: Path, plan: FitPlan) -> nn.Module:
    network = make_network(plan.architecture)
    try:
        network.load_state_dict(torch.load(path, weights_only=True))
    except (OSError, RuntimeError) as err:
        raise DataError(f"{path}: no fitted network: {err}; run `fit` first") from err
    return network.eval()


def _calibration_cells(crops: CropSet, pixels: U8, plan: FitPlan) -> U8:
    """Draw cells as training draws them, so that no person sets the ranges alone."""
    random = np.random.default_rng(plan.seed)
    chances = draw_weights(crops, plan.extra_share)
    return pixels[random.choice(len(pixels), N_CALIBRATION, p=chances)]


def _quantised(network: nn.Module, folder: Path, chosen: U8, spec: InputEntry) -> Path:
    export_onnx(network, spec.side_px, folder / FP32_NAME)
    quantise(folder / FP32_NAME, folder / "int8.onnx", chosen, spec)
    return folder / "int8.onnx"


def _margins(logits: F32) -> F64:
    return np.asarray(logits[:, 1] - logits[:, 0], np.float64)


def _metrics(crops: CropSet, p: F64) -> MetricsEntry:
    labels, called = crops.labels, p >= 0.5
    n_people = len(np.unique(crops.people))
    return MetricsEntry(
        set="the training cells, each judged by a network that never saw its person",
        n_cells=len(crops),
        n_people=n_people,
        weighted_f1=round(metrics.weighted_f1(labels, called), 4),
        auroc=round(metrics.auroc(labels, p), 4),
        sensitivity=round(metrics.sensitivity(labels, called), 4),
        specificity=round(metrics.specificity(labels, called), 4),
        ece=round(metrics.expected_calibration_error(labels, p), 4),
    )
