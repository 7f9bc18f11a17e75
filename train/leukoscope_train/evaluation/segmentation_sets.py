"""Sets of images with truth: masks, boxes, points, or the cell in the middle.

A set is a folder with `images/`, or with a folder of images for each class, and one of

    masks/NAME.png   0 background, 128 cytoplasm, 255 nucleus
    boxes/NAME.xml   Pascal VOC, objects named WBC; with masks where both are there
    points.csv       file, x, y: one row for each white cell

Where a set has none of them only the cell in the middle can be asked for.
"""

import argparse
import csv
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from leukoscope_edge.arrays import U8, BoolArray
from leukoscope_edge.capture import is_simulated, parse_simulated
from leukoscope_edge.capture.stored import decode_image, decode_own, list_images
from leukoscope_edge.errors import SourceError

FIRST_AND_STEP = {"all": (0, 1), "even": (0, 2), "odd": (1, 2)}
SHIFTED = "a part of it is shifted"
"""What is said of 167.png of wbc-crops-120, whose last rows are another picture's."""
MIN_PART_PX = 200
"""A smaller part of a mask is a slip of the brush, not a cell."""
Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageTruth:
    """One image and what is true of it.

    Attributes:
        name: Of the image, or the frame's number.
        pixels: (H, W, 3) uint8 RGB.
        nucleus: (H, W) bool.
        cell: (H, W) bool, nucleus and cytoplasm.
        boxes: Of the cells that must be found; a box without area is a point, and a
            detection whose own box holds it finds it.
        ignored: Of the cells that may be found.
        scale_um_per_px: Where known.
    """

    name: str
    pixels: U8
    nucleus: BoolArray
    cell: BoolArray
    boxes: list[Box]
    ignored: list[Box]
    scale_um_per_px: float | None


def truths(
    source: str, every: int, images: str = "all", *, is_middle: bool = False
) -> Iterator[ImageTruth]:
    """Yield every n-th of the chosen images of a set with its truth.

    Args:
        source: A folder, or a simulated slide.
        every: Only every n-th image.
        images: "all", "even" or "odd" ones.
        is_middle: The cell in the middle of each image is all that is asked for.

    Raises:
        LeukoscopeError: An image or its truth cannot be read.
    """
    if is_simulated(source):
        yield from _simulated(source, every)
        return
    folder = Path(source)
    first, step = FIRST_AND_STEP[images]
    points = None if is_middle else _points(folder / "points.csv")
    for path in pictures_of(folder)[first :: step * every]:
        boxes = folder / "boxes" / f"{path.stem}.xml"
        if is_middle:
            yield _with_middle(path)
        elif points is not None:
            yield _bare(path, points.get(path.name, []), ignored=[])
        elif boxes.exists() or not (folder / "boxes").is_dir():
            yield _drawn(path, folder / "masks" / f"{path.stem}.png", boxes)


def _drawn(path: Path, mask_path: Path, boxes: Path) -> ImageTruth:
    """Return an image with its mask, its boxes or both."""
    if boxes.exists() and not mask_path.parent.is_dir():
        return _bare(path, _boxes(boxes), ignored=[])
    mask = _mask(mask_path)
    return ImageTruth(
        name=path.stem,
        pixels=picture(path),
        nucleus=mask > 191,
        cell=mask > 63,
        boxes=_boxes(boxes) if boxes.exists() else _parts(mask > 63),
        ignored=[],
        scale_um_per_px=None,
    )


def _with_middle(path: Path) -> ImageTruth:
    height, width = picture(path).shape[:2]
    middle = (width / 2, height / 2, width / 2, height / 2)
    return _bare(path, [middle], ignored=[(0.0, 0.0, float(width), float(height))])


def _bare(path: Path, boxes: list[Box], ignored: list[Box]) -> ImageTruth:
    """Return an image of which nothing is drawn."""
    pixels = picture(path)
    nothing = np.zeros(pixels.shape[:2], np.bool_)
    return ImageTruth(
        name=path.stem,
        pixels=pixels,
        nucleus=nothing,
        cell=nothing,
        boxes=boxes,
        ignored=ignored,
        scale_um_per_px=None,
    )


def _points(path: Path) -> dict[str, list[Box]] | None:
    """Return the points of each image, None where the set has no such file."""
    if not path.exists():
        return None
    points: dict[str, list[Box]] = {}
    with path.open(newline="") as lines:
        for number, row in enumerate(csv.DictReader(lines), start=2):
            try:
                x, y = float(row["x"]), float(row["y"])
                points.setdefault(row["file"], []).append((x, y, x, y))
            except (KeyError, TypeError, ValueError) as err:
                raise SourceError(
                    f"{path}: line {number}: expected file, x and y"
                ) from err
    return points


def pictures_of(folder: Path) -> list[Path]:
    """Return the images of a set.

    Raises:
        SourceError: There are none.
    """
    if (folder / "images").is_dir():
        return list_images(folder / "images")
    classes = sorted(p for p in folder.glob("*/") if p.is_dir())
    pictures = [path for own in classes for path in own.iterdir() if path.is_file()]
    if not pictures:
        raise SourceError(
            f"{folder}: has no folder 'images': name a folder with 'images' and 'masks'"
        )
    return sorted(pictures)


def picture(path: Path) -> U8:
    """Return (H, W, 3) uint8 RGB of an image file.

    Raises:
        SourceError: It is none.
    """
    data = path.read_bytes()
    try:
        return decode_image(data)
    except SourceError as err:
        if SHIFTED in str(err):
            # Crops pasted on white look shifted; they are measured all the same.
            return decode_own(data)
        raise SourceError(f"{path}: {err}") from err


def whole_number(text: str) -> int:
    """Read a number of one or more from the command line."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected 1 or more, got {text!r}")
    return int(text)


def _simulated(source: str, every: int) -> Iterator[ImageTruth]:
    camera = parse_simulated(source)
    for number in range(0, len(camera.places_px), every):
        nuclei, cells = camera.labels(number)
        height, width = cells.shape
        boxes: list[Box] = []
        ignored: list[Box] = []
        for label in np.unique(cells[cells > 0]):
            x0, y0, x1, y1 = box = _box(cells == label)
            is_whole = x0 > 0 and y0 > 0 and x1 < width - 1 and y1 < height - 1
            (boxes if is_whole else ignored).append(box)
        yield ImageTruth(
            name=str(number),
            pixels=camera.render(number),
            nucleus=nuclei > 0,
            cell=cells > 0,
            boxes=boxes,
            ignored=ignored,
            scale_um_per_px=camera.scale_um_per_px,
        )


def _box(mask: BoolArray) -> Box:
    y, x = np.nonzero(mask)
    return float(x.min()), float(y.min()), float(x.max()), float(y.max())


def _mask(path: Path) -> U8:
    try:
        data = np.frombuffer(path.read_bytes(), np.uint8)
    except OSError as err:
        raise SourceError(f"{path}: cannot be read: {err.strerror}") from err
    mask = cv2.imdecode(data, cv2.IMREAD_GRAYSCALE)
    if mask is None:
        raise SourceError(f"{path}: is not a mask")
    return np.asarray(mask, np.uint8)


def _boxes(path: Path) -> list[Box]:
    boxes = []
    for item in ET.parse(path).getroot().iter("object"):  # noqa: S314 (our own data)
        if item.findtext("name") == "WBC":
            ends = [
                float(item.findtext(f"bndbox/{k}") or "nan")
                for k in ("xmin", "ymin", "xmax", "ymax")
            ]
            boxes.append((ends[0], ends[1], ends[2], ends[3]))
    return boxes


def _parts(mask: BoolArray) -> list[Box]:
    _, _, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
    return [
        (float(x), float(y), float(x + w), float(y + h))
        for x, y, w, h, area in stats[1:]
        if area >= MIN_PART_PX
    ]
