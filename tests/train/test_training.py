import json
import math
import resource
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from leukoscope_edge.config import read_toml
from leukoscope_edge.types import F64, U8
from leukoscope_train.data.cells import (
    CropSet,
    DataError,
    concatenate,
    load_crops,
    save_crops,
)
from leukoscope_train.data.folds import fold_people, folds_of, refuse_leaks
from leukoscope_train.data.sampling import (
    OTHER_KIND,
    batches,
    draw_weights,
    kept_crops,
    labels_for,
)
from leukoscope_train.distributed import HERE, Machine, refuse_unfit
from leukoscope_train.evaluation import metrics
from leukoscope_train.evaluation.calibrate import (
    calibrate,
    fit_decision,
    fit_spread,
    fit_temperature,
)
from leukoscope_train.fit import (
    INPUT_MEAN,
    INPUT_STD,
    features,
    fit,
    kind_first_loss,
    margins,
    save_weights,
    some_of,
)
from leukoscope_train.history import history_path
from leukoscope_train.networks.adopted_weights import adopt_lite0
from leukoscope_train.networks.architectures import Architecture, make_network
from leukoscope_train.networks.init_weights import begin, head_name, rate_groups
from leukoscope_train.networks.linear_heads import fit_heads, known_features
from leukoscope_train.networks.pooled_heads import KindFirst, Pooled
from leukoscope_train.networks.svm import fit_svm_head
from leukoscope_train.plan import FitPlan
from leukoscope_train.run import final_network

Draw = Callable[..., CropSet]
PLANS = Path(__file__).parents[2] / "train" / "runs"
STORED = sorted(p for p in PLANS.rglob("*.toml") if "figures" not in p.parts)
PLAN = FitPlan(
    architecture="alexnet-tiny", side_px=24, n_epochs=2, n_draws=64, batch=16
)


def test_no_person_stands_in_two_folds(draw_cells: Draw) -> None:
    crops = draw_cells()
    folds = fold_people(crops, 4)
    fold_of = folds_of(crops, folds)
    for person in np.unique(crops.people):
        assert len(set(fold_of[crops.people == person])) == 1
    assert set(fold_of) == {0, 1, 2, 3}


def test_too_few_people_for_the_folds_are_refused(draw_cells: Draw) -> None:
    with pytest.raises(DataError, match="fewer than 4 folds"):
        fold_people(draw_cells(4), 4)


def test_the_same_image_on_two_sides_is_refused(draw_cells: Draw) -> None:
    crops = draw_cells()
    pixels = crops.pixels.copy()
    pixels[-1] = pixels[0]
    leaky = replace(crops, pixels=pixels)
    folds = {p: i for i, p in enumerate(np.unique(crops.people).tolist())}
    with pytest.raises(DataError, match="share an image"):
        refuse_leaks(leaky, folds)


def test_crops_survive_the_disk(tmp_path: Path, draw_cells: Draw) -> None:
    crops = draw_cells()
    save_crops(tmp_path / "c.npz", crops)
    again = load_crops(tmp_path / "c.npz")
    assert np.array_equal(again.pixels, crops.pixels)
    assert again.people.tolist() == crops.people.tolist()
    (tmp_path / "c.npz").write_bytes(b"no archive")
    with pytest.raises(DataError, match="no crops here"):
        load_crops(tmp_path / "c.npz")


def test_both_classes_and_all_people_are_drawn_alike(draw_cells: Draw) -> None:
    crops = draw_cells(8, 6)
    unequal = crops.pick(np.r_[0:48, 0:1, 0:1])
    weights = draw_weights(unequal, PLAN)
    assert weights.sum() == pytest.approx(1)
    assert weights[unequal.labels == 1].sum() == pytest.approx(0.5)


def test_unknown_people_get_their_share_of_a_class(draw_cells: Draw) -> None:
    crops = draw_cells(8, 6)
    extra = replace(
        crops.pick(crops.labels == 0),
        people=np.full(24, ""),
        sources=np.full(24, "other"),
    )
    both = concatenate([crops, extra])
    weights = draw_weights(both, PLAN)
    assert weights[both.people == ""].sum() == pytest.approx(0.5 * 0.4)


class Interrupted(Machine):
    """A machine whose power goes after the first pass."""

    def wait(self) -> None:
        raise KeyboardInterrupt


@pytest.mark.parametrize("architecture", ["alexnet-tiny", "alexnet"])
def test_a_killed_run_resumes_to_the_same_weights(
    architecture: Architecture, tmp_path: Path, draw_cells: Draw
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
    tmp_path: Path, draw_cells: Draw
) -> None:
    crops, path = draw_cells(), tmp_path / "c.ckpt"
    whole = fit(crops, PLAN, checkpoint=path)
    assert "optimiser" not in torch.load(path, weights_only=True)
    history_path(path).unlink()  # as a kill between the two files leaves it
    again = fit(crops, PLAN, checkpoint=path)
    for name, value in whole.state_dict().items():
        assert torch.equal(value, again.state_dict()[name]), name
    assert len(json.loads(history_path(path).read_text())) == PLAN.n_epochs


def test_a_checkpoint_waits_for_its_time_but_not_in_the_end(
    tmp_path: Path, draw_cells: Draw
) -> None:
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


def test_workers_change_nothing(draw_cells: Draw) -> None:
    crops = draw_cells()
    alone = list(batches(crops, PLAN, HERE))
    helped = list(batches(crops, PLAN, Machine(device=HERE.device, n_workers=1)))
    for (pixels, labels), (same_pixels, same_labels) in zip(alone, helped, strict=True):
        assert torch.equal(pixels, same_pixels)
        assert torch.equal(labels, same_labels)


def test_a_resumed_fit_draws_what_was_left(draw_cells: Draw) -> None:
    crops = draw_cells()
    whole = list(batches(crops, PLAN, HERE))
    rest = list(batches(crops, PLAN, HERE, start=1))
    assert len(rest) == PLAN.n_batches == len(whole) - len(rest)
    for (pixels, labels), (same_pixels, same_labels) in zip(
        whole[PLAN.n_batches :], rest, strict=True
    ):
        assert torch.equal(pixels, same_pixels)
        assert torch.equal(labels, same_labels)


def test_processes_share_every_batch(draw_cells: Draw) -> None:
    crops = draw_cells()
    whole = [labels for _, labels in batches(crops, PLAN, HERE)]
    parts = [
        [labels for _, labels in batches(crops, PLAN, machine)]
        for machine in (
            Machine(device=HERE.device, rank=0, n_ranks=2),
            Machine(device=HERE.device, rank=1, n_ranks=2),
        )
    ]
    for labels, even, odd in zip(whole, *parts, strict=True):
        assert torch.equal(labels[::2], even)
        assert torch.equal(labels[1::2], odd)


def test_a_full_disk_leaves_the_previous_checkpoint(
    tmp_path: Path, draw_cells: Draw
) -> None:
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


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"batch": 0}, "'batch' must be positive"),
        ({"n_draws": 8, "batch": 16}, "at least a batch of 16"),
        ({"rate_ratio": 0.0}, "'rate_ratio'"),
        ({"warm_up": 1.0}, "'warm_up'"),
        ({"average": 1.0}, "'average'"),
    ],
)
def test_an_impossible_plan_is_refused(change: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        FitPlan(**change)


@pytest.mark.parametrize("path", STORED, ids=lambda p: p.stem)
def test_every_stored_plan_can_be_read(path: Path) -> None:
    assert read_toml(path, FitPlan).n_batches > 0


def test_first_layers_learn_slowest_and_the_head_fastest() -> None:
    groups = rate_groups(make_network("alexnet-tiny"), 0.01)
    shares = [share for share, _ in groups]
    assert shares[0] == pytest.approx(0.01)
    assert shares[-1] == 1
    assert shares == sorted(shares)
    assert sum(len(layer) for _, layer in groups) == len(
        list(make_network("alexnet-tiny").parameters())
    )


def test_weights_for_other_classes_give_all_but_the_head(tmp_path: Path) -> None:
    taught = begin(PLAN, 8)
    assert taught(torch.zeros(1, 3, 24, 24)).shape == (1, 8)
    save_weights(taught, tmp_path / "w.pt")
    started = begin(replace(PLAN, start=str(tmp_path / "w.pt")), 2).state_dict()
    head = head_name(taught)
    for name, value in taught.state_dict().items():
        if not name.startswith(head):
            assert torch.equal(value, started[name])
    assert started[f"{head}.weight"].shape[0] == 2


def test_weights_of_another_architecture_are_refused(tmp_path: Path) -> None:
    save_weights(make_network("alexnet-compact"), tmp_path / "w.pt")
    with pytest.raises(DataError, match="another architecture"):
        begin(replace(PLAN, start=str(tmp_path / "w.pt")), 2)
    (tmp_path / "w.pt").write_bytes(b"none")
    with pytest.raises(DataError, match="no weights"):
        begin(replace(PLAN, start=str(tmp_path / "w.pt")), 2)


def test_a_batch_that_does_not_divide_is_refused() -> None:
    three = Machine(device=HERE.device, n_ranks=3)
    with pytest.raises(DataError, match="divide by 3"):
        refuse_unfit(three, "bf16", 16)


def test_the_hybrid_judges_by_its_support_vectors(draw_cells: Draw) -> None:
    crops = draw_cells()
    network = make_network("alexnet-tiny")
    assert isinstance(network, Pooled)
    seen = features(network, kept_crops(crops, PLAN))
    fit_svm_head(network, seen, crops, PLAN)
    found = margins(network, kept_crops(crops, PLAN))
    weight = network.head.weight.detach().double().numpy()
    bias = network.head.bias.detach().double().numpy()
    assert np.allclose(found, seen @ weight[1] + bias[1], atol=1e-4)
    assert metrics.auroc(crops.labels, found) > 0.8


def test_a_checkpoint_of_another_plan_is_refused(
    tmp_path: Path, draw_cells: Draw
) -> None:
    crops, path = draw_cells(), tmp_path / "c.ckpt"
    fit(crops, replace(PLAN, n_epochs=1), checkpoint=path)
    with pytest.raises(DataError, match="another plan"):
        fit(crops, PLAN, checkpoint=path)


def test_a_network_learns_what_can_be_learned(draw_cells: Draw) -> None:
    plan = replace(PLAN, n_epochs=12, n_draws=192, average=0.9)
    network = fit(draw_cells(seed=1), plan)
    unseen = draw_cells(seed=2)
    found = margins(network, kept_crops(unseen, plan))
    assert metrics.auroc(unseen.labels, found) > 0.9


def test_temperature_is_recovered() -> None:
    random = np.random.default_rng(0)
    margins = random.normal(0, 2, 20_000)
    labels = (random.random(20_000) < 1 / (1 + np.exp(-margins))).astype(np.int64)
    assert fit_temperature(3 * margins, labels, np.ones(20_000)) == pytest.approx(
        3, rel=0.05
    )


def test_operating_points_leave_a_band_only_where_classes_overlap() -> None:
    random = np.random.default_rng(0)
    labels = np.repeat([0, 1], 500)
    people = np.array([f"p{i // 50}" for i in range(1000)])
    far = fit_decision(random.normal(0, 0.5, 1000) + 8 * labels - 4, labels, people)
    assert far.normal_to == far.blast_from
    near = fit_decision(random.normal(0, 1, 1000) + 1.6 * labels - 0.8, labels, people)
    assert near.normal_to < near.blast_from


def test_a_spread_over_people_is_recovered() -> None:
    random = np.random.default_rng(0)
    rates = random.beta(2, 18, 400)
    n_cells = np.full(400, 200)
    found = fit_spread(random.binomial(n_cells, rates), n_cells)
    assert found.alpha / (found.alpha + found.beta) == pytest.approx(0.1, rel=0.1)
    assert found.alpha == pytest.approx(2, rel=0.3)


def test_people_who_do_not_differ_give_a_narrow_spread() -> None:
    found = fit_spread(np.full(8, 10), np.full(8, 10))
    assert found.alpha / (found.alpha + found.beta) > 0.95
    assert np.isfinite([found.alpha, found.beta]).all()


def test_calibration_needs_two_people() -> None:
    with pytest.raises(DataError, match="two people"):
        calibrate(np.array([-1.0, 1.0]), np.array([0, 1]), np.array(["a", "b"]))


def test_metrics_agree_with_scikit_learn() -> None:
    from sklearn.metrics import f1_score, roc_auc_score

    random = np.random.default_rng(3)
    labels = random.integers(0, 2, 300)
    p = np.round(np.clip(0.3 * labels + random.random(300) * 0.7, 0, 1), 2)
    assert metrics.auroc(labels, p) == pytest.approx(roc_auc_score(labels, p))
    assert metrics.weighted_f1(labels, p >= 0.5) == pytest.approx(
        f1_score(labels, p >= 0.5, average="weighted")
    )


def test_intervals_resample_people_and_hold_the_figure(draw_cells: Draw) -> None:
    crops = draw_cells(20, 10)
    p = np.clip(0.5 + 0.3 * (crops.labels - 0.5), 0, 1)
    p[::7] = 1 - p[::7]
    found = metrics.bootstrap_intervals(
        lambda i: {"auroc": metrics.auroc(crops.labels[i], p[i])}, crops.people
    )
    low, high = found["auroc"]
    assert low < metrics.auroc(crops.labels, p) < high


def draw_kinds(draw_cells: Draw) -> CropSet:
    """Cells of known people, and half discs of unknown ones as granulocytes."""
    crops = draw_cells(seed=1)
    pixels = crops.pixels[:24].copy()
    pixels[:, :16] = 0
    other = replace(
        crops.pick(np.arange(24)),
        pixels=pixels,
        labels=np.zeros(24, np.int64),
        people=np.full(24, ""),
        sources=np.full(24, "pbc-neutrophil"),
    )
    return concatenate([crops, other])


KIND_FIRST = replace(PLAN, architecture="alexnet-kind-first")


def test_kinds_are_a_class_of_their_own_where_they_are_asked_first(
    draw_cells: Draw,
) -> None:
    both = draw_kinds(draw_cells)
    labels = labels_for(both, KIND_FIRST)
    weights = draw_weights(both, KIND_FIRST)
    for label in (0, 1, OTHER_KIND):
        assert weights[labels == label].sum() == pytest.approx(1 / 3)
    assert set(labels_for(both, PLAN)) == {0, 1}


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


def test_the_weaker_of_both_answers_is_the_margin() -> None:
    network = make_network("alexnet-kind-first", 24).eval()
    assert isinstance(network, KindFirst)
    seen = network.features(torch.randn(8, 3, 24, 24))
    normal, blast, other = network.answers(seen).unbind(1)
    logits = network.logits(seen)
    weaker = torch.minimum(blast - normal, -other)
    assert torch.allclose(logits[:, 1] - logits[:, 0], weaker, atol=1e-5)
    mean_map = network.activation_map(seen).mean(dim=(1, 2))
    bias = network.head.bias[1] - network.head.bias[0]
    assert torch.allclose(mean_map + bias, blast - normal, atol=1e-5)


def test_a_network_that_asks_the_kind_first_learns_both(draw_cells: Draw) -> None:
    both = draw_kinds(draw_cells)
    plan = replace(KIND_FIRST, n_epochs=12, n_draws=288, average=0.9, peak_rate=1e-3)
    margin = margins(fit(both, plan), kept_crops(both, plan))
    lymphoid, blast = both.lymphoid, both.labels == 1
    assert metrics.auroc(both.labels[lymphoid], margin[lymphoid]) > 0.9
    assert margin[~lymphoid].max() < np.median(margin[blast])


HEADS_ALONE = replace(PLAN, heads_first=True, n_epochs=0)


def test_a_head_can_be_held_back_where_healthy_people_differ(draw_cells: Draw) -> None:
    crops = draw_cells(12, 20)
    random = np.random.default_rng(0)
    seen = random.normal(0, 1, (len(crops), 4))
    seen[:, 0] += crops.labels  # what tells blasts
    own = {name: random.normal(0, 3) for name in np.unique(crops.people)}
    seen[:, 1] += crops.labels + [own[name] for name in crops.people]  # and people
    slopes = []
    for strength in (0.0, 100.0):
        network = Pooled(nn.Identity(), 4)
        plan = replace(HEADS_ALONE, people_alike=strength, heads_c=1.0)
        fit_heads(network, seen, crops, plan)
        slopes.append(network.head.weight[1].detach().abs())
    free, held = slopes
    assert held[1] / held[0] < free[1] / free[0] / 2
    with pytest.raises(ValueError, match="people_alike"):
        replace(HEADS_ALONE, people_alike=-1.0)


@pytest.mark.parametrize("architecture", ["alexnet-tiny", "alexnet-kind-first"])
def test_heads_alone_are_fitted_to_the_features_of_the_start(
    architecture: Architecture, draw_cells: Draw
) -> None:
    both, plan = draw_kinds(draw_cells), replace(HEADS_ALONE, architecture=architecture)
    torch.manual_seed(1)
    start = make_network(architecture)
    assert isinstance(start, Pooled)
    seen = features(start, kept_crops(both, plan))
    fit_heads(start, seen, both, plan)
    margin = margins(start, kept_crops(both, plan))
    lymphoid = both.lymphoid
    found = metrics.auroc(both.labels[lymphoid], margin[lymphoid])
    assert found > 0.7  # of features by chance
    assert margin[~lymphoid].mean() < margin[both.labels == 1].mean()


def test_passes_go_on_from_fitted_heads(draw_cells: Draw) -> None:
    crops = draw_cells()
    alone = fit(crops, HEADS_ALONE)
    slow = replace(HEADS_ALONE, n_epochs=1, peak_rate=1e-9)
    assert isinstance(alone, Pooled)
    after = fit(crops, slow)
    assert isinstance(after, Pooled)
    assert torch.allclose(alone.head.weight, after.head.weight, atol=1e-6)


def test_a_network_without_a_pooled_head_cannot_begin_so(draw_cells: Draw) -> None:
    with pytest.raises(DataError, match="no pooled head"):
        fit(draw_cells(), replace(HEADS_ALONE, architecture="lstm"))


def test_adopted_weights_see_what_they_were_trained_on(tmp_path: Path) -> None:
    theirs = make_network("efficientnet-lite0").state_dict()
    named = [v for n, v in theirs.items() if n.startswith("features.")]
    for value in named:
        if value.is_floating_point():
            value.uniform_(0.5, 1.5)
    stored = {f"_{i}": value for i, value in enumerate(named)}
    torch.save({**stored, "_fc.weight": torch.zeros(1)}, tmp_path / "w.pth")
    ours = adopt_lite0(tmp_path / "w.pth")
    level = torch.tensor([10.0, 127.0, 250.0])

    def first_layer(state: dict[str, torch.Tensor], seen: torch.Tensor) -> torch.Tensor:
        kernel = state["features.conv_stem.weight"].sum(dim=(2, 3))
        centred = kernel @ seen - state["features.bn1.running_mean"]
        return centred * state["features.bn1.weight"]

    own_input = (level / 255 - INPUT_MEAN[0]) / INPUT_STD[0]
    same = first_layer(ours, own_input), first_layer(theirs, (level - 127) / 128)
    assert torch.allclose(*same, rtol=1e-4)


def test_weights_of_another_network_are_not_adopted(tmp_path: Path) -> None:
    save_weights(make_network("alexnet-tiny"), tmp_path / "w.pth")
    with pytest.raises(DataError, match=r"not of EfficientNet-Lite0"):
        adopt_lite0(tmp_path / "w.pth")
    (tmp_path / "w.pth").write_bytes(b"none")
    with pytest.raises(DataError, match="no weights"):
        adopt_lite0(tmp_path / "w.pth")


def test_only_some_cells_are_watched(draw_cells: Draw) -> None:
    crops = draw_cells()
    assert len(some_of(crops, 10)) == 10
    assert len(some_of(crops, 10**6)) == len(crops)
    assert len(some_of(crops.pick(np.arange(0)), 10)) == 0


def test_one_class_alone_is_refused(draw_cells: Draw) -> None:
    crops = draw_cells()
    with pytest.raises(DataError, match="both classes"):
        fit(crops.pick(crops.labels == 1), PLAN)


def test_cells_stored_smaller_than_the_input_are_refused(draw_cells: Draw) -> None:
    with pytest.raises(DataError, match="--side-px 64"):
        fit(draw_cells(), replace(PLAN, side_px=64))


def test_a_final_network_of_another_architecture_is_refused(tmp_path: Path) -> None:
    save_weights(make_network("alexnet-compact"), tmp_path / "final.pt")
    with pytest.raises(DataError, match="no fitted network"):
        final_network(tmp_path, PLAN)


def test_no_cell_is_looked_at_twice(draw_cells: Draw) -> None:
    network, shown = make_network("alexnet-tiny"), kept_crops(draw_cells(), PLAN)
    assert isinstance(network, Pooled)
    looked: list[int] = []

    def look(network: nn.Module, pixels: U8) -> F64:
        looked.append(len(pixels))
        return features(network, pixels)

    first = known_features(network, shown[:30], look)
    again = known_features(network, shown, look)
    assert looked == [30, len(shown) - 30]
    assert np.array_equal(again[:30], first)
    other = make_network("alexnet-tiny")
    assert isinstance(other, Pooled)
    known_features(other, shown[:5], look)
    assert looked[-1] == 5


def test_a_feature_that_hardly_varies_gets_no_steep_slope(draw_cells: Draw) -> None:
    crops, network = draw_cells(), make_network("alexnet-tiny")
    assert isinstance(network, Pooled)
    seen = np.random.default_rng(0).normal(0, 1, (len(crops), 32))
    seen[:, 0] = 1e-4 * (crops.labels + seen[:, 0])
    fit_heads(network, seen, crops, PLAN)
    assert network.head.weight[1].abs().max() < 1
