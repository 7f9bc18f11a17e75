"""Figures of a network of kinds, laboratory by laboratory.

Blast against every other kind and against each kind alone, with bootstrap intervals;
kinds by balanced accuracy and confusion; false calls of mature cells by laboratory.
Cells of known people are drawn by person, the others one by one.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from leukoscope_edge.arrays import F32, F64, BoolArray
from leukoscope_edge.counting import binomial_interval
from leukoscope_train.data import I64, KINDS, MATURE, MATURE_UNNAMED, LabCells, Strings
from leukoscope_train.errors import DataError
from leukoscope_train.evaluation import metrics

N_BOOTSTRAP = 400
FALSE_CALLS = (0.02, 0.04)
"""Shares of mature cells called blast at which the sensitivity is read."""
_QUIET = 1 - FALSE_CALLS[0]


def figures_of(
    cells: LabCells, logits: F32, point: float | None = None
) -> dict[str, Any]:
    """Return all figures of every laboratory.

    Args:
        cells: N cells.
        logits: (N, K) of kinds.
        point: The margin from which a cell is called blast; None calls nothing.
    """
    found: dict[str, Any] = {}
    for laboratory in np.unique(cells.laboratories).tolist():
        for degraded in (False, True):
            own = (cells.laboratories == laboratory) & (cells.is_degraded == degraded)
            if own.any():
                name = laboratory + (" degraded" if degraded else "")
                row = _laboratory(laboratory, cells.pick(own), logits[own])
                if point is not None:
                    row["called_blast"] = called_from(
                        point, cells.pick(own), metrics.blast_margin(logits[own])
                    )
                found[name] = row
        here = cells.laboratories == laboratory
        if point is not None and 0 < cells.is_degraded[here].sum() < here.sum():
            found[f"{laboratory} degraded"]["changed"] = changed_by_optics(
                point, cells.pick(here), logits[here]
            )
    return found


def changed_by_optics(point: float, cells: LabCells, logits: F32) -> dict[str, Any]:
    """Return what a calculated cheap microscope changes of the same cells.

    Args:
        point: The margin from which a cell is called blast.
        cells: N cells of one laboratory; those of one name are the same cell.
        logits: (N, K) of kinds.

    Returns:
        How many were seen both ways, and the shares that lie on the other side of the
        point and whose likeliest kind is another, with exact intervals at 95 %.
    """
    names, worse = cells.names, cells.is_degraded
    clean = {str(names[i]): int(i) for i in np.flatnonzero(~worse)}
    pairs = [(clean[n], i) for i, n in enumerate(names) if worse[i] and n in clean]
    before, after = np.array(pairs, np.int64).reshape(-1, 2).T
    is_blast, kind = metrics.blast_margin(logits) > point, logits.argmax(axis=1)
    found: dict[str, Any] = {"n": len(pairs)}
    for what, said in (("calls", is_blast), ("kinds", kind)):
        found[what] = _share_of(said[before] != said[after]) if pairs else None
    return found


def _share_of(chosen: BoolArray) -> list[float]:
    """Return a share with its exact interval at 95 %."""
    n_chosen = int(chosen.sum())
    ends = binomial_interval(n_chosen, len(chosen))
    return [round(v, 4) for v in (n_chosen / len(chosen), ends.low, ends.high)]


def point_of(cells: LabCells, logits: F32) -> float:
    """Return the margin from which at most 0.02 of any one's mature cells lie.

    Args:
        cells: N cells, by which it is chosen.
        logits: (N, K) of kinds.

    Raises:
        DataError: None of them is a mature cell.
    """
    margin, mature = metrics.blast_margin(logits), is_mature(cells)
    if not mature.any():
        raise DataError("no mature cell to choose a point by: gather normal blood")
    return max(
        float(np.quantile(margin[mature & (cells.laboratories == name)], _QUIET))
        for name in np.unique(cells.laboratories[mature])
    )


def called_from(point: float, cells: LabCells, margin: F64) -> dict[str, list[float]]:
    """Return the shares of blasts, precursors and mature cells above a margin.

    Args:
        point: The margin.
        cells: N cells.
        margin: (N,) theirs.

    Returns:
        By name, the share with its exact interval at 95 %, cell by cell.
    """
    groups = {"blast": cells.is_blast == 1, "mature": is_mature(cells)}
    groups["B-precursor"] = cells.kinds == "B-precursor"
    return {
        name: _share_of(np.asarray(margin[own] > point, np.bool_))
        for name, own in groups.items()
        if own.any()
    }


def _laboratory(laboratory: str, cells: LabCells, logits: F32) -> dict[str, Any]:
    margin, blast = metrics.blast_margin(logits), cells.is_blast
    row: dict[str, Any] = {"n_cells": len(cells), "n_blasts": int(blast.sum())}
    if 0 < blast.sum() < len(cells):
        row["auroc"] = interval_of(margin, blast, cells.people)
        row["auroc_against"] = {
            str(kind): interval_of(margin[own], blast[own], cells.people[own])
            for kind in np.unique(cells.kinds[blast == 0])
            for own in [(cells.kinds == kind) | (blast == 1)]
        }
        row["auroc_of_size"] = round(metrics.auroc(blast, cells.areas_um2), 4)
        row["sensitivity_at"] = {
            str(share): round(float((margin[blast == 1] > limit).mean()), 4)
            for share in FALSE_CALLS
            for limit in [np.quantile(margin[blast == 0], 1 - share)]
        }
    if laboratory == "taleqani":
        row["auroc_by_image"] = auroc_by_image(cells, margin)
    row["margin_quantiles_of_mature"] = _quantiles(margin[is_mature(cells)])
    row["margin_quantiles_of_blasts"] = _quantiles(margin[blast == 1])
    row |= kinds_of(cells, logits)
    return row


def is_mature(cells: LabCells) -> BoolArray:
    """Return (N,) whether a cell is of a kind that healthy blood shows."""
    return np.asarray(np.isin(cells.kinds, (*MATURE, MATURE_UNNAMED)), np.bool_)


def auroc_by_image(cells: LabCells, margin: F64) -> list[float]:
    """Return how the mean probability of an image's cells tells images of blasts.

    Args:
        cells: Named `image#number`.
        margin: (N,) of the cells.
    """
    images = np.array([n.rpartition("#")[0] for n in cells.names.tolist()], np.str_)
    names, place = np.unique(images, return_inverse=True)
    counts = np.bincount(place)
    p = 0.5 * (1 + np.tanh(margin / 2))
    mean = np.bincount(place, weights=p) / counts
    blast = (np.bincount(place, weights=cells.is_blast) / counts > 0.5).astype(np.int64)
    return interval_of(np.asarray(mean), blast, np.full(len(names), "", np.str_))


def _quantiles(values: F64) -> list[float]:
    if not len(values):
        return []
    found = np.quantile(values, [0.05, 0.5, 0.9, 0.95, 0.98, 0.99])
    return [round(float(v), 3) for v in found]


def kinds_of(cells: LabCells, logits: F32) -> dict[str, Any]:
    """Return the balanced accuracy over the mature kinds, and the confusion of all.

    Among the mature kinds alone the likeliest of them counts, so that a missed blast
    class does not hide how well kinds are told.
    """
    places = [KINDS.index(kind) for kind in MATURE]
    called = np.array(MATURE)[logits[:, places].argmax(axis=1)]
    present = [k for k in MATURE if (cells.kinds == k).any()]
    recall = {k: float((called[cells.kinds == k] == k).mean()) for k in present}
    whole = np.array(KINDS)[logits.argmax(axis=1)]
    confusion = {
        kind: {
            other: int(((cells.kinds == kind) & (whole == other)).sum())
            for other in KINDS
            if ((cells.kinds == kind) & (whole == other)).any()
        }
        for kind in np.unique(cells.kinds).tolist()
    }
    accuracy = round(float(np.mean(list(recall.values()))), 4) if recall else None
    return {
        "balanced_accuracy_of_mature": accuracy,
        "recall_of_mature": {k: round(v, 4) for k, v in recall.items()},
        "confusion": confusion,
    }


def interval_of(margin: F64, blast: I64, people: Strings) -> list[float]:
    """Return an AUROC with its 95 % bootstrap interval, people drawn where known."""
    random = np.random.default_rng(0)
    groups = np.where(people == "", np.arange(len(people)).astype(np.str_), people)
    _, group = np.unique(groups, return_inverse=True)
    members = np.argsort(group, kind="stable")
    starts = np.r_[0, np.cumsum(np.bincount(group))]
    drawn = []
    for _ in range(N_BOOTSTRAP):
        chosen = random.integers(0, len(starts) - 1, len(starts) - 1)
        if len(chosen) == len(people):
            at = members[chosen]
        else:
            at = np.concatenate([members[starts[c] : starts[c + 1]] for c in chosen])
        if 0 < blast[at].sum() < len(at):
            drawn.append(metrics.auroc(blast[at], margin[at]))
    low, high = np.quantile(drawn, [0.025, 0.975])
    return [
        round(v, 4) for v in (metrics.auroc(blast, margin), float(low), float(high))
    ]


def figure_lines(found: dict[str, Any]) -> Iterator[str]:
    """Yield the figures as lines."""
    for name, row in found.items():
        yield f"{name}: {row['n_cells']} cells, {row['n_blasts']} blasts"
        for key, value in row.items():
            if key not in ("n_cells", "n_blasts", "confusion"):
                yield f"    {key}: {value}"
        for kind, calls in row["confusion"].items():
            yield f"    {kind:<22}{calls}"
