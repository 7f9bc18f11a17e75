"""`prepare` and `thin`: from images to crops, once."""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from leukoscope_edge.vision import CropSpec
from leukoscope_train import run_folder
from leukoscope_train.arguments import number, whole
from leukoscope_train.commands import add_command, say
from leukoscope_train.data import (
    BLAST,
    I64,
    NORMAL,
    OTHER_KINDS,
    SET_SCALES,
    CellFile,
    CropSet,
    Listing,
    Strings,
    crop_cells,
    crops_of_slides,
    cut_out_crop,
    drop_twins,
    load_crops,
    merge_twins,
    people_of,
    read_cells,
    read_class_folders,
    refuse_foreign,
    save_crops,
)
from leukoscope_train.errors import DataError
from leukoscope_train.json_files import read_json, write_json

SHOWN_UM = 20.48
"""A monocyte with its rim: 128 px of 0.16 um each, or fewer larger ones."""
ROOM = 9 / 8
"""Side of a stored crop over the network's: room to turn and shift before cutting."""
SIMULATED_SPEC = CropSpec(side_px=72, scale_um_per_px=0.32, colour="masked")
"""The same for 64 px, enough for drawn cells."""
PBC_KINDS = (*OTHER_KINDS, "lymphocyte")
PBC_PER_CLASS = 400
TRAIN = "train"


def add_commands(commands: Any) -> None:
    """Add the parsers of this module's commands."""
    one = add_command(commands, "prepare", prepare, "cut every cell once")
    one.add_argument("source", help="folder or CSV of cells, or `simulated`")
    one.add_argument("--work", type=Path, required=True)
    one.add_argument("--slides", type=whole(1), default=24, help="simulated slides")
    one.add_argument("--pbc", type=Path, help="folder of more normal cells")
    one.add_argument("--hashes", type=Path, help="CSV of the originals' sha256")
    one.add_argument(
        "--side-px", type=whole(16, 1024), default=128, help="of the network's input"
    )
    one.add_argument(
        "--um-per-px", type=number(0.005, 10), help="of images that are no cut-outs"
    )
    one = add_command(commands, "thin", thin, "fewer cells of each person")
    one.add_argument("prepared", type=Path, help="prepared folder")
    one.add_argument("--most", type=whole(1), required=True, help="cells of a person")
    one.add_argument("--work", type=Path, required=True, help="folder to make")


def prepare(options: argparse.Namespace) -> None:
    """Cut every training cell once, on a canvas with a margin."""
    options.work.mkdir(parents=True, exist_ok=True)
    if options.source == "simulated":
        crops = crops_of_slides(options.slides, SIMULATED_SPEC)
        store(options.work, crops, SIMULATED_SPEC, flow=[counted("drawn", crops)])
        return
    listing = training_cells(read_cells(Path(options.source)))
    if options.hashes:
        refuse_foreign(listing.files, options.hashes)
    spec = real_spec(options.side_px)
    crops, left_out = crops_of(listing, spec, options.um_per_px)
    files = listing.files
    flow = [
        _counted("images", [f.label for f in files], [f.person for f in files]),
        counted("a cell was found and cut out", crops),
    ]
    crops, joined = merge_twins(crops)
    flow.append(counted("people who share a cell joined into one", crops))
    crops, repeated = drop_twins(crops)
    flow.append(counted("one crop kept of each cell", crops))
    if options.pbc:
        extra, more = _pbc_crops(options.pbc, spec)
        save_crops(options.work / run_folder.EXTRA, extra)
        flow.append(counted("of unknown people, for training alone", extra))
        left_out += more
    people = {n: asdict(about) for n, about in people_of(listing.files).items()}
    write_json(options.work / run_folder.PEOPLE, people)
    left_out += repeated
    store(options.work, crops, spec, flow=flow, left_out=left_out, joined=joined)


def thin(options: argparse.Namespace) -> None:
    """Keep some cells of every person and of every source without known people.

    People differ more than their cells, so that a small budget is better spent on all
    people than on all cells.

    Raises:
        DataError: The prepared folder would be written over.
    """
    if options.work.resolve() == options.prepared.resolve():
        raise DataError(f"{options.work}: would be written over; name another --work")
    crops = load_crops(options.prepared / run_folder.CROPS)
    options.work.mkdir(parents=True, exist_ok=True)
    kept = crops.pick(_some_of_each(crops.people, options.most))
    stored = options.prepared / run_folder.EXTRA
    if stored.exists():
        extra = load_crops(stored)
        extra = extra.pick(_some_of_each(extra.sources, options.most))
        save_crops(options.work / run_folder.EXTRA, extra)
    people = {n: asdict(p) for n, p in run_folder.load_people(options.prepared).items()}
    write_json(options.work / run_folder.PEOPLE, people)
    spec = CropSpec(**read_json(options.prepared / run_folder.SPEC))
    line = f"{len(crops) - len(kept)} cells beyond {options.most} of a person"
    flow = [counted("prepared", crops), counted("some kept of each person", kept)]
    store(options.work, kept, spec, flow=flow, left_out=[line])


def _some_of_each(groups: Strings, most: int) -> I64:
    """Return the places of up to so many of each group, by chance, always the same."""
    order = np.random.default_rng(0).permutation(len(groups))
    chosen = [order[groups[order] == name][:most] for name in np.unique(groups)]
    return np.sort(np.concatenate(chosen))


def real_spec(side_px: int) -> CropSpec:
    """Return how real cells are stored for a network of this side."""
    return CropSpec(
        side_px=round(side_px * ROOM),
        scale_um_per_px=SHOWN_UM / side_px,
        colour="masked",
    )


def training_cells(listing: Listing) -> Listing:
    """Keep the split `train` where the source names splits."""
    if not any(f.split == TRAIN for f in listing.files):
        return listing
    return replace(listing, files=[f for f in listing.files if f.split == TRAIN])


def crops_of(
    listing: Listing, spec: CropSpec, um_per_px: float | None
) -> tuple[CropSet, list[str]]:
    """Cut the listed cells; return them and a line for each image left out."""
    from leukoscope_train.data import crops_of_fields

    if listing.on_black:
        crops, left_out = crop_cells(listing.files, cut_out_crop, spec)
    else:
        crops, left_out = crops_of_fields(
            listing.files, spec, scale_um_per_px=um_per_px
        )
    return crops, listing.left_out + left_out


def store(
    folder: Path,
    crops: CropSet,
    spec: CropSpec,
    *,
    flow: list[dict[str, Any]],
    left_out: Sequence[str] = (),
    joined: Sequence[str] = (),
) -> None:
    """Write the crops with what was left out and who was joined; say so.

    Args:
        folder: Where.
        crops: The cells of known people.
        spec: How they were cut.
        flow: A row of `counted` after every step.
        left_out: A line for each reason.
        joined: A line for each pair of people who share a cell.
    """
    save_crops(folder / run_folder.CROPS, crops)
    write_json(folder / run_folder.SPEC, asdict(spec))
    last = counted("", crops)
    found = {
        "n_cells": len(crops),
        "n_blasts": last["n_cells"]["blast"],
        "n_people": last["n_people"],
        "flow": flow,
        "joined": list(joined),
        "left_out": list(left_out),
    }
    write_json(folder / run_folder.PREPARED, found)
    for line in left_out:
        print(f"left out: {line}", file=sys.stderr)  # noqa: T201
    for line in joined:
        say(f"joined: {line}")
    say(
        f"{folder}: {len(crops)} cells, {found['n_blasts']} of them blasts; people: "
        f"{last['n_people']}; {len(left_out)} reasons to leave out"
    )


def counted(step: str, crops: CropSet) -> dict[str, Any]:
    """Return how many cells and known people of each class stand after a step."""
    return _counted(step, crops.labels.tolist(), crops.people.tolist())


def _counted(step: str, labels: list[int], people: list[str]) -> dict[str, Any]:
    own: dict[str, list[str]] = {"normal": [], "blast": []}
    for label, person in zip(labels, people, strict=True):
        own["blast" if label == BLAST else "normal"].append(person)
    return {
        "step": step,
        "n_cells": {name: len(cells) for name, cells in own.items()},
        "n_people": {name: len(set(cells) - {""}) for name, cells in own.items()},
    }


def _pbc_crops(folder: Path, spec: CropSpec) -> tuple[CropSet, list[str]]:
    files: list[CellFile] = []
    for name in PBC_KINDS:
        own = read_class_folders(folder, {name: NORMAL}, f"pbc-{name}")
        files += some(own, PBC_PER_CLASS)
    return pbc_cells(files, spec)


def some(files: list[CellFile], n_chosen: int) -> list[CellFile]:
    """Return some of the files, by chance but always the same."""
    order = np.random.default_rng(0).permutation(len(files))
    return [files[i] for i in order[:n_chosen]]


def pbc_cells(files: list[CellFile], spec: CropSpec) -> tuple[CropSet, list[str]]:
    """Cut the middle cell of each of PBC's images."""
    from leukoscope_train.data import crops_of_fields

    return crops_of_fields(
        files, spec, scale_um_per_px=SET_SCALES["pbc"].card_um_per_px, only_central=True
    )
