"""What a bundle's calls say of cells whose kinds are known.

Keys of the report, which `--json` prints (shares are of cells, rounded to 4 digits):

* `n_cells`, `n_people` (0: unknown), `kinds`: cells by kind;
* `auroc`: blast against every other kind, `[value, low, high]`, 95 % by bootstrap over
  people where known, else over cells; `auroc_against`: the same value against each
  kind; both absent where only one class is there;
* `auroc_of`: how far one plain measure of a crop tells blasts, were it a leak: `area`,
  `grey` (mean of the cell) and `sharpness` (mean step between neighbours over the
  spread: microscope, focus and JPEG show there); 0.5 either way is nothing;
* `sensitivity`: share of blasts called blast, and `missed`: called normal;
* `false_calls`: share of mature cells called blast, and `false_calls_of`: by kind;
* `unclear`, `unlike`: shares of all cells; the second is part of the first;
* `ece`: expected calibration error of the probability of blast;
* `balanced_accuracy_of_mature`: mean share told right of the mature kinds present;
* `recall_of_mature`: the same share by kind;
* `intervals`: of those figures that are one number, `[low, high]`, drawn as `auroc`'s;
* `confusion`: true kind, then the likeliest kind, then how many.

Keys of `differences_of`, where the same cells were cut in two ways:

* `n_cells`: cut both ways; `changed`: called otherwise, and `crossed`: from blast to
  normal or back; `calls`: `first > second`, then how many;
* `n_blasts`, and `sensitivity`: share of these called blast, as `[first, second]`.
"""

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from leukoscope_edge.arrays import F64, U8
from leukoscope_edge.inference import Bundle, classify, open_engine
from leukoscope_edge.types import Call, CallName
from leukoscope_train.data import I64, MATURE, LabCells
from leukoscope_train.evaluation import metrics
from leukoscope_train.evaluation.judge import N_BOOTSTRAP, interval_of, is_mature


def calls_of(bundle: Bundle, crops: U8, *, in_marrow: bool = False) -> list[Call]:
    """Call crops as the device would: a pair by both of its networks.

    Args:
        bundle: A verified bundle.
        crops: (N, side, side, 3) uint8 RGB, cut as its card says.
        in_marrow: The sample is marrow.
    """
    with open_engine(bundle, backend="cpu") as engine:
        return classify(engine, list(crops), bundle.card, in_marrow=in_marrow)


def report_of(cells: LabCells, calls: list[Call]) -> dict[str, Any]:
    """Return the figures of a bundle's calls; the keys are told above.

    Args:
        cells: N cells, one or more.
        calls: One of each.
    """
    p = np.array([call.p_blast for call in calls], np.float64)
    names = np.array([call.name.value for call in calls], np.str_)
    called = {name: names == name.value for name in CallName}
    blast, mature = cells.is_blast == 1, is_mature(cells)
    found: dict[str, Any] = {
        "n_cells": len(cells),
        "n_people": len(set(cells.people.tolist()) - {""}),
        "kinds": dict(sorted(Counter(cells.kinds.tolist()).items())),
    }
    if 0 < blast.sum() < len(cells):
        found["auroc"] = interval_of(p, cells.is_blast, cells.people)
        found["auroc_against"] = {
            kind: round(metrics.auroc(cells.is_blast[own], p[own]), 4)
            for kind in sorted(set(cells.kinds[~blast].tolist()))
            for own in [blast | (cells.kinds == kind)]
        }
        found["auroc_of"] = {
            name: round(metrics.auroc(cells.is_blast, values), 4)
            for name, values in _plain_measures(cells).items()
        }
    if blast.any():
        found["sensitivity"] = _share(called[CallName.BLAST][blast])
        found["missed"] = _share(called[CallName.NORMAL][blast])
    if mature.any():
        found["false_calls"] = _share(called[CallName.BLAST][mature])
    found["ece"] = round(metrics.expected_calibration_error(cells.is_blast, p), 4)
    found["false_calls_of"] = {
        kind: _share(called[CallName.BLAST][cells.kinds == kind])
        for kind in sorted(set(cells.kinds[~blast].tolist()))
    }
    found["unclear"] = _share(called[CallName.UNCLEAR])
    found["unlike"] = _share(np.array([call.is_unlike for call in calls], np.bool_))
    found |= _kinds(cells, calls)
    return found | {"intervals": _intervals(cells, calls, found)}


def by_laboratory(cells: LabCells, calls: list[Call]) -> dict[str, Any]:
    """Return a report of each laboratory, and of the question between them.

    `together` are the blasts and the mature cells of all of them: what tells those
    apart may be the laboratory, and the card's calibration is of them.

    Args:
        cells: N cells.
        calls: One of each.
    """
    names = np.unique(cells.laboratories).tolist()
    chosen = {name: cells.laboratories == name for name in names}
    between = (cells.is_blast == 1) | is_mature(cells)
    if len(names) > 1 and between.any():
        chosen["together"] = between
    return {
        name: report_of(cells.pick(own), [calls[i] for i in np.flatnonzero(own)])
        for name, own in chosen.items()
    }


def _intervals(
    cells: LabCells, calls: list[Call], report: dict[str, Any]
) -> dict[str, list[float]]:
    """Return the intervals of those figures of a report that are one number."""
    p = np.array([call.p_blast for call in calls], np.float64)
    names = np.array([call.name.value for call in calls], np.str_)
    likeliest = np.array([_of_mature(call) for call in calls], np.str_)
    blast, mature = cells.is_blast == 1, is_mature(cells)
    present = [kind for kind in MATURE if (cells.kinds == kind).any()]

    def figures(at: I64) -> dict[str, float]:
        said_blast = names[at] == CallName.BLAST.value
        right = (likeliest == cells.kinds)[at]
        kinds = [_mean(right[cells.kinds[at] == kind]) for kind in present]
        return {
            "sensitivity": _mean(said_blast[blast[at]]),
            "missed": _mean((names[at] == CallName.NORMAL.value)[blast[at]]),
            "false_calls": _mean(said_blast[mature[at]]),
            "ece": metrics.expected_calibration_error(cells.is_blast[at], p[at]),
            "unclear": _mean(names[at] == CallName.UNCLEAR.value),
            "balanced_accuracy_of_mature": _mean(np.array(kinds)),
        }

    alone = np.arange(len(cells)).astype(np.str_)
    groups = np.where(cells.people == "", alone, cells.people)
    found = metrics.bootstrap_intervals(figures, groups, n_draws=N_BOOTSTRAP)
    return {
        name: [round(low, 4), round(high, 4)]
        for name, (low, high) in found.items()
        if report.get(name) is not None and not math.isnan(low)
    }


def _mean(values: np.ndarray) -> float:
    """Return the mean of those that are numbers; NaN where none is."""
    known = values[~np.isnan(values.astype(np.float64))]
    return float(known.mean()) if len(known) else float("nan")


def differences_of(
    first: LabCells, second: LabCells, before: list[Call], after: list[Call]
) -> dict[str, Any]:
    """Return what another cut of the same cells changes; the keys are told above.

    Args:
        first: N cells, one of an image.
        second: M cells of the same images, cut otherwise.
        before: (N,) calls of the first.
        after: (M,) calls of the second.
    """
    other = {name: i for i, name in enumerate(second.names.tolist())}
    pairs = [(i, other[n]) for i, n in enumerate(first.names.tolist()) if n in other]
    called = [(before[i].name.value, after[j].name.value) for i, j in pairs]
    changed = [pair for pair in called if len(set(pair)) == 2]
    ends = {CallName.BLAST.value, CallName.NORMAL.value}
    blasts = [
        pair for pair, (i, _) in zip(called, pairs, strict=True) if first.is_blast[i]
    ]
    is_blast = np.array(blasts, np.str_).reshape(-1, 2) == CallName.BLAST.value
    return {
        "n_cells": len(called),
        "changed": len(changed),
        "crossed": sum(set(pair) == ends for pair in changed),
        "calls": dict(sorted(Counter(" > ".join(pair) for pair in called).items())),
        "n_blasts": len(blasts),
        "sensitivity": [_share(column) for column in is_blast.T] if blasts else [],
    }


def changed_by_turning(
    bundle: Bundle, cells: LabCells, crops: U8, calls: list[Call]
) -> dict[str, Any]:
    """Return what changes where each crop is turned by a quarter: no cell is another.

    Args:
        bundle: A verified bundle.
        cells: N cells.
        crops: (N, side, side, 3) uint8 RGB, theirs, cut as its card says.
        calls: (N,) calls of the crops as they are.
    """
    again = calls_of(bundle, quarter_turned(crops))
    each = replace(cells, names=np.arange(len(cells)).astype(np.str_))
    return differences_of(each, each, calls, again)


def quarter_turned(crops: U8) -> U8:
    """Return crops (N, side, side, 3), each turned by a quarter."""
    return np.ascontiguousarray(np.rot90(crops, axes=(1, 2)))


def _plain_measures(cells: LabCells) -> dict[str, F64]:
    """Return (N,) values by measure; a cell of no pixel measures 0."""
    rows = []
    for crop in cells.pixels:
        inside = crop.max(axis=2) > 0
        grey = crop.mean(axis=2)
        both = inside[:, 1:] & inside[:, :-1]
        step = np.abs(np.diff(grey, axis=1))[both].mean() if both.any() else 0.0
        own = grey[inside] if inside.any() else np.zeros(1)
        rows.append((own.mean(), step / max(own.std(), 1.0)))
    grey_of, sharpness = np.array(rows, np.float64).T
    return {"area": cells.areas_um2, "grey": grey_of, "sharpness": sharpness}


def _share(values: np.ndarray) -> float:
    return round(float(values.mean()), 4)


def _kinds(cells: LabCells, calls: list[Call]) -> dict[str, Any]:
    """Return how well kinds are told; nothing for a bundle that tells none."""
    if not calls[0].kinds:
        return {}
    whole = Counter(zip(cells.kinds.tolist(), (c.kind for c in calls), strict=True))
    likeliest = np.array([_of_mature(call) for call in calls], np.str_)
    present = [kind for kind in MATURE if (cells.kinds == kind).any()]
    recall = [float((likeliest[cells.kinds == k] == k).mean()) for k in present]
    confusion: dict[str, dict[str, int]] = {}
    for (truth, told), n in sorted(whole.items()):
        confusion.setdefault(truth, {})[told] = n
    return {
        "balanced_accuracy_of_mature": (
            round(float(np.mean(recall)), 4) if recall else None
        ),
        "recall_of_mature": {
            kind: round(share, 4) for kind, share in zip(present, recall, strict=True)
        },
        "confusion": confusion,
    }


def _of_mature(call: Call) -> str:
    """Return the likeliest of the mature kinds."""
    mature = [(p, kind) for kind, p in call.kinds if kind in MATURE]
    return max(mature)[1] if mature else ""


def report_lines(report: dict[str, Any]) -> Iterator[str]:
    """Yield a report as lines."""
    for key, value in report.items():
        if key != "confusion":
            yield f"{key}: {value}"
    for kind, told in report.get("confusion", {}).items():
        yield f"  {kind:<22}{told}"
