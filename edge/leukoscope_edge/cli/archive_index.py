"""The page of many screened slides: search, filter, fields with boxes, limits.

One HTML file beside the slides' folders, with a picture file for each field that it
shows. It opens offline; without its few lines of script it is a plain list.
"""

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

import cv2
import numpy as np

from leukoscope_edge.archive import ArchiveRow, SlideTask
from leukoscope_edge.arrays import U8
from leukoscope_edge.capture import items_of
from leukoscope_edge.capture.stored import ImageReplay, list_images
from leukoscope_edge.durable import make_folder, write_whole
from leukoscope_edge.i18n import ENGLISH, Language
from leukoscope_edge.names import shown
from leukoscope_edge.records import jpeg_bytes
from leukoscope_edge.records.exports import INTENDED_USE, page_of
from leukoscope_edge.types import Frame

INDEX, FIELDS = "index.html", "fields"
MAX_FIELDS = 4
"""Pictures a slide: those with the most suspicious cells."""
WIDTH_PX, JPEG_QUALITY = 480, 80
COLOURS = {"blast": (164, 0, 0), "unclear": (178, 106, 0), "normal": (20, 103, 200)}
"""RGB, as of the report's frames."""
RESULTS = {
    "blasts": "Blast-like cells",
    "few": "Few blast-like cells",
    "none": "No blast-like cells",
    "none-possible": "No result",
    "failed": "Failed",
}
Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexEntry:
    """One slide of the page.

    Attributes:
        row: Its line of the table.
        href: Its report, "" where there is none.
        fields: Pictures of its fields, each its place and the image's name.
        empty: Names of images that were screened and show no cell.
        left_out: Names of images that were not screened.
    """

    row: ArchiveRow
    href: str = ""
    fields: tuple[tuple[str, str], ...] = ()
    empty: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()


def write_index(
    tasks: Sequence[SlideTask],
    rows: Sequence[ArchiveRow],
    out: Path,
    limits: Sequence[str],
    language: Language = ENGLISH,
) -> Path:
    """Write the page and its pictures, and return where it lies.

    Args:
        tasks: The slides.
        rows: Their lines of the table, in the same order.
        out: Where the results lie.
        limits: Of the model, one sentence each.
        language: Of the page.

    Raises:
        OutputError: It cannot be written.
    """
    entries = [_entry(t, r, out) for t, r in zip(tasks, rows, strict=True)]
    return write_page(entries, out, limits, language)


def write_page(
    entries: Sequence[IndexEntry],
    out: Path,
    limits: Sequence[str],
    language: Language,
) -> Path:
    """Write the page alone; see `write_index`."""
    page = page_of(
        "index.html",
        _=language,
        language=language,
        sentences=partial(said_sentences, language=language),
        entries=entries,
        limits=limits,
        results=RESULTS,
        intended_use=INTENDED_USE,
    )
    write_whole(out / INDEX, page)
    return out / INDEX


def said_sentences(text: str, language: Language) -> str:
    """Return several sentences of the machine, each in a language.

    One of the catalogues may hold a full stop: the shortest that is known counts.
    """
    pieces, said = text.split(". "), []
    ends = [*(f"{p}." for p in pieces[:-1]), pieces[-1]]
    while ends:
        tries = (" ".join(ends[:n]) for n in range(1, len(ends) + 1))
        known = ((n, language(t)) for n, t in enumerate(tries, 1) if language(t) != t)
        n, found = next(known, (1, ends[0]))
        said.append(found)
        ends = ends[n:]
    return " ".join(said)


def _entry(task: SlideTask, row: ArchiveRow, out: Path) -> IndexEntry:
    if row.result == "failed":
        return IndexEntry(row=row)
    result: Json = json.loads((out / task.name / "result.json").read_bytes())
    with_cells = {c["image"] for c in result["cells"]}
    screened = [i["name"] for i in result["images"] if i["status"] == "screened"]
    return IndexEntry(
        row=row,
        href=f"{quote(os.fsencode(task.name))}/report.html",
        fields=tuple(_fields(task, result, out)),
        empty=tuple(n for n in screened if n not in with_cells),
        left_out=tuple(
            i["name"] for i in result["images"] if i["status"] != "screened"
        ),
    )


def _fields(task: SlideTask, result: Json, out: Path) -> Iterator[tuple[str, str]]:
    """Draw the fields with the most suspicious cells, each with its boxes."""
    cells: dict[str, list[Json]] = {}
    for cell in result["cells"]:
        cells.setdefault(cell["image"], []).append(cell)
    order = sorted(cells, key=lambda n: -max(c["p_blast"] for c in cells[n]))
    wanted = set(order[:MAX_FIELDS])
    paths = [p for p in list_images(task.folder) if shown(p.name) in wanted]
    folder = out / task.name / FIELDS
    make_folder(folder, mode=0o755)
    with ImageReplay(paths, task.scale_um_per_px) as images:
        for number, item in enumerate(items_of(images), start=1):
            if isinstance(item, Frame):
                name = f"{number}.jpg"
                drawn = _drawn(item.pixels, cells[item.name])
                write_whole(folder / name, jpeg_bytes(drawn, JPEG_QUALITY))
                yield f"{quote(os.fsencode(task.name))}/{FIELDS}/{name}", item.name


def _drawn(pixels: U8, cells: Sequence[Json]) -> U8:
    """Return a field at the page's width, a box of its call's colour on each cell."""
    scale = WIDTH_PX / pixels.shape[1]
    height_px = max(1, round(pixels.shape[0] * scale))
    small = cv2.resize(pixels, (WIDTH_PX, height_px), interpolation=cv2.INTER_AREA)
    picture = np.ascontiguousarray(small)
    for cell in cells:
        x0, y0, x1, y1 = (round(v * scale) for v in cell["box_px"])
        cv2.rectangle(picture, (x0, y0), (x1, y1), COLOURS[cell["call"]], 2)
    return np.asarray(picture, np.uint8)
