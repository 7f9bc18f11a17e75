"""What the records keep for updates: the highest floor, and earlier cells."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from leukoscope_edge.records import Store, open_store
from leukoscope_edge.updates.manifest import NO_FLOOR, Floor
from leukoscope_edge.updates.records_link import (
    FLOOR_NOTE,
    EarlierCells,
    device_with,
    kept_floor,
)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(tmp_path / "data") as store:
        yield store


def test_records_without_an_update_hold_no_floor(store: Store) -> None:
    assert kept_floor(store) == NO_FLOOR
    assert device_with(store).kept_floor == NO_FLOOR


def test_the_highest_floor_counts_in_whatever_order_they_were_kept(
    store: Store,
) -> None:
    device = device_with(store)
    highest = Floor(epoch=1, sequence=2, root_version=1)
    floors = (Floor(sequence=9), highest, Floor(epoch=1, sequence=1, root_version=5))
    for floor in floors:
        device.keep_floor(floor)
    assert kept_floor(store) == highest
    assert device_with(store).kept_floor == highest
    assert len(store.log.notes(FLOOR_NOTE)) == len(floors)


def test_the_models_lie_beside_the_records_and_parts_can_be_given(
    store: Store,
) -> None:
    told: list[object] = []
    device = device_with(store, tell=lambda step, n: told.append((step, n)))
    assert device.data == store.folder
    device.tell(None, 3)  # type: ignore[arg-type]
    assert told == [(None, 3)]


def test_earlier_cells_can_be_gone_through_twice(store: Store) -> None:
    cells = EarlierCells(store)
    first, second = iter(cells), iter(cells)
    assert first is not second
    assert list(first) == list(second) == []
