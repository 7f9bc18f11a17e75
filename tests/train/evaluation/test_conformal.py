"""Conformal sets, and the file in which trust travels."""

from pathlib import Path

import numpy as np
import pytest
from tests.train.drawn_cells import draw_cells
from tests.train.evaluation.drawn_scores import scores

from leukoscope_edge.config import read_toml
from leukoscope_train.errors import DataError
from leukoscope_train.evaluation import calibrate_calls, probabilities
from leukoscope_train.evaluation.conformal import TrustEntry, fit_conformal, write_trust


def test_conformal_sets_hold_their_class_on_people_left_out() -> None:
    labels, p, people = scores(80, 20)
    found = fit_conformal(p, labels, people, 0.1)
    assert found.covered_blast == pytest.approx(0.9, abs=0.03)
    assert found.covered_normal == pytest.approx(0.9, abs=0.03)
    assert found.worst_person < found.covered_normal


def test_conformal_points_need_two_people_a_class() -> None:
    labels, p, people = scores(3, 4)
    with pytest.raises(DataError, match="two people"):
        fit_conformal(p, labels, people)


def test_trust_travels_as_a_file_that_the_strict_reader_takes(tmp_path: Path) -> None:
    crops = draw_cells()
    margin = np.random.default_rng(0).normal(2.0 * crops.labels - 1, 1)
    calibration = calibrate_calls(margin, crops.labels, crops.people)
    p = probabilities(margin, calibration.decision.temperature)
    entry = write_trust(tmp_path, crops, p, calibration)
    assert read_toml(tmp_path / "trust.toml", TrustEntry) == entry
    assert entry.blank.n_cells == (100, 200, 500)
    assert list(entry.blank.n_blasts) == sorted(entry.blank.n_blasts)
