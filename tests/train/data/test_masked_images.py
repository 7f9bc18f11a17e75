"""Images with masks, and windows of them."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from leukoscope_edge.inference import CELL, NUCLEUS
from leukoscope_train.data.masked_images import (
    SET_REPEATS,
    MaskedImage,
    training_images,
    window,
)
from leukoscope_train.errors import DataError


def test_a_window_keeps_its_classes_beside_its_pixels(drawn: list[MaskedImage]) -> None:
    random = np.random.default_rng(0)
    darker = []
    for _ in range(10):
        cut = window(drawn[0], 96, random)
        assert cut.pixels.shape == (96, 96, 3)
        assert set(np.unique(cut.classes)) <= {0, CELL, NUCLEUS}
        green = cut.pixels[..., 1]
        if {0, NUCLEUS} <= set(np.unique(cut.classes)):
            nucleus, rest = green[cut.classes == NUCLEUS], green[cut.classes == 0]
            darker.append(float(nucleus.mean()) < float(rest.mean()))
    assert darker
    assert all(darker)


def test_sets_are_read_at_one_scale_and_a_broken_mask_is_named(tmp_path: Path) -> None:
    for name in SET_REPEATS:
        for folder in ("images", "masks"):
            (tmp_path / name / folder).mkdir(parents=True)
        pink = np.full((60, 80, 3), (200, 180, 220), np.uint8)
        cv2.imwrite(str(tmp_path / name / "images" / "1.png"), pink)
        cv2.imwrite(str(tmp_path / name / "masks" / "1.png"), pink[..., 0])
    images = training_images(tmp_path)
    assert len(images) == 5  # one of each set, that of the smallest set three times
    assert images[1].classes.shape == (50, 66)  # wbc-crops-120: 0.165 for 0.2 um
    (tmp_path / "wbc-fields" / "masks" / "1.png").write_bytes(b"no picture")
    with pytest.raises(DataError, match=r"masks/1\.png"):
        training_images(tmp_path)


def test_an_image_that_the_device_refuses_is_left_out_by_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in SET_REPEATS:
        for folder in ("images", "masks"):
            (tmp_path / name / folder).mkdir(parents=True)
            for stem in ("1", "2", "3"):
                pink = np.full((60, 80, 3), (200, 180, 220), np.uint8)
                shown = pink if folder == "images" else pink[..., 0]
                cv2.imwrite(str(tmp_path / name / folder / f"{stem}.png"), shown)
    whole = (tmp_path / "wbc-fields" / "images" / "3.png").read_bytes()
    (tmp_path / "wbc-fields" / "images" / "3.png").write_bytes(whole[:60])
    images = training_images(tmp_path)
    assert len(images) == 1 + 2 + 2 * 3
    assert "left out" in capsys.readouterr().err
