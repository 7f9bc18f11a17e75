"""Groups of people, each judged where it is large enough."""

import numpy as np
import pytest
from tests.train.evaluation.drawn_scores import scores

from leukoscope_train.data import CropSet, Demographics
from leukoscope_train.evaluation.audit import age_band, audit_groups


@pytest.mark.parametrize(
    ("years", "band"),
    [
        ("", "unknown"),
        ("old", "unknown"),
        ("-1", "unknown"),
        ("0", "0 to 17"),
        ("17.9", "0 to 17"),
        ("18", "18 to 39"),
        ("65", "65 and over"),
    ],
)
def test_ages_fall_into_bands(years: str, band: str) -> None:
    assert age_band(years) == band


def test_a_group_of_nine_is_insufficient_and_of_ten_is_measured() -> None:
    labels, p, people = scores(19, 4)
    crops = CropSet(
        pixels=np.zeros((76, 8, 8, 3), np.uint8),
        labels=labels,
        people=people,
        sources=np.full(76, "drawn"),
        names=people,
        areas_um2=np.ones(76),
    )
    sexes = {f"p{i}": Demographics(sex="F" if i < 10 else "M") for i in range(19)}
    rows = {(r["question"], r["group"]): r for r in audit_groups(crops, p, sexes, 50)}
    assert rows["sex", "F"]["verdict"] == "measured"
    assert rows["sex", "M"]["verdict"] == "insufficient"
    assert "pooled" not in rows["sex", "M"]
    assert rows["site", "unknown"]["n_people"] == 19
    assert rows["site", "unknown"]["verdict"] == "insufficient: no data"
