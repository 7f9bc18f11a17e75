"""From fitted runs to a bundle: every figure on the card is the int8 network's own.

Each fold's network is quantised like the final one and judges the people that it never
saw; the card's thresholds, spreads and figures come from these out-of-fold answers. A
second run, of a smaller network on the same cells, makes the bundle a pair.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from leukoscope_edge.arrays import F32, F64
from leukoscope_edge.config import read_toml
from leukoscope_edge.inference import (
    BaselineEntry,
    DataEntry,
    MetricsEntry,
)
from leukoscope_edge.types import Domain
from leukoscope_export.bundle import Quick, Release, Trained, write_bundle
from leukoscope_export.graphs import Method, QatPlan, with_half
from leukoscope_export.pair import fit_pair
from leukoscope_export.parity import Parity, compare, refuse_beyond_tolerance
from leukoscope_export.runs import (
    FINAL,
    Run,
    out_of_fold,
    quantised,
    read_run,
    with_outliers,
)
from leukoscope_train.data import CropSet
from leukoscope_train.errors import DataError
from leukoscope_train.evaluation import (
    CallCalibration,
    calibrate_calls,
    fit_conformal,
    metrics,
    probabilities,
    size_out_of_fold,
)
from leukoscope_train.networks import Pooled, make_network, n_parameters


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How networks are quantised.

    Attributes:
        method: How ranges are chosen.
        qat: The fine-tuning before; None for none.
        has_fp16: Also write a file in half precision, for GPUs without int8.
    """

    method: Method = "minmax"
    qat: QatPlan | None = None
    has_fp16: bool = False


def make_bundle(
    run: Path,
    notes_path: Path,
    out: Path,
    *,
    quick: Path | None = None,
    recipe: Recipe = Recipe(),
) -> tuple[Path, Parity]:
    """Quantise a fitted run, measure it out of fold and write its bundle.

    Args:
        run: Folder of `python -m leukoscope_train fit`.
        notes_path: TOML with the keys of `ReleaseNotes`.
        out: Folder in which the bundle's folder is made.
        quick: Folder of a smaller network's run on the same cells; None for no pair.
        recipe: How both are quantised.

    Returns:
        The bundle's folder, and what int8 changed for people never seen.

    Raises:
        DataError: A run is incomplete, or int8 or the pair changes too much.
        LeukoscopeError: The notes are wrong, or the device refuses the bundle.
    """
    notes = read_toml(notes_path, ReleaseNotes)
    deep = read_run(run)
    margins, calibration, parity = _measured(deep, recipe)
    trained = _trained(deep, recipe, has_outliers=quick is None)
    second = None
    if quick is not None:
        small = read_run(quick)
        refuse_other_cells(deep, small)
        pair = fit_pair(
            _measured(small, recipe)[0], margins, deep.crops.labels, deep.crops.people
        )
        margins, calibration = pair.margins, pair.calibration
        second = Quick(
            trained=_trained(small, recipe, has_outliers=False), decision=pair.quick
        )
    p = probabilities(margins, calibration.decision.temperature)
    release = Release(
        id=notes.id,
        created=notes.created,
        domain=notes.domain,
        summary=notes.summary,
        limits=notes.limits,
        input=deep.spec,
        calibration=calibration,
        data=_data(notes, deep),
        metrics=_metrics(deep.crops, p),
        size_only=_size_only(deep),
        conformal=fit_conformal(p, deep.crops.labels, deep.crops.people),
    )
    write_bundle(out / notes.id, trained, release, second)
    return out / notes.id, parity


def _measured(run: Run, recipe: Recipe) -> tuple[F64, CallCalibration, Parity]:
    """Judge every cell out of fold by int8; refuse where int8 changes too much."""
    before, after = out_of_fold(run, recipe.method, recipe.qat)
    margins = _margins(after)
    calibration = calibrate_calls(margins, run.crops.labels, run.crops.people)
    parity = compare(before, after, run.crops.labels, calibration.decision)
    refuse_beyond_tolerance(parity)
    return margins, calibration, parity


def _trained(run: Run, recipe: Recipe, *, has_outliers: bool) -> Trained:
    network = make_network(run.plan.architecture, run.plan.side_px)
    files = quantised(run, FINAL, recipe.method, recipe.qat)
    outliers = None
    if has_outliers and isinstance(network, Pooled):
        files, outliers = with_outliers(files, run)
    return Trained(
        files=with_half(files) if recipe.has_fp16 else files,
        architecture=run.plan.architecture,
        n_parameters=n_parameters(network),
        outliers=outliers,
    )


def refuse_other_cells(deep: Run, quick: Run) -> None:
    """Refuse a pair whose networks judge other cells, or other crops of them.

    Raises:
        DataError: Says what differs.
    """
    if deep.spec != quick.spec:
        raise DataError(f"the pair cuts its crops differently: {quick.spec}")
    same = len(deep.crops) == len(quick.crops) and bool(
        (deep.crops.names == quick.crops.names).all()
        and (deep.fold_of == quick.fold_of).all()
    )
    if not same:
        raise DataError("the pair was fitted on other cells or folds; fit both alike")


def _data(notes: ReleaseNotes, run: Run) -> DataEntry:
    return DataEntry(
        source=notes.source,
        licence=notes.licence,
        n_cells=len(run.crops),
        n_people=len(np.unique(run.crops.people)),
        split_sha256=run.stored["split_sha256"],
        command=run.stored["command"],
    )


def _size_only(run: Run) -> BaselineEntry:
    """Judge the same cells by their size alone, out of fold."""
    p, labels = size_out_of_fold(run.crops, run.fold_of), run.crops.labels
    return BaselineEntry(
        weighted_f1=round(metrics.weighted_f1(labels, p >= 0.5), 4),
        auroc=round(metrics.auroc(labels, p), 4),
    )


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
