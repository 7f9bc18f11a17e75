"""A small run made on the spot, quantised and put into a bundle."""

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import onnx
import pytest

from leukoscope_edge.inference.bundle import open_bundle
from leukoscope_edge.inference.engine import OnnxCpuEngine, self_test
from leukoscope_export.__main__ import main
from leukoscope_train import work
from leukoscope_train.__main__ import main as train
from leukoscope_train.cells import CropSet, save_crops

NOTES = """\
id = "drawn-1"
created = "2026-11-24"
domain = "simulated"
summary = "stripes"
limits = ["of no medical use"]
source = "a test"
licence = "none"
"""
PLAN = 'architecture = "alexnet-tiny"\nside_px = 32\nn_epochs = 8\nn_draws = 256\n'


def striped_cells() -> CropSet:
    random = np.random.default_rng(0)
    people = np.repeat(np.arange(16), 10)
    labels = (people % 2).astype(np.int64)
    y, x = np.mgrid[:36, :36] - 17.5
    inside = np.hypot(x, y) < 13
    pixels = np.zeros((160, 36, 36, 3), np.uint8)
    for i, label in enumerate(labels):
        wave = 60 * np.sin(x * (0.4 if label else 2.2))[..., None]
        level = np.clip(120 + wave + random.normal(0, 8, (36, 36, 3)), 1, 255)
        pixels[i][inside] = level[inside].astype(np.uint8)
    return CropSet(
        pixels=pixels,
        labels=labels,
        people=np.array([f"p{p}" for p in people]),
        sources=np.full(160, "drawn"),
        names=np.array([str(i) for i in range(160)]),
        areas_um2=random.uniform(70, 90, 160),
    )


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    save_crops(folder / work.CROPS, striped_cells())
    spec = {"side_px": 36, "scale_um_per_px": 0.3, "colour": "masked"}
    work.write_json(folder / work.SPEC, spec)
    (folder / "plan.toml").write_text(PLAN)
    (folder / "notes.toml").write_text(NOTES)
    plan = str(folder / "plan.toml")
    assert train(["fit", "--work", str(folder), "--plan", plan]) == 0
    return folder


def release(run: Path, out: Path) -> int:
    notes = str(run / "notes.toml")
    return main(["bundle", notes, "--work", str(run), "--out", str(out)])


def test_a_fitted_run_becomes_a_bundle_that_the_device_accepts(
    run: Path, tmp_path: Path
) -> None:
    assert release(run, tmp_path) == 0
    bundle = open_bundle(tmp_path / "drawn-1")
    with OnnxCpuEngine(bundle) as engine:
        self_test(engine, bundle)
    model = onnx.load_from_string(bundle.model)
    kinds = {node.op_type for node in model.graph.node}
    assert {"QuantizeLinear", "DequantizeLinear"} <= kinds
    assert bundle.card.metrics.auroc > 0.8
    assert bundle.card.data.n_people == 16
    report = json.loads((run / work.REPORT).read_text())
    assert report["n_people"] == 16
    assert asdict(bundle.card.decision)["temperature"] > 0


def test_an_unfitted_run_is_refused_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "notes.toml").write_text(NOTES)
    assert release(tmp_path, tmp_path) == 1
    assert "run `fit` first" in capsys.readouterr().err


def test_a_wrong_note_is_refused_by_name(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "n.toml").write_text(NOTES + 'colour = "red"\n')
    arguments = ["bundle", str(tmp_path / "n.toml"), "--work", str(run)]
    assert main([*arguments, "--out", str(tmp_path)]) == 1
    assert "colour" in capsys.readouterr().err
