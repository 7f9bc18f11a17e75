"""Networks of kinds: drawn as they should be, taught, resumed and judged."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from leukoscope_train.__main__ import main
from leukoscope_train.data.cells import DataError
from leukoscope_train.data.kind_sampling import (
    BLAST_SHARE,
    CNMC_SHARE_OF_BLASTS,
    draw_chances,
)
from leukoscope_train.data.laboratories import KINDS, LabCells, join, save_cells
from leukoscope_train.distil import Lesson, LessonCells, mixed, pooled_and_logits
from leukoscope_train.evaluation import metrics
from leukoscope_train.evaluation.judge import figures_of
from leukoscope_train.fit import as_input
from leukoscope_train.networks.architectures import Smaller, make_network
from leukoscope_train.networks.pooled_heads import Kinds
from leukoscope_train.teach import (
    TeachPlan,
    blast_margin,
    kept,
    kind_logits,
    shrunk,
    teach,
)

SHADES = {
    "blast": (90, 60, 190),
    "lymphocyte": (190, 120, 90),
    "monocyte": (60, 190, 90),
}
PLAN = TeachPlan(
    architecture="alexnet-kinds",
    side_px=32,
    n_draws=320,
    batch=16,
    rate=3e-3,
    fixed_from=0.8,
)


def shaded(laboratory: str, kinds: list[str], *, seed: int = 0) -> LabCells:
    """Discs whose shade is their kind's, with the laboratory's own noise."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[:36, :36] - 17.5
    inside = np.hypot(x, y) < 12
    pixels = np.zeros((len(kinds), 36, 36, 3), np.uint8)
    for i, kind in enumerate(kinds):
        level = np.array(SHADES.get(kind, (128, 128, 128))) + random.normal(
            0, 12, (36, 36, 3)
        )
        pixels[i][inside] = np.clip(level, 1, 255)[inside].astype(np.uint8)
    n = len(kinds)
    return LabCells(
        pixels=pixels,
        kinds=np.array(kinds, np.str_),
        laboratories=np.full(n, laboratory),
        people=np.full(n, ""),
        names=np.array([f"{laboratory}{i}" for i in range(n)], np.str_),
        splits=np.full(n, ""),
        areas_um2=random.uniform(60, 90, n),
        is_degraded=np.zeros(n, np.bool_),
    )


def three_laboratories(n_each: int = 12) -> LabCells:
    kinds = [k for k in SHADES for _ in range(n_each)]
    return join([shaded(n, kinds, seed=i) for i, n in enumerate(("a", "b", "c"))])


def test_kinds_and_laboratories_are_drawn_by_their_shares() -> None:
    cells = join(
        [
            shaded("a", ["blast"] * 3 + ["lymphocyte"] * 50),
            shaded("cnmc", ["blast"] * 40 + ["B-precursor"] * 9),
            shaded("b", ["lymphocyte"] * 5),
        ]
    )
    chances = draw_chances(cells)
    blast = cells.kinds == "blast"
    assert chances.sum() == pytest.approx(1)
    assert chances[blast].sum() == pytest.approx(BLAST_SHARE)
    of_cnmc = chances[blast & (cells.laboratories == "cnmc")].sum()
    assert of_cnmc == pytest.approx(BLAST_SHARE * CNMC_SHARE_OF_BLASTS)
    lymphocytes = cells.kinds == "lymphocyte"
    in_a, in_b = (
        chances[lymphocytes & (cells.laboratories == n)].sum() for n in ("a", "b")
    )
    assert in_a == pytest.approx(in_b)


def test_the_margin_is_the_log_odds_of_blast() -> None:
    logits = np.array([[2.0, 0.0, 1.0], [-900.0, 3.0, 3.0]], np.float32)
    p = torch.softmax(torch.from_numpy(logits).double(), 1).numpy()
    assert blast_margin(logits)[0] == pytest.approx(np.log(p[0, 0] / (1 - p[0, 0])))
    assert blast_margin(logits)[1] == pytest.approx(-903 - np.log(2))


def test_a_network_learns_kinds_and_a_killed_fit_goes_on_alike(tmp_path: Path) -> None:
    cells = three_laboratories()
    said: list[str] = []
    whole = teach(cells, PLAN, checkpoint=tmp_path / "a.ckpt", say=said.append)
    logits = kind_logits(whole, kept(cells, 32))
    assert metrics.auroc(cells.is_blast, blast_margin(logits)) > 0.95
    again = teach(cells, PLAN, checkpoint=tmp_path / "a.ckpt", say=said.append)
    np.testing.assert_array_equal(kind_logits(again, kept(cells, 32)), logits)


def test_a_checkpoint_of_another_plan_is_refused(tmp_path: Path) -> None:
    cells, short = three_laboratories(2), replace(PLAN, n_draws=16)
    teach(cells, short, checkpoint=tmp_path / "a.ckpt", say=len)
    with pytest.raises(DataError, match="of another plan"):
        teach(cells, PLAN, checkpoint=tmp_path / "a.ckpt", say=len)


def test_a_fit_may_begin_with_another_ones_checkpoint(tmp_path: Path) -> None:
    cells, none = three_laboratories(), replace(PLAN, rate=0.0, fixed_from=0.0)
    teachers: list[torch.nn.Module] = [Stubborn()]
    ways: dict[str, Any] = {"teachers": teachers, "say": len}
    first = teach(cells, PLAN, checkpoint=tmp_path / "a.ckpt", **ways)
    again = teach(cells, replace(none, start=str(tmp_path / "a.ckpt")), **ways)
    crops = kept(cells, 32)
    np.testing.assert_array_equal(kind_logits(again, crops), kind_logits(first, crops))


@pytest.mark.parametrize("stored", [None, b"", b"no weights"])
def test_a_start_that_is_no_checkpoint_is_one_clear_line(
    tmp_path: Path, stored: bytes | None
) -> None:
    path = tmp_path / "a.ckpt"
    if stored is not None:
        path.write_bytes(stored)
    with pytest.raises(DataError, match=r"a\.ckpt: no checkpoint of this fit") as told:
        teach(three_laboratories(2), replace(PLAN, start=str(path)), say=len)
    assert "\n" not in str(told.value)


def test_teaching_needs_blasts_and_others() -> None:
    with pytest.raises(DataError, match="blasts and other kinds"):
        teach(shaded("a", ["blast"] * 4), PLAN)


class Stubborn(Kinds):
    """Calls everything a monocyte; its features are the mean colours."""

    def __init__(self) -> None:
        super().__init__(torch.nn.Identity(), 3)

    def judge(self, pooled: torch.Tensor) -> torch.Tensor:
        word = torch.full((len(pooled), len(KINDS)), -20.0)
        word[:, KINDS.index("monocyte")] = 20.0
        return word


def test_a_pupil_leans_to_its_teacher() -> None:
    cells, monocyte = three_laboratories(), KINDS.index("monocyte")
    lean = []
    for teachers in ([], [Stubborn()]):
        pupil = teach(cells, replace(PLAN, n_draws=160), teachers=teachers, say=len)
        logits = kind_logits(pupil, kept(cells, 32))[cells.kinds != "monocyte"]
        lean.append(float((logits[:, monocyte] - logits.mean(axis=1)).mean()))
    assert lean[1] > lean[0] + 1


def test_a_pupil_learns_to_see_what_its_teacher_sees(tmp_path: Path) -> None:
    cells = three_laboratories()
    teachers: list[torch.nn.Module] = [Stubborn()]
    pupil = teach(cells, PLAN, teachers=teachers, checkpoint=tmp_path / "a", say=len)
    crops = as_input(kept(cells, 32))
    told = Lesson(pupil, teachers)
    stored = torch.load(tmp_path / "a", weights_only=True)["fit"]
    own = {k.removeprefix("lesson."): v for k, v in stored.items() if "lesson" in k}
    told.load_state_dict(own)
    with torch.no_grad():
        pooled, _ = pooled_and_logits(pupil, crops, half=False)
        colour = crops.mean((2, 3))[:, 0]
        word = told.to_teachers(pooled)[:, 0]
    assert float(torch.corrcoef(torch.stack([word, colour]))[0, 1]) > 0.6


def test_blends_have_no_kind_and_only_the_last_cells_are_blended() -> None:
    ready = torch.arange(10.0).view(10, 1, 1, 1).repeat(1, 3, 2, 2)
    nobody = torch.zeros(10, dtype=torch.bool)
    seen = LessonCells(ready, torch.zeros(10), torch.zeros(10, len(KINDS)), nobody)
    blends = mixed(seen, seed=1)
    assert blends.is_mixed.tolist() == [False] * 7 + [True] * 3
    torch.testing.assert_close(blends.ready[:7], ready[:7])
    for place in range(3):
        value = float(blends.ready[7 + place].mean())
        assert (7 + 2 * place) / 2 <= value <= 7 + place
    torch.testing.assert_close(mixed(seen, seed=1).ready, blends.ready)


def test_the_smaller_resnet_sees_what_shrinking_shows() -> None:
    crops = torch.randn(2, 3, 128, 128)
    shown = torch.nn.functional.interpolate(
        crops, (80, 80), mode="bilinear", antialias=True
    )
    torch.testing.assert_close(Smaller(128, 80)(crops), shown, atol=1e-5, rtol=1e-5)


def test_the_map_of_kinds_adds_up_to_the_margin() -> None:
    torch.manual_seed(0)
    network = make_network("alexnet-kinds").eval()
    assert isinstance(network, Kinds)
    features = network.features(torch.randn(3, 3, 64, 64))
    logits = network.logits(features)
    others = logits[:, 1:].softmax(1)
    entropy = -(others * others.log()).sum(1)
    biases = network.head.bias[0] - others @ network.head.bias[1:]
    margin = torch.from_numpy(blast_margin(logits.detach().numpy()))
    found = network.activation_map(features).mean((1, 2)) + biases - entropy
    torch.testing.assert_close(found.double(), margin, atol=1e-4, rtol=1e-4)


def test_a_cell_stored_larger_keeps_its_colour_up_to_its_rim() -> None:
    cells = shaded("a", ["lymphocyte"])
    flat = np.where(cells.pixels > 0, 100, 0)
    small = shrunk(flat.astype(np.uint8).repeat(2, 1).repeat(2, 2), 32)
    assert small.shape == (1, 36, 36, 3)
    assert set(np.unique(small).tolist()) == {0, 100}


def test_cells_stored_too_small_are_refused() -> None:
    with pytest.raises(DataError, match="gather --side-px 64"):
        kept(shaded("a", ["blast"]), 64)


def test_figures_are_by_laboratory() -> None:
    cells = three_laboratories()
    logits = np.full((len(cells), len(KINDS)), -5.0, np.float32)
    logits[np.arange(len(cells)), cells.targets] = 5.0
    found = figures_of(cells, logits)
    assert set(found) == {"a", "b", "c"}
    assert found["a"]["auroc"] == [1.0, 1.0, 1.0]
    assert found["a"]["auroc_against"] == {"lymphocyte": 1.0, "monocyte": 1.0}
    assert found["a"]["balanced_accuracy_of_mature"] == 1.0
    assert found["a"]["confusion"]["blast"] == {"blast": 12}


def test_the_commands_teach_without_a_laboratory_and_judge_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save_cells(tmp_path / "cells.npz", three_laboratories(4))
    run, figures = tmp_path / "run", tmp_path / "figures.json"
    words = ["teach", str(tmp_path / "cells.npz"), "--architecture", "alexnet-kinds"]
    words += ["--leave-out", "b", "--draws", "32", "--side-px", "32"]
    assert main([*words, "--out", str(run)]) == 0
    about = json.loads((run / "plan.json").read_text())
    assert (about["laboratories"], about["left_out"]) == (["a", "c"], "b")
    judge = ["judge", str(run), "--cells", str(tmp_path / "cells.npz")]
    assert main([*judge, "--laboratories", "b", "--json", str(figures)]) == 0
    assert set(json.loads(figures.read_text())) == {"b"}
    assert "b: 12 cells, 4 blasts" in capsys.readouterr().out


def test_a_folder_without_a_taught_network_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save_cells(tmp_path / "cells.npz", three_laboratories(1))
    judge = ["judge", str(tmp_path), "--cells", str(tmp_path / "cells.npz")]
    assert main(judge) == 1
    assert "no taught network" in capsys.readouterr().err
