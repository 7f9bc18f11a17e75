import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from tests.simulated import camera_on

from leukoscope_edge.arrays import F32
from leukoscope_edge.errors import BundleError, CardError
from leukoscope_edge.inference import SHIPPED, CpuSession, segmenter
from leukoscope_edge.inference.segmenter import Segmenter
from leukoscope_edge.types import CellKind
from leukoscope_edge.vision import segment

FOLDER = SHIPPED / "unet-nuclei-1"
SMUDGED = "simulated:seed=2,cells=30", 80
"""A drawn slide, and a frame of it with a smudge."""


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return Path(shutil.copytree(FOLDER, tmp_path / "segmenter"))


def test_the_shipped_network_finds_the_cells_of_a_drawn_slide() -> None:
    camera = camera_on("simulated:seed=1,cells=30")
    number = 40
    _, cells = camera.labels(number)
    found = Segmenter(FOLDER).segment(camera.render(number), camera.scale_um_per_px)
    white = found.indices(CellKind.WBC) + found.indices(CellKind.BORDER)
    both = np.isin(found.cell_labels, np.array(white) + 1) & (cells > 0)
    assert both.sum() > 0.7 * (cells > 0).sum()


def test_a_smudge_is_told_apart_from_a_cell() -> None:
    source, number = SMUDGED
    camera = camera_on(source)
    found = Segmenter(FOLDER).segment(camera.render(number), camera.scale_um_per_px)
    assert len(found.indices(CellKind.SMUDGE)) == 1


def test_a_wide_frame_is_looked_at_in_tiles_that_leave_no_seam(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    camera = camera_on("simulated:seed=1,cells=30")
    frame = np.hstack([camera.render(n) for n in (0, 40, 80)])
    small = frame[::2, ::2]  # as large as the network's input
    assert small.shape[1] > segmenter.TILE_PX
    network = Segmenter(FOLDER)
    tiled = network._logits(small).argmax(axis=0)
    monkeypatch.setattr(segmenter, "TILE_PX", small.shape[1])
    whole = network._logits(small).argmax(axis=0)
    assert (whole > 0).sum() > 1000
    assert (tiled != whole).sum() < 0.001 * (whole > 0).sum()


class DrawsNothing(CpuSession):
    def run(self, ready: F32, output: str) -> F32:
        logits = np.zeros((1, 3, *ready.shape[2:]), np.float32)
        logits[:, 0] = 1
        return logits


def test_a_nucleus_that_the_network_passes_over_is_taken_from_thresholds() -> None:
    camera = camera_on("simulated:seed=1,cells=30")
    frame, scale = camera.render(40), camera.scale_um_per_px
    expected = segment(frame, scale)
    found = Segmenter(FOLDER, open_session=DrawsNothing).segment(frame, scale)
    for kind in (CellKind.WBC, CellKind.BORDER):
        assert len(found.indices(kind)) == len(expected.indices(kind)) > 0


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


def test_frames_take_turns_at_a_network_of_several_threads() -> None:
    at_it, most = [0], [0]

    class Noted(CpuSession):
        def run(self, ready: F32, output: str) -> F32:
            at_it[0] += 1
            most[0] = max(most[0], at_it[0])
            time.sleep(0.02)
            at_it[0] -= 1
            return super().run(ready, output)

    network = Segmenter(FOLDER, n_threads=2, open_session=Noted)
    frame = np.full((64, 64, 3), 210, np.uint8)
    with ThreadPoolExecutor(3) as pool:
        found = list(pool.map(lambda _: network.segment(frame, 0.1), range(6)))
    assert len(found) == 6
    assert most == [1]
