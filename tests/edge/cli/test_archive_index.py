"""The page of many slides: which pictures it shows, and what its sentences say."""

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from leukoscope_edge.archive import ArchiveRow, SlideTask
from leukoscope_edge.cli.archive_index import (
    COLOURS,
    FIELDS,
    INDEX,
    MAX_FIELDS,
    RESULTS,
    WIDTH_PX,
    IndexEntry,
    said_sentences,
    write_index,
    write_page,
)
from leukoscope_edge.i18n import ENGLISH, languages
from leukoscope_edge.sample import SIMULATED_SAMPLE

LIGHT = 240


def page_of(tmp_path: Path, *entries: IndexEntry, limits: tuple[str, ...] = ()) -> str:
    return write_page(entries, tmp_path, limits, ENGLISH).read_text("utf-8")


def slide(tmp_path: Path, cells: list[dict[str, Any]], **images: str) -> SlideTask:
    """A screened slide with its images and its result, each image with a status."""
    folder, out = tmp_path / "slides" / "S-1", tmp_path / "out" / "S-1"
    folder.mkdir(parents=True)
    out.mkdir(parents=True)
    for name in images:
        pixels = np.full((240, 2 * WIDTH_PX, 3), LIGHT, np.uint8)
        pixels[:2, :2, 0] = 0  # a grey picture would have no colour
        assert cv2.imwrite(str(folder / f"{name}.png"), pixels)
    listed = [{"name": f"{n}.png", "status": s} for n, s in images.items()]
    (out / "result.json").write_text(json.dumps({"cells": cells, "images": listed}))
    return SlideTask(
        name="S-1",
        folder=folder,
        bundle=Path("unused"),
        model_sha256="",
        scale_um_per_px=0.1,
        calibration=None,
        is_sequence=False,
        facts=SIMULATED_SAMPLE,
        site=None,
        segmenter="thresholds",
        language="en",
    )


def cell(image: str, p_blast: float, call: str = "blast") -> dict[str, Any]:
    return {
        "image": f"{image}.png",
        "p_blast": p_blast,
        "call": call,
        "box_px": [200, 100, 400, 200],
    }


def test_the_page_of_no_slides_can_be_written(tmp_path: Path) -> None:
    text = page_of(tmp_path)
    assert text.startswith("<!")
    assert (tmp_path / INDEX).exists()


def test_names_and_limits_cannot_bring_marks_of_their_own(tmp_path: Path) -> None:
    row = ArchiveRow(slide="<script>1</script>", result="few")
    text = page_of(tmp_path, IndexEntry(row=row), limits=("<b>weak</b>",))
    assert "<script>1" not in text
    assert "&lt;script&gt;1" in text
    assert "<b>weak" not in text


def test_every_result_has_a_name_on_the_page(tmp_path: Path) -> None:
    rows = [ArchiveRow(slide=f"S-{r}", result=r) for r in RESULTS]
    text = page_of(tmp_path, *(IndexEntry(row=row) for row in rows))
    assert all(name in text for name in RESULTS.values())


@pytest.mark.parametrize(
    ("n_blast", "expected"),
    [
        (None, "7 cells counted, 3 unclear"),
        (2, "2 of 7 cells blast-like, 3 unclear"),
    ],
)
def test_without_a_result_no_blast_is_no_number(
    tmp_path: Path, n_blast: int | None, expected: str
) -> None:
    row = ArchiveRow(
        slide="S-1", result="none-possible", n_cells=7, n_blast=n_blast, n_unclear=3
    )
    assert f"; {expected};" in page_of(tmp_path, IndexEntry(row=row))


def test_the_fields_with_the_most_suspicious_cells_are_shown_with_their_boxes(
    tmp_path: Path,
) -> None:
    names = [f"f{n}" for n in range(MAX_FIELDS + 2)]
    cells = [cell(name, n / 10) for n, name in enumerate(names)]
    task = slide(tmp_path, cells, **dict.fromkeys(names, "screened"))
    row = ArchiveRow(slide="S-1", result="blasts")
    out = tmp_path / "out"
    text = write_index([task], [row], out, ()).read_text("utf-8")
    pictures = sorted((out / "S-1" / FIELDS).iterdir())
    assert len(pictures) == MAX_FIELDS
    assert "f5.png" in text
    assert "f1.png" not in text
    bgr = cv2.imread(str(pictures[0]))
    assert bgr.shape[1] == WIDTH_PX
    edge = bgr[75, 100, ::-1].astype(int)  # the box's left edge, at half the size
    assert np.abs(edge - COLOURS["blast"]).max() < 60
    assert bgr[75, 150].min() > 200  # inside the box


def test_images_without_a_cell_and_images_left_out_are_named_apart(
    tmp_path: Path,
) -> None:
    statuses = {"seen": "screened", "bare": "screened", "torn": "skipped"}
    task = slide(tmp_path, [cell("seen", 0.5)], **statuses)
    row = ArchiveRow(slide="S-1", result="few")
    text = write_index([task], [row], tmp_path / "out", ()).read_text("utf-8")
    assert "bare.png" in text
    assert "torn.png" in text
    assert "S-1/report.html" in text


def test_a_slide_that_failed_has_a_line_and_no_report(tmp_path: Path) -> None:
    task = slide(tmp_path, [])
    row = ArchiveRow(slide="S-1", result="failed", sentence="it broke")
    text = write_index([task], [row], tmp_path / "out", ()).read_text("utf-8")
    assert "it broke" in text
    assert "report.html" not in text


@pytest.mark.parametrize("text", ["", "Nobody knows this. Nor this."])
def test_sentences_that_no_catalogue_knows_stay_as_they_are(text: str) -> None:
    for language in languages().values():
        assert said_sentences(text, language) == text
