"""What the records hold for this room: earlier cells, and a copy of the floor.

A device whose models' folder is lost, or was put back from before, still knows from its
records which releases it has had.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from leukoscope_edge.records import DEVICE, Store
from leukoscope_edge.records.slides import ArchivedCell
from leukoscope_edge.updates.context import UpdateContext
from leukoscope_edge.updates.manifest import NO_FLOOR, Floor

FLOOR_NOTE = "model floor"


@dataclass(frozen=True, slots=True)
class EarlierCells:
    """The cells of earlier slides, read anew each time they are gone through."""

    store: Store

    def __iter__(self) -> Iterator[ArchivedCell]:
        return self.store.reader.archived_cells()


def device_with(store: Store, **parts: Any) -> UpdateContext:
    """Return the device whose records these are.

    Args:
        store: The records; the models lie in the same data folder.
        parts: Further parts of the device.
    """
    return UpdateContext(
        data=store.folder,
        cells=EarlierCells(store),
        kept_floor=kept_floor(store),
        keep_floor=lambda floor: store.log.note(FLOOR_NOTE, asdict(floor), DEVICE),
        **parts,
    )


def kept_floor(store: Store) -> Floor:
    """Return the highest floor that the records hold."""
    floors = [Floor(**event.body["facts"]) for event in store.log.notes(FLOOR_NOTE)]
    return max(floors, default=NO_FLOOR)
