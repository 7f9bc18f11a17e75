"""Temperatures and operating points of a pair, by laboratories left out."""

import numpy as np
import pytest

from leukoscope_export.points import (
    Truth,
    fit_points,
    kinds_temperature,
    worst_quantile,
)


def test_no_laboratory_exceeds_its_share_of_false_calls() -> None:
    random = np.random.default_rng(0)
    n = 1000
    blast = np.r_[np.ones(n), np.zeros(2 * n)].astype(np.int64)
    deep = np.r_[
        random.normal(3, 1, n), random.normal(-3, 1, n), random.normal(-1, 1, n)
    ]
    laboratories = np.repeat(["a", "a", "b"], n)
    every = np.ones(3 * n, np.bool_)
    truth = Truth(
        blast=blast, mature=blast == 0, laboratories=laboratories, decides=every
    )
    points = fit_points(deep, deep, truth)
    assert points.quick is not None
    for name in ("a", "b"):
        own = (laboratories == name) & (blast == 0)
        assert (points.p[own] >= points.deep.blast_from).mean() <= 0.0201
    assert points.quick.normal_to <= points.deep.normal_to
    assert points.quick.blast_from >= points.deep.blast_from
    assert points.asked_deep.mean() < 0.5


def test_the_worst_laboratory_sets_the_quantile() -> None:
    p = np.r_[np.linspace(0, 0.5, 101), np.linspace(0, 0.9, 101)]
    names = np.repeat(["a", "b"], 101)
    found = worst_quantile(p, np.ones(202, np.bool_), names, 0.02)
    assert found == pytest.approx(0.9 * 0.98)


def test_the_temperature_of_kinds_undoes_a_factor() -> None:
    random = np.random.default_rng(0)
    z = random.normal(0, 2, (4000, 4)).astype(np.float32)
    p = np.exp(z[:, 1:]) / np.exp(z[:, 1:]).sum(axis=1, keepdims=True)
    targets = np.array([1 + random.choice(3, p=row) for row in p])
    assert kinds_temperature(3 * z, targets) == pytest.approx(3, rel=0.15)
