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
from leukoscope_edge.inference.segmenter import OpenSession, Segmenter
from leukoscope_edge.types import CellKind
from leukoscope_edge.vision import segment, view_of

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


class Draws(CpuSession):
    """A network that calls everything nucleus, and keeps what it was shown."""

    def run(self, ready: F32, output: str) -> F32:
        self.shown = [*getattr(self, "shown", []), ready]
        logits = np.zeros((1, 3, *ready.shape[2:]), np.float32)
        logits[:, 2] = 1
        return logits


@pytest.mark.parametrize(
    "shape", [(1, 1), (16, 97), (512, 513), (600, 1300), (96, 2048)]
)
def test_no_place_of_a_frame_is_left_out_by_the_tiles(shape: tuple[int, int]) -> None:
    network = Segmenter(FOLDER, open_session=Draws)
    logits = network._logits(np.full((*shape, 3), 210, np.uint8))
    assert logits.shape == (3, *shape)
    assert (logits[2] == 1).all()
    assert (logits[:2] == 0).all()


@pytest.mark.parametrize(
    ("shape", "scale_um_per_px", "shown"),
    [
        ((64, 96), 0.2, (64, 96)),
        ((96, 64), 0.2, (96, 64)),
        ((64, 96), 0.4, (128, 192)),
        ((128, 192), 0.1, (64, 96)),
        ((32, 256), 2.0, (256, 2048)),
    ],
)
def test_a_network_is_shown_a_frame_at_the_scale_that_it_learned(
    shape: tuple[int, int], scale_um_per_px: float, shown: tuple[int, int]
) -> None:
    opened: list[Draws] = []

    def kept(model: bytes, *, n_threads: int) -> Draws:
        opened.append(Draws(model, n_threads=n_threads))
        return opened[0]

    network = Segmenter(FOLDER, open_session=kept)
    network._masks(np.full((*shape, 3), 210, np.uint8), scale_um_per_px)
    [_, *tiles] = opened[0].shown
    most = tuple(min(n, segmenter.TILE_PX) for n in shown)
    assert tiles[0].shape == (1, 3, *most)


class Raises(CpuSession):
    def run(self, ready: F32, output: str) -> F32:
        raise RuntimeError("out of memory")


class TwoClasses(CpuSession):
    def run(self, ready: F32, output: str) -> F32:
        return super().run(ready, output)[:, :2]


class NoNumbers(CpuSession):
    def run(self, ready: F32, output: str) -> F32:
        return super().run(ready, output) + np.float32(np.inf)


def not_opened(model: bytes, *, n_threads: int) -> CpuSession:
    raise RuntimeError("no such operator")


@pytest.mark.parametrize(
    ("open_session", "why"),
    [
        (not_opened, "does not load: no such operator"),
        (Raises, "does not run: out of memory"),
        (TwoClasses, r"is no segmenter: gives \(1, 2, 16, 16\)"),
        (NoNumbers, "gives numbers out of range"),
    ],
)
def test_what_does_not_segment_is_refused_when_it_is_loaded(
    open_session: OpenSession, why: str
) -> None:
    with pytest.raises(BundleError, match=why):
        Segmenter(FOLDER, open_session=open_session)


@pytest.mark.parametrize("scale", ["0.0", "-0.1", "2.0"])
def test_a_card_of_an_impossible_scale_is_refused(copy: Path, scale: str) -> None:
    card = copy / "card.toml"
    told = card.read_text()
    card.write_text(told.replace("scale_um_per_px = 0.2", f"scale_um_per_px = {scale}"))
    assert card.read_text() != told
    with pytest.raises(CardError, match=r"must lie in 0\.\.2"):
        Segmenter(copy)


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


def test_nuclei_stay_as_the_network_drew_them() -> None:
    camera = camera_on("simulated:seed=1,cells=30")
    frame, scale = camera.render(40), camera.scale_um_per_px
    assert scale is not None
    network = Segmenter(FOLDER)
    drawn, _ = network._masks(view_of(frame, scale).smooth, scale)
    found = network.segment(frame, scale)
    assert drawn.any()
    assert np.array_equal(found.nucleus_labels > 0, drawn)


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


@pytest.mark.parametrize("n_threads", [0, 2])
def test_frames_take_turns_at_a_network_of_several_threads(n_threads: int) -> None:
    at_it, most = [0], [0]

    class Noted(CpuSession):
        def run(self, ready: F32, output: str) -> F32:
            at_it[0] += 1
            most[0] = max(most[0], at_it[0])
            time.sleep(0.02)
            at_it[0] -= 1
            return super().run(ready, output)

    network = Segmenter(FOLDER, n_threads=n_threads, open_session=Noted)
    frame = np.full((64, 64, 3), 210, np.uint8)
    with ThreadPoolExecutor(3) as pool:
        found = list(pool.map(lambda _: network.segment(frame, 0.1), range(6)))
    assert len(found) == 6
    assert most == [1]
