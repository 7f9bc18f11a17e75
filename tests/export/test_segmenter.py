"""A trained U-Net becomes a folder that the device opens as a segmenter."""

from pathlib import Path

import cv2
import numpy as np
import onnxruntime
import pytest
import torch

from leukoscope_edge.inference import INPUT_NAME, INPUT_UM_PER_PX, Segmenter
from leukoscope_export import segmenter
from leukoscope_export.segmenter import export_unet, main
from leukoscope_train.data.masked_images import SET_REPEATS
from leukoscope_train.networks import UNet


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("weights") / "unet.pt"
    torch.save(UNet().state_dict(), path)
    return path


def answers(model: Path, picture: np.ndarray) -> np.ndarray:
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    return session.run(None, {INPUT_NAME: picture})[0]


@pytest.mark.slow
def test_the_file_answers_as_torch_for_pictures_of_any_multiple_of_sixteen(
    weights: Path, tmp_path: Path
) -> None:
    export_unet(weights, tmp_path / "fp32.onnx")
    network = UNet().eval()
    network.load_state_dict(torch.load(weights, weights_only=True))
    random = np.random.default_rng(0)
    for height, width in ((32, 48), (64, 32)):
        picture = random.uniform(0, 255, (1, 3, height, width)).astype(np.float32)
        with torch.no_grad():
            expected = network(torch.from_numpy(picture)).numpy()
        found = answers(tmp_path / "fp32.onnx", picture)
        np.testing.assert_allclose(found, expected, atol=1e-3 * np.ptp(expected))


@pytest.mark.slow
def test_the_device_opens_what_the_command_made(
    weights: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(segmenter, "N_CALIBRATION", 2)
    monkeypatch.setattr(segmenter, "WINDOW_PX", 64)
    for name in SET_REPEATS:
        for folder in ("images", "masks"):
            (tmp_path / name / folder).mkdir(parents=True)
        pink = np.full((60, 80, 3), (200, 180, 220), np.uint8)
        cv2.imwrite(str(tmp_path / name / "images" / "1.png"), pink)
        cv2.imwrite(str(tmp_path / name / "masks" / "1.png"), pink[..., 0])
    out = tmp_path / "out"
    assert main([str(weights), str(tmp_path), "--out", str(out)]) == 0
    assert "model.cpu.onnx" in capsys.readouterr().out
    opened = Segmenter(out)
    assert opened.card.scale_um_per_px == INPUT_UM_PER_PX
    assert len(opened.card.limits) == 3


def test_the_command_asks_for_a_place(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["unet.pt", "data"])
    assert "--out" in capsys.readouterr().err
