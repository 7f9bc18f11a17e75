"""What size alone can tell."""

import numpy as np
from tests.train.drawn_cells import draw_cells

from leukoscope_train.data import CropSet, fold_people, folds_of
from leukoscope_train.evaluation import metrics
from leukoscope_train.evaluation.baselines import fit_size, p_by_size, size_out_of_fold


def test_size_alone_is_judged_on_people_it_never_saw() -> None:
    crops = draw_cells()
    areas = 60 + 30.0 * crops.labels + np.random.default_rng(0).normal(0, 4, 48)
    sized = CropSet(
        **{n: getattr(crops, n) for n in CropSet.__slots__ if n != "areas_um2"},
        areas_um2=areas,
    )
    p = size_out_of_fold(sized, folds_of(sized, fold_people(sized)))
    assert metrics.auroc(sized.labels, p) > 0.95
    sizes = np.array([60.0, 90.0])
    small, large = p_by_size(sizes, *fit_size(sized))
    assert small < 0.5 < large
