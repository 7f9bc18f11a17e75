"""A bundle of kinds, whose every figure is of laboratories left out."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.export.judged_cells import judged_of
from tests.train.shaded_cells import SHADES, shaded

from leukoscope_edge.inference import (
    MAX_DISTANCE_SHARE,
    DecisionEntry,
    classify,
    open_bundle,
    open_engine,
    self_test,
)
from leukoscope_export.__main__ import main
from leukoscope_export.laboratories import conformal_of
from leukoscope_export.points import PairPoints
from leukoscope_train.__main__ import main as train
from leukoscope_train.data import LabCells, join, save_cells

NOTES = """\
id = "shades-1"
created = "2026-11-29"
domain = "simulated"
summary = "shades"
limits = ["of no medical use"]
source = "a test"
licence = "none"
cells = ["{0}/cells.npz"]
deep = "{0}/deep"
quick = "{0}/quick"

[[evidence]]
laboratory = "c"
cells = ["{0}/cells.npz"]
deep = "{0}/deep"
quick = "{0}/quick"
"""


def shades_of(laboratory: str, n_each: int, *, seed: int) -> LabCells:
    """Cells of three people."""
    kinds = [k for k in SHADES for _ in range(n_each)]
    people = [f"{laboratory}{i % 3}" for i in range(len(kinds))]
    return replace(shaded(laboratory, kinds, seed=seed), people=np.array(people))


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two networks that laboratories a and b taught; c is left out."""
    folder = tmp_path_factory.mktemp("work")
    parts = [shades_of(name, 30, seed=i) for i, name in enumerate("abc")]
    save_cells(folder / "cells.npz", join(parts))
    for seed, name in enumerate(("deep", "quick")):
        words = ["teach", str(folder / "cells.npz"), "--side-px", "32"]
        words += ["--architecture", "alexnet-kinds", "--leave-out", "c"]
        words += ["--draws", "800", "--rate", "3e-3", "--fixed-from", "0.8"]
        out = ["--seed", str(seed), "--out", str(folder / name)]
        assert train([*words, *out]) == 0
    (folder / "notes.toml").write_text(NOTES.format(folder))
    assert main(["kinds", str(folder / "notes.toml"), "--out", str(folder)]) == 0
    return folder


def test_the_pair_opens_tests_itself_and_tells_kinds(work: Path) -> None:
    bundle = open_bundle(work / "shades-1")
    card = bundle.card
    assert card.kinds is not None
    assert card.kinds.names == tuple(SHADES)  # nobody taught the others
    assert card.kinds.precursor == ""
    assert card.input.light == "white-balanced"
    assert card.is_research
    with open_engine(bundle, backend="cpu", n_threads=1) as engine:
        assert self_test(engine, bundle) <= card.golden.logit_tolerance
        cells = shades_of("d", 10, seed=9)
        crops = list(cells.pixels[:, 2:-2, 2:-2])
        calls = classify(engine, crops, card, in_marrow=False)
    right = [c.kind == k for c, k in zip(calls, cells.kinds.tolist(), strict=True)]
    assert np.mean(right) > 0.9


def test_both_networks_have_a_file_for_each_runtime(work: Path) -> None:
    bundle = open_bundle(work / "shades-1")
    assert bundle.quick is not None
    assert bundle.model_trt is not None
    assert bundle.quick.model_trt is not None
    assert bundle.card.outliers is not None
    assert bundle.quick.card.outliers is not None


def test_the_card_allows_a_gpu_other_distances_than_logits(work: Path) -> None:
    card = open_bundle(work / "shades-1").card
    assert card.outliers is not None
    assert card.quick is not None
    assert card.quick.outliers is not None
    limit = min(card.outliers.distance_limit, card.quick.outliers.distance_limit)
    allowed = card.golden.gpu_distance_tolerance
    assert allowed is not None
    assert 0 < allowed <= MAX_DISTANCE_SHARE * limit
    assert card.golden.gpu_tolerance is not None


def test_the_card_says_who_taught_and_who_judged(work: Path) -> None:
    told = open_bundle(work / "shades-1").card.laboratories
    assert told is not None
    assert (told.taught, told.judged) == (("a", "b"), ("c",))
    assert [row.laboratory for row in told.left_out] == ["c"]
    found = json.loads((work / "shades-1.json").read_text())
    assert found["c"]["auroc"]["pair"][0] == told.left_out[0].auroc
    assert found["c"]["as_shipped"]["blast"]["n"] == 30
    assert set(found["c"]["forms"]) == {
        "deep cpu", "deep trt", "quick cpu", "quick trt"
    }  # fmt: skip


def test_a_card_of_one_view_measured_from_the_files_is_the_release_own(
    work: Path, tmp_path: Path
) -> None:
    words = ["recalibrate", str(work / "notes.toml"), "--bundle"]
    words += [str(work / "shades-1"), "--views", "1", "--out", str(tmp_path)]
    assert main(words) == 0
    before, after = (open_bundle(f / "shades-1").card for f in (work, tmp_path))
    assert after.quick is not None
    assert before.quick is not None
    assert after.decision == before.decision
    assert after.quick.decision == before.quick.decision
    for name in ("false_calls", "true_calls", "metrics", "conformal", "kinds"):
        assert getattr(after, name) == getattr(before, name)
    assert (after.laboratories, after.size_only) == (
        before.laboratories,
        before.size_only,
    )
    for ours, release in (
        (after.outliers, before.outliers),
        (after.quick.outliers, before.quick.outliers),
    ):
        assert ours is not None
        assert release is not None
        assert ours.distance_limit == pytest.approx(release.distance_limit, rel=1e-3)
    found, release = (
        json.loads((f / "shades-1.json").read_text()) for f in (tmp_path, work)
    )
    assert release["c"].pop("forms")
    assert found["c"]["auroc"] == release["c"]["auroc"]
    assert found.pop("files_of") == "shades-1"
    assert found.keys() == release.keys()
    assert found["c"].keys() == release["c"].keys()


def test_a_bundle_that_lost_its_file_for_tensorrt_is_refused(
    work: Path, tmp_path: Path
) -> None:
    import shutil

    from leukoscope_edge.errors import BundleError

    shutil.copytree(work / "shades-1", tmp_path / "lost")
    (tmp_path / "lost" / "model.trt.onnx").unlink()
    with pytest.raises(BundleError, match=r"model\.trt\.onnx: cannot be read"):
        open_bundle(tmp_path / "lost")


def test_a_laboratory_that_taught_may_not_judge(
    work: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    notes = (work / "notes.toml").read_text()
    (work / "both.toml").write_text(
        notes.replace('laboratory = "c"', 'laboratory = "a"')
    )
    assert main(["kinds", str(work / "both.toml"), "--out", str(work)]) == 1
    assert "was taught by a, which is to judge it" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("laboratories", "blasts", "is_told"),
    [
        ([], [], False),
        (["a", "b", "c"], [True, False, False], False),
        (["a", "a", "b", "b"], [True, False, True, False], False),
        (["a", "b", "c", "d"], [True, True, False, False], True),
    ],
)
def test_conformal_points_need_two_groups_of_each_class(
    laboratories: list[str], blasts: list[bool], is_told: bool
) -> None:
    judged = judged_of(laboratories, blasts)
    p = np.where(judged.cells.is_blast == 1, 0.9, 0.1)
    entry = DecisionEntry(temperature=1.0, normal_to=0.3, blast_from=0.7)
    every = np.ones(len(p), np.bool_)
    points = PairPoints(deep=entry, quick=None, p=p, asked_deep=every)
    found = conformal_of(judged, points, judged.cells.is_blast == 0)
    assert (found is not None) == is_told
    if found is not None:
        assert (found.blast_from, found.normal_to) == (0.9, 0.1)
        assert (found.covered_blast, found.covered_normal) == (1.0, 1.0)
