"""Measure a bundle on other laboratories' cells, cut by the device's own segmentation.

    python tools/evaluate_elsewhere.py DATA [--bundle DIR] [--limit N] [--stretch]
        [--alike-stain] [--json]

DATA is the folder of real images. None of these sets knows its people, so shares have
no interval. Healthy: `wbc-fields` (BCCD), `wbc-crops-300` (Zheng's second set)
and PBC's kinds, of which only cells that no training saw are taken. `taleqani` has
malignant images (Early, Pre, Pro) and benign ones, whose hematogones look much like
blasts. Shares are of cells at the card's operating points; for `taleqani` the spread
of the share over its images stands beside them, and how well the mean probability of
an image's cells tells malignant images from benign ones, whatever the points. Its
images are judged as published, squashed to a square; `--stretch` makes them 4:3 again
first, as they were taken, and gives the scale that they then have (both as `gather`
does: 299 x 224 pixels of 0.40 um). `--alike-stain`: each row's cells are taken for one
slide, the strength of whose stain is made that of the laboratories that taught, which
the device does not do (`tests/rigs/stain_strength.py`).

Keys of `--json`: `bundle`; `stretch`; `taleqani_auroc_of_images`, and over images at
95 % its `taleqani_auroc_interval`; `rows`, each with the names of `Row`'s attributes.
"""

import argparse
import json
import sys
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from leukoscope_edge.arrays import F64
from leukoscope_edge.errors import LeukoscopeError
from leukoscope_edge.inference import (
    Bundle,
    open_bundle,
    shipped_bundle_for,
)
from leukoscope_edge.types import CallName
from leukoscope_train.commands import (
    PBC_KINDS,
    PRETRAINING_PER_CLASS,
    some,
)
from leukoscope_train.data import (
    BLAST,
    NORMAL,
    SET_SCALES,
    TALEQANI_SIZE_PX,
    CellFile,
    CropSet,
    crops_of_fields,
    read_class_folders,
)
from leukoscope_train.evaluation import calls_of, elsewhere_table, interval_of

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # for tests/rigs

from tests.rigs.stain_strength import alike

PBC_EACH = 150
"""Cells of each of PBC's kinds that are judged."""
TALEQANI = {"Benign": NORMAL, "Early": BLAST, "Pre": BLAST, "Pro": BLAST}


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Images of one kind: their name in the table, and how they are cut."""

    name: str
    files: list[CellFile]
    scale_um_per_px: float | None = None
    size_px: tuple[int, int] | None = None
    only_central: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Shares of the calls on one kind of image.

    Attributes:
        set: Name of the set.
        truth: What a perfect device would call.
        n_images: Images given.
        n_without: Of them without a cell found.
        n_cells: Cells found.
        blast: Share of cells called blast.
        normal: The same for normal.
        unclear: The same for unclear.
        unlike: Share of cells that are unclear as they are unlike all known ones.
        by_image: Quartiles over images of the share called blast.
        kinds: Cells by the likeliest kind; empty where the bundle tells none.
    """

    set: str
    truth: str
    n_images: int
    n_without: int
    n_cells: int
    blast: float
    normal: float
    unclear: float
    unlike: float
    by_image: tuple[float, float, float]
    kinds: dict[str, int]


def main(arguments: list[str] | None = None) -> int:
    """Run the program; return its exit status."""
    options = _parse(arguments)
    try:
        bundle = open_bundle(options.bundle or shipped_bundle_for("real"))
        chosen = sources(options.data, options.limit, stretch=options.stretch)
        judged = [judge(bundle, s, is_alike=options.alike_stain) for s in chosen]
    except LeukoscopeError as err:
        print(f"evaluate_elsewhere: {err}", file=sys.stderr)
        return 1
    found = [asdict(row) for row, _ in judged]
    told, *interval = auroc_of_images(judged)
    whole = {
        "bundle": bundle.card.id,
        "stretch": options.stretch,
        "taleqani_auroc_of_images": told,
        "taleqani_auroc_interval": interval,
        "rows": found,
    }
    if options.json:
        print(json.dumps(whole, indent=1))
    else:
        print(elsewhere_table(found))
        print(f"\nMalignant against benign images of taleqani: AUROC {told:.3f}")
        print(f"At 95 %, over images: {interval[0]:.3f} to {interval[1]:.3f}")
    return 0


def auroc_of_images(judged: list[tuple[Row, F64]]) -> list[float]:
    """Return how well an image's mean probability tells taleqani's malignant images.

    An AUROC with its interval.

    Args:
        judged: Each set's row and its (N,) means by image.
    """
    chosen = [pair for pair in judged if pair[0].set.startswith("taleqani")]
    labels = [
        np.full(len(p), BLAST if row.truth == "blast" else NORMAL) for row, p in chosen
    ]
    p = np.concatenate([p for _, p in chosen])
    nobody = np.full(len(p), "", np.str_)
    return interval_of(p, np.concatenate(labels), nobody)


def sources(data: Path, limit: int, *, stretch: bool = False) -> list[Source]:
    """Return all sets; of each at most `limit` images, 0 for all.

    Args:
        data: Folder of the sets.
        limit: Images of each.
        stretch: Make taleqani's images 4:3 again.

    Raises:
        DataError: A set's folder is missing or empty.
    """
    found = []
    for name in ("wbc-fields", "wbc-crops-300"):
        files = read_class_folders(data / name, {"images": NORMAL}, name)
        found.append(Source(name=name, files=_first(files, limit)))
    for kind in PBC_KINDS:
        files = read_class_folders(data / "pbc", {kind: NORMAL}, f"pbc-{kind}")
        unseen = some(files, len(files))[PRETRAINING_PER_CLASS:]
        found.append(
            Source(
                name=f"pbc {kind}",
                files=unseen[: min(limit or PBC_EACH, PBC_EACH)],
                scale_um_per_px=SET_SCALES["pbc"].card_um_per_px,
                only_central=True,
            )
        )
    known = SET_SCALES["taleqani"].card_um_per_px
    size_px, scale = (TALEQANI_SIZE_PX, known) if stretch else (None, None)
    for name, label in TALEQANI.items():
        files = read_class_folders(data / "taleqani", {name: label}, "taleqani")
        found.append(
            Source(
                name=f"taleqani {name}",
                files=_first(files, limit),
                scale_um_per_px=scale,
                size_px=size_px,
            )
        )
    return found


def _first(files: list[CellFile], limit: int) -> list[CellFile]:
    return some(files, limit) if limit else files


def judge(bundle: Bundle, source: Source, *, is_alike: bool = False) -> tuple[Row, F64]:
    """Cut a set's cells and call them by a bundle's card.

    Args:
        bundle: Which calls.
        source: The set.
        is_alike: The strength of its stain is made that of the teaching sets.

    Returns:
        The shares, and the mean probability of blast of each image with a cell.

    Raises:
        DataError: Not one cell was found.
    """
    crops, left_out = crops_of_fields(
        source.files,
        bundle.card.input.crop_spec,
        scale_um_per_px=source.scale_um_per_px,
        size_px=source.size_px,
        only_central=source.only_central,
    )
    calls = calls_of(bundle, alike(crops.pixels) if is_alike else crops.pixels)
    names = np.array([c.name.value for c in calls])
    blast, p = names == CallName.BLAST.value, np.array([c.p_blast for c in calls])
    row = Row(
        set=source.name,
        truth="blast" if source.files[0].label == BLAST else "normal",
        n_images=len(source.files),
        n_without=len(left_out),
        n_cells=len(crops),
        blast=float(blast.mean()),
        normal=float((names == CallName.NORMAL.value).mean()),
        unclear=float((names == CallName.UNCLEAR.value).mean()),
        unlike=float(np.mean([c.is_unlike for c in calls])),
        by_image=quartiles(means_by_image(crops, blast)),
        kinds=dict(Counter(c.kind for c in calls if c.kind)),
    )
    return row, means_by_image(crops, p)


def means_by_image(crops: CropSet, values: np.ndarray) -> F64:
    """Return the mean over its cells of every image with a cell."""
    images = np.array([name.rpartition("#")[0] for name in crops.names.tolist()])
    means = [values[images == image].mean() for image in np.unique(images)]
    return np.asarray(means, np.float64)


def quartiles(shares: F64) -> tuple[float, float, float]:
    """Return the quartiles of some shares."""
    low, middle, high = np.percentile(shares, [25, 50, 75])
    return float(low), float(middle), float(high)


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, help="folder of the sets")
    parser.add_argument("--bundle", type=Path, help="default: the shipped one")
    parser.add_argument("--limit", type=int, default=0, help="images of each set")
    parser.add_argument(
        "--stretch", action="store_true", help="make taleqani's images 4:3 again"
    )
    parser.add_argument(
        "--alike-stain", action="store_true", help="make the stain's strength alike"
    )
    parser.add_argument("--json", action="store_true", help="one object on stdout")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
