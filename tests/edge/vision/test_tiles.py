"""A large picture is searched in tiles, and shows what it shows as a whole."""

import cv2
import numpy as np
import pytest

from leukoscope_edge.arrays import U8
from leukoscope_edge.types import THRESHOLDS, Frame, Segmentation
from leukoscope_edge.vision import CropSpec, FrameDetections, segment, tiles

SCALE = 0.2
SPEC = CropSpec(side_px=64, scale_um_per_px=0.2, colour="masked")
PLASMA, RED, VIOLET = (225, 222, 215), (190, 150, 160), (95, 60, 170)
SIDE_PX, CORE_PX, CELL_PX = 900, 300, 22
ON_SEAMS = [(300, 300), (600, 150), (150, 600), (601, 599), (299, 750)]
INSIDE = [(450, 450), (100, 100), (800, 820), (345, 300)]
AT_THE_EDGE = [(3, 450), (750, 896)]
MAX_AWAY_LEVELS = 6
NETWORK = "a network"
PLAIN = np.full((SIDE_PX, SIDE_PX, 3), PLASMA, np.uint8)
"""In which a network finds nothing."""


def smear() -> U8:
    pixels = np.full((SIDE_PX, SIDE_PX, 3), PLASMA, np.uint8)
    for x in range(60, SIDE_PX, 75):
        for y in range(60, SIDE_PX, 75):
            cv2.circle(pixels, (x, y), 18, RED, cv2.FILLED)
    for x, y in ON_SEAMS + INSIDE + AT_THE_EDGE:
        cv2.circle(pixels, (x, y), CELL_PX, VIOLET, cv2.FILLED)
    return np.asarray(cv2.GaussianBlur(pixels, (0, 0), 1.2), np.uint8)


FRAME = Frame(name="large.jpg", pixels=smear(), time_s=0.0)


def searched(sizes: list[tuple[int, ...]]) -> FrameDetections:
    def of(pixels: U8) -> tuple[Segmentation, str]:
        sizes.append(pixels.shape)
        return segment(pixels, SCALE), THRESHOLDS

    return searched_by(of)[0]


def searched_by(of: tiles.FindCells) -> tuple[FrameDetections, str]:
    return tiles.search_frame(
        FRAME, of, (1000.0, 50.0), SPEC, scale_um_per_px=SCALE, outside=None
    )


def in_tiles(monkeypatch: pytest.MonkeyPatch) -> FrameDetections:
    monkeypatch.setattr(tiles, "MAX_WHOLE_PIXELS", SIDE_PX)
    monkeypatch.setattr(tiles, "CORE_PX", CORE_PX)
    sizes: list[tuple[int, ...]] = []
    found = searched(sizes)
    assert len(sizes) == 9
    assert max(h * w for h, w, _ in sizes) < SIDE_PX * SIDE_PX
    return found


def test_tiles_show_each_cell_once_at_its_place_and_cut_it_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sizes: list[tuple[int, ...]] = []
    whole = searched(sizes)
    assert sizes == [FRAME.pixels.shape]
    found = in_tiles(monkeypatch)
    for kind, n in (("whole", len(ON_SEAMS + INSIDE)), ("cut_off", len(AT_THE_EDGE))):
        ours = sorted(getattr(found, kind), key=lambda g: g.slide_px)
        theirs = sorted(getattr(whole, kind), key=lambda g: g.slide_px)
        assert len(ours) == len(theirs) == n
        for a, b in zip(ours, theirs, strict=True):
            assert a.slide_px == pytest.approx(b.slide_px, abs=1.5)
            assert a.centre_px == pytest.approx(b.centre_px, abs=1.5)
            assert a.box_px == pytest.approx(b.box_px, abs=3)
            for ours_cut, theirs_cut in (
                (a.cut(), b.cut()),
                (a.cut_view(), b.cut_view()),
            ):
                away = np.abs(ours_cut.astype(int) - theirs_cut)
                assert ours_cut.shape == theirs_cut.shape
                assert away.mean() < MAX_AWAY_LEVELS


@pytest.mark.parametrize(
    ("n_served", "found_by", "n_searched"),
    [(0, THRESHOLDS, 9), (1, THRESHOLDS, 18), (8, THRESHOLDS, 18), (9, NETWORK, 9)],
)
def test_one_finder_finds_all_cells_of_a_picture(
    monkeypatch: pytest.MonkeyPatch, n_served: int, found_by: str, n_searched: int
) -> None:
    """A network that serves so many tiles, and then fails, leaves none of its cells."""
    by_thresholds = in_tiles(monkeypatch).whole
    expected = by_thresholds if found_by == THRESHOLDS else ()
    served: list[str] = []

    def of(pixels: U8) -> tuple[Segmentation, str]:
        served.append(NETWORK if len(served) < n_served else THRESHOLDS)
        shown = PLAIN[: len(pixels), : pixels.shape[1]]
        return segment(shown if served[-1] == NETWORK else pixels, SCALE), served[-1]

    found, who = searched_by(of)
    assert (who, len(served)) == (found_by, n_searched)
    assert [g.slide_px for g in found.whole] == [g.slide_px for g in expected]


def test_tiles_part_the_picture_and_overlap() -> None:
    parts = tiles.tiles_of((7200, 8960, 3), 0.08)
    seen = np.zeros((72, 90), int)
    for part in parts:
        x0, y0, x1, y1 = part.core
        assert (x1 - x0) * (y1 - y0) <= tiles.CORE_PX**2
        seen[-(-y0 // 100) : -(-y1 // 100), -(-x0 // 100) : -(-x1 // 100)] += 1
        assert part.whole[0] == max(x0 - 500, 0)
        assert part.whole[3] == min(y1 + 500, 7200)
    assert (seen == 1).all()


@pytest.mark.parametrize("is_large", [False, True])
def test_cells_of_tiles_know_that_only_cells_said_the_scale(
    monkeypatch: pytest.MonkeyPatch, *, is_large: bool
) -> None:
    if is_large:
        monkeypatch.setattr(tiles, "MAX_WHOLE_PIXELS", SIDE_PX)
        monkeypatch.setattr(tiles, "CORE_PX", CORE_PX)
    seen, _ = tiles.search_frame(
        FRAME,
        lambda pixels: (segment(pixels, SCALE), THRESHOLDS),
        (0.0, 0.0),
        SPEC,
        scale_um_per_px=None,
        outside=None,
        is_scale_given=False,
    )
    assert {cell.by_cells_um_per_px for cell in seen.whole} == {SCALE}
