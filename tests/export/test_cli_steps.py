"""The steps of an export one by one, on a fitted run."""

import json
import re
from pathlib import Path

import onnx
import pytest

from leukoscope_export.__main__ import main

pytestmark = pytest.mark.usefixtures("each_network_is_quantised_once")


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
