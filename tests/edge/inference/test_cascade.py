import dataclasses
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest

from leukoscope_edge.arrays import F32, U8
from leukoscope_edge.errors import BundleError, CardError
from leukoscope_edge.inference import (
    Bundle,
    DecisionEntry,
    OutlierEntry,
    QuickEntry,
    open_bundle,
    open_engine,
    p_blast,
    read_card,
    self_test,
)
from leukoscope_edge.inference.cascade import CascadeEngine

DEEP = DecisionEntry(temperature=2.0, normal_to=0.4, blast_from=0.6)
QUICK = DecisionEntry(temperature=0.5, normal_to=0.2, blast_from=0.8)
PAIR_CARD = """
[model_trt]
name = "model.cpu.onnx"
sha256 = "{sha256}"

[quick.model_cpu]
name = "model.cpu.onnx"
sha256 = "{sha256}"

[quick.network]
architecture = "the same"
precision = "fp32"
n_parameters = 0

[quick.decision]
temperature = 1.0
normal_to = {normal_to}
blast_from = 0.7
"""


class Stated:
    """An engine whose margin of a crop is stated by its first pixel."""

    fallback, is_accelerated = "", False

    def __init__(self, name: str, margins: dict[int, float]) -> None:
        self.name, self._margins = name, margins
        self.seen: list[int] = []

    def run(self, crops: U8) -> F32:
        keys = [int(c[0, 0, 0]) for c in crops]
        self.seen += keys
        return np.array([[0, self._margins[k]] for k in keys], np.float32).reshape(
            -1, 2
        )

    def __enter__(self) -> "Stated":
        return self

    def __exit__(self, *_: object) -> None:
        self.seen.append(-1)


def crops_of(*keys: int) -> np.ndarray:
    return np.stack([np.full((4, 4, 3), k, np.uint8) for k in keys])


def pair() -> tuple[CascadeEngine, Stated, Stated]:
    quick = Stated("q", {1: 5.0, 2: -5.0, 3: 0.1, 4: -0.2})
    deep = Stated("d", {3: 4.0, 4: -4.0})
    return CascadeEngine(quick, deep, quick_decision=QUICK, decision=DEEP), quick, deep


def test_the_deep_network_judges_only_what_the_quick_one_leaves_open() -> None:
    engine, quick, deep = pair()
    with engine:
        logits = engine.run(crops_of(1, 3, 2, 4))
    assert quick.seen == [1, 3, 2, 4, -1]
    assert deep.seen == [3, 4, -1]
    assert logits.dtype == np.float32
    np.testing.assert_allclose(logits[[1, 3], 1], [4.0, -4.0])


def test_one_temperature_makes_the_quick_networks_own_probability() -> None:
    engine, *_ = pair()
    p = p_blast(engine.run(crops_of(1, 2)), DEEP.temperature)
    own = p_blast(np.array([[0, 5], [0, -5]], np.float32), QUICK.temperature)
    np.testing.assert_allclose(p, own)


def test_the_deep_network_is_not_asked_where_nothing_is_open() -> None:
    engine, _, deep = pair()
    engine.run(crops_of(1, 2))
    assert deep.seen == []


@pytest.mark.parametrize(
    ("margin", "normal_to", "blast_from", "asks_deep"),
    [
        (1.0, 0.2, 0.8, False),  # by its own temperature 0.88, by the card's 0.62
        (-1.0, 0.2, 0.8, False),
        (0.5, 0.2, 0.8, True),  # by its own points: 0.73 is blast to the card
        (-0.5, 0.2, 0.8, True),
        (0.0, 0.2, 0.5, False),  # at a point the call stands
        (0.0, 0.5, 0.8, False),
    ],
)
def test_the_quick_network_is_sure_by_its_own_temperature_and_points(
    margin: float, normal_to: float, blast_from: float, *, asks_deep: bool
) -> None:
    quick, deep = Stated("q", {1: margin}), Stated("d", {1: 0.0})
    own = dataclasses.replace(QUICK, normal_to=normal_to, blast_from=blast_from)
    engine = CascadeEngine(quick, deep, quick_decision=own, decision=DEEP)
    engine.run(crops_of(1))
    assert bool(deep.seen) == asks_deep


@pytest.mark.parametrize(
    ("of_quick", "of_deep", "told"),
    [
        ("", "", ""),
        ("no driver", "no driver", "no driver"),
        ("no memory", "", "no memory"),
        ("no memory", "no driver", "no memory; no driver"),
    ],
)
def test_each_reason_of_a_fallback_is_told_once(
    of_quick: str, of_deep: str, told: str
) -> None:
    engine, quick, deep = pair()
    quick.fallback, deep.fallback = of_quick, of_deep
    assert engine.fallback == told


def test_both_runtimes_are_named_and_one_gpu_makes_the_pair_accelerated() -> None:
    engine, quick, deep = pair()
    assert engine.name == "quick and deep on q, d"
    deep.name = "q"
    assert engine.name == "quick and deep on q"
    for on_gpu in ((False, False), (True, False), (False, True)):
        quick.is_accelerated, deep.is_accelerated = on_gpu
        assert engine.is_accelerated == any(on_gpu)


def make_pair(folder: Path, *, normal_to: float = 0.3, answers: bool = True) -> Path:
    sha256 = read_card(folder).model_cpu.sha256
    card = folder / "card.toml"
    text = PAIR_CARD.format(sha256=sha256, normal_to=normal_to)
    if answers:
        import hashlib

        golden = folder / "golden.npz"
        old = hashlib.sha256(golden.read_bytes()).hexdigest()
        with np.load(golden) as arrays:
            stored = dict(arrays)
        np.savez(golden, **stored, quick_logits=stored["logits"])
        new = hashlib.sha256(golden.read_bytes()).hexdigest()
        card.write_text(card.read_text().replace(old, new) + text)
    else:
        card.write_text(card.read_text() + text)
    return folder


def test_a_pair_opens_and_each_network_gives_its_stored_answers(
    bundle_folder: Path,
) -> None:
    bundle = open_bundle(make_pair(bundle_folder))
    assert bundle.model_trt == bundle.model
    assert bundle.quick is not None
    assert bundle.quick.card.id == "red-test/quick"
    assert isinstance(bundle.card.quick, QuickEntry)
    with open_engine(bundle, backend="cpu", n_threads=1) as engine:
        assert isinstance(engine, CascadeEngine)
        assert engine.run(bundle.golden.crops).shape == (2, 2)
    for one in (bundle.quick, dataclasses.replace(bundle, quick=None)):
        with open_engine(one, backend="cpu", n_threads=1) as engine:
            assert self_test(engine, one) < 1e-4


def answering_otherwise(pair: Bundle, which: str, by: float) -> Bundle:
    """The pair, the stored answers of one of its networks moved."""
    assert pair.quick is not None
    one = pair.quick if which == "quick" else pair
    golden = dataclasses.replace(one.golden, logits=one.golden.logits + by)
    one = dataclasses.replace(one, golden=golden)
    return dataclasses.replace(pair, quick=one) if which == "quick" else one


@pytest.mark.parametrize("wrong", ["quick", "deep"])
def test_a_pair_of_which_one_network_answers_otherwise_is_found(
    bundle_folder: Path, wrong: str
) -> None:
    bundle = open_bundle(make_pair(bundle_folder))
    with open_engine(bundle, backend="cpu", n_threads=1) as engine:
        assert self_test(engine, bundle) < 1e-4
        with pytest.raises(BundleError, match="give other answers"):
            self_test(engine, answering_otherwise(bundle, wrong, 0.01))


@pytest.mark.parametrize("off", ["quick", "deep"])
def test_the_worse_network_of_a_pair_is_told(bundle_folder: Path, off: str) -> None:
    bundle = open_bundle(make_pair(bundle_folder))
    changed = answering_otherwise(bundle, off, 0.0005)
    with open_engine(bundle, backend="cpu", n_threads=1) as engine:
        assert self_test(engine, changed) == pytest.approx(0.0005, abs=1e-4)
        assert isinstance(engine, CascadeEngine)
        assert self_test(engine.deep, bundle) < 1e-4  # of a pair, the deep one alone


def test_a_pair_without_the_quick_networks_answers_is_refused(
    bundle_folder: Path,
) -> None:
    with pytest.raises(BundleError, match=r"has no answers of \[quick\]"):
        open_bundle(make_pair(bundle_folder, answers=False))


def test_a_quick_network_that_is_surer_than_the_pair_is_refused(
    bundle_folder: Path,
) -> None:
    with pytest.raises(CardError, match="at least as much unclear"):
        read_card(make_pair(bundle_folder, normal_to=0.45))


def limit(distance: float) -> OutlierEntry:
    return OutlierEntry(distance_limit=distance, turned_away=0.05)


@pytest.mark.parametrize(
    ("deep", "quick", "allowed", "wrong"),
    [
        (None, None, None, ""),
        (limit(10), limit(10), 1.0, ""),
        (limit(10), None, None, "must stand on the card and in 'quick', or in neither"),
        (None, limit(10), None, "must stand on the card and in 'quick', or in neither"),
        (limit(10), limit(5), 1.0, r"must lie in 0\.\.0\.5, a tenth"),
        (limit(10), None, 1.0, "needs 'outliers'"),
    ],
)
def test_both_networks_of_a_pair_have_the_outlier_test_and_its_tolerance(
    bundle_folder: Path,
    deep: OutlierEntry | None,
    quick: OutlierEntry | None,
    allowed: float | None,
    wrong: str,
) -> None:
    card = read_card(make_pair(bundle_folder))
    assert card.quick is not None
    golden = dataclasses.replace(card.golden, gpu_distance_tolerance=allowed)
    own = dataclasses.replace(card.quick, outliers=quick)
    refused = pytest.raises(ValueError, match=wrong) if wrong else nullcontext()
    with refused:
        dataclasses.replace(card, golden=golden, outliers=deep, quick=own)


class Distant(Stated):
    """The same with a distance behind the logits, stated by the second channel."""

    def run(self, crops: U8) -> F32:
        distances = crops[:, 0, 0, 1].astype(np.float32)
        return np.concatenate([super().run(crops), distances[:, None]], axis=1)


def test_a_cell_unlike_what_the_quick_network_knows_goes_to_the_deep_one() -> None:
    quick, deep = Distant("q", {1: 5.0, 2: -5.0}), Distant("d", {2: -4.0})
    engine = CascadeEngine(
        quick, deep, quick_decision=QUICK, decision=DEEP, distance_limits=(10.0, 20.0)
    )
    crops = crops_of(1, 2, 1)
    crops[:, ..., 1] = np.array([9, 11, 10])[:, None, None]
    for joined in (engine, engine.of(quick, deep)):
        deep.seen.clear()
        answers = joined.run(crops)
        assert deep.seen == [2]
        # The quick distance is told in the deep network's measure: limits meet.
        np.testing.assert_allclose(answers[:, 2], [18.0, 11.0, 20.0])
        np.testing.assert_allclose(answers[:, 1], [20.0, -4.0, 20.0])
