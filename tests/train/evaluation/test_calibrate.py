"""Temperature, operating points and the spread over people."""

import numpy as np
import pytest

from leukoscope_train.errors import DataError
from leukoscope_train.evaluation.calibrate import (
    calibrate_calls,
    fit_decision,
    fit_spread,
    fit_temperature,
)


def test_temperature_is_recovered() -> None:
    random = np.random.default_rng(0)
    margins = random.normal(0, 2, 20_000)
    labels = (random.random(20_000) < 1 / (1 + np.exp(-margins))).astype(np.int64)
    assert fit_temperature(3 * margins, labels, np.ones(20_000)) == pytest.approx(
        3, rel=0.05
    )


def test_operating_points_leave_a_band_only_where_classes_overlap() -> None:
    random = np.random.default_rng(0)
    labels = np.repeat([0, 1], 500)
    people = np.array([f"p{i // 50}" for i in range(1000)])
    far = fit_decision(random.normal(0, 0.5, 1000) + 8 * labels - 4, labels, people)
    assert far.normal_to == far.blast_from
    near = fit_decision(random.normal(0, 1, 1000) + 1.6 * labels - 0.8, labels, people)
    assert near.normal_to < near.blast_from


def test_a_spread_over_people_is_recovered() -> None:
    random = np.random.default_rng(0)
    rates = random.beta(2, 18, 400)
    n_cells = np.full(400, 200)
    found = fit_spread(random.binomial(n_cells, rates), n_cells)
    assert found.alpha / (found.alpha + found.beta) == pytest.approx(0.1, rel=0.1)
    assert found.alpha == pytest.approx(2, rel=0.3)


def test_people_who_do_not_differ_give_a_narrow_spread() -> None:
    found = fit_spread(np.full(8, 10), np.full(8, 10))
    assert found.alpha / (found.alpha + found.beta) > 0.95
    assert np.isfinite([found.alpha, found.beta]).all()


def test_calibration_needs_two_people() -> None:
    with pytest.raises(DataError, match="two people"):
        calibrate_calls(np.array([-1.0, 1.0]), np.array([0, 1]), np.array(["a", "b"]))
