"""Otsu's thresholds, against a search over every pair."""

import numpy as np
import pytest

from leukoscope_edge.vision.otsu import (
    counts_of,
    joint_counts_of,
    median_of,
    otsu3,
    otsu3_of,
    percentile_of,
)


def spread_within(levels: np.ndarray, t1: int, t2: int) -> float:
    """The sum of squares within three classes, which Otsu's thresholds make least."""
    parts = (
        levels[levels <= t1],
        levels[(levels > t1) & (levels <= t2)],
        levels[levels > t2],
    )
    return sum(float(((p - p.mean()) ** 2).sum()) for p in parts if len(p))


@pytest.mark.parametrize("levels", [[7], [7, 7], [7, 9]])
def test_fewer_than_three_levels_have_no_three_classes(levels: list[int]) -> None:
    assert otsu3(np.array([levels], np.uint8)) == (7, 7)


def test_three_clusters_are_parted_between_them() -> None:
    levels = np.repeat([10, 12, 100, 103, 200, 205], 50).astype(np.uint8)
    t1, t2 = otsu3(levels.reshape(20, 15))
    assert 12 <= t1 < 100
    assert 103 <= t2 < 200


@pytest.mark.parametrize("seed", range(3))
def test_no_other_pair_parts_better(seed: int) -> None:
    random = np.random.default_rng(seed)
    levels = random.integers(0, 24, 300).astype(np.uint8)
    found = spread_within(levels.astype(float), *otsu3(levels.reshape(20, 15)))
    others = [
        spread_within(levels.astype(float), a, b)
        for a in range(23)
        for b in range(a + 1, 24)
    ]
    assert found == pytest.approx(min(others))


@pytest.mark.parametrize("lower", [20, 62, 63, 64, 65, 127, 128, 190])
def test_thresholds_are_found_wherever_the_lower_one_lies(lower: int) -> None:
    """All 256 levels occur, so that the pairs are tried in several goes."""
    counts = np.ones(256, np.float32)
    counts[[lower - 10, lower + 20, lower + 50]] = 1e5
    t1, t2 = otsu3_of(counts)
    assert lower - 10 <= t1 < lower + 20 <= t2 < lower + 50


def test_joint_counts_hold_the_counts_of_each_and_of_a_part() -> None:
    random = np.random.default_rng(0)
    first, second = random.integers(0, 256, (2, 30, 40)).astype(np.uint8)
    joint = joint_counts_of(first, second)
    np.testing.assert_array_equal(joint.sum(axis=1), counts_of(first))
    np.testing.assert_array_equal(joint.sum(axis=0), counts_of(second))
    np.testing.assert_array_equal(
        joint[:, :100].sum(axis=1), counts_of(first, second < 100)
    )


def test_counts_only_where_the_mask_says() -> None:
    channel = np.array([[1, 2], [2, 255]], np.uint8)
    mask = np.array([[True, True], [False, True]])
    counts = counts_of(channel, mask)
    assert counts[[1, 2, 255]].tolist() == [1, 1, 1]
    assert counts.sum() == 3
    assert otsu3_of(counts) == (1, 2)


@pytest.mark.parametrize("values", [[5], [5, 7], [1, 2, 9], [0, 0, 0, 255]])
def test_the_median_of_counts_is_numpys(values: list[int]) -> None:
    assert median_of(counts_of(np.array([values], np.uint8))) == np.median(values)


@pytest.mark.parametrize("percent", [0, 1, 50, 92, 95, 99.5, 100])
@pytest.mark.parametrize("n", [1, 2, 3, 7, 200, 4801])
def test_the_percentile_of_counts_is_numpys(n: int, percent: float) -> None:
    values = np.random.default_rng(n).integers(0, 256, (1, n)).astype(np.uint8)
    found = percentile_of(counts_of(values), percent)
    assert found == pytest.approx(float(np.percentile(values, percent)), abs=1e-9)


def test_a_percentile_lies_between_two_ranks() -> None:
    assert percentile_of(counts_of(np.array([[10, 20]], np.uint8)), 25) == 12.5
