"""A large platelet is no white cell; what is as small and dense stays one."""

import math

import cv2
import numpy as np
import pytest

from leukoscope_edge.arrays import U8
from leukoscope_edge.types import CellKind
from leukoscope_edge.vision import segment
from leukoscope_edge.vision.cells import platelets
from leukoscope_edge.vision.cells.platelets import is_platelet, measure

PLASMA, RED, DENSE = (225, 222, 215), (190, 150, 160), (95, 60, 170)
GRANULES = (150, 105, 180)
"""Of a platelet: an optical density of 0.75 in green, that of DENSE is 1.3."""
UM_PER_PX = 0.1
LARGE_PLATELET_UM = 6.0


def field(
    colour: tuple[int, int, int], nucleus_um: float, cell_um: float = 0.0
) -> np.ndarray:
    """Plasma, red cells, one large white cell, and one object on the right."""
    pixels = np.full((300, 400, 3), PLASMA, np.uint8)
    for x in range(30, 400, 90):
        cv2.circle(pixels, (x, 270), 37, RED, cv2.FILLED)
    cv2.circle(pixels, (100, 110), 45, DENSE, cv2.FILLED)
    place = (300, 110)
    if cell_um:
        cv2.circle(pixels, place, _radius_px(cell_um), (200, 190, 220), cv2.FILLED)
    cv2.circle(pixels, place, _radius_px(nucleus_um), colour, cv2.FILLED)
    return cv2.GaussianBlur(pixels, (0, 0), 1.2)


def _radius_px(diameter_um: float) -> int:
    return round(diameter_um / UM_PER_PX / 2)


def kind_on_the_right(pixels: np.ndarray, um_per_px: float | None) -> CellKind:
    found = segment(pixels, um_per_px)
    (index,) = (i for i, (x, _) in enumerate(found.centres_px) if x > 200)
    return found.kinds[index]


@pytest.mark.parametrize(
    ("colour", "nucleus_um", "cell_um", "kind"),
    [
        (GRANULES, LARGE_PLATELET_UM, 0.0, CellKind.PLATELET),
        (GRANULES, 8.5, 0.0, CellKind.WBC),
        (DENSE, LARGE_PLATELET_UM, 9.0, CellKind.WBC),
    ],
    ids=["pale and small", "pale and large", "small and dense"],
)
def test_size_and_density_together_tell_a_platelet(
    colour: tuple[int, int, int], nucleus_um: float, cell_um: float, kind: CellKind
) -> None:
    pixels = field(colour, nucleus_um, cell_um)
    assert kind_on_the_right(pixels, UM_PER_PX) is kind


def test_a_small_cell_of_a_pale_stain_is_no_platelet() -> None:
    pixels = field(DENSE, 7.0, 10.0)
    plasma = np.array(PLASMA, np.float64)
    pale = np.rint(plasma + 0.4 * (pixels - plasma)).astype(np.uint8)
    assert kind_on_the_right(pale, UM_PER_PX) is CellKind.WBC


def test_the_paleness_of_a_view_is_worked_out_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pixels = field(GRANULES, LARGE_PLATELET_UM)
    pixels[:200, 165:245] = pixels[:200, 260:340]
    asked, own = [], platelets.log_paleness_of

    def counted(smooth: U8, dark: U8) -> float:
        asked.append(dark.shape)
        return own(smooth, dark)

    monkeypatch.setattr(platelets, "log_paleness_of", counted)
    found = segment(pixels, UM_PER_PX)
    assert found.kinds.count(CellKind.PLATELET) == 2
    assert len(asked) == 1


def test_no_object_is_a_large_platelet_where_the_scale_is_not_known() -> None:
    pixels = field(GRANULES, LARGE_PLATELET_UM)
    assert kind_on_the_right(pixels, None) is CellKind.WBC


def test_the_measures_are_those_of_the_drawn_object() -> None:
    smooth = np.full((80, 80, 3), 230, np.uint8)
    nucleus, cell = np.zeros((2, 80, 80), np.uint8)
    cv2.ellipse(nucleus, (40, 40), (20, 10), 30, 0, 360, 1, cv2.FILLED)
    cv2.circle(cell, (40, 40), 30, 1, cv2.FILLED)
    smooth[nucleus > 0] = (0, 85, 0)
    wide, whole, density, ratio = measure(smooth, nucleus, cell, UM_PER_PX)
    assert math.exp(wide) == pytest.approx(2 * math.sqrt(20 * 10) * 0.1, rel=0.05)
    assert math.exp(whole) == pytest.approx(6.0, rel=0.05)
    assert math.exp(density) == pytest.approx(math.log(230 / 85), rel=0.01)
    assert ratio == pytest.approx(0.5, abs=0.03)


@pytest.mark.parametrize("level", [0, 230, 255])
def test_black_and_unstained_objects_can_be_measured(level: int) -> None:
    smooth = np.full((9, 9, 3), level, np.uint8)
    nucleus = np.zeros((9, 9), np.uint8)
    nucleus[4, 4] = 1
    assert all(map(math.isfinite, measure(smooth, nucleus, nucleus, UM_PER_PX)))


def _measures(
    *, nucleus_um: float, cell_um: float, density: float, ratio: float
) -> tuple[float, float, float, float]:
    return (math.log(nucleus_um), math.log(cell_um), math.log(density), ratio)


PLATELET = {"nucleus_um": 5.8, "cell_um": 7.0, "density": 0.9, "ratio": 0.95}
"""The middle of PBC's that are larger than most."""


@pytest.mark.parametrize(
    "otherwise",
    [{"nucleus_um": 8.0}, {"cell_um": 12.0}, {"density": 1.9}, {"ratio": 0.6}],
)
def test_each_measure_alone_can_make_a_cell_of_it(otherwise: dict[str, float]) -> None:
    assert is_platelet(_measures(**PLATELET))
    assert not is_platelet(_measures(**{**PLATELET, **otherwise}))
