"""Shares of kinds with exact limits, what is more than usual, and two readers."""

import pytest
import scipy  # its `stats`, which take half a second, are loaded on use
from tests.edge.counting.usual_blood import kinds

from leukoscope_edge.counting import ReferenceRanges, binomial_interval
from leukoscope_edge.counting.differential import (
    NAMED,
    Beside,
    compared,
    count_kinds,
)
from leukoscope_edge.records.exports import KINDS
from leukoscope_edge.records.exports.fhir_kinds import CODES


def test_no_cell_has_no_differential() -> None:
    assert count_kinds([], n_smudges=3, is_marrow=False) is None
    assert count_kinds(["erythroblast"], n_smudges=0, is_marrow=False) is None


def test_limits_are_those_of_clopper_and_pearson() -> None:
    found = count_kinds(kinds(), n_smudges=0, is_marrow=False)
    assert found is not None
    for share in found.shares:
        low, high = scipy.stats.binomtest(share.n, share.of).proportion_ci(
            method="exact"
        )
        assert share.interval.low == pytest.approx(low, abs=1e-9)
        assert share.interval.high == pytest.approx(high, abs=1e-9)
    assert sum(s.n for s in found.shares) == found.n_cells == 100


def test_erythroblasts_stand_beside_leukocytes_of_blood_and_among_cells_of_marrow() -> (
    None
):
    cells = kinds(erythroblast=25)
    blood = count_kinds(cells, n_smudges=5, is_marrow=False)
    marrow = count_kinds(cells, n_smudges=5, is_marrow=True)
    assert blood is not None
    assert blood.n_cells == 100
    assert blood.beside == (Beside("erythroblast", 25, 100), Beside("smudge", 5, 100))
    assert blood.beside[0].per_100 == 25
    assert marrow is not None
    assert marrow.n_cells == 125
    share = marrow.share("erythroblast")
    assert share is not None
    assert share.percent == 20
    assert marrow.beside == (Beside("smudge", 5, 100),)


def test_a_normal_cell_of_which_nobody_told_the_kind_counts_and_is_told_apart() -> None:
    found = count_kinds(["", "", "blast"], n_smudges=0, is_marrow=False)
    assert found is not None
    assert not found.is_told
    untold = found.share("")
    assert untold is not None
    assert (untold.n, untold.of) == (2, 3)
    partly = count_kinds(["", "monocyte"], n_smudges=0, is_marrow=False)
    assert partly is not None
    assert partly.is_told


def test_two_readers_are_alike_within_the_limits_of_each_other() -> None:
    a, b = kinds(), kinds(neutrophil=35, lymphocyte=55)
    rows = {r.first.kind: r for r in compared(a, b, is_marrow=False)}
    assert not rows["neutrophil"].is_alike
    assert rows["monocyte"].is_alike
    assert all(r.is_alike for r in compared(a, a, is_marrow=False))
    assert compared(a, [], is_marrow=False) == ()


def test_a_share_within_the_limits_of_one_reader_alone_is_not_alike() -> None:
    """Of ten cells seven fit a half; of a thousand half do not fit seven in ten."""
    many = ["neutrophil", "lymphocyte"] * 500
    few = ["neutrophil"] * 7 + ["lymphocyte"] * 3
    for a, b in ((many, few), (few, many)):
        assert not compared(a, b, is_marrow=False)[0].is_alike


def test_a_kind_that_one_reader_alone_saw_has_a_row() -> None:
    rows = compared(["", "blast"], ["monocyte"] * 2, is_marrow=False)
    found = {r.first.kind: (r.first.n, r.second.n) for r in rows}
    assert found == {"blast": (1, 0), "monocyte": (0, 2), "": (1, 0)}
    untold = next(r.second for r in rows if r.first.kind == "")
    assert (untold.of, untold.interval) == (2, binomial_interval(0, 2))


def test_every_kind_that_a_person_names_has_a_name_a_code_and_a_range(
    ranges: ReferenceRanges,
) -> None:
    assert set(NAMED) <= set(KINDS) & set(CODES)
    assert all(ranges.adult.usual(k) for k in NAMED if k != "erythroblast")
    assert ranges.adult.usual("blast") is ranges.adult.usual("") is None
