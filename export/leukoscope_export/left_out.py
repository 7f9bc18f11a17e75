"""What a bundle of kinds shows on every laboratory that never taught it."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from leukoscope_edge.arrays import F32, F64, BoolArray
from leukoscope_edge.inference import (
    DecisionEntry,
    MetricsEntry,
    classify,
    open_bundle,
    open_engine,
)
from leukoscope_edge.types import CallName
from leukoscope_export.judged import Judged, JudgedEvidence, KindNotes, Networks
from leukoscope_export.points import PairPoints
from leukoscope_train.data import I64, LabCells
from leukoscope_train.evaluation import (
    auroc_by_image,
    blast_margin,
    interval_of,
    is_mature,
    kinds_of,
    metrics,
    probabilities,
)
from leukoscope_train.teach import kept

PRECURSOR = "B-precursor"
TINY = 1e-9
MAX_COMPARED = 200
"""Cells of a laboratory on which the forms of a file are held against another."""


def metrics_of(judged: Judged, points: PairPoints, mature: BoolArray) -> MetricsEntry:
    """Return the card's figures: of blasts and mature cells that decide.

    The AUROC is of blasts against the other cells of the same laboratory, the mean of
    the laboratories that have both. Blasts of one laboratory against normal cells of
    another would show how well laboratories are told apart.

    Args:
        judged: The cells.
        points: Of the networks.
        mature: (N,) whether a cell is of a kind that healthy blood shows.
    """
    counted = judged.decides & (mature | (judged.cells.is_blast == 1))
    labels, p = judged.cells.is_blast[counted], points.p[counted]
    called = p >= points.deep.blast_from
    names = np.unique(judged.cells.laboratories[counted]).tolist()
    within = within_laboratories(judged, points)
    return MetricsEntry(
        set=f"blasts and mature cells of {', '.join(names)}, each judged by networks "
        "that never saw its laboratory; AUROC within "
        f"{' and '.join(within)}, their mean",
        n_cells=int(counted.sum()),
        n_people=0,
        weighted_f1=round(metrics.weighted_f1(labels, called), 4),
        auroc=round(float(np.mean(list(within.values()))), 4),
        sensitivity=round(metrics.sensitivity(labels, called), 4),
        specificity=round(metrics.specificity(labels, called), 4),
        ece=round(metrics.expected_calibration_error(labels, p), 4),
    )


def within_laboratories(judged: Judged, points: PairPoints) -> dict[str, float]:
    """Return the AUROC of every laboratory that has blasts and others."""
    found = {}
    for name in np.unique(judged.cells.laboratories).tolist():
        own = judged.cells.laboratories == name
        blast = judged.cells.is_blast[own]
        if 0 < blast.sum() < len(blast):
            found[name] = metrics.auroc(blast, points.p[own])
    return found


def as_shipped(folder: Path, cells: LabCells) -> dict[str, Any]:
    """Call some cells as the device does, and return the shares of its calls.

    Args:
        folder: The bundle.
        cells: Of a laboratory that its networks never saw.
    """
    some = cells.pick(_spread_over(len(cells), MAX_COMPARED))
    bundle = open_bundle(folder)
    crops = list(kept(some, bundle.card.input.side_px))
    with open_engine(bundle, backend="cpu") as engine:
        calls = classify(engine, crops, bundle.card, in_marrow=False)
    names = np.array([c.name.value for c in calls], np.str_)
    unlike = np.array([c.is_unlike for c in calls], np.bool_)
    groups = {"blast": some.kinds == "blast", "mature": is_mature(some)}
    groups["B-precursor"] = some.kinds == PRECURSOR
    return {
        group: {
            "n": int(own.sum()),
            **{
                c.value: round(float((names[own] == c.value).mean()), 4)
                for c in CallName
            },
            "unlike": round(float(unlike[own].mean()), 4),
        }
        for group, own in groups.items()
        if own.any()
    }


def _spread_over(n_cells: int, wanted: int) -> I64:
    """Return up to so many places, evenly over all."""
    places = np.linspace(0, n_cells - 1, min(n_cells, wanted))
    return np.unique(places.astype(np.int64))


def figures(
    networks: Networks | None, notes: KindNotes, judged: Judged, points: PairPoints
) -> dict[str, Any]:
    """Return what every left-out laboratory shows: the pair, its parts and int8.

    Args:
        networks: Of the release; None where the bundle's files alone are left, and
            there is no float file to hold int8 against.
        notes: Of the release.
        judged: The cells.
        points: Of the networks.
    """
    quick = None if points.quick is None else asdict(points.quick)
    found: dict[str, Any] = {"points": asdict(points.deep) | {"quick": quick}}
    metrics_entry = metrics_of(judged, points, is_mature(judged.cells))
    found["together"] = asdict(metrics_entry)
    decided = judged.truth.normals | judged.truth.blasts
    found["asked_deep"] = round(float(points.asked_deep[decided].mean()), 4)
    for evidence in notes.evidence:
        here = judged.cells.laboratories == evidence.laboratory
        own, p = judged.pick(here), points.p[here]
        row = _called(own.cells, p, points.deep)
        row["asked_deep"] = round(float(points.asked_deep[here].mean()), 4)
        parts = {"pair": p, "deep": own.deep}
        if own.quick is not None:
            parts["quick"] = own.quick
        if 0 < own.cells.is_blast.sum() < len(own.cells):
            row["auroc"] = {
                n: interval_of(v, own.cells.is_blast, own.cells.people)
                for n, v in parts.items()
            }
        if own.cells.names[0].rpartition("#")[0] and own.cells.is_blast.any():
            row["auroc_by_image"] = auroc_by_image(
                own.cells, np.log(p + TINY) - np.log(1 - p + TINY)
            )
        if networks is not None:
            row["forms"] = _forms(networks, evidence, own, points)
        row["kinds"] = kinds_of(own.cells, own.kinds)
        found[evidence.laboratory] = row
    return found


def _called(cells: LabCells, p: F64, decision: DecisionEntry) -> dict[str, Any]:
    """Return the shares of calls by kind of cell, at the card's points."""
    blast, normal = p >= decision.blast_from, p <= decision.normal_to
    groups = {"blast": cells.kinds == "blast", "mature": is_mature(cells)}
    groups |= {k: cells.kinds == k for k in np.unique(cells.kinds).tolist()}
    return {
        name: {
            "n": int(own.sum()),
            "called_blast": round(float(blast[own].mean()), 4),
            "unclear": round(float((~blast & ~normal)[own].mean()), 4),
        }
        for name, own in groups.items()
        if own.any()
    }


def _forms(
    networks: Networks, evidence: JudgedEvidence, own: Judged, points: PairPoints
) -> dict[str, Any]:
    """Hold both int8 forms of both networks against the float files."""
    found = {}
    cells = own.cells.pick(_spread_over(len(own.cells), MAX_COMPARED))
    asked = [("deep", evidence.deep, points.deep)]
    if points.quick is not None:
        asked.append(("quick", evidence.quick, points.quick))
    for name, folder, entry in asked:
        network = networks.of(folder)
        before = _by(network.logits(cells, "fp32"), entry)
        for form in ("cpu", "trt"):
            after = _by(network.logits(cells, form), entry)
            row = {"calls_changed": round(float((before[1] != after[1]).mean()), 4)}
            if 0 < cells.is_blast.sum() < len(cells):
                lost = metrics.auroc(cells.is_blast, before[0]) - metrics.auroc(
                    cells.is_blast, after[0]
                )
                row["auroc_lost"] = round(lost, 4)
            found[f"{name} {form}"] = row
    return found


def _by(logits: F32, entry: DecisionEntry) -> tuple[F64, I64]:
    """Return the probabilities of blast and the calls: 0 normal, 1 unclear, 2 blast."""
    p = probabilities(blast_margin(logits), entry.temperature)
    return p, (p > entry.normal_to).astype(np.int64) + (p >= entry.blast_from)
