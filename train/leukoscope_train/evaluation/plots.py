"""Figures as pictures: curves of a fit, and how good a model's calls are."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from leukoscope_edge.arrays import F64, U8
from leukoscope_edge.durable import whole_file
from leukoscope_train.data import BLAST, I64, CropSet
from leukoscope_train.evaluation import metrics
from leukoscope_train.history import Row

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DPI = 120
N_GALLERY = 40
GALLERY_COLUMNS = 8
N_BINS = 10
CURVES = ("loss", "unseen_loss", "unseen_auroc")


def _save(figure: "Figure", path: Path) -> None:
    figure.tight_layout()
    with whole_file(path) as file:
        figure.savefig(file, dpi=DPI, format="png")


def plot_calls(labels: I64, p: F64, path: Path) -> None:
    """Draw confusion matrix, ROC, reliability and risk against coverage."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 9))
    axes = figure.subplots(2, 2)
    _confusion(axes[0, 0], labels, p)
    _roc(axes[0, 1], labels, p)
    _reliability(axes[1, 0], labels, p)
    _risk(axes[1, 1], labels, p)
    _save(figure, path)


def _confusion(axes: "Axes", labels: I64, p: F64) -> None:
    called = (p >= 0.5).astype(np.int64)
    counts = np.bincount(2 * labels + called, minlength=4).reshape(2, 2)
    axes.imshow(counts, cmap="Blues")
    for (row, column), count in np.ndenumerate(counts):
        axes.text(column, row, str(count), ha="center", va="center", color="darkorange")
    axes.set_xticks([0, 1], ["called normal", "called blast"])
    axes.set_yticks([0, 1], ["normal", "blast"])
    axes.set_title("cells")


def _roc(axes: "Axes", labels: I64, p: F64) -> None:
    order = np.argsort(-p, kind="stable")
    blasts = np.concatenate([[0], np.cumsum(labels[order])])
    normals = np.concatenate([[0], np.cumsum(1 - labels[order])])
    axes.plot(normals / max(normals[-1], 1), blasts / max(blasts[-1], 1))
    axes.plot([0, 1], [0, 1], ":", color="grey")
    axes.set(xlabel="normal cells called blast", ylabel="blasts called blast")
    axes.set_title(f"ROC, area {metrics.auroc(labels, p):.3f}")


def _reliability(axes: "Axes", labels: I64, p: F64) -> None:
    bins = np.minimum((p * N_BINS).astype(np.int64), N_BINS - 1)
    used = np.unique(bins)
    mean_p = [p[bins == b].mean() for b in used]
    share = [labels[bins == b].mean() for b in used]
    axes.plot(mean_p, share, "o-")
    axes.plot([0, 1], [0, 1], ":", color="grey")
    axes.set(xlabel="probability of blast", ylabel="share of blasts")
    ece = metrics.expected_calibration_error(labels, p)
    axes.set_title(f"reliability, ECE {ece:.3f}")


def _risk(axes: "Axes", labels: I64, p: F64) -> None:
    axes.plot(*metrics.risk_coverage(labels, p))
    axes.set(xlabel="share of cells judged", ylabel="share of those wrong")
    axes.set_title("risk and coverage")


def plot_history(histories: dict[str, Sequence[Row]], path: Path) -> None:
    """Draw loss and unseen AUROC against the pass, a line for each fit."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 4))
    axes = figure.subplots(1, 3)
    for number, (name, rows) in enumerate(histories.items()):
        for place, key in zip(axes, CURVES, strict=True):
            shown = [(row["epoch"] + 1, row[key]) for row in rows if key in row]
            if shown:
                place.plot(*zip(*shown, strict=True), f"C{number}", label=name)
            place.set(xlabel="pass", title=key.replace("_", " "))
    axes[0].legend()
    _save(figure, path)


def plot_learning(rows: Sequence[dict[str, Any]], path: Path) -> None:
    """Draw AUROC with its interval against the number of people in training."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    figure = Figure(figsize=(6, 4))
    axes = figure.subplots()
    n_people = [row["n_people_trained"] for row in rows]
    values = np.array([row["pooled"]["auroc"] for row in rows], np.float64)
    axes.errorbar(
        n_people, values[:, 0], np.abs(values[:, 1:] - values[:, :1]).T, fmt="o-"
    )
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set(xlabel="people in training", ylabel="AUROC on people never seen")
    _save(figure, path)


def worst(labels: I64, p: F64) -> I64:
    """Return the indices of the wrong calls, the surest first."""
    loss = np.where(labels == BLAST, 1 - p, p)
    order = np.argsort(-loss, kind="stable")
    return np.asarray(order[loss[order] > 0.5][:N_GALLERY], np.int64)


def gallery(crops: CropSet, p: F64, path: Path) -> None:
    """Draw the worst errors with their truth, probability and person."""
    chosen = worst(crops.labels, p)
    tiles = [_tile(crops, int(i), float(p[i])) for i in chosen]
    if not tiles:
        return
    blank = np.zeros_like(tiles[0])
    tiles += [blank] * (-len(tiles) % GALLERY_COLUMNS)
    rows = [
        np.hstack(tiles[start : start + GALLERY_COLUMNS])
        for start in range(0, len(tiles), GALLERY_COLUMNS)
    ]
    cv2.imwrite(str(path), cv2.cvtColor(np.vstack(rows), cv2.COLOR_RGB2BGR))


def _tile(crops: CropSet, index: int, p: float) -> U8:
    tile = cv2.copyMakeBorder(
        crops.pixels[index], 0, 16, 0, 0, cv2.BORDER_CONSTANT, value=(0, 0, 0)
    )
    truth = "blast" if crops.labels[index] == BLAST else "normal"
    first, joined, _ = str(crops.people[index]).partition("+")
    words = f"{truth} p={p:.2f} {first}{joined}"
    place = (2, tile.shape[0] - 5)
    cv2.putText(tile, words, place, cv2.FONT_HERSHEY_SIMPLEX, 0.32, (255, 255, 255))
    return np.asarray(tile, np.uint8)
