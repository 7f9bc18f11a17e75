"""`gather`, `teach` and `judge`: kinds of cell from several laboratories."""

import argparse
import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from leukoscope_edge.arrays import F32
from leukoscope_edge.vision import CropSpec
from leukoscope_train.arguments import MAX_SEED, number, whole
from leukoscope_train.commands import add_command, say
from leukoscope_train.data import (
    HELD_OUT,
    READERS,
    SCALES,
    LabCells,
    gather_cells,
    join,
    leave_out,
    load_cells,
    of_laboratories,
    save_cells,
    summary,
    tiles_of,
)
from leukoscope_train.errors import DataError
from leukoscope_train.evaluation import figure_lines, figures_of, point_of
from leukoscope_train.networks import make_network
from leukoscope_train.teach import ROOM, TeachPlan, kept, kind_logits, teach

SHOWN_UM = 20.48
"""Side of a crop: a monocyte with its rim."""
TAUGHT = ("marrow", "cnmc", "pbc")


def add_commands(commands: Any) -> None:
    """Add the parsers of this module's commands."""
    one = add_command(commands, "gather", run_gather, "cut the cells of laboratories")
    one.add_argument("data", type=Path, help="folder with a folder per laboratory")
    one.add_argument("--laboratories", nargs="+", default=TAUGHT, choices=READERS)
    one.add_argument("--degraded", action="store_true", help="by a cheap microscope")
    one.add_argument("--windows", action="store_true", help="nuclei, without a mask")
    one.add_argument(
        "--every", type=whole(1), default=1, help="take each so many-th tile"
    )
    one.add_argument(
        "--most", type=whole(0), default=0, help="cells of a field; 0: all"
    )
    one.add_argument("--side-px", type=whole(16, 1024), default=128)
    one.add_argument(
        "--scale",
        choices=SCALES,
        default=SCALES[0],
        help="of the sets: at which the cards know it, the likeliest, the device's",
    )
    one.add_argument("--out", type=Path, required=True, help="the .npz to write")
    one = add_command(commands, "teach", run_teach, "fit a network of kinds")
    one.add_argument("cells", type=Path, nargs="+", help="files of `gather`")
    one.add_argument("--architecture", required=True)
    one.add_argument("--start", default="", help="weights to begin with")
    one.add_argument("--leave-out", help="laboratory that is to judge")
    one.add_argument("--teachers", type=Path, nargs="*", default=[])
    one.add_argument("--draws", type=whole(1), default=9600, help="cells drawn in all")
    one.add_argument("--rate", type=number(0, 1), default=5e-4)
    one.add_argument("--seed", type=whole(0, MAX_SEED), default=0)
    one.add_argument("--side-px", type=whole(16, 1024), default=128)
    one.add_argument("--fixed-from", type=number(0, 1), default=0.0)
    one.add_argument("--half", action="store_true", help="multiply in bfloat16")
    one.add_argument(
        "--scale", type=number(0, 0.9), help="how much sizes vary, as a fraction"
    )
    one.add_argument("--out", type=Path, required=True, help="the run's folder")
    one = add_command(commands, "judge", run_judge, "a taught network on laboratories")
    one.add_argument("runs", type=Path, nargs="+", help="of `teach`; averaged")
    one.add_argument("--cells", type=Path, nargs="+", required=True)
    one.add_argument("--laboratories", nargs="*", default=[])
    one.add_argument(
        "--point-by",
        type=Path,
        nargs="*",
        default=[],
        help="cells of which at most 0.02 of any laboratory's mature ones are called",
    )
    one.add_argument("--json", type=Path)


def _thinned(cells: LabCells, most: int) -> LabCells:
    """Keep up to so many cells of each field, whose names end in `#number`."""
    numbers = [name.rpartition("#") for name in cells.names.tolist()]
    kept = [not most or not mark or int(n) < most for _, mark, n in numbers]
    return cells.pick(np.array(kept, np.bool_))


def run_teach(options: argparse.Namespace) -> None:
    """Fit a network to all laboratories but one, or to all."""
    cells = join(load_cells(path) for path in options.cells)
    cells = cells.pick(cells.splits != HELD_OUT)
    if options.leave_out:
        split = leave_out(cells, options.leave_out)
        cells = of_laboratories(cells, split.teach)
    plan = TeachPlan(
        architecture=options.architecture,
        start=options.start,
        side_px=options.side_px,
        n_draws=options.draws,
        rate=options.rate,
        fixed_from=options.fixed_from,
        half=options.half,
        seed=options.seed,
    )
    if options.scale is not None:
        plan = replace(plan, recipe=replace(plan.recipe, scale=options.scale))
    options.out.mkdir(parents=True, exist_ok=True)
    names = np.unique(cells.laboratories).tolist()
    say(f"{len(cells)} cells of {', '.join(names)}; {plan.n_steps} steps")
    network = teach(
        cells,
        plan,
        teachers=[load_taught(folder) for folder in options.teachers],
        checkpoint=options.out / "fit.ckpt",
        say=say,
    )
    torch.save(network.state_dict(), options.out / "final.pt")
    about = {
        "plan": asdict(plan),
        "laboratories": names,
        "left_out": options.leave_out or "",
        "teachers": [str(t) for t in options.teachers],
        "n_cells": len(cells),
        "n_people": len(set(cells.people.tolist()) - {""}),
    }
    (options.out / "plan.json").write_text(json.dumps(about, indent=1) + "\n")


def run_judge(options: argparse.Namespace) -> None:
    """Print how well networks tell the cells of laboratories."""
    cells = join(load_cells(path) for path in options.cells)
    if options.laboratories:
        cells = of_laboratories(cells, options.laboratories)
    logits = taught_logits(options.runs, cells)
    for folder in options.runs:
        if both := both_sides(folder, cells):
            say(f"{', '.join(both)}: taught {folder} and judges it, no stranger")
    point = None
    if options.point_by:
        deciding = join(load_cells(path) for path in options.point_by)
        point = point_of(deciding, taught_logits(options.runs, deciding))
    found = figures_of(cells, logits, point)
    for line in figure_lines(found):
        say(line)
    if options.json:
        options.json.write_text(json.dumps(found, indent=1) + "\n")


def both_sides(folder: Path, cells: LabCells) -> list[str]:
    """Return the laboratories of some cells that taught a run."""
    about = json.loads((folder / "plan.json").read_text())
    return sorted(set(about["laboratories"]) & set(cells.laboratories.tolist()))


def taught_logits(runs: list[Path], cells: LabCells) -> F32:
    """Return (N, K) mean logits of several taught networks."""
    parts = []
    for folder in runs:
        network = load_taught(folder)
        plan = json.loads((folder / "plan.json").read_text())["plan"]
        parts.append(kind_logits(network, kept(cells, plan["side_px"])))
    return np.asarray(np.mean(parts, axis=0), np.float32)


def load_taught(folder: Path) -> torch.nn.Module:
    """Load the network of a run of `teach`.

    Raises:
        DataError: The folder holds none.
    """
    try:
        plan = json.loads((folder / "plan.json").read_text())["plan"]
        network = make_network(plan["architecture"], plan["side_px"])
        network.load_state_dict(torch.load(folder / "final.pt", weights_only=True))
    except (OSError, KeyError, ValueError, RuntimeError) as err:
        raise DataError(f"{folder}: no taught network: {err}; run `teach`") from err
    return network.to(memory_format=torch.channels_last).eval()


def run_gather(options: argparse.Namespace) -> None:
    """Cut the middle cell of every tile, and write all with their laboratories."""
    spec = CropSpec(
        side_px=round(options.side_px * ROOM),
        scale_um_per_px=SHOWN_UM / options.side_px,
        colour="masked",
        light="white-balanced",
    )
    parts, n_tiles = [], 0
    for name in options.laboratories:
        tiles = tiles_of(options.data, name, options.scale)[:: options.every]
        if options.degraded or options.windows:
            tiles = [t for t in tiles if not t.on_black]
        if not tiles:
            continue
        cells, left_out = gather_cells(
            tiles,
            spec,
            degraded=options.degraded,
            windows=options.windows,
            workers=options.workers,
        )
        n_tiles += len(tiles)
        say(f"{name}: {len(left_out)} of {len(tiles)} tiles without a cell")
        say(f"{name}: {tiles[0].scale_um_per_px:.4f} um per px")
        parts.append(_thinned(cells, options.most))
    options.out.parent.mkdir(parents=True, exist_ok=True)
    every = join(parts)
    save_cells(options.out, every)
    for line in summary(every, n_tiles):
        say(line)
