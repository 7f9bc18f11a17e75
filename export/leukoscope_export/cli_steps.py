"""The steps of an export one by one, each on a fitted run and a folder of files.

fp32.onnx         the clean network
scales.json       the scale table
calibration.json  which cells the ranges come from, by name
model.cpu.onnx    for ONNX Runtime
model.trt.onnx    for TensorRT
parity.json       what every form changes
"""

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np

from leukoscope_edge.arrays import F32
from leukoscope_edge.errors import EngineFault
from leukoscope_edge.inference import Backend, open_bundle, open_engine, self_test
from leukoscope_export.graphs import (
    METHODS,
    onnx_bytes,
    refuse_other_answers,
    run_onnx,
    save_scales,
    torch_outputs,
)
from leukoscope_export.pair import fit_pair
from leukoscope_export.parity import Parity, compare, refuse_beyond_tolerance, table
from leukoscope_export.release import Recipe
from leukoscope_export.runs import (
    Run,
    calibration_cells,
    network_of,
    quantised,
    read_run,
)
from leukoscope_train import run_folder
from leukoscope_train.data import I64
from leukoscope_train.errors import DataError
from leukoscope_train.json_files import write_json
from leukoscope_train.run import load_run_crops

FP32, CPU, TRT = "fp32.onnx", "model.cpu.onnx", "model.trt.onnx"
N_CHECKED = 64
"""Real cells on which fp32 ONNX is held against torch."""
MAX_COMPARED = 2000
"""Cells of a comparison; more change no figure's second digit."""


def export(folder: Path, name: str, out: Path) -> str:
    """Write fp32.onnx and check it against torch; return a sentence.

    Raises:
        DataError: The run is incomplete, or ONNX gives other answers.
    """
    run = read_run(folder)
    network = network_of(run, name)
    fp32 = onnx_bytes(network, run.spec.side_px)
    cells = run.pixels[_spread(len(run.pixels), N_CHECKED)]
    worst = refuse_other_answers(
        torch_outputs(network, cells), run_onnx(fp32, cells, run.spec)
    )
    out.mkdir(parents=True, exist_ok=True)
    (out / FP32).write_bytes(fp32)
    return (
        f"{out / FP32}: {len(cells)} real cells, differs by {worst:.2g} of the spread"
    )


def quantize(folder: Path, name: str, out: Path, recipe: Recipe) -> str:
    """Write both int8 files and the table; return what every method costs.

    Raises:
        DataError: The run is incomplete, or a file has the wrong form.
    """
    run = read_run(folder)
    _, drawn = calibration_cells(run, run.seen_by(name))
    judged = _judged_cells(run, name)
    before = torch_outputs(network_of(run, name), run.pixels[judged])
    rows: dict[str, Parity] = {}
    for method in METHODS:
        files = quantised(run, name, method, recipe.qat)
        after = run_onnx(files.cpu, run.pixels[judged], run.spec)
        rows[method] = _compared(run, judged, before, after)
        if method == recipe.method:
            out.mkdir(parents=True, exist_ok=True)
            (out / FP32).write_bytes(files.fp32)
            (out / CPU).write_bytes(files.cpu)
            (out / TRT).write_bytes(files.trt)
            save_scales(out / "scales.json", files.scales)
    names = np.unique(drawn).tolist()
    write_json(out / "calibration.json", {"cells": names, "network": name})
    return f"{table(rows)}\n{out}: written with {recipe.method}"


def parity(folder: Path, name: str, files: Path) -> str:
    """Hold all forms against torch on real cells; return a table.

    Raises:
        DataError: A file is missing, or a form changes too much.
    """
    run = read_run(folder)
    judged = _judged_cells(run, name)
    cells = run.pixels[judged]
    before = torch_outputs(network_of(run, name), cells)
    rows = {}
    for form in (FP32, CPU, TRT):
        try:
            model = (files / form).read_bytes()
        except OSError as err:
            raise DataError(f"{files / form}: {err.strerror}; run `quantize`") from err
        after = run_onnx(model, cells, run.spec)
        rows[form.removesuffix(".onnx")] = _compared(run, judged, before, after)
    text = json.dumps({form: asdict(row) for form, row in rows.items()}, indent=1)
    (files / "parity.json").write_text(text + "\n", encoding="utf-8")
    for row in rows.values():
        refuse_beyond_tolerance(row)
    return table(rows)


def pair(folder: Path, quick_folder: Path) -> str:
    """Say what a quick network before a deep one would cost, by fp32 margins.

    Args:
        folder: A fitted run.
        quick_folder: A smaller network's run on the same cells.

    Raises:
        DataError: A run is incomplete, or they are of other cells.
    """
    crops, _ = load_run_crops(folder)
    deep, quick = (
        run_folder.load_margins(one, crops)[0] for one in (folder, quick_folder)
    )
    found = fit_pair(quick, deep, crops.labels, crops.people)
    return (
        f"{quick_folder.name} before {folder.name}: the deep one judges "
        f"{found.asked_deep:.3f} of {len(crops)} cells; the pair loses "
        f"{found.f1_loss:.4f} of weighted F1"
    )


def engine(folder: Path, backend: Backend, cache: Path | None) -> str:
    """Build a bundle's engines on this machine's GPU; return a sentence.

    Raises:
        EngineFault: TensorRT cannot serve here; the message says why.
    """
    bundle = open_bundle(folder)
    with open_engine(bundle, backend=backend, cache=cache) as running:
        worst = self_test(running, bundle)
        if running.fallback:
            raise EngineFault(running.fallback)
        return f"{bundle.card.id}: {running.name}: largest logit difference {worst:.2g}"


def _judged_cells(run: Run, name: str) -> I64:
    """Return cells that a network never saw; all where it saw all."""
    unseen = np.flatnonzero(~run.seen_by(name))
    indices = unseen if len(unseen) else np.arange(len(run.crops))
    return np.asarray(indices[_spread(len(indices), MAX_COMPARED)], np.int64)


def _spread(n: int, wanted: int) -> I64:
    """Return up to `wanted` indices spread evenly over n."""
    return np.unique(np.linspace(0, n - 1, min(n, wanted)).astype(np.int64))


def _compared(run: Run, judged: I64, before: list[F32], after: list[F32]) -> Parity:
    maps = (before[1], after[1]) if len(before) > 1 else None
    decision = run_folder.load_calibration(run.folder).decision
    return compare(before[0], after[0], run.crops.labels[judged], decision, maps)
