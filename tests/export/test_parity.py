"""Two forms of one network, held against each other on cells made by hand."""

from dataclasses import replace

import numpy as np
import pytest

from leukoscope_edge.inference import DecisionEntry
from leukoscope_export.parity import (
    MAX_CHANGED,
    MAX_F1_LOSS,
    Parity,
    compare,
    map_agreement,
    refuse_beyond_tolerance,
    table,
)
from leukoscope_train.errors import DataError

POINTS = DecisionEntry(temperature=1.0, normal_to=0.4, blast_from=0.6)
LABELS = np.array([0, 0, 1, 1])
LOGITS = np.array([[2, -2], [1, -1], [-1, 1], [-2, 2]], np.float32)
SAME = compare(LOGITS, LOGITS, LABELS, POINTS)


def test_a_form_agrees_with_itself() -> None:
    assert (SAME.n_cells, SAME.calls_changed, SAME.f1_loss) == (4, 0, 0)
    assert (SAME.margin_rms, SAME.logit_error, SAME.ece_change) == (0, 0, 0)
    assert SAME.margin_spread == pytest.approx(np.std([-4, -2, 2, 4]))
    assert np.isnan(SAME.map_agreement)


def test_one_cell_of_four_that_changes_sides_is_told() -> None:
    other = LOGITS.copy()
    other[3] = (2, -2)
    found = compare(LOGITS, other, LABELS, POINTS)
    assert found.calls_changed == 0.25
    assert found.margin_rms == pytest.approx(8 / 2)
    assert found.logit_error == 4
    assert found.f1_loss > 0.2
    assert found.ece_change > 0


def test_a_shift_of_both_logits_changes_no_margin() -> None:
    found = compare(LOGITS, LOGITS + np.float32(1), LABELS, POINTS)
    assert (found.logit_error, found.margin_rms, found.calls_changed) == (1, 0, 0)


def test_maps_agree_by_their_form_and_not_by_their_size() -> None:
    maps = np.random.default_rng(0).normal(0, 1, (2, 4, 4)).astype(np.float32)
    flat = np.zeros_like(maps)
    assert map_agreement(maps, 3 * maps + 5) == pytest.approx(1)
    assert map_agreement(maps, -maps) == pytest.approx(-1)
    assert map_agreement(flat, flat + 2) == 1
    assert map_agreement(maps, flat) == 0
    half = np.stack([maps[0], flat[0]])
    assert map_agreement(maps, half) == pytest.approx(0.5)
    found = compare(LOGITS, LOGITS, LABELS, POINTS, (maps, maps))
    assert found.map_agreement == pytest.approx(1)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"f1_loss": MAX_F1_LOSS}, ""),
        ({"f1_loss": MAX_F1_LOSS + 1e-3}, "loses 0.0060 of weighted F1"),
        ({"f1_loss": -0.5}, ""),
        ({"calls_changed": MAX_CHANGED}, ""),
        ({"calls_changed": MAX_CHANGED + 0.01}, "changes 0.060 of the calls"),
    ],
)
def test_a_form_is_refused_beyond_its_limit_alone(
    change: dict[str, float], words: str
) -> None:
    parity: Parity = replace(SAME, **change)  # type: ignore[arg-type]
    if not words:
        refuse_beyond_tolerance(parity)
        return
    with pytest.raises(DataError, match=words):
        refuse_beyond_tolerance(parity)


def test_the_table_has_a_line_a_form_and_a_column_a_figure() -> None:
    head, *lines = table({"fp32": SAME, "model.cpu": SAME}).splitlines()
    assert head.split() == ["form", *Parity.__slots__]
    assert [line.split()[0] for line in lines] == ["fp32", "model.cpu"]
    assert len({len(line) for line in (head, *lines)}) == 1
