"""A run's folder: crops, folds, margins, networks and calibration, by fixed names.

crops.npz        cells of known people, on a canvas with a margin
spec.json        side, scale and colour of the stored crops
extra.npz        normal cells of unknown people, if any
people.json      site, sex, age and ethnicity of every person, where known
prepared.json    what was left out, and which people were joined
folds.json       the fold of every person
plan.json        what was fitted, with the command
fold<k>.ckpt     the state of each fit, and beside it its history
fold<k>.pt       each fold's network
final.pt         the network refitted on everybody
margins.npz      out-of-fold margins, labels, people and folds
calibration.json temperature, operating points, spreads
report.json      out-of-fold figures; calls.png, curves.png and worst.png show them
"""

from dataclasses import asdict
from pathlib import Path

import numpy as np

from leukoscope_edge.arrays import F64
from leukoscope_edge.inference import DecisionEntry, SpreadEntry
from leukoscope_train.data import I64, CropSet, Demographics, Variation
from leukoscope_train.errors import DataError
from leukoscope_train.evaluation import CallCalibration
from leukoscope_train.json_files import read_json, write_json
from leukoscope_train.plan import FitPlan

CROPS = "crops.npz"
SPEC = "spec.json"
EXTRA = "extra.npz"
PEOPLE = "people.json"
PREPARED = "prepared.json"
FOLDS = "folds.json"
PLAN = "plan.json"
MARGINS = "margins.npz"
FINAL = "final.pt"
CALIBRATION = "calibration.json"
REPORT = "report.json"
SHARED = (CROPS, SPEC, EXTRA, PEOPLE, PREPARED)
"""What several runs of the same cells have in common."""


def share_crops(prepared: Path, folder: Path) -> None:
    """Link the prepared cells into a further run's folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in SHARED:
        if (prepared / name).exists() and not (folder / name).exists():
            (folder / name).symlink_to((prepared / name).resolve())


def load_people(folder: Path) -> dict[str, Demographics]:
    """Read what is known of every person; nothing where the file is missing."""
    if not (folder / PEOPLE).exists():
        return {}
    return {n: Demographics(**about) for n, about in read_json(folder / PEOPLE).items()}


def load_plan(folder: Path) -> FitPlan:
    """Read the plan by which a run was fitted."""
    stored = dict(read_json(folder / PLAN)["plan"])
    return FitPlan(recipe=Variation(**stored.pop("recipe")), **stored)


def save_margins(folder: Path, margins: F64, crops: CropSet, fold_of: I64) -> None:
    """Write the out-of-fold margins of a run."""
    np.savez(
        folder / MARGINS,
        margins=margins,
        labels=crops.labels,
        people=crops.people,
        fold_of=fold_of,
    )


def load_margins(folder: Path, crops: CropSet) -> tuple[F64, I64]:
    """Read the out-of-fold margins and the folds of a run's cells.

    Raises:
        DataError: There are none, or they are of other cells.
    """
    try:
        with np.load(folder / MARGINS, allow_pickle=False) as stored:
            if not np.array_equal(stored["people"], crops.people):
                raise DataError(f"{folder / MARGINS}: of other cells; run `fit` again")
            return stored["margins"], stored["fold_of"]
    except (OSError, KeyError, ValueError) as err:
        raise DataError(
            f"{folder / MARGINS}: no margins ({err}); run `fit` first"
        ) from err


def save_calibration(folder: Path, calibration: CallCalibration) -> None:
    """Write the calibration of a run."""
    write_json(folder / CALIBRATION, asdict(calibration))


def load_calibration(folder: Path) -> CallCalibration:
    """Read the calibration of a run."""
    stored = read_json(folder / CALIBRATION)
    return CallCalibration(
        decision=DecisionEntry(**stored["decision"]),
        false_calls=SpreadEntry(**stored["false_calls"]),
        true_calls=SpreadEntry(**stored["true_calls"]),
    )
