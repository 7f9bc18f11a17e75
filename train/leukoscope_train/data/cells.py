"""Single cells: who they belong to, what they are, how they become crops.

Crops are cut by `leukoscope_edge.vision.crop`, the code that the device runs. What
cannot be read is listed, never silently left out.
"""

import csv
import hashlib
import io
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from leukoscope_edge.arrays import U8, BoolArray
from leukoscope_edge.durable import whole_file
from leukoscope_edge.vision import WHITE_LEVEL, CropSpec, cut_crop
from leukoscope_train.data.set_scales import SET_SCALES
from leukoscope_train.errors import DataError

I64 = npt.NDArray[np.int64]
Strings = npt.NDArray[np.str_]

NORMAL, BLAST = 0, 1
OTHER_KINDS = (
    "basophil",
    "eosinophil",
    "erythroblast",
    "ig",
    "monocyte",
    "neutrophil",
)
"""PBC's kinds of cell that are not of the lymphoid line, hence never a lymphoblast;
`ig` are immature granulocytes."""
CNMC_UM_PER_PX = SET_SCALES["cnmc"].um_per_px
"""Micrometres per pixel of C-NMC's 450 px cells, which state none.

`python -m leukoscope_train scale` measures a median area-equivalent diameter of
176 px for the normal cells in `train`; 10.5 um, the middle of the 10 to 12 um of a
normal lymphocyte flattened on a dried smear with its rim of cytoplasm, then gives
0.060. The 10 to 12 um make this uncertain by about -5 to +14 %; training therefore
varies the scale.
"""
CNMC_WHITE = (191.0, 136.0, 118.0)
"""Grey level, RGB, that plasma would have in C-NMC's pictures, which show none: with it
the median colour of their cells is that of PBC's lymphocytes, white-balanced. An
assumption about a laboratory, the same for all its cells."""
CNMC_BLACK = 12
"""Grey level; JPEG ringing in the black around a C-NMC cell stays below it."""
SEPARATORS = ",;\t"
"""Where a comma is the decimal point, spreadsheets part columns by another sign."""
WEBP_LOSSLESS = 101
"""OpenCV's WebP quality above 100: lossless. Crops shrink to a sixteenth."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Demographics:
    """What is known of a person; "" where it is not."""

    site: str = ""
    sex: str = ""
    age_years: str = ""
    ethnicity: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CellFile:
    """One image of one cell, or of a field of them.

    Attributes:
        path: The image.
        label: NORMAL or BLAST.
        person: The group of subjects that must never be split; "" where unknown.
        split: `train`, `held-out` or "".
        source: Name of the data set.
        sha256: Of the original image, lower-case hex; "" where unknown.
        about: What is known of the person.
        blasts_px: In a field with marked cells the (x, y) of its blasts, and its
            other cells are normal; else None.
    """

    path: Path
    label: int
    person: str
    split: str
    source: str
    sha256: str = ""
    about: Demographics = Demographics()
    blasts_px: tuple[tuple[float, float], ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CropSet:
    """Crops of N cells with their labels, as parallel arrays.

    Attributes:
        pixels: (N, side, side, 3) uint8 RGB, 0 outside the cell.
        labels: (N,) int64, NORMAL or BLAST.
        people: (N,) group of subjects; "" where unknown.
        sources: (N,) data set.
        names: (N,) file names.
        areas_um2: (N,) float64, area of the cell.
    """

    pixels: U8
    labels: I64
    people: Strings
    sources: Strings
    names: Strings
    areas_um2: npt.NDArray[np.float64]

    def __post_init__(self) -> None:
        sizes = {
            len(self.pixels),
            len(self.labels),
            len(self.people),
            len(self.sources),
            len(self.names),
            len(self.areas_um2),
        }
        if len(sizes) != 1:
            raise ValueError(f"CropSet: arrays of different lengths {sorted(sizes)}")

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def lymphoid(self) -> BoolArray:
        """(N,) bool, whether a cell is a lymphocyte or a lymphoblast, by its source."""
        kinds = [source.rpartition("-")[2] for source in self.sources.tolist()]
        return np.asarray(~np.isin(kinds, OTHER_KINDS), np.bool_)

    def pick(self, chosen: npt.NDArray[np.bool_] | I64) -> "CropSet":
        """Return the chosen cells."""
        return CropSet(
            pixels=self.pixels[chosen],
            labels=self.labels[chosen],
            people=self.people[chosen],
            sources=self.sources[chosen],
            names=self.names[chosen],
            areas_um2=self.areas_um2[chosen],
        )


def read_image(path: Path) -> U8 | None:
    """Read an image as (H, W, 3) uint8 RGB, or None where it cannot be read."""
    try:
        data = np.frombuffer(path.read_bytes(), np.uint8)
    except OSError:
        return None
    image = cv2.imdecode(data, cv2.IMREAD_COLOR) if len(data) else None
    if image is None:
        return None
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8)


def mask_of_cut_out(pixels: U8) -> BoolArray:
    """Return the (H, W) bool mask of a cell that was cut out on black.

    The largest bright part, opened (a string of stain is not cell) and with its
    holes filled.
    """
    bright = (pixels.max(axis=2) > CNMC_BLACK).astype(np.uint8)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (9, 9))
    opened = cv2.morphologyEx(bright, cv2.MORPH_OPEN, kernel)
    contours, _ = cv2.findContours(opened, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    mask = np.zeros(bright.shape, np.uint8)
    if contours:
        largest = max(contours, key=cv2.contourArea)
        cv2.drawContours(mask, [largest], -1, 1, cv2.FILLED)
    return mask.astype(np.bool_)


def cut_out_crop(
    pixels: U8, spec: CropSpec, scale_um_per_px: float = CNMC_UM_PER_PX
) -> tuple[U8, float] | None:
    """Return the crop and area in um2 of a cell cut out on black; None where empty.

    Without plasma there is nothing to measure the light by; where the crop is to be
    white-balanced, that of C-NMC is taken.
    """
    mask = mask_of_cut_out(pixels)
    if not mask.any():
        return None
    y, x = np.nonzero(mask)
    centre = (float(x.mean()), float(y.mean()))
    if spec.light == "white-balanced":
        level = pixels * (np.float32(WHITE_LEVEL) / np.array(CNMC_WHITE, np.float32))
        pixels = np.clip(np.rint(level), 0, 255).astype(np.uint8)
    crop = cut_crop(
        pixels, mask, centre, scale_um_per_px, replace(spec, light="as-lit")
    )
    return crop, float(mask.sum()) * scale_um_per_px**2


Cutter = Callable[[U8, CropSpec], tuple[U8, float] | None]


def crop_cells(
    files: Iterable[CellFile], cutter: Cutter, spec: CropSpec
) -> tuple[CropSet, list[str]]:
    """Cut every cell.

    Args:
        files: The cells.
        cutter: Returns the crop and the area in um2, or None where it finds no cell.
        spec: Size, scale and colour of the crops.

    Returns:
        The crops, and a line for every image left out with its reason.

    Raises:
        DataError: Not one cell could be cut.
    """
    kept: list[tuple[CellFile, U8, float]] = []
    left_out = []
    for file in tqdm(list(files), desc="crops", disable=None):
        pixels = read_image(file.path)
        if pixels is None:
            left_out.append(f"{file.path}: unreadable")
        elif (found := cutter(pixels, spec)) is None:
            left_out.append(f"{file.path}: no cell found")
        else:
            kept.append((file, *found))
    refuse_empty(kept, left_out)
    return crop_set(kept), left_out


def refuse_empty(kept: list[tuple[CellFile, U8, float]], left_out: list[str]) -> None:
    """Refuse a set in which not one cell could be cut.

    Raises:
        DataError: Says how many images were left out.
    """
    if not kept:
        raise DataError(f"no cell could be cut; {len(left_out)} images were left out")


def crop_set(kept: list[tuple[CellFile, U8, float]]) -> CropSet:
    """Put cells with their crops and areas in um2 into parallel arrays."""
    return CropSet(
        pixels=np.stack([crop for _, crop, _ in kept]),
        labels=np.array([f.label for f, _, _ in kept], np.int64),
        people=np.array([f.person for f, _, _ in kept], np.str_),
        sources=np.array([f.source for f, _, _ in kept], np.str_),
        names=np.array([f.path.name for f, _, _ in kept], np.str_),
        areas_um2=np.array([area for _, _, area in kept], np.float64),
    )


def concatenate(sets: list[CropSet]) -> CropSet:
    """Return all cells of several sets, in order."""
    return CropSet(
        pixels=np.concatenate([s.pixels for s in sets]),
        labels=np.concatenate([s.labels for s in sets]),
        people=np.concatenate([s.people for s in sets]),
        sources=np.concatenate([s.sources for s in sets]),
        names=np.concatenate([s.names for s in sets]),
        areas_um2=np.concatenate([s.areas_um2 for s in sets]),
    )


def save_crops(path: Path, crops: CropSet) -> None:
    """Write crops to an .npz, losslessly packed, whole or not at all."""
    arrays = {n: getattr(crops, n) for n in CropSet.__slots__ if n != "pixels"}
    with ThreadPoolExecutor() as pool:
        packed = list(pool.map(_pack, crops.pixels))
    with whole_file(path) as file:
        np.savez(
            file,
            allow_pickle=False,
            packed=np.concatenate(packed),
            lengths=np.array([len(p) for p in packed], np.int64),
            **arrays,
        )


def _pack(crop: U8) -> U8:
    _, data = cv2.imencode(".webp", crop, [cv2.IMWRITE_WEBP_QUALITY, WEBP_LOSSLESS])
    return np.asarray(data, np.uint8).ravel()


def _unpack(packed: U8) -> U8:
    crop = cv2.imdecode(packed, cv2.IMREAD_COLOR)
    if crop is None:
        raise ValueError("a crop is damaged")
    return np.asarray(crop, np.uint8)


def load_crops(path: Path) -> CropSet:
    """Read crops that `save_crops` wrote.

    Raises:
        DataError: The file is missing or is something else.
    """
    try:
        with np.load(path, allow_pickle=False) as arrays:
            parts = np.split(arrays["packed"], np.cumsum(arrays["lengths"])[:-1])
            pixels = np.stack([_unpack(p) for p in parts])
            others = [n for n in CropSet.__slots__ if n != "pixels"]
            return CropSet(pixels=pixels, **{name: arrays[name] for name in others})
    except (OSError, KeyError, ValueError, TypeError, cv2.error) as err:
        raise DataError(
            f"{path}: no crops here ({err}); make them with `prepare`"
        ) from err


def digest_of(crops: CropSet) -> str:
    """Return a sha256 over the pixels, labels and people, in order."""
    digest = hashlib.sha256(np.ascontiguousarray(crops.pixels).tobytes())
    digest.update(crops.labels.tobytes())
    digest.update("\n".join(crops.people.tolist()).encode())
    return digest.hexdigest()


def rows_of(table: Path, needed: tuple[str, ...]) -> list[dict[str, str]]:
    """Return the rows of a CSV table, as any spreadsheet writes one.

    Raises:
        DataError: It is missing, empty or lacks a column, or is no UTF-8.
    """
    if not table.is_file():
        raise DataError(f"{table}: missing")
    try:
        text = table.read_text("utf-8-sig")
        separator = max(SEPARATORS, key=text.partition("\n")[0].count)
        lines = io.StringIO(text, newline="")
        rows = list(csv.DictReader(lines, restval="", delimiter=separator))
    except (UnicodeDecodeError, csv.Error) as err:
        raise DataError(f"{table}: save it as CSV in UTF-8 ({err})") from err
    if not rows or not set(needed) <= set(rows[0]):
        raise DataError(f"{table}: expected rows with the columns {', '.join(needed)}")
    return rows
