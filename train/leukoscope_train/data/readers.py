"""Lists of cell images on disk, by the layout of their folder.

Five layouts: the C-NMC share (`cells.csv` beside `images/`), C-NMC 2019 as published
(file names tell all), ALL-IDB 1 and 2 (file names and blast centroids), a CSV table,
and one folder per class. What cannot be used is listed with its reason; what would
make a split or a label wrong is refused.
"""

import re
from dataclasses import dataclass, field, replace
from pathlib import Path

from leukoscope_edge.durable import sha256_of
from leukoscope_train.data.cells import BLAST, NORMAL, CellFile, Demographics, rows_of
from leukoscope_train.errors import DataError

CNMC_LABELS = {"hem": NORMAL, "all": BLAST}
CNMC_NAME = re.compile(r"UID_(H?\d+)_\d+_\d+_(all|hem)", re.IGNORECASE)
"""Subject and label of a published file name. The letter H belongs to the subject:
1 has ALL, H1 is healthy. Some names have a small h."""
ALLIDB_NAME = re.compile(r"Im\d+_([01])", re.IGNORECASE)
"""The last digit is 1 where the image shows a blast."""
CLASSES = {
    **dict.fromkeys(("hem", "normal", "healthy", "Benign"), NORMAL),
    **dict.fromkeys(("lymphocyte", "neutrophil", "monocyte"), NORMAL),
    **dict.fromkeys(("eosinophil", "basophil"), NORMAL),
    **dict.fromkeys(("all", "blast", "Early", "Pre", "Pro"), BLAST),
}
"""Truth by the name of a class folder (C-NMC, PBC, Taleqani) or by a table's label."""
TABLE_COLUMNS = ("path", "label", "subject")
IMAGE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """The cells of a folder.

    Attributes:
        files: What can be used.
        left_out: A line for every image that cannot, with its reason.
        on_black: Each image is one cell cut out on black, at C-NMC's scale.
    """

    files: list[CellFile]
    left_out: list[str] = field(default_factory=list)
    on_black: bool = False


def read_cells(source: Path, split: str | None = None) -> Listing:
    """List the cells of a folder or table in any of the five layouts.

    Args:
        source: A folder, or a CSV table.
        split: Only this split, or all where None.

    Raises:
        DataError: No layout fits, or the one that fits is wrong in itself.
    """
    if source.suffix.lower() == ".csv":
        listing = read_table(source)
    elif (source / "cells.csv").is_file():
        listing = Listing(files=read_cnmc_share(source), on_black=True)
    elif not source.is_dir():
        raise DataError(f"{source}: no such folder")
    elif present := {n: v for n, v in CLASSES.items() if (source / n).is_dir()}:
        listing = _read_present_classes(source, present)
    else:
        listing = _read_by_names(source)
    files = [f for f in listing.files if split is None or f.split == split]
    if not files:
        raise DataError(f"{source}: no cells here in the split {split or 'any'}")
    return replace(listing, files=files)


def _read_present_classes(folder: Path, present: dict[str, int]) -> Listing:
    others = [p for p in sorted(folder.iterdir()) if p.is_dir()]
    return Listing(
        files=read_class_folders(folder, present, folder.name),
        left_out=[
            f"{p}: its name is no class" for p in others if p.name not in present
        ],
    )


def _read_by_names(folder: Path) -> Listing:
    images = _images(folder)
    if any(CNMC_NAME.match(p.stem) for p in images):
        return read_cnmc_originals(folder)
    if any(ALLIDB_NAME.match(p.stem) for p in images):
        return read_allidb(folder)
    raise DataError(
        f"{folder}: no labels here; expected cells.csv, class folders "
        f"{sorted(CLASSES)}, or the file names of C-NMC or ALL-IDB"
    )


def _images(folder: Path) -> list[Path]:
    found = folder.rglob("*")
    return sorted(p for p in found if p.suffix.lower() in IMAGE_SUFFIXES)


def read_cnmc_share(folder: Path) -> list[CellFile]:
    """List the cells of a folder in the shape of the C-NMC share.

    Args:
        folder: Holds `cells.csv` (file, label, subject_group, split, ...) and images.

    Raises:
        DataError: The table is missing, lacks a column, has an unknown label, or a
            person stands in two splits or in both classes.
    """
    table = folder / "cells.csv"
    rows = rows_of(table, ("file", "label", "subject_group", "split"))
    for row in rows:
        if row["label"] not in CNMC_LABELS:
            raise DataError(f"{table}: {row['file']} has the label {row['label']!r}")
    files = [
        CellFile(
            path=folder / "images" / row["file"],
            label=CNMC_LABELS[row["label"]],
            person=row["subject_group"].upper(),
            split=row["split"],
            source="cnmc",
            sha256=row.get("sha256_original", ""),
        )
        for row in rows
    ]
    refuse_two_sides(files)
    return files


def refuse_two_sides(files: list[CellFile]) -> None:
    """Refuse a person in two splits or both classes, or one image under two people.

    Raises:
        DataError: Names the person or the image.
    """
    seen: dict[str, tuple[str, int]] = {}
    hashes: dict[str, str] = {}
    for file in files:
        here = (file.split, file.label)
        if file.person and seen.setdefault(file.person, here) != here:
            raise DataError(
                f"{file.path}: {file.person} stands in {seen[file.person]} and {here}"
            )
        if file.sha256 and hashes.setdefault(file.sha256, file.person) != file.person:
            raise DataError(
                f"{file.path}: is the same image for {file.person} and "
                f"{hashes[file.sha256]}; merge them into one subject"
            )


def read_cnmc_originals(folder: Path) -> Listing:
    """List C-NMC 2019 as published; subjects that share an image become one person.

    Raises:
        DataError: A person stands in both classes.
    """
    files, left_out = [], []
    for path in _images(folder):
        match = CNMC_NAME.match(path.stem)
        if match is None:
            left_out.append(f"{path}: its name gives no subject or label")
            continue
        files.append(
            CellFile(
                path=path,
                label=CNMC_LABELS[match[2].lower()],
                person="UID_" + match[1].upper(),
                split="",
                source="cnmc",
                sha256=sha256_of(path),
            )
        )
    merged = merge_people(files)
    refuse_two_sides(merged)
    once, again = drop_duplicates(merged)
    return Listing(files=once, left_out=left_out + again, on_black=True)


def merge_people(files: list[CellFile]) -> list[CellFile]:
    """Join the people who share an image, byte for byte, into one: `A+B`."""
    groups: dict[str, set[str]] = {f.person: {f.person} for f in files}
    owners: dict[str, str] = {}
    for file in files:
        other = owners.setdefault(file.sha256, file.person)
        joined = groups[other] | groups[file.person]
        for person in joined:
            groups[person] = joined
    return [replace(f, person="+".join(sorted(groups[f.person]))) for f in files]


def drop_duplicates(files: list[CellFile]) -> tuple[list[CellFile], list[str]]:
    """Keep the first of equal images; return the rest as lines."""
    first: dict[str, Path] = {}
    again = [
        f"{f.path}: the same image as {first[f.sha256]}"
        for f in files
        if f.sha256 and first.setdefault(f.sha256, f.path) != f.path
    ]
    return [f for f in files if first.get(f.sha256, f.path) == f.path], again


def refuse_foreign(files: list[CellFile], hash_list: Path) -> None:
    """Refuse images whose original is not on the published list.

    Args:
        files: Cells that know the sha256 of their original.
        hash_list: CSV with a column `sha256`.

    Raises:
        DataError: The list is none, or an image is not on it.
    """
    known = {row["sha256"].lower() for row in rows_of(hash_list, ("sha256",))}
    foreign = [f for f in files if f.sha256.lower() not in known]
    if foreign:
        raise DataError(
            f"{foreign[0].path}: its sha256 is not in {hash_list}, nor are "
            f"{len(foreign) - 1} others of {len(files)}; wrong list or altered images"
        )


def read_allidb(folder: Path) -> Listing:
    """List ALL-IDB 1 (fields with blast centroids) or 2 (single cells).

    A field's blasts are the points of its `.xyc` file, one `x y` per line; its other
    cells are normal. ALL-IDB names no people.
    """
    files, left_out = [], []
    for path in _images(folder):
        match = ALLIDB_NAME.match(path.stem)
        if match is None:
            left_out.append(f"{path}: its name gives no label")
            continue
        points = _points(folder, path)
        if points == () and match[1] == "1":
            left_out.append(f"{path}: shows blasts, but its .xyc file has none")
            continue
        files.append(
            CellFile(
                path=path,
                label=BLAST if match[1] == "1" else NORMAL,
                person="",
                split="",
                source="all-idb",
                blasts_px=points,
            )
        )
    return Listing(files=files, left_out=left_out)


def _points(folder: Path, image: Path) -> tuple[tuple[float, float], ...] | None:
    """Return the blasts' places, or None where the image has no `.xyc` file."""
    found = next(folder.rglob(image.stem + ".xyc"), None)
    if found is None:
        return None
    words = [line.split() for line in found.read_text(encoding="ascii").splitlines()]
    try:
        return tuple((float(w[0]), float(w[1])) for w in words if w)
    except (ValueError, IndexError) as err:
        raise DataError(f"{found}: expected `x y` on every line: {err}") from err


def read_table(table: Path) -> Listing:
    """List the cells of a CSV table.

    Columns: path (relative to the table), label, subject; and where known site, sex,
    age, ethnicity, split.

    Raises:
        DataError: A column is missing, a label is unknown, or a person contradicts
            themselves.
    """
    files, left_out = [], []
    for row in rows_of(table, TABLE_COLUMNS):
        path = table.parent / row["path"]
        if not row["label"]:
            left_out.append(f"{path}: no label")
        elif row["label"] not in CLASSES:
            raise DataError(f"{table}: {row['path']} has the label {row['label']!r}")
        else:
            files.append(_table_file(path, row, table.stem))
    once, again = drop_duplicates([_hashed(f) for f in files])
    refuse_two_sides(once)
    people_of(once)
    return Listing(files=once, left_out=left_out + again)


def _hashed(file: CellFile) -> CellFile:
    """Add the image's own sha256; a missing image keeps none and is listed later."""
    if not file.path.is_file():
        return file
    return replace(file, sha256=sha256_of(file.path))


def _table_file(path: Path, row: dict[str, str], source: str) -> CellFile:
    return CellFile(
        path=path,
        label=CLASSES[row["label"]],
        person=row["subject"].upper(),
        split=row.get("split", ""),
        source=source,
        about=Demographics(
            site=row.get("site", ""),
            sex=row.get("sex", ""),
            age_years=row.get("age", ""),
            ethnicity=row.get("ethnicity", ""),
        ),
    )


def people_of(files: list[CellFile]) -> dict[str, Demographics]:
    """Return what is known of every person.

    Raises:
        DataError: Two images say different things of one person.
    """
    people: dict[str, Demographics] = {}
    for file in files:
        if file.person and people.setdefault(file.person, file.about) != file.about:
            raise DataError(
                f"{file.path}: {file.person} is {file.about}, but elsewhere "
                f"{people[file.person]}"
            )
    return people


def read_class_folders(
    folder: Path, labels: dict[str, int], source: str
) -> list[CellFile]:
    """List the images of one folder per class; people are unknown.

    Args:
        folder: Holds the class folders.
        labels: Label by the name of the class folder; others are left out.
        source: Name of the data set.

    Raises:
        DataError: A named class folder is missing or empty.
    """
    cells = []
    for name, label in labels.items():
        found = _images(folder / name)
        if not found:
            raise DataError(f"{folder / name}: no images here")
        cells += [
            CellFile(path=p, label=label, person="", split="", source=source)
            for p in found
        ]
    return cells
