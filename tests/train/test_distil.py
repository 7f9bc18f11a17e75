"""What a pupil learns from its teachers."""

from dataclasses import replace
from pathlib import Path

import torch
from tests.train.shaded_cells import PLAN, Stubborn, three_laboratories

from leukoscope_train.data import KINDS
from leukoscope_train.distil import Lesson, LessonCells, mixed, pooled_and_logits
from leukoscope_train.networks import as_input
from leukoscope_train.teach import kept, kind_logits, teach


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
