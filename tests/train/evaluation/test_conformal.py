"""Conformal points."""

import pytest
from tests.train.evaluation.drawn_scores import scores

from leukoscope_train.errors import DataError
from leukoscope_train.evaluation.conformal import fit_conformal


def test_conformal_points_hold_their_class_on_people_left_out() -> None:
    labels, p, people = scores(80, 20)
    found = fit_conformal(p, labels, people, 0.1)
    assert found.covered_blast == pytest.approx(0.9, abs=0.03)
    assert found.covered_normal == pytest.approx(0.9, abs=0.03)


def test_conformal_points_need_two_people_a_class() -> None:
    labels, p, people = scores(3, 4)
    with pytest.raises(DataError, match="two people"):
        fit_conformal(p, labels, people)
