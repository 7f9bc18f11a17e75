"""A small run made on the spot, quantised and put into a bundle."""

import json
import re
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import numpy as np
import onnx
import pytest

from leukoscope_edge.inference.bundle import open_bundle
from leukoscope_edge.inference.engine import OnnxCpuEngine
from leukoscope_edge.inference.selftest import self_test
from leukoscope_export import cli_steps, runs
from leukoscope_export import release as release_steps
from leukoscope_export.__main__ import main
from leukoscope_export.graphs.qat import QatPlan
from leukoscope_export.graphs.quantise import Files
from leukoscope_export.graphs.scales import Method
from leukoscope_train import run_folder
from leukoscope_train.__main__ import main as train
from leukoscope_train.data.cells import CropSet, save_crops

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
    """Bright coarse and dark fine stripes in ovals, each turned in its own way."""
    random = np.random.default_rng(0)
    people = np.repeat(np.arange(16), 10)
    labels = (people % 2).astype(np.int64)
    y, x = np.mgrid[:36, :36] - 17.5
    pixels = np.zeros((160, 36, 36, 3), np.uint8)
    for i, label in enumerate(labels):
        turn, phase = random.uniform(0, 2 * np.pi, 2)
        along, across = np.cos(turn) * x + np.sin(turn) * y, np.cos(turn) * y
        across = across - np.sin(turn) * x
        inside = (along / random.uniform(9, 16)) ** 2 + (across / 11) ** 2 < 1
        wave = 60 * np.sin(along * (0.4 if label else 2.2) + phase)[..., None]
        level = (150 if label else 90) + wave + random.normal(0, 30, (36, 36, 3))
        pixels[i][inside] = np.clip(level, 1, 255)[inside].astype(np.uint8)
    return CropSet(
        pixels=pixels,
        labels=labels,
        people=np.array([f"p{p}" for p in people]),
        sources=np.full(160, "drawn"),
        names=np.array([str(i) for i in range(160)]),
        areas_um2=random.uniform(70, 90, 160),
    )


@pytest.fixture(scope="module", autouse=True)
def _each_network_is_quantised_once() -> Iterator[None]:
    """The same run is released several times, and its networks stay the same."""
    once: dict[tuple[object, ...], Files] = {}

    def quantised(
        run: runs.Run,
        name: str,
        method: Method = "minmax",
        qat: QatPlan | None = None,
    ) -> Files:
        key = (run.folder, name, method, qat)
        if key not in once:
            once[key] = plain(run, name, method, qat)
        return once[key]

    plain = runs.quantised
    with pytest.MonkeyPatch.context() as patch:
        for module in (runs, release_steps, cli_steps):
            patch.setattr(module, "quantised", quantised)
        yield


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    save_crops(folder / run_folder.CROPS, striped_cells())
    spec = {"side_px": 36, "scale_um_per_px": 0.3, "colour": "masked"}
    run_folder.write_json(folder / run_folder.SPEC, spec)
    (folder / "plan.toml").write_text(PLAN)
    (folder / "notes.toml").write_text(NOTES)
    plan = str(folder / "plan.toml")
    assert train(["--threads", "1", "fit", "--work", str(folder), "--plan", plan]) == 0
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
    assert bundle.card.size_only is not None
    assert bundle.card.conformal is not None
    report = json.loads((run / run_folder.REPORT).read_text())
    assert len(report["people"]) == 16
    assert asdict(bundle.card.decision)["temperature"] > 0


def test_the_bundle_holds_both_files_and_their_answers(
    run: Path, tmp_path: Path
) -> None:
    arguments = ["bundle", str(run / "notes.toml"), "--work", str(run)]
    arguments += ["--quick-work", str(run), "--out", str(tmp_path), "--fp16"]
    assert main(arguments) == 0
    bundle = open_bundle(tmp_path / "drawn-1")
    assert bundle.model_trt is not None
    assert bundle.model_fp16 is not None
    golden = bundle.card.golden
    assert 0.005 <= golden.logit_tolerance < 0.1
    assert 0.05 <= golden.allowed(is_accelerated=True) < 2
    assert bundle.quick is not None
    assert bundle.quick.model == bundle.model
    quick, card = bundle.quick.card.decision, bundle.card.decision
    assert quick.normal_to <= card.normal_to
    assert quick.blast_from >= card.blast_from
    assert main(["engine", str(tmp_path / "drawn-1")]) == 1  # no GPU here


def files_of(run: Path, folder: Path, *more: str) -> Path:
    work_ = ["--work", str(run), "--network", "fold0"]
    assert main(["quantize", *work_, "--out", str(folder), *more]) == 0
    return folder


def test_the_steps_one_by_one_agree_on_cells_that_the_network_never_saw(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    work_ = ["--work", str(run), "--network", "fold0"]
    assert main(["onnx", *work_, "--out", str(tmp_path)]) == 0
    fp32 = (tmp_path / "fp32.onnx").read_bytes()
    files = files_of(run, tmp_path)
    assert (files / "fp32.onnx").read_bytes() == fp32
    shown = capsys.readouterr().out
    assert all(method in shown for method in ("minmax", "percentile", "entropy"))
    assert main(["parity", *work_, "--files", str(files)]) == 0
    forms = json.loads((files / "parity.json").read_text())
    assert list(forms) == ["fp32", "model.cpu", "model.trt"]
    assert forms["fp32"]["logit_error"] < 1e-3
    assert forms["model.cpu"]["map_agreement"] > 0.9
    named = json.loads((files / "calibration.json").read_text())
    assert named["network"] == "fold0"
    assert len(named["cells"]) > 10


def test_parity_refuses_a_form_that_judges_otherwise(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = files_of(run, tmp_path)
    model = onnx.load(files / "model.cpu.onnx")
    head = next(n for n in model.graph.node if n.op_type == "Gemm")
    kept = [a for a in head.attribute if a.name != "alpha"]
    del head.attribute[:]
    head.attribute.extend([*kept, onnx.helper.make_attribute("alpha", -1.0)])
    onnx.save(model, files / "model.cpu.onnx")
    work_ = ["--work", str(run), "--network", "fold0"]
    assert main(["parity", *work_, "--files", str(files)]) == 1
    assert re.search("int8 (loses|changes)", capsys.readouterr().err)


def test_fine_tuning_as_int8_leaves_an_ordinary_network(
    run: Path, tmp_path: Path
) -> None:
    files = files_of(run, tmp_path, "--qat", "4", "--method", "percentile")
    kinds = {n.op_type for n in onnx.load(files / "fp32.onnx").graph.node}
    assert not kinds & {"QuantizeLinear", "DequantizeLinear"}
    assert json.loads((files / "scales.json").read_text())["method"] == "percentile"


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


def test_what_a_quick_network_would_cost_is_said(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["pair", "--work", str(run), "--quick-work", str(run)]) == 0
    found = re.search(
        r"judges ([\d.]+) of 160 .* loses ([\d.-]+)", capsys.readouterr().out
    )
    assert found
    assert float(found[1]) < 1
    assert float(found[2]) == 0  # the same network twice
    assert main(["pair", "--work", str(run), "--quick-work", str(tmp_path)]) == 1
