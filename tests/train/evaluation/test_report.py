"""A model's row of figures, and its people one by one."""

import numpy as np
import pytest
from tests.train.evaluation.drawn_scores import scores

from leukoscope_train.evaluation.report import by_person, model_row


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
