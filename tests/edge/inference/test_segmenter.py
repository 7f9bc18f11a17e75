import shutil
from pathlib import Path

import numpy as np
import pytest

from leukoscope_edge.capture.simulated import parse_simulated
from leukoscope_edge.errors import BundleError, CardError, ConfigError
from leukoscope_edge.inference.segmenter import (
    SHIPPED,
    THRESHOLDS,
    Segmenter,
    segmentation_named,
    shipped_segmenters,
)
from leukoscope_edge.types import CellKind
from leukoscope_edge.vision.segmentation import segment

FOLDER = SHIPPED / "unet-nuclei-1"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return Path(shutil.copytree(FOLDER, tmp_path / "segmenter"))


def test_the_shipped_network_finds_the_cells_of_a_drawn_slide() -> None:
    camera = parse_simulated("simulated:seed=1,cells=30")
    number = 40
    _, cells = camera.labels(number)
    found = Segmenter(FOLDER).segment(camera.render(number), camera.scale_um_per_px)
    white = found.indices(CellKind.WBC) + found.indices(CellKind.BORDER)
    both = np.isin(found.cell_labels, np.array(white) + 1) & (cells > 0)
    assert both.sum() > 0.7 * (cells > 0).sum()


@pytest.mark.parametrize("shape", [(1, 1, 3), (3, 400, 3), (120, 160, 3)])
def test_an_empty_frame_of_any_size_holds_no_cell(shape: tuple[int, ...]) -> None:
    found = Segmenter(FOLDER).segment(np.full(shape, 210, np.uint8))
    assert found.indices(CellKind.WBC) == []
    assert found.nucleus_labels.shape == shape[:2]


def test_an_altered_model_is_refused(copy: Path) -> None:
    model = copy / "model.cpu.onnx"
    model.write_bytes(model.read_bytes() + b" ")
    with pytest.raises(BundleError, match="not the file"):
        Segmenter(copy)


def test_a_folder_without_a_card_is_refused(copy: Path) -> None:
    (copy / "card.toml").unlink()
    with pytest.raises(CardError, match="cannot be read"):
        Segmenter(copy)


def test_a_missing_model_is_refused(copy: Path) -> None:
    (copy / "model.cpu.onnx").unlink()
    with pytest.raises(BundleError, match="No such file"):
        Segmenter(copy)


def test_a_segmenter_is_had_by_its_name() -> None:
    assert segmentation_named(THRESHOLDS) is segment
    assert shipped_segmenters() == ("unet-nuclei-1",)
    blank = np.full((64, 64, 3), 210, np.uint8)
    assert len(segmentation_named("unet-nuclei-1")(blank, 0.1)) == 0


@pytest.mark.parametrize("name", ["", "unet", "../segmenters/unet-nuclei-1"])
def test_an_unknown_segmenter_is_refused_with_those_there_are(name: str) -> None:
    with pytest.raises(ConfigError, match="there are: thresholds, unet-nuclei-1"):
        segmentation_named(name)
