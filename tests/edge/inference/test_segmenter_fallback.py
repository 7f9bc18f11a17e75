"""A network finds the cells where it can; else thresholds do, and say why."""

import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from tests.simulated import camera_on

from leukoscope_edge.arrays import F32
from leukoscope_edge.errors import BundleError, ConfigError
from leukoscope_edge.inference import CpuSession, shipped_bundle_for
from leukoscope_edge.inference.segmenter_fallback import (
    SHIPPED,
    ServingSegmenter,
    open_segmenter,
    segmentation_named,
    shipped_segmenters,
)
from leukoscope_edge.types import THRESHOLDS
from leukoscope_edge.vision import segment

NAME = "unet-nuclei-1"
BLANK = np.full((64, 64, 3), 210, np.uint8)


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    """A copy of the folder of all segmenters."""
    return Path(shutil.copytree(SHIPPED, tmp_path / "segmenters"))


def replace_model(folder: Path, model: bytes) -> None:
    """Put another model file in, and its hash in the card."""
    file, card = folder / "model.cpu.onnx", folder / "card.toml"
    was, now = (hashlib.sha256(m).hexdigest() for m in (file.read_bytes(), model))
    file.write_bytes(model)
    card.write_text(card.read_text().replace(was, now))


def cut_model(folder: Path) -> None:
    replace_model(folder, (folder / "model.cpu.onnx").read_bytes()[:5000])


def classify_instead(folder: Path) -> None:
    bundle = shipped_bundle_for("simulated")
    replace_model(folder, (bundle / "model.cpu.onnx").read_bytes())


def flip_a_bit(folder: Path) -> None:
    model = folder / "model.cpu.onnx"
    data = bytearray(model.read_bytes())
    data[-1] ^= 1
    model.write_bytes(data)


def name_another(folder: Path) -> None:
    card = folder / "card.toml"
    card.write_text(card.read_text().replace(NAME, "unet-nuclei-9"))


def add_a_key(folder: Path) -> None:
    card = folder / "card.toml"
    card.write_text("threshold = 3\n" + card.read_text())


def test_thresholds_serve_where_nothing_else_is_asked_for() -> None:
    serving = ServingSegmenter()
    assert (serving.name, serving.fallback) == (THRESHOLDS, "")


def test_the_network_serves_where_it_is_whole() -> None:
    serving = ServingSegmenter(NAME)
    found, found_by = serving.segment(BLANK, 0.1)
    assert (len(found), found_by) == (0, NAME)
    assert (serving.name, serving.fallback) == (NAME, "")


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (shutil.rmtree, "there is no segmenter 'unet-nuclei-1'; there are: thresholds"),
        (lambda f: (f / "card.toml").unlink(), "there is no segmenter"),
        (lambda f: (f / "card.toml").write_text(""), "card.toml: missing"),
        (lambda f: (f / "card.toml").write_bytes(b"\xff"), "card.toml: "),
        (add_a_key, "card.toml: unknown"),
        (name_another, "is the card of 'unet-nuclei-9', not of 'unet-nuclei-1'"),
        (lambda f: (f / "model.cpu.onnx").unlink(), "No such file"),
        (lambda f: (f / "model.cpu.onnx").write_bytes(b""), "is not the file that"),
        (flip_a_bit, "is not the file that its card names"),
        (cut_model, "does not load"),
        (classify_instead, "does not run"),
    ],
)
def test_thresholds_serve_where_the_network_is_not_whole_and_say_why(
    spoil: Callable[[Path], object], why: str, shelf: Path
) -> None:
    spoil(shelf / NAME)
    serving = ServingSegmenter(NAME, folder=shelf)
    assert serving.name == THRESHOLDS
    assert serving.fallback.startswith(f"{NAME} cannot be used: ")
    assert why in serving.fallback
    assert "\n" not in serving.fallback
    found, found_by = serving.segment(BLANK, 0.1)
    assert (len(found), found_by) == (0, THRESHOLDS)


@pytest.mark.parametrize(
    ("logits", "why"),
    [
        (lambda _: 1 / 0, "does not run: division by zero"),
        (lambda x: np.full((1, 3, *x.shape[2:]), np.nan, np.float32), "out of range"),
        (lambda x: np.zeros((1, 2, *x.shape[2:]), np.float32), "is no segmenter"),
    ],
)
def test_a_network_that_fails_on_the_way_is_not_asked_again(
    logits: Callable[[F32], F32], why: str
) -> None:
    runs: list[str] = []

    class Failing(CpuSession):
        def run(self, ready: F32, output: str) -> F32:
            runs.append(output)
            is_well = len(runs) <= 3  # as it is opened, and in two frames
            return super().run(ready, output) if is_well else logits(ready)

    serving = ServingSegmenter(NAME, open_session=Failing)
    serving.segment(BLANK, 0.1)
    serving.segment(BLANK, 0.1)
    found, found_by = serving.segment(BLANK, 0.1)
    assert (len(found), found_by) == (0, THRESHOLDS)
    assert serving.name == THRESHOLDS
    assert serving.fallback.startswith(f"{NAME} failed after 2 frames: ")
    assert why in serving.fallback
    serving.segment(BLANK, 0.1)
    assert len(runs) == 4  # the network is not asked again


def test_a_segmenter_is_had_by_its_name() -> None:
    assert len(segmentation_named(THRESHOLDS)(BLANK, 0.1)) == 0
    assert shipped_segmenters() == (NAME,)
    assert len(segmentation_named(NAME)(BLANK, 0.1)) == 0


def test_thresholds_by_name_know_whether_it_is_marrow() -> None:
    field = camera_on("simulated:seed=2,cells=30").render(40)
    for in_marrow in (False, True):
        named = segmentation_named(THRESHOLDS, in_marrow=in_marrow)(field, 0.1)
        direct = segment(field, 0.1, in_marrow=in_marrow)
        assert (named.cell_labels == direct.cell_labels).all()
    by_blood = segment(field, 0.1)
    assert (by_blood.cell_labels != direct.cell_labels).any()


@pytest.mark.parametrize("in_marrow", [False, True])
def test_scale_and_sample_reach_what_serves(*, in_marrow: bool) -> None:
    field = camera_on("simulated:seed=2,cells=30").render(40)
    found, _ = ServingSegmenter().segment(field, 0.2, in_marrow=in_marrow)
    direct = segment(field, 0.2, in_marrow=in_marrow)
    other = segment(field, 0.2, in_marrow=not in_marrow)
    assert (found.scale_um_per_px, len(found)) == (0.2, len(direct))
    assert len(direct) != len(other)
    by_network, _ = ServingSegmenter(NAME).segment(field[:64, :64], 0.2)
    assert by_network.scale_um_per_px == 0.2


@pytest.mark.parametrize("name", ["", "unet", "../segmenters/unet-nuclei-1"])
def test_an_unknown_segmenter_is_refused_with_those_there_are(name: str) -> None:
    with pytest.raises(ConfigError, match="there are: thresholds, unet-nuclei-1"):
        segmentation_named(name)


def test_a_damaged_segmenter_is_refused_where_it_alone_will_do(shelf: Path) -> None:
    flip_a_bit(shelf / NAME)
    with pytest.raises(BundleError, match="is not the file"):
        open_segmenter(NAME, folder=shelf)
