"""Labelled crops for training: consented, signed by a person, and naming nobody."""

from pathlib import Path

from leukoscope_edge.durable import prepare_folder, write_whole
from leukoscope_edge.records.exports.result_json import INTENDED_USE
from leukoscope_edge.records.exports.text_table import csv_bytes
from leukoscope_edge.records.pictures import apart, from_png, png_bytes
from leukoscope_edge.records.slides.cell_record import CellRecord
from leukoscope_edge.records.slides.slide import SlideRecord
from leukoscope_edge.records.slides.slide_state import SlideState
from leukoscope_edge.records.store import Store

TABLE_NAME, README_NAME = "labels.csv", "README.txt"
COLUMNS = ("file", "subject", "slide", "label", "judged_by_person", "model_call")
README = f"""Crops of single white blood cells from a Leukoscope, for training a model.

Every slide in it was signed by a person and consented to. `subject` is a keyed
pseudonym: the same for all slides of a sample, so that training can keep people
apart; only the device that made it could tell who it is.

{INTENDED_USE}
"""


def export_labelled(store: Store, folder: Path, by: str) -> int:
    """Write the crops of all consented and signed slides, with a table of labels.

    Args:
        store: The records.
        folder: Where to; an older table of ours there is replaced.
        by: Who asked for it.

    Returns:
        How many crops were written. The table comes last: where it stands, the
        others are whole.

    Raises:
        OutputError: It cannot be written.
    """
    prepare_folder(folder, (TABLE_NAME, README_NAME))
    rows = [
        row
        for record in store.reader.every_slide()
        if may_train(record)
        for row in _write_slide(store, record, folder, by)
    ]
    write_whole(folder / README_NAME, README.encode())
    write_whole(folder / TABLE_NAME, csv_bytes(COLUMNS, rows))
    return len(rows)


def may_train(record: SlideRecord) -> bool:
    """Say whether a slide's cells may leave to train a model."""
    return (
        record.consents_to_training
        and not record.is_erased
        and record.has_pictures
        and record.state is SlideState.SIGNED
        and record.domain == "real"
    )


def _write_slide(
    store: Store, record: SlideRecord, folder: Path, by: str
) -> list[tuple[object, ...]]:
    subject = store.reader.pseudonym(record.id)
    rows = []
    for cell in record.cells:
        if cell.is_counted and cell.crops:
            rows += _write_cell(store, record.id, cell, subject, folder)
    store.log.note_export(record.id, "labelled crops", "", by)
    return rows


def _write_cell(
    store: Store, slide: str, cell: CellRecord, subject: str, folder: Path
) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = []
    crops = apart(from_png(store.pictures.read(slide, cell.crops)))
    for i, crop in enumerate(crops):
        name = f"{subject}-{slide}-{cell.id}-{i}.png"
        write_whole(folder / name, png_bytes(crop))
        call = cell.call.value if cell.call else ""
        is_judged = int(cell.word is not None)
        rows.append((name, subject, slide, cell.final.value, is_judged, call))
    return rows
