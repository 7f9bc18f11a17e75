"""By which chances cells of several laboratories are drawn."""

import numpy as np
import pytest
from tests.train.lab_cells import lab_cells
from tests.train.shaded_cells import shaded

from leukoscope_train.data import LabCells, join
from leukoscope_train.data.kind_sampling import (
    BLAST_SHARE,
    CNMC_SHARE_OF_BLASTS,
    DEGRADED_SHARE,
    draw_chances,
)


def cells(rows: list[tuple[str, str]], degraded: tuple[int, ...] = ()) -> LabCells:
    kinds, laboratories = zip(*rows, strict=True)
    is_degraded = np.isin(np.arange(len(rows)), degraded)
    return lab_cells(kinds, laboratories, is_degraded=is_degraded)


ROWS = [
    ("blast", "cnmc"),
    ("blast", "a"),
    ("blast", "a"),
    ("blast", "b"),
    ("lymphocyte", "a"),
    ("monocyte", "a"),
    ("monocyte", "b"),
    ("B-precursor", "b"),
]


def test_chances_sum_to_one_and_blasts_get_their_share() -> None:
    chances = draw_chances(cells(ROWS))
    assert chances.sum() == pytest.approx(1)
    assert chances[:4].sum() == pytest.approx(BLAST_SHARE)


def test_in_a_kind_every_laboratory_counts_alike_but_for_one() -> None:
    chances = draw_chances(cells(ROWS))
    assert chances[0] == pytest.approx(CNMC_SHARE_OF_BLASTS * BLAST_SHARE)
    assert chances[1] + chances[2] == pytest.approx(chances[3])
    assert chances[5] == pytest.approx(chances[6])
    assert chances[4] == pytest.approx(chances[5] + chances[6])


def test_degraded_cells_get_a_share_however_few_they_are() -> None:
    chances = draw_chances(cells([("blast", "a")] * 4 + [("monocyte", "a")], (0,)))
    assert chances[0] == pytest.approx(DEGRADED_SHARE * chances[:4].sum())


def test_kinds_and_laboratories_are_drawn_by_their_shares() -> None:
    cells = join(
        [
            shaded("a", ["blast"] * 3 + ["lymphocyte"] * 50),
            shaded("cnmc", ["blast"] * 40 + ["B-precursor"] * 9),
            shaded("b", ["lymphocyte"] * 5),
        ]
    )
    chances = draw_chances(cells)
    blast = cells.kinds == "blast"
    assert chances.sum() == pytest.approx(1)
    assert chances[blast].sum() == pytest.approx(BLAST_SHARE)
    of_cnmc = chances[blast & (cells.laboratories == "cnmc")].sum()
    assert of_cnmc == pytest.approx(BLAST_SHARE * CNMC_SHARE_OF_BLASTS)
    lymphocytes = cells.kinds == "lymphocyte"
    in_a, in_b = (
        chances[lymphocytes & (cells.laboratories == n)].sum() for n in ("a", "b")
    )
    assert in_a == pytest.approx(in_b)
