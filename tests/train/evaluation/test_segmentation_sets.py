"""Every kind of truth that a set may bring: masks, boxes, points, the middle, drawn."""

import argparse
from pathlib import Path

import cv2
import numpy as np
import pytest

from leukoscope_edge.errors import SourceError
from leukoscope_train.evaluation.segmentation_sets import (
    ImageTruth,
    picture,
    pictures_of,
    truths,
    whole_number,
)

CELL = (slice(20, 60), slice(30, 70))
NUCLEUS = (slice(30, 50), slice(40, 60))
XML = """<annotation>
<object><name>{name}</name><bndbox><xmin>30</xmin><ymin>20</ymin>
<xmax>69</xmax><ymax>59</ymax></bndbox></object></annotation>"""


def write(path: Path, pixels: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), pixels)


def mask(*, slip: bool = False) -> np.ndarray:
    """One cell of 40 pixels with its nucleus, and maybe a slip of the brush."""
    drawn = np.zeros((80, 120), np.uint8)
    drawn[CELL], drawn[NUCLEUS] = 128, 255
    if slip:
        drawn[70:75, 100:105] = 128
    return drawn


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """A set of five images without any truth."""
    for number in range(5):
        plain = np.full((80, 120, 3), (210, 205, 215 + number), np.uint8)
        write(tmp_path / "images" / f"{number}.png", plain)
    return tmp_path


def all_of(folder: Path, every: int = 1, **more: bool) -> list[ImageTruth]:
    return list(truths(str(folder), every, **more))


def test_a_mask_gives_nucleus_cell_and_a_box_for_each_part(images: Path) -> None:
    for number in range(5):
        write(images / "masks" / f"{number}.png", mask(slip=True))
    first = all_of(images)[0]
    assert first.name == "0"
    assert np.array_equal(first.nucleus, mask() > 191)
    assert first.cell[CELL].all()
    assert first.boxes == [(30.0, 20.0, 70.0, 60.0)]
    assert first.scale_um_per_px is None


def test_boxes_alone_are_of_white_cells_and_bring_no_mask(images: Path) -> None:
    (images / "boxes").mkdir()
    (images / "boxes" / "1.xml").write_text(XML.format(name="WBC"))
    (images / "boxes" / "3.xml").write_text(XML.format(name="RBC"))
    white, red = all_of(images)
    assert (white.name, white.boxes) == ("1", [(30.0, 20.0, 69.0, 59.0)])
    assert (red.name, red.boxes) == ("3", [])
    assert not white.cell.any()


def test_where_there_are_boxes_and_masks_the_boxes_count(images: Path) -> None:
    (images / "boxes").mkdir()
    (images / "boxes" / "1.xml").write_text(XML.format(name="WBC"))
    write(images / "masks" / "1.png", mask())
    [only] = all_of(images)
    assert only.boxes == [(30.0, 20.0, 69.0, 59.0)]
    assert only.cell[CELL].all()


def test_points_are_boxes_without_area(images: Path) -> None:
    (images / "points.csv").write_text("file,x,y\n0.png,5,6\n0.png,7.5,8\n")
    found = all_of(images)
    assert found[0].boxes == [(5.0, 6.0, 5.0, 6.0), (7.5, 8.0, 7.5, 8.0)]
    assert [truth.boxes for truth in found[1:]] == [[]] * 4


def test_the_middle_is_asked_for_and_all_else_may_be_found(images: Path) -> None:
    (images / "points.csv").write_text("file,x,y\n0.png,5,6\n")
    first = all_of(images, is_middle=True)[0]
    assert first.boxes == [(60.0, 40.0, 60.0, 40.0)]
    assert first.ignored == [(0.0, 0.0, 120.0, 80.0)]


@pytest.mark.parametrize(
    ("chosen", "every", "names"),
    [
        ("all", 1, "01234"),
        ("even", 1, "024"),
        ("odd", 1, "13"),
        ("all", 3, "03"),
        ("even", 2, "04"),
    ],
)
def test_images_are_chosen_by_half_and_step(
    images: Path, chosen: str, every: int, names: str
) -> None:
    found = truths(str(images), every, chosen, is_middle=True)
    assert [truth.name for truth in found] == list(names)


def test_of_a_drawn_slide_cells_at_the_edge_may_be_found() -> None:
    first = next(truths("simulated:seed=1,cells=30", 12))
    height, width = first.cell.shape
    assert first.scale_um_per_px is not None
    assert (first.cell | ~first.nucleus).all()
    assert all(
        0 < x0 <= x1 < width - 1 and 0 < y0 <= y1 < height - 1
        for x0, y0, x1, y1 in first.boxes
    )
    assert first.boxes or first.ignored or not first.cell.any()


def test_a_folder_for_each_class_is_a_set_too(tmp_path: Path) -> None:
    for name in ("b/1.png", "a/2.png"):
        write(tmp_path / name, np.full((40, 40, 3), 200, np.uint8))
    found = pictures_of(tmp_path)
    assert found == [tmp_path / "a" / "2.png", tmp_path / "b" / "1.png"]


def test_a_folder_without_images_is_no_set(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="has no folder 'images'"):
        pictures_of(tmp_path)


def test_a_picture_has_red_first(tmp_path: Path) -> None:
    write(tmp_path / "red.png", np.full((40, 40, 3), (0, 0, 255), np.uint8))
    assert picture(tmp_path / "red.png")[0, 0].tolist() == [255, 0, 0]


def test_what_is_no_picture_is_named(tmp_path: Path) -> None:
    (tmp_path / "torn.png").write_bytes(b"\x89PNG")
    with pytest.raises(SourceError, match=r"torn\.png: "):
        picture(tmp_path / "torn.png")


def test_a_mask_that_is_none_or_is_missing_is_named(images: Path) -> None:
    with pytest.raises(SourceError, match=r"masks/0\.png: cannot be read"):
        all_of(images)
    (images / "masks").mkdir()
    (images / "masks" / "0.png").write_bytes(b"no mask")
    with pytest.raises(SourceError, match=r"masks/0\.png: is not a mask"):
        all_of(images)


@pytest.mark.parametrize("line", ["0.png,left,right", "0.png,1"])
def test_a_line_that_is_no_point_is_named(images: Path, line: str) -> None:
    (images / "points.csv").write_text(f"file,x,y\n0.png,5,6\n{line}\n")
    with pytest.raises(SourceError, match=r"points\.csv: line 3: expected file, x"):
        all_of(images)


def test_a_whole_number_is_one_or_more() -> None:
    assert whole_number("12") == 12
    for text in ("0", "-1", "x", "1.5", ""):
        with pytest.raises(argparse.ArgumentTypeError, match="expected 1 or more"):
            whole_number(text)
