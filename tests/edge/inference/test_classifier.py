from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leukoscope_edge.arrays import F32, U8
from leukoscope_edge.inference import (
    Card,
    DecisionEntry,
    KindsEntry,
    OnnxCpuEngine,
    OutlierEntry,
    open_bundle,
)
from leukoscope_edge.inference.classifier import (
    BATCH_SIZE,
    answers_to,
    blast_call,
    call_for,
    calls_for,
    classify,
    p_blast,
    vote,
)
from leukoscope_edge.types import Call, CallName

BAND = DecisionEntry(temperature=1.0, normal_to=0.4, blast_from=0.6)


@pytest.mark.parametrize(
    ("p", "name"),
    [
        (0.0, CallName.NORMAL),
        (0.4, CallName.NORMAL),
        (0.4001, CallName.UNCLEAR),
        (0.5999, CallName.UNCLEAR),
        (0.6, CallName.BLAST),
        (1.0, CallName.BLAST),
    ],
)
def test_thresholds_belong_to_the_calls(p: float, name: CallName) -> None:
    assert call_for(p, BAND) == Call(name=name, p_blast=p)


@given(st.floats(-200, 200), st.floats(-200, 200), st.floats(0.05, 20))
def test_probability_follows_the_margin(a: float, b: float, t: float) -> None:
    logits = np.array([[a, b], [b, a]], np.float32)
    p = p_blast(logits, t)
    assert np.all((p >= 0) & (p <= 1))
    assert p.sum() == pytest.approx(1)
    if abs(np.float32(b) - np.float32(a)) > 1e-6:  # nearer, both are one half
        assert (p[0] > 0.5) == (b > a)


def test_points_and_temperature_are_the_cards(bundle_folder: Path) -> None:
    card = open_bundle(bundle_folder).card
    soft = DecisionEntry(temperature=2.0, normal_to=0.3, blast_from=0.7)
    answers = np.array([[0, 2], [0, 1.6], [1.8, 0]], np.float32)
    names = [c.name for c in calls_for(answers, replace(card, decision=soft))]
    assert names == [CallName.BLAST, CallName.UNCLEAR, CallName.NORMAL]


def test_temperature_softens_but_does_not_turn() -> None:
    logits = np.array([[0, 2]], np.float32)
    assert 0.5 < p_blast(logits, 4.0)[0] < p_blast(logits, 1.0)[0]


def with_outliers(card: Card) -> Card:
    return replace(card, outliers=OutlierEntry(distance_limit=9.0, turned_away=0.05))


def test_a_cell_unlike_all_known_ones_is_unclear_however_sure_the_model_is(
    bundle_folder: Path,
) -> None:
    card = with_outliers(open_bundle(bundle_folder).card)
    answers = np.array([[0, 20, 9], [0, 20, 9.1], [20, 0, 50]], np.float32)
    near, far, sure = calls_for(answers, card)
    assert (near.name, near.is_unlike) == (CallName.BLAST, False)
    assert (far.name, far.is_unlike) == (CallName.UNCLEAR, True)
    assert (sure.name, sure.is_unlike) == (CallName.UNCLEAR, True)
    assert far.p_blast == near.p_blast


@pytest.mark.parametrize(("n_unlike", "is_unlike"), [(0, False), (1, False), (2, True)])
def test_most_sightings_say_whether_a_cell_is_unlike(
    n_unlike: int, is_unlike: bool
) -> None:
    known = Call(name=CallName.NORMAL, p_blast=0.1)
    strange = Call(name=CallName.UNCLEAR, p_blast=0.1, is_unlike=True)
    found = vote([known] * (3 - n_unlike) + [strange] * n_unlike, BAND)
    assert found.is_unlike == is_unlike
    assert found.name is (CallName.UNCLEAR if is_unlike else CallName.NORMAL)


def test_classifies_more_cells_than_a_batch_in_order(bundle_folder: Path) -> None:
    bundle = open_bundle(bundle_folder)
    shades = np.linspace(0, 255, BATCH_SIZE + 5).astype(np.uint8)
    crops = [np.full((32, 32, 3), s, np.uint8) for s in shades]
    with OnnxCpuEngine(bundle) as engine:
        calls = classify(engine, crops, bundle.card, in_marrow=False)
        one_more = answers_to(engine, crops[: BATCH_SIZE + 1])
        assert classify(engine, [], bundle.card, in_marrow=False) == []
    assert (len(calls), len(one_more)) == (len(crops), BATCH_SIZE + 1)
    p = [c.p_blast for c in calls]
    assert p == sorted(p)
    assert (calls[0].name, calls[-1].name) == (CallName.NORMAL, CallName.BLAST)


@pytest.mark.parametrize(
    ("n_known", "n_strange", "is_unclear"),
    [(1, 1, False), (2, 2, False), (1, 2, True)],
)
@pytest.mark.parametrize(("p_blast", "is_unlike"), [(0.1, True), (0.4, False)])
def test_half_of_the_sightings_are_not_most(
    *, n_known: int, n_strange: int, is_unclear: bool, p_blast: float, is_unlike: bool
) -> None:
    known = Call(name=CallName.NORMAL, p_blast=0.1)
    strange = Call(name=CallName.UNCLEAR, p_blast=p_blast, is_unlike=is_unlike)
    found = vote([known] * n_known + [strange] * n_strange, BAND)
    assert found.name is (CallName.UNCLEAR if is_unclear else CallName.NORMAL)


def test_doubts_that_are_most_take_no_blast_back() -> None:
    doubtful = Call(name=CallName.UNCLEAR, p_blast=0.4)
    found = vote([doubtful] * 6 + [Call(name=CallName.BLAST, p_blast=1.0)] * 5, BAND)
    assert found.name is CallName.BLAST


def call(p: float) -> Call:
    return call_for(p, BAND)


@pytest.mark.parametrize(
    ("ps", "name"),
    [
        ((0.9,), CallName.BLAST),
        ((0.9, 0.8, 0.7), CallName.BLAST),
        ((0.9, 0.8, 0.5), CallName.BLAST),
        ((0.99, 0.99, 0.1), CallName.UNCLEAR),
        ((0.1, 0.2, 0.05), CallName.NORMAL),
        ((0.5, 0.45, 0.1), CallName.NORMAL),
        ((0.05, 0.05, 0.05, 0.05, 0.5, 0.9), CallName.UNCLEAR),
        ((0.95, 0.95, 0.95, 0.95, 0.5, 0.1), CallName.UNCLEAR),
    ],
)
def test_sightings_vote_and_a_contradiction_is_unclear(
    ps: tuple[float, ...], name: CallName
) -> None:
    voted = vote([call(p) for p in ps], BAND)
    assert voted.name is name
    assert voted.p_blast == pytest.approx(np.mean(ps))


KINDS = KindsEntry(
    names=("blast", "lymphocyte", "precursor"), blast="blast", precursor="precursor"
)


def with_kinds(card: Card) -> Card:
    return replace(card, kinds=KINDS)


def test_kinds_sum_to_one_and_blast_has_its_calibrated_probability(
    bundle_folder: Path,
) -> None:
    card = with_kinds(open_bundle(bundle_folder).card)
    answers = np.array([[3, 1, 1, 3, -2], [-4, 4, 4, -5, -6]], np.float32)
    for call, p in zip(calls_for(answers, card), p_blast(answers, 1.0), strict=True):
        kinds = dict(call.kinds)
        assert sum(kinds.values()) == pytest.approx(1)
        assert kinds["blast"] == pytest.approx(p)
    first, second = calls_for(answers, card)
    assert (first.kind, second.kind) == ("lymphocyte", "blast")
    assert first.p_kind == dict(first.kinds)["lymphocyte"]


def test_kinds_far_apart_are_numbers_in_whatever_order_they_stand(
    bundle_folder: Path,
) -> None:
    kinds = KindsEntry(names=("b", "a", "c"), blast="a", temperature=2.0)
    card = replace(open_bundle(bundle_folder).card, kinds=kinds)
    answers = np.array([[2, 0, 2000, 0, 1996], [2, 0, -2000, 0, -2001]], np.float32)
    for one, off in zip(calls_for(answers, card), (4, 1), strict=True):
        likely = dict(one.kinds)
        assert likely["a"] == one.p_blast
        assert likely["b"] / likely["c"] == pytest.approx(np.exp(off / 2))


@pytest.mark.parametrize(
    ("p", "kind", "in_marrow", "name"),
    [
        (0.1, "precursor", False, CallName.UNCLEAR),
        (0.1, "precursor", True, CallName.NORMAL),
        (0.1, "lymphocyte", False, CallName.NORMAL),
        (0.45, "precursor", False, CallName.BLAST),
        (0.3, "lymphocyte", False, CallName.UNCLEAR),
    ],
)
def test_a_precursor_in_blood_is_no_normal_cell_and_takes_no_blast_back(
    p: float, kind: str, *, in_marrow: bool, name: CallName
) -> None:
    wide = DecisionEntry(temperature=1.0, normal_to=0.2, blast_from=0.42)
    kinds = {"blast": p, "lymphocyte": 0.0, "precursor": 0.0, kind: 1 - p}
    called = blast_call(p, [*kinds.items()], wide, "precursor", in_marrow=in_marrow)
    assert called is name


class Precursors:
    """An engine to which every cell is a precursor of lymphocytes."""

    name, fallback, is_accelerated = "precursors", "", False

    def run(self, crops: U8) -> F32:
        return np.array([[4, -4, -4, -3, 4]] * len(crops), np.float32)


@pytest.mark.parametrize(
    ("in_marrow", "name"), [(True, CallName.NORMAL), (False, CallName.UNCLEAR)]
)
def test_a_precursor_is_normal_in_marrow_and_unclear_in_blood(
    bundle_folder: Path, in_marrow: bool, name: CallName
) -> None:
    card = with_kinds(open_bundle(bundle_folder).card)
    answers = np.array([[4, -4, -4, -3, 4]], np.float32)
    (call,) = calls_for(answers, card, in_marrow=in_marrow)
    assert call.kind == "precursor"
    assert call.name is name
    assert vote([call, call], BAND).name is name
    crops = [np.zeros((32, 32, 3), np.uint8)]
    [again] = classify(Precursors(), crops, card, in_marrow=in_marrow)  # type: ignore[arg-type]
    assert again.name is name


def test_a_card_without_kinds_tells_none(bundle_folder: Path) -> None:
    card = open_bundle(bundle_folder).card
    (call,) = calls_for(np.array([[0, 1]], np.float32), card)
    assert (call.kinds, call.kind, call.p_kind) == ((), "", 0.0)
    assert card.is_research


def test_the_distance_is_the_last_number_behind_the_kinds(bundle_folder: Path) -> None:
    card = with_outliers(with_kinds(open_bundle(bundle_folder).card))
    answers = np.array([[3, 1, 1, 3, 50, 8], [3, 1, 1, 3, 0, 10]], np.float32)
    assert card.n_answers == answers.shape[1]
    assert [c.is_unlike for c in calls_for(answers, card)] == [False, True]


def test_a_vote_gives_the_mean_of_every_kind() -> None:
    calls = [
        Call(name=CallName.NORMAL, p_blast=p, kinds=(("blast", p), ("other", 1 - p)))
        for p in (0.1, 0.3)
    ]
    kinds = dict(vote(calls, BAND).kinds)
    assert kinds == pytest.approx({"blast": 0.2, "other": 0.8})
    assert dict(vote(calls[:1], BAND).kinds) == dict(calls[0].kinds)
    assert vote([calls[0], call(0.2)], BAND).kinds == ()
