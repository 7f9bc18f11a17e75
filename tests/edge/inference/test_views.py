"""A cell is the same cell when it is turned, on every road to a call."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from tests.edge.inference.fake_start import Fake

from leukoscope_edge.arrays import F32, U8
from leukoscope_edge.inference import (
    BATCH_SIZE,
    Bundle,
    CascadeEngine,
    DecisionEntry,
    Engine,
    OnnxCpuEngine,
    classify,
    occlusion_map,
    open_bundle,
    open_engine,
    self_test,
    shipped_bundles,
)
from leukoscope_edge.inference.backend import open_network
from leukoscope_edge.inference.views import N_VIEWS, TurnedEngine, as_it_lies

SURE = DecisionEntry(temperature=1.0, normal_to=0.2, blast_from=0.8)


class FirstCorner:
    """A network that answers with the first corner of a crop: no two turns alike."""

    name, fallback, is_accelerated = "corner", "no driver", True

    def __init__(self) -> None:
        self.sizes: list[int] = []
        self.open = False

    def run(self, crops: U8) -> F32:
        self.sizes.append(len(crops))
        corner = crops[:, 0, 0].astype(np.float32)
        return np.stack([np.zeros(len(crops)), corner[:, 0], corner[:, 1]], axis=1)

    def __enter__(self) -> "FirstCorner":
        self.open = True
        return self

    def __exit__(self, *_: object) -> None:
        self.open = False


def cornered(*corners: tuple[int, int, int, int]) -> U8:
    """Crops whose corners have these values, round about."""
    crops = np.zeros((len(corners), 6, 6, 3), np.uint8)
    for crop, (a, b, c, d) in zip(crops, corners, strict=True):
        crop[0, 0], crop[0, -1], crop[-1, -1], crop[-1, 0] = a, b, c, d
    return crops


def turned(crops: U8) -> U8:
    return np.ascontiguousarray(np.rot90(crops, axes=(1, 2)))


def test_every_answer_is_the_mean_over_the_turns() -> None:
    engine = TurnedEngine(FirstCorner())
    found = engine.run(cornered((1, 2, 3, 6), (0, 0, 0, 8)))
    assert found.dtype == np.float32
    assert found.tolist() == [[0, 3, 3], [0, 2, 2]]
    assert engine.run(cornered()).shape == (0, 3)


@pytest.mark.parametrize("n", [1, 7, 8, 9, 33])
def test_a_network_is_given_no_more_than_a_batch_and_every_cell_is_judged(
    n: int,
) -> None:
    network = FirstCorner()
    found = TurnedEngine(network).run(cornered(*[(4 * i, 0, 0, 0) for i in range(n)]))
    assert found[:, 1].tolist() == list(range(n))
    assert max(network.sizes) <= BATCH_SIZE
    assert sum(network.sizes) == N_VIEWS * n


def test_it_passes_on_what_the_network_says_of_itself_and_closes_it() -> None:
    network = FirstCorner()
    with TurnedEngine(network) as engine:
        assert network.open
        said = (engine.name, engine.fallback, engine.is_accelerated)
        assert said == ("corner", "no driver", True)
    assert not network.open


def test_the_deep_network_is_asked_by_the_mean_of_the_quick_ones_turns() -> None:
    quick, deep = FirstCorner(), FirstCorner()
    pair: Engine = CascadeEngine(
        TurnedEngine(quick),
        TurnedEngine(deep),
        quick_decision=SURE,
        decision=SURE,
    )
    # As they lie the first is open and the second sure; by the mean it is turned about.
    crops = cornered((0, 8, 8, 8), (8, 0, 0, 0))
    crops[1] = np.where(crops[1] == 8, 4, 0)
    pair.run(crops)
    assert deep.sizes == [N_VIEWS]
    plain = as_it_lies(pair)
    plain.run(crops)
    assert (quick.sizes, deep.sizes) == ([2 * N_VIEWS, 2], [N_VIEWS, 1])


def test_a_real_network_calls_a_turned_cell_alike() -> None:
    bundle = open_bundle(shipped_bundles()["kinds-lite0-4"])
    crops = bundle.golden.crops[:6]
    with open_engine(bundle, backend="cpu", n_threads=1) as engine:
        first, again = engine.run(crops), engine.run(turned(crops))
        calls = classify(engine, list(crops), bundle.card, in_marrow=False)
        assert self_test(engine, bundle) <= bundle.card.golden.logit_tolerance
    np.testing.assert_allclose(first, again, atol=1e-4)
    assert len(calls) == len(crops)
    card = dataclasses.replace(bundle.card, views=1)
    bundle = dataclasses.replace(bundle, card=card)
    with open_engine(bundle, backend="cpu", n_threads=1) as engine:
        assert not isinstance(engine, TurnedEngine)
        assert np.abs(engine.run(crops) - engine.run(turned(crops))).max() > 0.1


@pytest.mark.parametrize("fault", ["none", "run-abort"])
def test_turned_views_are_judged_on_a_gpu_and_after_it_fails(
    bundle: Bundle, tmp_path: Path, fault: str
) -> None:
    random = np.random.default_rng(3)
    crops = random.integers(0, 256, (BATCH_SIZE + 1, 32, 32, 3)).astype(np.uint8)
    with OnnxCpuEngine(bundle, n_threads=1) as network:
        wanted = TurnedEngine(network).run(crops)
    served = open_network(
        bundle, "auto", 1, Fake(tmp_path, fault), lambda _, wanted: wanted[:1]
    )
    with TurnedEngine(served) as engine:
        np.testing.assert_allclose(engine.run(crops), wanted, atol=1e-4)
        assert engine.is_accelerated == (fault == "none")


def test_the_map_is_of_the_crop_as_it_lies() -> None:
    network = FirstCorner()
    crop = np.full((9, 9, 3), 50, np.uint8)
    occlusion_map(TurnedEngine(network), crop)
    assert sum(network.sizes) == 1 + 81
