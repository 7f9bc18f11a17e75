from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leukoscope_edge.config import read_toml
from leukoscope_edge.counting.fraction import call_model
from leukoscope_edge.counting.statistics import BetaSpread
from leukoscope_train.commands.judging import difference
from leukoscope_train.data.cells import CropSet, DataError, Demographics
from leukoscope_train.data.folds import fold_people, folds_of
from leukoscope_train.evaluation import metrics
from leukoscope_train.evaluation.audit import age_band, audit
from leukoscope_train.evaluation.baselines import fit_size, p_by_size, size_out_of_fold
from leukoscope_train.evaluation.calibrate import calibrate, probabilities
from leukoscope_train.evaluation.conformal import TrustEntry, conformal, write_trust
from leukoscope_train.evaluation.learning_curve import (
    extrapolate,
    learning_curve,
    some_people,
)
from leukoscope_train.evaluation.outliers import distances, fit_outliers
from leukoscope_train.evaluation.plots import worst
from leukoscope_train.evaluation.report import Figures, by_person, model_row
from leukoscope_train.evaluation.slides import (
    false_alarms,
    false_calls_of,
    people_for_share,
    people_needed,
    slide_row,
)
from leukoscope_train.evaluation.tables import markdown_table, with_interval

Draw = Callable[..., CropSet]


def scores(n_people: int = 40, n_each: int = 30) -> tuple[np.ndarray, ...]:
    """Labels, probabilities and people; people differ more than their cells."""
    random = np.random.default_rng(0)
    labels = np.repeat(np.arange(n_people) % 2, n_each).astype(np.int64)
    people = np.repeat([f"p{i}" for i in range(n_people)], n_each)
    own = np.repeat(random.normal(0, 1, n_people), n_each)
    margin = 1.5 * (2 * labels - 1) + own + random.normal(0, 1, len(labels))
    return labels, 1 / (1 + np.exp(-margin)), people


def test_figures_of_nothing_are_no_numbers() -> None:
    empty, none = np.zeros(0, np.int64), np.zeros(0)
    found = metrics.all_figures(empty, none)
    finite = {name: value for name, value in found.items() if np.isfinite(value)}
    assert finite == {"f1_blast": 0.0, "f1_normal": 0.0}


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 8)), min_size=2, max_size=60))
def test_figures_agree_with_scikit_learn(cells: list[tuple[bool, int]]) -> None:
    from sklearn import metrics as reference

    labels = np.array([int(label) for label, _ in cells], np.int64)
    p = np.array([score / 8 for _, score in cells])
    found = metrics.all_figures(labels, p)
    called = p >= 0.5
    assert found["accuracy"] == pytest.approx(reference.accuracy_score(labels, called))
    f1 = reference.f1_score(
        labels, called, labels=[0, 1], average=None, zero_division=0
    )
    assert [found["f1_normal"], found["f1_blast"]] == pytest.approx(list(f1))
    if labels.any():
        expected = reference.average_precision_score(labels, p)
        assert found["auprc"] == pytest.approx(expected)


def test_the_surest_cells_are_judged_first() -> None:
    labels = np.array([1, 0, 1, 0])
    coverage, risk = metrics.risk_coverage(labels, np.array([0.9, 0.2, 0.45, 0.05]))
    assert coverage.tolist() == [0.25, 0.5, 0.75, 1.0]
    assert risk.tolist() == [0.0, 0.0, 0.0, 0.25]


def test_the_worst_errors_come_first() -> None:
    labels, p = np.array([1, 1, 0, 0]), np.array([0.1, 0.9, 0.8, 0.2])
    assert worst(labels, p).tolist() == [0, 2]


def test_intervals_widen_with_how_much_people_differ() -> None:
    labels, p, people = scores()
    row = model_row("m", labels, p, people, 200)
    cells = np.array([f"c{i}" for i in range(len(labels))])
    single = model_row("m", labels, p, cells, 200)
    value, low, high = row["pooled"]["sensitivity"]
    assert low < value < high
    assert high - low > 2 * np.ptp(single["pooled"]["sensitivity"][1:])
    assert np.sum(row["confusion"]) == len(labels)


def test_unknown_people_give_no_interval() -> None:
    labels, p, people = scores()
    row = model_row("m", labels, p, np.full(len(people), ""), 50)
    assert np.isnan(row["pooled"]["auroc"][1])
    assert row["n_people"] == 0


def test_people_are_judged_one_by_one() -> None:
    labels, p = np.array([1, 1, 1, 0]), np.array([0.9, 0.5, 0.1, 0.1])
    rows = by_person(labels, p, np.array(["a", "a", "a", ""]), (0.3, 0.7))
    assert len(rows) == 1
    thirds = [rows[0][name] for name in ("blast", "normal", "unclear")]
    assert thirds == pytest.approx([1 / 3] * 3)


def test_size_alone_is_judged_on_people_it_never_saw(draw_cells: Draw) -> None:
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
    rows = {(r["question"], r["group"]): r for r in audit(crops, p, sexes, 50)}
    assert rows["sex", "F"]["verdict"] == "measured"
    assert rows["sex", "M"]["verdict"] == "insufficient"
    assert "pooled" not in rows["sex", "M"]
    assert rows["site", "unknown"]["n_people"] == 19
    assert rows["site", "unknown"]["verdict"] == "insufficient: no data"


def test_conformal_sets_hold_their_class_on_people_left_out() -> None:
    labels, p, people = scores(80, 20)
    found = conformal(p, labels, people, 0.1)
    assert found.covered_blast == pytest.approx(0.9, abs=0.03)
    assert found.covered_normal == pytest.approx(0.9, abs=0.03)
    assert found.worst_person < found.covered_normal


def test_conformal_points_need_two_people_a_class() -> None:
    labels, p, people = scores(3, 4)
    with pytest.raises(DataError, match="two people"):
        conformal(p, labels, people)


def test_far_cells_are_outliers_and_others_people_cells_are_not() -> None:
    labels, _, people = scores()
    random = np.random.default_rng(1)
    cells = random.normal(0, 3, (len(labels), 10)) + 5
    entry, arrays = fit_outliers(cells, labels, people)
    unseen = (random.normal(0, 3, (200, 10)) + 5 - arrays["mean"]) @ arrays["axes"]
    far = (random.normal(0, 3, (200, 10)) - 20 - arrays["mean"]) @ arrays["axes"]
    prototypes = arrays["prototypes"]
    assert np.mean(distances(unseen, prototypes) > entry.distance_limit) < 0.15
    assert np.mean(distances(far, prototypes) > entry.distance_limit) == 1
    assert entry.turned_away == pytest.approx(0.05, abs=0.01)


def test_trust_travels_as_a_file_that_the_strict_reader_takes(
    tmp_path: Path, draw_cells: Draw
) -> None:
    crops = draw_cells()
    margin = np.random.default_rng(0).normal(2.0 * crops.labels - 1, 1)
    calibration = calibrate(margin, crops.labels, crops.people)
    p = probabilities(margin, calibration.decision.temperature)
    entry = write_trust(tmp_path, crops, p, calibration)
    assert read_toml(tmp_path / "trust.toml", TrustEntry) == entry
    assert entry.blank.n_cells == (100, 200, 500)
    assert list(entry.blank.n_blasts) == sorted(entry.blank.n_blasts)


def test_a_difference_is_surer_than_either_run() -> None:
    labels, p, people = scores()
    crops = CropSet(
        pixels=np.zeros((len(labels), 8, 8, 3), np.uint8),
        labels=labels,
        people=people,
        sources=people,
        names=people,
        areas_um2=np.ones(len(labels)),
    )
    random = np.random.default_rng(1)
    margin = np.log(p / (1 - p)) + 0.1 * (2 * labels - 1)
    better = 1 / (1 + np.exp(-margin - random.normal(0, 0.02, len(p))))
    assert set(difference(crops, p, p)["auroc"]) == {0.0}
    gain, low, high = difference(crops, p, better)["auroc"]
    assert 0 < low < gain < high
    alone = model_row("m", labels, better, people, 200)["pooled"]["auroc"]
    assert high - low < 0.5 * (alone[2] - alone[1])


def test_wider_false_calls_ask_for_more_blasts_and_find_fewer_patients() -> None:
    true = BetaSpread(alpha=8, beta=2)
    narrow, wide = BetaSpread(alpha=20, beta=80), BetaSpread(alpha=2, beta=8)
    few, many = (slide_row(call_model(true, own), 200) for own in (narrow, wide))
    assert few.background < many.background
    assert all(a > b for a, b in zip(few.found, many.found, strict=True))
    assert few.least is not None
    assert many.least is not None
    assert few.least < many.least
    anything = call_model(true, BetaSpread(alpha=1, beta=1))
    assert slide_row(anything, 200).least is None
    assert false_alarms(narrow, 200, few.background) <= 0.04
    assert false_alarms(wide, 200, few.background) > 0.15


def test_false_calls_are_those_of_healthy_people_of_all_sets() -> None:
    def person(label: int, blast: float) -> Figures:
        return {"label": label, "n_cells": 100, "blast": blast, "normal": 0.9 - blast}

    alike = [person(0, 0.1), person(0, 0.12), person(1, 0.9)]
    others = [person(0, 0.8), person(1, 0.9)]
    own, both = false_calls_of(alike), false_calls_of(alike, others)
    assert (own.n_people, both.n_people) == (2, 3)
    assert own.alpha / (own.alpha + own.beta) == pytest.approx(0.11 / 0.9, abs=0.02)
    assert people_needed(both.spread) > 10 * people_needed(own.spread)


def test_a_share_of_people_takes_as_many_as_the_textbook_says() -> None:
    assert [people_for_share(share) for share in (0.05, 0.5)] == [73, 385]


def test_more_people_are_added_class_by_class(draw_cells: Draw) -> None:
    crops = draw_cells(16, 4)
    half = some_people(crops, 0.5, 0)
    assert len(np.unique(half.people)) == 8
    assert half.labels.mean() == 0.5
    assert len(np.unique(some_people(crops, 0.01, 0).people)) == 2


def test_a_learning_curve_judges_everybody_at_every_share(draw_cells: Draw) -> None:
    crops = draw_cells(16, 4)
    fold_of = folds_of(crops, fold_people(crops))
    asked = []

    def judge(seen: CropSet, held: CropSet) -> np.ndarray:
        assert not set(seen.people) & set(held.people)
        asked.append(len(np.unique(seen.people)))
        return (2.0 * held.labels - 1) * (np.arange(len(held)) % 5 > 0)

    rows = learning_curve(crops, fold_of, judge, n_draws=20)
    assert [row["n_people_trained"] for row in rows] == sorted(set(asked))
    assert all(row["n_cells"] == 64 for row in rows)


def test_a_power_law_is_followed() -> None:
    rows = [
        {"n_people_trained": n, "pooled": {"auroc": [1 - 0.5 * n**-0.5]}}
        for n in (4.0, 9.0, 16.0)
    ]
    assert extrapolate(rows, times=4) == pytest.approx(1 - 0.5 / 8)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ((None, None, None), "none"),
        ((0.5, None, None), "0.500"),
        ((0.5, 0.4, 0.6), "0.500 (0.400 to 0.600)"),
    ],
)
def test_intervals_are_written_as_far_as_they_are_known(
    values: tuple[float | None, ...], words: str
) -> None:
    assert with_interval(values) == words


def test_tables_are_aligned() -> None:
    table = markdown_table(["a", "bb"], [["long", "c"]])
    assert table.splitlines() == ["| a    | bb |", "| ---- | -- |", "| long | c  |"]
