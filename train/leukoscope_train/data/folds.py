"""Person-disjoint folds: no person, and no pair of equal images, on both sides."""

import hashlib
import json
from pathlib import Path

import numpy as np

from leukoscope_train.data.cells import I64, CropSet
from leukoscope_train.data.leaks import refuse_mixed_people, refuse_twins
from leukoscope_train.errors import DataError

N_FOLDS = 4
"""Nine normal people leave two or three for each of four folds."""
FOLD_SEED = 20190


def fold_people(crops: CropSet, n_folds: int = N_FOLDS) -> dict[str, int]:
    """Deal people into folds, balanced by class.

    Args:
        crops: Cells with known people.
        n_folds: How many folds.

    Returns:
        The fold of every person, by name in order.

    Raises:
        DataError: A person is unknown, or a class has fewer people than folds.
    """
    from sklearn.model_selection import StratifiedGroupKFold

    if (crops.people == "").any():
        raise DataError("folds need to know the person of every cell")
    for label in (0, 1):
        n_people = len(set(crops.people[crops.labels == label].tolist()))
        if n_people < n_folds:
            raise DataError(
                f"class {label} has {n_people} people, fewer than {n_folds} folds"
            )
    dealer = StratifiedGroupKFold(n_folds, shuffle=True, random_state=FOLD_SEED)
    folds: dict[str, int] = {}
    deals = dealer.split(crops.labels, crops.labels, crops.people)
    for fold, (_, held) in enumerate(deals):
        folds.update(dict.fromkeys(crops.people[held].tolist(), fold))
    return dict(sorted(folds.items()))


def folds_of(crops: CropSet, folds: dict[str, int]) -> I64:
    """Return (N,) the fold of every cell; -1 where the person has none."""
    return np.array([folds.get(p, -1) for p in crops.people.tolist()], np.int64)


def refuse_leaks(crops: CropSet, folds: dict[str, int]) -> None:
    """Refuse folds in which a person or a cell stands on two sides.

    Raises:
        DataError: Names the two people.
    """
    refuse_mixed_people(crops)
    seen: dict[str, str] = {}
    for pixels, person in zip(crops.pixels, crops.people.tolist(), strict=True):
        digest = hashlib.sha256(pixels.tobytes()).hexdigest()
        other = seen.setdefault(digest, person)
        if folds.get(other) != folds.get(person):
            raise DataError(f"{other} and {person} share an image across folds")
    refuse_twins(crops, folds_of(crops, folds))


def save_folds(path: Path, folds: dict[str, int]) -> str:
    """Write the folds as JSON and return the file's sha256."""
    data = (json.dumps(folds, indent=1, sort_keys=True) + "\n").encode()
    path.write_bytes(data)
    return hashlib.sha256(data).hexdigest()
