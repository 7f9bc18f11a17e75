"""A bundle is written aside, tried as the device would, and only then put in place."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.red_bundle import red_model
from tests.rigs import random_pair

from leukoscope_edge.errors import BundleError
from leukoscope_edge.inference import DecisionEntry, InputEntry, open_bundle
from leukoscope_export.bundle import Quick, Trained, write_bundle
from leukoscope_export.graphs import Files, run_onnx
from leukoscope_export.graphs.scales import Scales

INPUT = InputEntry(
    side_px=32, scale_um_per_px=0.5, colour="masked", mean=(0.0,) * 3, std=(1.0,) * 3
)
RELEASE = replace(random_pair.RELEASE, id="red", input=INPUT)


def trained_of(model: bytes) -> Trained:
    scales = Scales(
        method="minmax", model_sha256="", cells_sha256="", n_cells=0, ranges={}
    )
    files = Files(fp32=model, cpu=model, trt=model, scales=scales)
    return Trained(files=files, architecture="mean of red", n_parameters=8)


@pytest.fixture
def trained() -> Trained:
    return trained_of(red_model())


def test_the_device_opens_what_was_written_and_finds_its_answers(
    trained: Trained, tmp_path: Path
) -> None:
    folder = tmp_path / "deep" / "red"
    write_bundle(folder, trained, RELEASE)
    bundle = open_bundle(folder)
    assert bundle.card.id == "red"
    assert bundle.card.decision == RELEASE.calibration.decision
    assert bundle.card.network == trained.entry()
    answers = run_onnx(trained.files.cpu, bundle.golden.crops, INPUT)[0]
    assert np.array_equal(bundle.golden.logits, answers)
    assert folder.stat().st_mode & 0o777 == 0o755


def test_a_file_in_half_precision_is_written_where_there_is_one(
    trained: Trained, tmp_path: Path
) -> None:
    write_bundle(tmp_path / "red", trained, RELEASE)
    assert not (tmp_path / "red" / "model.fp16.onnx").exists()
    half = replace(trained.files, fp16=trained.files.fp32)
    write_bundle(tmp_path / "red", replace(trained, files=half), RELEASE)
    assert open_bundle(tmp_path / "red").card.model_fp16 is not None


def test_a_pair_has_both_networks_answers(trained: Trained, tmp_path: Path) -> None:
    wider = DecisionEntry(temperature=1.0, normal_to=0.3, blast_from=0.7)
    quick = Quick(trained=trained, decision=wider)
    write_bundle(tmp_path / "red", trained, RELEASE, quick)
    bundle = open_bundle(tmp_path / "red")
    assert bundle.quick is not None
    assert bundle.quick.card.decision == wider
    assert (tmp_path / "red" / "quick.cpu.onnx").exists()


def test_an_older_bundle_is_replaced_whole(trained: Trained, tmp_path: Path) -> None:
    folder = tmp_path / "red"
    folder.mkdir()
    (folder / "of-the-older-one").touch()
    write_bundle(folder, trained, RELEASE)
    assert not (folder / "of-the-older-one").exists()
    assert [p.name for p in tmp_path.iterdir()] == ["red"]


def test_what_the_device_refuses_leaves_the_older_bundle_and_nothing_aside(
    trained: Trained, tmp_path: Path
) -> None:
    folder = tmp_path / "red"
    write_bundle(folder, trained, RELEASE)
    before = (folder / "card.toml").read_bytes()
    three_answers = trained_of(red_model(n_outputs=3))
    with pytest.raises(BundleError):
        write_bundle(folder, three_answers, RELEASE)
    assert (folder / "card.toml").read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["red"]
