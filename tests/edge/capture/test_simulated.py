import tracemalloc

import numpy as np
import pytest

from leukoscope_edge.capture import WhiteCell, simulated
from leukoscope_edge.capture.simulated import (
    HEIGHT_PX,
    WIDTH_PX,
    SlidePlan,
    draw_kinds,
    parse_simulated,
)
from leukoscope_edge.errors import SourceError
from leukoscope_edge.types import CellKind
from leukoscope_edge.vision import segment

PLACES = range(0, 140, 20)
"""Frames that show the slide here and there."""
SMALL = "simulated:cells=12,frames=6,seed=5"


def test_the_same_seed_shows_the_same_slide() -> None:
    one, two = parse_simulated(SMALL), parse_simulated(SMALL)
    assert np.array_equal(one.render(3), two.render(3))
    assert np.array_equal(one.places_px, two.places_px)


def test_noise_comes_strip_by_strip_as_to_a_whole_frame(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    camera = parse_simulated(SMALL)
    frame = camera.render(3)
    monkeypatch.setattr(simulated, "STRIP_PX", HEIGHT_PX)
    assert np.array_equal(frame, camera.render(3))


def test_exposing_a_frame_holds_little_beside_its_light() -> None:
    camera = parse_simulated(SMALL)
    tracemalloc.start()
    camera.render(3)
    _, most_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    light_bytes = WIDTH_PX * HEIGHT_PX * 3 * 4
    assert most_bytes < 2.5 * light_bytes


def test_another_seed_shows_another_slide() -> None:
    one = parse_simulated("simulated:cells=8,frames=2,seed=1")
    two = parse_simulated("simulated:cells=8,frames=2,seed=2")
    assert not np.array_equal(one.render(0), two.render(0))


def test_frames_are_rgb_and_end() -> None:
    with parse_simulated(SMALL) as camera:
        frames = [camera.read() for _ in range(6)]
        assert camera.read() is None
    assert camera.n_frames == 6
    for frame in frames:
        assert frame.pixels.shape == (HEIGHT_PX, WIDTH_PX, 3)
        assert frame.pixels.dtype == np.uint8


def test_the_truth_knows_every_cell_and_its_class() -> None:
    camera = parse_simulated("simulated:cells=20,blasts=0.25,frames=1")
    kinds = [c.kind for c in camera.truth]
    assert len(kinds) == 20
    assert kinds.count(WhiteCell.BLAST) == 5


def test_a_true_nucleus_is_darker_than_what_surrounds_its_cell() -> None:
    camera = parse_simulated("simulated:cells=12")
    for number in range(0, len(camera.places_px), 15):
        nuclei, cells = camera.labels(number)
        if not nuclei.any():
            continue
        green = camera.render(number)[..., 1]
        assert np.median(green[nuclei > 0]) < np.median(green[cells == 0]) - 40


def test_every_cell_is_whole_in_some_frame() -> None:
    camera = parse_simulated("simulated:cells=16,seed=3")
    whole: set[int] = set()
    for number in range(len(camera.places_px)):
        _, cells = camera.labels(number)
        inner = set(np.unique(cells)) - {0}
        rim = np.concatenate([cells[0], cells[-1], cells[:, 0], cells[:, -1]])
        whole |= inner - set(np.unique(rim))
    assert whole == set(range(1, 17))


def test_a_jerk_moves_the_stage_further_than_a_hand_walks() -> None:
    calm = parse_simulated("simulated:cells=30,jerks=0").places_px
    jerky = parse_simulated("simulated:cells=30,jerks=3").places_px
    assert np.hypot(*np.diff(calm, axis=0).T).max() < 80
    assert np.hypot(*np.diff(jerky, axis=0).T).max() > 100


def test_the_share_of_blasts_is_exact() -> None:
    kinds = draw_kinds(50, 0.2, np.random.default_rng(0))
    assert kinds.count(WhiteCell.BLAST) == 10


@pytest.mark.parametrize(
    ("source", "word"),
    [
        ("simulated:colour=red", "colour"),
        ("simulated:cells=many", "cells"),
        ("simulated:cells=-1", "cells"),
        ("simulated:blasts=2", "blasts"),
        ("simulated:blasts=nan", "blasts"),
        ("simulated:frames=1e9", "frames"),
        ("simulated:tones=1.1", "tones"),
        ("simulated:corners=1", "corners"),
        ("simulated:marrow=2", "marrow"),
        ("simulated:marrow=yes", "marrow"),
        ("simulated:seed", "seed"),
    ],
)
def test_an_impossible_setting_is_refused_by_name(source: str, word: str) -> None:
    with pytest.raises(SourceError, match=word):
        parse_simulated(source)


def test_a_slide_without_white_cells_can_be_looked_at() -> None:
    camera = parse_simulated("simulated:cells=0,frames=2")
    assert camera.truth == ()
    assert not camera.labels(0)[1].any()


def test_marrow_is_crowded_with_its_own_cells_and_holds_few_red_ones() -> None:
    blood, marrow = (
        parse_simulated(f"simulated:cells=60,blasts=0,jerks=0,marrow={is_marrow}")
        for is_marrow in (0, 1)
    )
    kinds = {c.kind for c in marrow.truth}
    assert {WhiteCell.ERYTHROBLAST, WhiteCell.IMMATURE} < kinds
    assert not {WhiteCell.ERYTHROBLAST, WhiteCell.IMMATURE} & {
        c.kind for c in blood.truth
    }
    share = [np.mean([c.labels(n)[1] > 0 for n in PLACES]) for c in (blood, marrow)]
    assert share[1] > 1.5 * share[0]


@pytest.mark.parametrize("blasts", [0, 0.6])
def test_segmentation_finds_the_cells_of_drawn_marrow(blasts: float) -> None:
    source = f"simulated:seed=4,cells=60,jerks=0,marrow=1,blasts={blasts}"
    camera = parse_simulated(source)
    n_true = n_found = n_whole = n_called_whole = 0
    for number in PLACES:
        found = segment(camera.render(number), 0.1, in_marrow=True)
        nuclei, cells = camera.labels(number)
        rim = np.concatenate([cells[0], cells[-1], cells[:, 0], cells[:, -1]])
        inner = set(np.unique(cells).tolist()) - set(np.unique(rim).tolist()) - {0}
        whole = found.indices(CellKind.WBC)
        hit = [nuclei[round(y), round(x)] for x, y in found.centres_px[whole].tolist()]
        n_true, n_found = n_true + len(inner), n_found + len(inner & set(hit))
        n_whole, n_called_whole = (
            n_whole + len(set(hit) - {0}),
            n_called_whole + len(hit),
        )
    assert n_true > 20
    assert n_found >= 0.85 * n_true
    assert n_whole >= 0.85 * n_called_whole


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("n_cells", [0, 1, 9, 30])
def test_there_is_room_for_every_cell_of_marrow(n_cells: int, seed: int) -> None:
    source = f"simulated:cells={n_cells},seed={seed},marrow=1,blasts=1,frames=1"
    assert len(parse_simulated(source).truth) == n_cells


def test_a_plan_says_its_defaults() -> None:
    assert parse_simulated("simulated:frames=1").scale_um_per_px == 0.1
    assert SlidePlan().cells == 60


def test_a_cheap_lamps_light_is_pink_on_the_left_and_dark_in_the_corners() -> None:
    source = "simulated:seed=1,cells=0,frames=1"
    even = parse_simulated(source).render(0).astype(np.float32)
    cheap = parse_simulated(f"{source},tones=1,corners=0.5").render(0)
    share = (cheap / np.maximum(even, 1)).mean(axis=2)
    red = cheap[..., 0] / np.maximum(even[..., 0], 1)
    assert np.median(red[:, :40]) > 1.2 * np.median(red[:, -40:])
    assert np.median(share[:20, :20]) < 0.8 * np.median(share[220:260, 300:340])
