from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from leukoscope_train import metrics
from leukoscope_train.augment import Recipe, keep, vary
from leukoscope_train.calibrate import (
    calibrate,
    fit_decision,
    fit_spread,
    fit_temperature,
)
from leukoscope_train.cells import (
    CropSet,
    DataError,
    concatenate,
    load_crops,
    read_cnmc,
    save_crops,
)
from leukoscope_train.fit import FitPlan, as_input, draw_weights, fit, kept_crops
from leukoscope_train.folds import fold_people, folds_of, refuse_leaks

PLAN = FitPlan(
    architecture="alexnet-tiny", side_px=24, n_epochs=2, n_draws=64, batch=16
)


def crops_of(n_people: int = 8, n_each: int = 6, *, seed: int = 0) -> CropSet:
    """Bright cells are blasts; each person has cells of one class."""
    random = np.random.default_rng(seed)
    n = n_people * n_each
    people = np.repeat(np.arange(n_people), n_each)
    labels = (people % 2).astype(np.int64)
    pixels = np.zeros((n, 32, 32, 3), np.uint8)
    y, x = np.mgrid[:32, :32] - 15.5
    inside = np.hypot(x, y) < 11
    for i, label in enumerate(labels):
        stripes = 60 * np.sin(x * (0.5 if label else 2.5))
        level = 120 + stripes[..., None] + random.normal(0, 8, (32, 32, 3))
        pixels[i][inside] = np.clip(level, 1, 255)[inside].astype(np.uint8)
    return CropSet(
        pixels=pixels,
        labels=labels,
        people=np.array([f"p{p}" for p in people]),
        sources=np.full(n, "drawn"),
        names=np.array([f"{i}.png" for i in range(n)]),
        areas_um2=np.full(n, 80.0),
    )


def test_no_person_stands_in_two_folds() -> None:
    crops = crops_of()
    folds = fold_people(crops, 4)
    fold_of = folds_of(crops, folds)
    for person in np.unique(crops.people):
        assert len(set(fold_of[crops.people == person])) == 1
    assert set(fold_of) == {0, 1, 2, 3}


def test_too_few_people_for_the_folds_are_refused() -> None:
    with pytest.raises(DataError, match="fewer than 4 folds"):
        fold_people(crops_of(4), 4)


def test_the_same_image_on_two_sides_is_refused() -> None:
    crops = crops_of()
    pixels = crops.pixels.copy()
    pixels[-1] = pixels[0]
    leaky = replace(crops, pixels=pixels)
    folds = {p: i for i, p in enumerate(np.unique(crops.people).tolist())}
    with pytest.raises(DataError, match="share an image"):
        refuse_leaks(leaky, folds)


def test_a_person_in_both_classes_is_refused(tmp_path: Path) -> None:
    rows = ["file,label,subject_group,split", "a.jpg,all,7,train", "b.jpg,hem,7,train"]
    (tmp_path / "cells.csv").write_text("\n".join(rows))
    with pytest.raises(DataError, match="7 stands in"):
        read_cnmc(tmp_path)


def test_crops_survive_the_disk(tmp_path: Path) -> None:
    crops = crops_of()
    save_crops(tmp_path / "c.npz", crops)
    again = load_crops(tmp_path / "c.npz")
    assert np.array_equal(again.pixels, crops.pixels)
    assert again.people.tolist() == crops.people.tolist()
    (tmp_path / "c.npz").write_bytes(b"no archive")
    with pytest.raises(DataError, match="no crops here"):
        load_crops(tmp_path / "c.npz")


def test_both_classes_and_all_people_are_drawn_alike() -> None:
    crops = crops_of(8, 6)
    unequal = crops.pick(np.r_[0:48, 0:1, 0:1])
    weights = draw_weights(unequal, 0.4)
    assert weights.sum() == pytest.approx(1)
    assert weights[unequal.labels == 1].sum() == pytest.approx(0.5)


def test_unknown_people_get_their_share_of_a_class() -> None:
    crops = crops_of(8, 6)
    extra = replace(
        crops.pick(crops.labels == 0),
        people=np.full(24, ""),
        sources=np.full(24, "other"),
    )
    both = concatenate([crops, extra])
    weights = draw_weights(both, 0.4)
    assert weights[both.people == ""].sum() == pytest.approx(0.5 * 0.4)


def test_varying_keeps_the_surroundings_black() -> None:
    crop = crops_of().pixels[0]
    random = np.random.default_rng(1)
    for _ in range(20):
        varied = vary(crop, 24, "masked-standardised", Recipe(), random)
        assert varied.shape == (24, 24, 3)
        assert (varied.max(axis=2) == 0).any()
        assert (varied.max(axis=2) > 0).mean() > 0.2


def test_an_unvaried_crop_is_what_the_device_cuts() -> None:
    crop = crops_of().pixels[0]
    assert np.array_equal(keep(crop, 24, "masked"), crop[4:28, 4:28])


def test_a_killed_run_resumes_to_the_same_weights(tmp_path: Path) -> None:
    crops = crops_of()
    whole = fit(crops, PLAN)
    path = tmp_path / "c.ckpt"
    import leukoscope_train.fit as module

    passes = module._one_pass

    def stop_after_one(state, crops, plan, epoch) -> None:  # type: ignore[no-untyped-def]
        if epoch == 1:
            raise KeyboardInterrupt
        passes(state, crops, plan, epoch)

    module._one_pass = stop_after_one
    try:
        with pytest.raises(KeyboardInterrupt):
            fit(crops, PLAN, checkpoint=path)
    finally:
        module._one_pass = passes
    resumed = fit(crops, PLAN, checkpoint=path)
    shown = as_input(kept_crops(crops, 24, PLAN.colour))
    with torch.no_grad():
        assert torch.equal(whole(shown), resumed(shown))


def test_a_checkpoint_of_another_plan_is_refused(tmp_path: Path) -> None:
    crops, path = crops_of(), tmp_path / "c.ckpt"
    fit(crops, replace(PLAN, n_epochs=1), checkpoint=path)
    with pytest.raises(DataError, match="another plan"):
        fit(crops, PLAN, checkpoint=path)


def test_a_network_learns_what_can_be_learned() -> None:
    from leukoscope_train.fit import margins

    plan = replace(PLAN, n_epochs=6, n_draws=256)
    network = fit(crops_of(seed=1), plan)
    unseen = crops_of(seed=2)
    found = margins(network, kept_crops(unseen, plan.side_px, plan.colour))
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


def test_intervals_resample_people_and_hold_the_figure() -> None:
    crops = crops_of(20, 10)
    p = np.clip(0.5 + 0.3 * (crops.labels - 0.5), 0, 1)
    p[::7] = 1 - p[::7]
    low, high = metrics.bootstrap_interval(
        lambda i: metrics.auroc(crops.labels[i], p[i]), crops.people
    )
    assert low < metrics.auroc(crops.labels, p) < high


@pytest.mark.real
def test_the_share_of_cnmc_has_the_people_that_its_readme_says(real_data: Path) -> None:
    cells = read_cnmc(real_data / "cnmc", "train")
    assert len({c.person for c in cells if c.label == 1}) == 28
    assert len({c.person for c in cells if c.label == 0}) == 11
