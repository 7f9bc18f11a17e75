"""What a model must beat: "always ALL", and the size of the cell alone.

In C-NMC blasts are larger than normal cells, and people differ in size; a network
learns that first. Both baselines stand in every table, judged on people never seen.
"""

import numpy as np

from leukoscope_edge.arrays import F64
from leukoscope_train.data import I64, CropSet
from leukoscope_train.evaluation.metrics import person_weights

SIZE_ONLY = "size only"
ALWAYS_ALL = "always ALL"


def diameters_um(areas_um2: F64) -> F64:
    """Return (N,) diameters of discs of the same area."""
    return np.asarray(2 * np.sqrt(areas_um2 / np.pi), np.float64)


def fit_size(crops: CropSet) -> tuple[float, float]:
    """Fit a logistic of the diameter, each person counting alike.

    Returns:
        The margin of a diameter of 0, and its slope per um.
    """
    from sklearn.linear_model import LogisticRegression

    weights = person_weights(crops.labels, crops.people)
    diameter_um = diameters_um(crops.areas_um2)[:, None]
    model = LogisticRegression(C=1e6).fit(
        diameter_um, crops.labels, sample_weight=weights
    )
    return float(model.intercept_[0]), float(model.coef_[0, 0])


def p_by_size(areas_um2: F64, offset: float, slope_per_um: float) -> F64:
    """Return (N,) the probability of blast by the diameter alone."""
    z = offset + slope_per_um * diameters_um(areas_um2)
    return np.asarray(1 / (1 + np.exp(-z)), np.float64)


def size_margins(seen: CropSet, held: CropSet) -> F64:
    """Fit size on some people and return (N,) margins of others' cells."""
    offset, slope = fit_size(seen)
    return np.asarray(offset + slope * diameters_um(held.areas_um2), np.float64)


def size_out_of_fold(crops: CropSet, fold_of: I64) -> F64:
    """Return (N,) probabilities by size, each from people of the other folds."""
    p = np.full(len(crops), np.nan)
    for fold in np.unique(fold_of):
        held = fold_of == fold
        margins = size_margins(crops.pick(~held), crops.pick(held))
        p[held] = 1 / (1 + np.exp(-margins))
    return np.asarray(p, np.float64)
