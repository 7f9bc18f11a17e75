"""`evaluate`, `differ`, `audit`, `calibrate`: everything that judges."""

import argparse
import sys
from pathlib import Path
from typing import Any

import numpy as np

from leukoscope_edge.arrays import F64
from leukoscope_edge.vision import CropSpec
from leukoscope_train import run_folder
from leukoscope_train.arguments import number
from leukoscope_train.commands import add_command, say
from leukoscope_train.commands.data import crops_of
from leukoscope_train.data import (
    I64,
    CropSet,
    concatenate,
    find_twins,
    read_cells,
)
from leukoscope_train.errors import DataError
from leukoscope_train.evaluation import (
    Figures,
    at_operating_points,
    audit_groups,
    by_person,
    fit_size,
    gallery,
    markdown_table,
    metrics,
    model_table,
    p_by_size,
    plot_calls,
    probabilities,
    table_of,
    with_interval,
)
from leukoscope_train.fit import margins
from leukoscope_train.json_files import read_json, write_json
from leukoscope_train.run import (
    fitted_network,
    judge_run,
    load_run_crops,
    mean_probabilities,
)
from leukoscope_train.sampling import kept_crops


def add_commands(commands: Any) -> None:
    """Add the parsers of this module's commands."""
    one = add_command(commands, "calibrate", calibrate, "judge a fitted run again")
    one.add_argument("--work", type=Path, required=True, help="fitted folder")
    one = add_command(commands, "evaluate", evaluate, "judge a run on further cells")
    one.add_argument("source", type=Path, help="folder or CSV of cells")
    one.add_argument("--work", type=Path, required=True, help="fitted folder")
    one.add_argument("--split", help="only this split")
    one.add_argument(
        "--um-per-px", type=number(0.005, 10), help="of images that are no cut-outs"
    )
    one.add_argument(
        "--drop-leaks", action="store_true", help="leave out who was trained on"
    )
    one = add_command(commands, "differ", differ, "is one plan better than another")
    one.add_argument(
        "runs",
        nargs="+",
        help="of `compare`; the first is the measure; ONE+OTHER is their average",
    )
    one.add_argument("--work", type=Path, required=True, help="the folder they lie in")
    one.add_argument("--name", required=True, help="of the table")
    one = add_command(commands, "audit", audit_run, "judge a run group by group")
    one.add_argument("--work", type=Path, required=True, help="fitted folder")


def calibrate(options: argparse.Namespace) -> None:
    """Calibrate a fitted run again from its stored margins, and report it."""
    say(model_table(judge_run(options.work)["models"]))


def evaluate(options: argparse.Namespace) -> None:
    """Judge a run's final network on cells of people it never saw.

    Raises:
        DataError: A person or a cell of the set was trained on.
    """
    trained, extra = load_run_crops(options.work)
    seen = trained if extra is None else concatenate([trained, extra])
    spec = CropSpec(**read_json(options.work / run_folder.SPEC))
    listing = read_cells(options.source, options.split)
    crops, left_out = crops_of(listing, spec, options.um_per_px)
    for line in left_out:
        print(f"left out: {line}", file=sys.stderr)  # noqa: T201
    crops = without_leaks(seen, crops, drop=options.drop_leaks)
    found = _judged(options.work, trained, crops)
    name = "-".join(filter(None, (options.source.stem, options.split)))
    found |= {"set": name, "n_left_out": len(left_out)}
    write_json(options.work / f"evaluation-{name}.json", found)
    say(model_table(found["models"]))


def without_leaks(trained: CropSet, crops: CropSet, *, drop: bool) -> CropSet:
    """Return cells of people who were not trained on.

    Args:
        trained: What the network saw, cells of unknown people among it.
        crops: The cells to judge.
        drop: Leave out who shares a name or a cell with the trained; else refuse. Of
            unknown people only the cell itself is left out.

    Raises:
        DataError: Someone does, and is not to be left out; or nobody is left.
    """
    both = concatenate([trained, crops])
    side = np.repeat([0, 1], [len(trained), len(crops)])
    shown = np.array([t.second for t in find_twins(both, side)], np.int64)
    again = np.isin(np.arange(len(crops)), shown - len(trained))
    known = {*trained.people.tolist(), *crops.people[again].tolist()} - {""}
    leaked = again | np.isin(crops.people, sorted(known))
    named = np.where(crops.people == "", crops.names, crops.people)[leaked]
    names = ", ".join(np.unique(named).tolist())
    if leaked.any() and not drop:
        raise DataError(
            f"these people or their cells were trained on: {names}; "
            "--drop-leaks leaves them out"
        )
    if leaked.any():
        say(f"left out, since trained on: {names}")
    if leaked.all():
        raise DataError("every person of the set was trained on")
    return crops.pick(~leaked)


def _judged(folder: Path, trained: CropSet, crops: CropSet) -> Figures:
    plan = run_folder.load_plan(folder)
    decision = run_folder.load_calibration(folder).decision
    margin = margins(fitted_network(folder, plan), kept_crops(crops, plan))
    p = probabilities(margin, decision.temperature)
    points = (decision.normal_to, decision.blast_from)
    p_size = p_by_size(crops.areas_um2, *fit_size(trained))
    plot_calls(crops.labels, p, folder / "evaluation-calls.png")
    gallery(crops, p, folder / "evaluation-worst.png")
    return {
        "models": table_of(plan.architecture, crops, p, p_size),
        "at_operating_points": at_operating_points(crops, p, points),
        "people": by_person(crops.labels, p, crops.people, points),
    }


def differ(options: argparse.Namespace) -> None:
    """Print by how much runs of the same cells differ from the first of them.

    People are drawn alike for both runs, so that what makes a person hard for both
    does not widen the interval, as it widens each run's own.
    """
    crops, _ = load_run_crops(options.work)
    first, *others = (
        mean_probabilities([options.work / one for one in run.split("+")], crops)
        for run in options.runs
    )
    rows = [
        {"run": run} | difference(crops, first, p)
        for run, p in zip(options.runs[1:], others, strict=True)
    ]
    found = {"from": options.runs[0], "rows": rows}
    write_json(options.work / f"differences-{options.name}.json", found)
    say(difference_table(rows))


def difference(crops: CropSet, first: F64, second: F64) -> dict[str, Any]:
    """Return how much better the second probabilities are, with intervals.

    Args:
        crops: The cells.
        first: (N,) probability of blast, out of fold.
        second: (N,) the same of another run.
    """

    def gain(chosen: I64) -> dict[str, float]:
        labels = crops.labels[chosen]
        one, other = first[chosen], second[chosen]
        return {
            "auroc": metrics.auroc(labels, other) - metrics.auroc(labels, one),
            "weighted_f1": metrics.weighted_f1(labels, other >= 0.5)
            - metrics.weighted_f1(labels, one >= 0.5),
        }

    intervals = metrics.bootstrap_intervals(gain, crops.people)
    values = gain(np.arange(len(crops)))
    return {name: [value, *intervals[name]] for name, value in values.items()}


def difference_table(rows: list[dict[str, Any]]) -> str:
    """Return the differences as a table."""
    names = ("auroc", "weighted_f1")
    lines = [
        [row["run"], *(with_interval(row[name]) for name in names)] for row in rows
    ]
    return markdown_table(["run", "AUROC", "weighted F1"], lines)


def audit_run(options: argparse.Namespace) -> None:
    """Print the out-of-fold figures of every group of people that is large enough."""
    crops, _ = load_run_crops(options.work)
    margin, _ = run_folder.load_margins(options.work, crops)
    temperature = run_folder.load_calibration(options.work).decision.temperature
    p = probabilities(margin, temperature)
    rows = audit_groups(crops, p, run_folder.load_people(options.work))
    write_json(options.work / "audit.json", rows)
    say(audit_table(rows))


def audit_table(rows: list[dict[str, Any]]) -> str:
    """Return the audit as a table: gaps in sensitivity matter most."""
    lines = []
    for row in rows:
        pooled = row.get("pooled", {})
        shown = [
            with_interval(pooled[n]) if pooled else row["verdict"]
            for n in ("sensitivity", "specificity")
        ]
        sizes = [str(row["n_people"]), str(row["n_cells"])]
        lines.append([row["question"], row["group"], *sizes, *shown])
    head = ["by", "group", "people", "cells", "sensitivity", "specificity"]
    return markdown_table(head, lines)
