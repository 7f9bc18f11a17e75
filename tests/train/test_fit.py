"""A fit: killed and resumed, refused, and learning what can be learned."""

import json
import math
import resource
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from tests.train.drawn_cells import draw_cells
from tests.train.tiny_plans import HEADS_ALONE, KIND_FIRST, PLAN, draw_kinds

from leukoscope_train.distributed import HERE, Machine
from leukoscope_train.errors import DataError
from leukoscope_train.evaluation import metrics
from leukoscope_train.fit import fit, kind_first_loss, margins, some_of
from leukoscope_train.history import history_path
from leukoscope_train.networks import Architecture, Pooled
from leukoscope_train.sampling import OTHER_KIND, kept_crops


class Interrupted(Machine):
    """A machine whose power goes after the first pass."""

    def wait(self) -> None:
        raise KeyboardInterrupt


@pytest.mark.parametrize("architecture", ["alexnet-tiny", "alexnet"])
def test_a_killed_run_resumes_to_the_same_weights(
    architecture: Architecture, tmp_path: Path
) -> None:
    path = tmp_path / "c.ckpt"
    drawn = draw_cells()
    crops = replace(drawn, pixels=drawn.pixels.repeat(2, axis=1).repeat(2, axis=2))
    plan = replace(PLAN, architecture=architecture, side_px=64, n_draws=32)
    whole = fit(crops, plan)
    with pytest.raises(KeyboardInterrupt):
        fit(crops, plan, checkpoint=path, machine=Interrupted(device=HERE.device))
    resumed = fit(crops, plan, checkpoint=path)
    for name, value in whole.state_dict().items():
        assert torch.equal(value, resumed.state_dict()[name]), name
    history = json.loads(history_path(path).read_text())
    assert [row["epoch"] for row in history] == [0, 1]


def test_a_finished_fit_is_kept_without_what_only_training_needs(
    tmp_path: Path,
) -> None:
    crops, path = draw_cells(), tmp_path / "c.ckpt"
    whole = fit(crops, PLAN, checkpoint=path)
    assert "optimiser" not in torch.load(path, weights_only=True)
    history_path(path).unlink()  # as a kill between the two files leaves it
    again = fit(crops, PLAN, checkpoint=path)
    for name, value in whole.state_dict().items():
        assert torch.equal(value, again.state_dict()[name]), name
    assert len(json.loads(history_path(path).read_text())) == PLAN.n_epochs


def test_a_checkpoint_waits_for_its_time_but_not_in_the_end(tmp_path: Path) -> None:
    crops, path = draw_cells(), tmp_path / "c.ckpt"
    seldom = Machine(device=HERE.device, save_every_s=3600)
    with pytest.raises(KeyboardInterrupt):
        fit(
            crops,
            PLAN,
            checkpoint=path,
            machine=Interrupted(device=HERE.device, save_every_s=3600),
        )
    assert not path.exists()
    fit(crops, PLAN, checkpoint=path, machine=seldom)
    assert path.exists()


def test_a_full_disk_leaves_the_previous_checkpoint(tmp_path: Path) -> None:
    crops, path = draw_cells(), tmp_path / "c.ckpt"
    with pytest.raises(KeyboardInterrupt):
        fit(crops, PLAN, checkpoint=path, machine=Interrupted(device=HERE.device))
    before = path.read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
    try:
        with pytest.raises(DataError, match="cannot be written"):
            fit(crops, PLAN, checkpoint=path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert path.read_bytes() == before
    assert fit(crops, PLAN, checkpoint=path).training is False


def test_a_checkpoint_of_another_plan_is_refused(tmp_path: Path) -> None:
    crops, path = draw_cells(), tmp_path / "c.ckpt"
    fit(crops, replace(PLAN, n_epochs=1), checkpoint=path)
    with pytest.raises(DataError, match="another plan"):
        fit(crops, PLAN, checkpoint=path)


def test_a_network_learns_what_can_be_learned() -> None:
    plan = replace(PLAN, n_epochs=12, n_draws=192, average=0.9)
    network = fit(draw_cells(seed=1), plan)
    unseen = draw_cells(seed=2)
    found = margins(network, kept_crops(unseen, plan))
    assert metrics.auroc(unseen.labels, found) > 0.9


def test_other_kinds_teach_nothing_about_blasts() -> None:
    answers = torch.randn(6, 3, requires_grad=True)
    labels = torch.tensor([0, 1, OTHER_KIND, OTHER_KIND, 1, 0])
    kind_first_loss(answers, labels, 0.05).backward()  # type: ignore[no-untyped-call]
    assert answers.grad is not None
    assert (answers.grad[labels == OTHER_KIND, :2] == 0).all()
    assert (answers.grad[labels != OTHER_KIND, :2] != 0).all()
    assert (answers.grad[:, 2] != 0).all()


def test_a_batch_of_other_kinds_alone_still_has_a_loss() -> None:
    answers = torch.zeros(4, 3)
    loss = kind_first_loss(answers, torch.full((4,), OTHER_KIND), 0.0)
    assert float(loss) == pytest.approx(math.log(2))


def test_a_network_that_asks_the_kind_first_learns_both() -> None:
    both = draw_kinds()
    plan = replace(KIND_FIRST, n_epochs=12, n_draws=288, average=0.9, peak_rate=1e-3)
    margin = margins(fit(both, plan), kept_crops(both, plan))
    lymphoid, blast = both.lymphoid, both.labels == 1
    assert metrics.auroc(both.labels[lymphoid], margin[lymphoid]) > 0.9
    assert margin[~lymphoid].max() < np.median(margin[blast])


def test_passes_go_on_from_fitted_heads() -> None:
    crops = draw_cells()
    alone = fit(crops, HEADS_ALONE)
    slow = replace(HEADS_ALONE, n_epochs=1, peak_rate=1e-9)
    assert isinstance(alone, Pooled)
    after = fit(crops, slow)
    assert isinstance(after, Pooled)
    assert torch.allclose(alone.head.weight, after.head.weight, atol=1e-6)


def test_a_network_without_a_pooled_head_cannot_begin_so() -> None:
    with pytest.raises(DataError, match="no pooled head"):
        fit(draw_cells(), replace(HEADS_ALONE, architecture="lstm"))


def test_only_some_cells_are_watched() -> None:
    crops = draw_cells()
    assert len(some_of(crops, 10)) == 10
    assert len(some_of(crops, 10**6)) == len(crops)
    assert len(some_of(crops.pick(np.arange(0)), 10)) == 0


def test_one_class_alone_is_refused() -> None:
    crops = draw_cells()
    with pytest.raises(DataError, match="both classes"):
        fit(crops.pick(crops.labels == 1), PLAN)


def test_cells_stored_smaller_than_the_input_are_refused() -> None:
    with pytest.raises(DataError, match="--side-px 64"):
        fit(draw_cells(), replace(PLAN, side_px=64))
