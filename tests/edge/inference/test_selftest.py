"""One logit that is off is enough, however well the others agree."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from leukoscope_edge.arrays import F32, U8
from leukoscope_edge.errors import BundleError
from leukoscope_edge.inference import (
    Bundle,
    CascadeEngine,
    OutlierEntry,
    open_bundle,
)
from leukoscope_edge.inference.selftest import StandingTest, self_test
from leukoscope_edge.inference.views import TurnedEngine

N_AT_ONCE = 40


class Answering:
    """An engine that gives the stored answers, one of them changed."""

    name, fallback, is_accelerated = "answering", "", False

    def __init__(self, bundle: Bundle, off_by: float) -> None:
        self._logits = bundle.golden.logits.copy()
        self._logits[0, 0] += off_by

    def run(self, crops: U8) -> F32:
        return np.asarray(self._logits, np.float32)


@pytest.mark.parametrize(
    ("off_by", "is_good"), [(0.0, True), (0.0009, True), (0.003, False)]
)
def test_the_worst_difference_decides(
    bundle_folder: Path, off_by: float, is_good: bool
) -> None:
    bundle = open_bundle(bundle_folder)  # which allows 0.001; the mean is a quarter
    engine = Answering(bundle, off_by)
    if is_good:
        assert self_test(engine, bundle) == pytest.approx(off_by, abs=1e-6)  # type: ignore[arg-type]
        return
    with pytest.raises(BundleError, match=r"a logit differs by 0\.003"):
        self_test(engine, bundle)  # type: ignore[arg-type]


class Changing:
    """An engine that gives the stored answers, changed as a test says."""

    name, is_accelerated = "stub", False

    def __init__(self, bundle: Bundle, change: Callable[[F32], F32]) -> None:
        self._stored, self._change = bundle.golden.logits, change
        self.n_asked = 0

    def run(self, crops: U8) -> F32:
        self.n_asked = len(crops)
        which = np.arange(len(crops)) % len(self._stored)
        return self._change(self._stored[which])


@pytest.fixture
def bundle(bundle_folder: Path) -> Bundle:
    return open_bundle(bundle_folder)


def spoil_the_last(value: float) -> Callable[[F32], F32]:
    def change(logits: F32) -> F32:
        logits = logits.copy()
        logits[-1, -1] = value
        return logits

    return change


@pytest.mark.parametrize("n_at_once", [0, N_AT_ONCE])
def test_the_stored_answers_pass(bundle: Bundle, n_at_once: int) -> None:
    engine = Changing(bundle, lambda logits: logits)
    assert self_test(engine, bundle, n_at_once=n_at_once) == 0.0  # type: ignore[arg-type]
    assert engine.n_asked == (n_at_once or len(bundle.golden.crops))


@pytest.mark.parametrize("n_at_once", [0, N_AT_ONCE])
@pytest.mark.parametrize(
    ("change", "said"),
    [
        (spoil_the_last(float("nan")), "differs by nan"),
        (spoil_the_last(float("inf")), "differs by inf"),
        (spoil_the_last(1e3), "a logit differs by"),
        (lambda logits: logits[:-1], r"answers \(\d+, 2\) on stub, expected"),
        (lambda logits: logits[:, :1], r"answers \(\d+, 1\) on stub, expected"),
    ],
)
def test_an_engine_that_answers_wrongly_is_refused(
    bundle: Bundle, change: Callable[[F32], F32], said: str, n_at_once: int
) -> None:
    engine = Changing(bundle, change)
    with pytest.raises(BundleError, match=f"{said}.*; do not use this model here"):
        self_test(engine, bundle, n_at_once=n_at_once)  # type: ignore[arg-type]


@pytest.mark.parametrize("n_at_once", [0, N_AT_ONCE])
def test_both_networks_of_a_pair_are_asked_for_each_cell_as_it_lies(
    bundle: Bundle, n_at_once: int
) -> None:
    quick, deep = (Changing(bundle, lambda logits: logits) for _ in range(2))
    decision = bundle.card.decision
    engine = CascadeEngine(
        TurnedEngine(quick),  # type: ignore[arg-type]
        TurnedEngine(deep),  # type: ignore[arg-type]
        quick_decision=decision,
        decision=decision,
    )
    assert self_test(engine, replace(bundle, quick=bundle), n_at_once=n_at_once) == 0
    n_asked = n_at_once or len(bundle.golden.crops)
    assert (quick.n_asked, deep.n_asked) == (n_asked, n_asked)


def test_a_tolerance_that_is_no_number_lets_nothing_pass(bundle: Bundle) -> None:
    card = bundle.card
    golden = replace(card.golden, logit_tolerance=0.5)
    object.__setattr__(golden, "logit_tolerance", float("nan"))
    bundle = replace(bundle, card=replace(card, golden=golden))
    engine = Changing(bundle, lambda logits: logits)
    with pytest.raises(BundleError, match="do not use this model here"):
        self_test(engine, bundle)  # type: ignore[arg-type]


def test_the_serving_engine_is_tested_at_its_start_and_once_a_day(
    bundle: Bundle,
) -> None:
    now = [1000.0]
    engine = Changing(bundle, lambda logits: logits)
    test = StandingTest(engine, bundle, lambda: now[0])  # type: ignore[arg-type]
    asked = []
    for hours in (0, 1, 22, 2, 1, 22.5, 1):
        now[0] += 3600.0 * hours
        engine.n_asked = 0
        test.run_when_due()
        asked.append(engine.n_asked > 0)
    assert asked == [True, False, False, True, False, False, True]


def test_a_serving_engine_that_fails_stays_due(bundle: Bundle) -> None:
    engine = Changing(bundle, spoil_the_last(1e3))
    test = StandingTest(engine, bundle)  # type: ignore[arg-type]
    for _ in range(2):
        with pytest.raises(BundleError, match="do not use this model here"):
            test.run_when_due()


def with_distances(bundle: Bundle, allowed: float | None) -> Bundle:
    """The bundle as if its model told distances, which a GPU may give otherwise."""
    logits = bundle.golden.logits
    stored = np.concatenate([logits, np.full((len(logits), 1), 3, np.float32)], axis=1)
    golden = replace(
        bundle.card.golden, gpu_tolerance=0.1, gpu_distance_tolerance=allowed
    )
    outliers = OutlierEntry(distance_limit=10.0, turned_away=0.05)
    return replace(
        bundle,
        card=replace(bundle.card, golden=golden, outliers=outliers),
        golden=replace(bundle.golden, logits=stored),
    )


@pytest.mark.parametrize(
    ("allowed", "on_gpu", "logit_off", "distance_off", "wrong"),
    [
        (0.6, True, 0.0, 0.57, ""),
        (0.6, True, 0.09, 0.57, ""),
        (0.6, True, 0.0, 0.61, "a distance differs by 0.61, allowed 0.6;"),
        (0.6, True, 0.2, 0.0, "a logit differs by 0.2, allowed 0.1;"),
        (0.6, True, 0.0, float("nan"), "a distance differs by nan"),
        (0.6, False, 0.0, 0.57, "a logit differs by 0.57, allowed 0.001;"),
        (None, True, 0.0, 0.57, "a logit differs by 0.57, allowed 0.1;"),
        (None, True, 0.0, 0.09, ""),
    ],
)
def test_a_gpu_may_give_other_distances_than_logits(
    bundle: Bundle,
    allowed: float | None,
    on_gpu: bool,
    logit_off: float,
    distance_off: float,
    wrong: str,
) -> None:
    bundle = with_distances(bundle, allowed)

    def change(answers: F32) -> F32:
        off = np.zeros_like(answers)
        off[0, 0], off[1, -1] = logit_off, distance_off
        return answers + off

    engine = Changing(bundle, change)
    engine.is_accelerated = on_gpu
    if not wrong:
        assert self_test(engine, bundle) <= 0.1  # type: ignore[arg-type]
        return
    with pytest.raises(BundleError, match=wrong):
        self_test(engine, bundle)  # type: ignore[arg-type]
