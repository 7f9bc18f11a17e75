"""A slide's cells with their pictures: kept, read again, checked."""

from collections.abc import Iterator

from leukoscope_edge.errors import RecordError
from leukoscope_edge.records.events import Problem
from leukoscope_edge.records.pictures import Pictures, apart, from_png, side_by_side
from leukoscope_edge.records.slides.cell_record import CellRecord, FieldPicture, cell_id
from leukoscope_edge.records.slides.slide import ArchivedCell, SlideRecord
from leukoscope_edge.types import Call, CallName, Cell


def keep_cell(
    pictures: Pictures,
    record: SlideRecord,
    cell: Cell,
    frame_sha256: str,
    field: FieldPicture | None = None,
) -> CellRecord:
    """Store a cell's pictures and return what is kept of it.

    Args:
        pictures: Where pictures go.
        record: The slide as it stands.
        cell: A cell with its call.
        frame_sha256: Hash of the frame of its best sighting.
        field: A frame that was kept of it; None keeps the one that is known.

    Raises:
        OutputError: A picture cannot be written.
    """
    if cell.call is None:
        raise ValueError(f"cell {cell.id} has no call yet")
    best = cell.best
    strip = side_by_side(s.crop for s in cell.sightings)
    number = cell_id(record.run, cell.id)
    known = record.machine_cells.get(number)
    return CellRecord(
        id=number,
        field=field or (known.field if known else None),
        frame=best.frame,
        frame_sha256=frame_sha256,
        box_px=best.box_px,
        slide_px=best.slide_px,
        n_sightings=cell.n_sightings,
        call=cell.call.name,
        p_blast=cell.call.p_blast,
        is_unlike=cell.call.is_unlike,
        is_off_scale=cell.call.is_off_scale,
        kind=cell.call.kind_beside_blast,
        crops=pictures.keep(record.id, strip),
        n_crops=len(cell.sightings),
        view=pictures.keep(record.id, cell.view),
    )


def archived(pictures: Pictures, record: SlideRecord) -> Iterator[ArchivedCell]:
    """Yield the cells of a slide that a model judged, with their crops.

    Raises:
        RecordError: A picture is missing or damaged.
    """
    if not record.has_pictures:
        return
    for cell in record.cells:
        if cell.call is None or cell.p_blast is None:
            continue
        strip = from_png(pictures.read(record.id, cell.crops))
        then = Call(name=cell.call, p_blast=cell.p_blast, is_unlike=cell.is_unlike)
        yield ArchivedCell(record=record, cell=cell, then=then, crops=apart(strip))


def may_be_withheld(cell: ArchivedCell) -> bool:
    """Say whether a stored "unclear" may stand for another word of the model.

    Cells that were seen at another scale than the slide's are unclear whatever the
    model said (`counting.keep_calls_to_scale`). Where nobody gave a scale, older
    records do not say of which cells that is so.
    """
    has_scale = cell.record.origin.scale_um_per_px is not None
    is_unclear = cell.then.name is CallName.UNCLEAR
    return cell.cell.is_off_scale or (not has_scale and is_unclear)


def picture_problems(pictures: Pictures, record: SlideRecord) -> Iterator[Problem]:
    """Look for pictures of a slide that are missing or damaged."""
    if not record.has_pictures:
        return
    names = {n for c in record.cells for n in c.pictures}
    for name in sorted(names):
        try:
            pictures.read(record.id, name)
        except RecordError as err:
            yield Problem(record.seq, str(err))
