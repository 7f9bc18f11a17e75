"""A small run made on the spot, quantised and put into a bundle."""

import json
from dataclasses import asdict
from pathlib import Path

import onnx
import pytest
from tests.export.striped_run import NOTES

from leukoscope_edge.inference import OnnxCpuEngine, open_bundle, self_test
from leukoscope_export.__main__ import main
from leukoscope_train import run_folder

pytestmark = pytest.mark.usefixtures("each_network_is_quantised_once")


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
