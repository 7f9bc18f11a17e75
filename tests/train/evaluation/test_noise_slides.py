"""A slide of noise is what the records take, and the same each time."""

from pathlib import Path

import numpy as np

from leukoscope_edge.records import open_store
from leukoscope_edge.types import CallName, Tally
from leukoscope_train.evaluation.noise_slides import (
    noise_cell,
    noise_set_up,
    noise_verdict,
)


def test_the_same_number_gives_the_same_cell_and_another_another() -> None:
    one, same, other = (noise_cell(n, side_px=8) for n in (1, 1, 2))
    assert np.array_equal(one.best.crop, same.best.crop)
    assert not np.array_equal(one.best.crop, other.best.crop)


def test_pictures_and_call_are_as_asked() -> None:
    cell = noise_cell(3, side_px=8, view_px=12, is_blast=True, n_sightings=2)
    assert [s.crop.shape for s in cell.sightings] == [(8, 8, 3)] * 2
    assert cell.view.shape == (12, 12, 3)
    assert cell.call is not None
    assert cell.call.name is CallName.BLAST


def test_the_records_take_it(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        slide = store.start_slide(noise_set_up("S-1", name="Ann"), "ann")
        store.count.add_cells(slide, [noise_cell(1, side_px=8)], frames={})
        store.count.finish_count(slide, noise_verdict(1, 0), "ann", tally=Tally())
        record = store.reader.slide(slide)
    assert len(record.machine_cells) == 1
