"""Networks of kinds: drawn as they should be, taught, resumed and judged."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tests.train.shaded_cells import PLAN, Stubborn, shaded, three_laboratories

from leukoscope_train.errors import DataError
from leukoscope_train.evaluation import blast_margin, metrics
from leukoscope_train.teach import kept, kind_logits, shrunk, teach


def test_a_network_learns_kinds_and_a_killed_fit_goes_on_alike(tmp_path: Path) -> None:
    cells = three_laboratories()
    said: list[str] = []
    whole = teach(cells, PLAN, checkpoint=tmp_path / "a.ckpt", say=said.append)
    logits = kind_logits(whole, kept(cells, 32))
    assert metrics.auroc(cells.is_blast, blast_margin(logits)) > 0.95
    again = teach(cells, PLAN, checkpoint=tmp_path / "a.ckpt", say=said.append)
    np.testing.assert_array_equal(kind_logits(again, kept(cells, 32)), logits)


def test_a_checkpoint_of_another_plan_is_refused(tmp_path: Path) -> None:
    cells, short = three_laboratories(2), replace(PLAN, n_draws=16)
    teach(cells, short, checkpoint=tmp_path / "a.ckpt", say=len)
    with pytest.raises(DataError, match="of another plan"):
        teach(cells, PLAN, checkpoint=tmp_path / "a.ckpt", say=len)


def test_a_fit_may_begin_with_another_ones_checkpoint(tmp_path: Path) -> None:
    cells, none = three_laboratories(), replace(PLAN, rate=0.0, fixed_from=0.0)
    teachers: list[torch.nn.Module] = [Stubborn()]
    ways: dict[str, Any] = {"teachers": teachers, "say": len}
    first = teach(cells, PLAN, checkpoint=tmp_path / "a.ckpt", **ways)
    again = teach(cells, replace(none, start=str(tmp_path / "a.ckpt")), **ways)
    crops = kept(cells, 32)
    np.testing.assert_array_equal(kind_logits(again, crops), kind_logits(first, crops))


@pytest.mark.parametrize("stored", [None, b"", b"no weights"])
def test_a_start_that_is_no_checkpoint_is_one_clear_line(
    tmp_path: Path, stored: bytes | None
) -> None:
    path = tmp_path / "a.ckpt"
    if stored is not None:
        path.write_bytes(stored)
    with pytest.raises(DataError, match=r"a\.ckpt: no checkpoint of this fit") as told:
        teach(three_laboratories(2), replace(PLAN, start=str(path)), say=len)
    assert "\n" not in str(told.value)


def test_teaching_needs_blasts_and_others() -> None:
    with pytest.raises(DataError, match="blasts and other kinds"):
        teach(shaded("a", ["blast"] * 4), PLAN)


def test_a_cell_stored_larger_keeps_its_colour_up_to_its_rim() -> None:
    cells = shaded("a", ["lymphocyte"])
    flat = np.where(cells.pixels > 0, 100, 0)
    small = shrunk(flat.astype(np.uint8).repeat(2, 1).repeat(2, 2), 32)
    assert small.shape == (1, 36, 36, 3)
    assert set(np.unique(small).tolist()) == {0, 100}


def test_cells_stored_too_small_are_refused() -> None:
    with pytest.raises(DataError, match="gather --side-px 64"):
        kept(shaded("a", ["blast"]), 64)
