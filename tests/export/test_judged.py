"""Left-out cells keep the word of both networks beside them."""

from dataclasses import replace

import numpy as np
from tests.export.judged_cells import judged_of

from leukoscope_export.judged import input_entry, join_judged
from leukoscope_train.data import KINDS

JUDGED = judged_of(["a", "b"], [True, False])


def test_a_person_is_a_group_and_the_laboratory_where_nobody_is_known() -> None:
    people = np.array(["p1", "", "p1", "", "", "p2"])
    known = replace(JUDGED, cells=replace(JUDGED.cells, people=people))
    assert known.groups.tolist() == ["p1", "a", "p1", "b", "b", "p2"]


def test_the_truth_is_that_of_the_same_cells() -> None:
    truth = JUDGED.truth
    assert truth.blast.tolist() == [1, 1, 1, 0, 0, 0]
    assert truth.mature.tolist() == [False] * 3 + [True] * 3
    assert truth.laboratories.tolist() == ["a"] * 3 + ["b"] * 3


def test_a_choice_takes_every_word_along() -> None:
    kinds = np.arange(6 * len(KINDS), dtype=np.float32).reshape(6, -1)
    deep = np.arange(6.0)
    both = replace(JUDGED, kinds=kinds, deep=deep, quick=-deep)
    chosen = np.arange(6) % 2 == 0
    found = both.pick(chosen)
    assert found.cells.names.tolist() == ["0", "2", "4"]
    assert np.array_equal(found.kinds, kinds[::2])
    assert np.array_equal(found.deep, deep[::2])
    assert found.quick is not None
    assert np.array_equal(found.quick, -deep[::2])
    assert JUDGED.pick(chosen).quick is None


def test_laboratories_are_joined_in_their_order() -> None:
    other = replace(judged_of(["c"], [True]), decides=np.zeros(3, np.bool_))
    found = join_judged([JUDGED, other])
    assert found.cells.laboratories.tolist() == ["a"] * 3 + ["b"] * 3 + ["c"] * 3
    assert found.decides.tolist() == [True] * 6 + [False] * 3
    assert len(found.kinds) == len(found.deep) == 9


def test_a_pair_is_one_only_where_every_laboratory_was_judged_by_both() -> None:
    with_quick = replace(JUDGED, quick=JUDGED.deep)
    joined = join_judged([with_quick, with_quick]).quick
    assert joined is not None
    assert len(joined) == 12
    assert join_judged([with_quick, JUDGED]).quick is None


def test_every_side_shows_the_same_micrometres() -> None:
    small, large = input_entry(64), input_entry(128)
    assert 64 * small.scale_um_per_px == 128 * large.scale_um_per_px
    assert (small.colour, small.light) == ("masked", "white-balanced")
