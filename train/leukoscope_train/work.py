"""A run's folder: crops, folds, margins, networks and calibration, by fixed names.

crops.npz        cells of known people, on a canvas with a margin
spec.json        side, scale and colour of the stored crops
extra.npz        normal cells of unknown people, if any
folds.json       the fold of every person
plan.json        what was fitted, with the command
margins.npz      out-of-fold margins, labels and people
fold<k>.pt       each fold's network
final.pt         the network refitted on everybody
calibration.json temperature, operating points, spreads
report.json      out-of-fold figures
"""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from leukoscope_edge.inference.card import DecisionEntry, SpreadEntry
from leukoscope_train.calibrate import Calibration
from leukoscope_train.cells import DataError

CROPS = "crops.npz"
SPEC = "spec.json"
EXTRA = "extra.npz"
FOLDS = "folds.json"
PLAN = "plan.json"
MARGINS = "margins.npz"
FINAL = "final.pt"
CALIBRATION = "calibration.json"
REPORT = "report.json"


def write_json(path: Path, value: Any) -> None:
    """Write JSON aside, then rename."""
    aside = path.with_suffix(".part")
    aside.write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8")
    aside.replace(path)


def read_json(path: Path) -> Any:
    """Read JSON.

    Raises:
        DataError: The file is missing or is not JSON.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as err:
        raise DataError(f"{path}: cannot be read: {err}; run `fit` first") from err


def save_calibration(folder: Path, calibration: Calibration) -> None:
    """Write the calibration of a run."""
    write_json(folder / CALIBRATION, asdict(calibration))


def load_calibration(folder: Path) -> Calibration:
    """Read the calibration of a run."""
    stored = read_json(folder / CALIBRATION)
    return Calibration(
        decision=DecisionEntry(**stored["decision"]),
        false_calls=SpreadEntry(**stored["false_calls"]),
        true_calls=SpreadEntry(**stored["true_calls"]),
    )
